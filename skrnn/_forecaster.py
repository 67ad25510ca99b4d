"""A regressor that continues a series by feeding its predictions back to itself."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.ensemble import BaseEnsemble
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_consistent_length, check_scalar, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from ._base_recurrent import BaseRecurrentRegressor
from ._origin import Origin, check_finite, common_index, form_of, shape_like
from ._recurrent import LSTMRegressor
from ._runs import split_runs
from ._validation import (
    HasMethods,
    Interval,
    as_floats,
    check_columns,
    feature_names,
    fit_context,
    index_of,
    set_fitted,
)
from ._windows import Windows


def known_ahead(known, horizon):
    """Lay beside each row the columns of the `horizon` rows after it, nearest first.

    Behind the last row they are NaN.
    """
    n_rows, n_known = known.shape
    ahead = np.full((n_rows, horizon, n_known), np.nan)
    for step in range(1, min(horizon, n_rows - 1) + 1):
        ahead[:-step, step - 1] = known[step:]
    return ahead.reshape(n_rows, horizon * n_known)


def whole_windows(runs, window, horizon):
    """Find the first row of each window which lies in one run with what it predicts."""
    counts = np.maximum(runs.lengths - (window + horizon - 1), 0)
    starts = zip(runs.starts, counts, strict=True)
    return np.concatenate([start + np.arange(count) for start, count in starts])


def roll_out(predict, targets, ahead, n_steps, window, horizon):
    """Continue targets block by block, each predicted from the ones before.

    Parameters
    ----------
    predict : callable
        From a window of shape (window, n_targets + n_ahead) to the rows that follow it,
        of shape (horizon, n_targets).
    targets : ndarray of shape (n_past, n_targets)
        The last known rows: at least `window`, and ``window + horizon - 1`` where
        n_ahead is not 0.
    ahead : ndarray of shape (n_past + n_steps, n_ahead)
        What `known_ahead` gives for the known rows and those to predict.
    n_steps, window, horizon : int
        Rows to predict, rows that one prediction sees, and rows that it gives.

    Returns
    -------
    predicted : ndarray of shape (n_steps, n_targets)
        The rows that follow `targets`.
    """
    n_past, n_targets = targets.shape
    n_rows = n_past + n_steps
    filled = np.full((n_rows + horizon, n_targets), np.nan)
    filled[:n_past] = targets
    n_filled = n_past
    while n_filled < n_rows:
        # Nothing is known ahead of the last row, so the last block ends there and
        # begins among rows that are filled already.
        first = min(n_filled, n_rows - horizon) if ahead.shape[1] else n_filled
        seen = slice(first - window, first)
        block = predict(np.hstack([filled[seen], ahead[seen]]))
        filled[n_filled : first + horizon] = block[n_filled - first :]
        check_bounded(filled[n_past : first + horizon])
        n_filled = first + horizon
    return filled[n_past:n_rows]


def check_bounded(predicted):
    """Refuse a forecast that has become infinite or NaN."""
    finite = np.isfinite(predicted).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"The forecast is not finite after {np.argmin(finite)} steps, because "
            "predictions that are fed back grow without bound; predict fewer rows, "
            "regularise the estimator, or fit on more rows."
        )


def runs_compiled(estimator):
    """Tell whether an estimator can do a whole roll-out in one compiled call."""
    return isinstance(estimator, BaseRecurrentRegressor) and not estimator.stateful


def accepts_windows(estimator):
    """Tell whether an estimator, or the one that it wraps, takes three axes."""
    if get_tags(estimator).input_tags.three_d_array:
        return True
    if isinstance(estimator, BaseEnsemble):  # It insists on two axes for its members.
        return False
    if isinstance(estimator, Pipeline):
        inner = next(
            (step for _, step in estimator.steps if hasattr(step, "fit")), None
        )
    else:
        inner = getattr(estimator, "estimator", getattr(estimator, "regressor", None))
    return hasattr(inner, "fit") and accepts_windows(inner)


def check_tells_rows(X):
    """Refuse what is no table, whose rows would say which rows to predict."""
    if X is None:
        raise ValueError(
            "predict needs X, whose rows say which rows to predict. Got None instead; "
            "use forecast(n_steps)."
        )
    ways = {Integral: f"use forecast({X})", pd.Index: "pass pd.DataFrame(index=X)"}
    for kind, way_out in ways.items():
        if isinstance(X, kind):
            raise TypeError(
                "predict needs X, a frame or an array whose rows say which rows to "
                f"predict. Got {type(X).__name__} instead; {way_out}."
            )


def check_runs(runs, window, horizon, n_past):
    """Refuse rows that give no window to learn from, or none to start from."""
    if runs.lengths.max() < window + horizon:
        raise ValueError(
            f"window={window} and horizon={horizon} need {window + horizon} rows "
            f"without a hole to learn from. Got n_samples={runs.lengths.sum()}, of "
            f"which {runs.lengths.max()} follow one another; shorten window or "
            "horizon, or pass more rows."
        )
    if runs.lengths[-1] < n_past:
        raise ValueError(
            f"With window={window} and horizon={horizon} a forecast starts from the "
            f"last {n_past} rows. Got {runs.lengths[-1]} from {runs.first_stamps[-1]} "
            "on, after a hole in the index; fill the hole, shorten window, or drop the "
            "rows behind it."
        )


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
        "exogenous": ["boolean"],
    }

    def __init__(self, estimator=None, *, window=10, horizon=1, exogenous=True):
        self.estimator = estimator
        self.window = window
        self.horizon = horizon
        self.exogenous = exogenous

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # scikit-learn's common tests take the score on rows without an order in time.
        tags.regressor_tags.poor_score = True
        return tags

    @property
    def last_stamp_(self):
        """Stamp of the last row seen in `fit`."""
        return self._origin.end[0] if self._origin.has_index else None

    @property
    def step_(self):
        """Distance from one stamp to the next."""
        return self._origin.step if self._origin.has_index else None

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Learn to predict each row of y from the rows before it.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or None
            Columns known in advance, in time order. None, or a frame without columns,
            where there are none.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The series, on the index of X.

        Returns
        -------
        self : AutoregressiveForecaster
            The fitted forecaster.

        Raises
        ------
        ValueError
            If no stretch of rows without a hole is as long as `window` and `horizon`
            together, values are missing or infinite, X and y have different indexes,
            or stamps are unsorted, duplicated, or months apart on a day that not every
            month has.
        TypeError
            If X or y hold dates, or the index has no spacing, such as one of strings.
        """
        targets, known, index = self._check_training_rows(X, y)
        form = form_of(y, targets.ndim)
        targets = targets.reshape(len(targets), -1)
        runs = split_runs(index, len(targets))
        n_past = self.window + (self.horizon - 1 if known.shape[1] else 0)
        check_runs(runs, self.window, self.horizon, n_past)
        estimator = LSTMRegressor() if self.estimator is None else clone(self.estimator)
        estimator.fit(*self._tabulate(targets, known, runs, estimator))
        stamps = pd.RangeIndex(len(targets)) if index is None else index
        fitted = {
            "estimator_": estimator,
            "n_features_in_": known.shape[1],
            "feature_names_in_": feature_names(X) if known.shape[1] else None,
            "n_targets_": targets.shape[1],
            "n_samples_fit_": len(targets),
            "_form": form,
            "_origin": Origin(
                targets=targets[-n_past:].copy(),
                known=known[-n_past:].copy(),
                end=stamps[-1:],
                step=1 if index is None else runs.step,
                has_index=index is not None,
            ),
        }
        set_fitted(self, fitted)
        return self

    def predict(self, X):
        """Continue the series over the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Columns known in advance for the rows to predict. The index of a frame says
            which rows these are: all of them come after the rows seen in `fit`, a whole
            number of steps after; without columns known in advance some may be left
            out. The rows of an array follow the rows seen in `fit` directly, whatever
            they are: a shuffled `KFold` on arrays gives scores without meaning, so use
            `TimeSeriesSplit` or a pandas index.

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
            one is missing that has columns known in advance, or the columns are not
            those seen in `fit`.
        TypeError
            If X is an index or a number of steps, or columns hold dates.
        """
        check_is_fitted(self)
        known = self._check_known(X)
        index = index_of(X)
        steps = np.arange(1, len(known) + 1)
        if index is not None:
            steps = self._origin.steps_to(index)
        if known.shape[1]:
            self._origin.check_no_hole(steps)
        values = self._continue(known, steps[-1])
        return shape_like(values[steps - 1], self._form, index)

    def forecast(self, n_steps):
        """Continue the series by a number of rows.

        Parameters
        ----------
        n_steps : int
            Rows to predict; at least 1.

        Returns
        -------
        y : ndarray, Series or DataFrame of shape (n_steps,) or (n_steps, n_targets)
            The rows that follow those seen in `fit`; on an index where `fit` saw one.

        Raises
        ------
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
        values = self._continue(np.empty((n_steps, 0)), n_steps)
        index = self._origin.stamps(n_steps) if self._origin.has_index else None
        return shape_like(values, self._form, index)

    def _check_training_rows(self, X, y):
        if y is None:
            raise ValueError(
                "AutoregressiveForecaster requires y to be passed, but the target y is "
                "None; pass the series to continue as y."
            )
        check_consistent_length(X, y)
        index = common_index(X, y)
        rules = {"dtype": np.float64, "ensure_all_finite": False, "estimator": self}
        way_out = "fill it in or drop the row: windows do not cross holes in an index."
        targets = as_floats(
            y,
            lambda: check_array(y, ensure_2d=False, input_name="y", **rules),
            name="y",
        )
        check_finite(targets, y, index, way_out, name="y")
        only_index = isinstance(X, pd.DataFrame) and X.shape[1] == 0
        if X is None or only_index or not self.exogenous:
            return targets, np.empty((len(targets), 0)), index
        check_columns(X)
        known = as_floats(X, lambda: check_array(X, input_name="X", **rules))
        check_finite(known, X, index, way_out, name="X")
        return targets, known, index

    def _check_known(self, X):
        check_tells_rows(X)
        shape = np.shape(X)
        only_index = self.n_features_in_ == 0 and shape[1:] == (0,)
        if only_index or not self.exogenous:
            if len(X) == 0:
                raise ValueError("X must have at least 1 row. Got 0 instead.")
            return np.empty((len(X), 0))
        check_columns(X)
        if shape[1:] == (0,):
            names = ", ".join(getattr(self, "feature_names_in_", ()))
            raise ValueError(
                f"X must have the {self.n_features_in_} columns known in advance that "
                f"fit saw{names and f' ({names})'}. Got none; pass them, or fit with "
                "exogenous=False."
            )
        if self.n_features_in_ == 0 and len(shape) == 2:
            ways = "" if index_of(X) is None else "pass pd.DataFrame(index=X.index), "
            raise ValueError(
                f"X has {shape[1]} features, but AutoregressiveForecaster is expecting "
                f"0 features as input, because fit saw no columns; {ways}use "
                "forecast(n_steps), or fit with these columns."
            )
        rules = {"dtype": np.float64, "ensure_all_finite": False}
        known = as_floats(X, lambda: validate_data(self, X, reset=False, **rules))
        way_out = "columns known in advance need a value in each row to predict."
        check_finite(known, X, index_of(X), way_out, name="X")
        return known

    def _tabulate(self, targets, known, runs, estimator):
        starts = whole_windows(runs, self.window, self.horizon)
        channels = np.hstack([targets, known_ahead(known, self.horizon)])
        X = Windows(channels, starts, self.window).materialise()
        y = Windows(targets, starts + self.window, self.horizon).gather()
        y = y.reshape(len(starts), -1)
        return (
            X if accepts_windows(estimator) else X.reshape(len(starts), -1),
            y[:, 0] if y.shape[1] == 1 else y,
        )

    def _continue(self, known, n_steps):
        past = self._origin
        # Without columns the rows left out in X need nothing, so n_steps can differ.
        known = known.reshape(n_steps, self.n_features_in_)
        ahead = known_ahead(np.concatenate([past.known, known]), self.horizon)
        rows = past.targets, ahead, n_steps
        if runs_compiled(self.estimator_):
            predicted = self.estimator_._roll_out(*rows, self.horizon)
            check_bounded(predicted)
            return predicted
        with_axes = accepts_windows(self.estimator_)

        def predict(window):
            X = window[None] if with_axes else window.reshape(1, -1)
            return np.reshape(self.estimator_.predict(X), (self.horizon, -1))

        return roll_out(predict, *rows, self.window, self.horizon)
