"""The context of runs: the rows before them that a transformer remembers from `fit`."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.holes import count_missing
from skrnn._index.matching import match_index
from skrnn._index.runs import Runs
from skrnn._index.steps import on_clock, step_after, tolerance_of
from skrnn._serialization.plain import stored

__all__ = ["Context", "End", "bridge_holes"]


@dataclass(frozen=True)
class End:
    """The end of a run.

    Parameters
    ----------
    follow_up : pandas.Index of length 1
        The stamp that follows, as `on_clock` returns it.
    tail : ndarray of shape (n_kept, n_features)
        The last rows.
    """

    follow_up: pd.Index
    tail: NDArray[Any]


@stored(
    "Context",
    {
        "step": "step",
        "like": "like",
        "tails": "tails",
        "series": "series",
        "runs": "runs",
        "follow_ups": "follow_ups",
        "tolerance": "tolerance",
        "digest": "digest",
    },
    ragged=("tails", "runs"),
)
@dataclass(frozen=True)
class Context:
    """The last rows of every run, found again by the stamp that follows them.

    Parameters
    ----------
    step : offset, Timedelta, number or None
        Distance of neighbouring rows.
    like : pandas.Index of length 0 or None
        An index of the kind and time zone of the stamps; None for a plain array.
    tails : list of ndarray of shape (n_kept, n_features)
        Last rows of each run.
    series : list of hashable
        Names of the series; none if the runs have no stamps that could follow.
    runs : list of ndarray of shape (n_runs_of_series,)
        Numbers of the runs of each series.
    follow_ups : pandas.Index of length n_runs or None
        Stamps that follow the runs, as `on_clock` returns them, series by series.
    tolerance : Timedelta, number or None
        How far a stamp may lie from the one that is expected; None for not at all.
    digest : bytes or None
        Hash of the rows seen in `fit`, if a plain array counts as their continuation.
    """

    step: Any
    like: pd.Index | None
    tails: list[NDArray[Any]]
    series: list[Hashable]
    runs: list[NDArray[np.intp]]
    follow_ups: pd.Index | None
    tolerance: Any
    digest: bytes | None

    @classmethod
    def of(
        cls,
        rows: NDArray[Any],
        runs: Runs,
        n_kept: int,
        always: bool,
        before: dict[int, NDArray[Any]],
    ) -> Context:
        """Remember the ends of runs.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            Rows seen in `fit`, in the caller's order.
        runs : Runs
            Their runs.
        n_kept : int
            Rows to keep of each run.
        always : bool
            Whether a plain array counts as the continuation of these rows. Several
            series are not continued by an array, which names none.
        before : dict of int to ndarray
            Rows that precede runs, by the number of the run.
        """
        tails = [
            _tail(rows, runs, run, n_kept, before.get(run)) for run in range(len(runs))
        ]
        digest = _digest(rows) if always and len(set(runs.series)) == 1 else None
        like = None if runs.stamps is None else runs.stamps[:0]
        if runs.stamps is None or runs.step is None:
            return cls(runs.step, like, tails, [], [], None, None, digest)
        # One index for all runs, so that few arrays are stored however many they are.
        own = runs.by_series()
        follow_ups = step_after(on_clock(runs.last_stamps, runs.step), runs.step)
        return cls(
            step=runs.step,
            like=like,
            tails=tails,
            series=list(own),
            runs=list(own.values()),
            follow_ups=follow_ups.take(np.concatenate(list(own.values()))),
            tolerance=tolerance_of(runs.stamps, runs.step),
            digest=digest,
        )

    def match(self, index: pd.Index | None) -> pd.Index | None:
        """Express an index as the one seen in `fit`; None stays None."""
        if index is None or self.like is None:
            return index
        return match_index(index, self.like)

    def rows_before(self, rows: NDArray[Any], runs: Runs) -> dict[int, NDArray[Any]]:
        """Find the rows that precede each run, by the number of the run.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            Rows passed to `transform`.
        runs : Runs
            Their runs, on stamps that `match` has returned.
        """
        if runs.stamps is None:
            # The rows of `fit` do not follow themselves. Without stamps only their
            # bytes show that they are the same.
            continues = self.digest is not None and self.digest != _digest(rows)
            return {0: self.tails[-1]} if continues else {}
        found: dict[int, NDArray[Any]] = {}
        first = on_clock(runs.first_stamps, self.step)
        for series, own in runs.by_series().items():
            if series not in self._by_series:
                continue
            follow_ups, known = self._by_series[series]
            places = _locate(first[own], follow_ups, self.tolerance)
            follows = places >= 0
            for run, before in zip(own[follows], known[places[follows]], strict=True):
                found[run] = self.tails[before]
        return found

    def end_before(self, stamp: pd.Index, series: Hashable) -> End | None:
        """Return the last end of rows of a series that comes before a stamp.

        Parameters
        ----------
        stamp : pandas.Index of length 1
            The stamp, as `on_clock` returns it.
        series : hashable
            Name of the series.
        """
        if series not in self._by_series:
            return None
        follow_ups, known = self._by_series[series]
        place = int(follow_ups.searchsorted(stamp[0])) - 1
        if place < 0:
            return None
        return End(follow_ups[place : place + 1], self.tails[known[place]])

    def last_follow_up(self, series: Hashable) -> pd.Index | None:
        """Return the stamp that follows all rows of a series, None if there are none.

        It is an index of length 1, as `on_clock` returns it.
        """
        known = self._by_series.get(series)
        return None if known is None else known[0][-1:]

    def move_on(self, later: Context) -> Context:
        """Return the context after later rows; series that have none stay."""
        parts = [(self, name) for name in self.series if name not in later.series]
        parts += [(later, name) for name in later.series]
        tails: list[NDArray[Any]] = []
        runs: list[NDArray[np.intp]] = []
        for context, name in parts:
            known = context._by_series[name][1]
            runs.append(np.arange(len(tails), len(tails) + len(known)))
            tails += [context.tails[run] for run in known]
        follow_ups = [context._by_series[name][0] for context, name in parts]
        return replace(
            self,
            tails=tails or later.tails,
            series=[name for _, name in parts],
            runs=runs,
            follow_ups=follow_ups[0].append(follow_ups[1:]) if parts else None,
            digest=later.digest,
        )

    @cached_property
    def _by_series(self) -> dict[Hashable, tuple[pd.Index, NDArray[np.intp]]]:
        """The stamps that follow the runs of each series, and which runs these are."""
        if self.follow_ups is None:
            return {}
        stops = np.cumsum([len(own) for own in self.runs])
        return {
            name: (self.follow_ups[stop - len(own) : stop], own)
            for name, own, stop in zip(self.series, self.runs, stops, strict=True)
        }


def bridge_holes(
    context: Context | None,
    rows: NDArray[Any],
    runs: Runs,
    before: dict[int, NDArray[Any]],
    n_kept: int,
    max_hole: int,
) -> dict[int, NDArray[Any]]:
    """Let runs be preceded by the rows before a hole, and by missing rows in it.

    Parameters
    ----------
    context : Context or None
        What is remembered of rows seen earlier.
    rows : ndarray of shape (n_rows, n_features)
        Rows, in the caller's order.
    runs : Runs
        Their runs.
    before : dict of int to ndarray
        Rows that precede runs without a hole, by the number of the run.
    n_kept : int
        Rows that a window reaches back.
    max_hole : int
        Longest hole to be bridged, in rows.

    Returns
    -------
    before : dict of int to ndarray
        Rows that precede runs, NaN in holes.
    """
    if max_hole == 0 or runs.stamps is None or runs.step is None:
        return before
    found = dict(before)
    first = on_clock(runs.first_stamps, runs.step)
    follow_ups = step_after(on_clock(runs.last_stamps, runs.step), runs.step)
    for series, own in runs.by_series().items():
        previous: End | None = None
        for run in map(int, own):
            stamp = first[run : run + 1]
            if run not in found:
                seen = None if context is None else context.end_before(stamp, series)
                known = _over_hole(_later(seen, previous), stamp, runs.step, max_hole)
                found |= {} if known is None else {run: known}
            tail = _tail(rows, runs, run, n_kept, found.get(run))
            previous = End(follow_ups[run : run + 1], tail)
    return found


def _later(one: End | None, other: End | None) -> End | None:
    """Return the end that comes later; None if there is none."""
    ends = [end for end in (one, other) if end is not None]
    return max(ends, key=lambda end: end.follow_up[0], default=None)


def _over_hole(
    end: End | None, stamp: pd.Index, step: Any, max_hole: int
) -> NDArray[Any] | None:
    """Return the rows before a stamp, NaN where a hole is; None if it is too long."""
    if end is None:
        return None
    n_missing = 1 + int(count_missing(end.follow_up, stamp, step, max_hole - 1)[0])
    if n_missing == 0:
        return None
    return np.pad(end.tail, ((0, n_missing), (0, 0)), constant_values=np.nan)


def _tail(
    rows: NDArray[Any],
    runs: Runs,
    run: int,
    n_kept: int,
    before: NDArray[Any] | None,
) -> NDArray[Any]:
    """Copy the last rows of a run; a view would keep all rows in memory."""
    own = rows[runs.rows_of(run)]
    if before is not None and len(own) < n_kept:
        own = np.concatenate([before.astype(own.dtype), own])
    return own[max(len(own) - n_kept, 0) :].copy()


def _locate(stamps: pd.Index, among: pd.Index, tolerance: Any) -> NDArray[np.intp]:
    """Find stamps among others, to within the tolerance; -1 where absent."""
    if tolerance is None:
        return among.get_indexer(stamps)
    return among.get_indexer(stamps, method="nearest", tolerance=tolerance)


def _digest(rows: NDArray[Any]) -> bytes:
    """Return a hash of rows; storing the rows themselves would cost their memory."""
    return hashlib.sha256(np.ascontiguousarray(rows).tobytes()).digest()
