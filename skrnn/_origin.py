"""The time axis of a forecast: where it starts, and which rows follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._runs import match_index, on_clock, slack_of, split_runs, stamps_after
from ._validation import index_of

__all__ = [
    "Origin",
    "check_finite",
    "common_index",
    "count_steps",
    "form_of",
    "refuse_many_series",
    "shape_like",
]


def count_steps(end: pd.Index, step: Any, stamps: pd.Index) -> NDArray[np.intp]:
    """Count the steps from the one stamp of `end` to later ones; -1 off the grid."""
    line = end.append(stamps)
    clock, slack = on_clock(line, step), slack_of(line, step)
    last, stamps = clock[0], clock[1:]
    if pd.api.types.is_numeric_dtype(stamps):
        steps = (stamps.to_numpy() - last) / step
        whole = np.rint(steps)
        near = np.abs(steps - whole) <= (slack or 0) / step
        return np.where(near, whole, -1).astype(np.intp)
    ranges: dict[type, Callable[..., Any]] = {
        pd.DatetimeIndex: pd.date_range,
        pd.PeriodIndex: pd.period_range,
        pd.TimedeltaIndex: pd.timedelta_range,
    }
    if slack is None:
        return ranges[type(stamps)](last, stamps[-1], freq=step).get_indexer(stamps)
    grid = ranges[type(stamps)](last, stamps[-1] + slack, freq=step)
    return grid.get_indexer(stamps, method="nearest", tolerance=slack)


def refuse_many_series(index: pd.Index | None) -> None:
    """Refuse an index that names series."""
    if isinstance(index, pd.MultiIndex):
        raise ValueError(
            "A MultiIndex, which holds several series, cannot be forecast yet; pass "
            "one series at a time, or the series side by side as columns of y."
        )


def common_index(X: Any, y: Any) -> pd.Index | None:
    """Give the index of X and y; None where neither has one."""
    index, index_y = index_of(X), index_of(y)
    if index is not None and index_y is not None and not index.equals(index_y):
        row = int(np.argmax(np.asarray(index != index_y)))
        raise ValueError(
            f"X and y must have the same index. Got {index[row]} in X and "
            f"{index_y[row]} in y at row {row}; align them, for instance with "
            "y.loc[X.index], or pass y.to_numpy() if the rows do belong together."
        )
    index = index_y if index is None else index
    refuse_many_series(index)
    return index


def check_finite(
    values: NDArray[Any],
    source: Any,
    index: pd.Index | None,
    way_out: str,
    *,
    name: str,
) -> None:
    """Refuse NaN and infinity, naming the column and the stamp of the first one."""
    rows = values.reshape(len(values), -1)
    if np.isfinite(rows).all():
        return
    row, column = np.argwhere(~np.isfinite(rows))[0]
    what = "NaN" if np.isnan(rows[row, column]) else "infinity"
    labels = getattr(source, "columns", [getattr(source, "name", None)])
    label = labels[column] if column < len(labels) else None
    place = f"column {column if label is None else repr(label)}"
    stamp = f"row {row}" if index is None else index[row]
    raise ValueError(f"Input {name} contains {what} in {place} at {stamp}; {way_out}")


def form_of(y: Any, n_axes: int) -> Any:
    """Give y without its rows: its axes and names."""
    return np.empty((0,) * n_axes) if index_of(y) is None else y.iloc[:0].copy()


def shape_like(values: NDArray[Any], form: Any, index: pd.Index | None) -> Any:
    """Give predicted rows the axes and names of y, on an index where there is one."""
    values = values[:, 0] if form.ndim == 1 else values
    if index is None:
        return values
    if form.ndim == 1:
        return pd.Series(values, index=index, name=getattr(form, "name", None))
    return pd.DataFrame(values, index=index, columns=getattr(form, "columns", None))


@dataclass(frozen=True)
class Origin:
    """Where a forecast starts: the last rows that are known, and their place in time.

    `end` is an index of the last stamp alone. Without an index of the caller's the
    stamps count rows from 0.
    """

    targets: NDArray[np.float64]
    known: NDArray[np.float64]
    end: pd.Index
    step: Any
    has_index: bool

    def stamps(self, n_steps: int) -> pd.Index:
        """Give the stamps of the rows that follow."""
        stamps: Any = stamps_after(self.end[0], self.step, n_steps)
        stamps = stamps.rename(self.end.name)
        if isinstance(self.end, pd.DatetimeIndex) and self.end.tz is None:
            stamps.freq = self.end.freq
        return stamps

    def steps_to(self, index: pd.Index) -> NDArray[np.intp]:
        """Count the steps from the last row to each stamp."""
        index = self._match(index)
        split_runs(index, len(index), self.step)
        last = self.end[0]
        if index[0] <= last:
            raise ValueError(
                f"X must follow the rows seen in fit, the last of which is {last}. Got "
                f"{index[0]}; drop such rows from X, fit on rows before them, use "
                "forecast(n_steps), or pass X.to_numpy() if the rows do follow."
            )
        steps = count_steps(self.end, self.step, index)
        if (steps < 0).any():
            stamp = index[int(np.argmax(steps < 0))]
            raise ValueError(
                f"The index of X has the stamp {stamp}, which no whole number of steps "
                f"of {self.step} leads to from the last stamp seen in fit, {last}; "
                "resample X to that spacing."
            )
        return steps

    def check_no_hole(self, steps: NDArray[np.intp]) -> None:
        """Refuse steps that leave one out, naming its stamp."""
        expected = np.arange(1, len(steps) + 1)
        if steps[-1] > len(steps):
            missing = self.stamps(int(expected[np.argmax(steps != expected)]))[-1]
            raise ValueError(
                "X must have a row for each step, because its columns are inputs of "
                f"the forecast. Got none for {missing}; add the rows that are missing, "
                "or fit with exogenous=False."
            )

    def _match(self, index: pd.Index) -> pd.Index:
        refuse_many_series(index)
        if not self.has_index and not pd.api.types.is_numeric_dtype(index):
            raise ValueError(
                "X must have an index that counts rows, because fit saw arrays, whose "
                f"last row is {self.end[0]}. Got dtype {index.dtype} instead; fit on "
                "pandas objects, or pass X.to_numpy() if the rows do follow."
            )
        return match_index(index, self.end)
