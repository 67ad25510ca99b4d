"""Plain forms of pandas objects, each followed by the way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from .plain import KIND, as_plain, made_from, restore, tagged

__all__: list[str] = []


@as_plain.register(pd.Index)
def _plain_index(index: pd.Index) -> Any:
    if isinstance(index, (pd.CategoricalIndex, pd.IntervalIndex)):
        return index
    numbers = isinstance(index.dtype, np.dtype) and index.dtype.kind in "iufb"
    values = index.to_numpy() if numbers else list(index)
    return tagged("Index", values=values, dtype=str(index.dtype), name=index.name)


@made_from("Index")
def _index(values: Any, dtype: str, name: Any) -> pd.Index:
    # Or pandas would make a MultiIndex of labels that are tuples.
    return pd.Index(values, dtype=dtype, name=name, tupleize_cols=False)


@as_plain.register(pd.RangeIndex)
def _plain_range(index: pd.RangeIndex) -> dict[str, Any]:
    bounds = [index.start, index.stop, index.step]
    return tagged("RangeIndex", bounds=bounds, name=index.name)


@made_from("RangeIndex")
def _range(bounds: list[int], name: Any) -> pd.RangeIndex:
    return pd.RangeIndex(range(*bounds), name=name)


@as_plain.register(pd.MultiIndex)
def _plain_levels(index: pd.MultiIndex) -> dict[str, Any]:
    codes = [np.asarray(each) for each in index.codes]
    levels, names = list(index.levels), list(index.names)
    return tagged("MultiIndex", levels=levels, codes=codes, names=names)


@made_from("MultiIndex")
def _levels(levels: list[Any], codes: list[Any], names: list[Any]) -> Any:
    return pd.MultiIndex(levels, codes, names=names)


@as_plain.register(pd.DatetimeIndex)
def _plain_dates(index: pd.DatetimeIndex) -> Any:
    zone = None if index.tz is None else str(index.tz)
    if zone is not None and not _is_named(index.tz, zone):
        return index
    return tagged("DatetimeIndex", **_ticks(index), zone=zone)


def _is_named(tz: Any, name: str) -> bool:
    """Return whether pandas finds a time zone by its name."""
    try:
        found: Any = pd.DatetimeTZDtype("ns", name).tz
    except (KeyError, TypeError, ValueError):  # What there is depends on the system.
        return False
    day = datetime(2024, 7, 1)
    return str(found) == name and found.utcoffset(day) == tz.utcoffset(day)


@made_from("DatetimeIndex")
def _dates(ticks: Any, unit: str, zone: str | None, freq: Any, name: Any) -> Any:
    index = pd.DatetimeIndex(ticks.view(f"M8[{unit}]"), name=name)
    if zone is not None:
        index = index.tz_localize("UTC").tz_convert(zone)
    return pd.DatetimeIndex(index, freq=freq)


@as_plain.register(pd.TimedeltaIndex)
def _plain_durations(index: pd.TimedeltaIndex) -> dict[str, Any]:
    return tagged("TimedeltaIndex", **_ticks(index))


@made_from("TimedeltaIndex")
def _durations(ticks: Any, unit: str, freq: Any, name: Any) -> Any:
    index = pd.TimedeltaIndex(ticks.view(f"m8[{unit}]"), name=name)
    return pd.TimedeltaIndex(index, freq=freq)


def _ticks(index: Any) -> dict[str, Any]:
    """Return the fields that dates and durations share."""
    ticks = np.array(index.asi8)
    return {"ticks": ticks, "unit": index.unit, "freq": index.freq, "name": index.name}


@as_plain.register(pd.PeriodIndex)
def _plain_periods(index: pd.PeriodIndex) -> dict[str, Any]:
    ticks = np.array(index.asi8)
    return tagged("PeriodIndex", ticks=ticks, freq=index.freqstr, name=index.name)


@made_from("PeriodIndex")
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


@made_from("Stamp")
def _stamp(index: pd.Index) -> Any:
    return index[0]


@as_plain.register(pd.offsets.BaseOffset)
def _plain_offset(offset: Any) -> Any:
    if isinstance(offset, (pd.offsets.CustomBusinessDay, pd.offsets.BusinessHour)):
        return _plain_calendar(offset)
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


@made_from("Offset")
def _offset(alias: str) -> Any:
    return pd.tseries.frequencies.to_offset(alias)


@made_from("DateOffset")
def _date_offset(n: int, parts: dict[str, Any]) -> pd.DateOffset:
    return pd.DateOffset(n=n, **parts)


def _plain_calendar(offset: Any) -> Any:
    """Return the plain form of an offset that leaves out days and hours of its own."""
    fields = {"of": type(offset).__name__, "n": offset.n, "days": None, "hours": None}
    if not hasattr(pd.offsets, fields["of"]) or offset.normalize or offset.offset:
        return offset
    parts = offset.kwds
    if "weekmask" in parts:
        weekmask = parts["weekmask"]
        if not isinstance(weekmask, str):
            weekmask = "".join("01"[int(day)] for day in offset.calendar.weekmask)
        fields["days"] = [weekmask, [str(day) for day in parts["holidays"]]]
    if "start" in parts:
        fields["hours"] = [
            [f"{time:%H:%M}" for time in parts[name]] for name in ("start", "end")
        ]
    return tagged("Calendar", **fields)


@made_from("Calendar")
def _calendar(of: str, n: int, days: Any, hours: Any) -> Any:
    parts: dict[str, Any] = {}
    if days is not None:
        weekmask, holidays = days
        parts |= {"weekmask": weekmask, "holidays": holidays}
    if hours is not None:
        parts |= dict(zip(("start", "end"), hours, strict=True))
    return getattr(pd.offsets, of)(n, **parts)


@as_plain.register(pd.Series)
def _plain_column(column: pd.Series) -> Any:
    # Estimators keep frames for their names, not for their rows.
    return column if len(column) else tagged("Series", name=column.name)


@made_from("Series")
def _column(name: Any) -> pd.Series[Any]:
    return pd.Series([], dtype=np.float64, name=name)


@as_plain.register(pd.DataFrame)
def _plain_frame(frame: pd.DataFrame) -> Any:
    if not len(frame):
        return tagged("DataFrame", columns=frame.columns)
    # Categories become their values, without the levels that no row has.
    columns = [
        pd.Index(column, dtype=object if column.dtype == "category" else column.dtype)
        for _, column in frame.items()
    ]
    return tagged("Table", names=frame.columns, index=frame.index, columns=columns)


@made_from("DataFrame")
def _frame(columns: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(columns=columns)


@made_from("Table")
def _table(names: pd.Index, index: pd.Index, columns: list[pd.Index]) -> pd.DataFrame:
    # Said again, because pandas 3 makes strings of objects.
    parts = [
        pd.Series(column.to_numpy(), index, dtype=column.dtype) for column in columns
    ]
    table: pd.DataFrame = pd.concat(parts, axis=1)
    return table.set_axis(names, axis=1)
