"""Checks of whether targets suit the loss and the outputs of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._checks.places import check_finite, place_of
from skrnn._index.reading import index_of
from skrnn._networks.outputs import DOMAINS, Outputs
from skrnn._scaling.scaling import Statistics

__all__ = ["check_labelled", "check_same_axes", "check_same_scaling", "check_suits"]


def check_labelled(
    targets: NDArray[np.float64], counts: NDArray[np.bool_], source: Any
) -> NDArray[np.float64]:
    """Raise if samples that count have no target, or one that is infinite.

    Parameters
    ----------
    targets : ndarray of shape (n_samples, n_targets)
        Targets; NaN is missing.
    counts : ndarray of bool of shape (n_samples,)
        Samples that are not left out.
    source : array-like
        What the caller passed, which may have names and stamps.

    Returns
    -------
    targets : ndarray of shape (n_samples, n_targets)
        Targets: NaN where one of several is missing, and 0 where a sample that does not
        count has none.
    """
    missing = np.isnan(targets)
    labelled = ~missing.all(axis=1)
    several = max(targets.shape[1], getattr(source, "ndim", 1)) > 1
    is_labelled = f"~np.isnan(y){'.all(axis=1)' if several else ''}"
    way_out = (
        "give such samples a sample_weight of 0, which leaves out them alone, as by "
        f"sample_weight={is_labelled} (in a Pipeline <step>__sample_weight). Without "
        "their rows other windows would have holes."
    )
    known = missing & labelled[:, None]
    counted = np.where(counts[:, None] & ~known, targets, 0.0)
    check_finite(counted, source, index_of(source), way_out, name="y")
    return np.where(missing & ~(counts & labelled)[:, None], 0.0, targets)


def check_suits(
    name: str,
    values: NDArray[np.float64],
    counts: NDArray[np.bool_],
    outputs: Outputs,
    loss: Any,
    source: Any,
) -> None:
    """Raise if values to learn are not what a loss or the outputs can be.

    Parameters
    ----------
    name : str
        Name of the argument that holds them.
    values : ndarray of shape (n_samples, n_columns) or (n_samples, n_steps, n_columns)
        Values that the outputs are to be; NaN is missing.
    counts : ndarray of bool of shape (n_samples,) or (n_samples, n_steps)
        Samples, or their steps, that are not left out.
    outputs : Outputs
        The outputs.
    loss : str, callable, class or keras.losses.Loss
        The loss, as the user gave it.
    source : array-like
        What the caller passed, which may have names and stamps.
    """
    for domain in outputs.domains:
        words, is_outside, way_out = DOMAINS[domain]
        flat = values.reshape(-1, values.shape[-1])
        bad = is_outside(flat).reshape(values.shape) & counts[..., None]
        place = place_of(bad, source, index_of(source))
        if place is not None:
            # Autoencoders, which learn X, have no such parameter.
            also = (
                f" and output_activation={outputs.activation!r}" if name == "y" else ""
            )
            raise ValueError(
                f"{name} must be {words} for loss={loss!r}{also}. "
                f"Got {values[bad][0]:g} in {place}; {way_out}."
            )


def check_same_axes(targets: NDArray[Any], predicted: NDArray[Any]) -> None:
    """Raise if targets to compare have another shape than predictions."""
    if targets.shape != predicted.shape:
        raise ValueError(
            f"y must have the shape of predictions, {predicted.shape}, with as many "
            f"axes as in fit. Got shape {targets.shape} instead."
        )


def check_same_scaling(before: Statistics, statistics: Statistics) -> None:
    """Raise if training cannot go on because targets would be scaled otherwise."""
    if before.target_scaling != statistics.target_scaling:
        raise ValueError(
            "loss must scale targets as before when training goes on from fitted "
            f"weights. Got one that scales them as {statistics.target_scaling!r} after "
            f"{before.target_scaling!r}; set warm_start=False and call fit to start "
            "afresh."
        )
