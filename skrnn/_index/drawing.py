"""An index as Matplotlib draws it: as dates or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .reading import plain_stamps

__all__ = ["axis_values", "counts_steps", "holds_dates", "in_numbers"]

UNITS = {
    "day": pd.Timedelta(days=1),
    "hour": pd.Timedelta(hours=1),
    "minute": pd.Timedelta(minutes=1),
}


def holds_dates(index: pd.Index) -> bool:
    """Return whether an index holds dates or periods."""
    return isinstance(plain_stamps(index), (pd.DatetimeIndex, pd.PeriodIndex))


def counts_steps(index: pd.Index) -> bool:
    """Return whether an index holds whole numbers."""
    return pd.api.types.is_integer_dtype(index)


def axis_values(index: pd.Index) -> Any:
    """Return an index as dates or numbers that Matplotlib draws unaided."""
    index = plain_stamps(index)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex) and index.tz is not None:
        return index.as_unit("us").to_pydatetime()  # NumPy's dates have no zone.
    if holds_dates(index) or pd.api.types.is_numeric_dtype(index):
        return index.to_numpy()
    raise TypeError(
        "A series must be indexed by dates, periods or numbers to be drawn. Got "
        f"{type(index).__name__} instead; select one series or set its index."
    )


def in_numbers(index: pd.Index) -> pd.Index:
    """Return durations as numbers, in the largest unit that fits their spacing."""
    if not isinstance(index, pd.TimedeltaIndex):
        return index
    apart = np.diff(index).min() if len(index) > 1 else pd.Timedelta("1s")
    unit = next((name for name, length in UNITS.items() if length <= apart), "second")
    length = UNITS.get(unit, pd.Timedelta(seconds=1)).to_timedelta64()
    name = "time" if index.name is None else index.name
    return pd.Index(index.to_numpy() / length, name=f"{name} in {unit}s")
