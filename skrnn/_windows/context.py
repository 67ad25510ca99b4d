"""The context of runs: the rows before them that a transformer remembers from `fit`."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.matching import match_index
from skrnn._index.runs import Runs
from skrnn._index.steps import on_clock, step_after, tolerance_of
from skrnn._serialization.plain import stored

__all__ = ["Context"]


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
    def of(cls, rows: NDArray[Any], runs: Runs, n_kept: int, always: bool) -> Context:
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
        """
        tails = [_tail(rows, runs, run, n_kept) for run in range(len(runs))]
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


def _tail(rows: NDArray[Any], runs: Runs, run: int, n_kept: int) -> NDArray[Any]:
    """Copy the last rows of a run; a view would keep all rows in memory."""
    own = rows[runs.rows_of(run)]
    return own[max(len(own) - n_kept, 0) :].copy()


def _locate(stamps: pd.Index, among: pd.Index, tolerance: Any) -> NDArray[np.intp]:
    """Find stamps among others, to within the tolerance; -1 where absent."""
    if tolerance is None:
        return among.get_indexer(stamps)
    return among.get_indexer(stamps, method="nearest", tolerance=tolerance)


def _digest(rows: NDArray[Any]) -> bytes:
    """Return a hash of rows; storing the rows themselves would cost their memory."""
    return hashlib.sha256(np.ascontiguousarray(rows).tobytes()).digest()
