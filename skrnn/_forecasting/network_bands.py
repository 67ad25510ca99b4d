"""Bands from the quantiles of a network: as wide as it says, corrected by errors.

A network predicts the quantiles of one block of rows, or distributions, of which these
are. They cannot be fed back: the quantile of a sum is not the sum of the quantiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import (
    learned_distribution,
    learned_quantiles,
    learns_counts,
    predict_learned_quantiles,
    predict_levels,
)
from skrnn._estimators.quantiles import check_within, interpolate
from skrnn._process.memory import check_memory

from .calibration import hold_out, predict_held_out
from .checks import check_calibrated
from .origin import Origin
from .plan import ForecastPlan
from .series import SeriesRows
from .series_bands import mix
from .series_scale import SeriesScale

__all__ = [
    "LevelRows",
    "check_one_block",
    "continue_levels",
    "interval_of_levels",
    "learned_levels",
    "level_errors",
    "quantiles_of_levels",
    "units_of",
]

Array = NDArray[np.float64]

# Levels of a distribution whose errors a calibration keeps.
LEVELS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
LEVELS = (*LEVELS, *(round(1 - level, 3) for level in LEVELS[-2::-1]))


@dataclass(frozen=True)
class LevelRows:
    """Rows to predict, with the levels that a network predicts for them.

    Parameters
    ----------
    learned : tuple of float
        The levels.
    values : ndarray of shape (n_rows, n_targets, n_quantiles)
        What is predicted, in the scale in which series are continued.
    spread : ndarray of shape (n_rows, n_targets)
        Spread of the series of each row.
    codes, steps, lengths : ndarray of shape (n_rows,)
        Number of the series of each row among those with errors, -1 for a new one; its
        step; and the steps of which columns are known.
    errors : ndarray or None
        What `level_errors` returns; None without a calibration.
    places : ndarray of shape (n_rows,)
        Place of the series of each row among those asked for.
    """

    learned: tuple[float, ...]
    values: Array
    spread: Array
    codes: NDArray[np.intp]
    steps: NDArray[np.intp]
    lengths: NDArray[np.intp]
    errors: NDArray[np.float32] | None
    places: NDArray[np.intp]

    def at(self, levels: Array) -> Array:
        """Return what is predicted at some levels, (n_rows, n_targets, n_levels)."""
        return interpolate(self.values, self.learned, levels)

    def correct(
        self,
        levels: Array,
        score: Callable[[Array], Array],
        quantile: Callable[[Array, NDArray[np.intp]], Array],
    ) -> Array:
        """Return a quantile of scores of held out forecasts for each row.

        Parameters
        ----------
        levels : ndarray of shape (n_levels,)
            Levels that the scores compare with observations.
        score : callable
            From the errors at these levels, in the last axis, to scores.
        quantile : callable
            From scores of shape (n_series, n_origins, n_steps) and numbers of series to
            quantiles of shape (n_chosen, n_steps).

        Returns
        -------
        quantiles : ndarray of shape (n_rows, n_targets)
            In the scale of the predictions.
        """
        assert self.errors is not None
        found = np.empty(self.values.shape[:2])
        for length in np.unique(self.lengths):
            rows = self.lengths == length
            # Without columns known in advance all lengths have the same errors.
            errors = self.errors[min(length, len(self.errors)) - 1].astype(np.float64)
            scores = score(interpolate(errors, self.learned, levels))
            codes, places = np.unique(self.codes[rows], return_inverse=True)
            by_target = [quantile(each, codes) for each in np.moveaxis(scores, -1, 0)]
            table = np.stack(by_target, axis=-1)
            steps = self.steps[rows]
            check_calibrated(table.swapaxes(0, 1), steps, scores.shape[1])
            found[rows] = table[places, steps - 1]
        return found * self.spread


def interval_of_levels(rows: LevelRows, coverage: float) -> Array:
    """Return the ends of intervals, of shape (n_rows, n_targets, 2).

    With a calibration they are those of conformalised quantile regression (Romano,
    Patterson and Candes 2019): both ends are moved by the distance by which held out
    rows were outside, negative inside, so that a share of them lies within. Then levels
    that were not learned are replaced by the outermost ones.
    """
    # Rounded, because (1 - 0.8) / 2 is a little below 0.1.
    ends = np.round([(1 - coverage) / 2, (1 + coverage) / 2], 12)
    if rows.errors is None:
        check_within(ends, rows.learned)
        return rows.at(ends)
    ends = np.clip(ends, rows.learned[0], rows.learned[-1])
    distance = rows.correct(
        ends,
        lambda errors: np.maximum(-errors[..., 0], errors[..., 1]),
        lambda scores, codes: mix(scores, coverage, codes)[0],
    )
    lower, upper = np.moveaxis(rows.at(ends), -1, 0)
    # An interval that shrinks by more than its width is empty.
    distance = np.maximum(distance, (lower - upper) / 2)
    return np.stack([lower - distance, upper + distance], axis=-1)


def quantiles_of_levels(rows: LevelRows, asked: Sequence[float]) -> Array:
    """Return quantiles of shape (n_rows, n_targets, n_asked), which do not cross.

    With a calibration each is moved by the quantile, of the same level, of its errors
    in the rows held out.
    """
    levels = check_within(asked, rows.learned)
    values = rows.at(levels)
    if rows.errors is None:
        return values
    for place, level in enumerate(levels):
        values[..., place] += rows.correct(
            levels[[place]],
            lambda errors: errors[..., 0],
            lambda scores, codes, level=level: _quantile(scores, level, codes),
        )
    places = np.argsort(np.argsort(levels))
    return np.sort(values, axis=-1)[..., places]


def _quantile(errors: Array, level: float, codes: NDArray[np.intp]) -> Array:
    """Return a quantile of the errors of each series at each step."""
    # A low quantile has the rank of a high one, counted from the other end.
    if level < 0.5:
        return -mix(-errors, 1 - level, codes)[0]
    values, medians, _ = mix(errors, level, codes)
    return medians if level == 0.5 else values


def check_one_block(
    plan: ForecastPlan, learned: Sequence[float], n_steps: NDArray[np.intp]
) -> None:
    """Raise if quantiles of a network would have to be fed back, or added up."""
    most, lags = int(n_steps.max()), plan.differencing.lags
    named = ", ".join(f"{level:g}" for level in learned)
    if most > plan.horizon:
        raise ValueError(
            f"Quantiles of a network ({named}) reach as far as one call predicts, "
            f"horizon={plan.horizon}, because they cannot be fed back. Got a forecast "
            f"of {most} steps; fit with horizon={most}, or without quantiles in the "
            "network and with calibration, whose bands follow recursions."
        )
    if lags and min(lags) < most:
        raise ValueError(
            f"Quantiles of a network ({named}) do not add up, as differences do. Got "
            f"difference={plan.differencing.lags} and a forecast of {most} steps; set "
            "difference=0, with normalize='last' for a level that moves, or predict at "
            f"most {min(lags)} steps."
        )


def continue_levels(
    plan: ForecastPlan,
    estimator: BaseEstimator,
    origin: Origin,
    known: Array,
    n_steps: NDArray[np.intp],
    levels: Sequence[float],
) -> Array:
    """Continue series as `ForecastPlan.continue_series` does, by quantiles of a block.

    Parameters
    ----------
    plan, estimator, origin, known, n_steps
        As there.
    levels : sequence of float
        All that the network has learned, or any levels of a distribution.

    Returns
    -------
    predicted : ndarray of shape (n_series, n_steps.max(), n_targets * n_quantiles)
        The quantiles of each target beside each other.
    """
    by_level = _split_levels(plan, estimator, origin, levels)
    parts = [plan.continue_series(level, origin, known, n_steps) for level in by_level]
    predicted = np.stack(parts, axis=-1)
    if learns_counts(estimator):  # Scaled by series they have rounding errors.
        predicted = np.rint(predicted)
    return predicted.reshape(*predicted.shape[:2], -1)


def learned_levels(estimator: BaseEstimator) -> tuple[float, ...]:
    """Return the levels whose errors a calibration keeps; () without quantiles."""
    return LEVELS if learned_distribution(estimator) else learned_quantiles(estimator)


def units_of(
    plan: ForecastPlan, estimator: BaseEstimator, origin: Origin
) -> Array | None:
    """Return what counts of each series were divided by; None for other numbers."""
    if not learns_counts(estimator):
        return None
    return np.tile(origin.scale.spread, plan.horizon)


def level_errors(
    plan: ForecastPlan,
    estimator: BaseEstimator,
    series: SeriesRows,
    scale: SeriesScale,
    n_origins: int,
) -> NDArray[np.float32] | None:
    """Compute the errors of the quantiles of a network, from held out origins.

    Parameters
    ----------
    plan, estimator, series, scale, n_origins
        As in `forecast_errors`.

    Returns
    -------
    errors : ndarray of shape (n_lengths, n_series, n_origins, horizon, n_targets, \
            n_quantiles) or None
        Observation minus quantile; NaN where there is none. With columns known in
        advance for blocks of which 1, 2, ... horizon rows are known, without them for
        whole blocks only. None for an estimator without quantiles.
    """
    learned = learned_levels(estimator)
    if not learned:
        return None
    horizon, n_targets = plan.horizon, series.targets.shape[1]
    lengths = [horizon] if plan.completion is None else range(1, horizon + 1)
    shape = (len(lengths), len(series), n_origins, horizon, n_targets, len(learned))
    check_memory(
        4 * int(np.prod(shape)),
        f"The errors of {len(learned)} quantiles and calibration={n_origins}",
        "lower calibration, or the number of quantiles",
    )
    errors = np.full(shape, np.nan, dtype=np.float32)
    held_out = hold_out(plan, estimator, series, scale, n_origins).first(horizon)
    for place, length in enumerate(lengths):
        part = held_out if plan.completion is None else held_out.at_least(length)
        if not len(part.codes):
            continue
        observed = plan.differencing.take_log(part.observed)
        inside = np.arange(observed.shape[1]) < part.n_steps[:, None]
        spread = part.origin.scale.spread[:, None]
        by_level = _split_levels(plan, estimator, part.origin, learned)
        for number, level in enumerate(by_level):
            scaled = (observed - predict_held_out(plan, level, part)) / spread
            scaled = np.where(inside[:, :, None], scaled, np.nan)
            of_level = errors[place, ..., number]
            of_level[part.codes, part.places, : scaled.shape[1]] = scaled
    return errors


class OneLevel(BaseEstimator):
    """Predict one of the levels that a network has learned.

    Parameters
    ----------
    estimator : estimator
        The fitted estimator, whose network predicts quantiles.
    place : int
        Place of the level among them.
    predict_all : callable
        Predicts all levels of windows, with the units of their series.
    predicted : list
        What the network has predicted in each call. All levels are asked for the same
        windows in the same order, and the first one predicts them.
    calls : iterator of int
        Numbers the calls of this level.
    units : ndarray of shape (n_series, n_outputs) or None
        What counts of each series were divided by.
    """

    def __init__(
        self,
        estimator: Any,
        place: int,
        predict_all: Callable[[Any, Array | None], Any],
        predicted: list[Any],
        calls: Iterator[int],
        units: Array | None,
    ) -> None:
        self.estimator = estimator
        self.place = place
        self.predict_all = predict_all
        self.predicted = predicted
        self.calls = calls
        self.units = units

    def take_series(self, series: NDArray[np.intp]) -> OneLevel:
        """Return what predicts the level of some of the series."""
        units = None if self.units is None else self.units[series]
        shared = self.predict_all, self.predicted, self.calls
        return OneLevel(self.estimator, self.place, *shared, units)

    def predict(self, X: Any) -> Any:
        """Predict the level for windows."""
        if self.place == 0:
            self.predicted.append(self.predict_all(X, self.units))
        return self.predicted[next(self.calls)][..., self.place]


def _split_levels(
    plan: ForecastPlan,
    estimator: BaseEstimator,
    origin: Origin,
    levels: Sequence[float],
) -> list[OneLevel]:
    """Return an estimator of each level that the network of another one predicts."""
    units, predicted = units_of(plan, estimator, origin), list[Any]()

    def predict_all(X: Any, units: Array | None) -> Any:
        if not learned_distribution(estimator):
            return predict_learned_quantiles(estimator, X)
        values = predict_levels(estimator, X, np.array(levels), units)
        return values if units is None else values / units[..., None]

    return [
        OneLevel(estimator, place, predict_all, predicted, count(), units)
        for place in range(len(levels))
    ]
