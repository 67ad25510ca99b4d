"""What bands add to a forecast, as functions of the errors of held out forecasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .series_bands import error_quantiles, radii

__all__ = ["interval_bounds", "quantile_bounds"]

Bounds = Callable[..., NDArray[np.float64]]


def interval_bounds(coverage: float) -> Bounds:
    """Return a function that gives the ends of an interval around forecasts."""

    def ends(
        errors: NDArray[np.float64], codes: NDArray[np.intp], block: int
    ) -> NDArray[np.float64]:
        radius = radii(errors, coverage, codes, block)
        return np.stack([-radius, radius], axis=-1)

    return _by_target(ends)


def quantile_bounds(quantiles: NDArray[np.float64]) -> Bounds:
    """Return a function that gives the distances of quantiles from forecasts."""

    def distances(
        errors: NDArray[np.float64], codes: NDArray[np.intp], block: int
    ) -> NDArray[np.float64]:
        return error_quantiles(errors, quantiles, codes, block)

    return _by_target(distances)


def _by_target(compute: Bounds) -> Bounds:
    """Return a function of the errors of all targets from one of those of one target.

    The bands of a target depend neither on other targets nor on the steps asked for.
    """

    def compute_all(
        errors: NDArray[np.float64],
        codes: NDArray[np.intp],
        block: int,
        places: NDArray[np.intp],
        n_steps: int,
    ) -> Any:
        by_target = np.moveaxis(errors, -1, 0)
        return np.stack([compute(each, codes, block) for each in by_target], axis=2)

    return compute_all
