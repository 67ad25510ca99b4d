"""The score of a regressor on targets of which some are missing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from skrnn._checks.places import column_at

__all__ = ["score_labels"]


def score_labels(
    targets: NDArray[np.float64],
    predicted: NDArray[np.float64],
    weights: NDArray[np.float64],
    source: Any = None,
) -> float:
    """Return R2 of the labels that are known; of several targets the mean.

    Parameters
    ----------
    targets : ndarray of shape (n_labels,) or (n_labels, n_targets)
        Targets; NaN is missing.
    predicted : ndarray of the shape of targets
        Predictions.
    weights : ndarray of shape (n_labels,)
        Weights.
    source : array-like, default=None
        What the caller passed, which may have names of columns.
    """
    missing = np.isnan(targets)
    if not missing.any():
        return float(r2_score(targets, predicted, sample_weight=weights))
    scores = []
    for column, known in enumerate(~missing.T):
        if not known.any():
            raise ValueError(
                f"y must have labels in every column to be scored. Got NaN throughout "
                f"in {column_at(column, source)}; pass samples in which it is known."
            )
        pair = targets[known, column], predicted[known, column]
        scores.append(r2_score(*pair, sample_weight=weights[known]))
    return float(np.mean(scores))
