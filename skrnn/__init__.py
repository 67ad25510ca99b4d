"""Recurrent networks as ordinary scikit-learn estimators."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skrnn import datasets, inspection
    from skrnn._autoencoder import Autoencoder
    from skrnn._backtest import backtest
    from skrnn._config import get_config, set_config
    from skrnn._detector import AutoencoderDetector
    from skrnn._errors import error_by_step
    from skrnn._forecast_display import ForecastDisplay
    from skrnn._forecaster import AutoregressiveForecaster
    from skrnn._loss_display import LossCurveDisplay
    from skrnn._make_windows import iter_windows, make_windows
    from skrnn._recurrent import GRURegressor, LSTMRegressor, RNNRegressor
    from skrnn._recurrent_autoencoder import RecurrentAutoencoder
    from skrnn._recurrent_classifiers import (
        GRUClassifier,
        LSTMClassifier,
        RNNClassifier,
    )
    from skrnn._sliding_window import SlidingWindow
    from skrnn._variational_autoencoder import VariationalAutoencoder

__version__ = "0.1.0"

__all__ = [
    "Autoencoder",
    "AutoencoderDetector",
    "AutoregressiveForecaster",
    "ForecastDisplay",
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "LossCurveDisplay",
    "RNNClassifier",
    "RNNRegressor",
    "RecurrentAutoencoder",
    "SlidingWindow",
    "VariationalAutoencoder",
    "backtest",
    "datasets",
    "error_by_step",
    "get_config",
    "inspection",
    "iter_windows",
    "make_windows",
    "set_config",
]

# Where each public name lives. A name is imported when it is first used, so that
# `import skrnn` costs next to nothing and one estimator never loads another's
# dependencies.
_MODULE_OF = {
    "VariationalAutoencoder": "skrnn._variational_autoencoder",
    "RecurrentAutoencoder": "skrnn._recurrent_autoencoder",
    "AutoencoderDetector": "skrnn._detector",
    "Autoencoder": "skrnn._autoencoder",
    "AutoregressiveForecaster": "skrnn._forecaster",
    "ForecastDisplay": "skrnn._forecast_display",
    "GRUClassifier": "skrnn._recurrent_classifiers",
    "GRURegressor": "skrnn._recurrent",
    "LSTMClassifier": "skrnn._recurrent_classifiers",
    "LSTMRegressor": "skrnn._recurrent",
    "LossCurveDisplay": "skrnn._loss_display",
    "RNNClassifier": "skrnn._recurrent_classifiers",
    "RNNRegressor": "skrnn._recurrent",
    "SlidingWindow": "skrnn._sliding_window",
    "backtest": "skrnn._backtest",
    "error_by_step": "skrnn._errors",
    "get_config": "skrnn._config",
    "iter_windows": "skrnn._make_windows",
    "make_windows": "skrnn._make_windows",
    "set_config": "skrnn._config",
}
_SUBPACKAGES = ("datasets", "inspection")


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return import_module(f"skrnn.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value  # The next access does not come through here.
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
