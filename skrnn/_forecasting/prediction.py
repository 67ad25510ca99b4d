"""How a forecaster predicts, behind its public methods."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.inside import (
    learned_distribution,
    learned_quantiles,
    learns_counts,
)
from skrnn._index.columns import as_container, to_polars, with_index
from skrnn._index.reading import index_of
from skrnn._process.memory import check_memory

from .bounds import interval_bounds, quantile_bounds
from .calendar_inputs import warn_of_holidays
from .calibration import errors_of_length
from .checks import (
    check_bounded,
    check_calibrated,
    check_calibration,
    check_needs_no_rows,
    check_start,
    check_within_horizon,
)
from .drawn_paths import (
    N_PATHS,
    continue_paths,
    is_one_block,
    quantiles_of_paths,
)
from .input import read_future
from .level_paths import paths_of_levels
from .many_origins import PastOrigins, scale_as_seen
from .network_bands import (
    LevelRows,
    check_one_block,
    continue_levels,
    interval_of_levels,
    learned_levels,
    quantiles_of_levels,
)
from .paths import PathDraws
from .plan import ForecastPlan
from .request import request_next_rows, request_rows
from .results import shape_like
from .skipped_series import warn_of_forecast, warn_of_reach

__all__ = ["PredictionMixin"]


class PredictionMixin:
    """From a fitted forecaster back to rows."""

    def _continue(self, origin, request, continue_series=ForecastPlan.continue_series):
        """Predict the requested rows, of logarithms if they are taken.

        In a wide table, which asks for all series, those that cannot start, or ended
        too early, are NaN.
        """
        can_start = self._plan.can_continue(origin, self.estimator_)[request.codes]
        in_reach = request.n_steps <= self._plan.most_steps
        continues = can_start & in_reach
        if not self._wide or continues.all() or not continues.any():
            return self._continue_all(origin, request, continue_series)
        names = np.array(origin.names, dtype=object)
        warn_of_forecast(names, can_start)
        warn_of_reach(names, in_reach | ~can_start)
        is_asked = continues[request.row_places]
        asked = request.take(continues)
        of_asked = self._continue_all(origin, asked, continue_series)
        predicted = np.full((len(is_asked), of_asked.shape[1]), np.nan)
        predicted[is_asked] = of_asked
        return predicted

    def _leave_out(self, origin):
        """Return the origin of the series that can start, and warn of all others."""
        can_start = self._plan.can_continue(origin, self.estimator_)
        if not can_start.any():
            return origin
        warn_of_forecast(np.array(origin.names, dtype=object), can_start)
        return origin.take(np.flatnonzero(can_start))

    def _continue_all(self, origin, request, continue_series):
        """Predict the requested rows of series that must be able to start."""
        plan = self._plan
        known = request.to_known(origin, plan.horizon)
        origin = origin.take(request.codes)
        check_start(origin, plan, self.estimator_)
        check_within_horizon(plan, request.n_steps, origin.names)
        warn_of_holidays(plan.calendar, origin, request.n_steps)
        predicted = continue_series(
            plan, self.estimator_, origin, known.known, known.n_steps
        )
        check_bounded(plan.restore(predicted), request.n_steps)
        return predicted[request.row_places, request.row_steps - 1]

    def _find_rows(self, X, history):
        """Return where a forecast over rows of X starts, and which rows these are.

        Returns
        -------
        origin, template
            As `_start_from` returns them.
        index : Index or None
            Index of the rows.
        request : Request
            The rows.
        """
        if isinstance(X, Integral):
            return self._find_next_rows(X, history)
        rows, _ = with_index(X, self._index_columns)
        known = read_future(self, rows)
        origin, template = self._start_from(history)
        index = index_of(rows)
        origin = self._begin_cold(origin, index)
        request = request_rows(origin, index, known, wide=self._wide)
        return origin, template, index, request

    def _find_next_rows(self, n_steps, history):
        """Return the same of a number of rows that follow."""
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
        check_needs_no_rows(self._origin.n_ahead - self._plan.n_calendar)
        origin, template = self._start_from(history)
        if origin.names != [None] and not self._wide:
            origin = self._leave_out(origin)
        check_memory(
            # The predictions, and the stamps or numbers of their rows.
            8 * int(n_steps) * len(origin) * (self.n_targets_ + 1),
            f"A forecast of n_steps={n_steps} rows of {len(origin)} series",
            "forecast fewer rows at once",
        )
        index = origin.index_ahead(n_steps, self._index_names, wide=self._wide)
        if self._wide:
            # Columns that end earlier need more steps to the same stamps.
            no_columns = np.empty((n_steps, 0))
            request = request_rows(origin, index, no_columns, wide=True)
        else:
            request = request_next_rows(origin, n_steps)
        return origin, template, index, request

    def _predict(self, X, history):
        """Predict the rows of X, or a number of rows that follow."""
        origin, template, index, request = self._find_rows(X, history)
        values = self._plan.restore(self._continue(origin, request))
        laid_out = self._lay_out(values, len(origin), template, index)
        return self._as_passed(laid_out, X)

    def _predict_from(self, X, y, origins, n_steps):
        """Return forecasts from many rows of X and y, in a table."""
        observations, series, scale = self._read_series(X, y)
        scale = scale_as_seen(scale, series.names, self._origin)
        plan, estimator = self._plan, self.estimator_
        found = PastOrigins.find(plan, estimator, series, origins, n_steps)
        check_within_horizon(plan, found.n_steps)
        predicted = found.predict(plan, estimator, series, scale)
        template, names = observations.template, {"series": series.names}
        if series.names == [None]:
            name = getattr(template, "name", None)
            names["series"] = [0 if name is None else name]
        if template.ndim == 2 and not self._wide:
            columns = getattr(template, "columns", range(template.shape[1]))
            names["target"] = list(columns)
        table = found.tabulate(series, predicted, names)
        if series.has_index:
            # `error_by_step` cannot infer the step of a calendar.
            table.attrs["step"] = self._origin.step
        return table

    def _predict_bands(self, X, history, compute, names):
        """Predict rows of X by a function of where they start and which they are."""
        origin, template, index, request = self._find_rows(X, history)
        values = compute(origin, request)
        laid_out = self._lay_out(values, len(origin), template, index, [*names])
        return self._as_passed(laid_out, X)

    def _interval_at(self, origin, request, coverage):
        """Return the ends of intervals of requested rows, (n_rows, n_targets, 2)."""
        if learned_quantiles(self.estimator_):
            bands = partial(interval_of_levels, coverage=coverage)
            return self._levels_at(origin, request, bands)
        if learned_distribution(self.estimator_):
            # Rounded, because (1 - 0.8) / 2 is a little below 0.1.
            ends = np.round([(1 - coverage) / 2, (1 + coverage) / 2], 12)
            bands = partial(interval_of_levels, coverage=coverage)
            return self._distribution_at(origin, request, ends, bands)
        return self._band_at(origin, request, interval_bounds(coverage))

    def _quantiles_at(self, origin, request, asked):
        """Return quantiles of requested rows, (n_rows, n_targets, n_asked)."""
        if learned_quantiles(self.estimator_):
            bands = partial(quantiles_of_levels, asked=asked)
            return self._levels_at(origin, request, bands)
        if learned_distribution(self.estimator_):
            bands = partial(quantiles_of_levels, asked=asked)
            return self._distribution_at(origin, request, asked, bands)
        return self._band_at(origin, request, quantile_bounds(asked))

    def _check_has_bands(self):
        """Raise if neither a network nor rows held out say how sure a forecast is."""
        check_is_fitted(self)
        estimator = self.estimator_
        if not learned_quantiles(estimator) and not learned_distribution(estimator):
            check_calibration(self)

    def _band_at(self, origin, request, compute_bounds):
        """Predict the requested rows, and add what comes of errors.

        `compute_bounds` gets the errors of all series, of shape (n_series, n_origins,
        n_steps, n_targets), the numbers of some series, the steps in a block (1 if
        nothing but their place counts), the places of the series in the request, and
        how many steps they have. It returns an array of shape (n_chosen, n_steps,
        n_targets, n_names), in units of the spread of each series.
        """
        bounds = self._bounds_of(origin, request, compute_bounds)
        predicted = self._continue(origin, request)[:, :, None]
        spread = origin.scale.spread[request.codes][request.row_places][:, :, None]
        return self._plan.restore(predicted + bounds * spread)

    def _paths_at(self, origin, request, n_paths, random_state):
        """Return possible courses of requested rows, (n_rows, n_targets, n_paths)."""
        check_memory(
            16 * len(request.row_steps) * self.n_targets_ * int(n_paths),
            f"Paths of n_paths={n_paths} for {len(request.row_steps)} rows",
            "draw fewer paths, or predict fewer rows",
        )
        if learned_distribution(self.estimator_):
            random = check_random_state(random_state)
            paths = self._draw(origin, request, int(n_paths), random)
            return self._plan.restore(paths)
        draws = PathDraws.draw(len(request.codes), n_paths, random_state)
        learned = learned_quantiles(self.estimator_)
        if learned and is_one_block(self._plan, request.n_steps):
            compute = partial(paths_of_levels, draws=draws)
            return self._levels_at(origin, request, compute)
        return self._band_at(origin, request, draws.choose_errors)

    def _levels_at(self, origin, request, compute_bands):
        """Predict rows by what `compute_bands` makes of the quantiles of a network.

        It gets them as `LevelRows`, and returns an array of shape (n_rows, n_targets,
        n_names) in the scale of the predictions.
        """
        return self._plan.restore(compute_bands(self._level_rows(origin, request)))

    def _distribution_at(self, origin, request, levels, compute_bands):
        """Predict levels of the distributions of a network.

        Within one block they are exact or, with a calibration, what `compute_bands`
        makes of them, see `_levels_at`. Beyond it they are those of paths.
        """
        if not is_one_block(self._plan, request.n_steps):
            # The same paths in every call, so that bands can be repeated.
            paths = self._draw(origin, request, N_PATHS, np.random.RandomState(0))
            of_counts = learns_counts(self.estimator_)
            values = quantiles_of_paths(paths, levels, of_counts=of_counts)
        elif self._level_errors is not None:
            values = compute_bands(self._level_rows(origin, request))
        else:
            continue_series = partial(continue_levels, levels=levels)
            values = self._continue(origin, request, continue_series)
            values = values.reshape(len(values), -1, len(levels))
        return self._plan.restore(values)

    def _draw(self, origin, request, n_paths, random):
        """Return paths of the requested rows, of shape (n_rows, n_targets, n_paths)."""
        continue_series = partial(continue_paths, n_paths=n_paths, random=random)
        paths = self._continue(origin, request, continue_series)
        return paths.reshape(len(paths), -1, n_paths)

    def _level_rows(self, origin, request):
        """Return the requested rows with what the network predicts for them."""
        plan, learned = self._plan, learned_levels(self.estimator_)
        check_one_block(plan, learned, request.n_steps)
        continue_series = partial(continue_levels, levels=learned)
        predicted = self._continue(origin, request, continue_series)
        names = origin.take(request.codes).names
        n_known = request.to_known(origin, plan.horizon).n_steps
        places = request.row_places
        return LevelRows(
            learned,
            predicted.reshape(len(predicted), -1, len(learned)),
            origin.scale.spread[request.codes][places],
            self._codes_of_errors(names)[places],
            request.row_steps,
            n_known[places],
            self._level_errors,
            places,
        )

    def _bounds_of(self, origin, request, compute_bounds):
        """Return bounds of each row, from errors of blocks that are known as far."""
        n_known = request.to_known(origin, self._plan.horizon).n_steps
        codes = self._codes_of_errors(origin.take(request.codes).names)
        block = len(self._short_errors) + 1
        all_rows, values = [], []
        for n_steps in np.unique(n_known):
            places = np.flatnonzero(n_known == n_steps)
            rows = np.flatnonzero(np.isin(request.row_places, places))
            all_errors = self.calibration_errors_, self._short_errors
            errors = errors_of_length(*all_errors, n_steps)
            bounds = compute_bounds(errors, codes[places], block, places, n_steps)
            row_steps = request.row_steps[rows]
            check_calibrated(bounds.swapaxes(0, 1), row_steps, errors.shape[1])
            of_rows = np.searchsorted(places, request.row_places[rows])
            values.append(bounds[of_rows, row_steps - 1])
            all_rows.append(rows)
        return np.concatenate(values)[np.argsort(np.concatenate(all_rows))]

    def _codes_of_errors(self, names):
        """Return the numbers of series in `calibration_errors_`; -1 for new ones."""
        seen = []
        if hasattr(self, "calibration_errors_"):
            seen = self._origin.names[: len(self.calibration_errors_)]
        numbers = {name: code for code, name in enumerate(seen)}
        return np.array([numbers.get(name, -1) for name in names], dtype=np.intp)

    def _lay_out(self, values, n_series, template, index, band_names=None):
        """Shape rows, which come series by series, like y."""
        if self._wide:
            values = values.reshape(n_series, -1, *values.shape[2:]).swapaxes(0, 1)
        return shape_like(values, template, index, band_names)

    def _as_passed(self, values, X):
        """Return predictions in the kind of container that X has, or `fit` has seen."""
        if isinstance(X, Integral):
            return to_polars(values) if self._saw_polars else values
        return values if self._index_columns is None else as_container(values, X)
