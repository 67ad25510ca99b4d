"""What one pass over the samples is: pure TensorFlow, compiled by XLA.

A batch is gathered from the rows when its turn comes, so that windows are never laid
out. The tables are padded to sizes that many fits share; `n_samples` says how much of
them counts, and the last batch is filled up with samples of no weight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ._tensorflow import keras, tf
from ._windows import Windows

__all__ = ["Table", "loss_of_samples", "training_epoch", "validation_epoch"]

SMALLEST_TABLE = 8192


class Table(NamedTuple):
    """Samples as tensors, padded.

    Parameters
    ----------
    rows : tensor of shape (n_rows, n_features)
        Rows of the windows.
    starts : tensor of shape (n_samples,), int32
        First row of each window.
    offsets : tensor of shape (n_steps,), int32
        Rows from the first step of a window to each of its steps.
    targets : tensor of shape (n_samples, n_targets)
        What to predict.
    weights : tensor of shape (n_samples,)
        Sample weights.
    """

    rows: Any
    starts: Any
    offsets: Any
    targets: Any
    weights: Any

    @classmethod
    def of(cls, windows: Windows, targets: np.ndarray, weights: np.ndarray) -> Table:
        """Pad arrays to a size which many fits share, a power of two."""
        n_samples = _padded_size(len(windows))
        return cls(
            _pad(windows.rows, _padded_size(len(windows.rows))),
            _pad(windows.starts.astype(np.int32), n_samples),
            tf.constant(windows.offsets.astype(np.int32)),
            _pad(targets, n_samples),
            _pad(weights.astype(np.float32), n_samples),
        )


def pad_order(order: np.ndarray, table: Table, batch_size: int) -> Any:
    """Pad an order of samples so that its last batch is whole.

    It is filled up with its own first sample: one that is not to be trained on may be
    NaN, which no weight of 0 takes away.
    """
    padded = np.full(table.starts.shape[0] + batch_size, order[0], dtype=np.int32)
    padded[: len(order)] = order
    return tf.constant(padded)


def training_epoch(
    model: Any,
    optimizer: Any,
    loss: Callable[..., Any],
    metrics: list[Any],
    batch_size: int,
) -> Any:
    """Build the function of one training epoch.

    Parameters
    ----------
    model : keras.Model
        Network; its weights are updated.
    optimizer : keras.optimizers.Optimizer
        Optimizer, built.
    loss : callable
        Loss of each sample, as `loss_of_samples` gives it.
    metrics : list of keras.metrics.Metric
        Metrics; their state is updated.
    batch_size : int
        Samples for one update.

    Returns
    -------
    epoch : tf.function
        From (table, order, n_samples) to the mean loss.
    """

    def learn(windows, targets, weights, counts, n_counts):
        # A weight that is read inside the loop over time steps would be kept once for
        # each step, for the gradient; so all of them are read ahead of it.
        variables = model.trainable_variables
        read = [tf.convert_to_tensor(variable.value) for variable in variables]
        with tf.GradientTape() as tape:
            tape.watch(read)
            predicted, others, losses = model.stateless_call(
                read,
                [variable.value for variable in model.non_trainable_variables],
                windows,
                training=True,
                return_losses=True,
            )
            value = tf.reduce_sum(weights * loss(targets, predicted)) / n_counts
            value = tf.add_n([value, *losses])
        optimizer.apply(tape.gradient(value, read), variables)
        for variable, other in zip(model.non_trainable_variables, others, strict=True):
            variable.assign(other)
        _update(metrics, targets, predicted, counts)
        return value

    return _compiled_loop(learn, batch_size)


def validation_epoch(
    model: Any, loss: Callable[..., Any], metrics: list[Any], batch_size: int
) -> Any:
    """Build the function that evaluates samples; see `training_epoch`."""

    def evaluate(windows, targets, weights, counts, n_counts):
        predicted = model(windows, training=False)
        _update(metrics, targets, predicted, counts)
        value = tf.reduce_sum(weights * loss(targets, predicted)) / n_counts
        return tf.add_n([value, *model.losses])

    return _compiled_loop(evaluate, batch_size)


def loss_of_samples(loss: Any) -> Callable[..., Any] | None:
    """Give the loss of each sample, before Keras takes the mean of a batch.

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

    def of_samples(targets, predicted):
        values = loss(targets, predicted)
        if values.shape.rank == 0:
            raise TypeError("The loss gives one number for a batch, not one a sample.")
        return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))

    return of_samples


def _compiled_loop(step: Callable[..., Any], batch_size: int) -> Any:
    """Compile a loop over batches which returns the mean of the batches' losses."""

    def loop(table, order, n_samples):
        places = tf.range(batch_size)

        def body(batch, total):
            first = batch * batch_size
            picked = tf.slice(order, [first], [batch_size])
            counts = tf.cast(first + places < n_samples, tf.float32)
            n_counts = tf.reduce_sum(counts)
            where = tf.gather(table.starts, picked)[:, None] + table.offsets
            value = step(
                tf.gather(table.rows, where),
                tf.gather(table.targets, picked),
                tf.gather(table.weights, picked) * counts,
                counts,
                n_counts,
            )
            # Keras weights the loss of a batch by its size.
            return batch + 1, total + value * n_counts

        n_batches = (n_samples + batch_size - 1) // batch_size
        _, total = tf.while_loop(
            lambda batch, total: batch < n_batches, body, [tf.constant(0), 0.0]
        )
        return total / tf.cast(n_samples, tf.float32)

    # Nothing here needs AutoGraph, which writes a file for each function it converts.
    return tf.function(loop, jit_compile=True, autograph=False)


def _update(metrics: list[Any], targets: Any, predicted: Any, counts: Any) -> None:
    for metric in metrics:
        metric.update_state(targets, predicted, sample_weight=counts)


def _padded_size(size: int) -> int:
    return max(SMALLEST_TABLE, 1 << (size - 1).bit_length())


def _pad(array: np.ndarray, size: int) -> Any:
    padded = np.zeros((size, *array.shape[1:]), dtype=array.dtype)
    padded[: len(array)] = array
    return tf.constant(padded)
