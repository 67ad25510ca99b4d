"""Read the step of an index: what the caller says it is, or what the stamps show."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import timedelta
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .advice import FROM_FREQ, FROM_INDEX, FROM_STAMPS
from .infer import infer_step, wall_clock_step
from .reading import stamps_of

__all__ = ["FREQ_CONSTRAINTS", "Spacing", "read_spacing"]

# What the parameter `freq` of an estimator may be.
FREQ_CONSTRAINTS = [str, pd.offsets.BaseOffset, timedelta, np.timedelta64, Real, None]


@dataclass(frozen=True)
class Spacing:
    """The step of an index, and where it comes from.

    Parameters
    ----------
    step : offset, Timedelta, number or None
        Distance from one stamp to the next; None where it is not known.
    source : str
        Where the step comes from, in words that follow "a step of 1 day, ".
    """

    step: Any
    source: str


def read_spacing(index: pd.Index, freq: Any = None) -> Spacing:
    """Read the step of an index.

    Parameters
    ----------
    index : pandas.Index
        Sorted stamps, as `split_runs` has checked them.
    freq : str, offset, timedelta, number or None, default=None
        What the caller says it is; None infers it.

    Raises
    ------
    ValueError, TypeError
        If `freq` is none of the kind that the stamps have.
    """
    stamps = stamps_of(index)
    _warn_of_dates(stamps)
    if freq is not None:
        return Spacing(_read_freq(freq, stamps), FROM_FREQ)
    step = infer_step(index)
    has_own = isinstance(index, (pd.PeriodIndex, pd.RangeIndex))
    if has_own or getattr(index, "freq", None) is not None:
        return Spacing(step, FROM_INDEX)
    return Spacing(step, FROM_STAMPS)


def _read_freq(freq: Any, stamps: pd.Index) -> Any:
    """Return the step that the parameter `freq` stands for, among such stamps."""
    if pd.api.types.is_numeric_dtype(stamps):
        return _read_number(freq, stamps)
    if isinstance(freq, Real) and not isinstance(freq, np.timedelta64):
        raise TypeError(
            f"freq must be an offset, such as 'D' or pd.offsets.BusinessDay(), for "
            f"an index of dates. Got {freq!r} instead."
        )
    if isinstance(stamps, pd.PeriodIndex):
        return _read_period(freq, stamps)
    if isinstance(freq, (timedelta, np.timedelta64)):
        step: Any = pd.Timedelta(freq)
    else:
        step = _to_offset(freq)
    if isinstance(stamps, pd.TimedeltaIndex):
        step = _read_duration(step, freq)
    forward = step > pd.Timedelta(0) if isinstance(step, timedelta) else step.n > 0
    if not forward:
        raise ValueError(
            f"freq must be a step forward in time. Got {freq!r} instead; sort the rows "
            "and pass the step from each to the next."
        )
    return wall_clock_step(step)


def _to_offset(freq: Any) -> Any:
    try:
        return pd.tseries.frequencies.to_offset(freq)
    except ValueError as error:
        raise ValueError(
            "freq must be an offset of pandas, or a string that stands for one, such "
            f"as 'D', 'B', 'W-MON', 'MS' or '15min'. Got {freq!r} instead."
        ) from error


def _read_number(freq: Any, stamps: pd.Index) -> Any:
    """Return a step between numbers."""
    is_number = isinstance(freq, Real) and not isinstance(freq, (bool, np.bool_))
    if not is_number:
        raise TypeError(
            f"freq must be a number, because the index holds numbers. Got {freq!r} "
            "instead; give the rows an index of dates, such as pd.to_datetime makes, "
            "or pass the number from one stamp to the next."
        )
    if not 0 < freq < np.inf:
        raise ValueError(f"freq must be above 0 and finite. Got {freq!r} instead.")
    if pd.api.types.is_float_dtype(stamps):
        return float(freq)
    if not isinstance(freq, Integral) and not float(freq).is_integer():
        raise ValueError(
            "freq must be a whole number, because the index holds integers. Got "
            f"{freq!r} instead."
        )
    return int(freq)


def _read_period(freq: Any, stamps: pd.PeriodIndex) -> Any:
    """Return the step of periods, which is their length."""
    own: Any = stamps.freq
    try:
        same = pd.PeriodDtype(freq) == stamps.dtype
    except (TypeError, ValueError):  # No period has such a length.
        same = False
    if not same:
        raise ValueError(
            f"freq must be that of the periods in the index, {own.freqstr!r}. Got "
            f"{freq!r} instead; leave freq at None, or convert the index by "
            "X.index.asfreq or X.index.to_timestamp."
        )
    return own


def _read_duration(step: Any, freq: Any) -> pd.Timedelta:
    """Return a step between durations, which has no calendar."""
    if isinstance(step, pd.offsets.Day):
        return pd.Timedelta(days=step.n)
    try:
        return pd.Timedelta(step)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "freq must be elapsed time, such as 'h' or '15min', for an index of "
            f"durations. Got {freq!r} instead, a step of the calendar."
        ) from error


def _warn_of_dates(stamps: pd.Index) -> None:
    """Warn of integers that look like months or days, such as 202312 and 202401.

    As numbers the first month of a year is 89 steps after the last one before it.
    """
    if isinstance(stamps, pd.RangeIndex) or not pd.api.types.is_integer_dtype(stamps):
        return
    values = np.unique(stamps.to_numpy(dtype=np.float64))
    looks = {
        "months": (
            _are_months(values),
            "pd.PeriodIndex(X.index.astype(str), freq='M')",
        ),
        "days": (
            _are_months(values // 100) & (values % 100 >= 1) & (values % 100 <= 31),
            "pd.to_datetime(X.index.astype(str), format='%Y%m%d')",
        ),
    }
    for kind, (look, way_out) in looks.items():
        if len(values) > 2 and look.all():
            warnings.warn(
                f"The integers in the index of X look like {kind}, but count as "
                f"numbers: {int(values[0])} to {int(values[-1])} are "
                f"{int(values[-1] - values[0])} steps of 1. Convert the index, for "
                f"instance by {way_out}, or make it floats if they are numbers.",
                UserWarning,
                stacklevel=2,
            )


def _are_months(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which numbers could be a year and a month, from 1900 to 2100."""
    years, months = values // 100, values % 100
    return (years >= 1900) & (years <= 2100) & (months >= 1) & (months <= 12)
