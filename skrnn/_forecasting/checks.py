"""Checks of rows to learn from, of rows to start from, and of finished forecasts."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import accepts_missing, predicts_steps
from skrnn._index.advice import (
    FROM_STAMPS,
    hidden_calendar,
    in_words,
    of_series,
    way_over_hole,
)
from skrnn._index.runs import split_runs
from skrnn._index.steps import stamps_before

from .origin import Origin
from .plan import ForecastPlan
from .series import SeriesRows

__all__ = [
    "check_any_start",
    "check_bounded",
    "check_calibrated",
    "check_calibration",
    "check_enough_rows",
    "check_history_step",
    "check_leaves_rows",
    "check_needs_no_rows",
    "check_predicts_windows",
    "check_samples",
    "check_start",
    "check_takes_missing",
    "check_within_horizon",
    "warn_of_calendar",
]


def check_leaves_rows(rows: SeriesRows, training: SeriesRows, calibration: int) -> None:
    """Raise if all rows are held out for the calibration."""
    if not len(training.starts):
        raise ValueError(
            f"calibration={calibration} leaves no rows to learn from, as the last "
            f"{calibration} of each series are held out for calibration. Got at most "
            f"{rows.lengths.max()} rows that follow one another; lower calibration, or "
            "pass more rows."
        )


def check_enough_rows(
    rows: SeriesRows, training: SeriesRows, plan: ForecastPlan, calibration: int
) -> None:
    """Raise if there is no window to learn from, to start from, or to calibrate on."""
    if plan.cold_start:
        return
    _check_training(rows, training, plan, calibration)
    _check_ends(rows, plan)
    n_past = plan.n_past
    longest = rows.last_lengths.max()
    if calibration and longest < n_past + calibration:
        raise ValueError(
            f"calibration={calibration} forecasts the last {calibration} rows from the "
            f"{n_past} before each of them. Got {longest} "
            "rows without a hole at the end; lower calibration or window, or pass more "
            "rows."
        )


def _check_training(
    rows: SeriesRows, training: SeriesRows, plan: ForecastPlan, calibration: int
) -> None:
    """Raise if no training run holds a window and what it predicts."""
    needed = plan.window + plan.horizon + plan.n_lost
    longest = training.lengths.max(initial=0)
    if longest < needed:
        settings = f"window={plan.window} and horizon={plan.horizon}"
        settings += f" behind differences of {plan.n_lost} rows" if plan.n_lost else ""
        held_out = ""
        if calibration:
            held_out = f" before the last {calibration}, held out for calibration,"
        raise ValueError(
            f"{settings} need {needed} rows without a hole{held_out} to learn from. "
            f"Got n_samples={rows.n_rows}, of which {longest} follow one another"
            f"{_at_step(rows)}; shorten window or horizon, or pass more rows"
            f"{_over_first_hole(rows)}."
        )


def _check_ends(rows: SeriesRows, plan: ForecastPlan) -> None:
    """Raise if the last run of each series is shorter than a forecast needs."""
    n_past = plan.n_past
    if (rows.last_lengths >= n_past).any():
        return
    code = int(rows.last_lengths.argmax())
    run = rows.last_runs[code]
    has_hole = run > 0 and rows.codes[rows.starts[run - 1]] == code
    hole = ""
    if has_hole:
        before = rows.stamps[rows.stops[run - 1] - 1]
        hole = f"{_at_step(rows)}, after a hole behind {before}; fill the hole"
    way_out = "drop the rows behind it" if has_hole else "pass more rows"
    raise ValueError(
        f"With window={plan.window} and horizon={plan.horizon} a forecast starts from "
        f"the last {n_past} rows. Got {rows.lengths[run]}{of_series(rows.names[code])}"
        f" from {rows.stamps[rows.starts[run]]} on{hole or '; drop the series'}, "
        f"shorten window, or {way_out}{_over_first_hole(rows, code)}."
    )


def _at_step(rows: SeriesRows) -> str:
    """Return words for the step of an index; none where there is no index."""
    if not rows.has_index or rows.step is None:
        return ""
    return f" at a step of {in_words(rows.step)}, {rows.source}"


def _over_first_hole(rows: SeriesRows, code: int | None = None) -> str:
    """Return words for the first hole and the way over it; none where there is none.

    Parameters
    ----------
    rows : SeriesRows
        The rows.
    code : int or None
        The series to look at; None means all.
    """
    codes = rows.codes[rows.starts]
    is_hole = codes[1:] == codes[:-1]
    if code is not None:
        is_hole &= codes[1:] == code
    if not is_hole.any():
        return ""
    run = int(np.argmax(is_hole))
    before = rows.stamps[rows.stops[run] - 1]
    after = rows.stamps[rows.starts[run + 1]]
    own = rows.stamps[rows.codes == codes[run]]
    return (
        f". The first hole lies between {before} and {after}"
        f"{of_series(rows.names[codes[run]])}; {way_over_hole(own, rows.step)}"
    )


def warn_of_calendar(rows: SeriesRows) -> None:
    """Warn if rows leave out days or hours regularly, and forecasts would not."""
    if not rows.has_index or rows.source != FROM_STAMPS:
        return
    longest = np.bincount(rows.codes).argmax()
    offset = hidden_calendar(rows.stamps[rows.codes == longest], rows.step)
    if offset is not None:
        warnings.warn(
            "The index of X leaves out days or hours regularly, as a calendar does, "
            f"but forecasts go on{_at_step(rows)}. Pass freq={offset} if rows follow "
            "one another on that calendar, or the step itself as freq, such as "
            "'h' or 'D', if what is left out is a hole.",
            UserWarning,
            stacklevel=2,
        )


def check_history_step(index: pd.Index, step: Any) -> None:
    """Raise if the rows of a history are spaced otherwise than those seen in `fit`.

    Parameters
    ----------
    index : pandas.Index
        Stamps of the history, in the kind that `fit` saw.
    step : offset, Timedelta or number
        Distance from one row to the next in `fit`.
    """
    n_rows = len(index)
    try:
        runs = split_runs(index, n_rows, step)
    except ValueError:
        own = split_runs(index, n_rows)
        # Otherwise some stamps are off, which are named where the rows are read.
        is_other = 2 * len(own) < n_rows
    else:
        # Single rows may be all that a forecast starts from.
        is_other = len(set(runs.series)) < len(runs) == n_rows
        own = split_runs(index, n_rows) if is_other else runs
    if is_other:
        raise ValueError(
            f"history has a step of {in_words(own.step)}, fit saw "
            f"{in_words(step)}; resample history to the step of fit, or fit on rows "
            "with that of history."
        )


def check_any_start(
    origin: Origin, plan: ForecastPlan, estimator: BaseEstimator
) -> None:
    """Raise as `check_start` if no series can start."""
    if not plan.can_continue(origin, estimator).any():
        check_start(origin, plan, estimator)


def check_start(origin: Origin, plan: ForecastPlan, estimator: BaseEstimator) -> None:
    """Raise if a series is short, or its last rows lack what the first window needs."""
    if plan.can_continue(origin, estimator).all():
        return
    _check_length(origin, plan)
    _check_columns(origin, plan)
    past = plan.differencing.take_log(origin.targets)
    if np.isnan(plan.differencing.integrate(past, np.zeros_like(past))).any():
        raise ValueError(
            f"Forecasts add up differences from the last {plan.n_lost} rows of y"
            f"{_first_missing(origin, past[:, -plan.n_lost :])}. Got NaN among them; "
            "fill them in, or lower difference."
        )
    missing = np.isnan(plan.differencing.difference(past)[:, -plan.window :])
    _check_missing(origin, plan, estimator, missing)
    empty = np.where(missing.all(axis=1, keepdims=True), np.nan, 0.0)
    raise ValueError(
        f"A forecast starts from the last {plan.window} rows, of which each target "
        f"needs a value. Got NaN in all of them{_first_missing(origin, empty)}; widen "
        "window, or pass later observations."
    )


def _check_length(origin: Origin, plan: ForecastPlan) -> None:
    """Raise if a series has fewer rows than a forecast starts from."""
    short = (origin.lengths < plan.n_past) & (not plan.cold_start)
    if not short.any():
        return
    code = int(np.argmax(short))
    ways = "pass more rows to fit, update or history, shorten window, or fit with "
    ways += "cold_start=True"
    if origin.names[code] is not None:
        ways = f"leave the series out of X, {ways}"
    raise ValueError(
        f"With window={plan.window} and horizon={plan.horizon} a forecast starts "
        f"from the last {plan.n_past} rows. Got {origin.lengths[code]}"
        f"{of_series(origin.names[code])} up to {origin.ends[code]}; {ways}."
    )


def _check_missing(
    origin: Origin,
    plan: ForecastPlan,
    estimator: BaseEstimator,
    missing: NDArray[np.bool_],
) -> None:
    """Raise if the first windows hold NaN, and the estimator takes none.

    Parameters
    ----------
    origin, plan, estimator
        As in `check_start`.
    missing : ndarray of bool of shape (n_series, window, n_targets)
        Where the targets in these windows are NaN.
    """
    if accepts_missing(estimator):
        return
    name = type(estimator).__name__
    lacks_past = plan.lacks_past(origin.known)
    if lacks_past.any():
        lacking = np.where(lacks_past, np.nan, 0.0)[:, :, None]
        raise ValueError(
            f"{name} does not accept missing values, but the columns in past hold NaN "
            f"in the last {plan.window} rows{_first_missing(origin, lacking)}, from "
            "which a forecast starts; fill them in, or use an estimator that accepts "
            "NaN, such as LSTMRegressor or HistGradientBoostingRegressor."
        )
    if missing.any():
        marked = np.where(missing, np.nan, 0.0)
        raise ValueError(
            f"{name} does not accept missing values, but the last "
            f"{plan.window + plan.n_lost} rows of y{_first_missing(origin, marked)}, "
            "from which a forecast starts, hold NaN; fill them in, or use an estimator "
            "that accepts NaN, such as LSTMRegressor or HistGradientBoostingRegressor."
        )


def _check_columns(origin: Origin, plan: ForecastPlan) -> None:
    """Raise if a row of the first window lacks the columns known in advance."""
    lacks = plan.lacks_columns(origin)
    if lacks.any():
        code = int(np.argmax(lacks.any(axis=1)))
        n_back = plan.window - 1 - int(np.argmax(lacks[code]))
        stamp = stamps_before(origin.ends[[code]], origin.step, n_back)[0]
        raise ValueError(
            "X must have a row for each step, because its columns are inputs of the "
            f"forecast. Got none for {stamp}{of_series(origin.names[code])} in "
            "updates; pass that row to update."
        )


def check_predicts_windows(estimator: BaseEstimator | None) -> None:
    """Raise if an estimator predicts every step of a window, and not what follows."""
    if estimator is not None and predicts_steps(estimator):
        raise ValueError(
            "estimator must predict the rows that follow a window. Got one with "
            "return_sequences=True, which predicts something for each row inside; set "
            "return_sequences=False, and horizon for several rows at once."
        )


def check_takes_missing(estimator: BaseEstimator) -> None:
    """Raise if an estimator takes no windows that begin missing."""
    if not accepts_missing(estimator):
        raise ValueError(
            "cold_start=True needs an estimator that accepts missing values, because "
            f"windows begin with them. Got {type(estimator).__name__}, which does not; "
            "use one such as LSTMRegressor or HistGradientBoostingRegressor, or set "
            "cold_start=False."
        )


def check_within_horizon(
    plan: ForecastPlan,
    n_steps: NDArray[np.intp],
    names: Sequence[Hashable] = (None,),
) -> None:
    """Raise if a forecast would need later values of columns that are observed.

    Parameters
    ----------
    plan : ForecastPlan
        How series are continued.
    n_steps : ndarray of shape (n_forecasts,)
        Steps of each forecast.
    names : sequence of hashable, default=(None,)
        Names of their series, if each forecast has one.
    """
    most = int(n_steps.max(initial=0))
    if most > plan.most_steps:
        raise ValueError(
            "Columns in past are not known after the last observation, so a forecast "
            f"has at most horizon={plan.horizon} steps. Got {most}"
            f"{of_series(names[int(n_steps.argmax()) % len(names)])}; fit with "
            f"horizon={most} or more, predict fewer rows, or leave columns that are "
            "known in advance out of past."
        )


def check_samples(n_samples: int, estimator: BaseEstimator) -> None:
    """Raise if there is no window to learn from."""
    if n_samples == 0:
        in_window = "" if accepts_missing(estimator) else " and may not in a window"
        raise ValueError(
            "No window to learn from: y is missing somewhere in each of them, or in "
            f"the rows that it predicts, where it must be observed{in_window}; fill y "
            "in, shorten window or horizon, or use an estimator that accepts NaN, such "
            "as LSTMRegressor."
        )


def check_bounded(predicted: NDArray[np.float64], n_steps: NDArray[np.intp]) -> None:
    """Raise if forecasts have become infinite or NaN.

    Parameters
    ----------
    predicted : ndarray of shape (n_series, n_rows, n_targets)
        The forecasts.
    n_steps : ndarray of shape (n_series,)
        Number of rows of each series to check; later ones are ignored.
    """
    finite = np.isfinite(predicted).all(axis=2)
    finite |= np.arange(predicted.shape[1]) >= n_steps[:, None]
    if not finite.all():
        raise ValueError(
            f"The forecast is not finite after {np.argmin(finite.all(axis=0))} steps, "
            "because predictions that are fed back grow without bound; predict fewer "
            "rows, regularise the estimator, or fit on more rows."
        )


def check_calibrated(
    bands: NDArray[np.float64], row_steps: NDArray[np.intp], calibration: int
) -> None:
    """Raise if a step was held out too seldom to know its errors.

    Parameters
    ----------
    bands : ndarray of shape (n_steps, ...)
        Distances from the forecast at each step; infinite where they are not known.
    row_steps : ndarray of shape (n_rows,)
        Requested steps, counted from 1.
    calibration : int
        Number of rows that were held out.
    """
    is_known = np.isfinite(bands.reshape(len(bands), -1)).all(axis=1)
    n_known = int(np.argmin(np.append(is_known, False)))
    if row_steps.max() > n_known:
        raise ValueError(
            f"calibration={calibration} gives enough errors for {n_known} steps at "
            f"this coverage. Got {row_steps.max()} rows to predict; raise calibration, "
            "the number of rows to hold out, lower the coverage, or predict fewer rows."
        )


def check_calibration(forecaster: Any) -> None:
    """Raise if no rows were held out for the errors of forecasts."""
    if not hasattr(forecaster, "calibration_errors_"):
        raise ValueError(
            "Bands need errors of forecasts that training has not seen. Got "
            "calibration=0; set calibration to the number of last rows to hold out "
            "for them, such as 100, and call fit."
        )


def check_needs_no_rows(n_ahead: int) -> None:
    """Raise if rows to predict have columns that must be passed."""
    if n_ahead:
        raise ValueError(
            f"forecast does not know the {n_ahead} columns of X that are inputs; use "
            "predict(X) with a frame of these columns, or fit with exogenous=False."
        )


def _first_missing(origin: Origin, rows: NDArray[np.float64]) -> str:
    """Return words that name the first series with NaN in some rows."""
    return of_series(origin.names[int(np.argmax(np.isnan(rows).any(axis=(1, 2))))])
