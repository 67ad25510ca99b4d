"""What stands for columns known in advance behind the last row that they are known for.

An estimator that predicts a block of rows takes the columns of all of them, also if
fewer rows are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from skrnn._scaling.moments import rounding
from skrnn._scaling.scaling import MISSING_CODE
from skrnn._serialization.plain import stored

__all__ = ["Completion", "columns_of_blocks"]

# They bound what a fit costs; a season of a few columns is in 200 inputs.
MOST_INPUTS = 200
MOST_WINDOWS = 2000
PENALTIES = np.logspace(-4, 5, 10)


@stored(
    "Completion",
    {
        "centre": "centre",
        "spread": "spread",
        "weights": "weights",
        "intercept": "intercept",
        "codes": "codes",
    },
)
@dataclass(frozen=True)
class Completion:
    """A linear regression of the next rows of columns on the last ones.

    Parameters
    ----------
    centre, spread : ndarray of shape (n_known,)
        Mean and standard deviation, by which the columns are scaled.
    weights : ndarray of shape (n_lags * n_known, n_ahead * n_known)
        Coefficients, from the last `n_lags` rows to the next `n_ahead` rows, both in
        the order of time.
    intercept : ndarray of shape (n_ahead * n_known,)
        The scaled rows that follow rows of means.
    codes : tuple of int, default=()
        Places of the columns that are codes of categories. They are not regressed, and
        are missing behind the last row that they are known for.
    """

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept: NDArray[np.float64]
    codes: tuple[int, ...] = ()

    @classmethod
    def learn(
        cls,
        known: NDArray[np.float64],
        starts: NDArray[np.intp],
        n_lags: int,
        n_ahead: int,
        codes: tuple[int, ...] = (),
    ) -> Completion:
        """Learn from the windows that the estimator learns from.

        Parameters
        ----------
        known : ndarray of shape (n_rows, n_known)
            Columns known in advance; NaN before such a row counts as the mean.
        starts : ndarray of shape (n_windows,)
            Rows after which the next `n_ahead` ones are completed. The `n_lags` rows
            before them belong to the same run.
        n_lags : int
            Number of last rows at most. There are fewer where columns are many.
        n_ahead : int
            Number of next rows.
        codes : tuple of int, default=()
            Places of the columns that are codes of categories.
        """
        known = _without_codes(known, codes)
        n_known = known.shape[1]
        n_lags = min(n_lags, MOST_INPUTS // n_known)
        n_windows = min(len(starts), MOST_WINDOWS)
        chosen = starts[np.linspace(0, len(starts) - 1, n_windows).astype(np.intp)]
        before = known[chosen[:, None] + np.arange(-n_lags, 0)]
        after = known[chosen[:, None] + np.arange(n_ahead)]
        centre, spread = after.mean(axis=(0, 1)), after.std(axis=(0, 1))
        spread = np.where(spread > rounding(centre), spread, 1.0)
        before, after = (
            np.nan_to_num((rows - centre) / spread).reshape(n_windows, -1)
            for rows in (before, after)
        )
        weights, intercept = _regress(before, after)
        return cls(centre, spread, weights, intercept, codes)

    def fill_in(
        self,
        columns: NDArray[np.float64],
        starts: NDArray[np.intp],
        stops: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Return columns with a completed stretch of rows in each series.

        Parameters
        ----------
        columns : ndarray of shape (n_series, n_rows, n_known)
            Columns, known up to `starts`; NaN before that counts as the mean.
        starts, stops : ndarray of shape (n_series,)
            First row to complete of each series, and the row after the last one.
        """
        n_series, _, n_known = columns.shape
        n_lags = len(self.weights) // n_known
        rows = starts[:, None] + np.arange(-n_lags, 0)
        before = np.take_along_axis(columns, rows[:, :, None], axis=1)
        before = _without_codes(before, self.codes)
        scaled = np.nan_to_num((before - self.centre) / self.spread)
        after = scaled.reshape(n_series, -1) @ self.weights + self.intercept
        after = after.reshape(n_series, -1, n_known) * self.spread + self.centre
        after = _without_codes(after, self.codes)
        filled = columns.copy()
        for step in range(after.shape[1]):
            places = np.flatnonzero(starts + step < stops)
            filled[places, starts[places] + step] = after[places, step]
        return filled


def _without_codes(
    columns: NDArray[np.float64], codes: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return columns, along the last axis, in which codes are missing."""
    if not codes:
        return columns
    columns = columns.copy()
    columns[..., list(codes)] = MISSING_CODE
    return columns


def _regress(
    before: NDArray[np.float64], after: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and intercepts of a regression with a penalty for each target."""
    means = after.mean(axis=0)
    if not before.shape[1] or len(before) < 3 or np.ptp(before, axis=0).max() == 0:
        return np.zeros((before.shape[1], after.shape[1])), means
    model = RidgeCV(PENALTIES, alpha_per_target=True).fit(before, after)
    return model.coef_.T, model.intercept_


def columns_of_blocks(
    completion: Completion | None,
    past: NDArray[np.float64],
    known: NDArray[np.float64],
    n_steps: NDArray[np.intp],
    horizon: int,
) -> NDArray[np.float64]:
    """Return columns of the past and of whole blocks of rows after it.

    Behind the last step of a series its last block is completed. Later blocks, which
    other series need, are 0.
    """
    n_series, n_past, n_known = past.shape
    n_whole = -(-n_steps // horizon) * horizon
    columns = np.zeros((n_series, n_past + n_whole.max(), n_known))
    columns[:, :n_past] = past
    inside = np.arange(known.shape[1]) < n_steps[:, None]
    columns[:, n_past : n_past + known.shape[1]][inside] = known[inside]
    if completion is not None:
        return completion.fill_in(columns, n_past + n_steps, n_past + n_whole)
    if n_known and (n_steps % horizon).any():
        raise ValueError(
            "The forecaster was stored by a version of skrnn that did not learn to "
            f"complete columns known in advance. Got {n_steps.max()} rows to predict "
            f"with horizon={horizon}; pass whole blocks of {horizon} rows, or fit "
            "again."
        )
    return columns
