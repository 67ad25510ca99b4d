"""Read the index of what a user passes: its stamps and the names of its series."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .indexed import IndexedArray

__all__ = [
    "common_index",
    "group_by_series",
    "has_index",
    "index_of",
    "names_series",
    "plain_stamps",
    "stamps_of",
]


def index_of(X: Any) -> pd.Index | None:
    """Return the index of what carries one, None for anything else."""
    known = isinstance(X, (pd.DataFrame, pd.Series, IndexedArray))
    return X.index if known else None


def has_index(X: Any) -> bool:
    """Return whether rows carry an index."""
    return index_of(X) is not None


def common_index(X: Any, y: Any) -> pd.Index | None:
    """Return the index of X and y, which must not differ; None where none has one."""
    index, index_y = index_of(X), index_of(y)
    if index is not None and index_y is not None and not index.equals(index_y):
        row = int(np.argmax(np.asarray(index != index_y)))
        raise ValueError(
            f"X and y must have the same index. Got {index[row]} in X and "
            f"{index_y[row]} in y at row {row}; align them, for instance with "
            "y.loc[X.index], or pass y.to_numpy() if the rows do belong together."
        )
    index = index_y if index is None else index
    return None if index is None else plain_stamps(index)


def plain_stamps(index: pd.Index) -> pd.Index:
    """Return an index whose stamps are NumPy's and not Arrow's."""
    if isinstance(index, pd.MultiIndex):
        level: Any = plain_stamps(index.levels[-1])
        return index if level is index.levels[-1] else index.set_levels(level, level=-1)
    if not isinstance(index.dtype, pd.ArrowDtype):
        return index
    kinds: dict[str, Any] = {"M": pd.DatetimeIndex, "m": pd.TimedeltaIndex}
    if index.dtype.kind in kinds:
        return kinds[index.dtype.kind](index).rename(index.name)
    return pd.Index(index.to_numpy(), name=index.name)


def names_series(index: pd.Index | None) -> bool:
    """Return whether an index names the series of each row, ahead of its stamp."""
    return isinstance(index, pd.MultiIndex)


def stamps_of(index: pd.Index) -> pd.Index:
    """Return the stamps of rows: the last level of an index, or its only one."""
    return plain_stamps(index.get_level_values(-1))


def group_by_series(
    index: pd.Index,
) -> tuple[pd.Index, NDArray[np.intp], list[Hashable], NDArray[np.intp] | None]:
    """Group rows by series.

    Returns
    -------
    stamps : pandas.Index
        Stamp of each row, series by series.
    codes : ndarray of shape (n_rows,)
        Number of the series of each row.
    names : list of hashable
        Names of the series; ``[None]`` where the index names none.
    order : ndarray of shape (n_rows,) or None
        Positions that sort the rows by series; None where they are sorted already.
    """
    if not names_series(index):
        stamps = plain_stamps(index)
        return stamps, np.zeros(len(index), dtype=np.intp), [None], None
    assert isinstance(index, pd.MultiIndex)
    # `factorize` gives missing names the code -1, which would be the last series. They
    # may be values of a level, so the codes of the index do not show all of them.
    levels = [index.get_level_values(level) for level in range(index.nlevels - 1)]
    unnamed = np.logical_or.reduce([level.isna() for level in levels])
    if unnamed.any():
        raise ValueError(
            "The index of X has no name of a series at row "
            f"{int(np.argmax(unnamed))} (counted from 0), but NaN or None, as in "
            f"{int(unnamed.sum())} of {len(index)} rows; drop such rows, or name their "
            "series."
        )
    codes, names = index.droplevel(-1).factorize()
    stamps = stamps_of(index)
    if (np.diff(codes) >= 0).all():
        return stamps, codes, list(names), None
    # Stable, so that rows of a series that are out of order stay so and are refused.
    order = np.argsort(codes, kind="stable")
    return stamps.take(order), codes[order], list(names), order
