"""Reversible normalisation of windows, each by its own last value or mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skrnn._serialization.plain import stored
from skrnn._windows.windows import Windows, WindowScale

from .moments import rounding

__all__ = ["CONSTANT", "Normalization"]

# A window that varies by less than this share of the series counts as constant. Divided
# by so small a scale, the values that follow it would be huge in training.
CONSTANT = 1e-7

# Windows whose statistics are computed at once: a copy of all of them would be n_steps
# times as large as the rows.
CHUNK = 8192


@stored("Normalization", {"mode": "mode", "reference": "reference"})
@dataclass(frozen=True)
class Normalization:
    """How the windows of a series are normalised.

    Parameters
    ----------
    mode : {"last", "meanstd"}
        Subtract the last observed value of a window; or its mean, and divide by its
        standard deviation.
    reference : ndarray of shape (n_targets,)
        Scale of the windows that are constant.
    """

    mode: str
    reference: NDArray[np.float64]

    @classmethod
    def learn(cls, mode: str, rows: NDArray[np.float64]) -> Normalization:
        """Learn the scale of constant windows from rows of shape (n, n_targets)."""
        deviations = rows - _means(rows[None])
        spread = np.sqrt(_means(deviations[None] ** 2))[0]
        return cls(mode, np.where(spread > 0, spread, 1.0))

    def shift_and_scale(
        self, windows: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Return shift and scale of windows; a scale of None is 1.

        Parameters
        ----------
        windows : ndarray of shape (n_samples, n_steps, n_targets)
            Windows; what is NaN does not count.

        Returns
        -------
        shift, scale : ndarray of shape (n_samples, n_targets)
            A window in which nothing is observed is not shifted.
        """
        if self.mode == "last":
            return np.nan_to_num(last_observed(windows)), None
        shift = np.nan_to_num(_means(windows))
        scale = np.sqrt(_means((windows - shift[:, None]) ** 2))
        varies = scale > np.maximum(CONSTANT * self.reference, rounding(shift))
        return shift, np.where(varies, scale, self.reference)

    def last_values(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the last values of series, 0 if none, (n_series, 1, n_targets)."""
        return np.nan_to_num(last_observed(series))[:, None]

    def scale_of(self, windows: Windows) -> WindowScale:
        """Return shift and scale of the target channels, the first ones, of windows."""
        n_targets = len(self.reference)
        targets = windows.with_rows(windows.rows[:, :n_targets])
        shift = np.empty((len(windows), n_targets))
        scale = None if self.mode == "last" else np.empty_like(shift)
        for first in range(0, len(windows), CHUNK):
            chunk = slice(first, first + CHUNK)
            shift[chunk], chunk_scale = self.shift_and_scale(targets.gather(chunk))
            if scale is not None:
                scale[chunk] = chunk_scale
        return WindowScale(shift, scale)


def last_observed(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the last observed value of each column of each window."""
    backwards = ~np.isnan(windows[:, ::-1])
    step = windows.shape[1] - 1 - backwards.argmax(axis=1)
    return np.take_along_axis(windows, step[:, None], axis=1)[:, 0]


def _means(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the observed steps; NaN where nothing is observed.

    `np.nanmean` returns the same numbers, but warns of windows without a value, and
    warnings can only be silenced for all threads at once.
    """
    observed = ~np.isnan(windows)
    with np.errstate(invalid="ignore"):
        total = np.where(observed, windows, 0.0).sum(axis=1)
        return total / observed.sum(axis=1)
