"""A learning rate that falls to zero over the updates of one training."""

from __future__ import annotations

import math
from typing import Any

from .tensorflow import keras, tf

__all__ = ["Decay", "decayed_rate"]


class Decay:
    """A schedule of Keras's whose start and length are variables.

    So one compiled program serves trainings of any length. A length that is infinite
    keeps the rate constant.

    Parameters
    ----------
    shape : {"cosine", "linear"}
        How the rate falls from its first value to zero.
    first_rate : float
        Learning rate of the first update.

    Attributes
    ----------
    schedule : keras.optimizers.schedules.LearningRateSchedule
        What the optimizer takes as its learning rate.
    """

    def __init__(self, shape: str, first_rate: float) -> None:
        self._first_rate = tf.Variable(first_rate, dtype=tf.float32, trainable=False)
        self._n_updates = tf.Variable(math.inf, dtype=tf.float32, trainable=False)
        schedules = keras.optimizers.schedules
        self.schedule: Any
        if shape == "cosine":
            self.schedule = schedules.CosineDecay(self._first_rate, self._n_updates)
        else:
            self.schedule = schedules.PolynomialDecay(
                self._first_rate, self._n_updates, end_learning_rate=0.0
            )

        config = self.schedule.get_config()
        # Numbers in place of variables, so that a model that is saved can be loaded.
        self.schedule.get_config = lambda: (
            config
            | {
                "initial_learning_rate": float(self._first_rate.numpy()),
                "decay_steps": float(self._n_updates.numpy()),
            }
        )

    def start(self, first_rate: float, n_updates: float) -> None:
        """Set the first rate, and the number of updates after which the rate is 0."""
        self._first_rate.assign(first_rate)
        self._n_updates.assign(n_updates)


def decayed_rate(shape: str, first_rate: float, update: int, n_updates: float) -> float:
    """Return the learning rate of one update, counted from 0.

    It is what Keras's schedules compute, without a call of TensorFlow for each epoch.
    """
    fraction = update / n_updates
    if shape == "cosine":
        return first_rate * (1 + math.cos(math.pi * fraction)) / 2
    return first_rate * (1 - fraction)
