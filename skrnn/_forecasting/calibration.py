"""Errors of forecasts from rolling origins among rows held out of training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._process.memory import check_memory

from .origin import Origin
from .past_columns import known_in_advance
from .plan import ForecastPlan
from .series import SeriesRows
from .series_scale import SeriesScale

__all__ = ["errors_of_length", "forecast_errors", "hold_out", "predict_held_out"]


@dataclass(frozen=True)
class HeldOut:
    """Forecasts from origins among the last rows of series, and what came.

    Parameters
    ----------
    codes, places : ndarray of shape (n_forecasts,)
        Number of the series of each forecast, and of its origin.
    origin : Origin
        Where they start.
    n_steps : ndarray of shape (n_forecasts,)
        Steps to the end of each series.
    known : ndarray of shape (n_forecasts, n_steps.max(), n_known)
        Columns of X in these steps, of which those known in advance are used.
    stamps : pandas.Index
        Stamps of all rows.
    first_rows : ndarray of shape (n_forecasts,)
        The first row of each forecast.
    observed : ndarray of shape (n_forecasts, n_steps.max(), n_targets)
        What was observed in them.
    """

    codes: NDArray[np.intp]
    places: NDArray[np.intp]
    origin: Origin
    n_steps: NDArray[np.intp]
    known: NDArray[np.float64]
    observed: NDArray[np.float64]
    stamps: pd.Index
    first_rows: NDArray[np.intp]

    def move(self, predicted: NDArray[np.float64], n_rows: int) -> HeldOut:
        """Return the forecasts after some rows, in place of which are predictions.

        Forecasts that end before that, or have become infinite, are left out.
        """
        finite = np.isfinite(predicted[:, :n_rows]).all(axis=(1, 2))
        chosen = np.flatnonzero(finite & (self.n_steps > n_rows))
        origin = self.origin.take(chosen)
        rows = slice(n_rows, None)

        def append(
            past: NDArray[np.float64], new: NDArray[np.float64]
        ) -> NDArray[np.float64]:
            moved = np.concatenate([past, new[chosen, :n_rows]], axis=1)
            return moved[:, moved.shape[1] - past.shape[1] :]

        first_rows = self.first_rows[chosen] + n_rows
        origin = replace(
            origin,
            targets=append(origin.targets, predicted),
            known=append(origin.known, self.known),
            ends=self.stamps.take(first_rows - 1),
        )
        return HeldOut(
            self.codes[chosen],
            self.places[chosen],
            origin,
            self.n_steps[chosen] - n_rows,
            self.known[chosen, rows],
            self.observed[chosen, rows],
            self.stamps,
            first_rows,
        )

    def first(self, n_steps: int) -> HeldOut:
        """Return the forecasts, cut behind so many steps."""
        return replace(
            self,
            n_steps=np.minimum(self.n_steps, n_steps),
            known=self.known[:, :n_steps],
            observed=self.observed[:, :n_steps],
        )

    def at_least(self, n_steps: int) -> HeldOut:
        """Return the forecasts of so many steps, and cut them behind these."""
        chosen = np.flatnonzero(self.n_steps >= n_steps)
        return HeldOut(
            self.codes[chosen],
            self.places[chosen],
            self.origin.take(chosen),
            np.full(len(chosen), n_steps),
            self.known[chosen, :n_steps],
            self.observed[chosen, :n_steps],
            self.stamps,
            self.first_rows[chosen],
        )


def forecast_errors(
    plan: ForecastPlan,
    estimator: BaseEstimator,
    series: SeriesRows,
    scale: SeriesScale,
    n_origins: int,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
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
        With columns known in advance they are those of whole blocks.
    short_errors : ndarray of shape (n_short, n_series, n_origins, n_origins, n_targets)
        The same in last blocks of which 1, 2, ... ``horizon - 1`` rows are known, as
        float32. There are none without columns known in advance.
    """
    shape = len(series), n_origins, n_origins, series.targets.shape[1]
    n_short = 0 if plan.completion is None else plan.horizon - 1
    check_memory(
        (8 + 4 * n_short) * int(np.prod(shape)),
        f"The errors of calibration={n_origins} for each lead time",
        "lower calibration or horizon",
    )
    errors = np.full(shape, np.nan)
    # There are many of them, which are stored with the forecaster.
    short_errors = np.full((n_short, *shape), np.nan, dtype=np.float32)
    held_out = hold_out(plan, estimator, series, scale, n_origins)
    if not len(held_out.codes):
        return errors, short_errors
    predicted = predict_held_out(plan, estimator, held_out)
    last = held_out.n_steps
    if n_short:
        last = last // plan.horizon * plan.horizon
    _enter(errors, plan, held_out, predicted, last)
    for first, length, block in _short_blocks(plan, held_out, predicted):
        in_block = short_errors[length - 1][:, :, first:]
        _enter(
            in_block,
            plan,
            block,
            predict_held_out(plan, estimator, block),
            block.n_steps,
        )
    return errors, short_errors


def errors_of_length(
    errors: NDArray[np.float64], short_errors: NDArray[np.float32], n_steps: int
) -> NDArray[np.float64]:
    """Return the errors of forecasts whose columns are known for so many steps.

    Parameters
    ----------
    errors, short_errors : ndarray
        What `forecast_errors` returns.
    n_steps : int
        Number of steps.
    """
    if not len(short_errors):
        return errors
    n_whole, n_short = divmod(n_steps, len(short_errors) + 1)
    n_whole *= len(short_errors) + 1
    if not n_short:
        return errors
    short = short_errors[n_short - 1][:, :, n_whole:n_steps]
    return np.concatenate([errors[:, :, :n_whole], short], axis=2)


def predict_held_out(
    plan: ForecastPlan, estimator: BaseEstimator, held_out: HeldOut
) -> NDArray[np.float64]:
    """Return forecasts of all steps, of logarithms if they are taken."""
    known = known_in_advance(held_out.known, plan.past)
    known = known[..., : known.shape[2] - plan.n_calendar]
    return plan.continue_series(estimator, held_out.origin, known, held_out.n_steps)


def _enter(
    errors: NDArray[np.floating],
    plan: ForecastPlan,
    held_out: HeldOut,
    predicted: NDArray[np.float64],
    n_steps: NDArray[np.intp],
) -> None:
    """Write the errors of the first `n_steps` steps of forecasts."""
    observed = plan.differencing.take_log(held_out.observed)
    scaled = (observed - predicted) / held_out.origin.scale.spread[:, None]
    steps = np.arange(scaled.shape[1])
    scaled[steps >= n_steps[:, None]] = np.nan
    errors[held_out.codes, held_out.places, : len(steps)] = scaled


def _short_blocks(
    plan: ForecastPlan, held_out: HeldOut, predicted: NDArray[np.float64]
) -> Iterator[tuple[int, int, HeldOut]]:
    """Yield first step, length and origins of the blocks that are known in part."""
    if plan.completion is None:
        return
    values = plan.restore(predicted)
    for first in range(0, int(held_out.n_steps.max()), plan.horizon):
        moved = held_out.move(values, first)
        for length in range(1, plan.horizon):
            block = moved.at_least(length)
            if len(block.codes):
                yield first, length, block


def hold_out(
    plan: ForecastPlan,
    estimator: BaseEstimator,
    series: SeriesRows,
    scale: SeriesScale,
    n_origins: int,
) -> HeldOut:
    """Collect the forecasts from origins among the last rows of series."""
    codes, places, first_rows = _find_origins(plan, estimator, series, n_origins)
    n_steps = series.stops[series.last_runs[codes]] - first_rows
    n_steps = np.minimum(n_steps, plan.most_steps)
    steps = np.arange(n_steps.max(initial=0))
    # Forecasts near the end have fewer steps. What they read beyond it is ignored, but
    # must be a row.
    ahead = np.minimum(first_rows[:, None] + steps, series.n_rows - 1)
    past = _rows_before(plan, first_rows)
    # The end of each series is replaced by the rows before each first row to predict.
    origin = replace(
        Origin.at_end(series, 0, scale).take(codes),
        targets=series.targets[past],
        known=series.known[past],
        ends=series.stamps.take(first_rows - 1),
    )
    known, observed = series.known[ahead], series.targets[ahead]
    return HeldOut(
        codes,
        places,
        origin,
        n_steps,
        known,
        observed,
        series.stamps,
        first_rows,
    )


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
    earliest = series.starts[last][:, None] + plan.n_past
    codes, places = np.nonzero((first_rows >= earliest) & (last >= 0)[:, None])
    past = _rows_before(plan, first_rows[codes, places])
    can_start = plan.can_start(series.targets[past], series.known[past], estimator)
    codes, places = codes[can_start], places[can_start]
    return codes, places, first_rows[codes, places]


def _rows_before(plan: ForecastPlan, first_rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the rows that a forecast of each of the first rows starts from."""
    return first_rows[:, None] + np.arange(-plan.n_past, 0)
