from functools import partial

import numpy as np
import pytest

from skrnn._engine.losses import compared_targets
from skrnn._engine.tensorflow import keras

ops = keras.ops


def likelihood(y_true, y_pred):
    """Minus log likelihood of a normal distribution of the first target."""
    mean, log_variance = y_pred[:, :1], y_pred[:, 1:2]
    squares = (y_true[:, :1] - mean) ** 2 * ops.exp(-log_variance)
    return ops.mean(0.5 * log_variance + 0.5 * squares, axis=-1)


class Likelihood(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return likelihood(y_true, y_pred)


def quantiles(y_true, y_pred):
    """Predict two quantiles of the first target; the second only makes place."""
    errors = y_true[:, :1] - y_pred
    levels = np.array([0.1, 0.9], dtype=np.float32)
    return ops.sum(ops.maximum(levels * errors, (levels - 1) * errors), axis=-1)


@pytest.mark.parametrize(
    "loss",
    [
        "mse",
        "poisson",
        keras.losses.Huber,
        keras.losses.Huber(),
        keras.losses.poisson,
        partial(keras.losses.huber, delta=0.5),
        lambda t, p: ops.mean(ops.abs(t - p), axis=-1),
        lambda t, p: ops.mean((t - p) ** 2),
    ],
)
def test_losses_compare_all_targets(loss):
    assert compared_targets(loss, 3).all()


@pytest.mark.parametrize(
    "loss", [likelihood, Likelihood, Likelihood(), quantiles, partial(likelihood)]
)
def test_targets_that_only_make_place_are_not_compared(loss):
    assert not compared_targets(loss, 2)[1]


def test_a_function_that_fails_compares_nothing():
    assert not compared_targets(lambda t, p: t / None, 2).any()
