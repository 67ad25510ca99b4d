"""Losses as Keras knows them, before it takes the mean of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .tensorflow import keras, tf

__all__ = ["loss_of_samples"]


def loss_of_samples(loss: Any) -> Callable[..., Any] | None:
    """Return the loss of each sample, before Keras takes the mean of a batch.

    Returns
    -------
    loss : callable or None
        From targets and predictions of shape (n_samples, n_targets) to an array of
        shape (n_samples,). None if `loss` has a reduction of its own.
    """
    if isinstance(loss, keras.losses.Loss):
        if loss.reduction != "sum_over_batch_size":
            return None
        loss = loss.call

    def of_samples(targets: Any, predicted: Any) -> Any:
        values = loss(targets, predicted)
        if values.shape.rank == 0:
            raise TypeError("The loss gives one number for a batch, not one a sample.")
        return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))

    return of_samples
