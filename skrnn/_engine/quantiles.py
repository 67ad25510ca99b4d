"""The loss of a network of quantiles, and metrics that compare its medians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from skrnn._networks.quantiles import MEDIAN

from .tensorflow import keras

__all__ = ["compare_medians", "pinball"]


def pinball(quantiles: Sequence[float]) -> Callable[[Any, Any], Any]:
    """Return the pinball loss of quantiles, the mean over their levels and targets.

    A value that lies above its quantile of level q costs q times the distance, and one
    below it 1 - q times, so that the cheapest number is the quantile.

    Returns
    -------
    pinball_loss : callable
        From targets of shape (n_samples, n_targets) and predictions of shape
        (n_samples, n_targets, n_quantiles) to losses of shape (n_samples,).
    """
    levels = [float(quantile) for quantile in quantiles]

    def pinball_loss(y_true: Any, y_pred: Any) -> Any:
        # Keras drops the last axis of predictions of a single quantile.
        y_pred = keras.ops.reshape(y_pred, (-1, y_true.shape[1], len(levels)))
        above = keras.ops.expand_dims(y_true, axis=-1) - y_pred
        q = keras.ops.convert_to_tensor(levels, above.dtype)
        values = keras.ops.maximum(q * above, (q - 1) * above)
        return keras.ops.mean(values, axis=(1, 2))

    return pinball_loss


def compare_medians(metrics: list[Any], quantiles: Sequence[float]) -> list[Any]:
    """Return metrics that compare targets with the median among their quantiles.

    Raises
    ------
    ValueError
        If a name stands for several metrics, between which only Keras chooses.
    """
    unclear = [each for each in metrics if isinstance(each, str)]
    if unclear:
        raise ValueError(
            "metrics must compare numbers beside quantiles, such as 'mae'. Got "
            f"{unclear[0]!r} instead, which stands for several metrics of classes; "
            "name another one."
        )
    place = list(quantiles).index(MEDIAN)
    return [OfMedians(metric, place) for metric in metrics]


class OfMedians(keras.metrics.Metric):
    """A metric of the medians among predicted quantiles.

    Parameters
    ----------
    metric : keras.metrics.Metric
        The metric.
    place : int
        Place of the median among the quantiles.
    """

    def __init__(self, metric: Any, place: int) -> None:
        super().__init__(name=metric.name, dtype=metric.dtype)
        self._metric, self._place = metric, place
        # By this callbacks see if more is better.
        self._direction = getattr(metric, "_direction", None)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add targets, and the quantiles that are predicted for them."""
        medians = y_pred[..., self._place]
        return self._metric.update_state(y_true, medians, sample_weight=sample_weight)

    def result(self) -> Any:
        """Return the metric of what was added."""
        return self._metric.result()

    def reset_state(self) -> None:
        """Forget what was added."""
        self._metric.reset_state()
