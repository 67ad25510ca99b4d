"""Samples to validate on that a user passes to `fit`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._checks.sklearn import feature_names
from skrnn._scaling.scaling import Scaling

from .training_data import TrainingData

__all__ = [
    "check_like_training",
    "check_scales",
    "check_validation",
    "hold_out",
    "name_arguments",
]

# Places of samples to train on, and of those to validate on.
Parts = tuple[NDArray[np.intp], NDArray[np.intp]]


def check_validation(validation: tuple[Any, ...], validation_split: float) -> None:
    """Raise if samples to validate on are incomplete, or named twice.

    Parameters
    ----------
    validation : tuple of array-like or None
        `X_val`, `y_val` and `sample_weight_val` as they were passed to `fit`, or the
        first of them.
    validation_split : float
        Fraction of the training samples to validate on.
    """
    X_val = validation[0]
    for name, value in zip(
        ("y_val", "sample_weight_val"), validation[1:], strict=False
    ):
        if X_val is None and value is not None:
            raise ValueError(f"{name} was passed without X_val; pass both, or neither.")
    if X_val is not None and validation_split > 0:
        raise ValueError(
            "X_val holds the samples to validate on, so validation_split must be 0. "
            f"Got validation_split={validation_split}; set it to 0, or leave X_val out."
        )


def hold_out(
    estimator: Any,
    validation: tuple[Any, ...],
    data: TrainingData,
    parts: Parts,
    X: Any,
) -> tuple[TrainingData, Parts, TrainingData | None]:
    """Put samples to validate on, which are like those to train on, behind these.

    Parameters
    ----------
    estimator : estimator
        What reads them.
    validation : tuple of array-like or None
        As in `check_validation`.
    data : TrainingData
        Samples that were passed as X, and what belongs to it.
    parts : tuple of ndarray of int
        Places of samples to train on and, without `X_val`, of those to validate on.
    X : array-like
        What was passed as X, which may have names of columns.

    Returns
    -------
    data : TrainingData
        All samples.
    parts : tuple of ndarray of int
        Places of samples to train and to validate on.
    held_out : TrainingData or None
        The samples that `X_val` holds.
    """
    if validation[0] is None:
        return data, parts, None
    with name_arguments():
        held_out = estimator._read_validation(validation, data)
    check_like_training(data, held_out, X, validation[0])
    with name_arguments():
        chosen = estimator._choose(held_out, at_least=1, use="validation")
    return data.join(held_out), (parts[0], len(data) + chosen), held_out


def check_scales(
    estimator: Any, held_out: TrainingData | None, scaling: Scaling
) -> None:
    """Raise if values to validate on are too large when scaled.

    Once they stand behind those of X, these would be blamed.
    """
    if held_out is not None:
        with name_arguments():
            estimator._scale_windows(held_out.windows, scaling)
            scaling.scale_targets(held_out.targets)


@contextmanager
def name_arguments() -> Iterator[None]:
    """Say in messages about X and y that those to validate on are meant."""
    try:
        yield
    except (ValueError, TypeError) as error:
        text = f"In X_val or y_val: {error}"
        if "sample_weight" in text:
            text += " Here sample_weight means sample_weight_val."
        raise type(error)(text) from error


def check_like_training(
    data: TrainingData, held_out: TrainingData, X: Any, X_val: Any
) -> None:
    """Raise if samples to validate on have another shape or other names."""
    shapes = [
        (part.windows.n_steps, part.windows.n_features, part.n_outputs)
        for part in (data, held_out)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "X_val and y_val must have the shape of X and y. Got steps, features and "
            f"targets {shapes[1]} after {shapes[0]}; transform them alike, as "
            "Pipeline(..., transform_input=['X_val']) does."
        )
    names, names_val = feature_names(X), feature_names(X_val)
    differ = names is not None and names_val is not None
    if differ and list(names) != list(names_val):
        raise ValueError(
            f"X_val must have the columns of X, {list(names)}. Got {list(names_val)}; "
            "select them in this order."
        )
