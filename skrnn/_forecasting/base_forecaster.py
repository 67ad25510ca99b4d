"""How a forecaster learns and is updated, behind its public methods."""

import copy
from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import feature_names
from skrnn._checks.targets import check_sample_weight
from skrnn._estimators.inside import (
    check_inside,
    last_step,
    let_begin_missing,
    set_open_seeds,
)
from skrnn._index.columns import (
    index_columns,
    is_polars,
    with_index,
)
from skrnn._index.matching import match_index
from skrnn._networks.summary import show_inside
from skrnn._serialization.state import StoredMixin

from .calendar_inputs import add_calendar, fill_calendar, parts_of
from .calibration import forecast_errors
from .checks import (
    check_any_start,
    check_enough_rows,
    check_history_step,
    check_leaves_rows,
    check_predicts_windows,
    check_samples,
    check_takes_missing,
    warn_of_calendar,
)
from .coded_features import features_of_codes
from .differencing import read_lags, read_log
from .embeddings import Embeddings, set_embeddings
from .holes import fill_holes
from .input import (
    check_same_columns,
    read_observations,
    split_history,
)
from .input_columns import InputColumns
from .limits import read_bounds
from .network_bands import level_errors
from .origin import Origin
from .series_groups import number_series, set_groups
from .set_up import choose_set_up, longest_hole
from .skipped_series import warn_of_fit
from .static import StaticColumns
from .update import read_update, with_new_series
from .weights import check_takes_weights, weights_of_update, weights_of_windows
from .young_scale import scale_young

__all__ = ["BaseForecaster"]


class BaseForecaster(StoredMixin, MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Base of the forecaster: from rows to fitted attributes."""

    _private_fields = {
        "plan": "_plan",
        "longest_hole": "_n_filled",
        "index_columns": "_index_columns",
        "saw_polars": "_saw_polars",
        "template": "_template",
        "index_names": "_index_names",
        "origin": "_origin",
        "pooled": "_pooled",
        "reads_columns": "_reads_columns",
        "columns": "_columns",
        "short_errors": "_short_errors",
        "level_errors": "_level_errors",
        "wide": "_wide",
    }

    # What states lack that were stored before holes could be filled, or columns be
    # the index.
    _n_filled = 0
    _index_columns = None
    _saw_polars = False
    # What no columns are of which some are encoded, or not known in advance.
    _columns = InputColumns()
    # The same before last blocks could be known in part.
    _short_errors = ()
    # The same before networks learned quantiles.
    _level_errors = None

    def _sk_visual_block_(self):
        # Parameters that were left open are of no use to a reader.
        set_up = getattr(self, "set_up_", None)
        return show_inside(self, "estimator", set_up and str(set_up))

    def _learn(self, X, y, method, sample_weight=None):
        """Learn by `fit` or `partial_fit` of the estimator.

        Fitted attributes are set at the end, so that an error changes none.
        """
        check_inside(self.estimator)
        check_predicts_windows(self.estimator)
        observations, series, seen = self._read_to_learn(X, y, sample_weight)
        lags = read_lags(self.difference, len(observations.targets))
        # More rows than there are leave none, and an integer of NumPy would overflow.
        n_held_out = min(int(self.calibration), series.n_rows)
        training = series.before_last(n_held_out)
        check_leaves_rows(series, training, int(self.calibration))
        chosen = choose_set_up(self, series, training, lags, method)
        series = add_calendar(series, chosen.plan.calendar)
        set_open_seeds(chosen.estimator, self.random_state)
        if sample_weight is not None:
            check_takes_weights(chosen.estimator, method)
        plan = self._allow_cold_start(chosen)
        embeddings = Embeddings.of(self.estimator)
        static = StaticColumns.read(self.static, series.names, embeddings)
        static = number_series(static, chosen.estimator, series.names)
        plan = replace(plan, static=static)
        training = series.before_last(n_held_out)
        check_enough_rows(series, training, plan, int(self.calibration))
        values = plan.transform(series)
        pooled = series.names != [None]
        scale = plan.learn_scale(values, series, training, pooled=pooled)
        origin = self._find_origin(series, plan, scale)
        if plan.cold_start:
            series = series.begin_missing(plan.n_past)
        chosen = replace(chosen, plan=plan)
        if self.verbose:
            name = type(last_step(chosen.estimator)).__name__
            print(f"A {name} is chosen, for windows of {plan.window} rows.")
        shown = self._show(chosen)
        plan, origin = self._train(
            chosen, observations.columns, series, origin, n_held_out, method
        )
        errors = None, None, None
        if n_held_out:
            held_out = plan, chosen.estimator, series, origin.scale, n_held_out
            errors = *forecast_errors(*held_out), level_errors(*held_out)
        seen |= shown
        self._set_learned(observations, plan, chosen, origin, errors, seen)
        if pooled:
            skipped = self.skipped_series_
            # Asked for a cold start, one expects that little is learned of some.
            expected = plan.cold_start & ~skipped["forecasts"]
            warn_of_fit(skipped[~expected], len(origin))
        return self

    def _train(self, chosen, columns, series, origin, n_held_out, method):
        """Train the chosen estimator; return what plan and origin learned with it."""
        plan, estimator, scale = chosen.plan, chosen.estimator, origin.scale
        values = scale.apply(plan.transform(series), series.codes)
        runs = series.before_last(n_held_out).after_first(plan.n_lost)
        plan = plan.learn(values, runs)
        check_any_start(origin, plan, estimator)
        starts = plan.find_windows(values, runs, estimator)
        check_samples(len(starts), estimator)
        static = plan.static_of(series.names)[series.codes]
        spread = scale.spread[series.codes]
        samples = plan.samples(values, series.known, starts, estimator, static, spread)
        weights = weights_of_windows(plan, estimator, series.weights, starts)
        n_known = series.known.shape[1] - plan.n_calendar
        sizes = values.shape[1], n_known, plan.horizon
        set_embeddings(estimator, features_of_codes(columns, plan.static, *sizes))
        set_groups(estimator, plan, samples[0], values.shape[1])
        getattr(estimator, method)(*samples, **weights)
        plan = plan.learn_completion(series.known, starts, columns.known_codes())
        return plan, origin.mark_learned(series.codes[starts])

    def _read_to_learn(self, X, y, sample_weight):
        """Return observations, the same by series, and attributes that tell of X."""
        columns = index_columns(self.time, self.series)
        saw_polars = bool(columns) and is_polars(X)
        X, y = with_index(X, columns, y)
        log, bounds = read_log(self.log), read_bounds(self.bounds)
        observations = read_observations(
            self, X, y, log=log, bounds=bounds, fitted=False
        )
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, len(observations.targets))
            observations = replace(observations, weights=weights)
        wide = self.columns == "series"
        series = observations.by_series(wide=wide, freq=self.freq)
        warn_of_calendar(series)
        n_filled = longest_hole(self, series)
        seen = {
            "_n_filled": n_filled,
            "_index_columns": columns,
            "_saw_polars": saw_polars,
            "feature_names_in_": feature_names(X) if series.known.shape[1] else None,
        }
        return observations, fill_holes(series, n_filled), seen

    def _find_origin(self, series, plan, scale, levels=None):
        """Return where forecasts start, with the scale of each series.

        Pooled levels of those with too few rows come from `levels`, another origin.
        """
        origin = Origin.at_end(series, plan.n_kept, scale)
        settled = series.longest_runs >= plan.n_past
        return self._scale_young(replace(origin, settled=settled), plan, levels)

    def _scale_young(self, origin, plan, levels=None):
        """Return the origin with a scale of the series that have too few rows for one.

        Pooled levels come from `levels`, another origin. A series alone is not scaled.
        """
        levels = origin if levels is None else levels
        if levels.names == [None]:
            return origin
        levels = levels.scale.take(np.flatnonzero(levels.settled))
        scale = scale_young(origin, plan.differencing, levels, plan.scaling)
        return replace(origin, scale=scale)

    def _allow_cold_start(self, chosen):
        """Return the chosen plan, for windows that begin missing if they may."""
        if not self.cold_start:
            return chosen.plan
        check_takes_missing(chosen.estimator)
        let_begin_missing(chosen.estimator)
        return replace(chosen.plan, cold_start=True)

    def _begin_cold(self, origin, index):
        """Return the origin with the series of an index that it has not seen."""
        if not self._plan.cold_start or self._wide:
            return origin
        return self._scale_young(
            with_new_series(origin, index), self._plan, self._origin
        )

    def _show(self, chosen):
        """Return the attributes that show a set-up which was chosen here.

        Before training, which tells the estimator of the features of its windows.
        """
        if self.estimator is not None:
            return {"set_up_": None, "comparison_": None}
        set_up = clone(self).set_params(
            estimator=clone(chosen.estimator),
            loss="mae",
            verbose=0,
            window=chosen.plan.window,
            horizon=chosen.plan.horizon,
            log=chosen.plan.differencing.log,
            normalize=chosen.plan.mode,
            calendar=parts_of(chosen.plan.calendar),
        )
        return {"set_up_": set_up, "comparison_": chosen.compared}

    def _set_learned(self, observations, plan, chosen, origin, errors, seen):
        """Set all fitted attributes at once, with those that `fit` has seen."""
        index = observations.index
        errors, short_errors, errors_of_levels = errors
        fitted = {
            **seen,
            "estimator_": chosen.estimator,
            "window_": plan.window,
            "horizon_": plan.horizon,
            "calendar_": [] if plan.calendar is None else plan.calendar.names,
            "n_features_in_": observations.n_features,
            "_columns": observations.columns,
            "n_targets_": origin.targets.shape[2],
            "n_samples_fit_": len(observations.targets),
            "calibration_errors_": errors,
            "_short_errors": short_errors,
            "_level_errors": errors_of_levels,
            "_plan": plan,
            "_template": observations.template,
            "_index_names": [] if index is None else [*index.names],
            "_origin": origin,
            "_pooled": origin.names != [None],
            "_reads_columns": bool(self.exogenous),
            "_wide": self.columns == "series",
        }
        set_fitted(self, fitted)

    def _read_observations(self, X, y):
        """Check observed rows against what `fit` saw."""
        log, bounds = self._plan.differencing.log, self._plan.bounds
        X, y = with_index(X, self._index_columns, y)
        observations = read_observations(
            self, X, y, log=log, bounds=bounds, fitted=True
        )
        if not self._wide:
            check_same_columns(observations, self._template, self.n_targets_)
        return observations

    def _read_update(self, X, y):
        """Return new observations, the rows that they follow, and the origin there."""
        check_is_fitted(self)
        observations = self._read_observations(X, y)
        targets = observations.targets
        if self._wide:
            check_same_columns(observations, self._template, len(self._origin))
            targets = targets.T.reshape(-1, 1)
        plan, known = self._plan, observations.known
        dates = np.full((len(known), plan.n_calendar), np.nan)
        update = read_update(
            self._origin,
            observations.index,
            targets,
            np.hstack([known, dates]),
            wide=self._wide,
        )
        update = fill_calendar(update, plan.calendar)
        return observations, update, self._scale_young(update.move(), plan)

    def _learn_update(self, update, origin, weights=None):
        """Return a copy of the estimator that has learned from new rows as well.

        `weights` are those of the rows of the update, as `weights_of_update` has them.
        """
        plan, series = self._plan, update.as_series()
        codes = update.codes[series.codes]
        values = origin.scale.apply(plan.transform(series), codes)
        # The origin keeps so few rows that each window ends in a new one.
        runs = series.after_first(plan.n_lost)
        starts = plan.find_windows(values, runs, self.estimator_)
        if not len(starts):
            return self.estimator_
        static = plan.static_of(origin.names)[codes]
        of_rows = static, origin.scale.spread[codes]
        samples = plan.samples(values, series.known, starts, self.estimator_, *of_rows)
        weights = weights_of_windows(plan, self.estimator_, weights, starts)
        # What fails half way must not leave a half trained estimator.
        return copy.deepcopy(self.estimator_).partial_fit(*samples, **weights)

    def _read_weights(self, sample_weight, observations, update):
        """Return the weights of the rows of an update; None without any."""
        if sample_weight is None:
            return None
        check_takes_weights(self.estimator_, "partial_fit")
        weights = check_sample_weight(sample_weight, len(observations.targets))
        index = observations.index
        return weights_of_update(update, index, weights, wide=self._wide)

    def _move_on(self, observations, origin, estimator):
        """Move the origin behind new rows, from which the estimator has learned.

        All at once: an interrupt must not leave one that would learn from them twice.
        """
        fitted = {
            "estimator_": estimator,
            "_origin": origin,
            "n_samples_fit_": self.n_samples_fit_ + len(observations.targets),
        }
        set_fitted(self, fitted)
        return self

    def _start_from(self, history):
        """Return the origin of a forecast, and y without its rows as it is there."""
        if history is None:
            return self._origin, self._template
        X, y = split_history(history, self.n_features_in_)
        observations, series, scale = self._read_series(X, y)
        origin = self._find_origin(series, self._plan, scale, self._origin)
        return origin, observations.template if self._wide else self._template

    def _read_series(self, X, y):
        """Return other rows than `fit` has seen, as series, with their own scale."""
        plan, seen = self._plan, self._origin
        observations = self._read_observations(X, y)
        step = None
        if seen.has_index and observations.index is not None:
            step, index = seen.step, match_index(observations.index, seen.ends)
            check_history_step(index, step)
            observations = replace(observations, index=index)
        series = observations.by_series(wide=self._wide, step=step)
        series = add_calendar(fill_holes(series, self._n_filled), plan.calendar)
        values = plan.transform(series)
        scale = plan.learn_scale(values, series, series, pooled=self._pooled)
        return observations, series, scale
