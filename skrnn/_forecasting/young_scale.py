"""The scale of series of which `fit` has seen too few rows for one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skrnn._scaling.moments import rounding

from .differencing import Differencing
from .origin import Origin
from .series_scale import SeriesScale

__all__ = ["scale_young"]


def scale_young(
    origin: Origin, differencing: Differencing, levels: SeriesScale, scaling: str
) -> SeriesScale:
    """Return the scale of each series, where it is not settled that of its last rows.

    Parameters
    ----------
    origin : Origin
        The series, of which the scale of some is settled.
    differencing : Differencing
        What is done to the rows before they are scaled.
    levels : SeriesScale
        Scale of the series to take pooled levels from: the medians of their centres and
        spreads. A series without rows takes both, one whose rows do not differ the
        spread.
    scaling : {"standard", "scale", "none"}
        How series are scaled, as in `ForecastPlan`.
    """
    centre, spread = origin.scale.centre.copy(), origin.scale.spread.copy()
    young = ~origin.settled
    if not young.any() or not len(levels.centre) or scaling == "none":
        return origin.scale
    rows = differencing.difference(differencing.take_log(origin.targets[young]))
    own_centre, own_spread = _moments(rows)
    pooled = np.median(levels.centre, axis=0), np.median(levels.spread, axis=0)
    if scaling == "scale":
        size = np.hypot(own_centre, own_spread)
        spread[young] = np.where(size > 0, size, pooled[1])
        centre[young] = 0.0
        return SeriesScale(centre, spread)
    centre[young] = np.where(np.isnan(own_centre), pooled[0], own_centre)
    varies = own_spread > rounding(centre[young])
    spread[young] = np.where(varies, own_spread, pooled[1])
    return SeriesScale(centre, spread)


def _moments(
    rows: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation over the second axis; NaN of nothing."""
    observed = ~np.isnan(rows)
    counts = observed.sum(axis=1)
    with np.errstate(invalid="ignore"):
        centre = np.where(observed, rows, 0.0).sum(axis=1) / counts
        deviations = np.where(observed, rows - centre[:, None], 0.0)
        return centre, np.sqrt((deviations**2).sum(axis=1) / counts)
