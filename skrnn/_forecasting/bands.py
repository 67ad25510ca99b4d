"""Quantiles of the errors of held out forecasts, for split conformal bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

__all__ = [
    "effective_counts",
    "make_growing",
    "median_by_step",
    "quantile_by_step",
]


def effective_counts(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each step the effective number of independent values.

    Forecasts of h steps from neighbouring origins share h - 1 of them, so their errors
    are correlated. A mean over n of them varies as one over n divided by
    ``1 + 2 sum_k (1 - k / h) r_k``, where r_k is the autocorrelation at lag k < h.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_origins, n_steps)
        Values from neighbouring origins; NaN where there is none.

    Returns
    -------
    counts : ndarray of shape (n_steps,)
        At most the number of values, and at least that divided by the step.
    """
    observed = ~np.isnan(values)
    numbers = observed.sum(axis=(0, 1))
    totals = np.where(observed, values, 0.0).sum(axis=(0, 1))
    centred = np.where(observed, values - totals / np.maximum(numbers, 1), 0.0)
    variances = (centred**2).sum(axis=(0, 1)) / np.maximum(numbers, 1)
    n_origins, n_steps = values.shape[1:]
    inflation = np.ones(n_steps)
    steps = np.arange(1, n_steps + 1)
    for lag in range(1, min(n_steps, n_origins)):
        pairs = (observed[:, lag:] & observed[:, :-lag]).sum(axis=(0, 1))
        products = (centred[:, lag:] * centred[:, :-lag]).sum(axis=(0, 1))
        # The variance of equal values is 0, and so are their products.
        correlation = products / np.maximum(pairs * variances, np.finfo(float).tiny)
        weight = np.where(lag < steps, 1 - lag / steps, 0.0)
        inflation += np.where(pairs > 1, 2 * weight * correlation, 0.0)
    # Estimates may lie beyond what is possible: h errors that share steps are worth at
    # least one, and negative correlation is not trusted to narrow a band.
    return numbers / np.clip(inflation, 1.0, steps)


def quantile_by_step(
    values: NDArray[np.float64], probability: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return for each step a quantile of its values, and their number.

    With n independent values it is the one of rank ``ceil((n + 1) p)``, which a new one
    exceeds with a probability of at most ``1 - p``. For correlated values the
    probability p is raised as for their effective number.
    """
    counts = effective_counts(values)
    quantiles, numbers = np.full(len(counts), np.inf), []
    for step, each in enumerate(_by_step(values)):
        number = len(each)
        numbers.append(number)
        # Rounded, because 0.9 * 10 may be a little more than 9.
        if np.ceil(round((number + 1) * probability, 9)) <= number:
            # (n + 1) p is (1 + 1 / n) p n, in which the effective number replaces the
            # n in brackets.
            raised = probability * (1 + 1 / counts[step]) * number
            rank = min(int(np.ceil(round(raised, 9))), number)
            quantiles[step] = np.partition(each, rank - 1)[rank - 1]
    return quantiles, np.array(numbers)


def median_by_step(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each step the median of its values; NaN where there is none."""
    by_step = _by_step(values)
    return np.array([np.median(each) if len(each) else np.nan for each in by_step])


def _by_step(values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the values of each step, without NaN."""
    by_step = values.reshape(-1, values.shape[2]).T
    return [each[~np.isnan(each)] for each in by_step]


def make_growing(
    quantiles: NDArray[np.float64], numbers: NDArray[np.intp], block: int = 1
) -> NDArray[np.float64]:
    """Fit quantiles that grow from step to step, by isotonic regression.

    With blocks of several steps those at the same place of each block grow. The first
    step of a block may have smaller errors than the last one of the block before, since
    more columns are known ahead of it.
    """
    quantiles = quantiles.copy()
    for place in range(block):
        steps = np.arange(place, len(quantiles), block)
        steps = steps[np.isfinite(quantiles[steps])]
        if len(steps) > 1:
            weights = numbers[steps]
            quantiles[steps] = isotonic_regression(
                quantiles[steps], sample_weight=weights
            )
    return quantiles
