"""Minus the log likelihood of targets, as the loss of a network of distributions."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi
from typing import Any

from skrnn._networks.distributions import DISTRIBUTIONS

from .tensorflow import keras, tf

__all__ = ["minus_log_likelihood"]

# A rate of 0, which softplus rounds to, would make a count above it impossible.
SMALLEST_RATE = 1e-7


def minus_log_likelihood(distribution: str) -> Callable[[Any, Any], Any]:
    """Return minus the log likelihood of a distribution, the mean over targets.

    It is computed in float64: logarithms of gamma functions of numbers that are large
    and nearly equal, as those of a negative binomial distribution that is almost one of
    Poisson's, have no digits left in float32.

    Parameters
    ----------
    distribution : str
        One of `DISTRIBUTIONS`.

    Returns
    -------
    loss : callable
        From targets of shape (n_samples, n_targets) and parameters of shape (n_samples,
        n_targets, n_parameters), both on the scale of training, to losses of shape
        (n_samples,). Behind the targets of a distribution of counts, which are not
        scaled, come as many columns of the units of their means.
    """
    family = DISTRIBUTIONS[distribution]
    n_parameters, function = len(family.parameters), LIKELIHOODS[distribution]

    def loss(y_true: Any, y_pred: Any) -> Any:
        y = keras.ops.cast(y_true, "float64")
        n_targets = y.shape[1] // 2 if family.of_counts else y.shape[1]
        # Keras drops the last axis of predictions of a single parameter.
        parameters = keras.ops.reshape(y_pred, (-1, n_targets, n_parameters))
        parameters = keras.ops.cast(parameters, "float64")
        mean, *others = (parameters[..., i] for i in range(n_parameters))
        if family.of_counts:
            # Samples that fill up a batch have zeros throughout.
            units = keras.ops.maximum(y[:, n_targets:], SMALLEST_RATE)
            y, mean = y[:, :n_targets], (mean + SMALLEST_RATE) * units
        values = -keras.ops.mean(function(y, mean, *others), axis=1)
        return keras.ops.cast(values, y_pred.dtype)

    return loss


def _normal(y: Any, mean: Any, deviation: Any) -> Any:
    score = (y - mean) / deviation
    return -0.5 * score**2 - keras.ops.log(deviation) - 0.5 * log(2 * pi)


def _student_t(y: Any, mean: Any, size: Any, freedom: Any) -> Any:
    score, half = (y - mean) / size, (freedom + 1) / 2
    factor = tf.math.lgamma(half) - tf.math.lgamma(freedom / 2)
    factor -= keras.ops.log(size) + 0.5 * keras.ops.log(freedom * pi)
    return factor - half * keras.ops.log1p(score**2 / freedom)


def _poisson(y: Any, rate: Any) -> Any:
    return y * keras.ops.log(rate) - rate - tf.math.lgamma(y + 1)


def _negative_binomial(y: Any, mean: Any, dispersion: Any) -> Any:
    n, odds = 1 / dispersion, dispersion * mean
    ways = tf.math.lgamma(y + n) - tf.math.lgamma(n) - tf.math.lgamma(y + 1)
    return ways + y * keras.ops.log(odds) - (y + n) * keras.ops.log1p(odds)


LIKELIHOODS: dict[str, Callable[..., Any]] = {
    "normal": _normal,
    "student_t": _student_t,
    "poisson": _poisson,
    "negative_binomial": _negative_binomial,
}
