"""Express one index in the terms of another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .reading import plain_stamps, stamps_of

__all__ = ["are_up_to", "match_index"]


def are_up_to(index: pd.Index, last: Any) -> NDArray[np.bool_]:
    """Return which stamps are not after the last one that `fit` saw.

    Raises
    ------
    TypeError
        If the stamps are of another kind.
    """
    try:
        return np.asarray(plain_stamps(index) <= last)
    except TypeError as error:
        raise TypeError(
            "y must have an index of the kind that the forecaster was fitted on, with "
            f"{last!r} as last stamp. Got {type(index).__name__} instead."
        ) from error


def match_index(index: pd.Index, like: pd.Index) -> pd.Index:
    """Express an index in the kind of stamps, and in the time zone, of another.

    Raises
    ------
    ValueError
        If the one holds dates and the other numbers, or just one has a time zone.
    """
    index = plain_stamps(index)
    stamps = stamps_of(index)
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
    # Zones of the same name differ if one comes from pytz and the other from zoneinfo.
    if str(zones[0]) == str(zones[1]):
        return index
    if isinstance(index, pd.MultiIndex):
        level: Any = pd.DatetimeIndex(index.levels[-1]).tz_convert(zones[1])
        return index.set_levels(level, level=-1)
    return pd.DatetimeIndex(index).tz_convert(zones[1])
