"""Losses and metrics of targets of which some are missing, which are NaN.

A sample is laid out as one sample for each of its targets, so that what is missing can
be left out by a weight of 0. That changes nothing for losses that are means over the
targets; others are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .losses import loss_of_samples, reduces_batches
from .tensorflow import keras, tf

__all__ = ["loss_of_labels", "metrics_of_labels"]

# Stands for what is missing, where any loss has a value and a slope: it may be a
# probability, a positive number and one that is neither 0 nor 1.
STAND_IN = 0.5


def loss_of_labels(loss: Any, shape: tuple[int, ...]) -> Callable[[Any, Any], Any]:
    """Return the loss of each sample, in which missing targets count as 0.

    Parameters
    ----------
    loss : callable or keras.losses.Loss
        Loss, as `keras.Model.compile` takes it.
    shape : tuple of int
        Shape of the outputs for a sample, of which the first axis is that of targets.

    Returns
    -------
    loss : callable
        From targets of shape (n_samples, n_targets) and predictions of shape
        (n_samples, *shape) to the mean over the targets, of shape (n_samples,).

    Raises
    ------
    ValueError
        If the loss is no mean over the targets.
    """
    of_samples = loss_of_samples(loss)
    if (
        of_samples is None
        or reduces_batches(loss, (2, *shape))
        or not _takes_targets_apart(of_samples, shape)
    ):
        raise ValueError(_refusal("loss", loss))

    def of_labels(y_true: Any, y_pred: Any) -> Any:
        observed, targets, predicted = _lay_out(y_true, y_pred)
        values = tf.where(observed, of_samples(targets, predicted), 0.0)
        values = tf.reshape(values, (-1, *y_true.shape[1:]))
        return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))

    return of_labels


def metrics_of_labels(metrics: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Return metrics that leave out missing targets.

    Parameters
    ----------
    metrics : list of str or keras.metrics.Metric
        Metrics.
    shape : tuple of int
        As in `loss_of_labels`.

    Raises
    ------
    ValueError
        If a metric is no function of all targets alike, or a name stands for several
        metrics, between which only Keras chooses.
    """
    return [_OfLabels.of(metric, shape) for metric in metrics]


class _OfLabels(keras.metrics.Metric):
    """A metric that leaves out missing targets.

    Parameters
    ----------
    metric : keras.metrics.Metric
        The metric.
    """

    def __init__(self, metric: Any) -> None:
        super().__init__(name=metric.name, dtype=metric.dtype)
        self._metric = metric
        # By this callbacks see if more is better.
        self._direction = getattr(metric, "_direction", None)

    @classmethod
    def of(cls, metric: Any, shape: tuple[int, ...]) -> _OfLabels:
        """Wrap a metric; raise if it compares the targets of a sample together."""
        if isinstance(metric, str) or not _takes_targets_apart(
            lambda *pair: _evaluate(metric, *pair), shape
        ):
            raise ValueError(_refusal("metrics", getattr(metric, "name", metric)))
        return cls(metric)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add targets, and what is predicted for them."""
        observed, targets, predicted = _lay_out(y_true, y_pred)
        weights = tf.cast(observed, tf.float32)
        if sample_weight is not None:
            n_targets = int(np.prod(y_true.shape[1:]))
            weights *= tf.repeat(tf.reshape(sample_weight, (-1,)), n_targets)
        return self._metric.update_state(targets, predicted, sample_weight=weights)

    def result(self) -> Any:
        """Return the metric of what was added."""
        return self._metric.result()

    def reset_state(self) -> None:
        """Forget what was added."""
        self._metric.reset_state()


def _lay_out(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Return which targets are observed, and a sample for each target.

    Returns
    -------
    observed : tensor of bool of shape (n_labels,)
        Which are observed.
    targets : tensor of shape (n_labels, 1)
        Targets.
    predicted : tensor of shape (n_labels, 1, ...)
        Outputs for them.
    """
    observed = tf.reshape(tf.math.logical_not(tf.math.is_nan(y_true)), (-1,))
    targets = tf.where(observed[:, None], tf.reshape(y_true, (-1, 1)), STAND_IN)
    shape = (-1, 1, *y_pred.shape[y_true.shape.rank :])
    predicted = tf.reshape(y_pred, shape)
    # From these Keras computes crossentropies that are exact close to 0 and 1.
    logits = getattr(y_pred, "_keras_logits", None)
    if logits is not None:
        predicted._keras_logits = tf.reshape(logits, shape)
    return observed, targets, predicted


def _evaluate(metric: Any, y_true: Any, y_pred: Any) -> Any:
    metric.reset_state()
    metric.update_state(y_true, y_pred)
    value = tf.convert_to_tensor(metric.result())
    metric.reset_state()
    return value


def _takes_targets_apart(
    measure: Callable[[Any, Any], Any], shape: tuple[int, ...]
) -> bool:
    """Return whether a loss or a metric is the mean of what it gives for each target.

    What fails on whole samples is reported by training.
    """
    random = np.random.RandomState(0)
    y_true, y_pred = (
        tf.constant(random.uniform(0.1, 0.9, (4, *axes)).astype(np.float32))
        for axes in (shape[:1], shape)
    )
    try:
        whole = measure(y_true, y_pred)
    except Exception:
        return True
    try:
        _, *apart = _lay_out(y_true, y_pred)
        values = measure(*apart)
    except Exception:  # A function of the user's can fail in any way.
        return False
    if values.shape.rank:
        values = tf.reduce_mean(tf.reshape(values, (4, -1)), axis=1)
    return np.allclose(values, whole, rtol=1e-4, atol=1e-6)


def _refusal(parameter: str, given: Any) -> str:
    return (
        f"{parameter} must be a mean over the targets where y has missing values, so "
        f"that these can be left out. Got {given!r} instead, which compares the "
        "targets of a sample together; choose another, such as 'mae', or leave out "
        "such samples by a sample_weight of 0, as by "
        "sample_weight=~np.isnan(y).any(axis=1)."
    )
