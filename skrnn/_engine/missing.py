"""Replacement of missing values, which are NaN, inside Keras models."""

from __future__ import annotations

from typing import Any

from .tensorflow import keras

__all__ = ["fill_holes", "mask_missing", "zero_missing"]


def zero_missing(values: Any, windows: Any = None) -> Any:
    """Replace values by 0 where windows, or they themselves, are NaN."""
    # By `where` and not by a product with 0, which leaves NaN as it is.
    missing = keras.ops.isnan(values if windows is None else windows)
    return keras.ops.where(missing, keras.ops.zeros_like(values), values)


def mask_missing(windows: Any) -> tuple[Any, Any]:
    """Replace NaN by 0, and mark the steps at which anything is observed."""
    missing = keras.ops.isnan(windows)
    observed = keras.ops.logical_not(keras.ops.all(missing, axis=-1))
    return zero_missing(windows), observed


def fill_holes(windows: Any, values: Any) -> Any:
    """Replace NaN in partly observed steps; steps without a value stay NaN.

    Parameters
    ----------
    windows : tensor of shape (n_samples, n_steps, n_features)
        Windows.
    values : tensor of shape (n_features,), or like the windows
        Values by which those that are missing are replaced.
    """
    missing = keras.ops.isnan(windows)
    unobserved = keras.ops.all(missing, axis=-1, keepdims=True)
    hole = keras.ops.logical_and(missing, keras.ops.logical_not(unobserved))
    return keras.ops.where(hole, values, windows)
