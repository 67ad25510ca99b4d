"""Where forecasts start: the last rows of each series, and their place in time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.ahead import index_ahead, stamps_ahead
from skrnn._index.steps import count_steps
from skrnn._serialization.plain import stored

from .past_columns import known_in_advance
from .series import SeriesRows
from .series_scale import SeriesScale

__all__ = ["Origin"]


@stored(
    "Origin",
    {
        "targets": "targets",
        "known": "known",
        "known_after": "known_after",
        "scale": "scale",
        "names": "names",
        "ends": "ends",
        "lengths": "lengths",
        "learned": "learned",
        "settled": "settled",
        "step": "step",
        "has_index": "has_index",
        "past": "past",
    },
    ragged=("known_after",),
)
@dataclass(frozen=True)
class Origin:
    """Where forecasts start: the last rows of each series, and their place in time.

    Parameters
    ----------
    targets : ndarray of shape (n_series, n_past, n_targets)
        The rows up to the last one with an observed target; NaN before the first row
        of a series.
    known : ndarray of shape (n_series, n_past, n_known)
        Columns of X in these rows.
    known_after : list of ndarray of shape (n_steps, n_known)
        Columns of X at each step from the last observed row of a series to its last
        row; NaN where there was no row.
    scale : SeriesScale
        Scale of the transformed targets of each series.
    names : list of hashable
        Names of the series; ``[None]`` for a single series.
    ends : pandas.Index of length n_series
        Stamps of the last observed rows; row numbers from 0 if the data has no index.
        A series of which nothing was observed ends with the latest of the others.
    lengths : ndarray of shape (n_series,)
        Steps from the first row of the last run of each series to its end, both
        included; 0 if nothing was observed.
    learned : ndarray of bool of shape (n_series,)
        Whether `fit` has learned a window of each series.
    settled : ndarray of bool of shape (n_series,)
        Whether the scale of each series stays; the others have too few rows for one.
    step : offset, Timedelta, number or None
        Distance from one row to the next.
    has_index : bool
        Whether the data has an index.
    past : tuple of int, default=()
        Places of the columns that are not known in advance.
    """

    targets: NDArray[np.float64]
    known: NDArray[np.float64]
    known_after: list[NDArray[np.float64]]
    scale: SeriesScale
    names: list[Hashable]
    ends: pd.Index
    lengths: NDArray[np.intp]
    learned: NDArray[np.bool_]
    settled: NDArray[np.bool_]
    step: Any
    has_index: bool
    past: tuple[int, ...] = ()

    @classmethod
    def at_end(cls, series: SeriesRows, n_past: int, scale: SeriesScale) -> Origin:
        """Return the origin at the end of each series.

        Parameters
        ----------
        series : SeriesRows
            The series.
        n_past : int
            Rows to keep of each series. Where its last run is shorter, the targets
            before it are NaN.
        scale : SeriesScale
            Scale of the transformed targets.
        """
        lengths = series.last_lengths
        stops = series.stops[series.last_runs]
        rows = stops[:, None] + np.arange(-n_past, 0)
        before_run = (np.arange(-n_past, 0) < -lengths[:, None])[:, :, None]
        # Negative numbers would count from the end. Any row will do in their place,
        # because its values become NaN.
        rows = np.where(before_run[:, :, 0], 0, rows)
        last_rows = np.where(lengths > 0, stops - 1, _latest_row(series))
        return cls(
            targets=np.where(before_run, np.nan, series.targets[rows]),
            known=np.where(before_run, np.nan, series.known[rows]),
            known_after=_known_after(series, last_rows),
            scale=scale,
            names=series.names,
            ends=series.stamps.take(last_rows),
            lengths=lengths,
            learned=np.zeros(len(series), dtype=bool),
            settled=np.zeros(len(series), dtype=bool),
            step=series.step,
            has_index=series.has_index,
            past=series.past,
        )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_after(self) -> NDArray[np.intp]:
        """Number of steps from the last observed row of each series to its last row."""
        return np.array([len(rows) for rows in self.known_after], dtype=np.intp)

    @property
    def n_ahead(self) -> int:
        """Number of columns that are known in advance."""
        return int(self.known.shape[2]) - len(self.past)

    def ahead_of(self, code: int) -> NDArray[np.float64]:
        """Return the columns known in advance of the steps after a series."""
        return known_in_advance(self.known_after[code], self.past)

    def take(self, codes: NDArray[np.intp]) -> Origin:
        """Return the origin of the series with these numbers."""
        return replace(
            self,
            targets=self.targets[codes],
            known=self.known[codes],
            known_after=[self.known_after[code] for code in codes],
            scale=self.scale.take(codes),
            names=[self.names[code] for code in codes],
            ends=self.ends.take(codes),
            lengths=self.lengths[codes],
            learned=self.learned[codes],
            settled=self.settled[codes],
        )

    def mark_learned(self, codes: NDArray[np.intp]) -> Origin:
        """Return the origin after windows of series, by number, were learned."""
        return replace(self, learned=np.isin(np.arange(len(self)), codes))

    def with_series(self, names: list[Hashable]) -> Origin:
        """Return the origin with new series, of which nothing is known yet."""
        n_new, n_known = len(names), self.known.shape[2]

        def append(values: NDArray[Any], fill: Any) -> NDArray[Any]:
            new = np.full((n_new, *values.shape[1:]), fill, dtype=values.dtype)
            return np.concatenate([values, new])

        scale = self.scale
        return replace(
            self,
            targets=append(self.targets, np.nan),
            known=append(self.known, np.nan),
            known_after=[*self.known_after, *[np.empty((0, n_known))] * n_new],
            scale=SeriesScale(append(scale.centre, 0.0), append(scale.spread, 1.0)),
            names=[*self.names, *names],
            ends=self.ends.append(self.ends[[int(self.ends.argmax())] * n_new]),
            lengths=append(self.lengths, 0),
            learned=append(self.learned, False),
            settled=append(self.settled, False),
        )

    def stamps(self, n_steps: int, code: int = 0) -> pd.Index:
        """Return the stamps of the rows that follow a series."""
        return stamps_ahead(self.ends, self.step, n_steps, code)

    def index_ahead(
        self, n_steps: int, names: list[Hashable], *, wide: bool
    ) -> pd.Index | None:
        """Return the index of the rows that follow; None if the data has no index.

        Parameters
        ----------
        n_steps : int
            Number of rows of each series.
        names : list of hashable
            Names of the levels of the index.
        wide : bool
            Whether the series lie side by side. The rows then follow the latest end.
        """
        if not self.has_index:
            return None
        if wide or self.names == [None]:
            return self.stamps(n_steps, int(self.ends.argmax()))
        return index_ahead(self.ends, self.step, n_steps, self.names, names)


def _latest_row(series: SeriesRows) -> int:
    """Return the row with the latest stamp among the ends of series."""
    last_rows = series.stops[series.last_runs[series.last_runs >= 0]] - 1
    return int(last_rows[series.stamps.take(last_rows).argmax()])


def _known_after(
    series: SeriesRows, last_rows: NDArray[np.intp]
) -> list[NDArray[np.float64]]:
    """Lay out by step the columns of the rows behind the ends of series.

    The end of a series may be a row of another. Rows that no whole number of steps
    leads to are left out.
    """
    codes = np.arange(len(series))
    starts, stops = last_rows + 1, np.searchsorted(series.codes, codes, side="right")
    for code in np.flatnonzero(series.last_runs < 0):
        first = int(np.searchsorted(series.codes, code))
        stamps = series.stamps[first : stops[code]]
        starts[code] = first + stamps.searchsorted(
            series.stamps[last_rows[code]], side="right"
        )
    spans = list(zip(starts, stops, strict=True))
    if not series.has_index or not series.known.shape[1]:
        return [series.known[start:stop] for start, stop in spans]
    # Many series end together, with the same rows behind; these are counted once.
    counted: dict[tuple[Any, ...], NDArray[np.intp]] = {(): np.empty(0, np.intp)}
    known_after = []
    for last_row, (start, stop) in zip(last_rows, spans, strict=True):
        end, behind = series.stamps[[last_row]], series.stamps[start:stop]
        key = (end[0], *behind) if stop > start else ()
        if key not in counted:
            counted[key] = count_steps(end, series.step, behind)
        known_after.append(_by_step(series.known[start:stop], counted[key]))
    return known_after


def _by_step(
    known: NDArray[np.float64], steps: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Put rows at their steps, which are counted from 1 and below that if unknown."""
    laid_out = np.full((int(steps.max(initial=0)), known.shape[1]), np.nan)
    on_step = steps > 0
    laid_out[steps[on_step] - 1] = known[on_step]
    return laid_out
