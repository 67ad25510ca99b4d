"""Samples to validate on that a user passes to `fit`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from skrnn._checks.sklearn import feature_names

from .training_data import TrainingData

__all__ = [
    "check_like_training",
    "check_validation",
    "name_arguments",
    "read_validation",
]


def check_validation(X_val: Any, y_val: Any, validation_split: float) -> None:
    """Raise if samples to validate on are incomplete, or named twice.

    Parameters
    ----------
    X_val, y_val : array-like or None
        What was passed to `fit`.
    validation_split : float
        Fraction of the training samples to validate on.
    """
    if X_val is None and y_val is not None:
        raise ValueError("y_val was passed without X_val; pass both, or neither.")
    if X_val is not None and validation_split > 0:
        raise ValueError(
            "X_val holds the samples to validate on, so validation_split must be 0. "
            f"Got validation_split={validation_split}; set it to 0, or leave X_val out."
        )


def read_validation(
    read: Callable[[], TrainingData], data: TrainingData, X: Any, X_val: Any
) -> TrainingData:
    """Return the samples to validate on, checked to be like those to train on.

    Parameters
    ----------
    read : callable
        Returns what `X_val` and the arguments beside it hold, or raises.
    data : TrainingData
        Samples to train on.
    X, X_val : array-like
        What was passed to `fit`, which may have names of columns.
    """
    with name_arguments():
        held_out = read()
    check_like_training(data, held_out, X, X_val)
    return held_out


@contextmanager
def name_arguments() -> Iterator[None]:
    """Say in messages about X and y that those to validate on are meant."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"In X_val or y_val: {error}") from error


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
