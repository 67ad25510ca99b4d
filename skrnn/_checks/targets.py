"""Checks of targets and of sample weights."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length

from .tables import as_floats

__all__ = ["check_sample_weight", "check_target"]


def check_target(estimator: Any, y: Any, X: Any) -> NDArray[np.float64]:
    """Check targets: numbers that are finite or NaN, one row for each row of X.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Targets as float64.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(
            f"{name} requires y to be passed, but the target y is None; pass the "
            "values to learn as y."
        )
    rules = {
        "dtype": np.float64,
        "ensure_2d": False,
        "allow_nd": True,
        "ensure_all_finite": "allow-nan",
    }
    target = as_floats(y, lambda: check_array(y, input_name="y", **rules), name="y")
    if target.ndim not in (1, 2):
        raise ValueError(
            "y should be a 1d array or an array of shape (n_samples, n_targets), got "
            f"an array of shape {target.shape} instead."
        )
    check_consistent_length(X, target)
    return target


def check_sample_weight(sample_weight: Any, n_samples: int) -> NDArray[np.float64]:
    """Check weights: finite, not negative, one for each sample, not all zero.

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,)
        The weights; a number or None weighs all samples alike.
    """
    if sample_weight is None:
        return np.ones(n_samples)
    if isinstance(sample_weight, Real) and 0 < float(sample_weight) < np.inf:
        return np.ones(n_samples)
    if isinstance(sample_weight, Real):
        raise ValueError(
            f"sample_weight must be above 0 and finite. Got {sample_weight} instead."
        )
    rules = {"dtype": np.float64, "ensure_2d": False, "allow_nd": True}
    name = "sample_weight"
    weight = as_floats(
        sample_weight,
        lambda: check_array(sample_weight, input_name=name, **rules),
        name=name,
    )
    # In the words of scikit-learn's own check, which is private.
    if weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. "
            "Expected either a scalar value or a 1D array of length "
            f"{n_samples}."
        )
    if len(weight) != n_samples:
        raise ValueError(
            f"sample_weight.shape == {weight.shape}, expected {(n_samples,)}!"
        )
    if (weight < 0).any() or not weight.any():
        raise ValueError(
            "sample_weight must not be negative and not zero for every sample. Got a "
            f"smallest weight of {weight.min()} and a largest of {weight.max()}."
        )
    # Sums of products with weights of such sizes would be infinite or lose digits.
    extreme = not 1e-100 < weight.max() < 1e100
    return weight / weight.max() if extreme else weight
