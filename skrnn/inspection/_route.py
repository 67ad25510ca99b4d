"""What X becomes on its way through a Pipeline, and how its parts are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._checks.sklearn import names_in
from skrnn._index.reading import index_of
from skrnn._windows.sliding_window import SlidingWindow

__all__ = ["Route", "apply_transformers", "name_features"]


@dataclass(frozen=True)
class Route:
    """What the transformers of a Pipeline make of X, and where its steps come from.

    Parameters
    ----------
    X : array-like
        What the last estimator is given.
    rows : pandas.Index
        Name of each sample: the index of X where it has one, else its number.
    slider : SlidingWindow or None
        The transformer that made windows of rows.
    stamps : pandas.Index or None
        The index of the rows that it made windows of.
    """

    X: Any
    rows: pd.Index
    slider: Any = None
    stamps: pd.Index | None = None

    @property
    def lags(self) -> NDArray[np.intp]:
        """Lag of each step of the windows of `slider`, in rows, the oldest first."""
        steps = np.arange(self.slider.window, dtype=np.intp)[::-1]
        return self.slider.gap + self.slider.dilation * steps


def apply_transformers(transformers: list[Any], X: Any) -> Route:
    """Transform X by fitted transformers, one after the other."""
    indexes = [index_of(X)]
    slider, stamps = None, None
    for transformer in transformers:
        if isinstance(transformer, SlidingWindow):
            slider, stamps = transformer, indexes[-1]
        X = transformer.transform(X)
        indexes.append(index_of(X))
    return Route(X, _name_samples(indexes, len(X)), slider, stamps)


def _name_samples(indexes: list[pd.Index | None], n_samples: int) -> pd.Index:
    """Return the first index with an entry for each sample, else their numbers."""
    for index in indexes:
        if index is not None and len(index) == n_samples:
            return index
    return pd.RangeIndex(n_samples, name="sample")


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
        Number of features.
    """
    if names is not None:
        return _check_names([str(name) for name in names], n_features)
    columns = [] if slider is None else [str(name) for name in names_in(slider)]
    if len(columns) == n_features:
        return columns
    return [f"x{i}" for i in range(n_features)]


def _check_names(names: list[str], n_features: int) -> list[str]:
    if len(names) != n_features:
        raise ValueError(
            f"feature_names must name each feature of a step, {n_features}. Got "
            f"{names} instead."
        )
    return names
