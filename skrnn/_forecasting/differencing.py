"""Logarithms and differences of series, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._serialization.plain import stored

__all__ = ["Transformation", "lags_of"]


def lags_of(difference: Any, n_rows: int) -> tuple[int, ...]:
    """Give the lags of successive differences: (1, 1) for the order 2.

    Raises
    ------
    ValueError
        If `difference` is neither an order nor a sequence of lags, or the order is as
        large as the number of rows.
    """
    if isinstance(difference, Integral):
        if int(difference) >= n_rows:
            raise ValueError(
                f"difference={difference} needs n_samples > {difference} rows of y. "
                f"Got n_samples={n_rows}; lower difference, or pass more rows."
            )
        return (1,) * int(difference)
    lags = tuple(difference)
    if not all(isinstance(lag, Integral) and int(lag) >= 1 for lag in lags):
        raise ValueError(
            "difference must be an order such as 1 or 2, or lags of at least 1 such as "
            f"(1, 12). Got {difference!r} instead."
        )
    return tuple(int(lag) for lag in lags)


@stored("Transformation", {"lags": "lags", "log": "log"})
@dataclass(frozen=True)
class Transformation:
    """What a forecaster does to a series ahead of its windows, row by row.

    Rows lie along the last axis but one.

    Parameters
    ----------
    lags : tuple of int
        Lags of the differences, taken one after the other.
    log : bool
        Whether logarithms are taken first.
    """

    lags: tuple[int, ...] = ()
    log: bool = False

    @property
    def reach(self) -> int:
        """Rows at the start of a stretch that have no difference."""
        return sum(self.lags)

    def logarithm(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring rows onto the scale on which differences are taken."""
        return np.log(rows) if self.log else rows

    def exponential(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take back the logarithm."""
        return np.exp(rows) if self.log else rows

    def difference(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the differences; the first `reach` rows have none and are NaN."""
        for lag in self.lags:
            differences = np.full_like(rows, np.nan)
            differences[..., lag:, :] = rows[..., lag:, :] - rows[..., :-lag, :]
            rows = differences
        return rows

    def add_up(
        self, past: NDArray[np.float64], predicted: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Turn predicted differences into levels.

        Parameters
        ----------
        past : ndarray of shape (..., n_past, n_targets)
            The rows before, at least `reach`, on the scale of `logarithm`.
        predicted : ndarray of shape (..., n_steps, n_targets)
            The differences that follow.
        """
        for i in reversed(range(len(self.lags))):
            levels = Transformation(self.lags[:i]).difference(past)
            predicted = _sum_by_lag(levels, predicted, self.lags[i])
        return predicted


def _sum_by_lag(
    past: NDArray[np.float64], predicted: NDArray[np.float64], lag: int
) -> NDArray[np.float64]:
    """Add to each predicted difference the level `lag` rows before it."""
    *others, n_steps, n_targets = predicted.shape
    n_blocks = -(-n_steps // lag)
    padded = np.zeros((*others, n_blocks * lag, n_targets))
    padded[..., :n_steps, :] = predicted
    blocks = padded.reshape(*others, n_blocks, lag, n_targets).cumsum(axis=-3)
    blocks += past[..., None, -lag:, :]
    return blocks.reshape(padded.shape)[..., :n_steps, :]
