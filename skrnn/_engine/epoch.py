"""One epoch, a pass over the samples: pure TensorFlow, a loop in one graph.

A batch is gathered from the rows when its turn comes, so that windows are never laid
out. Samples are padded to sizes that many fits share; `n_samples` says how many of
them count, and the last batch is filled up with samples of no weight.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from skrnn._process.memory import check_memory
from skrnn._windows.windows import Windows

from .layers import rows_to_compare, split_inputs
from .missing import fill_holes
from .tensorflow import tf

__all__ = [
    "CopyTask",
    "PaddedSamples",
    "PredictionTask",
    "scale_windows",
    "training_epoch",
    "validation_epoch",
]

# Of tables this small all have the same size, so that many fits share a program.
SMALLEST_SIZE = 8192
SMALLEST_BYTES = 2**20


class PaddedSamples(NamedTuple):
    """Samples as tensors, padded.

    Parameters
    ----------
    rows : tensor of shape (n_rows, n_features)
        Rows of the windows.
    starts : tensor of shape (n_samples,), int32
        First row of each window.
    offsets : tensor of shape (n_steps,), int32
        Rows from the first step of a window to each of its steps.
    targets : tensor of shape (n_samples, n_targets) or (n_samples, n_steps, n_targets)
        What to predict.
    weights : tensor of shape (n_samples,) or (n_samples, n_steps)
        Sample weights, or those of each step.
    own_scale : tuple of tensor
        Shift and, perhaps, scale of the first columns of each window, as `WindowScale`
        has them; empty where windows have none.
    hole : tuple of tensor of shape (n_features,)
        Values by which those that are missing in a partly observed step are replaced.
    """

    rows: Any
    starts: Any
    offsets: Any
    targets: Any
    weights: Any
    own_scale: tuple[Any, ...] = ()
    hole: tuple[Any, ...] = ()

    @classmethod
    def of(
        cls, windows: Windows, targets: np.ndarray, weights: np.ndarray
    ) -> PaddedSamples:
        """Pad arrays to a size which many fits share, a power of two."""
        own = windows.own_scale
        parts = [] if own is None else [own.shift]
        parts += [] if own is None or own.scale is None else [own.scale]
        n_rows = _padded_size(len(windows.rows), _row_bytes([windows.rows]))
        n_samples = _padded_size(len(windows), _row_bytes([targets, *parts]))
        check_memory(
            # Padded rows as an array and as a tensor; zeros cost nothing at first.
            (n_rows + len(windows.rows)) * windows.n_features * windows.rows.itemsize,
            f"The table of {len(windows.rows)} rows of X, padded to {n_rows} and held "
            "twice,",
            "train on fewer rows at once, for instance by partial_fit",
        )
        hole = () if own is None or own.hole is None else (tf.constant(own.hole),)
        return cls(
            _pad(windows.rows, n_rows),
            _pad(windows.starts.astype(np.int32), n_samples),
            tf.constant(windows.offsets.astype(np.int32)),
            _pad(targets, n_samples),
            _pad(weights.astype(np.float32), n_samples),
            tuple(_pad(part, n_samples) for part in parts),
            hole,
        )

    def gather(self, samples: Any) -> Any:
        """Return the windows of some samples."""
        where = tf.gather(self.starts, samples)[:, None] + self.offsets
        windows = tf.gather(self.rows, where)
        if not self.own_scale:
            return windows
        own_scale = [tf.gather(part, samples)[:, None] for part in self.own_scale]
        return scale_windows(windows, own_scale, self.hole)


def scale_windows(windows: Any, own_scale: Any, hole: Any = ()) -> Any:
    """Shift and scale the first columns of windows, as `WindowScale.apply` does.

    Parameters
    ----------
    windows : tensor of shape (n_samples, n_steps, n_features)
        Windows.
    own_scale : sequence of tensor of shape (n_samples, 1, n_scaled)
        Shift and, perhaps, scale.
    hole : sequence of tensor of shape (n_features,)
        At most one: replacements of missing values in a step that is partly observed.
    """
    shift, *scale = own_scale
    n_scaled = shift.shape[-1]
    scaled = windows[..., :n_scaled] - shift
    for each in scale:
        scaled /= each
    windows = tf.concat([scaled, windows[..., n_scaled:]], axis=-1)
    return fill_holes(windows, hole[0]) if hole else windows


def pad_order(order: np.ndarray, samples: PaddedSamples, batch_size: int) -> Any:
    """Pad an order of samples so that its last batch is whole.

    It is filled up with its own first sample: one that is not to be trained on may be
    NaN, which no weight of 0 takes away.
    """
    padded = np.full(samples.starts.shape[0] + batch_size, order[0], dtype=np.int32)
    padded[: len(order)] = order
    return tf.constant(padded)


class PredictionTask:
    """Learning to predict targets.

    Parameters
    ----------
    loss : callable
        Loss of each sample, as `loss_of_samples` gives it.
    """

    def __init__(self, loss: Callable[..., Any]) -> None:
        self._loss = loss
        self.weights: tuple[float, ...] = (1.0,)
        self.names: tuple[str, ...] = ()

    def losses(self, outputs: Any, targets: Any) -> list[Any]:
        """Return the losses of all samples, a tensor for each term."""
        return [self._loss(targets, outputs)]

    def compared(
        self, windows: Any, outputs: Any, targets: Any, counts: Any
    ) -> tuple[Any, Any, Any]:
        """Return what metrics compare, true and predicted values, and their weights."""
        return targets, outputs, counts


class CopyTask:
    """Learning to copy windows, by a network that says itself what each one loses.

    Parameters
    ----------
    weights : dict of str to float
        Weight of each term of the loss; a single one has the weight 1.
    denoises : bool, default=False
        Whether clean windows stand behind the columns of those to copy.

    Attributes
    ----------
    names : tuple of str
        Terms that the history shows beside the loss: all, if there are several.
    """

    def __init__(self, weights: dict[str, float], *, denoises: bool = False) -> None:
        self._denoises = denoises
        self.weights = tuple(weights.values())
        self.names = tuple(weights) if len(weights) > 1 else ()

    def losses(self, outputs: Any, targets: Any) -> list[Any]:
        """Return the losses of all samples, a tensor for each term."""
        return [tf.squeeze(output, axis=1) for output in outputs[1:]]

    def compared(
        self, windows: Any, outputs: Any, targets: Any, counts: Any
    ) -> tuple[Any, Any, Any]:
        """Return steps as rows, their copies and which of them are whole."""
        _, clean = split_inputs(windows, denoises=self._denoises)
        rows, copies, whole = rows_to_compare(clean, outputs[0])
        return rows, copies, tf.repeat(counts, windows.shape[1]) * whole


def training_epoch(
    model: Any,
    optimizer: Any,
    task: PredictionTask | CopyTask,
    metrics: list[Any],
    batch_size: int,
) -> Callable[..., Any]:
    """Build the function of one training epoch, to be compiled.

    Parameters
    ----------
    model : keras.Model
        Network; its weights are updated.
    optimizer : keras.optimizers.Optimizer
        Optimizer, built.
    task : PredictionTask or CopyTask
        What the network learns.
    metrics : list of keras.metrics.Metric
        Metrics; their state is updated.
    batch_size : int
        Samples for one update.

    Returns
    -------
    epoch : callable
        From (samples, order, n_samples) to the mean loss and those of its terms.
    """

    def learn(
        windows: Any, targets: Any, weights: Any, counts: Any, n_counts: Any
    ) -> Any:
        # A weight that is read inside the loop over time steps would be kept once for
        # each step, for the gradient; so all of them are read ahead of it.
        variables = model.trainable_variables
        read = [tf.convert_to_tensor(variable.value) for variable in variables]
        with tf.GradientTape() as tape:
            tape.watch(read)
            outputs, others, regularization = model.stateless_call(
                read,
                [variable.value for variable in model.non_trainable_variables],
                windows,
                training=True,
                return_losses=True,
            )
            values = _mean_losses(task, outputs, targets, weights, n_counts)
            value = tf.add_n([values[0], *regularization])
            scaled = optimizer.scale_loss(value)
        _apply(optimizer, tape.gradient(scaled, read), variables)
        for variable, other in zip(model.non_trainable_variables, others, strict=True):
            variable.assign(other)
        _update(metrics, task.compared(windows, outputs, targets, counts))
        return tf.stack([value, *values[1:]])

    return _loop_over_batches(learn, batch_size, 1 + len(task.names))


def _apply(optimizer: Any, gradients: list[Any], variables: list[Any]) -> None:
    """Update variables, and leave nothing of the graph behind.

    A replica has its gradients summed over all replicas, even if there is one, by a
    function with a gradient of its own. TensorFlow keeps those in a registry for good,
    and with them the whole graph; so the update is made outside of the replica. In the
    scope of a strategy there is none, and Keras's own loop trains.
    """
    tf.distribute.get_replica_context().merge_call(
        lambda strategy, summed: optimizer.apply(summed, variables), args=(gradients,)
    )


def validation_epoch(
    model: Any, task: PredictionTask | CopyTask, metrics: list[Any], batch_size: int
) -> Callable[..., Any]:
    """Build the function that evaluates samples; see `training_epoch`."""

    def evaluate(
        windows: Any, targets: Any, weights: Any, counts: Any, n_counts: Any
    ) -> Any:
        outputs = model(windows, training=False)
        _update(metrics, task.compared(windows, outputs, targets, counts))
        values = _mean_losses(task, outputs, targets, weights, n_counts)
        return tf.stack([tf.add_n([values[0], *model.losses]), *values[1:]])

    return _loop_over_batches(evaluate, batch_size, 1 + len(task.names))


def _loop_over_batches(
    step: Callable[..., Any], batch_size: int, n_values: int
) -> Callable[..., Any]:
    """Build a loop over batches which returns the means of what a step returns."""

    def loop(samples: PaddedSamples, order: Any, n_samples: Any) -> Any:
        places = tf.range(batch_size)

        def body(batch: Any, totals: Any) -> tuple[Any, Any]:
            first = batch * batch_size
            picked = tf.slice(order, [first], [batch_size])
            counts = tf.cast(first + places < n_samples, tf.float32)
            n_counts = tf.reduce_sum(counts)
            values = step(
                samples.gather(picked),
                tf.gather(samples.targets, picked),
                _zero_uncounted(tf.gather(samples.weights, picked), counts),
                counts,
                n_counts,
            )
            # Keras weights the loss of a batch by its size.
            return batch + 1, totals + values * n_counts

        n_batches = (n_samples + batch_size - 1) // batch_size
        _, totals = tf.while_loop(
            lambda batch, totals: batch < n_batches,
            body,
            [tf.constant(0), tf.zeros(n_values)],
        )
        return totals / tf.cast(n_samples, tf.float32)

    return loop


def _mean_losses(
    task: PredictionTask | CopyTask,
    outputs: Any,
    targets: Any,
    weights: Any,
    n_counts: Any,
) -> list[Any]:
    """Return the mean loss of a batch and, of several terms, that of each."""
    losses = task.losses(outputs, targets)
    terms = [tf.reduce_sum(weights * loss) / n_counts for loss in losses]
    if not task.names:
        return terms
    pairs = zip(task.weights, terms, strict=True)
    return [tf.add_n([weight * term for weight, term in pairs]), *terms]


def _update(metrics: list[Any], compared: tuple[Any, Any, Any]) -> None:
    # Counts, and not sample weights, which Keras's `metrics` do not see either; those
    # of `weighted_metrics` do.
    expected, predicted, counts = compared
    for metric in metrics:
        metric.update_state(expected, predicted, sample_weight=counts)


def _zero_uncounted(weights: Any, counts: Any) -> Any:
    of_steps = weights.shape.rank == 2
    return weights * (counts[:, None] if of_steps else counts)


def _row_bytes(tables: list[np.ndarray]) -> int:
    return sum(prod(table.shape[1:]) * table.itemsize for table in tables)


def _padded_size(size: int, row_bytes: int) -> int:
    """Return a power of two, at least the smallest size unless rows are wide."""
    smallest = min(SMALLEST_SIZE, SMALLEST_BYTES // max(1, row_bytes))
    return max(_next_power(max(1, smallest)), _next_power(size))


def _next_power(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _pad(array: np.ndarray, size: int) -> Any:
    padded = np.zeros((size, *array.shape[1:]), dtype=array.dtype)
    padded[: len(array)] = array
    return tf.constant(padded)
