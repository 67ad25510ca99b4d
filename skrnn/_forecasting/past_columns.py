"""Columns of X that are observed like y, and not known in advance."""

from __future__ import annotations

from collections.abc import Hashable
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._networks.roll_out import known_ahead

__all__ = [
    "channels_of_columns",
    "check_finite_but_past",
    "find_past",
    "known_in_advance",
    "most_missing",
    "observed_so_far",
    "with_past_columns",
]


def find_past(past: Any, X: Any) -> tuple[int, ...]:
    """Return the places of the columns of X that the parameter `past` names.

    Raises
    ------
    ValueError
        If X has no such column.
    """
    names = [past] if isinstance(past, (str, Integral)) else list(past or ())
    if not names:
        return ()
    columns = [] if X is None else list(getattr(X, "columns", range(np.shape(X)[-1])))
    unknown = [name for name in names if name not in columns]
    if unknown:
        raise ValueError(
            f"past must name columns of X. Got {unknown[0]!r}, but X has "
            f"{columns or 'none that are inputs'}; name those that are only known up "
            "to the last observation, or pass past=None."
        )
    return tuple(sorted({columns.index(name) for name in names}))


def known_in_advance(
    columns: NDArray[np.float64], past: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return the columns, along the last axis, that are known in advance."""
    # `np.delete` would copy them all.
    return np.delete(columns, past, axis=-1) if past else columns


def observed_so_far(
    columns: NDArray[np.float64], past: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return the columns, along the last axis, that are only known once observed."""
    return columns[..., np.array(past, dtype=np.intp)]


def channels_of_columns(
    columns: NDArray[np.float64], past: tuple[int, ...], horizon: int
) -> NDArray[np.float64]:
    """Return what a window sees of columns at each row.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        Columns of X.
    past : tuple of int
        Places of those that are not known in advance: the window sees their own row,
        and of all others the `horizon` rows after it.
    horizon : int
        Rows that one prediction gives.
    """
    ahead = known_ahead(known_in_advance(columns, past), horizon)
    return np.hstack([observed_so_far(columns, past), ahead]) if past else ahead


def check_finite_but_past(
    columns: NDArray[np.float64], past: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return columns in which only what must not be missing is NaN, to be checked."""
    checked = columns.copy()
    observed = observed_so_far(checked, past)
    checked[:, list(past)] = np.where(np.isnan(observed), 0.0, observed)
    return checked


def with_past_columns(forecaster: Any, X: Any) -> Any:
    """Return the rows to predict with zeros in the columns that are not known in them.

    Nothing of these columns is read. They may hold anything, or be left out.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        A fitted forecaster.
    X : array-like of shape (n_rows, n_columns)
        Rows to predict.
    """
    past = forecaster._columns.past
    if not past:
        return X
    names = forecaster._columns.labels
    if isinstance(X, pd.DataFrame) and names is not None:
        categories = forecaster._columns.categories
        return _with_named_zeros(X, names, past, categories.first_levels)
    rows = np.asarray(X)
    if rows.ndim == 2 and rows.shape[1] == forecaster.n_features_in_:
        rows = np.delete(rows, past, axis=1)
    if rows.ndim != 2 or rows.shape[1] != forecaster.n_features_in_ - len(past):
        return X
    return np.insert(rows, [p - i for i, p in enumerate(past)], 0, axis=1)


def _with_named_zeros(
    X: pd.DataFrame,
    names: list[Hashable],
    past: tuple[int, ...],
    first_levels: dict[Hashable, Any],
) -> pd.DataFrame:
    """Return a frame with numbers or levels in the past columns, each at its place."""
    frame = X.drop(columns=[names[place] for place in past], errors="ignore")
    for place in past:
        # A frame that lacks other columns is refused later, by their names.
        value = first_levels.get(names[place], 0.0)
        frame.insert(min(place, frame.shape[1]), names[place], value)
    return frame


def most_missing(
    values: NDArray[np.float64], first: NDArray[np.intp], n_rows: int
) -> NDArray[np.intp]:
    """Return how many of `n_rows` rows are missing, of the column with the most."""
    missing = np.isnan(values)
    if not missing.any():
        return np.zeros(len(first), np.intp)
    # Counts in any window are differences of these sums.
    sums = np.concatenate([np.zeros((1, missing.shape[1]), np.intp), missing])
    sums = sums.cumsum(axis=0)
    return np.asarray((sums[first + n_rows] - sums[first]).max(axis=1))
