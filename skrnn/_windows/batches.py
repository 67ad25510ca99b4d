"""Scaled windows for prediction, batch by batch, not all of them in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray

from .windows import Windows

__all__ = ["ScaledBatches"]

# Windows that are scaled at once. Their rows may lie on a disk and exceed the memory.
CHUNK = 65_536


class ScaledBatches:
    """Batches of windows, of which a chunk at a time is scaled.

    Iterating yields arrays of shape (n, n_steps, n_features).

    Parameters
    ----------
    windows : Windows
        Windows. They are scaled at once if each has a scale of its own.
    scale : callable or None
        Scales windows.
    batch_size : int
        Windows in a batch.
    """

    def __init__(
        self,
        windows: Windows,
        scale: Callable[[Windows], Windows] | None,
        batch_size: int,
    ) -> None:
        self._batch_size = batch_size
        # A multiple of the batch size, so that only the last batch is smaller.
        self._chunk_size = batch_size * max(1, CHUNK // batch_size)
        small = len(windows) <= self._chunk_size
        # A scale of each window is merged with that of all around the mean of the rows,
        # which differs from chunk to chunk. Few windows need not be scaled twice, by
        # `any_missing` and by each iteration.
        if scale and (windows.own_scale is not None or small):
            windows, scale = scale(windows), None
        self._windows = windows
        self._scale = scale or (lambda chunk: chunk)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for chunk in self._windows.chunks(self._chunk_size):
            scaled = self._scale(chunk)
            for first in range(0, len(scaled), self._batch_size):
                yield scaled.gather(slice(first, first + self._batch_size))

    def any_missing(self) -> bool:
        """Return whether any value is missing once holes are filled."""
        return any(
            chunk.any_missing() and self._scale(chunk).any_missing()
            for chunk in self._windows.chunks(self._chunk_size)
        )
