"""Infer the step of an index: the distance of neighbouring stamps."""

from __future__ import annotations

from calendar import monthrange
from typing import Any

import numpy as np
import pandas as pd

from .reading import group_by_series

__all__ = ["infer_step"]


def infer_step(index: pd.Index) -> Any:
    """Infer the distance of neighbouring stamps: the smallest one that occurs.

    Larger ones are holes. A few stamps that lie closer do not count; they are off the
    grid of the others, and an error where rows are read.

    Parameters
    ----------
    index : pandas.Index
        Sorted stamps; of a MultiIndex those of the longest series count.

    Returns
    -------
    step : pandas offset, Timedelta, number or None
        What to add to a stamp to reach the next. Days, months and business days are
        steps of the calendar and thus of unequal length. None if there is one stamp
        and no frequency.

    Raises
    ------
    ValueError
        If stamps lie months apart on a day that not all of these months have.
    """
    if isinstance(index, pd.MultiIndex):
        stamps, codes, _, _ = group_by_series(index)
        longest = np.bincount(codes).argmax()
        return infer_step(stamps[codes == longest])
    if isinstance(index, pd.PeriodIndex):
        return index.freq
    if isinstance(index, pd.RangeIndex):
        return index.step
    if isinstance(index, pd.DatetimeIndex) and index.freq is not None:
        _check_days_of_months(index, index.freq)
        return _wall_clock_step(index.freq)
    index = _without_strays(index)
    if len(index) < 2:
        return None
    if isinstance(index, pd.DatetimeIndex):
        return _infer_calendar_step(index)
    return (index[1:] - index[:-1]).min()


def _without_strays(index: pd.Index) -> pd.Index:
    """Drop stamps off the grid on which most of the others lie, if they are few.

    Few are a tenth of the stamps. Otherwise the smaller distance may be the step.
    """
    clock = index.tz_localize(None) if isinstance(index, pd.DatetimeIndex) else index
    gaps = np.diff(clock.to_numpy())
    if len(gaps) < 3:
        return index
    sizes, counts = np.unique(gaps, return_counts=True)
    usual = sizes[counts.argmax()]
    before, after, none = gaps[:-1], gaps[1:], np.zeros_like(usual)
    is_stray = np.zeros(len(index), dtype=bool)
    is_stray[1:-1] = (before % usual > none) & ((before + after) % usual == none)
    # Not all smaller distances: months differ in length, and clocks change.
    is_stray[[0, -1]] = 2 * gaps[[0, -1]] <= usual
    is_stray[1] &= not is_stray[0]
    is_stray[-2] &= not is_stray[-1]
    if 10 * is_stray.sum() > len(index) or 2 * counts.max() <= len(gaps):
        return index
    return index[~is_stray]


def _wall_clock_step(offset: Any) -> Any:
    """Replace pandas' Day, which some versions count as 24 hours, by a calendar day."""
    if isinstance(offset, pd.offsets.Day):
        return pd.DateOffset(days=offset.n)
    return offset


def _infer_calendar_step(index: pd.DatetimeIndex) -> Any:
    """Infer a step of hours, days, business days, months from stamps with holes."""
    local = index.tz_localize(None)
    dates = local.normalize()
    days = (dates[1:] - dates[:-1]).min() // pd.Timedelta("1D")
    times = local - dates
    # A midnight that the clocks skip is one o'clock, as in `tolerance_of`.
    tolerance = pd.Timedelta("0h" if index.tz is None else "1h")
    if days < 1 or times.max() - times.min() > tolerance:
        return pd.tseries.frequencies.to_offset((index[1:] - index[:-1]).min())
    months = local.year * 12 + local.month
    n_months = int(np.diff(months).min())
    # February is the shortest month, so stamps months apart are at least 28 days apart.
    if days >= 28 and n_months >= 1:
        # Where two fit, the commoner one comes first: the first days of a few months
        # may all be business days.
        for offset in (
            pd.offsets.MonthEnd(n_months),
            pd.DateOffset(months=n_months),
            pd.offsets.BMonthEnd(n_months),
            pd.offsets.BMonthBegin(n_months),
        ):
            if _fits_months(offset, local):
                return offset
        # What fits no month may still be regular in days, such as every 28 days.
        gaps = np.diff(dates)
        if (gaps % gaps.min()).any() or (local.day == local.day[0]).all():
            _check_days_of_months(local, pd.DateOffset(months=n_months))
    # Days from Monday to Friday alone may be five days of a daily series. Only a Monday
    # right after a Friday shows that weekends are left out.
    over_weekend = (local[:-1].day_of_week == 4) & (
        np.diff(dates) == np.timedelta64(3, "D")
    )
    if days == 1 and (local.day_of_week < 5).all() and over_weekend.any():
        return pd.offsets.BusinessDay()
    return pd.DateOffset(days=int(days))


def _fits_months(offset: Any, local: pd.DatetimeIndex) -> bool:
    """Return whether all stamps lie where an offset of months may take them."""
    if type(offset) is pd.DateOffset:
        same_day = (local.day == local.day[0]).all()
        return bool(same_day) and not _leaves_day(local[0], offset)
    return all(offset.is_on_offset(stamp) for stamp in local)


def _check_days_of_months(stamps: pd.DatetimeIndex, offset: Any) -> None:
    """Raise if stamps lie on a late day of the month that some months lack."""
    leaves = stamps.day.min() >= 28 and any(_leaves_day(s, offset) for s in stamps)
    if leaves:
        stamp = stamps[int(stamps.day.argmax())]
        raise ValueError(
            "The index of X must have its stamps on one of the days 1 to 28 or on the "
            f"ends of months if they lie months apart. Got {stamp}, a day that not "
            "every month has; convert with X.index.to_period('M')."
        )


def _leaves_day(stamp: pd.Timestamp, offset: Any) -> bool:
    """Return whether steps of months lead to a month that lacks the day of a stamp.

    They would stay on the earlier day from there on: January 30, February 28, March 28.
    """
    if type(offset) is not pd.DateOffset or not {"months", "years"} & {*offset.kwds}:
        return False
    n_months = offset.kwds.get("months", 0) + 12 * offset.kwds.get("years", 0)
    months = {(stamp.month - 1 + n_months * i) % 12 + 1 for i in range(12)}
    # 2023 is no leap year: most Februaries have 28 days.
    return stamp.day > min(monthrange(2023, month)[1] for month in months)
