"""Paths around a network of quantiles, as wide as it says in each situation.

A score says where an observation lay among the quantiles that were predicted for it: at
which level between them, and beyond the outermost ones by how many of their distances
from the median. The scores of one held out origin make a path among the quantiles of
the rows to predict.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .network_bands import LevelRows
from .paths import PathDraws

__all__ = ["paths_of_levels", "scores_of", "values_of"]

Array = NDArray[np.float64]

# Share of the usual distance from the median that the outermost quantiles have at least
# in scores, lest quantiles that coincide make scores infinite.
LEAST_SHARE = 0.05


def paths_of_levels(rows: LevelRows, draws: PathDraws) -> Array:
    """Return paths of shape (n_rows, n_targets, n_paths), in the scale of predictions.

    Parameters
    ----------
    rows : LevelRows
        The rows, with the quantiles that are predicted for them.
    draws : PathDraws
        What chooses the origins whose scores are taken.
    """
    assert rows.errors is not None
    learned = rows.learned
    values = rows.values / rows.spread[:, :, None]
    paths = np.empty((*values.shape[:2], len(draws.origins)))
    for length in np.unique(rows.lengths):
        in_part = rows.lengths == length
        # Without columns known in advance all lengths have the same errors.
        errors = rows.errors[min(length, len(rows.errors)) - 1].astype(np.float64)
        errors = errors[:, :, : rows.steps[in_part].max()]
        least = _least_distances(errors, learned)
        scores = scores_of(errors, learned, least)
        places, first = np.unique(rows.places[in_part], return_index=True)
        codes = rows.codes[in_part][first]
        mirrored = draws.is_mirrored(scores)
        chosen = draws.choose_origins(scores, codes, places)
        for place, origins in zip(places, chosen, strict=True):
            own = np.flatnonzero(in_part & (rows.places == place))
            steps = rows.steps[own] - 1
            drawn = np.moveaxis(scores[origins], 0, -1)[steps]
            own_values = values[own], learned, least[:, steps]
            other_side = _values_on_other_side(drawn, *own_values)
            paths[own] = np.where(mirrored, other_side, values_of(drawn, *own_values))
    return paths * rows.spread[:, :, None]


def _values_on_other_side(
    scores: Array, quantiles: Array, learned: Sequence[float], least: Array
) -> Array:
    """Return the values on the other side of the median; see `values_of`.

    Levels on both sides say how far it reaches there; otherwise it is as wide.
    """
    if np.isclose(learned[0] + learned[-1], 1):
        return values_of(1 - scores, quantiles, learned, least)
    middle = quantiles[..., _middle(learned), None]
    return 2 * middle - values_of(scores, quantiles, learned, least)


def _middle(learned: Sequence[float]) -> int:
    """Return the place of the median among levels."""
    return list(learned).index(0.5)


def _least_distances(errors: Array, learned: Sequence[float]) -> Array:
    """Return the least distance of the lowest and highest quantile from the median.

    From errors of shape (n_series, n_origins, n_steps, n_targets, n_levels) come
    distances of shape (2, n_steps, n_targets).
    """
    middle = errors[..., _middle(learned)]
    distances = np.stack([errors[..., 0] - middle, middle - errors[..., -1]])
    distances = distances.reshape(2, -1, *errors.shape[2:4])
    usual = np.nanmedian(distances, axis=1)
    return np.asarray(LEAST_SHARE * np.where(usual > 0, usual, 1.0))


def scores_of(errors: Array, learned: Sequence[float], least: Array) -> Array:
    """Return the scores of observations from their distances to quantiles.

    Parameters
    ----------
    errors : ndarray of shape (..., n_levels)
        Observation minus quantile.
    learned : sequence of float
        The levels.
    least : ndarray of shape (2, ...)
        Least distances of the outermost quantiles from the median.
    """
    middle = errors[..., _middle(learned)]
    below = np.maximum(errors[..., 0] - middle, least[0])
    above = np.maximum(middle - errors[..., -1], least[1])
    scores = learned[0] + np.minimum(errors[..., 0], 0) / below
    scores = scores + np.maximum(errors[..., -1], 0) / above
    for place, step in enumerate(np.diff(learned)):
        gap = errors[..., place] - errors[..., place + 1]
        is_gap = gap > 0
        share = errors[..., place] / np.where(is_gap, gap, 1.0)
        share = np.where(is_gap, share, errors[..., place] > 0)
        scores = scores + step * np.clip(share, 0, 1)
    return np.asarray(np.where(np.isnan(errors).any(axis=-1), np.nan, scores))


def values_of(
    scores: Array, quantiles: Array, learned: Sequence[float], least: Array
) -> Array:
    """Return the values that lie at scores among quantiles.

    Parameters
    ----------
    scores : ndarray of shape (..., n_paths)
        The scores.
    quantiles : ndarray of shape (..., n_levels)
        The quantiles.
    learned : sequence of float
        Their levels.
    least : ndarray of shape (2, ...)
        As in `scores_of`.
    """
    middle = quantiles[..., _middle(learned)]
    below = np.maximum(middle - quantiles[..., 0], least[0])[..., None]
    above = np.maximum(quantiles[..., -1] - middle, least[1])[..., None]
    values = quantiles[..., :1] + np.minimum(scores - learned[0], 0) * below
    values = values + np.maximum(scores - learned[-1], 0) * above
    for place, step in enumerate(np.diff(learned)):
        gap = quantiles[..., place + 1] - quantiles[..., place]
        share = np.clip((scores - learned[place]) / step, 0, 1)
        values = values + gap[..., None] * share
    return np.asarray(values)
