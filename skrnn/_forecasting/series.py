"""The rows of one or many series, as a forecaster learns from them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.runs import Runs, split_runs

__all__ = ["Panel", "panel_of_columns", "panel_of_rows", "panel_of_stretches"]


@dataclass(frozen=True)
class Panel:
    """Rows of series, those of a series together and in time order.

    Parameters
    ----------
    targets : ndarray of shape (n_rows, n_targets)
        What is forecast; NaN where it was not observed.
    known : ndarray of shape (n_rows, n_known)
        Columns known in advance.
    codes : ndarray of shape (n_rows,)
        Number of the series of each row.
    names : list of hashable
        Names of the series; one that is None for a single series.
    stamps : pandas.Index
        Stamp of each row; counts of rows from 0 where the caller has no index.
    has_index : bool
        Whether the caller has one.
    step : offset, Timedelta, number or None
        Distance of neighbouring rows.
    starts, stops : ndarray of shape (n_runs,)
        First row of each run and the row behind its last one. Runs begin and end with
        rows of which something is observed.
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

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_rows(self) -> int:
        """Rows, those of which nothing is observed included."""
        return len(self.targets)

    @property
    def lengths(self) -> NDArray[np.intp]:
        """Rows of each run."""
        return self.stops - self.starts

    @property
    def last_runs(self) -> NDArray[np.intp]:
        """Number of the last run of each series; -1 where a series has none."""
        last = np.full(len(self), -1, dtype=np.intp)
        last[self.codes[self.starts]] = np.arange(len(self.starts))
        return last

    def in_runs(self) -> NDArray[np.bool_]:
        """Tell which rows belong to runs."""
        edges = np.zeros(self.n_rows + 1, dtype=np.intp)
        np.add.at(edges, self.starts, 1)
        np.add.at(edges, self.stops, -1)
        return edges[:-1].cumsum() > 0

    def before_last(self, n_rows: int) -> Panel:
        """Leave out the last rows of each series, so many from its last run on."""
        last = self.last_runs
        ends = np.where(last >= 0, self.stops[last], 0) - n_rows
        stops = np.minimum(self.stops, ends[self.codes[self.starts]])
        kept = stops > self.starts
        return replace(self, starts=self.starts[kept], stops=stops[kept])

    def shortened(self, n_rows: int) -> Panel:
        """Let each run begin so many rows later."""
        kept = self.lengths > n_rows
        return replace(self, starts=self.starts[kept] + n_rows, stops=self.stops[kept])

    def whole_windows(self, window: int, horizon: int) -> NDArray[np.intp]:
        """Find first rows of windows that lie in one run with what they predict.

        Those nearest to the ends of their series come last, as validation takes them.
        """
        counts = np.maximum(self.lengths - (window + horizon - 1), 0)
        ranges = zip(self.starts, counts, strict=True)
        starts = [start + np.arange(count) for start, count in ranges]
        found = np.concatenate(starts) if starts else np.empty(0, dtype=np.intp)
        if len(self) == 1 or not len(found):
            return found
        ends = self.stops[self.last_runs][self.codes[found]]
        return found[np.argsort(found - ends, kind="stable")]

    def levels(
        self, values: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give mean and standard deviation of each series, over the rows of its runs.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            Rows; what is NaN does not count.

        Returns
        -------
        centre, spread : ndarray of shape (n_series, n_targets)
            0 and 1 where a series has no row; the spread of a constant one is 1.
        """
        observed = ~np.isnan(values) & self.in_runs()[:, None]

        def mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
            sums = np.zeros((len(self), values.shape[1]))
            np.add.at(sums, self.codes, np.where(observed, rows, 0.0))
            return sums / np.maximum(counts, 1)

        counts = np.zeros((len(self), values.shape[1]))
        np.add.at(counts, self.codes, observed)
        centre = mean(values)
        spread = np.sqrt(mean((values - centre[self.codes]) ** 2))
        varies = spread > 10 * np.finfo(np.float64).eps * np.abs(centre)
        return centre, np.where(varies, spread, 1.0)


def panel_of_rows(
    targets: NDArray[np.float64],
    known: NDArray[np.float64],
    index: pd.Index | None,
    step: Any = None,
) -> Panel:
    """Sort rows by series, whose names are the first levels of a MultiIndex.

    Raises
    ------
    ValueError
        If stamps are missing, unsorted, duplicated or closer together than `step`, or
        nothing is observed of a series.
    TypeError
        If the index has no spacing, such as one of strings.
    """
    runs = split_runs(index, len(targets), step)
    if runs.order is not None:
        targets, known = targets[runs.order], known[runs.order]
    names = list(dict.fromkeys(runs.series))
    number = {name: i for i, name in enumerate(names)}
    of_runs = np.array([number[name] for name in runs.series], dtype=np.intp)
    codes = np.repeat(of_runs, runs.lengths)
    stamps = pd.RangeIndex(len(targets)) if runs.stamps is None else runs.stamps
    return _panel(targets, known, codes, names, stamps, index is not None, runs)


def panel_of_columns(
    targets: NDArray[np.float64],
    known: NDArray[np.float64],
    index: pd.Index | None,
    names: list[Hashable],
    step: Any = None,
) -> Panel:
    """Lay the columns of a wide table one behind the other, each of them a series.

    Parameters
    ----------
    targets : ndarray of shape (n_rows, n_series)
        The columns.
    known : ndarray of shape (n_rows, n_known)
        Columns known in advance, the same for all series.
    index : pandas.Index or None
        The rows' stamps.
    names : list of hashable
        Names of the columns.
    step : offset, Timedelta, number or None
        Distance of neighbouring rows; None infers it.
    """
    n_rows, n_series = targets.shape
    runs = split_runs(index, n_rows, step)
    stamps = pd.RangeIndex(n_rows) if index is None else index
    offsets = np.arange(n_series) * n_rows
    stacked = Runs(
        (offsets[:, None] + runs.starts).ravel(),
        np.tile(runs.lengths, n_series),
        None,
        [],
        None,
        runs.step,
    )
    return _panel(
        targets.T.reshape(-1, 1),
        np.tile(known, (n_series, 1)),
        np.repeat(np.arange(n_series), n_rows),
        names,
        stamps.take(np.tile(np.arange(n_rows), n_series)),
        index is not None,
        stacked,
    )


def panel_of_stretches(
    stretches: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> Panel:
    """Lay stretches of targets and known columns one behind the other, each a run.

    A run begins with the first row of which something is observed.
    """
    lengths = np.array([len(targets) for targets, _ in stretches], dtype=np.intp)
    stops = lengths.cumsum()
    observed = [~np.isnan(targets).all(axis=1) for targets, _ in stretches]
    first = np.array([rows.argmax() for rows in observed], dtype=np.intp)
    return Panel(
        targets=np.concatenate([targets for targets, _ in stretches]),
        known=np.concatenate([known for _, known in stretches]),
        codes=np.repeat(np.arange(len(stretches)), lengths),
        names=list(range(len(stretches))),
        stamps=pd.RangeIndex(stops[-1]),
        has_index=False,
        step=1,
        starts=stops - lengths + first,
        stops=stops,
    )


def _panel(
    targets: NDArray[np.float64],
    known: NDArray[np.float64],
    codes: NDArray[np.intp],
    names: list[Hashable],
    stamps: pd.Index,
    has_index: bool,
    runs: Runs,
) -> Panel:
    """Cut off what is not observed at both ends of each run."""
    observed = np.flatnonzero(~np.isnan(targets).all(axis=1))
    first = np.searchsorted(observed, runs.starts)
    behind = np.searchsorted(observed, runs.starts + runs.lengths)
    kept = behind > first
    starts, stops = observed[first[kept]], observed[behind[kept] - 1] + 1
    step = 1 if not has_index else runs.step
    panel = Panel(targets, known, codes, names, stamps, has_index, step, starts, stops)
    if (panel.last_runs < 0).any():
        name = names[int(np.argmax(panel.last_runs < 0))]
        raise ValueError(
            f"{'y' if name is None else f'Series {name!r} of y'} must have a value. "
            "Got NaN in each row; drop such a series, or pass what was observed of it."
        )
    return panel
