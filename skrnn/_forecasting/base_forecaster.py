"""How a forecaster learns and starts, behind its public methods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import feature_names
from skrnn._index.matching import match_index
from skrnn._index.reading import index_of
from skrnn._networks.summary import show_inside
from skrnn._serialization.state import StoredMixin

from .calibration import forecast_errors
from .checks import (
    check_bounded,
    check_calibrated,
    check_ends,
    check_rows,
    check_samples,
    check_start,
)
from .differencing import Transformation, lags_of
from .input import read_future, read_series, split_history
from .origin import Origin
from .plan import Extrapolator
from .results import shape_like
from .set_up import settle

__all__ = ["BaseForecaster"]


class BaseForecaster(StoredMixin, MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Base of the forecaster: from rows to a fitted state, and from that to rows."""

    _private_fields = {
        "extrapolator": "_extrapolator",
        "form": "_form",
        "level_names": "_level_names",
        "origin": "_origin",
        "pooled": "_pooled",
        "wide": "_wide",
    }

    def _sk_visual_block_(self):
        return show_inside(self, "estimator")

    def _learn(self, X, y, method):
        """Learn by a method of the estimator, and change only when that succeeded."""
        rows = read_series(self, X, y, log=self.log, fitted=False)
        lags = lags_of(self.difference, len(rows.targets))
        transformation = Transformation(lags, self.log)
        panel = rows.panel(wide=self.columns == "series")
        # An integer of NumPy would overflow; more rows than there are leave none.
        calibration = min(int(self.calibration), panel.n_rows)
        training = panel.before_last(calibration) if calibration else panel
        chosen = settle(self, panel, training, transformation.reach)
        estimator = chosen.estimator
        plan = Extrapolator(
            chosen.window, chosen.horizon, transformation, chosen.normalize
        )
        check_rows(panel, training, plan, int(self.calibration))
        pooled = panel.names != [None]
        values = plan.transform(panel)
        levels = plan.levels(values, panel, training, pooled=pooled)
        values = (values - levels[0][panel.codes]) / levels[1][panel.codes]
        runs = training.shortened(plan.reach)
        plan = plan.learn(values, runs)
        origin = Origin.of(panel, plan.n_kept, levels)
        check_start(origin, plan, estimator)
        starts = runs.whole_windows(plan.window, plan.horizon)
        starts = plan.learnable(values, starts, estimator)
        check_samples(len(starts), estimator)
        samples = plan.samples(values, panel.known, starts, estimator)
        getattr(estimator, method)(*samples)
        errors = None
        if calibration:
            errors = forecast_errors(plan, estimator, panel, levels, calibration)
        n_known = panel.known.shape[1]
        set_fitted(
            self,
            {
                "estimator_": estimator,
                "window_": plan.window,
                "horizon_": plan.horizon,
                "n_features_in_": n_known,
                "feature_names_in_": feature_names(X) if n_known else None,
                "n_targets_": panel.targets.shape[1],
                "n_samples_fit_": len(rows.targets),
                "calibration_errors_": errors,
                "_extrapolator": plan,
                "_form": rows.form,
                "_level_names": [] if rows.index is None else [*rows.index.names],
                "_origin": origin,
                "_pooled": pooled,
                "_wide": self.columns == "series",
            },
        )
        return self

    def _start_from(self, history):
        """Give the origin of a forecast, and what y looks like there."""
        plan, seen = self._extrapolator, self._origin
        if history is None:
            return seen, self._form
        rows = self._read_rows(*split_history(history, self.n_features_in_))
        step = None
        if seen.has_index and rows.index is not None:
            step, index = seen.step, match_index(rows.index, seen.ends)
            rows = replace(rows, index=index)
        panel = rows.panel(wide=self._wide, step=step)
        check_ends(panel, plan)
        levels = plan.levels(plan.transform(panel), panel, panel, pooled=self._pooled)
        origin = Origin.of(panel, plan.n_kept, levels)
        return origin, rows.form if self._wide else self._form

    def _read_rows(self, X, y):
        """Check observed rows against what `fit` saw."""
        log = self._extrapolator.transformation.log
        rows = read_series(self, X, y, log=log, fitted=True)
        if not self._wide:
            self._check_columns(rows, self.n_targets_)
        return rows

    def _check_columns(self, rows, n_columns):
        """Refuse y with other columns than fit saw; arrays have no names to compare."""
        if rows.targets.shape[1] != n_columns:
            raise ValueError(
                f"y must have the {n_columns} columns that fit saw. Got "
                f"{rows.targets.shape[1]} instead."
            )
        seen, columns = (getattr(y, "columns", None) for y in (self._form, rows.form))
        both = seen is not None and columns is not None
        if both and list(columns) != list(seen):
            raise ValueError(
                f"y must have the columns that fit saw, {list(seen)}. Got "
                f"{list(columns)} instead; reindex it."
            )

    def _read_update(self, X, y):
        """Give the rows, their place, and the rows of each series they lie behind."""
        check_is_fitted(self)
        rows = self._read_rows(X, y)
        if self._wide:
            self._check_columns(rows, len(self._origin))
        request = self._origin.request(rows.index, rows.known, each=self._wide)
        targets = rows.targets.T.reshape(-1, 1) if self._wide else rows.targets
        return rows, request, self._origin.followed_by(request, targets)

    def _move_on(self, rows, request, stretches, estimator=None):
        """Start behind the rows, with an estimator that has learned from them if any.

        All at once: an interrupt must not leave one that would learn from them twice.
        """
        set_fitted(
            self,
            {
                "estimator_": self.estimator_ if estimator is None else estimator,
                "_origin": self._origin.moved_on(request, stretches),
                "n_samples_fit_": self.n_samples_fit_ + len(rows.targets),
            },
        )
        return self

    def _continue(self, origin, request):
        """Predict the rows of a request, before the logarithm is taken back."""
        plan, n_steps = self._extrapolator, request.n_steps
        origin = origin.take(request.series)
        check_start(origin, plan, self.estimator_)
        levels = plan.continue_series(self.estimator_, origin, request.known, n_steps)
        check_bounded(plan.restore(levels), n_steps)
        return levels[request.place, request.steps - 1]

    def _predict_band(self, X, history, bounds, names):
        """Predict rows, and add to them what `bounds` gives for the errors of a target.

        They are of shape (n_steps,), in units of the level of each series.
        """
        check_is_fitted(self)
        if not hasattr(self, "calibration_errors_"):
            raise ValueError(
                "Bands need errors of forecasts that training has not seen. Got "
                "calibration=0; set calibration to the number of last rows to hold out "
                "for them, such as 100, and call fit."
            )
        known = read_future(self, X)
        origin, form = self._start_from(history)
        request = origin.request(index_of(X), known, each=self._wide)
        errors = np.moveaxis(self.calibration_errors_, -1, 0)
        bands = np.stack([np.stack(bounds(each), axis=-1) for each in errors], axis=1)
        check_calibrated(bands, request.steps, len(bands))
        levels = self._continue(origin, request)
        spread = origin.spread[request.series][request.place]
        values = levels[:, :, None] + bands[request.steps - 1] * spread[:, :, None]
        values = self._extrapolator.restore(values)
        return self._lay_out(values, len(origin), form, index_of(X), names)

    def _lay_out(self, values, n_series, form, index, bands=None):
        """Give rows that lie series by series the form of y."""
        if self._wide:
            values = values.reshape(n_series, -1, *values.shape[2:]).swapaxes(0, 1)
        return shape_like(values, form, index, bands)
