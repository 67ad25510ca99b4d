"""Split conformal bands: quantiles of the errors of held out forecasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

__all__ = ["effective_counts", "error_quantiles", "radii"]


def radii(errors: NDArray[np.float64], coverage: float) -> NDArray[np.float64]:
    """Return for each step the distance from the forecast that covers a share of rows.

    Parameters
    ----------
    errors : ndarray of shape (n_series, n_origins, n_steps)
        Observation minus forecast from each origin; NaN where there is none.
    coverage : float
        Share of the observations that should lie within the distance.

    Returns
    -------
    radii : ndarray of shape (n_steps,)
        The distances, which never shrink from step to step. Infinite where there are
        too few errors.
    """
    return _make_growing(*_quantiles(np.abs(errors), coverage))


def error_quantiles(
    errors: NDArray[np.float64], quantile: float
) -> NDArray[np.float64]:
    """Return for each step a quantile of the errors; see `radii`.

    Its distance from the median never shrinks from step to step, whatever the median
    does, so that quantiles do not cross.
    """
    # A low quantile has the rank of a high one, counted from the other end.
    if quantile < 0.5:
        return -error_quantiles(-errors, 1 - quantile)
    medians = np.array([_median(each) for each in _by_step(errors)])
    if quantile == 0.5:
        return medians
    quantiles, numbers = _quantiles(errors, quantile)
    distances = np.where(np.isinf(quantiles), np.inf, quantiles - medians)
    grown = _make_growing(distances, numbers)
    return np.where(np.isinf(grown), np.inf, medians + grown)


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


def _quantiles(
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


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else np.nan


def _by_step(values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the values of each step, without NaN."""
    by_step = values.reshape(-1, values.shape[2]).T
    return [each[~np.isnan(each)] for each in by_step]


def _make_growing(
    quantiles: NDArray[np.float64], numbers: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Fit quantiles that grow from step to step, by isotonic regression."""
    finite = np.isfinite(quantiles)
    if finite.sum() > 1:
        steps = np.flatnonzero(finite)
        grown = IsotonicRegression().fit_transform(
            steps, quantiles[finite], sample_weight=numbers[finite]
        )
        quantiles = quantiles.copy()
        quantiles[finite] = grown
    return quantiles
