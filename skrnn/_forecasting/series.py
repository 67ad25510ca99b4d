"""The rows of one or many series, sorted by series and cut into runs."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.runs import Runs, split_runs

__all__ = ["SeriesRows", "series_from_arrays", "series_from_long", "series_from_wide"]


@dataclass(frozen=True)
class SeriesRows:
    """Rows of series, those of a series together and in time order.

    Parameters
    ----------
    targets : ndarray of shape (n_rows, n_targets)
        What is forecast; NaN where it was not observed.
    known : ndarray of shape (n_rows, n_known)
        Columns of X.
    codes : ndarray of shape (n_rows,)
        Number of the series of each row, its place in `names`.
    names : list of hashable
        Names of the series; ``[None]`` for a single series.
    stamps : pandas.Index
        Stamp of each row; row numbers from 0 if the data has no index.
    has_index : bool
        Whether the data has an index.
    step : offset, Timedelta, number or None
        Distance from one row to the next.
    starts, stops : ndarray of shape (n_runs,)
        First row of each run and the row after its last one. The first and the last
        row of a run have at least one observed target.
    source : str, default=""
        Where the step comes from, in words that follow "a step of 1 day, ".
    past : tuple of int, default=()
        Places in `known` of the columns that are not known in advance.
    weights : ndarray of shape (n_rows,) or None, default=None
        Weights of the rows to learn from.
    """

    targets: NDArray[np.float64]
    known: NDArray[np.float64]
    codes: NDArray[np.intp]
    names: list[Hashable]
    stamps: pd.Index
    has_index: bool
    step: Any
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]
    source: str = ""
    past: tuple[int, ...] = ()
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_rows(self) -> int:
        """Number of rows, including those without an observed target."""
        return len(self.targets)

    @property
    def lengths(self) -> NDArray[np.intp]:
        """Number of rows of each run."""
        return self.stops - self.starts

    @property
    def last_runs(self) -> NDArray[np.intp]:
        """Number of the last run of each series; -1 for a series without runs."""
        last = np.full(len(self), -1, dtype=np.intp)
        last[self.codes[self.starts]] = np.arange(len(self.starts))
        return last

    @property
    def last_lengths(self) -> NDArray[np.intp]:
        """Number of rows of the last run of each series; 0 for a series without."""
        return np.append(self.lengths, 0)[self.last_runs]

    def in_runs(self) -> NDArray[np.bool_]:
        """Return whether each row belongs to a run."""
        edges = np.zeros(self.n_rows + 1, dtype=np.intp)
        np.add.at(edges, self.starts, 1)
        np.add.at(edges, self.stops, -1)
        return edges[:-1].cumsum() > 0

    @property
    def longest_runs(self) -> NDArray[np.intp]:
        """Number of rows of the longest run of each series; 0 for a series without."""
        longest = np.zeros(len(self), dtype=np.intp)
        np.maximum.at(longest, self.codes[self.starts], self.lengths)
        return longest

    def begin_missing(self, n_rows: int) -> SeriesRows:
        """Let the first run of each series begin with rows of NaN."""
        first_runs = np.unique(self.codes[self.starts], return_index=True)[1]
        n_copies = np.ones(self.n_rows, dtype=np.intp)
        n_copies[self.starts[first_runs]] += n_rows
        places = n_copies.cumsum() - 1
        is_new = np.ones(int(n_copies.sum()), dtype=bool)
        is_new[places] = False

        def spread_out(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.where(
                is_new[:, None], np.nan, np.repeat(values, n_copies, axis=0)
            )

        starts = places[self.starts]
        starts[first_runs] -= n_rows
        return replace(
            self,
            targets=spread_out(self.targets),
            known=spread_out(self.known),
            codes=np.repeat(self.codes, n_copies),
            stamps=self.stamps.repeat(n_copies),
            starts=starts,
            stops=places[self.stops - 1] + 1,
            weights=self.repeat_weights(n_copies),
        )

    def repeat_weights(self, n_copies: NDArray[np.intp]) -> NDArray[np.float64] | None:
        """Return the weights of rows that are repeated, if there are any."""
        return None if self.weights is None else np.repeat(self.weights, n_copies)

    def before_last(self, n_rows: int) -> SeriesRows:
        """Shorten the runs by the last `n_rows` rows up to the end of each series."""
        last = self.last_runs
        ends = np.where(last >= 0, self.stops[last], 0) - n_rows
        stops = np.minimum(self.stops, ends[self.codes[self.starts]])
        kept = stops > self.starts
        return replace(self, starts=self.starts[kept], stops=stops[kept])

    def after_first(self, n_rows: int) -> SeriesRows:
        """Shorten each run by its first `n_rows` rows."""
        kept = self.lengths > n_rows
        return replace(self, starts=self.starts[kept] + n_rows, stops=self.stops[kept])

    def missing_in_runs(self) -> NDArray[np.bool_]:
        """Return whether a target is missing, of each row that lies in a run."""
        missing = np.isnan(self.targets[self.in_runs()])
        return np.asarray(missing.any(axis=1))

    def whole_windows(self, window: int, horizon: int) -> NDArray[np.intp]:
        """Return the first rows of windows that lie in one run with their horizon.

        Windows nearest to the end of their series come last, because a validation
        split takes the last samples.
        """
        counts = np.maximum(self.lengths - (window + horizon - 1), 0)
        ranges = zip(self.starts, counts, strict=True)
        starts = [start + np.arange(count) for start, count in ranges]
        found = np.concatenate(starts) if starts else np.empty(0, dtype=np.intp)
        if len(self) == 1 or not len(found):
            return found
        # Series may end at different times, so windows are compared by their distance
        # from the end of their own series.
        ends = self.stops[self.last_runs][self.codes[found]]
        return found[np.argsort(found - ends, kind="stable")]


def series_from_long(
    targets: NDArray[np.float64],
    known: NDArray[np.float64],
    index: pd.Index | None,
    step: Any = None,
    *,
    freq: Any = None,
) -> SeriesRows:
    """Sort the rows of a long table by series.

    The first levels of a MultiIndex name the series; any other index is that of one
    series.

    Raises
    ------
    ValueError
        If stamps are missing, unsorted, duplicated or closer together than `step`, or
        nothing is observed.
    TypeError
        If the index has no spacing, such as one of strings.
    """
    runs = split_runs(index, len(targets), step, freq=freq)
    if runs.order is not None:
        targets, known = targets[runs.order], known[runs.order]
    names = list(dict.fromkeys(runs.series))
    number = {name: i for i, name in enumerate(names)}
    run_codes = np.array([number[name] for name in runs.series], dtype=np.intp)
    codes = np.repeat(run_codes, runs.lengths)
    stamps = pd.RangeIndex(len(targets)) if runs.stamps is None else runs.stamps
    return _trim_runs(targets, known, codes, names, stamps, index is not None, runs)


def series_from_wide(
    targets: NDArray[np.float64],
    known: NDArray[np.float64],
    index: pd.Index | None,
    names: list[Hashable],
    step: Any = None,
    *,
    freq: Any = None,
) -> SeriesRows:
    """Concatenate the columns of a wide table, each of which is a series.

    Parameters
    ----------
    targets : ndarray of shape (n_rows, n_series)
        One column for each series.
    known : ndarray of shape (n_rows, n_known)
        Columns known in advance, the same for all series.
    index : pandas.Index or None
        Stamps of the rows.
    names : list of hashable
        Names of the columns.
    step : offset, Timedelta, number or None
        Distance from one row to the next that `fit` has found; None takes `freq`.
    freq : str, offset, timedelta, number or None, default=None
        Distance that the caller names; None infers it.
    """
    n_rows, n_series = targets.shape
    runs = split_runs(index, n_rows, step, freq=freq)
    stamps = pd.RangeIndex(n_rows) if index is None else index
    offsets = np.arange(n_series) * n_rows
    stacked = Runs(
        (offsets[:, None] + runs.starts).ravel(),
        np.tile(runs.lengths, n_series),
        None,
        [],
        None,
        runs.step,
        runs.source,
    )
    return _trim_runs(
        targets.T.reshape(-1, 1),
        np.tile(known, (n_series, 1)),
        np.repeat(np.arange(n_series), n_rows),
        names,
        stamps.take(np.tile(np.arange(n_rows), n_series)),
        index is not None,
        stacked,
    )


def series_from_arrays(
    targets: list[NDArray[np.float64]], known: list[NDArray[np.float64]]
) -> SeriesRows:
    """Concatenate rows of several series, each of which is one run.

    Parameters
    ----------
    targets : list of ndarray of shape (n_rows, n_targets)
        What is forecast of each series. Its run begins with the first row that has an
        observed value.
    known : list of ndarray of shape (n_rows, n_known)
        Columns known in advance of each series.
    """
    # Rows that are missing are NaN here, so there is no hole to find by an index.
    lengths = np.array([len(rows) for rows in targets], dtype=np.intp)
    stops = lengths.cumsum()
    observed = [~np.isnan(rows).all(axis=1) for rows in targets]
    first = np.array([rows.argmax() for rows in observed], dtype=np.intp)
    return SeriesRows(
        targets=np.concatenate(targets),
        known=np.concatenate(known),
        codes=np.repeat(np.arange(len(targets)), lengths),
        names=list(range(len(targets))),
        stamps=pd.RangeIndex(stops[-1]),
        has_index=False,
        step=1,
        starts=stops - lengths + first,
        stops=stops,
    )


def _trim_runs(
    targets: NDArray[np.float64],
    known: NDArray[np.float64],
    codes: NDArray[np.intp],
    names: list[Hashable],
    stamps: pd.Index,
    has_index: bool,
    runs: Runs,
) -> SeriesRows:
    """Drop the rows without any observed target from both ends of each run."""
    # Short columns of a wide table begin or end with NaN, and forecasts start after the
    # last row that was observed.
    observed = np.flatnonzero(~np.isnan(targets).all(axis=1))
    first = np.searchsorted(observed, runs.starts)
    after = np.searchsorted(observed, runs.starts + runs.lengths)
    kept = after > first
    starts, stops = observed[first[kept]], observed[after[kept] - 1] + 1
    step = runs.step if has_index else 1
    series = SeriesRows(
        targets,
        known,
        codes,
        names,
        stamps,
        has_index,
        step,
        starts,
        stops,
        runs.source,
    )
    _check_observed(series)
    return series


def _check_observed(series: SeriesRows) -> None:
    """Raise if no series has an observed value."""
    if not len(series.starts):
        raise ValueError(
            "y must have a value. Got NaN in each row; pass what was observed."
        )
