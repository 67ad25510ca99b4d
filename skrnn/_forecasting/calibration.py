"""Errors of forecasts from rolling origins among rows held out of training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from .origin import Origin
from .plan import ForecastPlan
from .series import SeriesRows
from .series_scale import SeriesScale

__all__ = ["forecast_errors"]


def forecast_errors(
    plan: ForecastPlan,
    estimator: BaseEstimator,
    series: SeriesRows,
    scale: SeriesScale,
    n_origins: int,
) -> NDArray[np.float64]:
    """Compute the errors of forecasts to the end of each series.

    Parameters
    ----------
    plan : ForecastPlan
        How series are continued.
    estimator : estimator
        Fitted on rows before the last `n_origins` of each series.
    series : SeriesRows
        The series.
    scale : SeriesScale
        Scale of their transformed targets.
    n_origins : int
        Number of the last rows of each series; a forecast starts before each of them.

    Returns
    -------
    errors : ndarray of shape (n_series, n_origins, n_origins, n_targets)
        Observation minus forecast by series, origin and step, of logarithms if they
        are taken, and divided by the spread of the series; NaN where there is none.
    """
    shape = len(series), n_origins, n_origins, series.targets.shape[1]
    errors = np.full(shape, np.nan)
    codes, places, first_rows = _find_origins(plan, estimator, series, n_origins)
    if not len(codes):
        return errors
    n_steps = series.stops[series.last_runs[codes]] - first_rows
    steps = np.arange(n_steps.max())
    # Forecasts near the end have fewer steps. What they read beyond it is ignored, but
    # must be a row.
    ahead = np.minimum(first_rows[:, None] + steps, series.n_rows - 1)
    past = _rows_before(plan, series, first_rows)
    # The end of each series is replaced by the rows before each first row to predict.
    origin = replace(
        Origin.at_end(series, 0, scale).take(codes),
        targets=series.targets[past],
        known=series.known[past],
    )
    predicted = plan.continue_series(estimator, origin, series.known[ahead], n_steps)
    observed = plan.differencing.take_log(series.targets[ahead])
    scaled = (observed - predicted) / origin.scale.spread[:, None]
    scaled[steps >= n_steps[:, None]] = np.nan
    errors[codes, places, : len(steps)] = scaled
    return errors


def _find_origins(
    plan: ForecastPlan, estimator: BaseEstimator, series: SeriesRows, n_origins: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Find the rows from which a forecast can start, among the last of each series.

    A series that is short or misses values has fewer of them than `n_origins`.

    Returns
    -------
    codes, places : ndarray of shape (n_forecasts,)
        Number of the series of each forecast, and of its origin among `n_origins`.
    first_rows : ndarray of shape (n_forecasts,)
        The first row to predict.
    """
    last = series.last_runs
    first_rows = series.stops[last][:, None] - np.arange(n_origins, 0, -1)
    earliest = series.starts[last][:, None] + plan.n_past(series.known.shape[1])
    codes, places = np.nonzero(first_rows >= earliest)
    past = _rows_before(plan, series, first_rows[codes, places])
    n_steps = series.stops[last[codes]] - first_rows[codes, places]
    n_early = plan.n_early(series.known.shape[1], n_steps)
    can_start = plan.can_start(series.targets[past], estimator, n_early)
    codes, places = codes[can_start], places[can_start]
    return codes, places, first_rows[codes, places]


def _rows_before(
    plan: ForecastPlan, series: SeriesRows, first_rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the rows that a forecast of each of the first rows starts from."""
    return first_rows[:, None] + np.arange(-plan.n_past(series.known.shape[1]), 0)
