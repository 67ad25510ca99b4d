"""Distributions that a network predicts, by a mean and what else they have.

As those of quantiles, the parts of the outputs have one meaning each: the first ones
make the means, the others the further parameters, which softplus keeps positive. The
engine gives its own softplus in place of NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .variances import softplus

__all__ = ["DISTRIBUTIONS", "Family", "parameters_of", "starting_parameters"]

Array = NDArray[np.float64]

# Softplus is flat far below the smallest value that outputs start at.
SMALLEST_START = 1e-3

# The degrees of freedom and the least dispersion that a network starts at.
FREEDOM, LEAST_DISPERSION = 6.0, 0.05


class Family(NamedTuple):
    """A family of distributions.

    Parameters
    ----------
    parameters : tuple of str
        What a network predicts of each target. The first one is the mean.
    of_counts : bool
        Whether targets are counts. Means then are positive.
    """

    parameters: tuple[str, ...]
    of_counts: bool


# By the values of the parameter `distribution`. The size of Student's distribution is
# its scale, and its degrees of freedom are above 2, so that it has a variance; that of
# the negative binomial distribution is mean + dispersion * mean ** 2.
DISTRIBUTIONS = {
    "normal": Family(("mean", "deviation"), False),
    "student_t": Family(("mean", "size", "freedom"), False),
    "poisson": Family(("mean",), True),
    "negative_binomial": Family(("mean", "dispersion"), True),
}

# The least values, on the scale of training. They bound the likelihood of exact
# predictions, and the rounding errors of the likelihood of counts.
FLOORS = {"deviation": 1e-4, "size": 1e-4, "freedom": 2.05, "dispersion": 1e-5}


def parameters_of(
    outputs: Sequence[Any],
    distribution: str,
    softplus: Callable[[Any], Any] = softplus,
) -> list[Any]:
    """Return the parameters of a distribution from outputs of a network.

    Parameters
    ----------
    outputs : sequence of array of shape (n_samples, n_targets)
        The means, those of counts before softplus; then what softplus makes the other
        parameters.
    distribution : str
        One of `DISTRIBUTIONS`.
    softplus : callable, default=softplus
        The function of the outputs' library.
    """
    family = DISTRIBUTIONS[distribution]
    mean, *others = outputs
    parameters = [softplus(mean) if family.of_counts else mean]
    for name, output in zip(family.parameters[1:], others, strict=True):
        parameters.append(FLOORS[name] + softplus(output))
    return parameters


def starting_parameters(
    targets: NDArray[Any], weights: Array, distribution: str
) -> Array:
    """Return the outputs of which `parameters_of` makes the moments of targets.

    Parameters
    ----------
    targets : ndarray of shape (n_samples, n_columns)
        Targets on the scale of training; counts with their units behind them.
    weights : ndarray of shape (n_samples,)
        Sample weights.
    distribution : str
        One of `DISTRIBUTIONS`.

    Returns
    -------
    outputs : ndarray of shape (n_parameters, n_targets)
        In the order in which `parameters_of` takes them.
    """
    family = DISTRIBUTIONS[distribution]
    values, units = targets.astype(np.float64), None
    if family.of_counts:
        counts, units = np.split(values, 2, axis=1)
        values = counts / units
    mean = np.average(values, axis=0, weights=weights)
    variance = np.average((values - mean) ** 2, axis=0, weights=weights)
    starts = {
        "deviation": np.sqrt(variance),
        "size": np.sqrt(variance * (FREEDOM - 2) / FREEDOM),
        "freedom": np.full_like(mean, FREEDOM),
    }
    if units is not None:
        of_poisson = mean * np.average(1 / units, axis=0, weights=weights)
        positive = np.maximum(mean, SMALLEST_START)
        dispersion = (variance - of_poisson) / positive**2
        starts["dispersion"] = np.maximum(dispersion, LEAST_DISPERSION)
    outputs = [_undo_softplus(mean) if family.of_counts else mean]
    for name in family.parameters[1:]:
        outputs.append(_undo_softplus(starts[name] - FLOORS[name]))
    return np.stack(outputs)


def _undo_softplus(values: Array) -> Array:
    positive = np.maximum(values, SMALLEST_START)
    return np.asarray(positive + np.log(-np.expm1(-positive)))
