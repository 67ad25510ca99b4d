"""Quantiles that cannot cross: the median, and distances from level to level.

Sorted outputs do not cross either, but an output that changes its place among them is
pushed towards one level by some samples and towards another by the others. Here each
output has one meaning, and softplus a slope everywhere, so that every level moves
smoothly. The engine gives its own softplus in place of NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .variances import softplus

__all__ = ["MEDIAN", "spread", "starting_outputs"]

MEDIAN = 0.5

# Smallest distance that levels start at, on the scale of training. Softplus is flat far
# below it, where constant targets would begin.
SMALLEST_GAP = 1e-3


def spread(
    outputs: Sequence[Any],
    quantiles: Sequence[float],
    softplus: Callable[[Any], Any] = softplus,
) -> list[Any]:
    """Return quantiles, from the lowest to the highest, from outputs of a network.

    Parameters
    ----------
    outputs : sequence of array of shape (n_samples, n_targets)
        The median; then what softplus makes the distances of the levels below it, each
        from the one above, nearest to the median first; then those of the levels above.
    quantiles : sequence of float
        The levels, increasing, with 0.5 among them.
    softplus : callable, default=softplus
        The function of the outputs' library.
    """
    median, *gaps = outputs
    n_below = quantiles.index(MEDIAN)
    levels = [median]
    for gap in gaps[:n_below]:
        levels.insert(0, levels[0] - softplus(gap))
    for gap in gaps[n_below:]:
        levels.append(levels[-1] + softplus(gap))
    return levels


def starting_outputs(
    targets: NDArray[Any],
    weights: NDArray[np.float64],
    quantiles: Sequence[float],
) -> NDArray[np.float64]:
    """Return the outputs of which `spread` makes the quantiles of targets.

    Parameters
    ----------
    targets : ndarray of shape (n_samples, n_targets)
        Targets on the scale of training; NaN is missing.
    weights : ndarray of shape (n_samples,)
        Sample weights.
    quantiles : sequence of float
        The levels, as in `spread`.

    Returns
    -------
    outputs : ndarray of shape (n_quantiles, n_targets)
        In the order in which `spread` takes them.
    """
    levels = weighted_quantiles(targets, weights, quantiles)
    n_below = quantiles.index(MEDIAN)
    gaps = np.maximum(np.diff(levels, axis=0), SMALLEST_GAP)
    gaps = np.concatenate([gaps[:n_below][::-1], gaps[n_below:]])
    return np.concatenate([levels[[n_below]], gaps + np.log(-np.expm1(-gaps))])


def weighted_quantiles(
    values: NDArray[Any], weights: NDArray[np.float64], quantiles: Sequence[float]
) -> NDArray[np.float64]:
    """Return the smallest values with at least a share of the weight up to them.

    Returns
    -------
    levels : ndarray of shape (n_quantiles, n_columns)
        Those of values that are not NaN.
    """
    order = np.argsort(values, axis=0)
    counted = np.where(np.isnan(values), 0.0, weights[:, None])
    shares = np.take_along_axis(counted, order, axis=0).cumsum(axis=0)
    shares /= counted.sum(axis=0)
    # Rounded up: the sum of all shares may be a little below 1.
    reached = [(shares < level - 1e-12).sum(axis=0) for level in quantiles]
    places = np.minimum(reached, len(values) - 1)
    ordered = np.take_along_axis(values.astype(np.float64), order, axis=0)
    return np.take_along_axis(ordered, places, axis=0)
