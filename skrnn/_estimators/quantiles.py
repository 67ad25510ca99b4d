"""Quantiles that a network learns: the parameter, and levels between those learned."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._networks.quantiles import MEDIAN

__all__ = [
    "check_beside_quantiles",
    "check_within",
    "interpolate",
    "read_quantiles",
]

# The loss that `loss` stands for if nothing is chosen.
DEFAULT_LOSS = "mse"


def read_quantiles(quantiles: Any) -> tuple[float, ...]:
    """Return the parameter `quantiles` as numbers; none for None."""
    if quantiles is None:
        return ()
    # scikit-learn takes an array without an axis for array-like.
    levels = [quantiles] if np.ndim(quantiles) == 0 else list(quantiles)
    if all(isinstance(q, Real) and 0 < float(q) < 1 for q in levels):
        # By their digits: as a float, 0.1 of float32 is 0.10000000149.
        numbers = [float(str(q) if isinstance(q, np.floating) else q) for q in levels]
        if MEDIAN in numbers and numbers == sorted(set(numbers)):
            return tuple(numbers)
    raise ValueError(
        "quantiles must be increasing numbers above 0 and below 1 with 0.5, which "
        f"predict returns, among them, such as (0.1, 0.5, 0.9). Got {quantiles!r} "
        "instead."
    )


def check_beside_quantiles(loss: Any, output_activation: str) -> None:
    """Raise if parameters ask for something else than quantiles."""
    if not isinstance(loss, str) or loss != DEFAULT_LOSS:
        raise ValueError(
            "loss must be left at its default beside quantiles, which are learned by "
            f"the pinball loss. Got {loss!r} instead; leave out one of the two."
        )
    if output_activation not in ("auto", "linear"):
        raise ValueError(
            "output_activation must be 'auto' or 'linear' beside quantiles. Got "
            f"{output_activation!r} instead; leave out one of the two, and for "
            "positive numbers learn the logarithm of y."
        )


def check_within(asked: Any, learned: Sequence[float]) -> NDArray[np.float64]:
    """Return levels as an array, and raise if some lie outside of those learned."""
    levels = np.atleast_1d(np.asarray(asked, dtype=float))
    lowest, highest = learned[0], learned[-1]
    inside = (levels >= lowest) & (levels <= highest)
    if levels.ndim > 1 or not len(levels) or not inside.all():
        named = ", ".join(f"{level:g}" for level in learned)
        raise ValueError(
            f"quantiles must be numbers from {lowest:g} to {highest:g}, because the "
            f"network has learned the quantiles {named}. Got {asked!r} instead; fit "
            "with quantiles that reach as far."
        )
    return levels


def interpolate(
    values: NDArray[np.float64],
    learned: Sequence[float],
    asked: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return what belongs to levels between those learned.

    Parameters
    ----------
    values : ndarray of shape (..., n_quantiles)
        What belongs to the levels learned.
    learned : sequence of float
        These levels, increasing.
    asked : ndarray of shape (n_asked,)
        Levels from the lowest to the highest of them.

    Returns
    -------
    between : ndarray of shape (..., n_asked)
        Linear in the quantiles of a normal distribution, so that it is exact for one.
        Values that increase do so in between as well.
    """
    if len(learned) == 1:
        return values[..., [0] * len(asked)]
    scores = np.array([_normal_score(level) for level in learned])
    place = np.searchsorted(learned, asked, side="right") - 1
    place = np.clip(place, 0, len(learned) - 2)
    wanted = np.array([_normal_score(level) for level in asked])
    share = (wanted - scores[place]) / (scores[place + 1] - scores[place])
    lower, upper = values[..., place], values[..., place + 1]
    between = lower + share * (upper - lower)
    # Rounded, a number may lie a little beyond the two.
    return np.clip(between, np.minimum(lower, upper), np.maximum(lower, upper))


def _normal_score(level: float) -> float:
    return NormalDist().inv_cdf(float(level))
