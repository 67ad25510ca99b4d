"""Scaled windows for prediction, not all of them in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray

from .windows import Windows

__all__ = ["ScaledPieces"]

PIECE = 65_536  # Windows that are scaled at once.


class ScaledPieces:
    """Windows that are scaled some at a time, in whole batches.

    Parameters
    ----------
    windows : Windows
        Windows. Those with a scale of their own, which is merged with that of all, are
        scaled at once.
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
        self._size = batch_size * max(1, PIECE // batch_size)
        if scale and (windows.own_scale is not None or len(windows) <= self._size):
            windows, scale = scale(windows), None
        self._windows = windows
        self._scale = scale or (lambda piece: piece)

    def any_missing(self) -> bool:
        """Tell whether any value is missing once holes are filled."""
        return any(
            piece.any_missing() and self._scale(piece).any_missing()
            for piece in self._windows.pieces(self._size)
        )

    def batches(self) -> Iterator[NDArray[Any]]:
        """Give the windows batch by batch, of shape (n, n_steps, n_features)."""
        for piece in self._windows.pieces(self._size):
            scaled = self._scale(piece)
            for first in range(0, len(scaled), self._batch_size):
                yield scaled.gather(slice(first, first + self._batch_size))
