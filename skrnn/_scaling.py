"""Scaling of windows and targets with the statistics of the training samples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._windows import Windows

__all__ = ["Scaling", "learn_scaling"]


@dataclass(frozen=True)
class Scaling:
    """Means and scales of inputs and targets.

    Parameters
    ----------
    x_mean, x_scale : ndarray of shape (n_features,)
        Inputs become ``(x - x_mean) / x_scale``.
    fill : ndarray of shape (n_features,)
        What stands for a missing value in a step that is partly observed.
    y_mean, y_scale : ndarray of shape (n_targets,)
        Predictions become ``y * y_scale + y_mean``. The scale of a constant target is
        0, so that the constant is what is predicted.
    """

    x_mean: NDArray[np.float64]
    x_scale: NDArray[np.float64]
    fill: NDArray[np.float64]
    y_mean: NDArray[np.float64]
    y_scale: NDArray[np.float64]

    def let_vary(self, y: NDArray[np.float64]) -> Scaling:
        """Take back that a target is constant where new samples say otherwise."""
        differs = np.abs(y - self.y_mean) > _rounding(self.y_mean)
        varies = (self.y_scale == 0) & differs.any(axis=0)
        return replace(self, y_scale=np.where(varies, 1.0, self.y_scale))

    def scale_as(self, other: Scaling) -> Scaling:
        """Scale inputs as another scaling does."""
        return replace(
            self, x_mean=other.x_mean, x_scale=other.x_scale, fill=other.fill
        )

    def scale_windows(self, windows: Windows, *, fill: bool = True) -> Windows:
        """Scale rows, and fill holes of partly observed steps; others stay NaN."""
        rows = windows.rows.astype(np.float64)
        missing = np.isnan(rows)
        if fill and missing.any():
            partly = missing & ~missing.all(axis=1, keepdims=True)
            rows = np.where(partly, self.fill, rows)
        rows -= self.x_mean
        rows /= self.x_scale
        return windows.with_rows(_narrow(rows, "X"))

    def restore_windows(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Bring windows of shape (n_samples, n_steps, n_features) into their units."""
        return windows.astype(np.float64) * self.x_scale + self.x_mean

    def scale_targets(self, y: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale targets of shape (n_samples, n_targets)."""
        scale = np.where(self.y_scale == 0, 1.0, self.y_scale)
        return _narrow((y - self.y_mean) / scale, "y")

    def restore_targets(self, y: NDArray[np.float32]) -> NDArray[np.float64]:
        """Bring predictions into the units of the targets."""
        return y.astype(np.float64) * self.y_scale + self.y_mean


def learn_scaling(
    windows: Windows,
    y: NDArray[np.float64],
    sample_weight: NDArray[np.float64],
    *,
    standardize: bool,
) -> Scaling:
    """Learn means and scales from training samples.

    Every step of every window counts with the weight of its sample, so that windows
    give the same numbers whether or not they share their rows.

    Raises
    ------
    ValueError
        If a column has no observed value, or values too large to be squared.
    """
    uses = windows.uses_of_rows(sample_weight)
    used = uses > 0
    rows, uses = windows.rows[used].astype(np.float64), uses[used]
    x_mean, x_scale = _mean_and_scale(rows, uses)
    if np.isnan(x_mean).any():
        column = int(np.argmax(np.isnan(x_mean)))
        raise ValueError(
            f"Column {column} of X (counted from 0) is NaN in every training window; "
            "drop it, or pass rows in which it is observed."
        )
    y_mean, y_scale = _mean_and_scale(y, sample_weight)
    for name, scale in (("X", x_scale), ("y", y_scale)):
        if not np.isfinite(scale).all():
            column = int(np.argmin(np.isfinite(scale)))
            raise ValueError(
                f"Column {column} of {name} (counted from 0) holds values too large to "
                "compute their variance; divide them by a constant."
            )
    if not standardize:
        return Scaling(
            np.zeros_like(x_mean),
            np.ones_like(x_mean),
            x_mean,
            np.zeros_like(y_mean),
            np.ones_like(y_mean),
        )
    return Scaling(
        x_mean, np.where(x_scale == 0, 1.0, x_scale), x_mean, y_mean, y_scale
    )


def _mean_and_scale(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean and standard deviation of each column, NaN left out.

    A column that varies by no more than rounding has the scale 0.
    """
    observed = ~np.isnan(values)
    total = weights @ observed
    with np.errstate(invalid="ignore", over="ignore"):
        mean = weights @ np.where(observed, values, 0.0) / total
        deviations = np.where(observed, values - mean, 0.0)
        scale = np.sqrt(weights @ deviations**2 / total)
    return mean, np.where(scale <= _rounding(mean), 0.0, scale)


def _narrow(values: NDArray[np.float64], name: str) -> NDArray[np.float32]:
    """Give scaled values the precision of the network, if they fit into it."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if np.isinf(narrow).any():
        raise ValueError(
            f"{name} holds values too large for float32, in which networks compute; "
            "divide them by a constant, or set standardize=True and pass training "
            "windows of the same size as those to predict."
        )
    return narrow


def _rounding(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tell by how much equal numbers may differ from their computed mean."""
    return 10 * np.finfo(np.float64).eps * np.abs(mean)
