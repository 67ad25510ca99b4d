"""What a forecaster refuses: rows to learn from, to start from, and wild forecasts."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import accepts_missing

from .origin import Origin
from .plan import Extrapolator
from .series import Panel

__all__ = [
    "check_bounded",
    "check_calibrated",
    "check_ends",
    "check_rows",
    "check_samples",
    "check_start",
]


def check_rows(
    panel: Panel, training: Panel, plan: Extrapolator, calibration: int
) -> None:
    """Refuse rows that give no window to learn from, or none to start from."""
    needed = plan.window + plan.horizon + plan.reach
    longest = training.lengths.max(initial=0)
    if longest < needed:
        settings = f"window={plan.window} and horizon={plan.horizon}"
        settings += f" behind differences of {plan.reach} rows" if plan.reach else ""
        held = f" before the last {calibration}, held out for calibration," * bool(
            calibration
        )
        raise ValueError(
            f"{settings} need {needed} rows without a hole{held} to learn from. Got "
            f"n_samples={panel.n_rows}, of which {longest} follow one another; shorten "
            "window or horizon, or pass more rows."
        )
    check_ends(panel, plan)
    n_past = plan.n_past(panel.known.shape[1])
    if calibration and panel.lengths[panel.last_runs].max() < n_past + calibration:
        raise ValueError(
            f"calibration={calibration} forecasts the last {calibration} rows from the "
            f"{n_past} before each of them. Got {panel.lengths[panel.last_runs].max()} "
            "rows without a hole at the end; lower calibration or window, or pass more "
            "rows."
        )


def check_ends(panel: Panel, plan: Extrapolator) -> None:
    """Refuse series whose last run is shorter than what a forecast starts from."""
    n_past = plan.n_past(panel.known.shape[1])
    last = panel.last_runs
    short = panel.lengths[last] < n_past
    if not short.any():
        return
    series = int(np.argmax(short))
    run = last[series]
    name = panel.names[series]
    of_series = "" if name is None else f" of series {name!r}"
    behind = run > 0 and panel.codes[panel.starts[run - 1]] == series
    hole = ", after a hole in the index; fill the hole" if behind else ""
    ways = "drop the rows behind it" if behind else "pass more rows"
    raise ValueError(
        f"With window={plan.window} and horizon={plan.horizon} a forecast starts from "
        f"the last {n_past} rows. Got {panel.lengths[run]}{of_series} from "
        f"{panel.stamps[panel.starts[run]]} on{hole or '; drop the series'}, shorten "
        f"window, or {ways}."
    )


def check_start(origin: Origin, plan: Extrapolator, estimator: BaseEstimator) -> None:
    """Refuse to start from rows that lack what the first window needs."""
    if plan.can_start(origin.targets, estimator).all():
        return
    logarithm = plan.transformation.logarithm(origin.targets)
    if np.isnan(plan.transformation.add_up(logarithm, np.zeros_like(logarithm))).any():
        raise ValueError(
            f"Forecasts add up differences from the last {plan.reach} rows of y"
            f"{_of_series(origin, logarithm[:, -plan.reach :])}. Got NaN among them; "
            "fill them in, or lower difference."
        )
    window = plan.transformation.difference(logarithm)[:, -plan.window :]
    missing = np.isnan(window)
    if missing.any() and not accepts_missing(estimator):
        raise ValueError(
            f"{type(estimator).__name__} does not accept missing values, but the last "
            f"{plan.window + plan.reach} rows of y{_of_series(origin, window)}, from "
            "which a forecast starts, hold NaN; fill them in, or use an estimator that "
            "accepts NaN, such as LSTMRegressor or HistGradientBoostingRegressor."
        )
    empty = np.where(missing.all(axis=1, keepdims=True), np.nan, 0.0)
    raise ValueError(
        f"A forecast starts from the last {plan.window} rows, of which each target "
        f"needs a value. Got NaN in all of them{_of_series(origin, empty)}; widen "
        "window, or pass later observations."
    )


def check_samples(n_samples: int, estimator: BaseEstimator) -> None:
    """Refuse to learn from no window at all."""
    if n_samples == 0:
        takes = "" if accepts_missing(estimator) else " and may not in a window"
        raise ValueError(
            "No window to learn from: y is missing somewhere in each of them, or in "
            f"the rows that it predicts, where it must be observed{takes}; fill y in, "
            "shorten window or horizon, or use an estimator that accepts NaN, such as "
            "LSTMRegressor."
        )


def check_bounded(predicted: np.ndarray, n_steps: np.ndarray) -> None:
    """Refuse forecasts that have become infinite or NaN.

    Parameters
    ----------
    predicted : ndarray of shape (n_series, n_rows, n_targets)
        The forecasts.
    n_steps : ndarray of shape (n_series,)
        Rows of each series that count.
    """
    finite = np.isfinite(predicted).all(axis=2)
    finite |= np.arange(predicted.shape[1]) >= n_steps[:, None]
    if not finite.all():
        raise ValueError(
            f"The forecast is not finite after {np.argmin(finite.all(axis=0))} steps, "
            "because predictions that are fed back grow without bound; predict fewer "
            "rows, regularise the estimator, or fit on more rows."
        )


def check_calibrated(bands: np.ndarray, steps: np.ndarray, calibration: int) -> None:
    """Refuse steps for which there are too few errors.

    Parameters
    ----------
    bands : ndarray of shape (n_steps, ...)
        What is known for each step; infinite where nothing is.
    steps : ndarray of shape (n_rows,)
        Steps that are asked for, from 1.
    calibration : int
        Rows that were held out.
    """
    known = np.isfinite(bands.reshape(len(bands), -1)).all(axis=1)
    n_known = int(np.argmin(np.append(known, False)))
    if steps.max() > n_known:
        raise ValueError(
            f"calibration={calibration} gives enough errors for {n_known} steps at "
            f"this coverage. Got {steps.max()} rows to predict; raise calibration, the "
            "number of rows to hold out, lower the coverage, or predict fewer rows."
        )


def _of_series(origin: Origin, rows: np.ndarray) -> str:
    """Name the first series that misses a value in some rows."""
    name = origin.names[int(np.argmax(np.isnan(rows).any(axis=(1, 2))))]
    return "" if name is None else f" of series {name!r}"
