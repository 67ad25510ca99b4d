"""Windows over a series, as a transformer."""

from __future__ import annotations

from numbers import Integral
from operator import attrgetter

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.column_labels import check_number_labels, number_labels
from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import (
    Interval,
    StrOptions,
    choose_output,
    feature_names,
    fit_context,
    names_in,
    wants_pandas,
    wraps_output,
)
from skrnn._checks.tables import check_table
from skrnn._index.columns import INDEX_CONSTRAINTS, index_columns, with_index
from skrnn._index.freq import FREQ_CONSTRAINTS
from skrnn._index.reading import index_of
from skrnn._index.runs import split_runs
from skrnn._process.memory import check_memory
from skrnn._serialization.names import set_module
from skrnn._serialization.state import StoredMixin

from .checks import check_fits
from .cold_starts import check_later, warn_of_cold_starts
from .context import Context, bridge_holes
from .window_array import WindowArray
from .windows import tabulate_windows


@set_module("skrnn")
@wraps_output(attrgetter("flatten"))
class SlidingWindow(StoredMixin, TransformerMixin, BaseEstimator):
    """Return for each row of a series the window of rows that ends there.

    Rows are read in time order, oldest first, and exactly as many windows come back:
    steps before the first known row are NaN. With a pandas index the windows never
    cross a hole in the index or the edge of a series, and rows that follow the rows
    seen in `fit` are preceded by these, so that the test folds of a cross-validation
    start with whole windows (their look-back reaches into the training rows).

    Parameters
    ----------
    window : int, default=10
        Steps in a window (the look-back); at least 1 and no more than `fit` has rows.
    gap : int, default=0
        Rows between the last step of a window and the row that it belongs to. 0 ends
        the window with the row itself; 1 shows strictly past rows.
    dilation : int, default=1
        Rows from one step of the window to the next.
    flatten : bool, default=False
        Whether to return a table, one column per step and feature, for estimators that
        are not recurrent.
    context : {"index", "always"} or None, default="index"
        Which rows of `fit` precede those passed to `transform`. "index": a run of rows
        is preceded by the run of `fit` whose last stamp lies one step before its first;
        a plain array has no stamps and is preceded by none. "always": a plain array is
        the continuation of the array seen in `fit`, unless it is that array. None: no
        rows.
    max_hole : int, default=0
        Longest hole in the index, in rows, that windows reach over. Its rows count as
        missing: their steps are NaN. With 0 every hole starts a new run, whose first
        windows begin with missing steps.
    freq : str, offset, timedelta or number, default=None
        Step of the index: a pandas offset or a string that stands for one, such as
        ``pd.offsets.CustomBusinessDay(holidays=...)`` or "B", or for an index of
        numbers a number. Rows that are further apart do not follow one another. None
        means the `freq` of the index where it has one, else the smallest distance of
        neighbouring stamps that is at least half as common as the commonest.
    time : str, default=None
        The column of X that holds the stamps of the rows, in place of an index: X is a
        frame of pandas or Polars. It is no column of the windows. None means the index.
    series : str or list of str, default=None
        The columns of X beside `time` that name the series of each row.

    Attributes
    ----------
    n_features_in_ : int
        Columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, where all are strings.
    step_ : offset, Timedelta, number or None
        Distance of neighbouring rows in the index; None where it has no spacing, as
        that of a plain array.

    See Also
    --------
    make_windows : Whole windows and what follows them, from a series.

    Notes
    -----
    Step j of the window of row t is row ``t - gap - (window - 1 - j) * dilation``.
    For one run of rows the result is a read-only view on one padded copy of the rows;
    for several runs it is an array of its own, `window` times the size of X.

    With a MultiIndex the last level is time and the others name the series. Rows follow
    one another at the step `freq`, at that of the index where it has one, else at the
    smallest common distance of neighbouring stamps in `fit`. Dates and floats may be
    off by a twentieth of a step, dates by an hour at most.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import SlidingWindow
    >>> SlidingWindow(3, flatten=True).fit_transform(np.arange(5.0).reshape(-1, 1))
    array([[nan, nan,  0.],
           [nan,  0.,  1.],
           [ 0.,  1.,  2.],
           [ 1.,  2.,  3.],
           [ 2.,  3.,  4.]])

    The rows after the training rows start with whole windows:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"load": np.arange(6.0)})
    >>> windows = SlidingWindow(3, flatten=True).fit(frame.iloc[:4])
    >>> windows.set_output(transform="pandas").transform(frame.iloc[4:])
       load_lag2  load_lag1  load_lag0
    4        2.0        3.0        4.0
    5        3.0        4.0        5.0
    """

    _private_fields = {
        "context": "_context",
        "index_columns": "_index_columns",
        "number_labels": "_number_labels",
    }

    # What states lack that were stored before there were these attributes.
    _index_columns = _number_labels = None

    _parameter_constraints = {
        "window": [Interval(Integral, 1, None, closed="left")],
        "gap": [Interval(Integral, 0, None, closed="left")],
        "dilation": [Interval(Integral, 1, None, closed="left")],
        "flatten": ["boolean"],
        "context": [StrOptions({"index", "always"}), None],
        "max_hole": [Interval(Integral, 0, None, closed="left")],
        "freq": FREQ_CONSTRAINTS,
        **INDEX_CONSTRAINTS,
    }

    def __init__(
        self,
        window=10,
        *,
        gap=0,
        dilation=1,
        flatten=False,
        context="index",
        max_hole=0,
        freq=None,
        time=None,
        series=None,
    ):
        self.window = window
        self.gap = gap
        self.dilation = dilation
        self.flatten = flatten
        self.context = context
        self.max_hole = max_hole
        self.freq = freq
        self.time = time
        self.series = series

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def step_(self):
        """Distance of neighbouring rows in the index."""
        return self._context.step

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Remember the end of every run, the context of rows that follow it.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows in time order.
        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindow
            The fitted transformer.

        Raises
        ------
        ValueError
            If the window is longer than the data, values are infinite, or stamps are
            unsorted, duplicated or missing, or `freq` does not lead to one of them.
        TypeError
            If columns hold dates, the index has no spacing, as one of strings, or
            `freq` is none for its stamps.
        """
        self._learn(X)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Remember the end of every run, and return the windows of the same rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows in time order.
        y : None
            Ignored.

        Returns
        -------
        windows : ndarray of shape (n_rows, window, n_features) or (n_rows, n_columns)
            As `transform` returns them.

        Raises
        ------
        ValueError, TypeError, MemoryError
            As in `fit` and `transform`.
        """
        # The rows that `fit` remembers do not precede themselves.
        return self._present(self._tabulate(*self._learn(X)), index_of(X))

    def transform(self, X):
        """Return the window of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows in time order; each run that follows a run seen in `fit` or `update`
            starts with the end of that one. A `ColdStartWarning` names those that start
            without although earlier rows of their series were seen.

        Returns
        -------
        windows : ndarray of shape (n_rows, window, n_features)
            Windows, oldest step first; with ``flatten=True`` of shape
            (n_rows, window * n_features), or a frame on the index of X where
            `set_output` asks for one.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If the columns are not those seen in `fit`, values are infinite, or stamps
            are unsorted, duplicated, missing, closer together than in `fit`, or of
            another kind than there.
        TypeError
            If columns hold dates, or the index has no spacing, as one of strings.
        MemoryError
            If the table of windows would not fit into memory.
        """
        check_is_fitted(self)
        rows, runs, before = self._read(X)
        if self.context is not None:
            warn_of_cold_starts(self._context, runs, before, self._lookback)
        return self._present(self._tabulate(rows, runs, before), index_of(X))

    def update(self, X):
        """Remember the ends of later rows, which rows after them then follow.

        A service that gets a row at a time predicts from it, and then remembers it by
        ``pipeline[0].update(X)``, with X as this step of the Pipeline gets it.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows that come after all rows of their series seen so far.

        Returns
        -------
        self : SlidingWindow
            The transformer. Series of which X has no row are remembered as before.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError, TypeError
            As in `transform`; also if rows do not come after those seen so far, or X
            is a plain array and `context` is not "always".
        """
        check_is_fitted(self)
        rows, runs, before = self._read(X)
        check_later(self._context, runs, self.context)
        later = Context.of(rows, runs, self._lookback, self.context == "always", before)
        set_fitted(self, {"_context": self._context.move_on(later)})
        return self

    def inverse_transform(self, X):
        """Return the rows that windows belong to.

        Parameters
        ----------
        X : ndarray of shape (n_rows, window, n_features) or (n_rows, n_columns)
            Windows as `transform` returns them.

        Returns
        -------
        rows : ndarray of shape (n_rows, n_features)
            The last step of each window.

        Raises
        ------
        ValueError
            If `gap` is not 0, because then no window holds the row it belongs to.
        """
        check_is_fitted(self)
        if self.gap != 0:
            raise ValueError(
                "inverse_transform needs gap=0, because other windows do not hold the "
                f"rows they belong to. Got gap={self.gap} instead."
            )
        # None keeps float32; NaN stands in steps before the first row.
        windows = check_array(
            X, dtype=None, allow_nd=True, ensure_all_finite="allow-nan"
        )
        window, *_ = self._lengths
        expected = (window, self.n_features_in_)
        if windows.shape[1:] not in (expected, (window * self.n_features_in_,)):
            raise ValueError(
                f"X must hold windows of {self.window} steps and "
                f"{self.n_features_in_} features, as transform returns them. Got shape "
                f"{windows.shape} instead."
            )
        return windows.reshape(len(windows), *expected)[:, -1].copy()

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns, of the flat form such as ``temp_lag3``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; those seen in `fit` by default.

        Returns
        -------
        names : ndarray of str objects
            In the flat form, for each step, oldest first, the name of each column and
            how many rows the step lies before that of the window; else the names of the
            features of each step.
        """
        check_is_fitted(self)
        names = names_in(self, input_features)
        if not self.flatten:
            return names
        window, gap, dilation = self._lengths
        lags = gap + dilation * np.arange(window)[::-1]
        return np.array(
            [f"{name}_lag{lag}" for lag in lags for name in names], dtype=object
        )

    def set_output(self, *, transform=None):
        """Choose the container of the flat form; windows with three axes stay arrays.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Container of the result of `transform`; None changes nothing.

        Returns
        -------
        self : SlidingWindow
            The transformer.
        """
        # Where nothing is wrapped, scikit-learn hides its own, which Pipelines need.
        if transform is not None:
            choose_output(self, transform)
        return self

    def _learn(self, X):
        columns = index_columns(self.time, self.series)
        X, _ = with_index(X, columns)
        rows = check_table(self, X, reset=True)
        lookback = self._lookback
        check_fits(*self._lengths, len(rows))
        runs = split_runs(index_of(X), len(rows), freq=self.freq)
        before = bridge_holes(None, rows, runs, {}, lookback, int(self.max_hole))
        set_fitted(
            self,
            {
                "n_features_in_": rows.shape[1],
                "feature_names_in_": feature_names(X),
                "_index_columns": columns,
                "_number_labels": number_labels(X),
                "_context": Context.of(
                    rows, runs, lookback, self.context == "always", before
                ),
            },
        )
        return rows, runs, before

    def _read(self, X):
        """Return the rows of X, their runs, and which rows precede these."""
        frame, _ = with_index(X, self._index_columns)
        check_number_labels(self._number_labels, frame)
        rows = check_table(self, frame, reset=False)
        index = self._context.match(index_of(frame))
        runs = split_runs(index, len(rows), self.step_)
        context = None if self.context is None else self._context
        before = {} if context is None else context.rows_before(rows, runs)
        hole = int(self.max_hole)
        before = bridge_holes(context, rows, runs, before, self._lookback, hole)
        return rows, runs, before

    @property
    def _lookback(self):
        """Rows that a window reaches back from the row that it belongs to."""
        window, gap, dilation = self._lengths
        return gap + (window - 1) * dilation

    @property
    def _lengths(self):
        """Window, gap and dilation as Python's integers, which do not overflow."""
        return int(self.window), int(self.gap), int(self.dilation)

    def _tabulate(self, rows, runs, context):
        window, gap, dilation = self._lengths
        return tabulate_windows(
            rows, runs, window, gap=gap, dilation=dilation, context=context
        )

    def _present(self, windows, index):
        if self.flatten:
            check_memory(
                windows.n_bytes,
                f"A table of {len(windows)} rows and {self.window} times "
                f"{windows.n_features} columns (flatten=True)",
                "shorten window, transform fewer rows at once, or set flatten=False "
                "for a recurrent estimator, which needs no copy of the windows",
            )
            return windows.materialise().reshape(len(windows), -1)
        # A later step of a Pipeline returns a frame, and needs the index for it.
        return WindowArray.of(windows, index if wants_pandas(self) else None)
