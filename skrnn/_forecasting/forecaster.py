"""A regressor that continues series by feeding its predictions back to itself."""

from __future__ import annotations

from functools import partial
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fit_arguments import names_parameters
from skrnn._checks.sklearn import HasMethods, Interval, StrOptions, fit_context
from skrnn._estimators.inside import learned_distribution
from skrnn._index.columns import INDEX_CONSTRAINTS
from skrnn._index.freq import FREQ_CONSTRAINTS
from skrnn._serialization.names import set_module

from .base_forecaster import BaseForecaster
from .checks import check_calibration
from .input import check_has_rows
from .prediction import PredictionMixin

__all__ = ["AutoregressiveForecaster"]


def learns_step_by_step(forecaster):
    """Return whether the estimator of a forecaster has `partial_fit`."""
    estimator = getattr(forecaster, "estimator_", forecaster.estimator)
    # None stands for a network, which has it.
    return estimator is None or hasattr(estimator, "partial_fit")


@set_module("skrnn")
class AutoregressiveForecaster(PredictionMixin, BaseForecaster):
    """Continue one or several series with any regressor, from their own past.

    `fit` learns to predict each row of y from its lags, the `window` rows before it.
    `predict` continues y over the rows of X, which follow the rows seen in `fit`;
    predictions become the lags of later ones. The test folds of `TimeSeriesSplit` are
    therefore forecasts, `cross_val_score` is a backtest, and a grid search tunes on the
    error over many steps. The columns of X are exogenous and known in advance, such as
    holidays or a plan: `predict` needs them for every row that it predicts, except
    those in `past`.

    The parameters are flat, so that a grid reaches them, and come in groups: the model
    (`estimator`, `loss`, `window`, `horizon`), what is done to y (`difference`, `log`,
    `normalize`, `bounds`), inputs beside the lags (`exogenous` to `holidays`), the
    index and how it names series (`columns` to `series`), and what forecasts are to
    give (`calibration`, `cold_start`).

    Parameters
    ----------
    estimator : regressor, default=None
        Learns the step from the past to the next rows; it is cloned. Recurrent
        regressors, or a `Pipeline` or search that starts with one, get windows of shape
        (n_samples, window, n_channels); any other gets them as a table of shape
        (n_samples, window * n_channels), oldest step first. None chooses the set-up by
        the rows, see the Notes.
    loss : {"mae", "mse"}, default="mae"
        The errors by which a set-up is chosen if `estimator` is None, and what its
        network keeps small: "mae", absolute errors, for forecasts that are medians of
        the network, or "mse", their squares, for means, whose sums over rows and series
        are right, also of skewed series; they take no logarithm. An estimator that is
        passed has a loss of its own.
    window : int or list of int, default=None
        Look-back: the number of past rows that a prediction sees; at least 1. For an
        estimator that gets a table a list chooses lags, such as [1, 2, 24, 168], of
        which 1 is the last row. None means 10, or without an estimator what is chosen.
    horizon : int, default=None
        Number of rows that one call of `estimator` predicts; at least 1. Longer
        forecasts are rolled out in blocks of `horizon` rows, shorter ones are cut. None
        means 1, or without an estimator what is chosen.
    difference : int or tuple of int, default=0
        Differences that are learned in place of y, and added up again in `predict`:
        an order, such as 1 or 2, or the lags of one after the other, such as (1, 12)
        for monthly steps of yearly changes.
    log : bool, "log1p" or "auto", default="auto"
        Whether logarithms of y are learned, of which differences are taken. All values
        of y must be above 0. "log1p" means the logarithm of y + 1, for values from 0
        on. "auto" means False with an estimator, and without one what is chosen.
    normalize : {"auto", "last", "meanstd"} or None, default="auto"
        How the target channels of each window are normalised, and by the same numbers
        the rows that it predicts: shifted by the last observed value of the window, or
        shifted by its mean and divided by its standard deviation (that of the series,
        where a window is constant). Predictions are transformed back, and in the
        recursion each window is normalised afresh. "auto" means None with an estimator,
        and without one what is chosen.
    bounds : tuple of two, default=None
        Floor and ceiling of y, of which None is none, such as (0, None). Forecasts,
        bands and paths are clipped to them, also each forecast that becomes a lag. All
        observed values must lie within.
    exogenous : bool, default=True
        Whether the columns of X are inputs. With False only the index of X is used.
    past : str, int or list of these, default=None
        The columns of X, by name or in arrays by place, that are observed like y and
        not known in advance, such as the weather. A window sees them up to the last
        observed row; what they hold in rows to predict is never read, and they may be
        left out there. Forecasts then have at most `horizon` steps. NaN was not
        observed; a missing category counts as one that `fit` has not seen.
    static : DataFrame, default=None
        Columns of many series that do not change, such as a region or a size: one row
        for each series, by its name in the index, also for series that come later.
        Strings and categories become a column of zeros and ones for each level that a
        series in `fit` has; other levels have zeros. A recurrent estimator embeds a
        column of more than 100 levels, and those that its `categories` names, such as
        ``GRURegressor(categories={"shop": 4})``, also of X.
    calendar : "auto", None or tuple of str, default="auto"
        Parts of the calendar that are inputs known in advance, made from the dates of
        the index: "hour", "weekday" and "month" have a column of zeros and ones for
        each that occurs in the training rows, "day" and "year" smooth waves over a day
        and a year (sines and cosines of one and two periods). They follow the local
        time of the index; a period counts as the moment at which it begins. "auto"
        means none with an estimator, and without one what is chosen.
    holidays : array-like of dates, pandas holiday calendar or None, default=None
        Days whose rows are 1 in a further column, also those to predict: list them as
        far ahead as you forecast. A forecast that reaches more than a year behind the
        last one warns.
    columns : {"targets", "series"}, default="targets"
        What several columns of y are: targets of one series, which help to predict each
        other, or as many series, from which one estimator learns. Shorter series begin
        or end with NaN. With a MultiIndex the rows name their series,
        and columns are targets.
    freq : str, offset, timedelta or number, default=None
        Step of the index: a pandas offset or a string that stands for one, such as
        ``pd.offsets.CustomBusinessDay(holidays=...)`` or "B", or for an index of
        numbers a number. Rows that are further apart do not follow one another. None
        means the `freq` of the index where it has one, else the smallest distance of
        neighbouring stamps that is at least half as common as the commonest.
    time : str, default=None
        The column of X that holds the stamps of the rows, in place of an index: X is a
        frame of pandas or Polars, in `fit`, `update` and `predict`. It is no input.
        Forecasts are a frame or Series of Polars if X is one; those of `forecast` have
        the columns of time and series. None means the index.
    series : str or list of str, default=None
        The columns of X beside `time` that name the series of each row.
    calibration : int, default=0
        Last rows of each series that are held out of training, for `predict_interval`
        and `predict_quantiles`: each of them is forecast from every row before it from
        the last training row on. Later forecasts start after them nevertheless.
    cold_start : bool, default=False
        Whether series are forecast that have fewer rows than a window, down to none:
        missing steps stand for the rows before a series began, also in training. The
        estimator must accept NaN; a recurrent one learns with ``incomplete="mask"``. A
        series without rows, such as one that `fit` has not seen, is forecast from the
        latest row of all series, at the medians of their means and standard deviations.
        Differences need the rows that they add up from.
    random_state : int, RandomState instance or None, default=None
        Sets each `random_state` inside the clone of `estimator` that is None. Pass an
        int for forecasts that can be repeated.
    verbose : int, default=0
        Of the network that is tried and trained if `estimator` is None: 0 is silent, 1
        shows a bar with the time left, 2 prints a line for each epoch. An estimator
        that is passed has its own.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone of `estimator`. It sees transformed and normalised windows.
    window_, horizon_ : int
        The `window` and `horizon` in use; of a list of lags the longest one.
    calendar_ : list of str
        Names of the columns made from the calendar.
    set_up_ : AutoregressiveForecaster
        What was chosen if `estimator` is None: a forecaster, not fitted, whose
        parameters are those in use. Print it for a line to copy and change. Where rows
        are missing in the index, give it ``y.asfreq(...)``, with a row of NaN for each.
    comparison_ : dict of list
        What was compared if `estimator` is None, to be read by `pandas.DataFrame`.
        "error" is the logarithm of the mean absolute error, or by ``loss="mse"`` of the
        root of the mean squared error, the mean over series, each in units of its
        spread; NaN where there are too few rows.
    n_features_in_ : int
        Columns of X that are inputs; 0 where X has none or is only a time axis.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where all are strings.
    n_targets_ : int
        Columns of y; 1 if they are series.
    n_samples_fit_ : int
        Rows seen in `fit` and `update`.
    series_ : Index or None
        Names of the series; None for a single one.
    last_stamp_ : timestamp, period or number
        Stamp of the last row seen of which y was observed; None without an index. A
        Series of them, by series, if there are many.
    step_ : offset, Timedelta or number
        Distance from one stamp to the next; None without an index.
    skipped_series_ : DataFrame
        The series, by name, with too few rows for "training", "calibration" or
        "forecasts", one column each; None for a single series. With later rows by
        `update` they can be forecast; their scale is that of the last rows seen.
    calibration_errors_ : ndarray of shape (n_series, calibration, calibration, \
            n_targets)
        Observation minus forecast of the rows held out, by series, origin and step
        (lead time). They are errors of logarithms if `log` is set, and of many series
        in units of the spread of each; NaN where there is none. With columns known in
        advance they are those of whole blocks; last blocks that are known in part have
        errors of their own, from which their bands come.

    See Also
    --------
    GRURegressor : The default estimator of many or long series.
    PooledRidgeCV : The default estimator of many young series.
    backtest : Forecasts from several origins in the past beside the observations.
    SlidingWindow : Windows for regressors that do not feed predictions back.

    Notes
    -----
    With window w, horizon H, targets y and exogenous columns x, the estimator f learns
    ``(y[t], ..., y[t+H-1]) = f(z[t-w], ..., z[t-1])``, where the channels of a step are
    ``z[s] = (y[s], p[s], x[s+1], ..., x[s+H])`` with the columns p in `past`, from each
    t whose rows t-w to t+H-1 follow one another without a hole. A calendar c adds
    ``c[s+H]`` to the channels, behind ``..., c[s+H-2w], c[s+H-w]`` as far as these are
    later than s, so that the steps share the rows of a block; if `window` is a list, it
    adds ``c[s+1], ..., c[s+H]``. The targets of several rows lie side by side, nearest
    row first. In `predict` each y that was not seen in `fit` is a prediction. H = 1 is
    the iterated strategy, an H as long as the forecast the direct one with several
    outputs, and the lengths between mix the two [1]_.

    With ``estimator=None`` the rows to learn from choose the set-up, never those held
    out for the calibration. A season has m rows: a day for rows of hours or minutes, a
    week for days (5 business days), and a year for weeks, months and quarters. Windows
    of one, two and three seasons are compared, and of one and two weeks for rows of
    hours or minutes, as far as there are rows for them; with and without the logarithm
    where all values are above 0; and both kinds of `normalize`. A ridge regression on
    these windows learns from all but the last fifth of each series, and its errors
    there are compared. Then the best of these is compared with the same beside a
    calendar, unless windows would have more than 1024 values: day and weekday for rows
    of hours or minutes, the weekday for days, and the year where there are two years of
    rows. Except for short series, three seasons, "meanstd", no logarithm and no
    calendar are kept unless something else is clearly better, by 2 % and more where
    little can be compared. Then the network, with a third of its training where there
    are many windows, is compared with the ridge, which takes its place if it is clearly
    better; not if the first call is `partial_fit`, which a ridge lacks, nor, but for
    short series, where values are missing or X has columns.

    A single series of fewer than 1000 rows is short if no more than a fifth of its
    values is missing, and none at every same place of a season, such as at night, which
    forecasts could not go on from. It begins with "last" in place of "meanstd", and
    with the ridge ``make_pipeline(StandardScaler(), KNNImputer(weights="distance"),
    RidgeCV((0.01, 0.1, 1, 10, 100, 1000)))``, which takes missing steps from the
    windows most like theirs, and whose penalty has the smallest leave-one-out error.
    Where m rows are the months of a year, also as quarters, the days of a week or, in
    fewer than 9 days, the hours of a day, and there are more than 2 m, the ridge learns
    the season from the calendar: the month, the weekday or the hour. A window then
    needs few rows: one for eight rows behind the first season, at most two seasons and
    the rows behind the last hole. The logarithm is taken if that makes the errors
    smaller, in the last third of the windows, each left out in turn; hours have none,
    and no normalisation. With `difference`, another `calendar`, or more than 1024
    values in a window, and for all other rows, there is no calendar, and the window has
    fewer seasons if there are not 12 rows for each step. All of these are kept unless
    something else, or the network, is better by 6 % and more. With fewer than 150 rows
    nothing else is compared, because errors of so few rows mislead.

    Instead of that, a single series whose longest run without a hole has four to 26
    weeks of rows that lie less than a day apart, 12 of a day at least, gets the mean of
    this ridge and of extremely random trees,
    ``ExtraTreesRegressor(min_samples_leaf=2, max_features=0.33)``, by a
    `VotingRegressor`, on windows of a week, "last", row by row, and nothing is
    compared. It does not if X has columns, if as much is missing as above, with several
    targets, sample weights, `difference`, a `calendar`, `holidays`, `cold_start` or
    `partial_fit`, if `window`, `horizon`, or a `normalize` other than "last" are given,
    and where windows would have more than 1024 rows, or all of them more than two
    million values, one million if any is missing.

    Many young series of months or quarters get a ridge each, which share a part of
    their coefficients: `PooledRidgeCV`, with the month from the calendar, "last", a
    season at once, and windows of one row for eight behind the first season. The
    logarithm is taken if windows that are left out are forecast better by it, in the
    last third of each series, and all of this if they are by the month; nothing else is
    compared. They are young with more than 2 and up to 9 m rows, by those series that
    have most of the rows, and fewer than 2000 windows; without columns of X, `static`,
    missing values, constant series, sample weights, `difference`, another `calendar`,
    `holidays`, `cold_start` or `partial_fit`, a `window` or `horizon`, or a `normalize`
    other than "last".

    Else the horizon is the largest part of a season up to 24 rows, or a part of it
    where up to a fifth of the values is missing and would cost more than half of the
    windows, and a single row for short series with columns known in advance. A step of
    the network is the largest part, too:
    ``GRURegressor(segment=..., loss="mae", dense_activation="linear")`` with
    ``dropout=0.2`` and ``batch_size=16``, which starts as a ridge by
    ``linear_path=True`` and stays near it in ``epochs=20``; without that path, in 100
    epochs, for a single series and where X has columns or a window more than 1024
    values, and windows of more rows are not compared either. From 2000 windows on it
    learns with ``epochs="auto"``, ``batch_size="auto"``,
    ``learning_rate_decay="cosine"`` and ``clipnorm=1.0``, in all about
    ``700 * log2(n_windows)`` updates with those of the comparison, and with
    ``learning_rate=3e-3`` beside a linear path; it is three networks whose mean is
    forecast, ``n_networks=3``, unless a window has more than 1024 values or 16 steps of
    the network. From 20 000 windows on it is one, which has 64 units and no dropout.
    With the comparison, 414 series of 700 to 960 hours took two minutes of the
    processor, and 10 000 series of 60 to 100 months one.

    The absolute error that a network minimises is that of medians: forecasts of skewed
    series are smaller than their mean, and add up to too little. With ``loss="mse"``
    squares are compared and minimised, no logarithms are taken, and windows are not
    normalised where that is "meanstd" above: behind a logarithm means are medians, too,
    also those of a `distribution`, and "meanstd" takes sums off by a tenth. The mean of
    `sample_paths` is right behind a logarithm as well.

    Without an index of dates, with rows of years, or with fewer than 3 m rows (2 m + 1
    where the calendar tells the season), m is 1 and the window 12, or nearly half the
    rows. Of many series, those with most of the rows decide. Without columns known in
    advance, rows that are missing in the index count as missing values where a window
    bridges the hole.

    Stamps may be off by a twentieth of a step, at most an hour, as where they are
    rounded; the index of a forecast over rows of X is that of X.

    A recurrent regressor with a loss or an `output_activation` for positive numbers or
    probabilities learns levels as they are: `difference`, `log` and `normalize` are
    refused, and many series are divided by their root mean square in place of being
    shifted, or left as they are where the loss needs their unit.

    Many series are the groups of a `PooledRidgeCV` whose `groups` are None: the number
    of a series is in each step of its windows, behind the columns in `static`, and
    `groups` of the fitted estimator says where. A Pipeline with one is refused. A
    series that `fit` has not seen, by its name, has the coefficients that all have in
    common.

    What is done to y comes in this order: the logarithm, the differences, of many
    series the mean and standard deviation of each one's training rows, and the
    normalisation of each window [2]_. A row of y may miss values, but not one that a
    window predicts, nor for estimators that do not accept NaN one that it sees; such
    windows are left out of training.

    A block of H rows needs x for all of them. Where the rows of X are no multiple of H,
    x is not known for the end of the last block, and is completed by a linear
    regression on the last rows of X, at most a window of them, that `fit` learns from X
    (a ridge regression, whose penalty for each column and lead time has the smallest
    leave-one-out error). It continues a calendar that repeats within a window, and a
    trend, exactly, and gives about the mean of what cannot be foreseen. Rows of X that
    `fit` or `update` saw behind the last observation are used as they are. Where y
    depends on later x that cannot be foreseen, as before an announced price, a forecast
    of H rows is more accurate in its first rows than one of fewer rows.

    A forecast of m rows calls the estimator m / H times, one after the other, with one
    window of each series. `fit` copies each column of x H times and, for estimators
    that take a table, each row `window` times; recurrent ones get rows and the places
    of windows in them.

    The bands are split conformal [3]_: with n errors at a step, the radius for the
    coverage c is the one of rank ``ceil((n + 1) c)`` among their sizes. Errors from
    neighbouring origins resemble each other, so c is raised as for the number of
    independent errors that they amount to, and an isotonic regression lets the radii
    grow over the steps; with columns known in advance over the blocks, from a step to
    the one at the same place of the next block. The coverage holds for series that
    behave as they did in the rows held out; it does not hold after a change.

    Each of many series has bands of its own, as far as its errors allow: a mixture of
    the radius r1 of its own errors, where there are enough of them; of r2, the size of
    its errors times the radius of all errors, each in units of the size of the other
    errors of its series; and of r3, the radius of all errors. With errors from n
    origins, the weights are a for ``b r1 + (1 - b) r2`` and 1 - a for r3. Here b is
    ``n / (n + 10)``, and a is ``v / (v + 2 / n)``: v is the variance by which the
    logarithms of the mean squared errors of series differ, beyond the 2 / n by which
    they vary by chance, so that alike series share their errors and unlike ones do not
    (empirical Bayes [4]_). A series without errors has the radius r3.

    Where the network of `estimator` has learned `quantiles`, bands are its quantiles,
    as wide as the situation is uncertain, for forecasts of at most H rows. With
    `calibration` they are conformalised [5]_: both ends of an interval move by the
    radius, as above, of the distances by which the rows held out were outside, below 0
    where they were inside. A coverage beyond the levels learned moves the outermost
    ones. A quantile moves by the quantile of its own errors. Without `calibration` the
    quantiles are those of the network as they are.

    References
    ----------
    .. [1] S. Ben Taieb, G. Bontempi, A. F. Atiya, A. Sorjamaa, "A review and comparison
       of strategies for multi-step ahead time series forecasting based on the NN5
       forecasting competition", Expert Systems with Applications 39 (2012) 7067-7083.
    .. [2] T. Kim et al., "Reversible instance normalization for accurate time-series
       forecasting against distribution shift", ICLR 2022.
    .. [3] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman,
       "Distribution-free predictive inference for regression", Journal of the American
       Statistical Association 113 (2018) 1094-1111.
    .. [4] B. Efron, C. Morris, "Data analysis using Stein's estimator and its
       generalizations", Journal of the American Statistical Association 70 (1975)
       311-319.
    .. [5] Y. Romano, E. Patterson, E. J. Candes, "Conformalized quantile regression",
       NeurIPS 2019.

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

    Two series, one of them ten times the other, from which one line learns:

    >>> farms = pd.DataFrame({"small": rabbits, "large": 10 * rabbits})
    >>> forecaster = AutoregressiveForecaster(
    ...     LinearRegression(), window=2, columns="series"
    ... )
    >>> forecaster.fit(None, farms).forecast(2).round()
             small  large
    2001-09   34.0  340.0
    2001-10   55.0  550.0
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict", "get_params"]), None],
        "loss": [StrOptions({"mae", "mse"})],
        "window": [Interval(Integral, 1, None, closed="left"), tuple, list, None],
        "horizon": [Interval(Integral, 1, None, closed="left"), None],
        "difference": [Interval(Integral, 0, None, closed="left"), tuple, list],
        "log": ["boolean", StrOptions({"auto", "log1p"})],
        "normalize": [StrOptions({"auto", "last", "meanstd"}), None],
        "bounds": [tuple, list, None],
        "exogenous": ["boolean"],
        "past": [str, Integral, list, tuple, None],
        "static": [pd.DataFrame, None],
        "calendar": [StrOptions({"auto"}), tuple, list, None],
        "holidays": ["array-like", HasMethods(["holidays"]), None],
        "columns": [StrOptions({"targets", "series"})],
        "freq": FREQ_CONSTRAINTS,
        **INDEX_CONSTRAINTS,
        "calibration": [Interval(Integral, 0, None, closed="left")],
        "cold_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        loss="mae",
        window=None,
        horizon=None,
        difference=0,
        log="auto",
        normalize="auto",
        bounds=None,
        exogenous=True,
        past=None,
        static=None,
        calendar="auto",
        holidays=None,
        columns="targets",
        freq=None,
        time=None,
        series=None,
        calibration=0,
        cold_start=False,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.loss = loss
        self.window = window
        self.horizon = horizon
        self.difference = difference
        self.log = log
        self.normalize = normalize
        self.bounds = bounds
        self.exogenous = exogenous
        self.past = past
        self.static = static
        self.calendar = calendar
        self.holidays = holidays
        self.columns = columns
        self.freq = freq
        self.time = time
        self.series = series
        self.calibration = calibration
        self.cold_start = cold_start
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # scikit-learn's common tests take the score on rows without an order in time.
        tags.regressor_tags.poor_score = True
        return tags

    # Read from the origin, which `update` moves.
    @property
    def last_stamp_(self):
        """Stamp of the last row with an observed y; one for each of many series."""
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

    @property
    def skipped_series_(self):
        """The series that were left out, and of what."""
        if self.series_ is None:
            return None
        origin, calibrated = self._origin, np.ones(len(self._origin), dtype=bool)
        if hasattr(self, "calibration_errors_"):
            errors = self.calibration_errors_
            has_errors = ~np.isnan(errors).all(axis=(1, 2, 3))
            calibrated = np.isin(np.arange(len(origin)), np.flatnonzero(has_errors))
        left_out = {
            "training": ~origin.learned,
            "calibration": ~calibrated,
            "forecasts": ~self._plan.can_continue(origin, self.estimator_),
        }
        table = pd.DataFrame(left_out, index=self.series_)
        return table[table.any(axis=1)]

    # False: the estimator comes from the user and must check its own parameters.
    @names_parameters
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Learn to predict each row of y from the rows before it.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or None
            Columns known in advance, in time order. None, or a frame without columns,
            where there are none. Columns of a frame that hold strings or categories
            become zeros and ones for each level; levels not seen here have zeros. A
            recurrent estimator embeds more than 100 levels, see `static`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The series, on the index of X; NaN was not observed. With a MultiIndex the
            last level is time and the others name the series of each row.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, at least 0. A window counts as much as the rows that it
            predicts, on average; what it sees has no weight. The scale of series, and
            the choice of a set-up without an estimator, do not know weights.

        Returns
        -------
        self : AutoregressiveForecaster
            The fitted forecaster.

        Raises
        ------
        ValueError
            If `sample_weight` is given to an estimator whose `fit` takes none.
            If no stretch of rows without a hole is as long as `window` and `horizon`
            together, every series ends with fewer rows than a forecast starts from,
            values are infinite or, of X, missing, X and y have different indexes, or
            stamps are unsorted, duplicated, months apart on a day that not every month
            has, or not reached by `freq`.
        TypeError
            If X or y hold dates, the index has no spacing, such as one of strings, or
            `freq` is none for its stamps.

        Warns
        -----
        SkippedSeriesWarning
            If some of many series are too short, have ended or have not begun. They
            are left out of what they cannot take part in, see `skipped_series_`.
        """
        return self._learn(X, y, "fit", sample_weight)

    @available_if(learns_step_by_step)
    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, sample_weight=None):
        """Add new observations as `update` does, and train on them.

        The `partial_fit` of the estimator gets the windows whose last row to predict is
        new; a network takes them into its scaling. The scale of each series and the
        errors of the calibration stay those of `fit`. The first call learns as `fit`
        does, by the `partial_fit` of the estimator.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or None
            As in `update`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            As in `update`.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, as in `fit`. A window counts as much as the new rows
            that it predicts, on average.

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
            return self._learn(X, y, "partial_fit", sample_weight)
        observations, update, origin = self._read_update(X, y)
        weights = self._read_weights(sample_weight, observations, update)
        learned = self._learn_update(update, origin, weights)
        return self._move_on(observations, origin, learned)

    def update(self, X, y):
        """Add new observations, after which forecasts start, without training.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or None
            Columns of the new rows, also those in `past`; None, or a frame without
            columns, where there are none.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            What was observed since, in the form that `fit` saw. Rows that are left out
            count as missing until they come, in any order. Of several series some may
            be left out, and new ones may come.

        Returns
        -------
        self : AutoregressiveForecaster
            The forecaster, with later forecasts.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If rows were observed before, or do not have the form of those seen so far.
        TypeError
            As in `fit`.

        Notes
        -----
        The mean and standard deviation by which a series is scaled stay those of `fit`,
        if it had as many rows as a forecast starts from. Those of a new or shorter
        series follow the rows that are kept: as many as a window, its horizon and the
        differences need. Known columns are kept until their rows have passed.
        """
        observations, _, origin = self._read_update(X, y)
        return self._move_on(observations, origin, self.estimator_)

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
            The predictions; on the index of X and with the names of y if X is a frame
            and `fit` saw y as a frame or a Series.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If rows of X lie inside or before the training range or between two steps,
            one is missing that has columns known in advance, the columns are not those
            seen in `fit`, or `history` is too short or of another step.
        TypeError
            If X is an index or a number of steps, or columns hold dates.
        """
        check_is_fitted(self)
        check_has_rows(self, X)
        return self._predict(X, history)

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
            The rows that follow those seen in `fit`; on their index if `fit` saw y as a
            frame or a Series.
            Of many series with a MultiIndex `n_steps` rows each.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If the forecaster has columns known in advance, or `n_steps` is below 1.
        TypeError
            If `n_steps` is no integer.
        MemoryError
            If so many rows would not fit into memory.
        """
        check_is_fitted(self)
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
        return self._predict(n_steps, history)

    def predict_from(self, X, y, origins=None, n_steps=1):
        """Forecast from many rows of the past at once, with the estimator as it is.

        Each forecast knows the rows up to its origin, as after `update` with them. One
        step from each training row gives the fitted values, which know the future only
        by what was learned from it.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or None
            Columns known in advance of the rows of y, as in `fit`.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            The series, in the form that `fit` saw.
        origins : array-like, default=None
            Stamps of the last rows that a forecast knows, or their numbers in arrays.
            None means all rows.
        n_steps : int, default=1
            Rows to predict from each of them, as far as y has rows without a hole.

        Returns
        -------
        results : DataFrame
            One row for each forecast, step and target, in the form of `backtest`, which
            `error_by_step` takes; `fold` counts the origins, and `origin` is the stamp
            of each. Origins without a value of y, and those from which a series has too
            few rows to start, are left out; also with `cold_start` those with fewer
            rows than a window.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If no forecast can start from any origin, an origin is no row, or X and y
            are not in the form that `fit` saw.

        Notes
        -----
        All origins and series are rolled out side by side. Series that `fit` has seen
        keep the mean and standard deviation by which it scaled them; others have those
        of all their rows.
        """
        check_is_fitted(self)
        check_scalar(n_steps, "n_steps", Integral, min_val=1)
        return self._predict_from(X, y, origins, n_steps)

    def predict_interval(self, X, coverage=0.9, *, history=None):
        """Return an interval that holds a share of the observations to come.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or int
            The rows to predict, as in `predict`; or a number of rows, as in `forecast`.
        coverage : float in (0, 1), default=0.9
            The share of the observations, at each step.
        history : array-like or tuple of two, default=None
            Rows to start from in place of those seen in `fit`; see `predict`.

        Returns
        -------
        band : ndarray or DataFrame of shape (n_rows, 2) or (n_rows, n_targets, 2)
            Lower and upper bound. Around a network that has learned a `distribution`
            they are its quantiles, for more than one block of `horizon` rows those of
            1000 paths, see `sample_paths`; `calibration` corrects those of one block. A
            frame, where `predict` returns a frame or a Series, has the columns "lower"
            and "upper", for each column of y if y had columns.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If `calibration` is 0 or too small for the coverage and the number of steps;
            if a network that has learned quantiles would need `horizon` to be longer,
            or without `calibration` levels beyond those learned; also as in `predict`.
        """
        check_scalar(
            coverage,
            "coverage",
            Real,
            min_val=0,
            max_val=1,
            include_boundaries="neither",
        )
        self._check_has_bands()
        compute = partial(self._interval_at, coverage=coverage)
        return self._predict_bands(X, history, compute, ["lower", "upper"])

    def predict_quantiles(self, X, quantiles, *, history=None):
        """Return quantiles of the observations to come.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or int
            The rows to predict, as in `predict`; or a number of rows, as in `forecast`.
        quantiles : array-like of float in (0, 1)
            The quantiles; 0.5 is the median.
        history : array-like or tuple of two, default=None
            Rows to start from in place of those seen in `fit`; see `predict`.

        Returns
        -------
        values : ndarray or DataFrame of shape (n_rows, n_quantiles) or (n_rows, \
                n_targets, n_quantiles)
            The quantiles, around a network that has learned a `distribution` as in
            `predict_interval`. A frame, where `predict` returns a frame or a Series,
            has them as columns, for each column of y if y had columns.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            As in `predict_interval`; and if a network has learned quantiles, but none
            as low or high.
        """
        asked = np.atleast_1d(np.asarray(quantiles, dtype=float))
        if asked.ndim > 1 or not len(asked) or not ((asked > 0) & (asked < 1)).all():
            raise ValueError(
                "quantiles must be numbers above 0 and below 1, such as [0.1, 0.5, "
                f"0.9]. Got {quantiles!r} instead."
            )
        self._check_has_bands()
        compute = partial(self._quantiles_at, asked=asked)
        return self._predict_bands(X, history, compute, list(asked))

    def sample_paths(self, X, n_paths=200, *, random_state=None, history=None):
        """Return possible courses of the series, for intervals of sums and the like.

        A path is the forecast plus the errors that one of the forecasts held out by
        `calibration` had at all its steps. So its steps depend on each other as errors
        do, and quantiles of any function of paths, such as the sum of a week, are
        bands of that function. Of many series and targets, those errors are drawn
        together that had the same place from the end of their series.

        Around a network that has learned a `distribution` paths need no calibration:
        each block is drawn from the distributions that the network predicts, and the
        next one from those that it predicts behind the draws (ancestral sampling). The
        rows of one block are drawn independently of each other, so take ``horizon=1``
        for sums.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features) or int
            The rows to predict, as in `predict`; or a number of rows, as in `forecast`.
        n_paths : int, default=200
            Number of paths; at least 1.
        random_state : int, RandomState instance or None, default=None
            Chooses the errors, or what is drawn. Pass an int for paths that can be
            repeated.
        history : array-like or tuple of two, default=None
            Rows to start from in place of those seen in `fit`; see `predict`.

        Returns
        -------
        paths : ndarray or DataFrame of shape (n_rows, n_paths) or (n_rows, n_targets, \
                n_paths)
            The paths. A frame, where `predict` returns a frame or a Series, has their
            numbers as columns, for each column of y if y had columns.

        Raises
        ------
        NotFittedError
            If the forecaster is not fitted.
        ValueError
            If fewer than 10 of the forecasts held out reach as far ahead; also as in
            `predict_interval`.
        MemoryError
            If so many paths would not fit into memory.

        Notes
        -----
        Errors are scaled at each step, so that 90 % of them lie in
        ``predict_interval(X, 0.9)``. Of many series, a path is one of its own errors
        with the probability n / (n + 10) for n independent ones, otherwise of those of
        another series, in units of their size. Few origins that overlap often err to
        the same side by chance: with n independent sums over all steps, half of a share
        10 / (n + 10) of the paths has its errors on the other side of the forecast.

        Around a network that has learned quantiles, a path of at most `horizon` rows
        takes the levels at which the observations of one origin lay among its
        quantiles, and so is as wide as the situation is uncertain. Longer paths have
        the errors of its medians, as large in every situation.
        """
        check_scalar(n_paths, "n_paths", Integral, min_val=1)
        check_is_fitted(self)
        if not learned_distribution(self.estimator_):
            check_calibration(self)
        compute = partial(self._paths_at, n_paths=n_paths, random_state=random_state)
        return self._predict_bands(X, history, compute, range(n_paths))
