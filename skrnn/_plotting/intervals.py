"""Intervals around a forecast, as they are drawn."""

import numpy as np

from skrnn._index.reading import has_index

from .panels import in_blocks


def align_interval(y_interval, y_pred, forecast):
    """Return the ends of intervals as an array of shape (n_steps, n_targets, 2)."""
    if y_interval is None:
        return None
    y_interval = in_blocks(y_interval, y_pred, forecast)
    ends = np.asarray(y_interval, dtype=float)
    n_steps, n_targets = forecast.shape
    if ends.shape not in [(n_steps, n_targets, 2), (n_steps, 2 * n_targets)]:
        raise ValueError(
            "y_interval must hold the lower and the upper end for each row and target "
            f"of y_pred, which has the shape {np.shape(y_pred)}. Got the shape "
            f"{ends.shape} instead; pass what predict_interval returns."
        )
    if has_index(y_interval) and not y_interval.index.equals(forecast.index):
        raise ValueError(
            "y_interval must have the index of y_pred. Got another one; predict both "
            "for the same rows."
        )
    return ends.reshape(n_steps, n_targets, 2)


def name_interval(coverage):
    """Return the label of intervals that hold a share of the observations."""
    return "interval" if coverage is None else f"{100 * coverage:g} % interval"
