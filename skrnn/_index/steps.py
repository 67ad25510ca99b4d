"""Go from stamp to stamp by steps, on the calendar or the clock, and count them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "TOLERANCE",
    "are_on_offset",
    "are_whole_steps",
    "count_steps",
    "is_elapsed",
    "on_clock",
    "stamps_after",
    "stamps_before",
    "step_after",
    "tolerance_of",
]

# How far a stamp may be off, as a share of the step: 60 stamps a second that are
# rounded to milliseconds are 16 or 17 ms apart, which is 4 % off.
TOLERANCE = 0.05
# Days that begin where the clocks change are an hour shorter or longer.
LARGEST_TOLERANCE = pd.Timedelta("1h")

# Offsets that pandas adds to an index stamp by stamp, with a warning of it.
ONE_BY_ONE = (
    pd.offsets.BusinessHour,
    pd.offsets.CustomBusinessMonthBegin,
    pd.offsets.CustomBusinessMonthEnd,
    pd.offsets.Easter,
    pd.offsets.FY5253,
    pd.offsets.FY5253Quarter,
    pd.offsets.LastWeekOfMonth,
    pd.offsets.WeekOfMonth,
)


def is_elapsed(step: Any) -> bool:
    """Return whether a step between dates is elapsed time and none of the calendar."""
    return isinstance(step, (timedelta, pd.offsets.Tick))


def on_clock(stamps: pd.Index, step: Any) -> pd.Index:
    """Return stamps as the clock shows them on which steps are taken.

    Steps of the calendar are taken on the clock on the wall, so the stamps lose their
    time zone, and what is less than a millisecond; other steps are elapsed time and
    leave the stamps as they are.
    """
    calendar = isinstance(step, pd.offsets.BaseOffset) and not is_elapsed(step)
    if calendar and isinstance(stamps, pd.DatetimeIndex):
        # A day early by a microsecond would be in another month.
        return stamps.tz_localize(None).round("ms")
    return stamps


def step_after(clock: pd.Index, step: Any, n_steps: int = 1) -> pd.Index:
    """Add a number of steps to each stamp, as `on_clock` returns them."""
    if isinstance(step, pd.offsets.CustomBusinessDay):
        return _business_days_after(clock, step, n_steps)
    if isinstance(step, pd.offsets.BusinessHour) and n_steps < 0:
        # Back from the opening pandas goes to the time of closing, not to one of rows.
        return step_after(step_after(clock, (n_steps - 1) * step), step)
    if isinstance(step, ONE_BY_ONE):
        later = [stamp + n_steps * step for stamp in clock]
        return pd.Index(later, dtype=clock.dtype, name=clock.name)
    if n_steps == 1:
        return pd.Index(clock + step)
    return pd.Index(clock + n_steps * step)


def _business_days_after(clock: Any, step: Any, n_steps: int) -> pd.Index:
    """Add business days of a calendar of its own, all at once."""
    n_days = n_steps * step.n
    days = clock.normalize()
    moved = np.busday_offset(
        days.to_numpy().astype("datetime64[D]"),
        n_days,
        roll="backward" if n_days > 0 else "forward",
        busdaycal=step.calendar,
    )
    later = pd.DatetimeIndex(moved).as_unit(clock.unit) + (clock - days)
    return pd.DatetimeIndex(later, name=clock.name)


def tolerance_of(stamps: pd.Index, step: Any) -> Any:
    """Return how far a stamp may lie from the expected one; None for not at all.

    It is a twentieth of a step and, between dates, an hour at most.
    """
    if pd.api.types.is_float_dtype(stamps):
        return abs(step) * TOLERANCE
    if isinstance(stamps, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        # In nanoseconds, or a share of seconds would be cut to whole ones.
        return min(LARGEST_TOLERANCE, TOLERANCE * _shortest(step).as_unit("ns"))
    return None


def _shortest(step: Any) -> pd.Timedelta:
    """Return the shortest time that a step may take."""
    if is_elapsed(step):
        return pd.Timedelta(step)
    if isinstance(step, pd.offsets.BusinessHour):
        return pd.Timedelta(hours=abs(step.n))
    units = step.kwds if type(step) is pd.DateOffset else {}
    if units and not {"years", "months", "weeks", "days"} & {*units}:
        start = pd.Timestamp("2024-01-01")
        return abs((start + step) - start)
    return pd.Timedelta("1D")


def stamps_after(last: Any, step: Any, n_steps: int) -> pd.Index:
    """Return the `n_steps` stamps that follow `last`."""
    if isinstance(last, pd.Period):
        return pd.period_range(last, periods=n_steps + 1, freq=last.freq)[1:]
    if isinstance(last, (pd.Timestamp, pd.Timedelta)) and is_elapsed(step):
        return _elapsed_after(last, pd.Timedelta(step), n_steps)
    if isinstance(last, pd.Timestamp):
        clock = on_clock(pd.DatetimeIndex([last]), step)
        stamps = pd.date_range(clock[0], periods=n_steps + 1, freq=step)
        # A range begins on a day of the calendar, so with a stamp behind one that is
        # none.
        stamps = stamps[1:] if stamps[0] == clock[0] else stamps[:-1]
        if (stamps.tz is None) == (last.tz is None):
            return stamps
        return _in_zone(stamps, last.tz)
    return pd.Index(last + step * np.arange(1, n_steps + 1))


def _elapsed_after(last: Any, step: pd.Timedelta, n_steps: int) -> pd.Index:
    """Return stamps that follow after a time, rounded as `last` is rounded."""
    # A step of which stamps are rounded has more digits than they have.
    if step == step.as_unit("us"):
        in_range: Any = (
            pd.date_range if isinstance(last, pd.Timestamp) else pd.timedelta_range
        )
        return in_range(last, periods=n_steps + 1, freq=step)[1:]
    lengths = step.as_unit("ns").to_timedelta64() * np.arange(1, n_steps + 1)
    stamps: Any = pd.Index([last]).repeat(n_steps) + pd.TimedeltaIndex(lengths)
    unit = _unit_of(last, TOLERANCE * step.as_unit("ns"))
    zone = getattr(last, "tz", None)
    if zone is None:
        return stamps.round(unit).as_unit(last.unit)
    return stamps.tz_convert("UTC").round(unit).as_unit(last.unit).tz_convert(zone)


def _unit_of(stamp: Any, at_most: pd.Timedelta) -> str:
    """Return the largest unit of time of which a stamp is a whole number."""
    names: list[Any] = ["s", "ms", "us"]
    units = [unit for unit in names if pd.Timedelta(1, unit) <= at_most]
    of_stamp = stamp.as_unit("ns").value
    whole = [unit for unit in units if of_stamp % pd.Timedelta(1, unit).value == 0]
    return whole[0] if whole else "ns"


def stamps_before(stamps: pd.Index, step: Any, n_steps: int) -> pd.Index:
    """Return the stamps that lie `n_steps` before others of a series.

    Those that rows have are returned as they are, however they are rounded.
    """
    if n_steps == 0:
        return stamps
    if isinstance(stamps, pd.PeriodIndex):
        return stamps.shift(-n_steps)
    clock: Any = on_clock(stamps, step)
    before: Any = step_after(clock, step, -n_steps)
    if isinstance(stamps, pd.DatetimeIndex) and clock.tz is None and stamps.tz:
        before = _in_zone(before, stamps.tz)
    tolerance = tolerance_of(stamps, step)
    if tolerance is None:
        return before
    known = stamps.unique().sort_values()
    near = known.get_indexer(before, "nearest", tolerance=tolerance)
    found = known.take(np.maximum(near, 0))
    return pd.Index(before).where(near < 0, found).rename(stamps.name)


def _in_zone(clock: pd.DatetimeIndex, zone: Any) -> pd.DatetimeIndex:
    """Convert times on the wall clock to stamps of a time zone.

    A time that occurs twice, because clocks go back, is taken as the first of the two.
    A time that the clocks skip becomes the next one that they show.
    """
    # True stands for daylight saving time, which is the first of the two.
    return clock.tz_localize(zone, np.ones(len(clock), dtype=bool), "shift_forward")


def count_steps(end: pd.Index, step: Any, stamps: pd.Index) -> NDArray[np.intp]:
    """Count the steps from the one stamp of `end` to later ones; -1 off the grid."""
    # One index, because both must lose their time zone together, or neither.
    line = end.append(stamps)
    clock, tolerance = on_clock(line, step), tolerance_of(line, step)
    last, stamps = clock[0], clock[1:]
    if pd.api.types.is_numeric_dtype(stamps):
        return _whole_steps((stamps.to_numpy() - last) / step, (tolerance or 0) / step)
    if isinstance(stamps, (pd.DatetimeIndex, pd.TimedeltaIndex)) and is_elapsed(step):
        length = pd.Timedelta(step)
        steps = ((stamps - last) / length).to_numpy(dtype=np.float64)
        return _whole_steps(steps, tolerance / length)
    # Steps of the calendar differ in length and cannot be divided by, so the stamps are
    # looked up among all steps.
    if isinstance(stamps, pd.PeriodIndex):
        grid: Any = pd.period_range(last, stamps[-1], freq=step)
        return grid.get_indexer(stamps)
    grid = pd.date_range(last, stamps[-1] + tolerance, freq=step)
    places = grid.get_indexer(stamps, method="nearest", tolerance=tolerance)
    # A range begins on a day of the calendar, so with a stamp behind one that is none.
    behind = len(grid) > 0 and grid[0] > last + tolerance
    return np.where(places < 0, -1, places + behind).astype(np.intp)


def are_whole_steps(left: pd.Index, step: Any, right: pd.Index) -> NDArray[np.bool_]:
    """Return whether a whole number of steps leads from each stamp to another one."""
    is_number = pd.api.types.is_numeric_dtype(left)
    if is_number or (is_elapsed(step) and not isinstance(left, pd.PeriodIndex)):
        tolerance = tolerance_of(left, step)
        length = step if is_number else pd.Timedelta(step)
        tolerance = 0.0 if tolerance is None else tolerance / length
        apart: Any = right - left
        return _whole_steps(np.asarray(apart / length, float), tolerance) > 0
    # Series that have the same hole are looked up once.
    pairs: dict[tuple[Any, Any], bool] = {}
    for place, pair in enumerate(zip(left, right, strict=True)):
        if pair not in pairs:
            one = slice(place, place + 1)
            pairs[pair] = bool(count_steps(left[one], step, right[one])[0] > 0)
    return np.array([pairs[pair] for pair in zip(left, right, strict=True)], dtype=bool)


def are_on_offset(stamps: pd.Index, step: Any) -> NDArray[np.bool_]:
    """Return whether each stamp lies where an offset leads, such as on a weekday."""
    anchored = isinstance(step, pd.offsets.BaseOffset)
    if not anchored or not isinstance(stamps, pd.DatetimeIndex):
        return np.ones(len(stamps), dtype=bool)
    clock, tolerance = on_clock(stamps, step), tolerance_of(stamps, step)
    near = [-tolerance, pd.Timedelta(0), tolerance]
    known = {
        stamp: any(step.is_on_offset(stamp + each) for each in near)
        for stamp in clock.unique()
    }
    return np.array([known[stamp] for stamp in clock], dtype=bool)


def _whole_steps(steps: NDArray[np.float64], tolerance: float) -> NDArray[np.intp]:
    """Round numbers of steps; -1 where one is not whole to within the tolerance."""
    whole = np.rint(steps)
    near = np.abs(steps - whole) <= tolerance
    return np.where(near, whole, -1).astype(np.intp)
