"""Targets that only make place, for which a loss wants other outputs."""

from __future__ import annotations

from typing import Any

from skrnn._scaling.scaling import Scaling, Statistics

__all__ = ["choose_scaling"]


def choose_scaling(statistics: Statistics, loss: Any) -> Scaling:
    """Return the scaling of statistics; targets that make place keep outputs.

    Parameters
    ----------
    statistics : Statistics
        Statistics of the training samples.
    loss : str, callable, class or keras.losses.Loss
        Loss, as the estimators take it.
    """
    scaling = statistics.scaling()
    if isinstance(loss, str) or (scaling.y_scale != 0).all():
        return scaling
    from skrnn._engine import losses

    compared = losses.compared_targets(loss, len(scaling.y_scale))
    return scaling.keep_outputs(compared)
