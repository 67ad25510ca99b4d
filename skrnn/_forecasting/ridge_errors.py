"""Errors of a ridge regression on windows, by which set-ups are compared cheaply.

The normal equations are summed up over chunks of windows, which are never laid out as
a whole, and over so many windows at most that the time is bounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

from skrnn._estimators.pooled_ridge import fit_groups
from skrnn._windows.windows import Windows, WindowScale

from .calendar_inputs import shares_of_block
from .past_columns import known_in_advance
from .plan import ForecastPlan
from .series import SeriesRows
from .series_scale import SeriesScale, mean_and_deviation

__all__ = [
    "FEWEST",
    "LONGEST_COMPARED",
    "count_inputs",
    "errors_of_estimator",
    "held_out_windows",
    "left_out_error",
    "ridge_errors",
]

# Windows to learn from and to compare on, at most, and those that are copied at once.
N_LEARNED, N_COMPARED, CHUNK = 20_000, 4_000, 1024
# Values of the windows to learn from, at most.
N_VALUES = 4_000_000
# Longer windows are not compared: the time of a ridge grows with their third power.
LONGEST_COMPARED = 1024
# Windows from which an estimator can learn; the choice of a penalty leaves one out.
FEWEST = 2
# Windows from which a logarithm is chosen, and the share of them that counts: the last
# third, which is nearest to the levels that will follow.
FEWEST_LEFT_OUT, SHARE_OF_LAST = 6, 3
# Errors are not compared below this share of the spread of a series.
SMALLEST = 1e-6


def held_out_windows(
    rows: SeriesRows, n_held_out: int, window: int, horizon: int
) -> NDArray[np.intp]:
    """Return the first rows to predict, among the last rows of each series.

    Parameters
    ----------
    rows : SeriesRows
        The series.
    n_held_out : int
        Number of these rows of each series.
    window, horizon : int
        Rows before each of them in the same run, and rows to predict from it on, all of
        which are observed.
    """
    firsts = rows.whole_windows(window, horizon) + window
    ends = rows.stops[rows.last_runs][rows.codes[firsts]]
    firsts = firsts[firsts >= ends - n_held_out]
    n_missing = np.isnan(rows.targets).any(axis=1).cumsum()
    n_missing = np.concatenate([[0], n_missing])
    whole = n_missing[firsts + horizon] == n_missing[firsts - window]
    return _evenly(firsts[whole], N_COMPARED)


def ridge_errors(
    plan: ForecastPlan,
    rows: SeriesRows,
    learned: SeriesRows,
    firsts: NDArray[np.intp],
    loss: str = "mae",
) -> NDArray[np.float64] | None:
    """Compute the errors of a ridge regression that learns and predicts as planned.

    Parameters
    ----------
    plan : ForecastPlan
        What is done to the series, before it has learned.
    rows, learned : SeriesRows
        All runs and, among them, those to learn from.
    firsts : ndarray of shape (n_windows,)
        The first row to predict of each block of rows to compare.
    loss : {"mae", "mse"}, default="mae"
        Whether errors count by their sizes or by their squares.

    Returns
    -------
    errors : ndarray of shape (n_series, n_targets) or None
        Logarithm of the mean absolute error of each series, or of the root of its mean
        squared error, in units of its spread; NaN where none of its rows are compared.
        None if there is no window to learn from.
    """
    plan, scale, values = _prepare(plan, rows, learned)
    n_learned = min(N_LEARNED, max(1, N_VALUES // plan.window))
    starts = plan.find_windows(values, learned.after_first(plan.n_lost), Ridge())
    starts = _evenly(starts, n_learned)
    if not len(starts):
        return None
    coefficients = _solve(plan, values, rows.known, starts)
    blocks = _predict(plan, values, rows.known, firsts - plan.window, coefficients)
    predicted = _restore(plan, scale, rows, blocks, firsts)
    return _mean_errors(predicted, rows, firsts, loss)


def errors_of_estimator(
    plan: ForecastPlan,
    rows: SeriesRows,
    learned: SeriesRows,
    firsts: NDArray[np.intp],
    estimator: BaseEstimator,
    loss: str = "mae",
) -> NDArray[np.float64] | None:
    """Compute the errors of an estimator, as `ridge_errors` does; it is fitted.

    Parameters
    ----------
    plan : ForecastPlan
        What is done to the series, before it has learned.
    rows, learned : SeriesRows
        All runs and, among them, those to learn from.
    firsts : ndarray of shape (n_windows,)
        The first row to predict of each block of rows to compare.
    estimator : estimator
        A recurrent regressor, or one that takes a table.
    loss : {"mae", "mse"}, default="mae"
        Whether errors count by their sizes or by their squares.
    """
    plan, scale, values = _prepare(plan, rows, learned)
    starts = plan.find_windows(values, learned.after_first(plan.n_lost), estimator)
    if len(starts) < FEWEST:
        return None
    estimator.fit(*plan.samples(values, rows.known, starts, estimator))
    windows, _ = plan.samples(values, rows.known, firsts - plan.window, estimator)
    blocks = estimator.predict(windows).reshape(len(firsts), plan.horizon, -1)
    if plan.normalization is not None:
        places = Windows(values, firsts - plan.window, plan.window)
        blocks = plan.normalization.scale_of(places).restore(blocks)
    predicted = _restore(plan, scale, rows, blocks, firsts)
    return _mean_errors(predicted, rows, firsts, loss)


def left_out_error(
    plan: ForecastPlan,
    rows: SeriesRows,
    penalties: tuple[float, ...],
    pooling: float = 1.0,
) -> float:
    """Compute the error of a ridge in windows that are left out, one at a time.

    Its inputs are scaled, and its penalty is the one with the least squared errors.

    Parameters
    ----------
    plan : ForecastPlan
        What is done to the series, before it has learned.
    rows : SeriesRows
        The runs to learn from.
    penalties : tuple of float
        The penalties to choose from.
    pooling : float, default=1.0
        Share that many series have in common.

    Returns
    -------
    error : float
        Mean absolute error in the last windows of each series, in units of its spread;
        NaN with fewer than `FEWEST_LEFT_OUT` windows.
    """
    plan, scale, values = _prepare(plan, rows, rows)
    starts = plan.find_windows(values, rows.after_first(plan.n_lost), Ridge())
    if len(starts) < FEWEST_LEFT_OUT:
        return np.nan
    X, y = plan.samples(values, rows.known, starts, Ridge())
    _, codes = np.unique(rows.codes[starts], return_inverse=True)
    y = y.reshape(len(y), -1)
    learned = fit_groups(X, y, codes, np.array(penalties), pooling)
    blocks = learned.left_out.reshape(len(starts), plan.horizon, -1)
    if plan.normalization is not None:
        windows = Windows(values, starts, plan.window)
        blocks = plan.normalization.scale_of(windows).restore(blocks)
    last = np.flatnonzero(_are_last(codes))
    firsts = starts[last] + plan.window
    predicted = _restore(plan, scale, rows, blocks[last], firsts)
    observed = Windows(rows.targets, firsts, plan.horizon).gather()
    _, spread = mean_and_deviation(rows.targets, rows)
    errors = np.abs(observed - predicted) / spread[rows.codes[firsts], None]
    errors = errors[~np.isnan(errors)]
    return float(errors.mean()) if len(errors) else np.nan


def _are_last(codes: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return whether a window is among the last third of those of its series.

    Windows are in the order of their rows, those of many series side by side.
    """
    counts = np.bincount(codes)
    order = np.argsort(codes, kind="stable")
    places = np.empty_like(order)
    places[order] = np.arange(len(codes)) - (counts.cumsum() - counts)[codes[order]]
    n_last = np.maximum(1, counts // SHARE_OF_LAST)
    return np.asarray(places >= (counts - n_last)[codes])


def _prepare(
    plan: ForecastPlan, rows: SeriesRows, learned: SeriesRows
) -> tuple[ForecastPlan, SeriesScale, NDArray[np.float64]]:
    """Return the plan that has learned, the scale of series, and scaled values."""
    values = plan.transform(rows)
    scale = plan.learn_scale(values, rows, learned, pooled=True)
    values = scale.apply(values, rows.codes)
    return plan.learn(values, learned.after_first(plan.n_lost)), scale, values


def _restore(
    plan: ForecastPlan,
    scale: SeriesScale,
    rows: SeriesRows,
    blocks: NDArray[np.float64],
    firsts: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Convert predicted blocks to the units of the series."""
    scale = scale.take(rows.codes[firsts])
    blocks = blocks * scale.spread[:, None] + scale.centre[:, None]
    n_past = max(plan.n_lost, 1)
    log_rows = plan.differencing.take_log(rows.targets)
    past = Windows(log_rows, firsts - n_past, n_past).gather()
    return plan.restore(plan.differencing.integrate(past, blocks))


def _mean_errors(
    predicted: NDArray[np.float64],
    rows: SeriesRows,
    firsts: NDArray[np.intp],
    loss: str,
) -> NDArray[np.float64]:
    """Return the logarithm of the mean error of each series and target."""
    power = 1 if loss == "mae" else 2
    observed = Windows(rows.targets, firsts, predicted.shape[1]).gather()
    errors = (np.abs(observed - predicted) ** power).mean(axis=1)
    sums = np.zeros((len(rows), errors.shape[1]))
    np.add.at(sums, rows.codes[firsts], errors)
    counts = np.bincount(rows.codes[firsts], minlength=len(rows))[:, None]
    _, spread = mean_and_deviation(rows.targets, rows)
    with np.errstate(invalid="ignore"):  # Series without a block have 0 / 0.
        means = (sums / counts) ** (1 / power)
        return np.log(np.maximum(means / spread, SMALLEST))


def _solve(
    plan: ForecastPlan,
    values: NDArray[np.float64],
    known: NDArray[np.float64],
    starts: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Solve the normal equations, whose sums are taken chunk by chunk."""
    squares, products = 0.0, 0.0
    for first in range(0, len(starts), CHUNK):
        chunk = starts[first : first + CHUNK]
        design, own_scale = _design(plan, values, known, chunk)
        blocks = Windows(values, chunk + plan.window, plan.horizon).gather()
        blocks = own_scale.apply(blocks).reshape(len(chunk), -1)
        squares = squares + design.T @ design
        products = products + design.T @ blocks
    # As in `Ridge`, whose penalty spares the intercept, the last column.
    penalty = np.eye(len(squares))
    penalty[-1, -1] = 0
    return np.linalg.lstsq(squares + penalty, products, rcond=None)[0]


def _predict(
    plan: ForecastPlan,
    values: NDArray[np.float64],
    known: NDArray[np.float64],
    starts: NDArray[np.intp],
    coefficients: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the blocks that follow windows, in units of `values`."""
    blocks = []
    for first in range(0, len(starts), CHUNK):
        chunk = starts[first : first + CHUNK]
        design, own_scale = _design(plan, values, known, chunk)
        block = (design @ coefficients).reshape(len(chunk), plan.horizon, -1)
        blocks.append(own_scale.restore(block))
    return np.concatenate(blocks)


def _design(
    plan: ForecastPlan,
    values: NDArray[np.float64],
    known: NDArray[np.float64],
    starts: NDArray[np.intp],
) -> tuple[NDArray[np.float64], WindowScale]:
    """Return the inputs of windows, and their own scale.

    The inputs are their normalised steps, the columns known in advance of the rows that
    they predict, and ones. Each step sees the calendar as that of an estimator does,
    unless there would be too many inputs.
    """
    windows = Windows(values, starts, plan.window)
    shape = len(starts), values.shape[1]
    own_scale = WindowScale(np.zeros(shape))
    if plan.normalization is not None:
        own_scale = plan.normalization.scale_of(windows)
    steps = own_scale.apply(windows.gather()).reshape(len(starts), -1)
    known = known_in_advance(known, plan.past)
    n_given = known.shape[1] - plan.n_calendar
    block = starts + plan.window, plan.horizon
    ahead = [Windows(known[:, :n_given], *block).gather()]
    ahead += [
        Windows(known[:, n_given:], *each).gather() for each in _see(plan, starts)
    ]
    inputs = [steps, *ahead, np.ones((len(starts), 1))]
    return np.hstack([each.reshape(len(starts), -1) for each in inputs]), own_scale


def _see(
    plan: ForecastPlan, starts: NDArray[np.intp]
) -> list[tuple[NDArray[np.intp], int]]:
    """Return the first rows, and numbers of rows, of which windows see the calendar."""
    if plan.lags is not None or count_inputs(plan) > LONGEST_COMPARED:
        return [(starts + plan.window, plan.horizon)]
    ahead = shares_of_block(plan.window, plan.horizon)
    return [(starts + each, plan.window) for each in ahead]


def count_inputs(plan: ForecastPlan, rows: SeriesRows | None = None) -> int:
    """Return the number of values in a window of one target and the calendar.

    Those of `rows`, without the calendar, are the targets and columns that it has.
    """
    n_channels = 1
    if rows is not None:
        n_ahead = rows.known.shape[1] - len(rows.past)
        n_channels = rows.targets.shape[1] + len(rows.past) + plan.horizon * n_ahead
    n_rows = len(shares_of_block(plan.window, plan.horizon))
    if plan.lags is not None:
        n_rows = plan.horizon
    return plan.window * (n_channels + n_rows * plan.n_calendar)


def _evenly(places: NDArray[np.intp], n_places: int) -> NDArray[np.intp]:
    """Return at most `n_places` of some places, evenly spaced."""
    if len(places) <= n_places:
        return places
    return places[np.linspace(0, len(places) - 1, n_places).astype(np.intp)]
