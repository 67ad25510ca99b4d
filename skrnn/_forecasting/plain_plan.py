"""How series become windows for an estimator that was passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklearn.base import BaseEstimator

from skrnn._estimators.inside import find_scaling_of_targets, learns_counts

from .differencing import Differencing, read_log
from .estimator_input import compiled_roll_out, read_window
from .limits import read_bounds
from .plan import ForecastPlan

__all__ = ["plan_around"]

# Defaults for an estimator that was passed.
PLAIN_WINDOW, PLAIN_HORIZON = 10, 1


def plan_around(forecaster: Any, lags: tuple[int, ...]) -> ForecastPlan:
    """Return the plan that the parameters say, around the estimator among them.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Its parameters.
    lags : tuple of int
        Lags of the differences that are learned.
    """
    window, chosen_lags = read_window(forecaster.window)
    mode = forecaster.normalize
    plan = ForecastPlan(
        PLAIN_WINDOW if window is None else window,
        PLAIN_HORIZON if forecaster.horizon is None else int(forecaster.horizon),
        Differencing(lags, read_log(forecaster.log)),
        None if isinstance(mode, str) and mode == "auto" else mode,
        bounds=read_bounds(forecaster.bounds),
        lags=chosen_lags,
    )
    return _keep_levels(forecaster.estimator, plan)


def _keep_levels(estimator: BaseEstimator, plan: ForecastPlan) -> ForecastPlan:
    """Return a plan that scales series as an estimator scales its targets.

    Raises
    ------
    ValueError
        If the loss or the outputs of the estimator are for levels as they are, such as
        counts or shares, and the plan shifts them.
    """
    scaling = find_scaling_of_targets(estimator)
    lags, log = plan.differencing.lags, plan.differencing.log
    for name, needed, got in (
        ("difference", 0, lags or 0),
        ("log", False, log),
        ("normalize", None, plan.mode),
    ):
        if scaling != "standard" and got != needed:
            raise ValueError(
                f"{name} must be {needed!r} for an estimator whose loss, distribution "
                "or output_activation needs levels that are not shifted, such as "
                f"loss='poisson'. Got {got!r} instead; set {name}={needed!r}, or "
                "learn what may be shifted: distribution='normal', or without one "
                "loss='mae' and output_activation='linear'."
            )
    if learns_counts(estimator) and compiled_roll_out(estimator) is None:
        # Wrappers hand on no units of counts.
        scaling = "none"
    return replace(plan, scaling=scaling)
