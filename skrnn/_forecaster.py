"""A regressor that continues series by feeding its predictions back to itself."""

from __future__ import annotations

import copy
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import check_scalar
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ._calibration import forecast_errors
from ._conformal import error_quantiles, radii
from ._extrapolator import Extrapolator
from ._forecast_checks import (
    check_bounded,
    check_calibrated,
    check_ends,
    check_rows,
    check_samples,
    check_start,
)
from ._forecast_input import read_future, read_series, split_history
from ._origin import Origin, shape_like
from ._panel import panel_of_stretches
from ._recurrent import LSTMRegressor
from ._runs import match_index
from ._transformation import Transformation, lags_of
from ._validation import (
    HasMethods,
    Interval,
    StrOptions,
    feature_names,
    fit_context,
    index_of,
    set_fitted,
)

__all__ = ["AutoregressiveForecaster"]


class AutoregressiveForecaster(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Continue one or several series with any regressor, from their own past.

    `fit` learns to predict each row of y from the `window` rows before it; `predict`
    continues y over the rows of X, which follow the rows seen in `fit`, by feeding
    predictions back as the past of later ones. So the test folds of `TimeSeriesSplit`
    are forecasts, `cross_val_score` is a backtest, and a grid search tunes on the error
    over many steps. The columns of X are known in advance, such as holidays or a plan:
    `predict` needs them for every row that it predicts.

    Parameters
    ----------
    estimator : regressor, default=None
        Learns the step from the past to the next rows; it is cloned. Recurrent
        regressors, or a `Pipeline` or search that starts with one, get windows of shape
        (n_samples, window, n_channels); any other gets them as a table of shape
        (n_samples, window * n_channels), oldest step first. None means
        ``LSTMRegressor()``.
    window : int, default=10
        Past rows that a prediction sees; at least 1.
    horizon : int, default=1
        Rows that one call of `estimator` predicts; at least 1. Longer forecasts are
        rolled out in blocks of `horizon` rows, shorter ones are cut.
    exogenous : bool, default=True
        Whether the columns of X are inputs. False reads X only as a time axis, whatever
        its columns.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone of `estimator`.
    n_features_in_ : int
        Columns known in advance; 0 where X has none or is only a time axis.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where all are strings.
    n_targets_ : int
        Columns of y.
    n_samples_fit_ : int
        Rows seen in `fit`.
    last_stamp_ : timestamp, period or number
        Stamp of the last row seen in `fit`; None without an index.
    step_ : offset, Timedelta or number
        Distance from one stamp to the next; None without an index.

    See Also
    --------
    LSTMRegressor : The default estimator.
    SlidingWindow : Windows for regressors that do not feed predictions back.

    Notes
    -----
    With window w, horizon H, targets y and columns x known in advance, the estimator f
    learns ``(y[t], ..., y[t+H-1]) = f(z[t-w], ..., z[t-1])``, where the channels of a
    step are ``z[s] = (y[s], x[s+1], ..., x[s+H])``, from each t whose rows t-w to t+H-1
    follow one another without a hole. The targets of several rows lie side by side,
    nearest row first. In `predict` each y that was not seen in `fit` is a prediction.
    H = 1 is the iterated strategy, an H as long as the forecast the direct one with
    several outputs, and the lengths between mix the two [1]_.

    A block of H rows needs x for all of them. Where columns are known in advance and
    the rows of X are no multiple of H, the last block therefore begins earlier, among
    rows that are known or predicted already, and only its end is used: nothing is
    invented behind the end of X, but these rows are predicted from an older past.

    A forecast of m rows calls the estimator m / H times, one after the other, with one
    window each. `fit` copies each column of x H times and, for estimators that take a
    table, each row `window` times.

    References
    ----------
    .. [1] S. Ben Taieb, G. Bontempi, A. F. Atiya, A. Sorjamaa, "A review and comparison
       of strategies for multi-step ahead time series forecasting based on the NN5
       forecasting competition", Expert Systems with Applications 39 (2012) 7067-7083.

    Examples
    --------
    Each Fibonacci number is the sum of the two before it:

    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from skrnn import AutoregressiveForecaster
    >>> months = pd.period_range("2001-01", periods=8, freq="M")
    >>> rabbits = pd.Series([1, 1, 2, 3, 5, 8, 13, 21], index=months, name="rabbits")
    >>> forecaster = AutoregressiveForecaster(LinearRegression(), window=2)
    >>> forecaster.fit(None, rabbits).forecast(3).round()
    2001-09    34.0
    2001-10    55.0
    2001-11    89.0
    Freq: M, Name: rabbits, dtype: float64
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "window": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "difference": [Interval(Integral, 0, None, closed="left"), tuple, list],
        "log": ["boolean"],
        "normalize": [StrOptions({"last", "meanstd"}), None],
        "exogenous": ["boolean"],
        "columns": [StrOptions({"targets", "series"})],
        "calibration": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        *,
        window=10,
        horizon=1,
        difference=0,
        log=False,
        normalize=None,
        exogenous=True,
        columns="targets",
        calibration=0,
    ):
        self.estimator = estimator
        self.window = window
        self.horizon = horizon
        self.difference = difference
        self.log = log
        self.normalize = normalize
        self.exogenous = exogenous
        self.columns = columns
        self.calibration = calibration

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # scikit-learn's common tests take the score on rows without an order in time.
        tags.regressor_tags.poor_score = True
        return tags

    @property
    def last_stamp_(self):
        """Stamp of the last row of which y was observed, of each series if many."""
        ends = self._origin.ends if self._origin.has_index else None
        if ends is None or self.series_ is None:
            return None if ends is None else ends[0]
        return pd.Series(ends, self.series_)

    @property
    def step_(self):
        """Distance from one stamp to the next."""
        return self._origin.step if self._origin.has_index else None

    @property
    def series_(self):
        """Names of the series, None for a single one."""
        names = self._origin.names
        if names == [None]:
            return None
        return pd.Index(names, tupleize_cols=isinstance(names[0], tuple))

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Learn to predict each row of y from the rows before it.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or None
            Columns known in advance, in time order. None, or a frame without columns,
            where there are none.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The series, on the index of X; NaN was not observed. With a MultiIndex the
            last level is time and the others name the series of each row.

        Returns
        -------
        self : AutoregressiveForecaster
            The fitted forecaster.

        Raises
        ------
        ValueError
            If no stretch of rows without a hole is as long as `window` and `horizon`
            together, a series ends with fewer rows than a forecast starts from, values
            are infinite or, of X, missing, X and y have different indexes, or stamps
            are unsorted, duplicated, or months apart on a day that not every month has.
        TypeError
            If X or y hold dates, or the index has no spacing, such as one of strings.
        """
        return self._learn(X, y, self._make_estimator(), "fit")

    @available_if(lambda self: hasattr(self._make_estimator(), "partial_fit"))
    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y):
        """Move on by `update`, and train on the new rows.

        The estimator gets, by its own `partial_fit`, the windows whose last row to
        predict is new. What `fit` has learned beside stays: scaling, levels of series
        and the errors of the calibration. The first call learns from the rows as `fit`
        does, by the estimator's `partial_fit`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or None
            As in `update`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            As in `update`.

        Returns
        -------
        self : AutoregressiveForecaster
            The forecaster.

        Raises
        ------
        ValueError, TypeError
            As in `update`; on the first call as in `fit`.
        """
        if not hasattr(self, "estimator_"):
            return self._learn(X, y, self._make_estimator(), "partial_fit")
        rows, request, stretches = self._read_update(X, y)
        plan, origin = self._extrapolator, self._origin
        panel = panel_of_stretches(stretches)
        series = request.series[panel.codes]
        values = (plan.transform(panel) - origin.centre[series]) / origin.spread[series]
        starts = panel.shortened(plan.reach).whole_windows(plan.window, plan.horizon)
        # The first new row lies behind those that the origin keeps.
        first = np.searchsorted(panel.codes, panel.codes[starts])
        new = first + origin.targets.shape[1]
        starts = starts[starts + plan.window + plan.horizon > new]
        starts = plan.learnable(values, starts, self.estimator_)
        if len(starts):
            samples = plan.samples(values, panel.known, starts, self.estimator_)
            # What fails half way must not leave a half trained estimator.
            self.estimator_ = copy.deepcopy(self.estimator_).partial_fit(*samples)
        return self._move_on(rows, request, stretches)

    def update(self, X, y):
        """Let forecasts start behind new observations, without training.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or None
            Columns known in advance of the new rows; None, or a frame without columns,
            where there are none.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            What was observed after the rows seen so far, in the form that `fit` saw.
            Rows that are left out count as missing. Of several series some may be left
            out.

        Returns
        -------
        self : AutoregressiveForecaster
            The forecaster, with later forecasts.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If the rows do not follow those seen so far, or do not have their form.
        TypeError
            As in `fit`.
        """
        check_is_fitted(self)
        return self._move_on(*self._read_update(X, y))

    def predict(self, X, *, history=None):
        """Continue the series over the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Columns known in advance for the rows to predict. The index of a frame says
            which rows these are: all of them come after the rows seen in `fit`, a whole
            number of steps after; without columns known in advance some may be left
            out. The rows of an array follow the rows seen in `fit` directly, whatever
            they are: a shuffled `KFold` on arrays gives scores without meaning, so use
            `TimeSeriesSplit` or a pandas index. Of several series some may be left out.
        history : array-like or tuple of two, default=None
            Rows to start from in place of those seen in `fit`: y in the form of `fit`,
            of the same or of new series; or the pair (X, y), if there are columns known
            in advance.

        Returns
        -------
        y : ndarray, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            The predictions; on the index of X and with the names of y if X is a frame.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If rows of X lie inside or before the training range or between two steps,
            one is missing that has columns known in advance, the columns are not those
            seen in `fit`, or `history` is too short.
        TypeError
            If X is an index or a number of steps, or columns hold dates.
        """
        check_is_fitted(self)
        known = read_future(self, X)
        origin, form = self._start_from(history)
        request = origin.request(index_of(X), known, each=self._wide)
        values = self._extrapolator.restore(self._continue(origin, request))
        return self._lay_out(values, form, index_of(X))

    def forecast(self, n_steps, *, history=None):
        """Continue the series by a number of rows.

        Parameters
        ----------
        n_steps : int
            Rows to predict, of each series if there are many; at least 1.
        history : array-like, default=None
            Rows to start from in place of those seen in `fit`; see `predict`.

        Returns
        -------
        y : ndarray, Series or DataFrame of shape (n_steps,) or (n_steps, n_targets)
            The rows that follow those seen in `fit`; on an index where `fit` saw one.
            Of many series with a MultiIndex `n_steps` rows each.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If the forecaster has columns known in advance, or `n_steps` is below 1.
        TypeError
            If `n_steps` is no integer.
        """
        check_is_fitted(self)
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
        if self.n_features_in_:
            raise ValueError(
                f"forecast does not know the {self.n_features_in_} columns of X that "
                "are inputs; use predict(X) with a frame of these columns, or fit with "
                "exogenous=False."
            )
        origin, form = self._start_from(history)
        index = origin.index_ahead(n_steps, self._level_names, together=self._wide)
        if self._wide:
            request = origin.request(index, np.empty((n_steps, 0)), each=True)
        else:
            request = origin.next_rows(n_steps)
        values = self._extrapolator.restore(self._continue(origin, request))
        return self._lay_out(values, form, index)

    def predict_interval(self, X, coverage=0.9, *, history=None):
        """Give the band in which a share of the truths will lie.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows to predict, as in `predict`.
        coverage : float in (0, 1), default=0.9
            The share of truths, at each step.
        history : array-like or tuple of two, default=None
            Rows to start from in place of those seen in `fit`; see `predict`.

        Returns
        -------
        band : ndarray or DataFrame of shape (n_rows, 2) or (n_rows, n_targets, 2)
            Lower and upper bound. A frame, if X is one, has the columns "lower" and
            "upper", for each column of y if y had columns.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If `calibration` is 0 or too small for the coverage and the number of steps;
            also as in `predict`.
        """
        check_scalar(
            coverage,
            "coverage",
            Real,
            min_val=0,
            max_val=1,
            include_boundaries="neither",
        )

        def bounds(errors):
            radius = radii(errors, coverage)
            return [-radius, radius]

        return self._predict_band(X, history, bounds, ["lower", "upper"])

    def predict_quantiles(self, X, quantiles, *, history=None):
        """Give quantiles of the truths to come.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The rows to predict, as in `predict`.
        quantiles : array-like of float in (0, 1)
            The quantiles; 0.5 is the median.
        history : array-like or tuple of two, default=None
            Rows to start from in place of those seen in `fit`; see `predict`.

        Returns
        -------
        values : ndarray or DataFrame of shape (n_rows, n_quantiles) or (n_rows, \
                n_targets, n_quantiles)
            The quantiles. A frame, if X is one, has them as columns, for each column
            of y if y had columns.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            As in `predict_interval`.
        """
        asked = np.atleast_1d(np.asarray(quantiles, dtype=float))
        if asked.ndim > 1 or not len(asked) or not ((asked > 0) & (asked < 1)).all():
            raise ValueError(
                "quantiles must be numbers above 0 and below 1, such as [0.1, 0.5, "
                f"0.9]. Got {quantiles!r} instead."
            )

        def bounds(errors):
            return [error_quantiles(errors, quantile) for quantile in asked]

        return self._predict_band(X, history, bounds, list(asked))

    def _make_estimator(self):
        """Give the estimator to fit, unfitted."""
        return LSTMRegressor() if self.estimator is None else clone(self.estimator)

    def _learn(self, X, y, estimator, method):
        """Learn by a method of the estimator, and change only when that succeeded."""
        plan = Extrapolator(
            self.window,
            self.horizon,
            Transformation(lags_of(self.difference), self.log),
            self.normalize,
        )
        rows = read_series(self, X, y, log=self.log, fitted=False)
        panel = rows.panel(wide=self.columns == "series")
        training = panel.before_last(self.calibration) if self.calibration else panel
        check_rows(panel, training, plan, self.calibration)
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
        if self.calibration:
            errors = forecast_errors(plan, estimator, panel, levels, self.calibration)
        n_known = panel.known.shape[1]
        set_fitted(
            self,
            {
                "estimator_": estimator,
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

    def _move_on(self, rows, request, stretches):
        self._origin = self._origin.moved_on(request, stretches)
        self.n_samples_fit_ += len(rows.targets)
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
        return self._lay_out(values, form, index_of(X), names)

    def _lay_out(self, values, form, index, bands=None):
        """Give rows that lie series by series the form of y."""
        if self._wide:
            n_series = form.shape[1] if form.ndim == 2 else 1
            values = values.reshape(n_series, -1, *values.shape[2:]).swapaxes(0, 1)
        return shape_like(values, form, index, bands)
