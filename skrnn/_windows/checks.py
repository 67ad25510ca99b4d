"""Checks of the windows that a user passes to an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_array

from skrnn._checks.shapes import check_not_nested, check_one_length
from skrnn._checks.sklearn import check_feature_names
from skrnn._checks.tables import as_floats, check_no_infinity, number_rules

from .window_array import WindowArray
from .windows import Windows, windows_of

__all__ = ["check_fits", "check_windows"]


def check_fits(window: int, gap: int, dilation: int, n_rows: int) -> None:
    """Raise if a window reaches back further than there are rows."""
    span = gap + (window - 1) * dilation + 1
    if span > n_rows:
        raise ValueError(
            f"window must fit into the rows. Got window={window}, gap={gap}, "
            f"dilation={dilation}, which span {span} rows, but X has {n_rows} "
            f"(n_samples={n_rows}); shorten the window or pass more rows."
        )


def check_windows(estimator: Any, X: Any, *, reset: bool) -> tuple[Windows, int]:
    """Check windows, and return them as rows and starts.

    Parameters
    ----------
    estimator : estimator
        Named in messages; on predict its `_window_shape_in` and `feature_names_in_` are
        compared with X. It is not changed.
    X : Windows or array-like of shape (n_samples, n_steps, n_features)
        Windows; two axes mean one feature per step. NaN is a missing value. `Windows`,
        which a forecaster hands on, have been checked.
    reset : bool
        Whether the windows are new, as in `fit`.

    Returns
    -------
    windows : Windows
        The windows, their rows not copied where X is a view of overlapping windows.
    n_features_in : int
        Last axis of X, which is what scikit-learn counts: the features of a step, or
        the columns of a table, each of them a step.

    Raises
    ------
    ValueError, TypeError
        If X has other axes, holds anything but finite numbers and NaN, or differs in
        steps, features or names from what `fit` saw.
    """
    check_one_length(X)
    check_not_nested(X)
    if not reset:
        check_feature_names(estimator, X)
    if isinstance(X, Windows):
        if not reset:
            _check_same_shape(estimator, X, 3)
        return X, X.n_features
    rules = number_rules(estimator)
    masked = np.ma.isMaskedArray(X)
    if isinstance(X, np.ndarray) and not masked and X.ndim == 3 and 0 not in X.shape:
        # `check_array` would copy each row n_steps times where it converts the dtype of
        # overlapping windows, so only their rows are passed to it.
        known = X.windows if isinstance(X, WindowArray) else None
        windows = windows_of(np.asarray(X)) if known is None else known
        rows = as_floats(windows.rows, lambda: check_array(windows.rows, **rules))
        windows = windows.with_rows(rows)
        n_features_in, n_axes, table = windows.n_features, 3, rows
    else:
        rules |= {"allow_nd": True, "ensure_2d": False}
        values = as_floats(X, lambda: check_array(X, **rules))
        _check_axes(type(estimator).__name__, values.shape)
        windows = windows_of(values if values.ndim == 3 else values[:, :, None])
        n_features_in, n_axes = values.shape[-1], values.ndim
        # The columns of a table are the steps of one feature.
        table = values if n_axes == 2 else windows.rows
    check_no_infinity(table, X)
    if not reset:
        _check_same_shape(estimator, windows, n_axes)
    return windows, n_features_in


def _check_axes(name: str, shape: tuple[int, ...]) -> None:
    """Raise if an array has not the axes of windows."""
    if len(shape) == 1:
        raise ValueError(
            f"Expected 2D array, got 1D array of shape {shape} instead. "
            "Reshape your data into windows of shape (n_samples, n_steps, "
            "n_features), with make_windows or a SlidingWindow ahead in a "
            "Pipeline, or array.reshape(1, -1) if it is a single window."
        )
    if len(shape) > 3 or 0 in shape:
        # A step may hold a whole image: all that belongs to it is its features.
        flat = "; flatten what a step holds, X.reshape(len(X), X.shape[1], -1)"
        way_out = "" if 0 in shape else flat
        raise ValueError(
            f"Found array with shape {shape} while {name} expects windows "
            "of shape (n_samples, n_steps, n_features) or (n_samples, n_steps), "
            f"none of them 0{way_out}."
        )


def _check_same_shape(estimator: Any, windows: Windows, n_axes: int) -> None:
    """Raise if windows have not the shape seen in `fit`."""
    name = type(estimator).__name__
    n_steps, n_features = estimator._window_shape_in
    if n_axes == 2 and n_features == 1 and windows.n_steps != n_steps:
        # scikit-learn's own words for a table with another number of columns.
        raise ValueError(
            f"X has {windows.n_steps} features, but {name} is expecting {n_steps} "
            "features as input (the columns of a table are the steps of one feature)."
        )
    if windows.n_steps != n_steps:
        raise ValueError(
            f"X has {windows.n_steps} steps, but {name} is expecting {n_steps} steps "
            "as input."
        )
    if windows.n_features != n_features:
        raise ValueError(
            f"X has {windows.n_features} features, but {name} is expecting "
            f"{n_features} features as input."
        )
