"""Logarithms and differences of series, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._serialization.plain import stored

__all__ = ["Differencing", "read_lags", "read_log"]


def read_log(log: Any) -> bool | str:
    """Return whether logarithms are asked for, and which; "auto" leaves it open."""
    if isinstance(log, str):
        return log if log == "log1p" else False
    return bool(log)


def read_lags(difference: Any, n_rows: int) -> tuple[int, ...]:
    """Return the lags of successive differences, such as (1, 1) for the order 2.

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


@stored("Differencing", {"lags": "lags", "log": "log"})
@dataclass(frozen=True)
class Differencing:
    """Successive differences of a series, of its logarithm if asked for.

    Time is the last axis but one of all arrays.

    Parameters
    ----------
    lags : tuple of int
        Lags of the differences, taken one after the other.
    log : bool or "log1p"
        Whether the logarithm is taken first, or that of the rows plus 1.
    """

    lags: tuple[int, ...] = ()
    log: bool | str = False

    @property
    def n_lost(self) -> int:
        """Number of rows at the start of a run that have no difference."""
        return sum(self.lags)

    def take_log(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows, or their logarithm if `log` is set."""
        if self.log == "log1p":
            return np.log1p(rows)
        return np.log(rows) if self.log else rows

    def undo_log(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Invert `take_log`."""
        if self.log == "log1p":
            return np.expm1(rows)
        return np.exp(rows) if self.log else rows

    def log_of_bounds(self, bounds: tuple[float, float]) -> tuple[float, float]:
        """Return what `take_log` makes of a floor and a ceiling."""
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = self.take_log(np.array(bounds))
        # A floor below all values that have a logarithm is none.
        return -np.inf if np.isnan(low) else float(low), float(high)

    def difference(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compute the differences; the first `n_lost` rows have none and are NaN."""
        for lag in self.lags:
            differences = np.full_like(rows, np.nan)
            differences[..., lag:, :] = rows[..., lag:, :] - rows[..., :-lag, :]
            rows = differences
        return rows

    def integrate(
        self, past: NDArray[np.float64], differences: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Add up differences, the inverse of `difference`.

        Parameters
        ----------
        past : ndarray of shape (..., n_past, n_targets)
            The rows before the first difference, at least `n_lost`, as `take_log`
            returns them.
        differences : ndarray of shape (..., n_steps, n_targets)
            The differences of the rows after them.

        Returns
        -------
        rows : ndarray of shape (..., n_steps, n_targets)
            The rows after `past`.
        """
        # The difference that was taken last is undone first.
        for i in reversed(range(len(self.lags))):
            before = Differencing(self.lags[:i]).difference(past)
            differences = _sum_by_lag(before, differences, self.lags[i])
        return differences


def _sum_by_lag(
    past: NDArray[np.float64], differences: NDArray[np.float64], lag: int
) -> NDArray[np.float64]:
    """Add to each difference the value `lag` rows before it, which is a sum, too."""
    *others, n_steps, n_targets = differences.shape
    n_blocks = -(-n_steps // lag)
    padded = np.zeros((*others, n_blocks * lag, n_targets))
    padded[..., :n_steps, :] = differences
    # Blocks of `lag` rows below one another: rows that add up lie in one column.
    blocks = padded.reshape(*others, n_blocks, lag, n_targets).cumsum(axis=-3)
    blocks += past[..., None, -lag:, :]
    return blocks.reshape(padded.shape)[..., :n_steps, :]
