"""Weights of rows, and of the windows that predict them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import find_weight_parameter
from skrnn._windows.windows import Windows

from .plan import ForecastPlan

__all__ = ["check_takes_weights", "weights_of_windows"]


def weights_of_windows(
    plan: ForecastPlan,
    estimator: BaseEstimator,
    weights: NDArray[np.float64] | None,
    starts: NDArray[np.intp],
) -> dict[str, Any]:
    """Return the weights of windows, by the name of the parameter that takes them.

    A window has the mean weight of the rows that it predicts.

    Parameters
    ----------
    plan : ForecastPlan
        How series become windows.
    estimator : estimator
        The estimator that will learn.
    weights : ndarray of shape (n_rows,) or None
        Weights of rows. None gives no parameter.
    starts : ndarray of shape (n_windows,)
        First rows of the windows.
    """
    if weights is None:
        return {}
    ahead = Windows(weights[:, None], starts + plan.window, plan.horizon).gather()
    of_windows = ahead.mean(axis=(1, 2))
    if not of_windows.any():
        raise ValueError(
            "sample_weight must be above 0 in a row that a window predicts. Got 0 in "
            "all of them; give weight to rows behind the first window."
        )
    return {str(find_weight_parameter(estimator)): of_windows}


def check_takes_weights(estimator: BaseEstimator) -> None:
    """Raise if the `fit` of an estimator takes no weights."""
    if find_weight_parameter(estimator) is None:
        raise ValueError(
            f"sample_weight needs an estimator whose fit takes it. Got "
            f"{type(estimator).__name__}, which does not; use one that does, such as "
            "Ridge, HistGradientBoostingRegressor or LSTMRegressor, or leave "
            "sample_weight out."
        )
