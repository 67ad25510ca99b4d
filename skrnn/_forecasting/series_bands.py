"""Bands of many series: by series as far as its errors allow, and pooled for the rest.

A band of one series mixes three estimates of the same quantile: that of its own errors,
that of all errors in units of the size that they have in their series, and that of all
errors as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bands import (
    effective_counts,
    make_growing,
    median_by_step,
    quantile_by_step,
)

__all__ = ["error_quantiles", "mix", "radii"]

# Errors of a series that count as much as the shape of the errors of all series.
PRIOR_COUNT = 10
# Mean squares below this share of those of all series are rounding errors.
SMALLEST = 1e-24


@dataclass(frozen=True)
class ErrorSizes:
    """The size of the errors of each series.

    Parameters
    ----------
    sizes : ndarray of shape (n_series, n_steps)
        Root mean square of the errors of a series, each relative to that of all series
        at its step, over the steps from half as many to as many.
    weights : ndarray of shape (n_series, n_steps)
        How far the size is trusted, from 0 to 1; 0 without errors.
    relative : ndarray of shape (n_series, n_origins, n_steps)
        Errors in units of the size that the other origins of their series give.
    inflation : ndarray of shape (n_steps,)
        How many errors from neighbouring origins amount to an independent one.
    """

    sizes: NDArray[np.float64]
    weights: NDArray[np.float64]
    relative: NDArray[np.float64]
    inflation: NDArray[np.float64]


def radii(
    errors: NDArray[np.float64],
    coverage: float,
    codes: NDArray[np.intp],
    block: int = 1,
) -> NDArray[np.float64]:
    """Return for each series and step the distance that covers a share of rows.

    Parameters
    ----------
    errors : ndarray of shape (n_series, n_origins, n_steps)
        Observation minus forecast from each origin; NaN where there is none.
    coverage : float
        Share of the observations that should lie within the distance.
    codes : ndarray of shape (n_chosen,)
        Numbers of the series to return; -1 for one without errors, which gets the
        distance of all series.
    block : int, default=1
        Steps that are predicted at once, if that matters for what is known ahead.

    Returns
    -------
    radii : ndarray of shape (n_chosen, n_steps)
        The distances, which never shrink from a step to that at the same place of the
        next block. Infinite where all series
        together have too few errors.
    """
    mixed, _, numbers = mix(np.abs(errors), coverage, codes)
    return np.array([make_growing(each, numbers, block) for each in mixed])


def error_quantiles(
    errors: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    codes: NDArray[np.intp],
    block: int = 1,
) -> NDArray[np.float64]:
    """Return quantiles of the errors of each series; see `radii`.

    Returns
    -------
    values : ndarray of shape (n_chosen, n_steps, n_quantiles)
        The quantiles, which do not cross.
    """
    values = [_one_quantile(errors, quantile, codes, block) for quantile in quantiles]
    # An extreme quantile has fewer errors of its own than the next one, so the mixtures
    # may cross; sorted, they are no worse (Chernozhukov et al., Econometrica 2010).
    places = np.argsort(np.argsort(quantiles))
    return np.sort(np.stack(values, axis=-1), axis=-1)[..., places]


def _one_quantile(
    errors: NDArray[np.float64], quantile: float, codes: NDArray[np.intp], block: int
) -> NDArray[np.float64]:
    """Return one quantile, whose distance from the median never shrinks."""
    # A low quantile has the rank of a high one, counted from the other end.
    if quantile < 0.5:
        return -_one_quantile(-errors, 1 - quantile, codes, block)
    mixed, medians, numbers = mix(errors, quantile, codes)
    if quantile == 0.5:
        return medians
    distances = np.where(np.isinf(mixed), np.inf, mixed - medians)
    grown = np.array([make_growing(each, numbers, block) for each in distances])
    return np.where(np.isinf(grown), np.inf, medians + grown)


def mix(
    values: NDArray[np.float64], probability: float, codes: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Mix the quantiles and medians of each series with those of all series.

    Returns
    -------
    quantiles, medians : ndarray of shape (n_chosen, n_steps)
        The mixtures.
    numbers : ndarray of shape (n_steps,)
        Values of all series at each step.
    """
    of_all, numbers = quantile_by_step(values, probability)
    of_all, medians = (
        np.tile(each, (len(codes), 1)) for each in (of_all, median_by_step(values))
    )
    # The number -1 stands for a series without errors, which takes what all have.
    known = codes >= 0
    if known.any():
        measured = measure_sizes(values)
        weight = measured.weights[codes[known]]
        by_series = _quantiles_of_series(values, measured, probability, codes[known])
        for mixed, own in zip((of_all, medians), by_series, strict=True):
            usable = (weight > 0) & np.isfinite(own) & np.isfinite(mixed[known])
            pooled = np.where(usable, mixed[known], 0.0)
            blend = weight * np.where(usable, own, 0.0) + (1 - weight) * pooled
            mixed[known] = np.where(usable, blend, mixed[known])
    return of_all, medians, numbers


def _quantiles_of_series(
    values: NDArray[np.float64],
    measured: ErrorSizes,
    probability: float,
    codes: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return quantiles and medians of series, of the shape that all series have.

    Of a series with n errors, their own quantile has the weight n / (n + 10), where n
    is an effective number; that of the relative errors of all, times the size of the
    errors of the series, has the rest.
    """
    shape, _ = quantile_by_step(measured.relative, probability)
    own, counts = _own_quantiles(values[codes], measured.inflation, probability)
    weight = counts / (counts + PRIOR_COUNT * measured.inflation)
    weight[np.isinf(own)] = 0.0
    size = measured.sizes[codes]
    middle = _own_medians(values[codes])

    def blend(
        own: NDArray[np.float64], shape: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return weight * np.where(weight > 0, own, 0.0) + (1 - weight) * size * shape

    return blend(own, shape), blend(middle, median_by_step(measured.relative))


def measure_sizes(errors: NDArray[np.float64]) -> ErrorSizes:
    """Measure the size of the errors of each series, and how far it can be trusted.

    The logarithms of mean squares of n values vary with a variance of about 2 / n by
    chance. What they vary by beyond that is how much series differ, v, and the size of
    a series is trusted by ``v / (v + 2 / n)``, as in empirical Bayes estimates of many
    variances.

    Parameters
    ----------
    errors : ndarray of shape (n_series, n_origins, n_steps)
        Errors; NaN where there is none.
    """
    squares = errors**2
    of_step = _means(squares, axis=(0, 1))
    squares = squares / np.where(of_step > 0, of_step, 1.0)
    # A single step has few errors far ahead, and near steps tell little of far ones.
    sums, counts = _sum_upper_half(squares)
    totals, n_errors = sums.sum(axis=1), counts.sum(axis=1)
    means = np.maximum(totals / np.maximum(n_errors, 1), SMALLEST)
    others = totals[:, None] - sums
    others = others / np.maximum(n_errors[:, None] - counts, 1)
    # Errors of a size unknown, or all 0, are not relative to anything.
    relative = errors / np.sqrt(np.where(others > SMALLEST, others, np.nan))
    inflation = _inflation(errors / np.sqrt(means)[:, None])
    weights = _trust(np.log(means), (counts > 0).sum(axis=1) / inflation)
    return ErrorSizes(np.sqrt(means), weights, relative, inflation)


def _means(values: NDArray[np.float64], axis: tuple[int, ...]) -> NDArray[np.float64]:
    """Return means without NaN; 0 of nothing."""
    observed = ~np.isnan(values)
    sums = np.where(observed, values, 0.0).sum(axis=axis)
    return np.asarray(sums / np.maximum(observed.sum(axis=axis), 1))


def _sum_upper_half(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sums and numbers over the steps from (h + 1) // 2 to h, for each h."""
    observed = ~np.isnan(values)
    steps = np.arange(1, values.shape[2] + 1)
    before = (steps + 1) // 2 - 1

    def sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
        running = values.cumsum(axis=2)
        # Where nothing lies before, the last column is taken, and replaced by 0.
        return running - np.where(before > 0, running[:, :, before - 1], 0.0)

    return sums(np.where(observed, values, 0.0)), sums(observed.astype(np.float64))


def _inflation(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many errors amount to an independent one, at each step."""
    numbers = (~np.isnan(errors)).sum(axis=(0, 1))
    counts = effective_counts(errors)
    return np.where(counts > 0, numbers / np.where(counts > 0, counts, 1.0), 1.0)


def _trust(
    log_means: NDArray[np.float64], numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights of means of so many squares, from 0 to 1, step by step."""
    known = numbers > 0
    by_chance = 2 / np.where(known, numbers, 1.0)
    n_known = known.sum(axis=0)
    between = _variances(np.where(known, log_means, np.nan))
    between -= np.where(known, by_chance, 0.0).sum(axis=0) / np.maximum(n_known, 1)
    between = np.maximum(between, 0.0)
    return np.where(known, between / (between + by_chance), 0.0)


def _variances(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance of each column without NaN; 0 of fewer than two values."""
    deviations = values - _means(values, axis=(0,))
    n_free = np.maximum((~np.isnan(values)).sum(axis=0) - 1, 1)
    return np.asarray(np.nansum(deviations**2, axis=0) / n_free)


def _own_quantiles(
    values: NDArray[np.float64], inflation: NDArray[np.float64], probability: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return a quantile of the values of each series and step, and their numbers.

    The rank is that of `quantile_by_step`, for values that count `inflation` times less
    than independent ones. Infinite where there are too few values.
    """
    numbers = (~np.isnan(values)).sum(axis=1)
    raised = probability * (numbers + inflation)
    ranks = np.minimum(np.ceil(np.round(raised, 9)).astype(np.intp), numbers)
    enough = np.ceil(np.round((numbers + 1) * probability, 9)) <= numbers
    ordered = np.sort(values, axis=1)  # NaN comes last.
    places = np.maximum(ranks - 1, 0)[:, None]
    found = np.take_along_axis(ordered, places, axis=1)[:, 0]
    return np.where(enough & (numbers > 0), found, np.inf), numbers


def _own_medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of the values of each series and step; NaN without one."""
    numbers = (~np.isnan(values)).sum(axis=1)
    ordered = np.sort(values, axis=1)
    middle = np.stack([(numbers - 1) // 2, numbers // 2], axis=1)
    return np.take_along_axis(ordered, np.maximum(middle, 0), axis=1).mean(axis=1)
