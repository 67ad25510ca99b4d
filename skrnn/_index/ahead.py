"""The index of the rows that follow the ends of series."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .steps import stamps_after

__all__ = ["distinct_ahead", "index_ahead", "stamps_ahead"]


def stamps_ahead(ends: pd.Index, step: Any, n_steps: int, place: int = 0) -> pd.Index:
    """Return the stamps of the rows that follow one of the ends.

    Parameters
    ----------
    ends : pandas.Index
        Stamps of the last rows of series.
    step : offset, Timedelta or number
        Distance from one row to the next.
    n_steps : int
        Number of rows.
    place : int, default=0
        Which of the ends the rows follow.
    """
    stamps: Any = stamps_after(ends[place], step, n_steps)
    stamps = stamps.rename(ends.name)
    # Several ends have a `freq` of their own, if they are evenly apart.
    if isinstance(ends, pd.DatetimeIndex) and ends.tz is None and len(ends) == 1:
        # `step` may be DateOffset(days=1), which is another `freq` than Day to pandas.
        stamps.freq = ends.freq
    return stamps


def distinct_ahead(
    ends: pd.Index, step: Any, n_steps: int
) -> tuple[pd.Index, NDArray[np.intp]]:
    """Return the stamps of the rows that follow the distinct ones of some ends.

    Returns
    -------
    stamps : pandas.Index of length n_distinct * n_steps
        Those after each distinct end, end by end.
    groups : ndarray of shape (n_ends,)
        Number of the distinct end of each one.
    """
    # Many series end together. Counted one by one, the stamps of 10 000 series take
    # minutes, most of them in pandas.
    groups, _ = ends.factorize()
    _, first = np.unique(groups, return_index=True)
    blocks = [stamps_ahead(ends, step, n_steps, place) for place in first]
    return blocks[0].append(blocks[1:]), groups


def index_ahead(
    ends: pd.Index,
    step: Any,
    n_steps: int,
    series: list[Hashable],
    names: list[Hashable],
) -> pd.MultiIndex:
    """Return the index of the rows that follow each series, series by series.

    Parameters
    ----------
    ends : pandas.Index
        Stamps of the last row of each series.
    step : offset, Timedelta or number
        Distance from one row to the next.
    n_steps : int
        Number of rows of each series.
    series : list of hashable
        Names of the series; tuples where several levels name them.
    names : list of hashable
        Names of the levels, time included. They are ignored if there are fewer of
        them than levels, as after a fit on a single series, whose index names none.
    """
    distinct, groups = distinct_ahead(ends, step, n_steps)
    rows = groups[:, None] * n_steps + np.arange(n_steps)
    stamps = distinct.take(rows.ravel())
    levels = [
        pd.Index(level).repeat(n_steps)
        for level in zip(*map(_as_tuple, series), strict=True)
    ]
    if len(names) <= len(levels):
        names = [*[None] * len(levels), ends.name]
    return pd.MultiIndex.from_arrays([*levels, stamps], names=names)


def _as_tuple(name: Hashable) -> tuple[Hashable, ...]:
    return name if isinstance(name, tuple) else (name,)
