"""Series as the groups of an estimator that has coefficients for each group."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import first_with_same_features
from skrnn._estimators.pooled_ridge import PooledRidgeCV

from .plan import ForecastPlan
from .static import StaticColumns

__all__ = ["number_series", "set_groups"]


def number_series(
    static: StaticColumns | None, estimator: BaseEstimator, names: list[Hashable]
) -> StaticColumns | None:
    """Return columns of series, with their numbers behind them if they are groups.

    Parameters
    ----------
    static : StaticColumns or None
        Columns of series that do not change.
    estimator : estimator
        The estimator that will learn.
    names : list of hashable
        Names of the series to learn from; [None] for a single one.

    Raises
    ------
    ValueError
        If the groups are asked for where they cannot be told.
    """
    if names == [None]:
        return static
    if _find_grouped(estimator) is None:
        _check_none_inside(estimator)
        return static
    numbers = StaticColumns.number(names)
    if static is None:
        return numbers
    values = np.hstack([static.values, numbers.of_series(static.names)])
    return StaticColumns(static.names, values, static.codes)


def set_groups(
    estimator: BaseEstimator, plan: ForecastPlan, X: Any, n_targets: int
) -> None:
    """Tell an estimator which columns of its table number the series.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    plan : ForecastPlan
        How windows are made.
    X : Windows or ndarray of shape (n_samples, n_columns)
        What it learns from.
    n_targets : int
        Number of targets, which are the first channels of each step.
    """
    grouped = _find_grouped(estimator)
    if grouped is None or plan.static is None:
        return
    # The number stands behind the other columns that do not change, in each step.
    place = n_targets + plan.static.values.shape[1] - 1
    n_steps = plan.window if plan.lags is None else len(plan.lags)
    grouped.set_params(groups=[*range(place, X.shape[1], X.shape[1] // n_steps)])


def _find_grouped(estimator: BaseEstimator) -> Any:
    """Return the ridge inside whose groups are open, None without one."""
    found = first_with_same_features(estimator)
    is_open = isinstance(found, PooledRidgeCV) and found.groups is None
    return found if is_open else None


def _check_none_inside(estimator: BaseEstimator) -> None:
    """Raise if a ridge with open groups is where other steps see its table, too."""
    parts = estimator.get_params(deep=True).values()
    if any(isinstance(each, PooledRidgeCV) and each.groups is None for each in parts):
        name = type(estimator).__name__
        raise ValueError(
            "estimator must be a PooledRidgeCV itself, or a GridSearchCV, "
            "RandomizedSearchCV or TransformedTargetRegressor around one, for the "
            "series to be its groups. "
            f"Got one in {name}; pass it alone, as it scales its inputs itself, or use "
            "Ridge, which is one regression for all series."
        )
