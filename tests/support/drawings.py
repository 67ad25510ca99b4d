"""What the tests of the displays draw, and how they read the drawing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

dates = pytest.importorskip("matplotlib.dates")

HISTORY = {"loss": [0.9, 0.5, 0.4, 0.3], "val_loss": [1.0, 0.6, 0.55, 0.7]}
N_TRAIN, N_TEST = 12, 5


class Recorder(RegressorMixin, BaseEstimator):
    """Regressor that records a known loss history."""

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y):
        self.history_ = {name: list(losses) for name, losses in HISTORY.items()}
        return self

    def predict(self, X):
        return np.full(len(X), self.shift)


class Forecaster(RegressorMixin, BaseEstimator):
    """Forecaster that repeats the last row, with the attributes of the real one."""

    def __init__(self, estimator=None, calibration=0):
        self.estimator = estimator
        self.calibration = calibration

    def fit(self, X, y):
        self.estimator_ = Recorder().fit(X, y)
        self.n_samples_fit_ = len(y)
        self.last_stamp_ = X.index[-1] if hasattr(X, "index") else None
        self._y = y
        return self

    def predict(self, X):
        y_pred = np.repeat(np.asarray(self._y)[-1:], len(X), axis=0)
        if isinstance(self._y, pd.Series):
            return pd.Series(y_pred, index=X.index, name=self._y.name)
        if isinstance(self._y, pd.DataFrame):
            return pd.DataFrame(y_pred, index=X.index, columns=self._y.columns)
        return y_pred

    def predict_interval(self, X, coverage=0.9):
        """Ends as far from the forecast as the coverage, in the shapes of the real."""
        y_pred = self.predict(X)
        ends = np.stack([y_pred - coverage, y_pred + coverage], axis=-1)
        if isinstance(y_pred, pd.Series):
            return pd.DataFrame(ends, y_pred.index, ["lower", "upper"])
        if isinstance(y_pred, pd.DataFrame):
            names = pd.MultiIndex.from_product([y_pred.columns, ["lower", "upper"]])
            return pd.DataFrame(ends.reshape(len(ends), -1), y_pred.index, names)
        return ends


INDEXES = {
    "days": pd.date_range("2024-02-20", periods=N_TRAIN + N_TEST, name="day"),
    "zoned": pd.date_range("2024-03-30 20:00", periods=17, freq="h", tz="Europe/Oslo"),
    "months": pd.period_range("2023-05", periods=17, freq="M"),
    "rows": pd.RangeIndex(100, 117),
    "floats": pd.Index(np.arange(17) / 4, name="time"),
}


def make_series(index=None, n_targets=1):
    """Return X and y of 17 rows, the last 5 of them to forecast."""
    y = np.cumsum(np.arange(17.0 * n_targets).reshape(n_targets, 17).T % 5, axis=0)
    if index is None:
        return np.zeros((17, 1)), y[:, 0] if n_targets == 1 else y
    frame = pd.DataFrame(y, index, [f"target_{i}" for i in range(n_targets)])
    X = pd.DataFrame({"known": 0.0}, index)
    return X, frame["target_0"] if n_targets == 1 else frame


def by_place(values):
    """Return what slices by position: an index of floats is else sliced by label."""
    return getattr(values, "iloc", values)


def fit_forecaster(X, y, calibration=0):
    forecaster = Forecaster(calibration=calibration)
    return forecaster.fit(by_place(X)[:N_TRAIN], by_place(y)[:N_TRAIN])


def numbers(values):
    """Return positions on the axis as floats, whatever they were drawn as."""
    values = np.asarray(values)
    if values.dtype.kind in "MO":
        return dates.date2num(values)
    return values.astype(float)


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def corners_of(band):
    """Return the places, lower and upper ends that a band was drawn from."""
    corners = band.get_paths()[0].vertices
    n_steps = len(corners) // 2 - 1  # There and back, and the ends of both ways.
    return (
        corners[1 : n_steps + 1, 0],
        corners[1 : n_steps + 1, 1],
        corners[n_steps + 2 : -1, 1][::-1],
    )


def shaded_range(patch):
    box = patch.get_window_extent().transformed(patch.axes.transData.inverted())
    return box.x0, box.x1
