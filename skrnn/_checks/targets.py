"""Checks of targets and of sample weights."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length

from .tables import as_floats

__all__ = [
    "check_sample_weight",
    "check_step_targets",
    "check_step_weight",
    "check_target",
]


def check_target(estimator: Any, y: Any, X: Any) -> NDArray[np.float64]:
    """Check targets: numbers that are finite or NaN, one row for each row of X.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Targets as float64.
    """
    target = _as_numbers(estimator, y)
    if target.ndim not in (1, 2):
        of_steps = "; for targets of every step set return_sequences=True"
        raise ValueError(
            "y should be a 1d array or an array of shape (n_samples, n_targets), got "
            f"an array of shape {target.shape} instead"
            f"{of_steps if target.ndim == 3 else ''}."
        )
    check_consistent_length(X, target)
    return target


def check_step_targets(
    estimator: Any, y: Any, X: Any, n_steps: int
) -> NDArray[np.float64]:
    """Check targets of every step of windows: numbers that are finite or NaN.

    Returns
    -------
    y : ndarray of shape (n_samples, n_steps) or (n_samples, n_steps, n_targets)
        Targets as float64.
    """
    target = _as_numbers(estimator, y)
    if target.ndim not in (2, 3) or target.shape[1] != n_steps:
        raise ValueError(
            "y must have targets for every step with return_sequences=True, of shape "
            f"(n_samples, {n_steps}) or (n_samples, {n_steps}, n_targets). Got shape "
            f"{target.shape} instead; fill shorter sequences up with NaN, or set "
            "return_sequences=False for targets of whole windows."
        )
    check_consistent_length(X, target)
    return target


def _as_numbers(estimator: Any, y: Any) -> NDArray[np.float64]:
    """Return targets as numbers that are finite or NaN."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None; pass the values to learn as y."
        )
    rules = {
        "dtype": np.float64,
        "ensure_2d": False,
        "allow_nd": True,
        "ensure_all_finite": "allow-nan",
    }
    return as_floats(y, lambda: check_array(y, input_name="y", **rules), name="y")


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


def check_step_weight(
    sample_weight: Any, labelled: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Check weights of samples or of their steps, and give steps without a label 0.

    Parameters
    ----------
    sample_weight : array-like or None
        Weights of shape (n_samples,) or (n_samples, n_steps), as the caller passed
        them.
    labelled : ndarray of bool of shape (n_samples, n_steps)
        Steps that have a label.

    Returns
    -------
    weights : ndarray of shape (n_samples, n_steps)
        The weights of steps.
    """
    if np.ndim(sample_weight) == 2:
        if np.shape(sample_weight) != labelled.shape:
            raise ValueError(
                "sample_weight must have one weight for each sample or for each step, "
                f"{labelled.shape}. Got shape {np.shape(sample_weight)} instead."
            )
        flat = np.reshape(np.asarray(sample_weight), -1)
        weights = check_sample_weight(flat, labelled.size).reshape(labelled.shape)
    else:
        of_samples = check_sample_weight(sample_weight, len(labelled))
        weights = np.repeat(of_samples[:, None], labelled.shape[1], axis=1)
    weights = np.where(labelled, weights, 0.0)
    if not weights.any():
        raise ValueError(
            "y must have a label at some step that has a weight. Got none; pass labels "
            "other than NaN or None, with a sample_weight above 0."
        )
    return weights
