"""What a forecaster does around its estimator: windows, roll-outs, and the way back."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import accepts_missing, learns_counts
from skrnn._index.calendar import Calendar
from skrnn._networks.roll_out import known_ahead, roll_out
from skrnn._scaling.normalization import Normalization
from skrnn._serialization.plain import stored
from skrnn._windows.windows import Windows, WindowScale

from .calendar_inputs import dates_of_blocks, see_dates, split_calendar
from .completion import Completion, columns_of_blocks
from .differencing import Differencing
from .estimator_input import as_input, compiled_roll_out, table_of, take_series
from .limits import Bounds, continue_within
from .origin import Origin
from .past_columns import (
    channels_of_columns,
    known_in_advance,
    most_missing,
    observed_so_far,
)
from .series import SeriesRows
from .series_scale import SeriesScale
from .static import StaticColumns

__all__ = ["ForecastPlan"]


@stored(
    "ForecastPlan",
    {
        "window": "window",
        "horizon": "horizon",
        "differencing": "differencing",
        "mode": "mode",
        "normalization": "normalization",
        "completion": "completion",
        "cold_start": "cold_start",
        "scaling": "scaling",
        "past": "past",
        "bounds": "bounds",
        "lags": "lags",
        "static": "static",
        "calendar": "calendar",
    },
)
@dataclass(frozen=True)
class ForecastPlan:
    """How series become windows, and predictions for windows become forecasts.

    Parameters
    ----------
    window, horizon : int
        Rows that one call of the estimator sees, and rows that it predicts.
    differencing : Differencing
        Logarithm and differences, which are taken first.
    mode : {"last", "meanstd"} or None
        How each window is normalised.
    normalization : Normalization or None
        The same, with what is learned from the training rows; None before that.
    completion : Completion or None
        What stands for columns known in advance behind the last row asked for, where a
        block has several rows; None without such columns.
    cold_start : bool
        Whether windows may begin, or be, missing, where a series has too few rows.
    scaling : {"standard", "scale", "none"}, default="standard"
        How many series are made comparable: by mean and standard deviation, by their
        root mean square without a shift, or not at all.
    past : tuple of int, default=()
        Places of the columns of X that are not known in advance.
    bounds : tuple of float or None, default=None
        Floor and ceiling of the series.
    lags : tuple of int or None, default=None
        Lags among those of a window that the estimator gets; None means all.
    static : StaticColumns or None, default=None
        Columns of series that do not change.
    calendar : Calendar or None
        What makes the last of the columns known in advance; None makes none.
    """

    window: int
    horizon: int
    differencing: Differencing
    mode: str | None
    normalization: Normalization | None = None
    completion: Completion | None = None
    cold_start: bool = False
    scaling: str = "standard"
    past: tuple[int, ...] = ()
    bounds: Bounds | None = None
    lags: tuple[int, ...] | None = None
    static: StaticColumns | None = None
    calendar: Calendar | None = None

    @property
    def n_calendar(self) -> int:
        """Number of columns known in advance that come from the calendar."""
        return 0 if self.calendar is None else len(self.calendar.names)

    @property
    def n_past(self) -> int:
        """Number of last rows that a forecast starts from."""
        return self.window + self.n_lost

    @property
    def n_kept(self) -> int:
        """Number of last rows that later observations need for their windows."""
        return self.window + self.horizon - 1 + self.n_lost

    @property
    def n_lost(self) -> int:
        """Number of rows before a window that its differences need."""
        return self.differencing.n_lost

    @property
    def most_steps(self) -> int:
        """Number of rows that a forecast may have."""
        return self.horizon if self.past else np.iinfo(np.intp).max

    def transform(self, rows: SeriesRows) -> NDArray[np.float64]:
        """Return the transformed targets; the first `n_lost` of a run are not valid."""
        return self.differencing.difference(self.differencing.take_log(rows.targets))

    def learn_scale(
        self,
        values: NDArray[np.float64],
        rows: SeriesRows,
        training: SeriesRows,
        *,
        pooled: bool,
    ) -> SeriesScale:
        """Return the scale of each series.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            Transformed targets.
        rows, training : SeriesRows
            All rows and, among them, those to learn from.
        pooled : bool
            Whether one estimator learns from many series. A single series is not
            scaled.
        """
        if not pooled or self.scaling == "none":
            return SeriesScale.identity(len(rows), values.shape[1])
        rows, training = (each.after_first(self.n_lost) for each in (rows, training))
        shift = self.scaling == "standard"
        return SeriesScale.learn(values, rows, training, shift=shift)

    def restore(self, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert what `continue_series` returns to the units of the series."""
        with np.errstate(over="ignore", invalid="ignore"):
            restored = self.differencing.undo_log(predicted)
        return restored if self.bounds is None else np.clip(restored, *self.bounds)

    def learn(self, values: NDArray[np.float64], rows: SeriesRows) -> ForecastPlan:
        """Return the plan with a normalisation that is learned from the rows of runs.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            Transformed targets.
        rows : SeriesRows
            The runs to learn from.
        """
        if self.mode is None:
            return self
        learned = Normalization.learn(self.mode, values[rows.in_runs()])
        return replace(self, normalization=learned)

    def find_windows(
        self,
        values: NDArray[np.float64],
        rows: SeriesRows,
        estimator: BaseEstimator,
    ) -> NDArray[np.intp]:
        """Return the first rows of the windows that an estimator can learn from.

        The rows that a window predicts must be observed. In the window itself each
        target needs one observed value for an estimator that takes NaN, else all.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            Transformed targets.
        rows : SeriesRows
            Their runs, without the first rows, which have no differences.
        estimator : estimator
            The estimator that will learn.
        """
        starts = rows.whole_windows(self.window, self.horizon)
        inputs, allowed = values, self.window - 1 + self.cold_start
        if not accepts_missing(estimator):
            inputs = np.hstack([values, observed_so_far(rows.known, self.past)])
            allowed = 0
        observed = most_missing(inputs, starts, self.window) <= allowed
        observed &= most_missing(values, starts + self.window, self.horizon) == 0
        return starts[observed]

    def can_start(
        self,
        targets: NDArray[np.float64],
        columns: NDArray[np.float64],
        estimator: BaseEstimator,
    ) -> NDArray[np.bool_]:
        """Return whether a forecast can start from the last rows of each series.

        Parameters
        ----------
        targets : ndarray of shape (n_series, n_past, n_targets)
            The last rows, NaN where nothing was observed.
        columns : ndarray of shape (n_series, n_past, n_columns)
            Columns of X in these rows.
        estimator : estimator
            The estimator that forecasts.
        """
        past = self.differencing.take_log(targets)
        # Sums of differences, here 0, are NaN where a value that they start from is.
        ends = self.differencing.integrate(past, np.zeros_like(past))
        missing = np.isnan(self.differencing.difference(past)[:, -self.window :])
        if self.cold_start:
            return np.asarray(~np.isnan(ends).any(axis=(1, 2)))
        lacks_value = np.isnan(ends).any(axis=(1, 2))
        if accepts_missing(estimator):
            is_empty = np.any(np.all(missing, axis=1), axis=1)
            return np.asarray(~lacks_value & ~is_empty)
        is_whole = ~missing.any(axis=(1, 2)) & ~self.lacks_past(columns).any(axis=1)
        return np.asarray(~lacks_value & is_whole)

    def learn_completion(
        self,
        known: NDArray[np.float64],
        starts: NDArray[np.intp],
        codes: tuple[int, ...] = (),
    ) -> ForecastPlan:
        """Return the plan with what completes blocks of the known columns.

        Parameters
        ----------
        known : ndarray of shape (n_rows, n_known)
            Columns known in advance.
        starts : ndarray of shape (n_windows,)
            First rows of the windows that the estimator learns from.
        codes : tuple of int, default=()
            Places, among the columns known in advance, of codes of categories.
        """
        known, _ = split_calendar(known, self.calendar)
        if self.horizon == 1 or known.shape[1] == len(self.past):
            return self
        n_ahead = self.horizon - 1
        known = known_in_advance(known, self.past)
        # Of windows that begin missing, the first columns are not known.
        whole = ~np.isnan(known[starts]).any(axis=1)
        starts = starts[whole] if whole.any() else starts
        learned = Completion.learn(
            known, starts + self.window, self.window, n_ahead, codes
        )
        return replace(self, completion=learned)

    def can_continue(
        self, origin: Origin, estimator: BaseEstimator
    ) -> NDArray[np.bool_]:
        """Return whether a forecast can start from the end of each series."""
        has_rows = self.cold_start | (origin.lengths >= self.n_past)
        lacks_columns = self.lacks_columns(origin).any(axis=1)
        can_start = self.can_start(origin.targets, origin.known, estimator)
        return has_rows & ~lacks_columns & can_start

    def lacks_past(self, columns: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which steps of the first window lack a column observed so far.

        From columns of shape (n_series, n_past, n_columns) come (n_series, window).
        """
        observed = observed_so_far(columns[:, -self.window :], self.past)
        return np.asarray(np.isnan(observed).any(axis=2))

    def lacks_columns(self, origin: Origin) -> NDArray[np.bool_]:
        """Return which steps of the first window lack columns known in advance.

        The result has the shape (n_series, window). Steps before a series do not count.
        """
        steps = np.arange(-self.window, 0)
        known = known_in_advance(origin.known[:, -self.window :], self.past)
        missing = np.isnan(known).any(axis=2)
        return np.asarray(missing & (steps >= -origin.lengths[:, None]))

    def samples(
        self,
        values: NDArray[np.float64],
        known: NDArray[np.float64],
        starts: NDArray[np.intp],
        estimator: BaseEstimator,
        static: NDArray[np.float64] | None = None,
        units: NDArray[np.float64] | None = None,
    ) -> tuple[Any, NDArray[np.float64]]:
        """Return what the estimator learns: windows, and the rows that follow them.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            Transformed targets.
        known : ndarray of shape (n_rows, n_known)
            Columns known in advance.
        starts : ndarray of shape (n_samples,)
            First rows of windows.
        estimator : estimator
            The estimator that will learn.
        static : ndarray of shape (n_rows, n_static), default=None
            What does not change in time.
        units : ndarray of shape (n_rows, n_targets), default=None
            The spread by which the series of each row is scaled. Windows of counts hold
            it, because the likelihood of counts needs them as they are.

        Returns
        -------
        X : Windows or ndarray
            Recurrent regressors get the rows and the places of windows in them, other
            estimators that take windows get an array, and all others a table.
        y : ndarray of shape (n_samples,) or (n_samples, horizon * n_targets)
            The rows that follow, nearest first.
        """
        columns, dates = split_calendar(known, self.calendar)
        columns = channels_of_columns(columns, self.past, self.horizon)
        dates = see_dates(dates, self.window, self.horizon, self.lags)
        static = np.empty((len(values), 0)) if static is None else static
        channels = np.hstack([values, static, columns, dates])
        windows = Windows(channels, starts, self.window)
        y = Windows(values, starts + self.window, self.horizon).gather()
        if self.normalization is not None:
            own_scale = self.normalization.scale_of(windows)
            windows = replace(windows, own_scale=own_scale)
            y = own_scale.apply(y)
        if units is not None and self.scaling == "scale" and learns_counts(estimator):
            channels[:, : units.shape[1]] *= units
            own_scale = WindowScale(np.zeros_like(units[starts]), units[starts])
            windows = Windows(channels, starts, self.window, own_scale=own_scale)
        y = y.reshape(len(starts), -1)
        X: Any = windows
        if compiled_roll_out(estimator) is None:
            X = table_of(windows, estimator, self.lags)
        return X, y[:, 0] if y.shape[1] == 1 else y

    def continue_series(
        self,
        estimator: BaseEstimator,
        origin: Origin,
        known: NDArray[np.float64],
        n_steps: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Continue series from an origin.

        Parameters
        ----------
        estimator : estimator
            The fitted estimator.
        origin : Origin
            The series.
        known : ndarray of shape (n_series, n_steps.max(), n_known)
            Columns known in advance of the rows to predict, without the calendar.
        n_steps : ndarray of shape (n_series,)
            Rows to predict of each series.

        Returns
        -------
        predicted : ndarray of shape (n_series, n_steps.max(), n_targets)
            The rows that follow, of logarithms if they are taken. Rows after the last
            requested step of a series are to be ignored.
        """
        channels = self._channels_ahead(origin, known, n_steps)

        def predict(
            series: NDArray[np.intp], past: NDArray[np.float64], first: int, last: int
        ) -> NDArray[np.float64]:
            values = self.differencing.difference(past)[:, self.n_lost :]
            scale = origin.scale.take(series)
            centre, spread = scale.centre[:, None], scale.spread[:, None]
            ahead = channels[series, first : values.shape[1] + last]
            predicted = self._roll_out(
                take_series(estimator, series), (values - centre) / spread, ahead
            )
            with np.errstate(over="ignore", invalid="ignore"):
                return self.differencing.integrate(past, predicted * spread + centre)

        past, n_last = self.differencing.take_log(origin.targets), int(n_steps.max())
        if self.bounds is None:
            return predict(np.arange(len(past)), past, 0, n_last)
        limits = self.differencing.log_of_bounds(self.bounds)
        return continue_within(predict, past, n_last, self.horizon, limits)

    def _channels_ahead(
        self, origin: Origin, known: NDArray[np.float64], n_steps: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return what windows see of columns: later ones are NaN if not known."""
        columns, dates = split_calendar(origin.known[:, self.n_lost :], self.calendar)
        past = known_in_advance(columns, self.past)
        ahead = columns_of_blocks(self.completion, past, known, n_steps, self.horizon)
        dates = dates_of_blocks(self.calendar, origin, dates, ahead.shape[1])
        dates = see_dates(dates, self.window, self.horizon, self.lags)
        ahead = known_ahead(ahead, self.horizon)
        observed = np.full((*ahead.shape[:2], len(self.past)), np.nan)
        observed[:, : past.shape[1]] = observed_so_far(columns, self.past)
        static = self.static_of(origin.names)[:, None]
        static = np.broadcast_to(static, (*ahead.shape[:2], static.shape[2]))
        channels = np.concatenate([static, observed, ahead, dates], axis=2)
        return channels[:, : past.shape[1] + n_steps.max()]

    def static_of(self, names: list[Hashable]) -> NDArray[np.float64]:
        """Return the columns of series, by name, that do not change."""
        if self.static is None:
            return np.empty((len(names), 0))
        return self.static.of_series(names)

    def _roll_out(
        self,
        estimator: BaseEstimator,
        values: NDArray[np.float64],
        ahead: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Roll out series in one compiled call if there is one, else step by step."""
        missing = np.isnan(values[:, -self.window :])
        empty = np.any(np.all(missing, axis=1), axis=1)
        if empty.any() and not empty.all():
            # The compiled roll-out takes no window without any value of a target.
            groups = np.flatnonzero(empty), np.flatnonzero(~empty)
            parts = [
                self._roll_out(take_series(estimator, own), values[own], ahead[own])
                for own in groups
            ]
            return np.concatenate(parts)[np.argsort(np.concatenate(groups))]
        compiled = compiled_roll_out(estimator)
        if compiled is not None and not empty.any():
            rows = values, ahead, self.horizon, self.normalization
            predicted = compiled(estimator, *rows)
            if predicted is not None:
                return predicted

        def predict(
            windows: NDArray[np.float64], series: NDArray[np.intp]
        ) -> NDArray[np.float64]:
            chosen = take_series(estimator, series)
            return self._predict_block(chosen, windows, values.shape[2])

        return roll_out(predict, values, ahead, self.window, self.horizon)

    def _predict_block(
        self, estimator: BaseEstimator, windows: NDArray[np.float64], n_targets: int
    ) -> NDArray[np.float64]:
        """Predict the rows that follow windows, which are normalised in place.

        `roll_out` makes new windows for each block, so no copy is needed.
        """
        own_scale = None
        if self.normalization is not None:
            targets = windows[:, :, :n_targets]
            own_scale = WindowScale(*self.normalization.shift_and_scale(targets))
            own_scale.apply(windows)
        block = estimator.predict(as_input(windows, estimator, self.lags))
        block = np.reshape(block, (len(windows), self.horizon, -1))
        return block if own_scale is None else own_scale.restore(block)
