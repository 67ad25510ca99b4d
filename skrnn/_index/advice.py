"""What messages say of the step of an index, of holes in it, and of ways out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .steps import is_elapsed, on_clock, step_after, tolerance_of

__all__ = [
    "FROM_FIT",
    "FROM_FREQ",
    "FROM_INDEX",
    "FROM_STAMPS",
    "hidden_calendar",
    "in_words",
    "of_series",
    "way_over_hole",
    "way_to_grid",
]

# Where a step comes from, in words that follow "a step of 1 day, ".
FROM_STAMPS = "inferred from most stamps"
FROM_INDEX = "that of the index"
FROM_FREQ = "which freq says"
FROM_FIT = "that of fit"

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Rows that show a calendar, at least, and those that are looked at, at most.
MANY_ROWS, LAST_ROWS = 20, 1000
NEARLY_ALL = 0.95

UNITS: dict[str, Any] = {
    "day": "D",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}


def of_series(name: object) -> str:
    """Return words that name a series; none where it has no name."""
    return "" if name is None else f" of series {name!r}"


def in_words(step: Any) -> str:
    """Return a step as messages name it, such as "1 business day"."""
    if is_elapsed(step):
        length = pd.Timedelta(step).as_unit("ns")
        for unit, letters in UNITS.items():
            number, rest = divmod(length.value, pd.Timedelta(1, letters).value)
            if number >= 1 and rest == 0:
                return _count(number, unit)
        return f"{length.value / 1e6:g} milliseconds"
    if type(step) is pd.DateOffset and len(step.kwds) == 1:
        ((unit, number),) = step.kwds.items()
        return _count(number * step.n, unit.removesuffix("s"))
    if isinstance(step, pd.offsets.BusinessHour):
        return _count(step.n, "business hour")
    if isinstance(step, pd.offsets.CustomBusinessDay):
        return _count(step.n, "business day") + " of a calendar of its own"
    if isinstance(step, pd.offsets.BusinessDay):
        return _count(step.n, "business day")
    return str(getattr(step, "freqstr", step))


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def way_over_hole(stamps: pd.Index, step: Any) -> str:
    """Return what to do if rows follow one another over the holes of an index.

    Parameters
    ----------
    stamps : pandas.Index
        Stamps of one series.
    step : offset, Timedelta or number
        The step in use.
    """
    ways = ["number the rows by reset_index(drop=True)"]
    offset = None
    if isinstance(stamps, pd.DatetimeIndex):
        offset = _calendar_of(stamps, step)
    if offset is not None:
        ways.insert(0, f"pass freq={offset}")
    return f"where the rows do follow one another over a hole, {' or '.join(ways)}"


def way_to_grid(stamps: pd.Index, source: str) -> str:
    """Return what to do with a stamp that no number of steps leads to.

    Parameters
    ----------
    stamps : pandas.Index
        All stamps.
    source : str
        Where the step comes from.
    """
    ways = ["drop that row"]
    if isinstance(stamps, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        ways.append("round stamps that are all off with X.index.round")
    if source == FROM_FIT:
        ways.append("fit on rows with the step of these")
    else:
        another = (
            "another freq" if source == FROM_FREQ else "the step of all rows as freq"
        )
        ways.append(f"pass {another}")
    return f"{', '.join(ways[:-1])}, or {ways[-1]}"


def hidden_calendar(stamps: pd.Index, step: Any) -> str | None:
    """Return the offset, in words, on which rows follow one another; None if by `step`.

    Parameters
    ----------
    stamps : pandas.Index
        Stamps of one series.
    step : offset, Timedelta or number
        The step in use.
    """
    if not isinstance(stamps, pd.DatetimeIndex) or len(stamps) < MANY_ROWS:
        return None
    found = _offset_of(stamps, step)
    if found is None or _share_that_follows(stamps, step) >= NEARLY_ALL:
        return None
    follows = _share_that_follows(stamps, found) >= NEARLY_ALL
    return _calendar_of(stamps, step) if follows else None


def _share_that_follows(stamps: pd.DatetimeIndex, step: Any) -> float:
    """Return the share of the last rows that lie one step after the one before them."""
    clock: Any = on_clock(stamps[-LAST_ROWS:], step)
    off = abs(clock[1:] - step_after(clock[:-1], step))
    return float((off <= tolerance_of(clock, step)).mean())


def _calendar_of(stamps: pd.DatetimeIndex, step: Any) -> str | None:
    """Return in words the offset that leaves out what the stamps leave out."""
    if isinstance(step, pd.offsets.BusinessDay) and not isinstance(
        step, pd.offsets.CustomBusinessDay
    ):
        return "pd.offsets.CustomBusinessDay(holidays=[...]) with the days without rows"
    offset = _offset_of(stamps, step)
    if offset is None:
        return None
    parts = {"weekmask": offset.kwds["weekmask"]}
    if isinstance(offset, pd.offsets.BusinessHour):
        times = {name: offset.kwds[name][0] for name in ("start", "end")}
        parts = {name: f"{time:%H:%M}" for name, time in times.items()} | parts
        if parts["weekmask"] == "Mon Tue Wed Thu Fri":
            del parts["weekmask"]
    named = ", ".join(f"{name}={value!r}" for name, value in parts.items())
    return f"pd.offsets.{type(offset).__name__}({named})"


def _offset_of(stamps: pd.DatetimeIndex, step: Any) -> Any:
    """Return the offset that leaves out the days and the hours without any stamp."""
    local: Any = on_clock(stamps.tz_localize(None), step)
    weekdays = sorted(set(local.day_of_week))
    weekmask = " ".join(WEEKDAYS[day] for day in weekdays)
    if type(step) is pd.DateOffset and step == pd.DateOffset(days=1):
        # In fewer than three weeks a day of the week may be missing by chance.
        short = local[-1] - local[0] < pd.Timedelta("21D")
        if short or len(weekdays) == 7:
            return None
        return pd.offsets.CustomBusinessDay(weekmask=weekmask)
    if not is_elapsed(step) or pd.Timedelta(step) != pd.Timedelta("1h"):
        return None
    # On a few days, holes may leave out the same hours by chance.
    if local.normalize().nunique() < 5:
        return None
    hours, times = np.unique(local.hour), local - local.normalize()
    start, stop = times.min(), times.max() + pd.Timedelta("1h")
    if len(hours) != hours[-1] - hours[0] + 1 or stop >= pd.Timedelta("1D"):
        return None
    clock = [f"{pd.Timestamp(0) + time:%H:%M}" for time in (start, stop)]
    hours_of: Any = pd.offsets.CustomBusinessHour
    return hours_of(start=clock[0], end=clock[1], weekmask=weekmask)
