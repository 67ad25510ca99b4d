"""The rivals of skrnn: the same networks in plain Keras and behind scikeras."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import skrnn
from skrnn._engine.tensorflow import (
    keras,  # First, for it silences TensorFlow's chatter.
)

from scikeras.wrappers import KerasRegressor  # isort: skip

LAYERS = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "SimpleRNN"}


def random_windows(
    n_samples: int, n_steps: int, n_features: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Draw windows and targets that depend on them."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, n_steps, n_features), dtype=np.float32)
    return X, X.mean(axis=(1, 2))


def build_model(
    n_steps: int, n_features: int, cell: str, units: int, learning_rate: float = 1e-3
) -> keras.Model:
    """Build and compile the Keras model that an estimator of skrnn trains."""
    layer = getattr(keras.layers, LAYERS[cell])(units)
    model = keras.Sequential(
        [keras.Input((n_steps, n_features)), layer, keras.layers.Dense(1)]
    )
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss="mse")
    return model


def scikeras_regressor(cell: str, units: int, **settings: Any) -> KerasRegressor:
    """Make the same network a scikit-learn estimator, as the guide of scikeras does."""
    return KerasRegressor(_model_for, cell=cell, units=units, verbose=0, **settings)


def skrnn_regressor(cell: str, units: int, **settings: Any) -> Any:
    """Make the estimator of skrnn."""
    return getattr(skrnn, cell + "Regressor")(units, random_state=0, **settings)


def timed_epochs(
    fit: Callable[[list[Any]], object], clock: EpochClock
) -> Callable[[], float]:
    """Give a rival that trains and measures seconds per epoch.

    Parameters
    ----------
    fit : callable
        Trains with a list of callbacks.
    clock : EpochClock
        What to measure with.
    """

    def run() -> float:
        fit([clock])
        return clock.seconds_per_epoch

    return run


class EpochClock(keras.callbacks.Callback):
    """Mean time of the epochs of one fit, from the start of the first one counted.

    Parameters
    ----------
    skip : int
        Epochs that do not count: in the first epoch of a new model Keras compiles it.
    """

    def __init__(self, skip: int = 0) -> None:
        super().__init__()
        self._skip = skip

    def __deepcopy__(self, memo: dict[int, Any]) -> EpochClock:
        # skrnn trains with copies of callbacks, unless they decide otherwise.
        return self

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self._skip:
            self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch >= self._skip:
            elapsed = time.perf_counter() - self._start
            self.seconds_per_epoch = elapsed / (epoch + 1 - self._skip)


def _model_for(
    meta: dict[str, Any], cell: str, units: int, learning_rate: float = 1e-3
) -> keras.Model:
    return build_model(*meta["X_shape_"][1:], cell, units, learning_rate)
