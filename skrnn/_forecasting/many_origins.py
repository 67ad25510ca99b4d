"""Forecasts from many rows of the past at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from .calendar_inputs import split_calendar
from .origin import Origin
from .past_columns import known_in_advance
from .plan import ForecastPlan
from .series import SeriesRows
from .series_scale import SeriesScale

__all__ = ["PastOrigins", "scale_as_seen"]

# Values of the last rows that forecasts of a chunk start from.
MOST_VALUES = 2**24


@dataclass(frozen=True)
class PastOrigins:
    """Rows of series from which forecasts start.

    Parameters
    ----------
    codes : ndarray of shape (n_forecasts,)
        Number of the series of each forecast.
    first_rows : ndarray of shape (n_forecasts,)
        The first row to predict.
    n_steps : ndarray of shape (n_forecasts,)
        Rows to predict, up to the end of the run of the origin.
    """

    codes: NDArray[np.intp]
    first_rows: NDArray[np.intp]
    n_steps: NDArray[np.intp]

    @classmethod
    def find(
        cls,
        plan: ForecastPlan,
        estimator: BaseEstimator,
        series: SeriesRows,
        origins: Any,
        n_steps: int,
    ) -> PastOrigins:
        """Find the origins from which each series can be forecast.

        Parameters
        ----------
        plan : ForecastPlan
            How series are continued.
        estimator : estimator
            The fitted estimator.
        series : SeriesRows
            The series.
        origins : array-like or None
            Stamps of the last rows that a forecast knows; None means all rows.
        n_steps : int
            Rows to predict, at most.
        """
        rows = np.arange(series.n_rows)
        runs = np.searchsorted(series.starts, rows, side="right") - 1
        stops = series.stops[runs]
        # A forecast needs the rows that it starts from, and a row to predict.
        is_origin = (runs >= 0) & (rows + 1 - series.starts[runs] >= plan.n_past)
        is_origin &= (rows + 1 < stops) & ~np.isnan(series.targets).all(axis=1)
        if origins is not None:
            is_origin &= _is_asked(series.stamps, origins)
        rows = np.flatnonzero(is_origin)
        past = rows[:, None] + np.arange(1 - plan.n_past, 1)
        starts = plan.can_start(series.targets[past], series.known[past], estimator)
        rows = rows[starts]
        if not len(rows):
            raise ValueError(
                f"A forecast starts from {plan.n_past} rows without a hole, and ends "
                "before the last row. Got no such row among origins; pass more rows of "
                "X and y, or other origins."
            )
        behind = series.stops[runs[rows]] - rows - 1
        return cls(series.codes[rows], rows + 1, np.minimum(behind, n_steps))

    def predict(
        self,
        plan: ForecastPlan,
        estimator: BaseEstimator,
        series: SeriesRows,
        scale: SeriesScale,
    ) -> NDArray[np.float64]:
        """Return forecasts of shape (n_forecasts, n_steps.max(), n_targets).

        Steps beyond those of a forecast are to be ignored.
        """
        n_most = int(self.n_steps.max())
        shape = len(self.codes), n_most, series.targets.shape[1]
        predicted, end = np.full(shape, np.nan), Origin.at_end(series, 0, scale)
        for chunk in self._chunks(plan, series):
            first = self.first_rows[chunk]
            past = first[:, None] + np.arange(-plan.n_past, 0)
            origin = replace(
                end.take(self.codes[chunk]),
                targets=series.targets[past],
                known=series.known[past],
                ends=series.stamps.take(first - 1),
            )
            n_steps = self.n_steps[chunk]
            # What forecasts of fewer steps read behind them is ignored.
            ahead = first[:, None] + np.arange(n_steps.max())
            known = series.known[np.minimum(ahead, series.n_rows - 1)]
            columns, _ = split_calendar(known, plan.calendar)
            known = known_in_advance(columns, plan.past)
            values = plan.continue_series(estimator, origin, known, n_steps)
            predicted[chunk, : values.shape[1]] = plan.restore(values)
        return predicted

    def _chunks(self, plan: ForecastPlan, series: SeriesRows) -> Iterator[slice]:
        """Yield forecasts that are made at once, as many as fit into memory."""
        n_channels = series.targets.shape[1] + plan.horizon * series.known.shape[1]
        n_rows = plan.n_past + int(self.n_steps.max())
        size = max(1, MOST_VALUES // (n_rows * max(n_channels, 1)))
        for first in range(0, len(self.codes), size):
            yield slice(first, first + size)

    def tabulate(
        self, series: SeriesRows, predicted: NDArray[np.float64], names: dict[str, Any]
    ) -> pd.DataFrame:
        """Return forecasts beside observations, a row for each step and target.

        Parameters
        ----------
        series : SeriesRows
            The series.
        predicted : ndarray of shape (n_forecasts, n_most, n_targets)
            The forecasts.
        names : dict
            The names of all series, and of targets, if there are any.
        """
        is_asked = np.arange(predicted.shape[1]) < self.n_steps[:, None]
        forecasts, steps = np.nonzero(is_asked)
        rows = self.first_rows[forecasts] + steps
        origins = series.stamps.take(self.first_rows[forecasts] - 1)
        labels = np.empty(len(series), dtype=object)
        labels[:] = names["series"]
        tables = []
        for target in range(predicted.shape[2]):
            columns: dict[str, Any] = {"series": labels[self.codes[forecasts]]}
            if "target" in names:
                columns["target"] = np.repeat(names["target"][target], len(rows))
            columns |= {
                "fold": origins.factorize(sort=True)[0],
                "origin": origins,
                "step": steps + 1,
                "stamp": series.stamps.take(rows),
                "y_true": series.targets[rows, target],
                "y_pred": predicted[forecasts, steps, target],
            }
            tables.append(pd.DataFrame(columns))
        table = pd.concat(tables, ignore_index=True)
        return table.sort_values("fold", kind="stable", ignore_index=True)


def scale_as_seen(scale: SeriesScale, names: list[Any], seen: Origin) -> SeriesScale:
    """Return the scale of series, of those that are settled as `fit` has learned it."""
    places = {name: i for i, name in enumerate(seen.names) if seen.settled[i]}
    centre, spread = scale.centre.copy(), scale.spread.copy()
    for code, name in enumerate(names):
        if name in places:
            centre[code] = seen.scale.centre[places[name]]
            spread[code] = seen.scale.spread[places[name]]
    return SeriesScale(centre, spread)


def _is_asked(stamps: pd.Index, origins: Any) -> NDArray[np.bool_]:
    """Return which rows are origins; raise if one of these is none of the rows."""
    asked = pd.Index(np.atleast_1d(origins) if np.ndim(origins) == 0 else origins)
    missing = asked[~asked.isin(stamps)]
    if len(missing):
        raise ValueError(
            "origins must be stamps of rows of X and y, or their numbers in arrays. "
            f"Got {missing[0]!r}, which none of them has; leave it out."
        )
    return np.asarray(stamps.isin(asked))
