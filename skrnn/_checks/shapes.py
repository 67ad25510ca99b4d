"""Checks for data in shapes that people have and estimators do not take."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["check_columns", "check_not_nested", "check_one_length"]


def check_columns(X: Any, estimator: Any = None) -> None:
    """Raise if X is a Series, which is one column or one row, and no table.

    Parameters
    ----------
    X : array-like
        What the caller passed.
    estimator : estimator, default=None
        What was fitted on a table, by which a row on its side is known; None in `fit`.
    """
    n_features = getattr(estimator, "n_features_in_", 1)
    names = getattr(estimator, "feature_names_in_", None)
    is_row = n_features > 1 and isinstance(X, pd.Series) and len(X) == n_features
    if isinstance(X, pd.DataFrame) and names is not None and X.shape[1] == 1 < len(X):
        is_row = list(X.index) == list(names)
    if is_row:
        raise ValueError(
            "X must have the axes (n_rows, n_features). Got one row on its side, of "
            f"shape {X.shape}; use frame.iloc[[i]] in place of frame.iloc[i], by which "
            "it stays a frame and keeps its stamp."
        )
    if isinstance(X, pd.Series):
        raise ValueError(
            "X must have the axes (n_rows, n_features). Got a Series of shape "
            f"{X.shape} instead; use X.to_frame()."
        )


def check_one_length(X: Any) -> None:
    """Raise if X is a list of sequences, or an array of them, of several lengths."""
    if isinstance(X, (np.ndarray, pd.Series)):
        X = list(X) if X.ndim == 1 and X.dtype == object else []
    if not isinstance(X, (list, tuple)) or not all(_is_sequence(each) for each in X):
        return
    lengths = {len(each) for each in X}
    if len(lengths) > 1:
        raise ValueError(
            "X must hold sequences of one length, since it becomes an array. Got "
            f"lengths from {min(lengths)} to {max(lengths)}; pad them with NaN, as "
            "keras.utils.pad_sequences(X, dtype='float64', value=np.nan) does, and "
            "set incomplete='mask', which trains on all of them."
        )


def check_not_nested(X: Any) -> None:
    """Raise if the cells of a frame are sequences, as those of sktime may be."""
    if not isinstance(X, pd.DataFrame) or not len(X):
        return
    for label, column in X.items():
        if column.dtype == object and _is_sequence(column.iloc[0]):
            kind = type(column.iloc[0]).__name__
            raise ValueError(
                f"Column {label!r} of X holds a {kind} in each "
                "cell (a nested frame), where numbers are expected. Make it an array "
                "(n_samples, n_steps, n_features): np.stack([np.stack(list(X[name])) "
                "for name in X], axis=-1)."
            )


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sized) and not isinstance(value, (str, bytes, dict))
