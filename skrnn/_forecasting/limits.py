"""A floor and a ceiling of series, which forecasts do not leave."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._checks.places import place_of

__all__ = ["Bounds", "check_within_bounds", "continue_within", "read_bounds"]

Bounds = tuple[float, float]


def read_bounds(bounds: Any) -> Bounds | None:
    """Return floor and ceiling as numbers, infinite where there is none.

    Raises
    ------
    ValueError
        If they are not two numbers, the smaller one first.
    """
    if bounds is None:
        return None
    pair = tuple(bounds)
    is_pair = len(pair) == 2 and all(b is None or isinstance(b, Real) for b in pair)
    if is_pair:
        low = -np.inf if pair[0] is None else float(pair[0])
        high = np.inf if pair[1] is None else float(pair[1])
        if low < high:
            return low, high
    raise ValueError(
        "bounds must be a floor and a greater ceiling, of which None is none, such as "
        f"(0, None). Got {bounds!r} instead."
    )


def check_within_bounds(
    targets: NDArray[np.float64], bounds: Bounds | None, y: Any, index: pd.Index | None
) -> None:
    """Raise if an observed value lies outside, and name its place."""
    if bounds is None:
        return
    is_outside = (targets < bounds[0]) | (targets > bounds[1])
    place = place_of(is_outside, y, index)
    if place is not None:
        raise ValueError(
            f"y must lie within bounds={bounds}. Got {targets[is_outside][0]:g} in "
            f"{place}; clip y, or widen bounds."
        )


def continue_within(
    predict: Callable[..., NDArray[np.float64]],
    past: NDArray[np.float64],
    n_steps: int,
    block: int,
    bounds: Bounds,
) -> NDArray[np.float64]:
    """Continue series block by block, each clipped before the next one sees it.

    Parameters
    ----------
    predict : callable
        From numbers of series, their past, and the first step of a block and the one
        after its last, to the rows of the block.
    past : ndarray of shape (n_series, n_past, n_targets)
        The last rows.
    n_steps, block : int
        Rows to predict, and rows of a block.
    bounds : tuple of float
        Floor and ceiling, in units of `past`.

    Returns
    -------
    predicted : ndarray of shape (n_series, n_steps, n_targets)
        NaN behind a block that is not finite.
    """
    n_series, n_past, n_targets = past.shape
    rows = np.full((n_series, n_past + n_steps, n_targets), np.nan)
    rows[:, :n_past] = past
    series = np.arange(n_series)
    for first in range(0, n_steps, block):
        if not len(series):
            break
        last = min(first + block, n_steps)
        seen = rows[series, first : first + n_past]
        new = np.clip(predict(series, seen, first, last), *bounds)
        rows[series, n_past + first : n_past + last] = new
        series = series[np.isfinite(new).all(axis=(1, 2))]
    return rows[:, n_past:]
