"""Columns that numbers name, which scikit-learn does not compare."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["check_number_labels", "number_labels"]


def number_labels(X: Any) -> list[Any] | None:
    """Return the labels of the columns of a frame if all are numbers, else None."""
    if not isinstance(X, pd.DataFrame):
        return None
    labels = X.columns.tolist()
    return labels if all(isinstance(label, (int, float)) for label in labels) else None


def check_number_labels(fitted: list[Any] | None, X: Any) -> None:
    """Raise if columns that numbers name are others than in `fit`, or in another order.

    Parameters
    ----------
    fitted : list of number or None
        What `number_labels` returned in `fit`.
    X : array-like
        Rows; what is no frame of such columns is read by their places.
    """
    labels = number_labels(X)
    if fitted is not None and labels is not None and labels != fitted:
        raise ValueError(
            f"X must have the columns {fitted} that fit saw, in this order. Got "
            f"{labels} instead; select them by their names, X[{fitted}], or pass "
            "X.to_numpy() to have them read by their places."
        )
