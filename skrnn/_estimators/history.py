"""What training leaves behind: losses of the epochs, and weights to be checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["append_epochs", "check_finite"]


def append_epochs(
    history: dict[str, list[float]], more: dict[str, list[float]]
) -> dict[str, list[float]]:
    """Append epochs to a history; what one of the two lacks is NaN there."""
    n_old, n_new = len(history["loss"]), len(more["loss"])
    return {
        name: history.get(name, [np.nan] * n_old) + more.get(name, [np.nan] * n_new)
        for name in {**history, **more}
    }


def check_finite(weights: list[NDArray[Any]], n_epochs: int) -> None:
    """Raise if the last step of training has spoilt the weights.

    The loss of an epoch is computed before its steps, and so does not show it.
    """
    if not all(np.isfinite(weight).all() for weight in weights):
        raise FloatingPointError(
            f"The weights became infinite in epoch {n_epochs}, the last one. Try a "
            "smaller learning_rate, or an optimizer with clipnorm such as "
            "keras.optimizers.Adam(clipnorm=1.0)."
        )
