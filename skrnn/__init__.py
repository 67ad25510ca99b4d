"""Recurrent networks as ordinary scikit-learn estimators."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skrnn._version import __version__ as __version__

if TYPE_CHECKING:
    from skrnn import datasets, inspection
    from skrnn._estimators.autoencoder import Autoencoder
    from skrnn._estimators.detector import AutoencoderDetector
    from skrnn._estimators.gru_classifier import GRUClassifier
    from skrnn._estimators.gru_regressor import GRURegressor
    from skrnn._estimators.lstm_classifier import LSTMClassifier
    from skrnn._estimators.lstm_regressor import LSTMRegressor
    from skrnn._estimators.pooled_ridge import PooledRidgeCV
    from skrnn._estimators.recurrent_autoencoder import RecurrentAutoencoder
    from skrnn._estimators.rnn_classifier import RNNClassifier
    from skrnn._estimators.rnn_regressor import RNNRegressor
    from skrnn._estimators.skipped_windows import SkippedWindowsWarning
    from skrnn._estimators.variational_autoencoder import VariationalAutoencoder
    from skrnn._forecasting.accuracy import error_by_step
    from skrnn._forecasting.backtest import backtest
    from skrnn._forecasting.forecaster import AutoregressiveForecaster
    from skrnn._forecasting.skipped_series import SkippedSeriesWarning
    from skrnn._plotting.forecast_display import ForecastDisplay
    from skrnn._plotting.loss_display import LossCurveDisplay
    from skrnn._process.config import get_config, set_config
    from skrnn._windows.cold_starts import ColdStartWarning
    from skrnn._windows.make_windows import iter_windows, make_windows
    from skrnn._windows.sliding_window import SlidingWindow
    from skrnn._windows.stack_windows import StackWindows

__all__ = [
    "Autoencoder",
    "AutoencoderDetector",
    "AutoregressiveForecaster",
    "ColdStartWarning",
    "ForecastDisplay",
    "GRUClassifier",
    "GRURegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "LossCurveDisplay",
    "PooledRidgeCV",
    "RNNClassifier",
    "RNNRegressor",
    "RecurrentAutoencoder",
    "SkippedSeriesWarning",
    "SkippedWindowsWarning",
    "SlidingWindow",
    "StackWindows",
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
    "VariationalAutoencoder": "skrnn._estimators.variational_autoencoder",
    "RecurrentAutoencoder": "skrnn._estimators.recurrent_autoencoder",
    "AutoencoderDetector": "skrnn._estimators.detector",
    "Autoencoder": "skrnn._estimators.autoencoder",
    "AutoregressiveForecaster": "skrnn._forecasting.forecaster",
    "ColdStartWarning": "skrnn._windows.cold_starts",
    "ForecastDisplay": "skrnn._plotting.forecast_display",
    "GRUClassifier": "skrnn._estimators.gru_classifier",
    "GRURegressor": "skrnn._estimators.gru_regressor",
    "LSTMClassifier": "skrnn._estimators.lstm_classifier",
    "LSTMRegressor": "skrnn._estimators.lstm_regressor",
    "LossCurveDisplay": "skrnn._plotting.loss_display",
    "PooledRidgeCV": "skrnn._estimators.pooled_ridge",
    "RNNClassifier": "skrnn._estimators.rnn_classifier",
    "RNNRegressor": "skrnn._estimators.rnn_regressor",
    "SkippedSeriesWarning": "skrnn._forecasting.skipped_series",
    "SkippedWindowsWarning": "skrnn._estimators.skipped_windows",
    "SlidingWindow": "skrnn._windows.sliding_window",
    "StackWindows": "skrnn._windows.stack_windows",
    "backtest": "skrnn._forecasting.backtest",
    "error_by_step": "skrnn._forecasting.accuracy",
    "get_config": "skrnn._process.config",
    "iter_windows": "skrnn._windows.make_windows",
    "make_windows": "skrnn._windows.make_windows",
    "set_config": "skrnn._process.config",
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
