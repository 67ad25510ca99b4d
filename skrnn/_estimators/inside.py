"""What lies inside a Pipeline or a search, and the windows that it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    FixedThresholdClassifier,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline

from skrnn._checks.sklearn import names_in
from skrnn._index.reading import index_of
from skrnn._windows.sliding_window import SlidingWindow

__all__ = ["Route", "name_features", "open_up", "walk", "where_fitted"]


@dataclass(frozen=True)
class Route:
    """What the transformers of a Pipeline make of X, and what they tell of its steps.

    Parameters
    ----------
    X : array-like
        What the last estimator is given.
    rows : pandas.Index
        Name of each sample: the index of X where it has one.
    slider : SlidingWindow or None
        The transformer that made windows of rows.
    stamps : pandas.Index or None
        The index of the rows that it made windows of.
    """

    X: Any
    rows: pd.Index
    slider: SlidingWindow | None = None
    stamps: pd.Index | None = None

    @property
    def lags(self) -> NDArray[np.intp] | None:
        """Rows from each step, the oldest first, to the row its window belongs to."""
        if self.slider is None:
            return None
        steps = np.arange(self.slider.window, dtype=np.intp)[::-1]
        return self.slider.gap + self.slider.dilation * steps


def open_up(estimator: Any) -> tuple[list[Any], Any]:
    """Find the last estimator inside others.

    Returns
    -------
    transformers : list of transformer
        What X passes on the way.
    last : estimator
        The last one: no Pipeline, no search, and nothing of `FITTED_INSIDE`.
    """
    transformers: list[Any] = []
    while True:
        inner = _unwrapped(estimator)
        if isinstance(estimator, Pipeline):
            steps = [step for _, step in estimator.steps[:-1]]
            transformers += [step for step in steps if step not in (None, PASSED)]
        if inner is None:
            return transformers, estimator
        estimator = inner


PASSED = "passthrough"

FITTED_INSIDE = {
    TransformedTargetRegressor: "regressor_",
    FixedThresholdClassifier: "estimator_",
    TunedThresholdClassifierCV: "estimator_",
}


def _unwrapped(estimator: Any) -> BaseEstimator | None:
    """Give what an estimator hands X on to; None where it uses X itself."""
    if isinstance(estimator, Pipeline):
        return estimator.steps[-1][1]
    if isinstance(estimator, FrozenEstimator):
        return estimator.estimator
    return getattr(estimator, where_fitted(estimator) or "best_estimator_", None)


def where_fitted(estimator: Any) -> str | None:
    """Name the attribute of what changes targets or decisions, and not X."""
    for kind, name in FITTED_INSIDE.items():
        if isinstance(estimator, kind):
            return name
    return None


def walk(transformers: list[Any], X: Any) -> Route:
    """Let X pass through fitted transformers.

    Parameters
    ----------
    transformers : list of transformer
        Fitted transformers, in order.
    X : array-like
        What the first one is given.
    """
    names = [index_of(X)]
    slider, stamps = None, None
    for transformer in transformers:
        if isinstance(transformer, SlidingWindow):
            slider, stamps = transformer, index_of(X)
        X = transformer.transform(X)
        names.append(index_of(X))
    n_samples = len(X)
    fitting = [name for name in names if name is not None and len(name) == n_samples]
    rows = fitting[0] if fitting else pd.RangeIndex(n_samples, name="sample")
    return Route(X, rows, slider, stamps)


def name_features(
    names: Any, slider: SlidingWindow | None, n_features: int
) -> list[str]:
    """Name the features of a step: as given, by columns, or by their number.

    Parameters
    ----------
    names : list of str or None
        Names that the user gave.
    slider : SlidingWindow or None
        The transformer that made windows of columns.
    n_features : int
        How many there are.
    """
    if names is not None:
        given = [str(name) for name in names]
        if len(given) != n_features:
            raise ValueError(
                f"feature_names must name each feature of a step, {n_features}. Got "
                f"{given} instead."
            )
        return given
    columns = [] if slider is None else [str(name) for name in names_in(slider)]
    if len(columns) == n_features:
        return columns
    return [f"x{i}" for i in range(n_features)]
