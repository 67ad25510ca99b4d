"""Checks of what an autoencoder is to decode codes to in place of what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._checks.places import column_at
from skrnn._checks.sklearn import feature_names
from skrnn._index.reading import index_of
from skrnn._windows.windows import Windows

__all__ = [
    "check_clean_validation",
    "observed_samples",
    "read_clean",
    "scale_clean",
]


def check_clean_validation(
    X_val: Any, clean: Any, clean_val: Any, sample_weight_val: Any
) -> None:
    """Raise if samples to validate on are not compared with what the others are."""
    beside = {"clean_val": clean_val, "sample_weight_val": sample_weight_val}
    for name, value in beside.items():
        if value is not None and X_val is None:
            raise ValueError(f"{name} was passed without X_val; pass both, or neither.")
    if X_val is not None and (clean is None) != (clean_val is None):
        raise ValueError(
            "Beside X_val, clean and clean_val must both be passed, or neither: the "
            "losses of training and of validation would compare copies with different "
            "things. Pass clean_val=X_val if the samples to validate on are clean."
        )


def read_clean(
    read: Callable[[Any], Windows], clean: Any, X: Any, windows: Windows
) -> Windows:
    """Return what X is to be decoded to as windows, checked to be like those of X.

    Parameters
    ----------
    read : callable
        Returns `clean` as windows, or raises.
    clean, X : array-like
        What was passed to `fit`.
    windows : Windows
        The windows of X.
    """
    with _name_clean():
        copied = read(clean)
    _check_beside(clean, copied, X, windows)
    return copied


def scale_clean(
    scale: Callable[[Windows], Windows], clean: Windows | None
) -> Windows | None:
    """Return clean windows on the scale of training, if there are any."""
    if clean is None:
        return None
    with _name_clean():
        return scale(clean)


@contextmanager
def _name_clean() -> Iterator[None]:
    """Say in messages about X that `clean` is meant."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"In clean: {error}") from error


def _check_beside(clean: Any, copied: Windows, X: Any, windows: Windows) -> None:
    """Raise if clean samples do not belong to those of X, one to one.

    Parameters
    ----------
    clean, X : array-like
        What was passed to `fit`, which may have names and stamps.
    copied, windows : Windows
        What they hold.
    """
    shapes = [(len(part), part.n_steps, part.n_features) for part in (copied, windows)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "clean must have the shape of X. Got samples, steps and features "
            f"{shapes[0]} for {shapes[1]} of X; transform both alike, as "
            "Pipeline(..., transform_input=['clean']) does."
        )
    names, names_beside = feature_names(clean), feature_names(X)
    named = names is not None and names_beside is not None
    if named and list(names) != list(names_beside):
        raise ValueError(
            f"clean must have the columns of X, {list(names_beside)}. Got "
            f"{list(names)}; select them in this order."
        )
    index, index_beside = index_of(clean), index_of(X)
    indexed = index is not None and index_beside is not None
    if indexed and not index.equals(index_beside):
        raise ValueError(
            "clean must have the index of X, because row i of one belongs to row i of "
            "the other. Got another one; pass clean.loc[X.index], or arrays, which are "
            "paired by place."
        )


def observed_samples(
    copied: Windows, weights: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which samples have any value to be decoded to.

    Parameters
    ----------
    copied : Windows
        Clean samples; NaN is missing.
    weights : ndarray of shape (n_samples,)
        Sample weights; 0 leaves a sample out.

    Raises
    ------
    ValueError
        If no sample that counts has a value, or none has one in some column.
    """
    known = ~np.isnan(copied.rows)
    uses = copied.count_uses(weights) > 0
    unknown = ~known[uses].any(axis=0)
    if unknown.any():
        column = int(np.argmax(unknown))
        raise ValueError(
            f"clean is NaN in {column_at(column)} of every sample that counts; drop "
            "the column from clean and X, or pass samples in which it is known."
        )
    observed = known.any(axis=1)
    return copied.with_rows(observed[:, None]).gather().any(axis=(1, 2))
