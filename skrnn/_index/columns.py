"""Columns of a frame that are its index: time, and the names of series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .reading import index_of

__all__ = [
    "INDEX_CONSTRAINTS",
    "as_container",
    "index_columns",
    "is_polars",
    "to_polars",
    "with_index",
]

# What the parameters `time` and `series` of an estimator may be.
INDEX_CONSTRAINTS: dict[str, list[Any]] = {
    "time": [str, None],
    "series": [str, list, tuple, None],
}


def index_columns(time: str | None, series: Any) -> list[str] | None:
    """Return the names of the columns that are the index; None if there are none."""
    if time is None:
        if series is not None:
            raise ValueError(
                f"series={series!r} names columns beside that of time. Got time=None; "
                "name the column of X that holds time."
            )
        return None
    return [*([series] if isinstance(series, str) else series or ()), time]


def with_index(X: Any, names: list[str] | None, y: Any = None) -> tuple[Any, Any]:
    """Move columns of X into the index of X and y.

    Parameters
    ----------
    X : DataFrame of pandas or Polars
        Rows.
    names : list of str or None
        Columns that name series, and last the one of time. None changes nothing.
    y : array-like or None
        Values of the rows; what has no index is left as it is.

    Returns
    -------
    X : DataFrame
        The other columns, as a frame of pandas.
    y : array-like or None
        y on the same index.
    """
    if names is None:
        return X, y
    _check_columns(X, names)
    if index_of(X) is None:
        X, own = _read_polars(X), None
    else:
        own = X.index
    if isinstance(y, (pd.Series, pd.DataFrame)) and own is not None:
        _check_same_rows(own, y)
    indexed = X.set_index(names if len(names) > 1 else names[0])
    if is_polars(y):
        y = _read_polars(y)
    if isinstance(y, (pd.Series, pd.DataFrame)) and len(y) == len(X):
        y = y.set_axis(indexed.index)
    return indexed, y


def as_container(values: Any, like: Any) -> Any:
    """Return predictions in the kind of container of the rows that they are of.

    Parameters
    ----------
    values : Series, DataFrame or ndarray
        Predictions on the index that `with_index` has made; an array stays one.
    like : DataFrame of pandas or Polars
        The rows as they were passed.
    """
    if index_of(values) is None:
        return values
    if not is_polars(like):
        return values.set_axis(like.index)
    frame = to_polars(values.reset_index(drop=True), with_index=False)
    return frame.to_series() if isinstance(values, pd.Series) else frame


def to_polars(values: Any, *, with_index: bool = True) -> Any:
    """Return a Series or frame of pandas as a frame of Polars.

    Its index becomes columns, if `with_index` is set. An array stays one.
    """
    if index_of(values) is None:
        return values
    import polars

    if isinstance(values, pd.Series):
        # A column needs a name.
        unnamed = "y" if with_index else ""
        values = values.to_frame(unnamed if values.name is None else values.name)
    frame = values.reset_index() if with_index else values
    columns = {_in_text(name): _to_column(frame[name]) for name in frame.columns}
    return polars.DataFrame(columns)


def _in_text(name: Any) -> str:
    """Return the name of a column as Polars wants it; of two levels, joined."""
    return "_".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _to_column(column: pd.Series[Any]) -> Any:
    import polars

    zone = getattr(column.dtype, "tz", None)
    if zone is None:
        values = column.to_numpy()
        return polars.Series(list(values) if values.dtype == object else values)
    clock = column.dt.tz_convert("UTC").dt.tz_localize(None)
    stamps = polars.Series(clock.to_numpy()).dt.replace_time_zone("UTC")
    return stamps.dt.convert_time_zone(str(zone))


def is_polars(table: Any) -> bool:
    """Return whether a table is one of Polars, which need not be installed."""
    return type(table).__module__.split(".")[0] == "polars"


def _read_polars(table: Any) -> Any:
    """Return a frame or Series of Polars as one of pandas, without Arrow."""
    if not hasattr(table, "columns"):
        return pd.Series(_read_column(table), name=table.name or None)
    return pd.DataFrame({name: _read_column(table[name]) for name in table.columns})


def _read_column(column: Any) -> Any:
    values = column.to_numpy()
    zone = getattr(column.dtype, "time_zone", None)
    if zone is not None:
        return pd.DatetimeIndex(values).tz_localize("UTC").tz_convert(zone)
    return values


def _check_columns(X: Any, names: list[str]) -> None:
    """Raise if X is no frame with such columns."""
    columns = list(getattr(X, "columns", ()))
    if not (is_polars(X) or isinstance(X, pd.DataFrame)):
        raise TypeError(
            f"X must be a frame with the columns {names} that time and series name. "
            f"Got {type(X).__name__} instead; pass them in a frame, also if there are "
            "no others."
        )
    missing = [name for name in names if name not in columns]
    if missing:
        raise ValueError(
            f"X must have the columns {names} that time and series name. Got {columns} "
            f"without {missing}; add them."
        )


def _check_same_rows(index: pd.Index, y: Any) -> None:
    """Raise if y has other rows than X."""
    if len(y) == len(index) and not y.index.equals(index):
        row = int(np.argmax(np.asarray(y.index != index)))
        raise ValueError(
            "X and y must have the same index beside the columns of time. Got "
            f"{index[row]} in X and {y.index[row]} in y at row {row}; align them, or "
            "pass y.to_numpy() if the rows do belong together."
        )
