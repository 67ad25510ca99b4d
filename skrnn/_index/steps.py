"""Go from stamp to stamp by steps, on the calendar or the clock, and count them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "count_steps",
    "on_clock",
    "stamps_after",
    "stamps_before",
    "step_after",
    "tolerance_of",
]


def on_clock(stamps: pd.Index, step: Any) -> pd.Index:
    """Return stamps as the clock shows them on which steps are taken.

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
    """Add one step to each stamp, as `on_clock` returns them."""
    return pd.Index(clock + step)


def tolerance_of(stamps: pd.Index, step: Any) -> Any:
    """Return how far a stamp may lie from the expected one; None for not at all."""
    if pd.api.types.is_float_dtype(stamps):
        return abs(step) / 100  # Thirds may be written as 0.3333, 0.6667 and 1.
    clock = on_clock(stamps, step)
    if clock is stamps or (step_after(clock, step) - clock).min() < pd.Timedelta("1D"):
        return None
    # Where the clocks change at midnight, a day of the year begins at one o'clock.
    return pd.Timedelta("1h")


def stamps_after(last: Any, step: Any, n_steps: int) -> pd.Index:
    """Return the `n_steps` stamps that follow `last`."""
    if isinstance(last, pd.Period):
        return pd.period_range(last, periods=n_steps + 1, freq=last.freq)[1:]
    if isinstance(last, pd.Timestamp):
        clock = on_clock(pd.DatetimeIndex([last]), step)
        stamps = pd.date_range(clock[0], periods=n_steps + 1, freq=step)[1:]
        if (stamps.tz is None) == (last.tz is None):
            return stamps
        return _in_zone(stamps, last.tz)
    if isinstance(last, pd.Timedelta):
        return pd.timedelta_range(last, periods=n_steps + 1, freq=step)[1:]
    return pd.Index(last + step * np.arange(1, n_steps + 1))


def stamps_before(stamps: pd.Index, step: Any, n_steps: int) -> pd.Index:
    """Return the stamps that lie `n_steps` before others of a series."""
    if n_steps == 0:
        return stamps
    if isinstance(stamps, pd.PeriodIndex):
        return stamps.shift(-n_steps)
    clock = on_clock(stamps, step)
    before = clock - n_steps * step
    if pd.api.types.is_float_dtype(stamps):
        # Differences of floats are rounded, so the nearest stamp of a row is returned.
        known = stamps.unique().sort_values()
        tolerance = tolerance_of(stamps, step)
        near = known.get_indexer(before, "nearest", tolerance=tolerance)
        return pd.Index(np.where(near < 0, before, known[near]), name=stamps.name)
    if isinstance(stamps, pd.DatetimeIndex) and clock is not stamps:
        return _in_zone(pd.DatetimeIndex(before), stamps.tz)
    return before


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
        steps = (stamps.to_numpy() - last) / step
        whole = np.rint(steps)
        near = np.abs(steps - whole) <= (tolerance or 0) / step
        return np.where(near, whole, -1).astype(np.intp)
    # Steps of the calendar differ in length and cannot be divided by, so the stamps are
    # looked up among all steps.
    ranges: dict[type, Callable[..., Any]] = {
        pd.DatetimeIndex: pd.date_range,
        pd.PeriodIndex: pd.period_range,
        pd.TimedeltaIndex: pd.timedelta_range,
    }
    if tolerance is None:
        return ranges[type(stamps)](last, stamps[-1], freq=step).get_indexer(stamps)
    grid = ranges[type(stamps)](last, stamps[-1] + tolerance, freq=step)
    return grid.get_indexer(stamps, method="nearest", tolerance=tolerance)
