"""Errors of forecasts from rolling origins that training has not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator

from .origin import Origin
from .plan import Extrapolator
from .series import Panel

__all__ = ["forecast_errors"]


def forecast_errors(
    extrapolator: Extrapolator,
    estimator: BaseEstimator,
    panel: Panel,
    levels: tuple[np.ndarray, np.ndarray],
    n_origins: int,
) -> np.ndarray:
    """Forecast to the ends of series from each of their last rows.

    Parameters
    ----------
    extrapolator : Extrapolator
        How series are continued.
    estimator : estimator
        Fitted on rows before the last `n_origins` of each series.
    panel : Panel
        The series.
    levels : tuple of two ndarray of shape (n_series, n_targets)
        Centre and spread of each series.
    n_origins : int
        The last rows of each series that are forecast, from each row before one.

    Returns
    -------
    errors : ndarray of shape (n_series, n_origins, n_origins, n_targets)
        Truth minus forecast by series, origin and step, before the logarithm is taken
        back and in units of `levels`; NaN where there is none.
    """
    n_known = panel.known.shape[1]
    last = panel.last_runs
    first, stop = panel.starts[last], panel.stops[last]
    origins = stop[:, None] - np.arange(n_origins, 0, -1)
    # A series that is short, or misses values, has fewer origins than asked for.
    series, place = np.nonzero(origins >= first[:, None] + extrapolator.n_past(n_known))
    past = origins[series, place][:, None] + np.arange(-extrapolator.n_past(n_known), 0)
    kept = extrapolator.can_start(panel.targets[past], estimator)
    series, place, past = series[kept], place[kept], past[kept]
    errors = np.full((len(panel), n_origins, n_origins, panel.targets.shape[1]), np.nan)
    if not len(series):
        return errors
    rows = origins[series, place]
    n_steps = stop[series] - rows
    steps = np.arange(n_origins)
    ahead = np.minimum(rows[:, None] + steps, panel.n_rows - 1)
    origin = replace(
        Origin.of(panel, 0, levels).take(series),
        targets=panel.targets[past],
        known=panel.known[past],
    )
    predicted = extrapolator.continue_series(
        estimator, origin, panel.known[ahead][:, : n_steps.max()], n_steps
    )
    truth = extrapolator.transformation.logarithm(panel.targets[ahead])
    truth = truth[:, : n_steps.max()]
    scaled = (truth - predicted) / origin.spread[:, None]
    scaled[steps[: n_steps.max()] >= n_steps[:, None]] = np.nan
    errors[series, place, : n_steps.max()] = scaled
    return errors
