"""Windows on a table of rows, on NumPy arrays only.

A *window* is read from a table of rows by its first row and the distance of its steps,
so that overlapping windows share one copy of their rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._index.runs import Runs

__all__ = ["WindowScale", "Windows", "tabulate_windows", "windows_of"]


@dataclass(frozen=True)
class WindowScale:
    """The shift and the scale of each window, for its first columns.

    Column j of window i becomes ``(x - shift[i, j]) / scale[i, j]``.

    Parameters
    ----------
    shift : ndarray of shape (n_samples, n_scaled)
        What is subtracted.
    scale : ndarray of shape (n_samples, n_scaled) or None
        What is divided by; None is 1.
    hole : ndarray of shape (n_features,) or None
        Fills missing values of steps that are partly observed, after scaling; None
        leaves them missing.
    """

    shift: NDArray[Any]
    scale: NDArray[Any] | None = None
    hole: NDArray[Any] | None = None

    def take(self, samples: NDArray[Any] | slice) -> WindowScale:
        """Return the shifts and scales of some windows."""
        scale = None if self.scale is None else self.scale[samples]
        return WindowScale(self.shift[samples], scale, self.hole)

    def apply(self, windows: NDArray[Any]) -> NDArray[Any]:
        """Shift and scale an array (n_samples, n_steps, n_features) in place."""
        scaled = windows[..., : self.shift.shape[1]]
        scaled -= self.shift[:, None]
        if self.scale is not None:
            scaled /= self.scale[:, None]
        if self.hole is not None:
            # Steps without any value stay NaN, by which networks know to skip them.
            missing = np.isnan(windows)
            partly = missing & ~missing.all(axis=-1, keepdims=True)
            windows[...] = np.where(partly, self.hole, windows)
        return windows

    def restore(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Undo shift and scale in rows of shape (n_samples, n_rows, n_scaled)."""
        scaled = rows if self.scale is None else rows * self.scale[:, None]
        return scaled + self.shift[:, None]


@dataclass(frozen=True)
class Windows:
    """Windows as rows and the places where each one starts.

    Window i is ``rows[starts[i] + dilation * arange(n_steps)]``, shifted and scaled by
    `own_scale` if there is one.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The rows, in time order within each run.
    starts : ndarray of shape (n_samples,), dtype intp
        Position in `rows` of the first (oldest) step of each window.
    n_steps : int
        Steps in a window.
    dilation : int
        Rows from one step of a window to the next.
    own_scale : WindowScale or None
        What each window is shifted and scaled by.
    """

    rows: NDArray[Any]
    starts: NDArray[np.intp]
    n_steps: int
    dilation: int = 1
    own_scale: WindowScale | None = None

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def n_features(self) -> int:
        """Columns of `rows`."""
        return int(self.rows.shape[1])

    @property
    def n_bytes(self) -> int:
        """Memory of the windows as an array that shares no rows."""
        n_values = len(self) * self.n_steps * self.n_features
        return int(n_values) * self.rows.itemsize

    @property
    def offsets(self) -> NDArray[np.intp]:
        """Rows from the start of a window to each of its steps, shape (n_steps,)."""
        return np.arange(self.n_steps, dtype=np.intp) * self.dilation

    def take(self, samples: NDArray[Any] | slice) -> Windows:
        """Return some windows, which share the rows."""
        own = self.own_scale
        return replace(
            self, starts=self.starts[samples], own_scale=own and own.take(samples)
        )

    def with_rows(self, rows: NDArray[Any]) -> Windows:
        """Return the windows at the same places of other rows."""
        return replace(self, rows=rows)

    def chunks(self, n_samples: int) -> Iterator[Windows]:
        """Yield `n_samples` windows at a time, with only the rows that they read.

        Where these rows lie far apart, as at the ends of many runs, the windows are
        copied instead of all rows between them.
        """
        span = (self.n_steps - 1) * self.dilation + 1
        for first in range(0, len(self), n_samples):
            chunk = self.take(slice(first, first + n_samples))
            low, high = chunk.starts.min(), chunk.starts.max() + span
            if high - low <= len(chunk) * span:
                rows, starts = self.rows[low:high], chunk.starts - low
                yield replace(chunk, rows=rows, starts=starts)
            else:
                places = chunk.starts[:, None] + self.offsets
                rows = self.rows[places.ravel()]
                starts = np.arange(len(chunk)) * self.n_steps
                yield replace(chunk, rows=rows, starts=starts, dilation=1)

    def gather(self, samples: NDArray[Any] | slice = slice(None)) -> NDArray[Any]:
        """Return windows as a new array of shape (n_samples, n_steps, n_features)."""
        windows = self.rows[self.starts[samples][:, None] + self.offsets]
        if self.own_scale is None:
            return windows
        return self.own_scale.take(samples).apply(windows)

    def join(self, other: Windows) -> Windows:
        """Return these windows with others of the same shape behind them."""
        if self.dilation != other.dilation or self.own_scale or other.own_scale:
            both = np.concatenate([self.gather(), other.gather()])
            return windows_of(both)
        rows = np.concatenate([self.rows, other.rows])
        starts = np.concatenate([self.starts, other.starts + len(self.rows)])
        return replace(self, rows=rows, starts=starts)

    def beside(self, other: Windows) -> Windows:
        """Return these windows with the columns of others behind their own.

        Windows at the same places of rows go on sharing them; others are laid out.
        """
        alike = self.dilation == other.dilation and len(self.rows) == len(other.rows)
        alike = alike and np.array_equal(self.starts, other.starts)
        if alike and self.own_scale is None and other.own_scale is None:
            return self.with_rows(np.hstack([self.rows, other.rows]))
        return windows_of(np.concatenate([self.gather(), other.gather()], axis=2))

    def materialise(self) -> NDArray[Any]:
        """Return the windows as an array, a view if they follow row by row, or a copy.

        The view is read-only, because one element stands in many windows.
        """
        in_place = self.own_scale is None and len(self) > 0
        if not in_place or (np.diff(self.starts) != 1).any():
            return self.gather()
        row_stride, column_stride = self.rows.strides
        return np.lib.stride_tricks.as_strided(
            self.rows[self.starts[0] :],
            shape=(len(self), self.n_steps, self.n_features),
            strides=(row_stride, row_stride * self.dilation, column_stride),
            writeable=False,
        )

    def count_uses(
        self, sample_weight: NDArray[Any] | None = None
    ) -> NDArray[np.float64]:
        """Return how many windows hold each row, or the sum of their weights.

        A row is held by the windows that have begun, less those that have ended, at
        places whole dilations apart. Counting each step of each window takes minutes
        for windows of ten thousand steps.
        """
        # The place after the last step may lie up to a dilation after the last row.
        size = len(self.rows) + self.dilation
        stops = self.starts + self.n_steps * self.dilation

        def sums(weight: NDArray[Any] | None) -> NDArray[np.float64]:
            begun = np.bincount(self.starts, weights=weight, minlength=size)
            ended = np.bincount(stops, weights=weight, minlength=size)
            return _sums_by_stride(begun - ended, self.dilation)[: len(self.rows)]

        counts = sums(None)
        if sample_weight is None:
            return counts
        # Sums of weights are rounded, but a row that no window holds must have 0.
        return np.where(counts > 0, sums(sample_weight), 0.0)

    def any_missing(self) -> bool:
        """Return whether any value of any window is missing."""
        missing = np.isnan(self.rows).any(axis=1)
        if not missing.any():
            return False
        # Zeros in front shift sums by one stride: each leaves out its own place.
        before = np.concatenate([np.zeros(self.dilation), missing])
        before = _sums_by_stride(before, self.dilation)
        stops = self.starts + self.n_steps * self.dilation
        return bool((before[stops] > before[self.starts]).any())

    def begin_missing(self) -> NDArray[np.bool_]:
        """Return which windows begin with a step of which nothing is observed."""
        return np.isnan(self.rows).all(axis=1)[self.starts]

    def average_overlaps(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the mean of values of the last row of each window.

        Parameters
        ----------
        values : ndarray of shape (n_samples, n_steps)
            A value of each step of each window; NaN does not count.

        Returns
        -------
        means : ndarray of shape (n_samples,)
            Means over all windows that hold the row, NaN where there is no value.
        """
        places = self.starts[:, None] + self.offsets
        known = ~np.isnan(values)
        counts = np.bincount(places[known], minlength=len(self.rows))
        sums = np.bincount(places[known], values[known], minlength=len(self.rows))
        with np.errstate(invalid="ignore"):
            means = sums / counts
        return means[places[:, -1]]


def _sums_by_stride(values: NDArray[Any], stride: int) -> NDArray[np.float64]:
    """Return for each place the sum of its value and of those whole strides before."""
    padded = np.zeros(-(-len(values) // stride) * stride)
    padded[: len(values)] = values
    return padded.reshape(-1, stride).cumsum(axis=0).ravel()[: len(values)]


def windows_of(X: NDArray[Any]) -> Windows:
    """Return an array of windows as rows and starts, without a copy of a view.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_steps, n_features)
        Windows. A view whose samples lie one row apart, as `Windows.materialise`
        returns, is recognised by its strides and its rows are used in place.

    Returns
    -------
    windows : Windows
        The same windows.
    """
    n_samples, n_steps, n_features = X.shape
    sample_stride, step_stride, column_stride = X.strides
    overlaps = sample_stride > 0 and step_stride > 0
    overlaps = overlaps and step_stride % sample_stride == 0
    dilation = step_stride // sample_stride if overlaps else 0
    # With fewer samples than the dilation, some rows between the steps belong to no
    # window. The memory there is perhaps not that of X.
    if overlaps and n_steps > 1 and dilation <= n_samples:
        n_rows = n_samples + (n_steps - 1) * dilation
        rows = np.lib.stride_tricks.as_strided(
            X, (n_rows, n_features), (sample_stride, column_stride), writeable=False
        )
        return Windows(rows, np.arange(n_samples), n_steps, dilation)
    rows = X.reshape(n_samples * n_steps, n_features)
    return Windows(rows, np.arange(n_samples) * n_steps, n_steps)


def tabulate_windows(
    rows: NDArray[Any],
    runs: Runs,
    window: int,
    *,
    gap: int = 0,
    dilation: int = 1,
    context: dict[int, NDArray[Any]] | None = None,
) -> Windows:
    """Return the window of each row; the first ones of a run begin in its context.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Floating-point rows, in the caller's order.
    runs : Runs
        Where the runs are.
    window : int
        Steps in a window.
    gap : int, default=0
        Rows between the last step of a window and the row that it belongs to.
    dilation : int, default=1
        Rows from one step to the next.
    context : dict of int to ndarray, default=None
        The rows just before a run, by the number of the run. Only the last ones that
        the first windows reach back to are used; where there are too few, steps are
        NaN.

    Returns
    -------
    windows : Windows
        One window per row, in the caller's order.
    """
    lookback = gap + (window - 1) * dilation
    n_rows, n_features = rows.shape
    padded = np.full(
        (n_rows + len(runs) * lookback, n_features), np.nan, dtype=rows.dtype
    )
    # In the padded table row i of run k lies at i + (k + 1) * lookback, and the window
    # that belongs to it starts `lookback` rows before.
    starts = np.arange(n_rows) + np.repeat(
        np.arange(len(runs)) * lookback, runs.lengths
    )
    padded[starts + lookback] = rows if runs.order is None else rows[runs.order]
    for run, rows_before in (context or {}).items():
        known = rows_before[max(len(rows_before) - lookback, 0) :]
        before = runs.starts[run] + (run + 1) * lookback
        padded[before - len(known) : before] = known
    if runs.order is not None:
        in_callers_order = np.empty_like(starts)
        in_callers_order[runs.order] = starts
        starts = in_callers_order
    return Windows(padded, starts.astype(np.intp, copy=False), window, dilation)
