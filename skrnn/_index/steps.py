"""The step of an index: from one stamp to the next, on the calendar or the clock."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "count_steps",
    "group_by_series",
    "infer_step",
    "on_clock",
    "stamps_after",
    "step_after",
    "tolerance_of",
]


def infer_step(index: pd.Index) -> Any:
    """Find the distance between neighbouring stamps: the smallest one that occurs.

    Parameters
    ----------
    index : pandas.Index
        Sorted stamps. Of a MultiIndex the longest series is looked at.

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
    if len(index) < 2:
        return None
    if isinstance(index, pd.DatetimeIndex):
        return _infer_calendar_step(index)
    return (index[1:] - index[:-1]).min()


def on_clock(stamps: pd.Index, step: Any) -> pd.Index:
    """Read stamps on the clock that the step is taken on.

    Steps of the calendar are taken on the clock on the wall, so the stamps lose their
    time zone; other steps are elapsed time and leave the stamps as they are.
    """
    calendar = isinstance(step, pd.offsets.BaseOffset) and not isinstance(
        step, pd.offsets.Tick
    )
    if calendar and isinstance(stamps, pd.DatetimeIndex) and stamps.tz is not None:
        return stamps.tz_localize(None)
    return stamps


def step_after(clock: pd.Index, step: Any) -> pd.Index:
    """Add one step to each stamp, as `on_clock` gives them."""
    return pd.Index(clock + step)


def tolerance_of(stamps: pd.Index, step: Any) -> Any:
    """Tell how far a stamp may lie from where it is expected; None for not at all."""
    if pd.api.types.is_float_dtype(stamps):
        return abs(step) / 100  # Such as 0.3333, 0.6667, 1 for thirds.
    clock = on_clock(stamps, step)
    if clock is stamps or (step_after(clock, step) - clock).min() < pd.Timedelta("1D"):
        return None
    # Where the clocks change at midnight, a day of the year begins at one o'clock.
    return pd.Timedelta("1h")


def stamps_after(last: Any, step: Any, n_steps: int) -> pd.Index:
    """Give the `n_steps` stamps that follow `last`."""
    if isinstance(last, pd.Period):
        return pd.period_range(last, periods=n_steps + 1, freq=last.freq)[1:]
    if isinstance(last, pd.Timestamp):
        clock = on_clock(pd.DatetimeIndex([last]), step)
        stamps = pd.date_range(clock[0], periods=n_steps + 1, freq=step)[1:]
        if (stamps.tz is None) == (last.tz is None):
            return stamps
        first = np.ones(n_steps, dtype=bool)  # Of two hours with the same name.
        return stamps.tz_localize(last.tz, first, "shift_forward")
    if isinstance(last, pd.Timedelta):
        return pd.timedelta_range(last, periods=n_steps + 1, freq=step)[1:]
    return pd.Index(last + step * np.arange(1, n_steps + 1))


def group_by_series(
    index: pd.Index,
) -> tuple[pd.Index, NDArray[np.intp], list[Hashable], NDArray[np.intp] | None]:
    """Split an index into stamps, a code of the series, the series and an order."""
    if not isinstance(index, pd.MultiIndex):
        return index, np.zeros(len(index), dtype=np.intp), [None], None
    unnamed = np.logical_or.reduce([codes < 0 for codes in index.codes[:-1]])
    if unnamed.any():
        raise ValueError(
            "The index of X has no name of a series at row "
            f"{int(np.argmax(unnamed))}; drop such rows or name their series."
        )
    codes, names = index.droplevel(-1).factorize()
    stamps = index.get_level_values(-1)
    if (np.diff(codes) >= 0).all():
        return stamps, codes, list(names), None
    order = np.argsort(codes, kind="stable")
    return stamps.take(order), codes[order], list(names), order


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
    slack = pd.Timedelta("0h" if index.tz is None else "1h")  # See `tolerance_of`.
    if days < 1 or times.max() - times.min() > slack:
        return pd.tseries.frequencies.to_offset((index[1:] - index[:-1]).min())
    months = local.year * 12 + local.month
    n_months = int(np.diff(months).min())
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
        gaps = np.diff(dates)
        if (gaps % gaps.min()).any() or (local.day == local.day[0]).all():
            _check_days_of_months(local, pd.DateOffset(months=n_months))
    over_weekend = (local[:-1].day_of_week == 4) & (
        np.diff(dates) == np.timedelta64(3, "D")
    )
    if days == 1 and (local.day_of_week < 5).all() and over_weekend.any():
        return pd.offsets.BusinessDay()
    return pd.DateOffset(days=int(days))


def _fits_months(offset: Any, local: pd.DatetimeIndex) -> bool:
    """Tell whether all stamps lie where an offset of months may take them."""
    if type(offset) is pd.DateOffset:
        same_day = (local.day == local.day[0]).all()
        return bool(same_day) and not _leaves_day(local[0], offset)
    return all(offset.is_on_offset(stamp) for stamp in local)


def _check_days_of_months(stamps: pd.DatetimeIndex, offset: Any) -> None:
    """Refuse late days of the month from which steps of months lead to earlier ones."""
    leaves = stamps.day.min() >= 28 and any(_leaves_day(s, offset) for s in stamps)
    if leaves:
        stamp = stamps[int(stamps.day.argmax())]
        raise ValueError(
            "The index of X must have its stamps on one of the days 1 to 28 or on the "
            f"ends of months if they lie months apart. Got {stamp}, a day that not "
            "every month has; convert with X.index.to_period('M')."
        )


def _leaves_day(stamp: pd.Timestamp, offset: Any) -> bool:
    """Tell whether steps of months lead to a month that lacks the day of a stamp.

    They would stay on the earlier day from there on: January 30, February 28, March 28.
    """
    if type(offset) is not pd.DateOffset or not {"months", "years"} & {*offset.kwds}:
        return False
    n_months = offset.kwds.get("months", 0) + 12 * offset.kwds.get("years", 0)
    months = {(stamp.month - 1 + n_months * i) % 12 + 1 for i in range(12)}
    # Of a year that is no leap year.
    return stamp.day > min(monthrange(2023, month)[1] for month in months)


def count_steps(end: pd.Index, step: Any, stamps: pd.Index) -> NDArray[np.intp]:
    """Count the steps from the one stamp of `end` to later ones; -1 off the grid."""
    line = end.append(stamps)
    clock, slack = on_clock(line, step), tolerance_of(line, step)
    last, stamps = clock[0], clock[1:]
    if pd.api.types.is_numeric_dtype(stamps):
        steps = (stamps.to_numpy() - last) / step
        whole = np.rint(steps)
        near = np.abs(steps - whole) <= (slack or 0) / step
        return np.where(near, whole, -1).astype(np.intp)
    ranges: dict[type, Callable[..., Any]] = {
        pd.DatetimeIndex: pd.date_range,
        pd.PeriodIndex: pd.period_range,
        pd.TimedeltaIndex: pd.timedelta_range,
    }
    if slack is None:
        return ranges[type(stamps)](last, stamps[-1], freq=step).get_indexer(stamps)
    grid = ranges[type(stamps)](last, stamps[-1] + slack, freq=step)
    return grid.get_indexer(stamps, method="nearest", tolerance=slack)
