"""Plain forms of what estimators keep: of pandas' objects and of private classes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import singledispatch
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["as_plain", "cut_apart", "lay_end_to_end", "restore", "stored"]

# Says of a dict which object it stands for.
KIND = "__kind__"

T = TypeVar("T", bound=type)

_MAKERS: dict[str, Callable[..., Any]] = {}


def stored(cls: T) -> T:
    """Let objects of a class be stored by their fields, as dicts.

    A class may have `stored_fields`, which gives other fields than those in `vars`, and
    `from_fields`, which makes an object of them.
    """
    kind = cls.__name__
    _MAKERS[kind] = getattr(cls, "from_fields", cls)

    @as_plain.register(cls)
    def _fields(value: Any) -> dict[str, Any]:
        own = getattr(value, "stored_fields", None)
        return _tagged(kind, **(vars(value) if own is None else own()))

    return cls


@singledispatch
def as_plain(value: Any) -> Any:
    """Give the plain form of an object; what has none stays as it is."""
    return value


def restore(value: Any) -> Any:
    """Make an object of its plain form, and leave other values as they are."""
    if isinstance(value, dict) and KIND in value:
        if value[KIND] not in _MAKERS:
            raise ValueError(f"A stored state has an unknown part, {value[KIND]!r}.")
        fields = {key: _restore_nested(field) for key, field in value.items()}
        return _MAKERS[fields.pop(KIND)](**fields)
    return value


def _tagged(kind: str, /, **fields: Any) -> dict[str, Any]:
    return {KIND: kind, **{name: _plain_nested(v) for name, v in fields.items()}}


def _plain_nested(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(map(_plain_nested, value))
    return as_plain(value)


def _restore_nested(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(map(_restore_nested, value))
    return restore(value)


def lay_end_to_end(arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Make one array of many, and give how many rows each has."""
    counts = np.array([len(array) for array in arrays], dtype=np.intp)
    return [np.concatenate(arrays) if arrays else np.empty(0, dtype=np.intp), counts]


def cut_apart(joined: NDArray[Any], counts: NDArray[Any]) -> list[NDArray[Any]]:
    """Give the arrays of which `lay_end_to_end` made one."""
    return np.split(joined, np.cumsum(counts)[:-1]) if len(counts) else []


def _maker(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(make: Callable[..., Any]) -> Callable[..., Any]:
        _MAKERS[kind] = make
        return make

    return register


@as_plain.register(np.ndarray)
def _plain_array(array: NDArray[Any]) -> NDArray[Any]:
    # The strides of an empty array mean nothing, but joblib's hashes count them.
    return array if array.size else np.zeros(array.shape, array.dtype)


@as_plain.register(np.random.RandomState)
def _plain_generator(generator: np.random.RandomState) -> Any:
    # What skops loads has another seed, which is of no use, but which hashes count.
    state = generator.get_state(legacy=False)
    usual = state["bit_generator"] == "MT19937"
    return _tagged("RandomState", state=state) if usual else generator


@_maker("RandomState")
def _generator(state: Any) -> np.random.RandomState:
    generator = np.random.RandomState(0)
    generator.set_state(state)
    return generator


# The plain forms of what pandas has, each followed by the way back.


@as_plain.register(pd.Index)
def _plain_index(index: pd.Index) -> Any:
    if isinstance(index, (pd.CategoricalIndex, pd.IntervalIndex)):
        return index
    numbers = isinstance(index.dtype, np.dtype) and index.dtype.kind in "iufb"
    values = index.to_numpy() if numbers else list(index)
    return _tagged("Index", values=values, dtype=str(index.dtype), name=index.name)


@_maker("Index")
def _index(values: Any, dtype: str, name: Any) -> pd.Index:
    return pd.Index(values, dtype=dtype, name=name, tupleize_cols=False)


@as_plain.register(pd.RangeIndex)
def _plain_range(index: pd.RangeIndex) -> dict[str, Any]:
    bounds = [index.start, index.stop, index.step]
    return _tagged("RangeIndex", bounds=bounds, name=index.name)


@_maker("RangeIndex")
def _range(bounds: list[int], name: Any) -> pd.RangeIndex:
    return pd.RangeIndex(range(*bounds), name=name)


@as_plain.register(pd.MultiIndex)
def _plain_levels(index: pd.MultiIndex) -> dict[str, Any]:
    codes = [np.asarray(each) for each in index.codes]
    levels, names = list(index.levels), list(index.names)
    return _tagged("MultiIndex", levels=levels, codes=codes, names=names)


@_maker("MultiIndex")
def _levels(levels: list[Any], codes: list[Any], names: list[Any]) -> Any:
    return pd.MultiIndex(levels, codes, names=names)


@as_plain.register(pd.DatetimeIndex)
def _plain_dates(index: pd.DatetimeIndex) -> Any:
    zone = None if index.tz is None else str(index.tz)
    if zone is not None and not _is_named(index.tz, zone):
        return index
    return _tagged("DatetimeIndex", **_ticks(index), zone=zone)


def _is_named(tz: Any, name: str) -> bool:
    """Tell whether pandas finds a time zone by its name."""
    try:
        found: Any = pd.DatetimeTZDtype("ns", name).tz
    except (KeyError, TypeError, ValueError):  # What there is depends on the system.
        return False
    day = datetime(2024, 7, 1)
    return str(found) == name and found.utcoffset(day) == tz.utcoffset(day)


@_maker("DatetimeIndex")
def _dates(ticks: Any, unit: str, zone: str | None, freq: Any, name: Any) -> Any:
    index = pd.DatetimeIndex(ticks.view(f"M8[{unit}]"), name=name)
    if zone is not None:
        index = index.tz_localize("UTC").tz_convert(zone)
    return pd.DatetimeIndex(index, freq=freq)


@as_plain.register(pd.TimedeltaIndex)
def _plain_durations(index: pd.TimedeltaIndex) -> dict[str, Any]:
    return _tagged("TimedeltaIndex", **_ticks(index))


@_maker("TimedeltaIndex")
def _durations(ticks: Any, unit: str, freq: Any, name: Any) -> Any:
    index = pd.TimedeltaIndex(ticks.view(f"m8[{unit}]"), name=name)
    return pd.TimedeltaIndex(index, freq=freq)


def _ticks(index: Any) -> dict[str, Any]:
    """Give what dates and durations share."""
    ticks = np.array(index.asi8)
    return {"ticks": ticks, "unit": index.unit, "freq": index.freq, "name": index.name}


@as_plain.register(pd.PeriodIndex)
def _plain_periods(index: pd.PeriodIndex) -> dict[str, Any]:
    ticks = np.array(index.asi8)
    return _tagged("PeriodIndex", ticks=ticks, freq=index.freqstr, name=index.name)


@_maker("PeriodIndex")
def _periods(ticks: Any, freq: str, name: Any) -> pd.PeriodIndex:
    periods: Any = pd.PeriodIndex
    return periods.from_ordinals(ticks, freq=freq, name=name)


@as_plain.register(pd.Timestamp)
@as_plain.register(pd.Timedelta)
@as_plain.register(pd.Period)
def _plain_stamp(stamp: Any) -> Any:
    index: Any = pd.Index([stamp])
    if hasattr(stamp, "unit"):  # pandas 2 makes nanoseconds of all stamps.
        index = index.as_unit(stamp.unit)
    plain = as_plain(index)
    return stamp if plain is index else {KIND: "Stamp", "index": plain}


@_maker("Stamp")
def _stamp(index: pd.Index) -> Any:
    return index[0]


@as_plain.register(pd.offsets.BaseOffset)
def _plain_offset(offset: Any) -> Any:
    plain = {KIND: "Offset", "alias": offset.freqstr}
    if type(offset) is pd.DateOffset:
        parts = {
            name: value for name, value in offset.kwds.items() if type(value) is int
        }
        plain = {KIND: "DateOffset", "n": offset.n, "parts": parts}
    try:
        return plain if restore(plain) == offset else offset
    except ValueError:  # Such as one with holidays of its own.
        return offset


_MAKERS["Offset"] = lambda alias: pd.tseries.frequencies.to_offset(alias)
_MAKERS["DateOffset"] = lambda n, parts: pd.DateOffset(n=n, **parts)


@as_plain.register(pd.Series)
def _plain_column(column: pd.Series) -> Any:
    # Estimators keep frames for their names, not for their rows.
    return column if len(column) else _tagged("Series", name=column.name)


@as_plain.register(pd.DataFrame)
def _plain_frame(frame: pd.DataFrame) -> Any:
    return frame if len(frame) else _tagged("DataFrame", columns=frame.columns)


_MAKERS["Series"] = lambda name: pd.Series([], dtype=np.float64, name=name)
_MAKERS["DataFrame"] = lambda columns: pd.DataFrame(columns=columns)
