"""Rows of one or many series on a common axis of time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .advice import in_words
from .reading import index_of, stamps_of
from .runs import split_runs
from .steps import count_steps

__all__ = ["TimeAxis", "read_time_axis", "take_rows", "to_long"]


@dataclass(frozen=True)
class TimeAxis:
    """Where in time each row lies, and which series it belongs to.

    Parameters
    ----------
    stamps : pandas.Index
        The points in time, sorted, each of them once; row numbers of plain arrays.
    places : ndarray of shape (n_rows,)
        Which of the stamps is that of each row.
    series : pandas.Index or None
        Name of the series of each row; None where the index names no series.
    step : offset, Timedelta or number
        Distance from one stamp to the next.
    """

    stamps: pd.Index
    places: NDArray[np.intp]
    series: pd.Index | None
    step: Any

    def rows_at(self, places: ArrayLike) -> NDArray[np.intp]:
        """Find the rows that lie at one of the places, in their own order."""
        return np.flatnonzero(np.isin(self.places, places))

    def steps_after(self, place: int, last: int) -> NDArray[np.intp]:
        """Count the steps from a place to each later one, up to the last."""
        ahead = self.stamps[place + 1 : last + 1]
        if len(ahead) == 0:
            return np.empty(0, dtype=np.intp)
        steps = count_steps(self.stamps[place : place + 1], self.step, ahead)
        if (steps < 0).any():
            raise ValueError(
                f"The index has the stamp {ahead[int(np.argmax(steps < 0))]}, which no "
                f"whole number of steps of {in_words(self.step)} leads to from "
                f"{self.stamps[place]}; drop such rows, round the stamps, or resample "
                "the series to a common step."
            )
        return steps

    def origin_of(self, stamp: Any, step: int) -> int:
        """Find the last place that lies a number of steps or more before a stamp."""
        place = int(self.stamps.get_indexer(pd.Index([stamp]))[0])
        if place < 0:
            raise ValueError(
                f"y must have the stamps of results. Got none that equals {stamp!r}; "
                "pass the whole series that was backtested, with its index."
            )
        # Neighbours are one step apart or more, so the origin is no earlier than this.
        first = max(place - step, 0)
        steps = np.append(0, self.steps_after(first, place))
        return first + int(np.flatnonzero(steps[-1] - steps >= step)[-1])


def read_time_axis(
    index: pd.Index | None, n_rows: int, *, step: Any = None, freq: Any = None
) -> TimeAxis:
    """Read the places of rows from their index, or from their order if there is none.

    Parameters
    ----------
    index : pandas.Index or None
        The rows' stamps.
    n_rows : int
        Number of rows.
    step, freq : default=None
        Distance of neighbours, as `split_runs` takes them.

    Raises
    ------
    ValueError, TypeError
        If stamps are missing, unsorted or duplicated, or have no spacing.
    """
    # Finding the runs also checks the stamps.
    step = split_runs(index, n_rows, step, freq=freq).step
    if index is None:
        return TimeAxis(pd.RangeIndex(n_rows), np.arange(n_rows), None, 1)
    if not isinstance(index, pd.MultiIndex):
        return TimeAxis(index, np.arange(n_rows), None, step)
    places, stamps = stamps_of(index).factorize(sort=True)
    # Flat: one tuple names a series of several levels, as in a column of results.
    return TimeAxis(pd.Index(stamps), places, index.droplevel(-1).to_flat_index(), step)


def take_rows(table: Any, rows: NDArray[np.intp]) -> Any:
    """Return rows of a frame, a Series or an array by their numbers."""
    return table[rows] if index_of(table) is None else table.iloc[rows]


def to_long(
    y: Any, axis: TimeAxis, rows: NDArray[np.intp], columns: str
) -> pd.DataFrame:
    """Convert y to long form: a row for each value, column below column.

    Parameters
    ----------
    y : {ndarray, Series, DataFrame} of shape (n_rows,) or (n_rows, n_columns)
        Values.
    axis : TimeAxis
        The places of all rows of y.
    rows : ndarray
        Numbers of the rows to convert.
    columns : {"series", "target"}
        What a column of a y with two axes is.

    Returns
    -------
    long : DataFrame
        The columns "series", "target" if a column is one, "stamp" and "value".
    """
    values = _to_floats(take_rows(y, rows)).reshape(len(rows), -1)
    names = _names_of_columns(y)
    is_target = y.ndim > 1 and columns == "target"
    parts = []
    for column, name in enumerate(names):
        own = [0 if is_target else name] * len(rows)
        part = {"series": own if axis.series is None else axis.series[rows]}
        if is_target:
            part["target"] = [name] * len(rows)
        stamps = axis.stamps[axis.places[rows]]
        parts.append(
            pd.DataFrame({**part, "stamp": stamps, "value": values[:, column]})
        )
    return pd.concat(parts, ignore_index=True)


def _to_floats(y: Any) -> NDArray[np.float64]:
    if index_of(y) is None:
        return np.asarray(y, dtype=np.float64)
    return y.to_numpy(dtype=np.float64, na_value=np.nan)


def _names_of_columns(y: Any) -> Sequence[Hashable]:
    if y.ndim > 1:
        return list(getattr(y, "columns", range(y.shape[1])))
    name = getattr(y, "name", None)
    return [0 if name is None else name]
