"""Where forecasts start: the last rows of each series, and their place in time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.matching import match_index
from skrnn._index.runs import split_runs
from skrnn._index.steps import count_steps, stamps_after
from skrnn._serialization.plain import stored

from .request import Request
from .series import Panel

__all__ = ["Origin"]


def as_tuple(name: Hashable) -> tuple[Hashable, ...]:
    """Give the name of a series by levels of an index."""
    return name if isinstance(name, tuple) else (name,)


@stored(
    "Origin",
    {
        "targets": "targets",
        "known": "known",
        "beyond": "beyond",
        "centre": "centre",
        "spread": "spread",
        "names": "names",
        "ends": "ends",
        "step": "step",
        "has_index": "has_index",
    },
    ragged=("beyond",),
)
@dataclass(frozen=True)
class Origin:
    """Where forecasts start: the last rows of each series, and their place in time.

    Parameters
    ----------
    targets : ndarray of shape (n_series, n_past, n_targets)
        The rows up to the last one of which something is observed; NaN before the
        first row of a series.
    known : ndarray of shape (n_series, n_past, n_known)
        Their columns known in advance.
    beyond : list of ndarray of shape (n_rows, n_known)
        For each series the columns of the rows behind, of which nothing is observed.
    centre, spread : ndarray of shape (n_series, n_targets)
        What the transformed targets of each series are normalised by.
    names : list of hashable
        Names of the series; one that is None for a single series.
    ends : pandas.Index of length n_series
        Stamps of the last rows. Without an index of the caller's they count rows from
        0.
    step : offset, Timedelta, number or None
        Distance of neighbouring rows.
    has_index : bool
        Whether the caller has an index.
    """

    targets: NDArray[np.float64]
    known: NDArray[np.float64]
    beyond: list[NDArray[np.float64]]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    names: list[Hashable]
    ends: pd.Index
    step: Any
    has_index: bool

    @classmethod
    def of(
        cls,
        panel: Panel,
        n_past: int,
        levels: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> Origin:
        """Keep the ends of series.

        Parameters
        ----------
        panel : Panel
            The series.
        n_past : int
            Rows to keep; NaN where the last run of a series is shorter.
        levels : tuple of two ndarray of shape (n_series, n_targets)
            Centre and spread of each series.
        """
        stops = panel.stops[panel.last_runs]
        rows = stops[:, None] + np.arange(-n_past, 0)
        before = rows < panel.starts[panel.last_runs][:, None]
        rows = np.where(before, 0, rows)
        after = np.searchsorted(panel.codes, np.arange(len(panel)), side="right")
        beyond = [panel.known[a:b] for a, b in zip(stops, after, strict=True)]
        return cls(
            targets=np.where(before[:, :, None], np.nan, panel.targets[rows]),
            known=panel.known[rows],
            beyond=beyond,
            centre=levels[0],
            spread=levels[1],
            names=panel.names,
            ends=panel.stamps.take(stops - 1),
            step=panel.step,
            has_index=panel.has_index,
        )

    def __len__(self) -> int:
        return len(self.names)

    def take(self, series: NDArray[np.intp]) -> Origin:
        """Keep some series."""
        return replace(
            self,
            targets=self.targets[series],
            known=self.known[series],
            beyond=[self.beyond[i] for i in series],
            centre=self.centre[series],
            spread=self.spread[series],
            names=[self.names[i] for i in series],
            ends=self.ends.take(series),
        )

    def followed_by(
        self, request: Request, targets: NDArray[np.float64]
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Put more rows behind those of series, NaN where one is missing.

        Parameters
        ----------
        request : Request
            The place of these rows, and their columns known in advance.
        targets : ndarray of shape (n_rows, n_targets)
            What was observed.

        Returns
        -------
        stretches : list of tuple of two ndarray
            Targets and known columns of each series in the request.
        """
        shape = *request.known.shape[:2], targets.shape[1]
        more = np.full(shape, np.nan)
        more[request.place, request.steps - 1] = targets
        rows = zip(request.series, request.n_steps, more, request.known, strict=True)
        return [
            (
                np.concatenate([self.targets[i], observed[:n_steps]]),
                np.concatenate([self.known[i], columns[:n_steps]]),
            )
            for i, n_steps, observed, columns in rows
        ]

    def moved_on(
        self,
        request: Request,
        stretches: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
    ) -> Origin:
        """Start behind the last observed row of what `followed_by` gives."""
        n_past = self.targets.shape[1]
        targets, known, beyond = self.targets.copy(), self.known.copy(), [*self.beyond]
        ends, groups = list(self.ends), self.ends.factorize()[0]
        moved: dict[tuple[int, int], Any] = {}
        for i, (rows, columns) in zip(request.series, stretches, strict=True):
            stop = int(np.flatnonzero(~np.isnan(rows).all(axis=1))[-1]) + 1
            last = slice(stop - n_past, stop)
            targets[i], known[i], beyond[i] = rows[last], columns[last], columns[stop:]
            if stop > n_past:
                # Many series that end together move on together.
                move = int(groups[i]), stop - n_past
                if move not in moved:
                    moved[move] = self.stamps(stop - n_past, i)[-1]
                ends[i] = moved[move]
        index: Any = pd.Index(ends, name=self.ends.name)
        if isinstance(self.ends, pd.DatetimeIndex) and len(self) == 1:
            index.freq = self.ends.freq
        return replace(self, targets=targets, known=known, beyond=beyond, ends=index)

    def stamps(self, n_steps: int, series: int = 0) -> pd.Index:
        """Give the stamps of the rows that follow in a series."""
        stamps: Any = stamps_after(self.ends[series], self.step, n_steps)
        stamps = stamps.rename(self.ends.name)
        if isinstance(self.ends, pd.DatetimeIndex) and self.ends.tz is None:
            stamps.freq = self.ends.freq
        return stamps

    def index_ahead(
        self, n_steps: int, names: list[Hashable], *, together: bool
    ) -> pd.Index | None:
        """Give the index of the rows that follow; None without an index.

        Parameters
        ----------
        n_steps : int
            Rows of each series.
        names : list of hashable
            Names of the levels.
        together : bool
            Whether the series share their rows, which then follow the last end.
        """
        if not self.has_index:
            return None
        if together or self.names == [None]:
            return self.stamps(n_steps, int(self.ends.argmax()))
        groups, _ = self.ends.factorize()
        _, first = np.unique(groups, return_index=True)
        blocks = [self.stamps(n_steps, series) for series in first]
        rows = groups[:, None] * n_steps + np.arange(n_steps)
        stamps = blocks[0].append(blocks[1:]).take(rows.ravel())
        levels = zip(*map(as_tuple, self.names), strict=True)
        of_rows = [pd.Index(level).repeat(n_steps) for level in levels]
        if len(names) <= len(of_rows):  # Learned from one series, which has no name.
            names = [*[None] * len(of_rows), self.ends.name]
        return pd.MultiIndex.from_arrays([*of_rows, stamps], names=names)

    def next_rows(self, n_steps: int) -> Request:
        """Ask for the rows that follow each series."""
        series = np.repeat(np.arange(len(self)), n_steps)
        steps = np.tile(np.arange(1, n_steps + 1), len(self))
        if not self.has_index:
            steps += self._n_beyond[series]
        return Request.of(self.beyond, series, steps, np.empty((len(steps), 0)))

    def request(
        self, index: pd.Index | None, known: NDArray[np.float64], *, each: bool
    ) -> Request:
        """Find the rows of X.

        Parameters
        ----------
        index : pandas.Index or None
            Their stamps and, in a MultiIndex, the names of their series. None for rows
            that follow those seen in `fit`.
        known : ndarray of shape (n_rows, n_known)
            Their columns known in advance.
        each : bool
            Whether the rows are those of each series.

        Raises
        ------
        ValueError
            If they do not follow, or one is missing that has columns known in advance.
        """
        n_rows = len(known)
        if each and isinstance(index, pd.MultiIndex):
            raise ValueError(
                "With columns='series' the rows of X are those of each series, and its "
                "index is time alone. Got a MultiIndex instead; drop its other levels."
            )
        if each:
            known = np.tile(known, (len(self), 1))
            series = np.repeat(np.arange(len(self)), n_rows)
        else:
            series = self._series_of(index, n_rows)
        if index is None:
            steps = np.arange(len(series)) % n_rows + 1
            steps += self._n_beyond[series]
        else:
            steps = self._steps_to(index, series)
        order = np.lexsort((steps, series))
        self._check_no_hole(series[order], steps[order], known.shape[1])
        return Request.of(self.beyond, series, steps, known)

    @property
    def _n_beyond(self) -> NDArray[np.intp]:
        return np.array([len(rows) for rows in self.beyond], dtype=np.intp)

    def _series_of(self, index: pd.Index | None, n_rows: int) -> NDArray[np.intp]:
        """Give the number of the series of each row."""
        several = isinstance(index, pd.MultiIndex)
        if several != (self.names != [None]):
            raise ValueError(
                "X must name the series of each row in the first levels of a "
                "MultiIndex, time in the last one, if and only if y did so in fit, or "
                f"in history. Got {'a MultiIndex' if several else 'none'} instead."
            )
        if index is None or not isinstance(index, pd.MultiIndex):
            return np.zeros(n_rows, dtype=np.intp)
        codes, names = index.droplevel(-1).factorize()
        number = {name: i for i, name in enumerate(self.names)}
        unseen = [name for name in names if name not in number]
        if unseen:
            raise ValueError(
                f"X has rows of the series {unseen[0]!r}, which fit has not seen, or "
                "history in its place; pass its past as history, or leave it out."
            )
        return np.array([number[name] for name in names], dtype=np.intp)[codes]

    def _steps_to(self, index: pd.Index, series: NDArray[np.intp]) -> NDArray[np.intp]:
        """Count the steps from the last row of its series to each stamp."""
        index = self._match(index)
        split_runs(index, len(index), self.step)
        stamps = index.get_level_values(-1)
        stamps = stamps.take(np.arange(len(series)) % len(stamps))
        steps = np.empty(len(stamps), dtype=np.intp)
        groups, _ = self.ends.factorize()
        for group in np.unique(groups[series]):
            mine = groups[series] == group
            end = self.ends[[int(np.argmax(groups == group))]]
            codes, targets = stamps[mine].factorize(sort=True)
            steps[mine] = self._steps_from(end, targets)[codes]
        return steps

    def _steps_from(self, end: pd.Index, stamps: pd.Index) -> NDArray[np.intp]:
        last = end[0]
        if stamps[0] <= last:
            raise ValueError(
                f"X must follow the rows seen in fit, the last of which is {last}. Got "
                f"{stamps[0]}; drop such rows from X, fit on rows before them, use "
                "forecast(n_steps), or pass X.to_numpy() if the rows do follow."
            )
        steps = count_steps(end, self.step, stamps)
        if (steps < 0).any():
            stamp = stamps[int(np.argmax(steps < 0))]
            raise ValueError(
                f"The index of X has the stamp {stamp}, which no whole number of steps "
                f"of {self.step} leads to from the last stamp seen in fit, {last}; "
                "resample X to that spacing."
            )
        return steps

    def _check_no_hole(
        self, series: NDArray[np.intp], steps: NDArray[np.intp], n_known: int
    ) -> None:
        """Refuse sorted steps that leave one out whose columns are inputs."""
        if n_known == 0:
            return
        first = np.append(True, series[1:] != series[:-1])
        before = np.where(first, 0, np.roll(steps, 1))
        before = np.maximum(before, np.minimum(self._n_beyond[series], steps - 1))
        leaps = steps > before + 1
        if leaps.any():
            row = int(np.argmax(leaps))
            missing = self.stamps(int(before[row]) + 1, int(series[row]))[-1]
            name = self.names[series[row]]
            of_series = "" if name is None else f" of series {name!r}"
            raise ValueError(
                "X must have a row for each step, because its columns are inputs of "
                f"the forecast. Got none for {missing}{of_series}; add the rows that "
                "are missing, or fit with exogenous=False."
            )

    def _match(self, index: pd.Index) -> pd.Index:
        stamps = index.get_level_values(-1)
        if not self.has_index and not pd.api.types.is_numeric_dtype(stamps):
            raise ValueError(
                "X must have an index that counts rows, because fit saw arrays, whose "
                f"last row is {self.ends[0]}. Got dtype {stamps.dtype} instead; fit on "
                "pandas objects, or pass X.to_numpy() if the rows do follow."
            )
        return match_index(index, self.ends)
