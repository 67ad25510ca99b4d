"""Runs of rows and the arithmetic of their stamps, on pandas indexes only.

A *run* is a stretch of rows that follow one another without a hole.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "RunTable",
    "infer_step",
    "match_index",
    "on_clock",
    "slack_of",
    "split_runs",
    "stamps_after",
    "step_after",
]


@dataclass(frozen=True)
class RunTable:
    """The runs of a table of rows.

    Parameters
    ----------
    starts : ndarray of shape (n_runs,)
        First row of each run, counted in time order within each series.
    lengths : ndarray of shape (n_runs,)
        Rows of each run.
    order : ndarray of shape (n_rows,) or None
        Positions which bring the rows of each series together; None where they are.
    series : list of hashable
        Name of the series of each run; None where the index names no series.
    stamps : pandas.Index or None
        Stamp of each row, in the order of `order`; None for plain arrays.
    step : offset, Timedelta, number or None
        Distance of neighbouring rows; None where it is not known.
    """

    starts: NDArray[np.intp]
    lengths: NDArray[np.intp]
    order: NDArray[np.intp] | None
    series: list[Hashable]
    stamps: pd.Index | None
    step: Any

    def __len__(self) -> int:
        return len(self.starts)

    def rows_of(self, run: int) -> NDArray[np.intp] | slice:
        """Give the places of a run's rows in the caller's order."""
        span = slice(self.starts[run], self.starts[run] + self.lengths[run])
        return span if self.order is None else self.order[span]

    @property
    def first_stamps(self) -> pd.Index:
        """Stamp of the first row of each run."""
        assert self.stamps is not None
        return self.stamps.take(self.starts)

    @property
    def last_stamps(self) -> pd.Index:
        """Stamp of the last row of each run."""
        assert self.stamps is not None
        return self.stamps.take(self.starts + self.lengths - 1)


def split_runs(index: pd.Index | None, n_rows: int, step: Any = None) -> RunTable:
    """Find the runs of rows.

    Parameters
    ----------
    index : pandas.Index or None
        The rows' stamps; with a MultiIndex the last level is time and the others name
        the series. None makes all rows one run.
    n_rows : int
        Number of rows.
    step : offset, number or None, default=None
        Distance of neighbours, as `infer_step` returns it; None infers it.

    Returns
    -------
    runs : RunTable
        The runs, series by series.

    Raises
    ------
    ValueError
        If stamps are missing, unsorted, duplicated or closer together than `step`.
    TypeError
        If the index has no spacing, such as one of strings.
    """
    if index is None:
        whole = np.array([n_rows], dtype=np.intp)
        return RunTable(np.zeros(1, dtype=np.intp), whole, None, [None], None, None)
    stamps, codes, names, order = _group_by_series(index)
    _check_stamps(index.get_level_values(-1))
    _check_order(stamps, codes, names)
    if step is None:
        step = infer_step(index)
    begins = np.ones(n_rows, dtype=bool)
    begins[1:] = codes[1:] != codes[:-1]
    if step is not None:
        begins[1:] |= ~_follows(stamps, step, same_series=~begins[1:])
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, n_rows))
    series = [names[code] for code in codes[starts]]
    return RunTable(starts, lengths, order, series, stamps, step)


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
        stamps, codes, _, _ = _group_by_series(index)
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


def slack_of(stamps: pd.Index, step: Any) -> Any:
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


def match_index(index: pd.Index, like: pd.Index) -> pd.Index:
    """Express an index in the kind of stamps, and in the time zone, of another.

    Raises
    ------
    ValueError
        If the one holds dates and the other numbers, or just one has a time zone.
    """
    stamps = index.get_level_values(-1)
    kinds = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    zones = [getattr(each, "tz", None) for each in (stamps, like)]
    if (
        any(isinstance(stamps, kind) != isinstance(like, kind) for kind in kinds)
        or (zones[0] is None) != (zones[1] is None)
        or (isinstance(like, pd.PeriodIndex) and stamps.dtype != like.dtype)
    ):
        raise ValueError(
            f"The index of X has stamps of dtype {stamps.dtype}, but those seen in fit "
            f"are of dtype {like.dtype}; give X an index of that kind."
        )
    if str(zones[0]) == str(zones[1]):
        return index
    if isinstance(index, pd.MultiIndex):
        level: Any = pd.DatetimeIndex(index.levels[-1]).tz_convert(zones[1])
        return index.set_levels(level, level=-1)
    return pd.DatetimeIndex(index).tz_convert(zones[1])


def _group_by_series(
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


def _check_stamps(stamps: pd.Index) -> None:
    """Refuse stamps that have no spacing or are missing."""
    spaced = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    number = pd.api.types.is_numeric_dtype(stamps) and stamps.dtype.kind not in "bc"
    if not (isinstance(stamps, spaced) or number):
        raise TypeError(
            "The index of X must hold dates, periods or numbers, whose spacing tells "
            f"which rows follow one another. Got dtype {stamps.dtype} instead; convert "
            "it, for instance with pd.to_datetime(X.index), or pass X.to_numpy() to "
            "treat all rows as consecutive."
        )
    if stamps.hasnans:
        row = int(np.argmax(stamps.isna()))
        raise ValueError(
            f"The index of X has a missing stamp at row {row}; drop such rows or give "
            "them a stamp."
        )
    infinite = np.isinf(stamps.to_numpy(dtype=np.float64)) if number else np.zeros(1)
    if infinite.any():
        raise ValueError(
            f"The index of X has an infinite stamp at row {int(np.argmax(infinite))}; "
            "drop such rows or give them a stamp."
        )


def _check_order(
    stamps: pd.Index, codes: NDArray[np.intp], names: list[Hashable]
) -> None:
    """Refuse stamps that are unsorted or duplicated within a series."""
    left, right = stamps[:-1], stamps[1:]
    offends = np.asarray(right <= left) & (codes[1:] == codes[:-1])
    if offends.any():
        i = int(np.argmax(offends))
        of_series = "" if names[codes[i]] is None else f" of series {names[codes[i]]!r}"
        what = "duplicated" if left[i] == right[i] else "unsorted"
        raise ValueError(
            f"The index of X must be sorted and without duplicates. Got {what} stamp "
            f"{right[i]}{of_series} after {left[i]}; sort with X.sort_index(), drop "
            "duplicates, and split without shuffling the rows."
        )


def _follows(
    stamps: pd.Index, step: Any, same_series: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which stamps are the next tick after the one before them."""
    clock, slack = on_clock(stamps, step), slack_of(stamps, step)
    expected, got = step_after(clock[:-1], step), clock[1:]
    if slack is None:
        follows = np.asarray(got == expected)
    else:
        follows = np.asarray((got >= expected - slack) & (got <= expected + slack))
    early = np.asarray(got < expected) & ~follows
    if (early & same_series).any():
        i = int(np.argmax(early & same_series))
        before, stamp = stamps[i], stamps[i + 1]
        raise ValueError(
            f"The index of X has the stamp {stamp} after {before}, which is closer "
            f"than the spacing of the rows, {step}; resample X to that spacing, or "
            "fit on rows with this one."
        )
    return follows


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
    slack = pd.Timedelta("0h" if index.tz is None else "1h")  # See `slack_of`.
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
