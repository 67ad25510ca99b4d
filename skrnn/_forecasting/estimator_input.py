"""Windows in the form that an estimator takes them."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import accepts_windows
from skrnn._process.memory import check_memory
from skrnn._windows.windows import Windows

__all__ = [
    "as_input",
    "check_takes_lags",
    "compiled_roll_out",
    "read_window",
    "table_of",
    "take_series",
]


def compiled_roll_out(estimator: BaseEstimator) -> Any:
    """Return the method of recurrent regressors that rolls out in one compiled call.

    None for any other estimator. Only the class is asked: a FrozenEstimator would
    answer for the estimator inside, but predicts with it step by step.
    """
    return getattr(type(estimator), "_roll_out", None)


def take_series(estimator: BaseEstimator, series: NDArray[np.intp]) -> Any:
    """Return the estimator for some of the series: most treat them all alike."""
    take = getattr(type(estimator), "take_series", None)
    return estimator if take is None else take(estimator, series)


def read_window(window: Any) -> tuple[int | None, tuple[int, ...] | None]:
    """Return the rows of a window, and the lags among them; None means all of them.

    Raises
    ------
    ValueError
        If a list does not hold lags of at least 1.
    """
    if window is None or isinstance(window, Integral):
        # A Python integer, because narrow ones of NumPy overflow.
        return None if window is None else int(window), None
    lags = tuple(window)
    if not lags or not all(isinstance(lag, Integral) and int(lag) >= 1 for lag in lags):
        raise ValueError(
            "window must be a number of rows, or a list of lags of at least 1, such as "
            f"[1, 2, 24, 168]. Got {window!r} instead."
        )
    lags = tuple(sorted({int(lag) for lag in lags}))
    return lags[-1], None if len(lags) == lags[-1] else lags


def check_takes_lags(
    estimator: BaseEstimator | None, lags: tuple[int, ...] | None, n_ahead: int
) -> None:
    """Raise if single lags do not suit an estimator, or columns known in advance."""
    if lags is None:
        return
    if estimator is None or accepts_windows(estimator):
        name = "estimator=None" if estimator is None else type(estimator).__name__
        raise ValueError(
            f"window must be a number of rows for {name}, as networks read whole "
            f"windows step by step. Got the lags {list(lags)}; set window={lags[-1]}, "
            "or use an estimator that takes a table, such as Ridge."
        )
    if n_ahead and lags[0] != 1:
        raise ValueError(
            "window must contain the lag 1, at which the estimator sees the columns of "
            f"X that are known for the rows to predict. Got {list(lags)}; add 1 to it."
        )


def as_input(
    windows: NDArray[np.float64],
    estimator: BaseEstimator,
    lags: tuple[int, ...] | None = None,
) -> NDArray[np.float64]:
    """Return windows as the estimator takes them: with three axes, or as a table.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, window, n_channels)
        The windows.
    estimator : estimator
        The estimator.
    lags : tuple of int or None
        The lags that the table holds, oldest first; None means all.
    """
    if accepts_windows(estimator):
        return windows
    if lags is not None:
        windows = windows[:, windows.shape[1] - np.array(lags[::-1])]
    return windows.reshape(len(windows), -1)


def table_of(
    windows: Windows, estimator: BaseEstimator, lags: tuple[int, ...] | None
) -> NDArray[np.float64]:
    """Return windows as an array, or a table of some lags, if it fits into memory."""
    _check_table_fits(
        windows, estimator, windows.n_steps if lags is None else len(lags)
    )
    if lags is None:
        return as_input(windows.materialise(), estimator)
    rows = windows.starts[:, None] + windows.n_steps - np.array(lags[::-1])
    table = windows.rows[rows]
    if windows.own_scale is not None:
        table = windows.own_scale.apply(table)
    return table.reshape(len(table), -1)


def _check_table_fits(windows: Windows, estimator: BaseEstimator, n_lags: int) -> None:
    """Raise if a copy of all windows would not fit into memory."""
    check_memory(
        windows.n_bytes // windows.n_steps * n_lags,
        f"The table of windows that {type(estimator).__name__} learns from "
        f"(window={windows.n_steps}, {len(windows)} rows of "
        f"{windows.n_features} channels)",
        "shorten window, pass fewer rows, or use a recurrent regressor, which "
        "needs no copy of the windows",
    )
