"""Metrics of networks that predict quantiles or distributions: they compare points."""

from __future__ import annotations

from typing import Any

from skrnn._networks.description import Network, RecurrentNetwork
from skrnn._networks.quantiles import MEDIAN

from .tensorflow import keras

__all__ = ["compare_points", "counts_samples"]


def compare_points(metrics: list[Any], network: Network) -> list[Any]:
    """Return metrics that compare targets with medians, or with means.

    Raises
    ------
    ValueError
        If a name stands for several metrics, between which only Keras chooses.
    """
    if not isinstance(network, RecurrentNetwork) or not network.has_parts:
        return metrics
    quantiles = network.quantiles
    unclear = [each for each in metrics if isinstance(each, str)]
    if unclear:
        beside = "quantiles" if quantiles else "a distribution"
        raise ValueError(
            f"metrics must compare numbers beside {beside}, such as 'mae'. Got "
            f"{unclear[0]!r} instead, which stands for several metrics of classes; "
            "name another one."
        )
    if quantiles:
        return [OfPoints(metric, quantiles.index(MEDIAN)) for metric in metrics]
    return [OfPoints(metric, 0, has_units=network.has_units) for metric in metrics]


def counts_samples(metric: Any) -> bool:
    """Return whether a metric, or the one inside it, counts samples of weight 0, too.

    R2 that is adjusted for a number of regressors does.
    """
    while hasattr(metric, "_metric"):
        metric = metric._metric
    return bool(getattr(metric, "num_regressors", 0))


class OfPoints(keras.metrics.Metric):
    """A metric of the medians or means among what is predicted of each target.

    Parameters
    ----------
    metric : keras.metrics.Metric
        The metric.
    place : int
        Place of the median or mean.
    has_units : bool, default=False
        Whether units of the means follow the targets, which are divided by them.
    """

    def __init__(self, metric: Any, place: int, *, has_units: bool = False) -> None:
        super().__init__(name=metric.name, dtype=metric.dtype)
        self._metric, self._place, self._has_units = metric, place, has_units
        # By this callbacks see if more is better.
        self._direction = getattr(metric, "_direction", None)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add targets, and what is predicted for them."""
        points = y_pred[..., self._place]
        if self._has_units:
            n_targets = points.shape[1]
            units = y_true[:, n_targets:]
            # Samples that fill up a batch have zeros throughout.
            y_true = y_true[:, :n_targets] / keras.ops.where(units == 0, 1.0, units)
        return self._metric.update_state(y_true, points, sample_weight=sample_weight)

    def result(self) -> Any:
        """Return the metric of what was added."""
        return self._metric.result()

    def reset_state(self) -> None:
        """Forget what was added."""
        self._metric.reset_state()
