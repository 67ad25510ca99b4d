"""The number of rows in a season."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .steps import on_clock, stamps_after

__all__ = ["season_length"]


def season_length(stamps: pd.Index, step: Any) -> int:
    """Return how many rows make a season, judged by their distance in time.

    A season is a day for rows of hours or less, a week for rows of days, and a year
    for rows that lie further apart.

    Parameters
    ----------
    stamps : pandas.Index
        Stamps of the rows.
    step : offset, Timedelta, number or None
        Distance from one row to the next.

    Returns
    -------
    n_rows : int
        1 where a season is no whole number of steps, or the stamps are no dates.
    """
    if isinstance(step, pd.offsets.BusinessDay):
        return 5
    if pd.api.types.is_numeric_dtype(stamps) or step is None:
        return 1
    first: Any = stamps[0]
    # Twelve steps, because months are of unequal length.
    later: Any = stamps_after(first, step, 12)[-1]
    if isinstance(first, pd.Period):
        first, later = first.to_timestamp(), later.to_timestamp()
    elif isinstance(first, pd.Timestamp):
        # Elapsed days would be an hour too short or too long after a change of clocks.
        first, later = on_clock(pd.DatetimeIndex([first, later]), step)
    days = (later - first) / pd.Timedelta("1D") / 12
    length = 1.0 if days < 1 else 7.0 if days < 6.5 else 365.25
    season = round(length / days)
    # Months and years are not all of one length: 12 steps of a month may be 365 days.
    return season if season >= 1 and abs(season * days / length - 1) < 0.02 else 1
