"""What training leaves behind: losses of the epochs, and weights to be checked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._networks.description import Network

__all__ = ["advise_on_divergence", "append_epochs", "check_finite"]


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
            f"The weights became infinite in epoch {n_epochs}, the last one."
        )


@contextlib.contextmanager
def advise_on_divergence(estimator: Any, network: Network) -> Iterator[None]:
    """Add to an error of a training that has diverged what the user may try."""
    try:
        yield
    except FloatingPointError as error:
        advice = ", ".join(_advice(estimator, network))
        message = f"{error} Try {advice}, or look for extreme values in the data."
        raise FloatingPointError(message) from error


def _advice(estimator: Any, network: Network) -> list[str]:
    """Return what may keep the training of a network from diverging."""
    advice = ["a smaller learning_rate"]
    if estimator.clipnorm is None:
        advice.append("clipnorm=1.0")
    if not estimator.standardize:
        advice.append("standardize=True")
    if network.output_activation == "exponential":
        advice.append("output_activation='softplus'")
    elif hasattr(estimator, "output_activation") and callable(estimator.loss):
        advice.append(
            "output_activation='softplus' if the loss needs predictions above 0"
        )
    return advice
