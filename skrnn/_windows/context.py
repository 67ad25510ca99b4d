"""What a transformer remembers of the rows it was fitted on: the end of each run."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.matching import match_index
from skrnn._index.runs import RunTable
from skrnn._index.steps import on_clock, slack_of, step_after
from skrnn._serialization.plain import cut_apart, lay_end_to_end, stored

__all__ = ["Past"]


@stored
class Past:
    """The last rows of every run, found again by the stamp that follows them.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Rows seen in `fit`, in the caller's order.
    runs : RunTable
        Their runs.
    reach : int
        Rows to keep of each run.
    always : bool
        Whether a plain array counts as the continuation of these rows.
    """

    def __init__(
        self, rows: NDArray[Any], runs: RunTable, reach: int, always: bool
    ) -> None:
        self.step = runs.step
        self._kind = None if runs.stamps is None else runs.stamps[:0]
        self._tails = [_tail(rows, runs, run, reach) for run in range(len(runs))]
        self._follow_ups = _follow_ups(runs)
        self._slack = None
        if runs.stamps is not None and runs.step is not None:
            self._slack = slack_of(runs.stamps, runs.step)
        # Rows that were fitted on have no past; without stamps only their bytes tell.
        # And of several series an array continues none.
        self._digest = _digest(rows) if always and len(set(runs.series)) == 1 else None

    def stored_fields(self) -> dict[str, Any]:
        """Give what is remembered in few arrays, however many the runs are."""
        ticks = [ticks for ticks, _ in self._follow_ups.values()]
        return {
            "step": self.step,
            "kind": self._kind,
            "tails": lay_end_to_end(self._tails),
            "series": list(self._follow_ups),
            "follow_ups": ticks[0].append(ticks[1:]) if ticks else None,
            "runs": lay_end_to_end([runs for _, runs in self._follow_ups.values()]),
            "slack": self._slack,
            "digest": self._digest,
        }

    @classmethod
    def from_fields(
        cls,
        *,
        step: Any,
        kind: pd.Index | None,
        tails: Any,
        series: list[Hashable],
        follow_ups: pd.Index | None,
        runs: Any,
        slack: Any,
        digest: bytes | None,
    ) -> Past:
        """Take what `stored_fields` gives."""
        past = cls.__new__(cls)
        past.step, past._slack, past._digest = step, slack, digest
        past._kind, past._tails = kind, cut_apart(*tails)
        own = cut_apart(*runs)
        places = cut_apart(np.arange(sum(map(len, own))), runs[1])
        past._follow_ups = {}
        if follow_ups is not None:
            ticks = [follow_ups[rows] for rows in places]
            known = zip(series, ticks, own, strict=True)
            past._follow_ups = {name: (each, own) for name, each, own in known}
        return past

    def match(self, index: pd.Index | None) -> pd.Index | None:
        """Express an index as the one seen in `fit`; None stays None."""
        if index is None or self._kind is None:
            return index
        return match_index(index, self._kind)

    def heads(self, rows: NDArray[Any], runs: RunTable) -> dict[int, NDArray[Any]]:
        """Find the rows which precede each run, by the number of the run.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            Rows passed to `transform`.
        runs : RunTable
            Their runs, on stamps that `match` has returned.
        """
        if runs.stamps is None:
            if self._digest is None or self._digest == _digest(rows):
                return {}
            return {0: self._tails[-1]}
        heads = {}
        firsts = on_clock(runs.first_stamps, self.step)
        for series, own_runs in _by_series(runs).items():
            if series not in self._follow_ups:
                continue
            stamps, known_runs = self._follow_ups[series]
            found = _locate(firsts[own_runs], stamps, self._slack)
            for run, place in zip(own_runs, found, strict=True):
                if place >= 0:
                    heads[run] = self._tails[known_runs[place]]
        return heads


def _tail(rows: NDArray[Any], runs: RunTable, run: int, reach: int) -> NDArray[Any]:
    """Copy the last rows of a run."""
    of_run = rows[runs.rows_of(run)]
    return of_run[max(len(of_run) - reach, 0) :].copy()


def _follow_ups(
    runs: RunTable,
) -> dict[Hashable, tuple[pd.Index, NDArray[np.intp]]]:
    """Give, for each series, the ticks of the clock after its runs, and the runs."""
    if runs.stamps is None or runs.step is None:
        return {}
    follow_ups = step_after(on_clock(runs.last_stamps, runs.step), runs.step)
    return {name: (follow_ups[own], own) for name, own in _by_series(runs).items()}


def _by_series(runs: RunTable) -> dict[Hashable, NDArray[np.intp]]:
    """Give the numbers of the runs of each series."""
    grouped: dict[Hashable, list[int]] = {}
    for run, series in enumerate(runs.series):
        grouped.setdefault(series, []).append(run)
    return {series: np.array(own, dtype=np.intp) for series, own in grouped.items()}


def _locate(stamps: pd.Index, among: pd.Index, slack: Any) -> NDArray[np.intp]:
    """Find stamps among others, to within the slack; -1 where absent."""
    if slack is None:
        return among.get_indexer(stamps)
    return among.get_indexer(stamps, method="nearest", tolerance=slack)


def _digest(rows: NDArray[Any]) -> bytes:
    """Identify rows by their values."""
    return hashlib.sha256(np.ascontiguousarray(rows).tobytes()).digest()
