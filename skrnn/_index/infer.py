"""Infer the step of an index: the smallest common distance of neighbouring stamps."""

from __future__ import annotations

from calendar import monthrange
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .reading import group_by_series
from .steps import TOLERANCE

__all__ = ["infer_step", "wall_clock_step"]

# Share of stamps that must fit where a few may be wrong.
NEARLY_ALL = 0.95


def infer_step(index: pd.Index) -> Any:
    """Infer the step of an index: the smallest common distance of neighbouring stamps.

    It occurs at least half as often as the commonest one. Larger distances are holes,
    and smaller ones are stray stamps.

    Parameters
    ----------
    index : pandas.Index
        Sorted stamps; of a MultiIndex those of all series count.

    Returns
    -------
    step : pandas offset, Timedelta, number or None
        What to add to a stamp to reach the next. Days, months and business days are
        steps of the calendar and thus of unequal length. None if no series has two
        stamps, and there is no frequency.

    Raises
    ------
    ValueError
        If stamps lie months apart on a day that not all of these months have.
    """
    stamps, codes, _, _ = group_by_series(index)
    if isinstance(stamps, pd.PeriodIndex):
        return stamps.freq
    if isinstance(stamps, pd.RangeIndex):
        return stamps.step
    if isinstance(stamps, pd.DatetimeIndex) and stamps.freq is not None:
        _check_days_of_months(stamps, stamps.freq)
        return wall_clock_step(stamps.freq)
    places = np.flatnonzero(codes[1:] == codes[:-1])
    if not len(places):
        return None
    if isinstance(stamps, pd.DatetimeIndex):
        return _step_of_dates(stamps, places)
    if isinstance(stamps, pd.TimedeltaIndex):
        return _common_time(stamps, places)
    values = stamps.to_numpy()
    return _common(values[places + 1] - values[places])


def wall_clock_step(offset: Any) -> Any:
    """Replace pandas' Day, which some versions count as 24 hours, by a calendar day."""
    if isinstance(offset, pd.offsets.Day):
        return pd.DateOffset(days=offset.n)
    return offset


def _common(distances: NDArray[Any]) -> Any:
    """Return the smallest distance that is half as common as the commonest, or more.

    Floats that are equal to within the tolerance count as one, which is their mean.
    """
    values, counts = np.unique(distances, return_counts=True)
    if values.dtype.kind != "f":
        return values[_first_common(counts)]
    near = _near(values, counts)
    mean, doubt = _mean(values[near], counts[near])
    return _roundest(mean, doubt)


def _common_time(stamps: Any, places: NDArray[np.intp]) -> pd.Timedelta:
    """Return the smallest common distance in time, as `_common` does."""
    apart = stamps[places + 1] - stamps[places]
    values, counts = np.unique(apart.as_unit("ns").asi8, return_counts=True)
    near = _near(values, counts)
    mean, doubt = _mean(values[near].astype(np.float64), counts[near])
    for unit in ("h", "min", "s"):
        length = pd.Timedelta(1, unit).value
        whole = round(mean / length) * length
        if whole and abs(whole - mean) <= doubt:
            return pd.Timedelta(whole, "ns")
    return pd.Timedelta(round(mean), "ns")


def _near(values: NDArray[Any], counts: NDArray[np.intp]) -> slice:
    """Return the span of values that are nearly equal and together common."""
    # Each lies within the tolerance of one between them.
    widest = values * (1 + 2 * TOLERANCE)
    stops = np.searchsorted(values, widest, side="right")
    total = np.append(0, counts.cumsum())
    together = total[stops] - total[:-1]
    first = _first_common(together)
    first += int(together[first : stops[first]].argmax())
    return slice(first, int(stops[first]))


def _first_common(counts: NDArray[np.intp]) -> int:
    """Return the first place that counts at least half as much as the largest."""
    return int(np.argmax(2 * counts >= counts.max()))


def _mean(values: NDArray[np.float64], counts: NDArray[np.intp]) -> tuple[float, float]:
    """Return the mean of distances, and how far it may be off if stamps are rounded.

    A distance that most of them have, and that the mean may stand for, is exact.
    """
    n_distances = counts.sum()
    # From the smallest, or the sum of large numbers would lose digits.
    mean = values[0] + ((values - values[0]) * counts).sum() / n_distances
    doubt = 2 * (values[-1] - values[0]) / n_distances
    usual = values[counts.argmax()]
    if 2 * counts.max() > n_distances and abs(usual - mean) <= doubt:
        return float(usual), 0.0
    return float(mean), float(doubt)


def _roundest(mean: float, doubt: float) -> float:
    """Return the number of fewest digits among those that the mean may stand for."""
    for digits in range(1, 10):
        rounded = float(f"{mean:.{digits}g}")
        if abs(rounded - mean) <= doubt + 1e-14 * abs(mean):
            return rounded
    return mean


def _step_of_dates(stamps: pd.DatetimeIndex, places: NDArray[np.intp]) -> Any:
    """Infer a step of hours, days, business days, months from stamps with holes.

    Parameters
    ----------
    stamps : pandas.DatetimeIndex
        Stamps, series by series.
    places : ndarray
        Places of the stamps that another of their series follows.
    """
    # Dates out of a spreadsheet may be early by a microsecond, on the day before.
    local = stamps.tz_localize(None).round("s")
    dates = local.normalize()
    days = np.asarray((dates[places + 1] - dates[places]).days)
    times: Any = local - dates
    # A midnight that the clocks skip is one o'clock.
    tolerance = pd.Timedelta("1s" if stamps.tz is None else "1h")
    same_time = np.asarray(abs(times[places + 1] - times[places]) <= tolerance)
    whole_days = same_time & (days >= 1)
    if whole_days.sum() < 2 * (len(places) - whole_days.sum()):
        return pd.tseries.frequencies.to_offset(_common_time(stamps, places))
    places, days = places[whole_days], days[whole_days]
    n_days = int(_common(days))
    # February is the shortest month, so stamps months apart are at least 28 days apart.
    if n_days >= 28:
        offset = _step_of_months(local, places, days)
        if offset is not None:
            return offset
    # Days from Monday to Friday alone may be five days of a daily series. Only Mondays
    # right after Fridays show that weekends are left out.
    over_weekend = (local[places].day_of_week == 4) & (days == 3)
    if n_days == 1 and over_weekend.any():
        on_weekday = np.asarray(local.day_of_week < 5)
        if on_weekday.mean() >= NEARLY_ALL:
            return pd.offsets.BusinessDay()
    return pd.DateOffset(days=n_days)


def _step_of_months(
    local: pd.DatetimeIndex, places: NDArray[np.intp], days: NDArray[Any]
) -> Any:
    """Infer a step of months; None if the stamps are regular in days.

    Parameters
    ----------
    local : pandas.DatetimeIndex
        Stamps on the wall clock.
    places, days : ndarray
        Places of stamps, and days from each of them to the next.
    """
    months = np.asarray(local.year * 12 + local.month)
    apart = months[places + 1] - months[places]
    if not (apart >= 1).any():
        return None
    n_months = int(_common(apart[apart >= 1]))
    # Where several fit, the commoner one comes first: the first days of a few months
    # may all be business days.
    offsets = (
        pd.offsets.MonthEnd(n_months),
        pd.DateOffset(months=n_months),
        pd.offsets.BMonthEnd(n_months),
        pd.offsets.BMonthBegin(n_months),
    )
    distinct = local.unique()
    shares = [_share_on(offset, distinct) for offset in offsets]
    if max(shares) >= NEARLY_ALL:
        return offsets[shares.index(max(shares))]
    # What fits no month may still be regular in days, such as every 28 days.
    if (days % days.min()).any() or (local.day == local.day[0]).all():
        _check_days_of_months(local, pd.DateOffset(months=n_months))
    return None


def _share_on(offset: Any, local: pd.DatetimeIndex) -> float:
    """Return the share of stamps that lie where an offset of months may take them."""
    if type(offset) is pd.DateOffset:
        day = int(pd.Series(local.day).mode()[0])
        own = local[local.day == day]
        return 0.0 if _leaves_day(own[0], offset) else len(own) / len(local)
    return float(np.mean([offset.is_on_offset(stamp) for stamp in local]))


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
