"""A trial of set-ups on rows that are held out for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import Ridge

from .calendar_inputs import add_calendar
from .candidates import bulk_length, longest_runs
from .plan import ForecastPlan
from .ridge_errors import (
    LONGEST_COMPARED,
    errors_of_estimator,
    held_out_windows,
    ridge_errors,
)
from .series import SeriesRows

__all__ = ["Trial"]

# One of so many last rows is held out of each series, and a horizon at least.
HELD_OUT = 5
# Rows of the series that are compared, about; of many series evenly spaced ones.
MOST_ROWS = 1_000_000
# What is better must have errors that are lower by this share, and by more where few
# blocks of rows are compared.
GAIN, GAIN_OF_FEW = 0.02, 0.1
# A short series is compared from so many rows on, with a larger margin: with fewer rows
# every choice that was tried was worse than none.
FEWEST_ROWS, CAUTION = 150, 3
# A window costs as much as doubled errors of the series that are too short for it. More
# than this share of them is not counted.
LARGEST_SHARE = 0.1


@dataclass(frozen=True)
class Trial:
    """Rows to learn from, and rows to compare errors on.

    Parameters
    ----------
    rows, learned : SeriesRows
        All runs and, among them, those to learn from.
    firsts : ndarray of shape (n_blocks,)
        The first row to predict of each block.
    widest : int
        The longest window that these rows leave room for.
    margin : float
        What the logarithm of the error must be lower by to be clearly better.
    loss : {"mae", "mse"}, default="mae"
        Whether errors count by their sizes or by their squares.
    """

    rows: SeriesRows
    learned: SeriesRows
    firsts: NDArray[np.intp]
    widest: int
    margin: float
    loss: str = "mae"

    @classmethod
    def hold_out(
        cls, rows: SeriesRows, windows: list[int], horizon: int, n_lost: int
    ) -> Trial:
        """Hold out the last rows of each series.

        Parameters
        ----------
        rows : SeriesRows
            The rows to learn from later, which hold all that may be seen.
        windows : list of int
            Windows to compare. All of them predict the same rows, for which the longest
            one must leave room.
        horizon : int
            Rows to predict at once.
        n_lost : int
            Rows that differences take away from each run.
        """
        rows = _some_series(rows, MOST_ROWS)
        n_held_out = max(horizon, bulk_length(longest_runs(rows)) // HELD_OUT)
        firsts, widest = np.empty(0, dtype=np.intp), 0
        for window in sorted(set(windows), reverse=True):
            firsts = held_out_windows(rows, n_held_out, window + n_lost, horizon)
            if len(firsts):
                widest = window
                break
        n_series = len(np.unique(rows.codes[firsts]))
        n_blocks = max(1, n_series * (n_held_out // horizon))
        margin = GAIN + GAIN_OF_FEW / float(np.sqrt(n_blocks))
        return cls(rows, rows.before_last(n_held_out), firsts, widest, margin)

    def of_few_rows(self) -> Trial:
        """Return the trial of a short series, whose errors depend much on chance."""
        widest = self.widest if self.rows.n_rows >= FEWEST_ROWS else 0
        return replace(self, widest=widest, margin=CAUTION * self.margin)

    def linear_error(self, plan: ForecastPlan, estimator: BaseEstimator) -> float:
        """Return the logarithm of the mean error of a linear model.

        It is the mean over series, each in units of its spread, and NaN where there are
        too few rows. `Ridge` stands for normal equations without a table of windows.
        """
        if plan.window > min(self.widest, LONGEST_COMPARED):
            return np.nan
        if not isinstance(estimator, Ridge):
            return self.error_of(plan, clone(estimator))
        rows = add_calendar(self.rows, plan.calendar)
        errors = ridge_errors(plan, rows, self.learned, self.firsts, self.loss)
        return self._mean(errors, plan.window)

    def error_of(self, plan: ForecastPlan, estimator: BaseEstimator) -> float:
        """Return the same of an estimator, which is fitted for it."""
        if plan.window > self.widest:
            return np.nan
        rows = add_calendar(self.rows, plan.calendar)
        errors = errors_of_estimator(
            plan, rows, self.learned, self.firsts, estimator, self.loss
        )
        return self._mean(errors, plan.window)

    def best(self, errors: list[float], default: int = 0) -> int:
        """Return the place of the lowest error if it is clearly below the default."""
        if np.isnan(errors[default]):
            return default
        best = int(np.nanargmin(errors))
        return best if errors[default] - errors[best] > self.margin else default

    def _mean(self, errors: NDArray[np.float64] | None, window: int) -> float:
        if errors is None or np.isnan(errors).all():
            return np.nan
        is_short = longest_runs(self.rows) < window
        price = np.log(2) * min(is_short.mean(), LARGEST_SHARE)
        return float(np.nanmean(errors) + price)


def _some_series(rows: SeriesRows, n_rows: int) -> SeriesRows:
    """Return evenly spaced series with about `n_rows` rows together."""
    if rows.n_rows <= n_rows:
        return rows
    every = -(-rows.n_rows // n_rows)
    codes = np.arange(0, len(rows), every)
    is_kept = np.isin(rows.codes, codes)
    places = is_kept.cumsum()
    kept_runs = np.isin(rows.codes[rows.starts], codes)
    return replace(
        rows,
        targets=rows.targets[is_kept],
        known=rows.known[is_kept],
        codes=rows.codes[is_kept] // every,
        names=rows.names[::every],
        stamps=rows.stamps[is_kept],
        starts=places[rows.starts[kept_runs]] - 1,
        stops=places[rows.stops[kept_runs] - 1],
        weights=None,
    )
