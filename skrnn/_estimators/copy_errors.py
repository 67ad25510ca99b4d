"""Errors of copies: of values, steps and samples. Lower is more abnormal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_by_sample", "mean_by_step", "minus_squares", "weighted_mean"]


def minus_squares(
    windows: NDArray[Any], copies: NDArray[Any], unit: NDArray[Any]
) -> NDArray[np.float64]:
    """Return minus the squared differences of values from their copies."""
    scaled = (windows.astype(np.float64) - copies) / unit
    return np.asarray(-(scaled**2))


def mean_by_sample(
    windows: NDArray[Any], copies: NDArray[Any], unit: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the mean over the observed values of each window; NaN without any."""
    squares = minus_squares(windows, copies, unit).reshape(len(windows), -1)
    return _mean_of_observed(squares, axis=1)


def mean_by_step(
    windows: NDArray[Any], copies: NDArray[Any], unit: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the mean over the observed values of each step; NaN without any."""
    return _mean_of_observed(minus_squares(windows, copies, unit), axis=2)


def weighted_mean(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the mean of scores that are not NaN; NaN, without a warning, of none."""
    known = ~np.isnan(scores)
    if not weights[known].any():
        return np.nan
    return float(np.average(scores[known], weights=weights[known]))


def _mean_of_observed(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return means of what is not NaN; NaN, without a warning, where all is."""
    n_observed = np.sum(~np.isnan(values), axis=axis)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(values, axis=axis) / n_observed)
