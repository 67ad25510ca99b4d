"""Checks shared by the estimators; the only place for scikit-learn's private names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import _fit_context as fit_context
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
    _check_n_features,
    _get_feature_names,
)

from ._windows import IndexedWindows, Windows, windows_of

try:
    from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
except ImportError:  # scikit-learn 1.6
    from sklearn.utils._estimator_html_repr import _VisualBlock as VisualBlock

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "VisualBlock",
    "as_floats",
    "check_columns",
    "check_enough_samples",
    "check_no_infinity",
    "check_sample_weight",
    "check_table",
    "check_target",
    "check_windows",
    "feature_names",
    "fit_context",
    "index_of",
    "names_in",
    "set_fitted",
    "wants_pandas",
]

FLOATS = (np.float64, np.float32)


def index_of(X: Any) -> pd.Index | None:
    """Give the index of a pandas object or of windows, None for anything else."""
    known = isinstance(X, (pd.DataFrame, pd.Series, IndexedWindows))
    return X.index if known else None


def wants_pandas(estimator: Any) -> bool:
    """Tell whether a transformer shall give frames."""
    return _get_output_config("transform", estimator)["dense"] == "pandas"


def feature_names(X: Any) -> NDArray[Any] | None:
    """Give the column names of a frame, None where X has none or they are no text."""
    return _get_feature_names(X)


def names_in(estimator: Any, input_features: Any = None) -> NDArray[Any]:
    """Name the columns seen in `fit`: ``x0``, ``x1``, ... where they have no names."""
    return _check_feature_names_in(estimator, input_features)


def set_fitted(estimator: Any, fitted: dict[str, Any]) -> None:
    """Give an estimator all that a fit has learned, at once, in place of older values.

    Values that are None stand for attributes which do not exist after this fit, such as
    `feature_names_in_` where the columns have no names.
    """
    state = {
        name: value for name, value in vars(estimator).items() if name not in fitted
    }
    state |= {name: value for name, value in fitted.items() if value is not None}
    # One assignment, which no interrupt can come into the middle of.
    estimator.__dict__ = state


def as_floats(
    X: Any, convert: Callable[[], NDArray[Any]], *, name: str = "X"
) -> NDArray[Any]:
    """Convert X, naming what cannot be converted: a column of a frame, or all of it."""
    try:
        # Those which NumPy or pandas would convert, and lose what they mean.
        if np.ma.is_masked(X):
            raise ValueError(
                f"{name} is a masked array, and what its mask hides would be used; "
                f"pass {name}.filled(np.nan), where NaN may be missing values."
            )
        kinds = _dtype_kinds(X)
        if kinds & set("mM"):
            raise TypeError(
                f"Dates and durations of {name} would become mere counts: make dates "
                "the index, or pass numbers, such as hours since the first date."
            )
        if "c" in kinds:
            raise ValueError(
                "Complex data not supported: pass real and imaginary parts as two "
                f"columns of {name}."
            )
        return convert()
    except (ValueError, TypeError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        encode = "; encode it, for instance with OneHotEncoder, or drop it"
        way_out = encode if isinstance(X, pd.DataFrame) else ""
        for part, column in _parts(X, name):
            if not _holds_numbers(column):
                raise kind(
                    f"{part} has dtype {column.dtype}, which cannot be used as "
                    f"numbers{way_out}. {error}"
                ) from error
        if re.search(rf"\b{name}\b", str(error)):
            raise
        raise kind(f"{name} must be a table or an array of numbers. {error}") from error


def check_columns(X: Any) -> None:
    """Refuse a Series, which is one column and no table of columns."""
    if isinstance(X, pd.Series):
        raise ValueError(
            "X must have the axes (n_rows, n_features). Got a Series of shape "
            f"{X.shape} instead; use X.to_frame()."
        )


def check_table(
    estimator: Any, X: Any, *, reset: bool, allow_nan: bool = True
) -> NDArray[Any]:
    """Check rows, and on fitted estimators that the columns are those of `fit`.

    Parameters
    ----------
    estimator : estimator
        Named in messages. It is not changed.
    X : array-like of shape (n_rows, n_features)
        Rows; NaN is a missing value.
    reset : bool
        Whether the columns are new, as in `fit`.
    allow_nan : bool, default=True
        Whether values may be missing.

    Returns
    -------
    rows : ndarray of shape (n_rows, n_features)
        float32 where X is float32, else float64.

    Raises
    ------
    ValueError, TypeError
        If X is no table of finite numbers, or its columns differ from those of `fit`.
    """
    check_columns(X)
    if not reset:
        _check_feature_names(estimator, X, reset=False)
    rows = as_floats(X, lambda: check_array(X, **_number_rules(estimator)))
    check_no_infinity(rows, X)
    if not allow_nan and np.isnan(rows).any():
        column = int(np.isnan(rows).any(axis=0).argmax())
        raise ValueError(
            f"Input X contains NaN in column {_column_name(X, column)}; "
            f"{type(estimator).__name__} does not accept missing values, so fill them, "
            "for instance with SimpleImputer, or drop the rows."
        )
    if not reset:
        _check_n_features(estimator, X, reset=False)
    return rows


def check_windows(estimator: Any, X: Any, *, reset: bool) -> tuple[Windows, int]:
    """Check windows and give them as rows and starts.

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
    if not reset:
        _check_feature_names(estimator, X, reset=False)
    if isinstance(X, Windows):
        if not reset:
            _check_same_shape(estimator, X, 3)
        return X, X.n_features
    name = type(estimator).__name__
    rules = _number_rules(estimator)
    masked = np.ma.isMaskedArray(X)
    if isinstance(X, np.ndarray) and not masked and X.ndim == 3 and 0 not in X.shape:
        windows = windows_of(np.asarray(X))
        rows = as_floats(windows.rows, lambda: check_array(windows.rows, **rules))
        windows = windows.with_rows(rows)
        n_features_in, n_axes, table = windows.n_features, 3, rows
    else:
        rules |= {"allow_nd": True, "ensure_2d": False}
        values = as_floats(X, lambda: check_array(X, **rules))
        if values.ndim == 1:
            raise ValueError(
                f"Expected 2D array, got 1D array of shape {values.shape} instead. "
                "Reshape your data into windows of shape (n_samples, n_steps, "
                "n_features), with make_windows or a SlidingWindow ahead in a "
                "Pipeline, or array.reshape(1, -1) if it is a single window."
            )
        if values.ndim > 3 or 0 in values.shape:
            raise ValueError(
                f"Found array with shape {values.shape} while {name} expects windows "
                "of shape (n_samples, n_steps, n_features) or (n_samples, n_steps), "
                "none of them 0."
            )
        windows = windows_of(values if values.ndim == 3 else values[:, :, None])
        n_features_in, n_axes = values.shape[-1], values.ndim
        # The columns of a table are the steps of one feature.
        table = values if n_axes == 2 else windows.rows
    check_no_infinity(table, X)
    if not reset:
        _check_same_shape(estimator, windows, n_axes)
    return windows, n_features_in


def check_target(estimator: Any, y: Any, X: Any) -> NDArray[np.float64]:
    """Check targets: finite numbers, one row for each row of X.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Targets as float64.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(
            f"{name} requires y to be passed, but the target y is None; pass the "
            "values to learn as y."
        )
    rules = {"dtype": np.float64, "ensure_2d": False, "allow_nd": True}
    target = as_floats(y, lambda: check_array(y, input_name="y", **rules), name="y")
    if target.ndim not in (1, 2):
        raise ValueError(
            "y should be a 1d array or an array of shape (n_samples, n_targets), got "
            f"an array of shape {target.shape} instead."
        )
    check_consistent_length(X, target)
    return target


def check_sample_weight(sample_weight: Any, n_samples: int) -> NDArray[np.float64]:
    """Check weights: finite, not negative, one for each sample, not all zero.

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,)
        The weights; a number or None weighs all samples alike.
    """
    if sample_weight is None:
        return np.ones(n_samples)
    if isinstance(sample_weight, Real) and 0 < float(sample_weight) < np.inf:
        return np.ones(n_samples)
    if isinstance(sample_weight, Real):
        raise ValueError(
            f"sample_weight must be above 0 and finite. Got {sample_weight} instead."
        )
    rules = {"dtype": np.float64, "ensure_2d": False, "allow_nd": True}
    name = "sample_weight"
    weight = as_floats(
        sample_weight,
        lambda: check_array(sample_weight, input_name=name, **rules),
        name=name,
    )
    if weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. "
            "Expected either a scalar value or a 1D array of length "
            f"{n_samples}."
        )
    if len(weight) != n_samples:
        raise ValueError(
            f"sample_weight.shape == {weight.shape}, expected {(n_samples,)}!"
        )
    if (weight < 0).any() or not weight.any():
        raise ValueError(
            "sample_weight must not be negative and not zero for every sample. Got a "
            f"smallest weight of {weight.min()} and a largest of {weight.max()}."
        )
    # Sums of products with weights of such sizes would be infinite or lose digits.
    extreme = not 1e-100 < weight.max() < 1e100
    return weight / weight.max() if extreme else weight


def check_enough_samples(estimator: Any, n_samples: int) -> None:
    """Refuse to learn from a single sample."""
    if n_samples < 2:
        raise ValueError(
            f"Found array with {n_samples} sample(s) (n_samples={n_samples}) while a "
            f"minimum of 2 is required by {type(estimator).__name__}; pass more rows."
        )


def check_no_infinity(rows: NDArray[Any], X: Any) -> None:
    """Refuse infinite values, naming the first column that has one."""
    # The sum is infinite or NaN if anything is, and costs no array of flags.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(rows.sum()):
            return
    for column in range(rows.shape[1]):
        infinite = np.isinf(rows[:, column])
        if infinite.any():
            raise ValueError(
                "Input X contains infinity or a value too large for "
                f"{rows.dtype} in column {_column_name(X, column)}; replace such "
                "values, for instance by NaN, which counts as missing."
            )


def _number_rules(estimator: Any) -> dict[str, Any]:
    """Collect the rules for numbers of X; infinity is looked for by column."""
    return {
        "dtype": FLOATS,
        "ensure_all_finite": False,
        "estimator": estimator,
        "input_name": "X",
    }


def _dtype_kinds(X: Any) -> set[str]:
    """Collect the letters by which NumPy calls the kinds of numbers in X."""
    if isinstance(X, (list, tuple)):
        X = np.asarray(X)
    if isinstance(X, pd.DataFrame):
        dtypes = list(X.dtypes)
    elif hasattr(X, "schema"):  # A frame of Polars or Arrow, whose types are its own.
        names = getattr(X, "column_names", None) or X.columns
        dtypes = [np.asarray(X[name]).dtype for name in names]
    else:
        dtypes = [getattr(X, "dtype", None)]
    return {getattr(dtype, "kind", "O") for dtype in dtypes}


def _parts(X: Any, name: str) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Name and give the columns of a frame, or an array or Series as a whole."""
    if isinstance(X, pd.DataFrame):
        for label, column in X.items():
            yield f"Column {label!r} of {name}", column
    elif isinstance(X, (np.ndarray, pd.Series, pd.Index)) and not _has_fields(X):
        yield name, pd.Series(np.ravel(X))


def _has_fields(X: Any) -> bool:
    """Tell whether each element of X is a record, which pandas would refuse."""
    return getattr(X.dtype, "fields", None) is not None


def _holds_numbers(column: pd.Series[Any]) -> bool:
    """Tell whether a column can be converted to real numbers, nothing being lost."""
    if column.dtype.kind in "cmM":
        return False
    try:
        column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def _column_name(X: Any, column: int) -> str:
    """Name a column as the caller knows it: by label if X has two axes and labels."""
    if isinstance(X, pd.DataFrame):
        return repr(X.columns[column]) if X.shape[1] > column else str(column)
    return f"{column} (counted from 0)"


def _check_same_shape(estimator: Any, windows: Windows, n_axes: int) -> None:
    """Compare the shape of windows with the one seen in `fit`."""
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
