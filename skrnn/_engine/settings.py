"""How a network is trained: what Keras compiles, and the course of the epochs."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from .optimizers import settings_key
from .tensorflow import keras

__all__ = ["Course", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How to train: what Keras compiles into a model.

    Parameters
    ----------
    loss, optimizer, metrics : name, class, instance or function
        As the estimators take them.
    learning_rate : float
        Learning rate of an optimizer that is no instance.
    learning_rate_decay : {"cosine", "linear"} or None
        How the learning rate falls to zero over the updates of a training.
    clipnorm : float or None
        Norm to which the gradient of each array of weights is clipped.
    labels_missing : bool, default=False
        Whether targets may be NaN, which loss and metrics then leave out.
    """

    loss: Any = "mse"
    optimizer: Any = "adam"
    learning_rate: float = 1e-3
    metrics: Any = None
    learning_rate_decay: str | None = None
    clipnorm: float | None = None
    labels_missing: bool = False

    @property
    def key(self) -> Hashable:
        """What a program depends on; None if the settings do not tell.

        Names, Keras's classes and the settings of its optimizers do. Of other
        instances and of functions two that look alike may differ.
        """
        metrics = self.metrics or ()
        metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
        keys = tuple(_setting_key(each) for each in (self.loss, *metrics))
        keys += (_optimizer_key(self.optimizer),)
        if None in keys:
            return None
        return (*keys, self.learning_rate_decay, self.clipnorm, self.labels_missing)

    @property
    def sets_learning_rate(self) -> bool:
        """Whether the learning rate is ours to set, not that of an instance."""
        return not isinstance(self.optimizer, keras.optimizers.Optimizer)

    @property
    def first_rate(self) -> float:
        """The learning rate of the first update."""
        if self.sets_learning_rate:
            return self.learning_rate
        return float(self.optimizer.learning_rate)


@dataclass(frozen=True)
class Course:
    """How long and in which order to train.

    Parameters
    ----------
    epochs : int
        Passes over the samples.
    batch_size : int
        Samples for one step of the optimizer.
    shuffle : bool, default=True
        Whether every epoch takes the samples in another order.
    constant_rate : bool, default=False
        Whether the learning rate stays the same even if the recipe lets it fall.
    patience : int, default=None
        Stop after so many epochs without a better validation loss (training loss
        without validation), and go back to the best weights. None never stops.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Callbacks of this training alone, see `make_callbacks`.
    verbose : int, default=0
        0 is silent, 1 shows a bar over the epochs, 2 prints one line an epoch.
    """

    epochs: int
    batch_size: int
    shuffle: bool = True
    constant_rate: bool = False
    patience: int | None = None
    callbacks: Sequence[Any] = ()
    verbose: int = 0


def _setting_key(setting: Any) -> Hashable:
    """Identify a loss or a metric; None if it may differ from one that looks alike."""
    ours = inspect.isclass(setting) and setting.__module__.startswith("keras.")
    return setting if isinstance(setting, str) or ours else None


def _optimizer_key(optimizer: Any) -> Hashable:
    """Identify an optimizer; None if it may differ from one that looks alike."""
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return settings_key(optimizer)
    return _setting_key(optimizer)
