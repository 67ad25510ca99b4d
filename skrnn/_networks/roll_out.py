"""The recursion of a forecast: each block predicted from the ones before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["known_ahead", "roll_out"]


def known_ahead(known: NDArray[Any], horizon: int) -> NDArray[Any]:
    """Return, for each row, the columns of the `horizon` rows after it, nearest first.

    Columns of rows beyond the last one are NaN.

    Parameters
    ----------
    known : ndarray of shape (..., n_rows, n_known)
        Columns known in advance.
    horizon : int
        Rows that one prediction gives.

    Returns
    -------
    ahead : ndarray of shape (..., n_rows, horizon * n_known)
        The columns of later rows.
    """
    *others, n_rows, n_known = known.shape
    ahead = np.full((*others, n_rows, horizon, n_known), np.nan)
    for step in range(1, min(horizon, n_rows - 1) + 1):
        ahead[..., :-step, step - 1, :] = known[..., step:, :]
    return ahead.reshape(*others, n_rows, horizon * n_known)


def roll_out(
    predict: Callable[[NDArray[Any], NDArray[np.intp]], NDArray[Any]],
    targets: NDArray[Any],
    ahead: NDArray[Any],
    window: int,
    horizon: int,
) -> NDArray[np.float64]:
    """Continue series block by block, each predicted from the ones before.

    Parameters
    ----------
    predict : callable
        From windows of shape (n_series, window, n_targets + n_ahead), and numbers of
        their series, to the rows that follow, of shape (n_series, horizon, n_targets).
    targets : ndarray of shape (n_series, n_past, n_targets)
        The last known rows: at least `window`.
    ahead : ndarray of shape (n_series, n_past + n_steps, n_ahead)
        What `known_ahead` gives for the known rows and those to predict.
    window, horizon : int
        Rows that one prediction sees, and rows that it gives.

    Returns
    -------
    predicted : ndarray of shape (n_series, n_steps, n_targets)
        The rows that follow `targets`. A series whose predictions grow beyond all
        bounds is NaN after that.
    """
    n_series, n_past, n_targets = targets.shape
    n_rows = ahead.shape[1]
    # Room for a last block that ends behind the last row.
    filled = np.full((n_series, n_rows + horizon, n_targets), np.nan)
    filled[:, :n_past] = targets
    n_filled, finite = n_past, np.arange(n_series)
    while n_filled < n_rows and len(finite):
        seen = slice(n_filled - window, n_filled)
        windows = np.concatenate([filled[finite, seen], ahead[finite, seen]], axis=2)
        block = predict(windows, finite)
        filled[finite, n_filled : n_filled + horizon] = block
        n_filled += horizon
        # An estimator of scikit-learn's raises on infinite input, which would stop the
        # other series as well.
        finite = finite[np.isfinite(block).all(axis=(1, 2))]
    return filled[:, n_past:n_rows]
