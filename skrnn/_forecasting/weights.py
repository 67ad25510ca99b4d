"""Weights of rows, and of the windows that predict them."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import find_weight_parameter
from skrnn._index.matching import match_index
from skrnn._windows.windows import Windows

from .plan import ForecastPlan
from .request import locate_rows
from .update import Update

__all__ = ["check_takes_weights", "weights_of_update", "weights_of_windows"]

# Estimators to name to those whose own one takes no weights.
TAKE_WEIGHTS = {
    "fit": "Ridge, HistGradientBoostingRegressor or LSTMRegressor",
    "partial_fit": "SGDRegressor or LSTMRegressor",
}


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
        Weights of rows; NaN of those that were learned before, which do not count. None
        gives no parameter.
    starts : ndarray of shape (n_windows,)
        First rows of the windows.
    """
    if weights is None:
        return {}
    ahead = Windows(weights[:, None], starts + plan.window, plan.horizon).gather()
    of_windows = np.nanmean(ahead, axis=(1, 2))
    if not of_windows.any():
        raise ValueError(
            "sample_weight must be above 0 in a row that a window predicts. Got 0 in "
            "all of them; give weight to rows behind the first window."
        )
    return {str(find_weight_parameter(estimator)): of_windows}


def weights_of_update(
    update: Update,
    index: pd.Index | None,
    weights: NDArray[np.float64],
    *,
    wide: bool,
) -> NDArray[np.float64]:
    """Return the weights of the rows of an update, series by series.

    Parameters
    ----------
    update : Update
        The rows.
    index : pandas.Index or None
        Stamps of the new rows.
    weights : ndarray of shape (n_rows,)
        Weights of the new rows, which all columns of a wide table share.
    wide : bool
        Whether the series lie side by side.

    Returns
    -------
    weights : ndarray of shape (n_laid_out,)
        As many as `as_series` of the update has rows; NaN of those that are not new.
    """
    origin = update.origin
    index = None if index is None else match_index(index, origin.ends)
    codes, steps = locate_rows(origin, index, len(weights), wide=wide, late=True)
    weights = np.tile(weights, len(origin)) if wide else weights
    n_past, laid_out = origin.targets.shape[1], []
    for code, rows in zip(update.codes, update.targets, strict=True):
        own = (codes == code) & (steps > -n_past)
        of_series = np.full(len(rows), np.nan)
        of_series[n_past - 1 + steps[own]] = weights[own]
        laid_out.append(of_series)
    return np.concatenate(laid_out)


def check_takes_weights(estimator: BaseEstimator, method: str = "fit") -> None:
    """Raise if a method by which an estimator learns takes no weights."""
    takes = find_weight_parameter(estimator) is not None
    if method == "partial_fit":
        takes &= "sample_weight" in signature(estimator.partial_fit).parameters
    if not takes:
        raise ValueError(
            f"sample_weight needs an estimator whose {method} takes it. Got "
            f"{type(estimator).__name__}, which does not; use one that does, such as "
            f"{TAKE_WEIGHTS[method]}, or leave sample_weight out."
        )
