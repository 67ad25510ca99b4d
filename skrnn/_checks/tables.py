"""Checks of tables of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_array

from .places import check_finite, column_at
from .shapes import check_columns, check_not_nested
from .sklearn import check_feature_names, check_n_features

__all__ = [
    "as_floats",
    "check_enough_samples",
    "check_no_infinity",
    "check_table",
    "number_rules",
]

# `check_array` keeps a dtype that is listed, and converts any other to the first.
FLOATS = (np.float64, np.float32)


def as_floats(
    X: Any, convert: Callable[[], NDArray[Any]], *, name: str = "X"
) -> NDArray[Any]:
    """Convert X to numbers, and name the column that cannot be converted.

    Parameters
    ----------
    X : array-like
        What the caller passed.
    convert : callable
        Returns X as an array of floats, or raises.
    name : str, default="X"
        Name of the argument.
    """
    try:
        # NumPy and pandas would convert the following, and lose what they mean.
        if np.ma.is_masked(X):
            raise ValueError(
                f"{name} is a masked array, and what its mask hides would be used; "
                f"pass {name}.filled(np.nan), where NaN may be missing values."
            )
        kinds = _dtype_kinds(X)
        if kinds & set("mM"):
            raise TypeError(
                f"Dates and durations of {name} would become mere counts: make dates "
                "the index, name their column as time where an estimator has this "
                "parameter, or pass numbers, such as hours since the first date."
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
        # Most messages of scikit-learn name the argument already.
        if re.search(rf"\b{name}\b", str(error)):
            raise
        of_pandas = f"; pass {name}.astype('Float64'), which reads pd.NA as missing"
        raise kind(
            f"{name} must be a table or an array of numbers. {error}"
            f"{of_pandas if 'NAType' in str(error) else ''}"
        ) from error


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
    check_columns(X, None if reset else estimator)
    check_not_nested(X)
    if not reset:
        check_feature_names(estimator, X)
    rows = as_floats(X, lambda: check_array(X, **number_rules(estimator)))
    check_no_infinity(rows, X)
    if not allow_nan:
        way_out = (
            f"{type(estimator).__name__} does not accept missing values, so fill them, "
            "for instance with SimpleImputer, or drop the rows."
        )
        check_finite(rows, X, None, way_out, name="X")
    if not reset:
        check_n_features(estimator, X)
    return rows


def check_enough_samples(estimator: Any, n_samples: int) -> None:
    """Raise if there is a single sample, from which nothing can be learned."""
    if n_samples < 2:
        raise ValueError(
            f"Found array with {n_samples} sample(s) (n_samples={n_samples}) while a "
            f"minimum of 2 is required by {type(estimator).__name__}; pass more rows."
        )


def check_no_infinity(rows: NDArray[Any], X: Any) -> None:
    """Raise if values are infinite, naming the first column that has one."""
    # The sum is infinite or NaN if anything is, and costs no array of flags.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(rows.sum()):
            return
    for column in range(rows.shape[1]):
        infinite = np.isinf(rows[:, column])
        if infinite.any():
            raise ValueError(
                "Input X contains infinity or a value too large for "
                f"{rows.dtype} in {column_at(column, X)}; replace such "
                "values, for instance by NaN, which counts as missing."
            )


def number_rules(estimator: Any) -> dict[str, Any]:
    """Return the arguments of `check_array` for X; infinity is checked by column."""
    return {
        "dtype": FLOATS,
        "ensure_all_finite": False,
        "estimator": estimator,
        "input_name": "X",
    }


def _dtype_kinds(X: Any) -> set[str]:
    """Return the kinds of the dtypes in X, by the letters of NumPy."""
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
    """Yield each column of a frame with its name, or an array or Series as a whole."""
    if isinstance(X, pd.DataFrame):
        for label, column in X.items():
            yield f"Column {label!r} of {name}", column
    elif isinstance(X, (np.ndarray, pd.Series, pd.Index)) and not _has_fields(X):
        yield name, pd.Series(np.ravel(X))


def _has_fields(X: Any) -> bool:
    """Return whether elements of X are records, of which pandas makes no Series."""
    return getattr(X.dtype, "fields", None) is not None


def _holds_numbers(column: pd.Series[Any]) -> bool:
    """Return whether a column can be converted to real numbers without a loss."""
    if column.dtype.kind in "cmM":
        return False
    try:
        column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError, OverflowError):
        return False
    return True
