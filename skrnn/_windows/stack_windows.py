"""Windows out of a table of lags, as a transformer."""

from __future__ import annotations

import re
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import (
    Interval,
    choose_output,
    feature_names,
    fit_context,
    names_in,
    wants_pandas,
    wraps_output,
)
from skrnn._checks.tables import check_table
from skrnn._index.reading import index_of
from skrnn._serialization.names import set_module
from skrnn._serialization.state import StoredMixin

from .window_array import WindowArray
from .windows import windows_of

__all__ = ["StackWindows"]


@set_module("skrnn")
@wraps_output(lambda transformer: False)
class StackWindows(StoredMixin, TransformerMixin, BaseEstimator):
    """Stack the columns of a table of lags into windows with three axes.

    The inverse of ``SlidingWindow(flatten=True)``, for tables that have passed steps
    which know two axes only, such as a scaler or a resampler, and for tables of lags
    out of other tools. Columns are found by their names, such as ``temp_lag3``, in
    whatever order they come.

    Parameters
    ----------
    n_features : int, default=None
        Features of each step, for a table without such names: its columns are read step
        by step, oldest first, with all features of a step side by side. None reads the
        names; where no column has such a name, each is a step of one feature.

    Attributes
    ----------
    n_features_in_ : int
        Columns of the table.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X was a frame.
    columns_ : ndarray of int of shape (n_steps, n_features)
        Which column each value of a window comes from.

    See Also
    --------
    SlidingWindow : Windows of the rows of a series.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import StackWindows
    >>> names = ["a_lag1", "b_lag1", "a_lag0", "b_lag0"]
    >>> lags = pd.DataFrame([[1, 10, 2, 20]], columns=names)
    >>> StackWindows().fit_transform(lags).tolist()
    [[[1.0, 10.0], [2.0, 20.0]]]
    """

    _parameter_constraints = {
        "n_features": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, n_features=None):
        self.n_features = n_features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the step and the feature of each column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps * n_features)
            Table of lags.
        y : None
            Ignored.

        Returns
        -------
        self : StackWindows
            The fitted transformer.

        Raises
        ------
        ValueError
            If X is no table of finite numbers or NaN, if a step lacks a feature, or if
            `n_features` does not divide the columns.
        TypeError
            If columns hold dates.
        """
        rows = check_table(self, X, reset=True)
        names, n_columns = feature_names(X), rows.shape[1]
        if self.n_features is None and names is not None:
            columns = _columns_by_name(names)
        else:
            columns = _columns_in_order(n_columns, int(self.n_features or 1))
        learned = {"n_features_in_": n_columns, "feature_names_in_": names}
        set_fitted(self, {**learned, "columns_": columns})
        return self

    def transform(self, X):
        """Stack the columns of a table.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps * n_features)
            Table with the columns seen in `fit`.

        Returns
        -------
        windows : ndarray of shape (n_samples, n_steps, n_features)
            Windows, oldest step first.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError, TypeError
            If the columns are not those of `fit`, or hold infinite values or dates.
        """
        check_is_fitted(self)
        windows = windows_of(check_table(self, X, reset=False)[:, self.columns_])
        # A later step of a Pipeline returns a frame, and needs the index for it.
        return WindowArray.of(windows, index_of(X) if wants_pandas(self) else None)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features of each step.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; those seen in `fit` by default.

        Returns
        -------
        names : ndarray of str objects
            Names of columns of the last step, without ``_lag`` and the number.
        """
        check_is_fitted(self)
        names = names_in(self, input_features)[self.columns_[-1]]
        return np.array([re.sub(r"_lag\d+$", "", name) for name in names], dtype=object)

    def set_output(self, *, transform=None):
        """Choose the container of later steps; windows stay arrays.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            What `Pipeline.set_output` was called with; None changes nothing.

        Returns
        -------
        self : StackWindows
            The transformer.
        """
        if transform is not None:
            choose_output(self, transform)
        return self


def _columns_in_order(n_columns, n_features):
    """Return the columns of each step, read step by step."""
    if n_columns % n_features:
        raise ValueError(
            "n_features must divide the number of columns, all features of each step. "
            f"Got n_features={n_features} and {n_columns} columns; select columns "
            "before windows are made, or none of them."
        )
    return np.arange(n_columns).reshape(-1, n_features)


def _columns_by_name(names):
    """Return the columns of each step by their names, such as ``temp_lag3``."""
    found = [re.fullmatch(r"(.+)_lag(\d+)", name) for name in names]
    if not any(found):
        return _columns_in_order(len(names), 1)
    if not all(found):
        raise ValueError(
            "Columns of X must have names such as 'temp_lag3', or none of them. Got "
            f"{names[found.index(None)]!r}; rename or drop it, or pass n_features."
        )
    places = {(match[1], int(match[2])): i for i, match in enumerate(found)}
    features = list(dict.fromkeys(feature for feature, _ in places))
    lags = sorted({lag for _, lag in places}, reverse=True)
    wanted = [(feature, lag) for lag in lags for feature in features]
    missing = [f"{name}_lag{lag}" for name, lag in wanted if (name, lag) not in places]
    if missing:
        raise ValueError(
            f"Each step of a window needs all features, {features}. Got no column "
            f"{', '.join(map(repr, missing[:5]))}; select features of the rows, before "
            "windows are made of them."
        )
    if len(places) < len(names):
        raise ValueError(
            "Each lag of a feature must be one column. Got a name twice among "
            f"{list(names)}; rename or drop one."
        )
    return np.array([places[pair] for pair in wanted]).reshape(len(lags), -1)
