"""The loss and the metrics of targets of every step: each labelled step is a sample.

A step without a label has NaN as its target, and the weight 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skrnn._networks.description import RecurrentNetwork

from .point_metrics import counts_samples
from .tensorflow import keras, tf

__all__ = ["compare_steps", "loss_of_steps"]

# Stands for a missing target, which a weight of 0 takes away only if the loss is a
# number: logarithms and quotients of 0.5 are, and those of 1 - 0.5.
PLACEHOLDER = 0.5


def loss_of_steps(
    loss: Callable[..., Any] | None, network: RecurrentNetwork, given: Any
) -> Callable[..., Any]:
    """Return the loss of each step.

    Parameters
    ----------
    loss : callable or None
        Loss of each sample, as `loss_of_samples` gives it.
    network : RecurrentNetwork
        The network, which returns sequences.
    given : object
        The loss as the user gave it, for messages.

    Returns
    -------
    of_steps : callable
        From targets of shape (n_samples, n_steps, n_targets) and outputs to an array of
        shape (n_samples, n_steps).
    """
    if loss is None:
        raise ValueError(
            "loss must give one number for each step with return_sequences=True. Got "
            f"{given!r} instead, which reduces them in its own way; leave its "
            "reduction at 'sum_over_batch_size'."
        )
    of_samples = loss

    def of_steps(targets: Any, outputs: Any) -> Any:
        values = of_samples(*_steps_as_samples(network, targets, outputs)[:2])
        return tf.reshape(values, (-1, network.n_steps))

    return of_steps


def compare_steps(metrics: list[Any], network: RecurrentNetwork) -> list[Any]:
    """Return metrics that compare labelled steps.

    Raises
    ------
    ValueError
        If a name stands for several metrics, between which only Keras chooses, or a
        metric would count steps without a label.
    """
    unclear = [each for each in metrics if isinstance(each, str)]
    if unclear:
        raise ValueError(
            "metrics must compare numbers with return_sequences=True, such as 'mae'. "
            f"Got {unclear[0]!r} instead, which stands for several metrics of classes; "
            "name another one."
        )
    adjusted = [each.name for each in metrics if counts_samples(each)]
    if adjusted:
        raise ValueError(
            "metrics must leave out steps of weight 0 with return_sequences=True. Got "
            f"{adjusted[0]!r} with num_regressors above 0 instead, which counts them "
            "as samples; set num_regressors=0."
        )
    return [OfSteps(metric, network) for metric in metrics]


class OfSteps(keras.metrics.Metric):
    """A metric of all labelled steps.

    Parameters
    ----------
    metric : keras.metrics.Metric
        The metric.
    network : RecurrentNetwork
        The network, which returns sequences.
    """

    def __init__(self, metric: Any, network: RecurrentNetwork) -> None:
        super().__init__(name=metric.name, dtype=metric.dtype)
        self._metric, self._network = metric, network
        # By this callbacks see if more is better.
        self._direction = getattr(metric, "_direction", None)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add targets of steps, and what is predicted for them."""
        *compared, counts = _steps_as_samples(self._network, y_true, y_pred)
        if sample_weight is not None:
            counts *= tf.repeat(sample_weight, self._network.n_steps)
        return self._metric.update_state(*compared, sample_weight=counts)

    def result(self) -> Any:
        """Return the metric of what was added."""
        return self._metric.result()

    def reset_state(self) -> None:
        """Forget what was added."""
        self._metric.reset_state()


def _steps_as_samples(
    network: RecurrentNetwork, targets: Any, outputs: Any
) -> tuple[Any, Any, Any]:
    """Return targets and outputs of all steps, and 1 for those that have a label."""
    flat = tf.reshape(targets, (-1, network.n_targets))
    # Where some of several targets are known, the loss leaves out the others.
    unlabelled = tf.reduce_all(tf.math.is_nan(flat), axis=-1)
    counts = tf.cast(~unlabelled, flat.dtype)
    placeholder = tf.constant(PLACEHOLDER, flat.dtype)
    filled = tf.where(unlabelled[:, None], placeholder, flat)
    shape = (-1, *network.shape_for_loss)
    predicted = tf.reshape(outputs, shape)
    # From these Keras computes crossentropies that are exact close to 0 and 1.
    logits = getattr(outputs, "_keras_logits", None)
    if logits is not None:
        predicted._keras_logits = tf.reshape(logits, shape)
    return filled, predicted, counts
