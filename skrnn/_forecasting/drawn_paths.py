"""Paths that are drawn from the distributions of a network.

They are drawn step by step: a block is drawn from the distributions that the network
predicts, the next one from those that it predicts behind the draws (ancestral sampling,
as in DeepAR of Salinas et al. 2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import draw_learned, learns_counts

from .network_bands import units_of
from .origin import Origin
from .plan import ForecastPlan

__all__ = [
    "N_PATHS",
    "continue_paths",
    "is_one_block",
    "quantiles_of_paths",
]

Array = NDArray[np.float64]

# Paths from which quantiles are taken where a forecast has several blocks.
N_PATHS = 1000

# Values of the rows that are continued at once.
MOST_VALUES = 2**24


class Drawing(BaseEstimator):
    """Predict by draws from the distributions of a network.

    Parameters
    ----------
    estimator : estimator
        The fitted estimator, whose network predicts distributions.
    random : RandomState
        What random numbers come from.
    units : ndarray of shape (n_series, n_outputs) or None
        What counts of each series were divided by.
    """

    def __init__(self, estimator: Any, random: Any, units: Array | None) -> None:
        self.estimator = estimator
        self.random = random
        self.units = units

    def take_series(self, series: NDArray[np.intp]) -> Drawing:
        """Return what draws some of the series."""
        units = None if self.units is None else self.units[series]
        return Drawing(self.estimator, self.random, units)

    def predict(self, X: Any) -> Any:
        """Draw the rows that follow windows, one for each series."""
        drawn = draw_learned(self.estimator, X, self.random, self.units)
        return drawn if self.units is None else drawn / self.units


def is_one_block(plan: ForecastPlan, n_steps: NDArray[np.intp]) -> bool:
    """Return whether no prediction is fed back, nor added up with another one."""
    most = int(n_steps.max())
    return most <= plan.horizon and most <= min(plan.differencing.lags, default=most)


def continue_paths(
    plan: ForecastPlan,
    estimator: BaseEstimator,
    origin: Origin,
    known: Array,
    n_steps: NDArray[np.intp],
    *,
    n_paths: int,
    random: Any,
) -> Array:
    """Continue series by draws, all series and many paths side by side.

    Returns
    -------
    predicted : ndarray of shape (n_series, n_steps.max(), n_targets * n_paths)
        The paths of each target beside each other.
    """
    n_series = len(origin)
    n_rows = plan.n_past + int(n_steps.max()) + plan.horizon
    n_values = n_series * n_rows * (origin.targets.shape[2] + plan.horizon)
    at_once = max(1, MOST_VALUES // n_values)
    chunks = []
    for first in range(0, n_paths, at_once):
        n_drawn = min(at_once, n_paths - first)
        series = np.repeat(np.arange(n_series), n_drawn)
        copies = origin.take(series)
        drawing = Drawing(estimator, random, units_of(plan, estimator, copies))
        rows = plan.continue_series(drawing, copies, known[series], n_steps[series])
        chunks.append(rows.reshape(n_series, n_drawn, *rows.shape[1:]))
    paths = np.moveaxis(np.concatenate(chunks, axis=1), 1, -1)
    if learns_counts(estimator):  # Scaled by series they have rounding errors.
        paths = np.rint(paths)
    return paths.reshape(*paths.shape[:2], -1)


def quantiles_of_paths(paths: Array, levels: Array, *, of_counts: bool) -> Array:
    """Return quantiles over the last axis, which becomes that of the levels.

    Those of counts are counts.
    """
    method = "inverted_cdf" if of_counts else "linear"
    return np.moveaxis(np.quantile(paths, levels, axis=-1, method=method), 0, -1)
