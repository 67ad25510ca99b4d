"""Scaling of windows and targets with the statistics of the training samples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skrnn._checks.places import column_at
from skrnn._serialization.plain import stored
from skrnn._windows.windows import Windows, WindowScale

from .moments import Moments, rounding
from .normalization import Normalization

__all__ = [
    "MISSING_CODE",
    "RollOutScales",
    "Scaling",
    "Statistics",
    "scale_roll_out",
    "weights_of_windows",
]

# Code of a missing category, as pandas has it. Any code that is not known will do.
MISSING_CODE = -1

# Windows that are copied at once: all of them would be n_steps times as large as the
# rows.
CHUNK = 8192


@stored(
    "Scaling",
    {
        "x_mean": "x_mean",
        "x_scale": "x_scale",
        "fill": "fill",
        "y_mean": "y_mean",
        "y_scale": "y_scale",
    },
)
@dataclass(frozen=True)
class Scaling:
    """Means and scales of inputs and targets.

    Parameters
    ----------
    x_mean, x_scale : ndarray of shape (n_features,)
        Inputs become ``(x - x_mean) / x_scale``.
    fill : ndarray of shape (n_features,)
        Fills missing values of steps that are partly observed.
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
        """Set the scale of constant targets to 1 where new samples vary."""
        differs = np.abs(y - self.y_mean) > rounding(self.y_mean)
        varies = (self.y_scale == 0) & differs.any(axis=tuple(range(y.ndim - 1)))
        return replace(self, y_scale=np.where(varies, 1.0, self.y_scale))

    def keep_outputs(self, compared: NDArray[np.bool_]) -> Scaling:
        """Keep constant targets, and what is predicted for them, unless compared.

        Parameters
        ----------
        compared : ndarray of shape (n_targets,)
            Which targets the loss compares with their predictions. Where it does not,
            the output is something else than the target.
        """
        kept = (self.y_scale == 0) & ~compared
        return replace(
            self,
            y_mean=np.where(kept, 0.0, self.y_mean),
            y_scale=np.where(kept, 1.0, self.y_scale),
        )

    def keep_inputs(self) -> Scaling:
        """Return a scaling that keeps inputs, such as probabilities to be copied."""
        return replace(
            self,
            x_mean=np.zeros_like(self.x_mean),
            x_scale=np.ones_like(self.x_scale),
        )

    def scale_as(self, other: Scaling) -> Scaling:
        """Return a scaling of the same targets, which scales inputs as another does."""
        return replace(
            self, x_mean=other.x_mean, x_scale=other.x_scale, fill=other.fill
        )

    def keep_targets(self) -> Scaling:
        """Return a scaling that keeps targets, such as the 0 and 1 of classes."""
        return replace(
            self,
            y_mean=np.zeros_like(self.y_mean),
            y_scale=np.ones_like(self.y_scale),
        )

    def scale_windows(self, windows: Windows, *, fill: bool = True) -> Windows:
        """Scale windows, and fill holes of partly observed steps; others stay NaN."""
        # In float32 large values would lose digits before their mean is subtracted.
        rows = windows.rows.astype(np.float64)
        missing = np.isnan(rows)
        partly = missing & ~missing.all(axis=1, keepdims=True)
        fill = fill and bool(partly.any())
        if windows.own_scale is not None:
            return self._merge_own_scale(windows, rows, windows.own_scale, fill)
        if fill:
            rows = np.where(partly, self.fill, rows)
        rows -= self.x_mean
        rows /= self.x_scale
        return windows.with_rows(_narrow(rows, "X"))

    def _merge_own_scale(
        self, windows: Windows, rows: NDArray[np.float64], own: WindowScale, fill: bool
    ) -> Windows:
        """Merge the scaling of each window with this one, in the rows and in its own.

        Rows get mean 0 and the shift of each window changes accordingly, because the
        difference of the two is taken in float32.
        """
        n_scaled = own.shift.shape[1]
        mean, scale = self.x_mean[:n_scaled], self.x_scale[:n_scaled]
        centre, unit = self.x_mean.copy(), self.x_scale.copy()
        shift, own_scale = own.shift + mean, None
        moments = Moments.of(rows[:, :n_scaled], np.ones(len(rows)))
        centre[:n_scaled], spread = moments.mean_and_scale()
        if own.scale is not None:
            unit[:n_scaled] = np.where(spread > 0, spread, 1.0)
            own_scale = own.scale * scale / unit[:n_scaled]
            shift = own.shift + own.scale * mean
        shift = (shift - centre[:n_scaled]) / unit[:n_scaled]
        rows -= centre
        rows /= unit
        scaled = WindowScale(
            _narrow(shift, "X"),
            own_scale if own_scale is None else _narrow(own_scale, "X"),
            _narrow((self.fill - self.x_mean) / self.x_scale, "X") if fill else None,
        )
        return replace(windows, rows=_narrow(rows, "X"), own_scale=scaled)

    def restore_windows(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return scaled windows (n_samples, n_steps, n_features) in their own units."""
        return windows.astype(np.float64) * self.x_scale + self.x_mean

    def scale_targets(self, y: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale targets of shape (n_samples, n_targets) or (..., n_targets)."""
        # A constant target is 0 after the shift, whatever it is then divided by.
        scale = np.where(self.y_scale == 0, 1.0, self.y_scale)
        return _narrow((y - self.y_mean) / scale, "y")

    def restore_targets(
        self, y: NDArray[np.float32], axis: int = 1
    ) -> NDArray[np.float64]:
        """Return predictions in the units of the targets, which have an axis of theirs.

        Other axes, such as one of quantiles, stay.
        """
        by_target = np.moveaxis(y.astype(np.float64), axis, -1)
        return np.moveaxis(by_target * self.y_scale + self.y_mean, -1, axis)


@stored(
    "Statistics",
    {
        "x": "x",
        "y": "y",
        "standardize": "standardize",
        "inputs": "inputs",
        "target_scaling": "target_scaling",
        "codes": "codes",
    },
)
@dataclass(frozen=True)
class Statistics:
    """Moments of inputs and targets, from which their scaling follows.

    Parameters
    ----------
    x, y : Moments
        Moments of all steps of all windows, and of the targets.
    standardize : bool
        Whether inputs and targets are scaled at all.
    inputs : Scaling or None, default=None
        A scaling of inputs that was taken over and does not change.
    target_scaling : {"standard", "scale", "none"}, default="standard"
        How targets are scaled: by mean and standard deviation, by their root mean
        square without a shift, or not at all.
    codes : tuple of int, default=()
        Places of the inputs that are codes of categories, which are not scaled.
    """

    x: Moments
    y: Moments
    standardize: bool
    inputs: Scaling | None = None
    target_scaling: str = "standard"
    codes: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        windows: Windows,
        y: NDArray[np.float64],
        sample_weight: NDArray[np.float64],
        *,
        standardize: bool,
        inputs: Scaling | None = None,
        target_scaling: str = "standard",
        codes: tuple[int, ...] = (),
    ) -> Statistics:
        """Compute the statistics of training samples.

        Every step of every window counts with the weight of its sample, so that windows
        give the same numbers whether or not they share their rows. Targets of steps,
        (n_samples, n_steps, n_targets), have weights (n_samples, n_steps).
        """
        x = _moments_of(windows, weights_of_windows(sample_weight))
        counts = sample_weight > 0
        y_moments = Moments.of(y[counts], sample_weight[counts])
        return cls(x, y_moments, standardize, inputs, target_scaling, codes)

    def merge(self, other: Statistics) -> Statistics:
        """Return the statistics of both samples together."""
        return replace(self, x=self.x.merge(other.x), y=self.y.merge(other.y))

    def check_observed(self) -> None:
        """Raise if a column of the inputs has no observed value."""
        if not self.x.weight.all():
            column = int(np.argmin(self.x.weight > 0))
            raise ValueError(
                f"X is NaN in {column_at(column)} of every training window; drop the "
                "column, or pass rows in which it is observed."
            )

    def scaling(self) -> Scaling:
        """Compute the means and scales.

        Raises
        ------
        ValueError
            If a target is missing throughout, or values are too large to be squared.
        """
        if not self.y.weight.all():
            column = int(np.argmin(self.y.weight > 0))
            raise ValueError(
                f"y is NaN in {column_at(column)} of every sample to train on; drop "
                "the column, or pass samples in which it is known."
            )
        (x_mean, x_scale), (y_mean, y_scale) = (
            moments.mean_and_scale() for moments in (self.x, self.y)
        )
        for name, scale in (("X", x_scale), ("y", y_scale)):
            if not np.isfinite(scale).all():
                column = int(np.argmin(np.isfinite(scale)))
                raise ValueError(
                    f"{name} holds values too large to compute their variance in "
                    f"{column_at(column)}; divide them by a constant."
                )
        # Holes are filled with the mean even where nothing is scaled.
        fill = x_mean.copy()
        y_mean, y_scale = self._scale_of_targets(y_mean, y_scale)
        if not self.standardize:
            x_mean, y_mean = np.zeros_like(x_mean), np.zeros_like(y_mean)
            x_scale, y_scale = np.ones_like(x_mean), np.ones_like(y_mean)
        x_scale = np.where(x_scale == 0, 1.0, x_scale)
        codes = list(self.codes)
        x_mean[codes], x_scale[codes], fill[codes] = 0.0, 1.0, MISSING_CODE
        scaling = Scaling(x_mean, x_scale, fill, y_mean, y_scale)
        return scaling if self.inputs is None else scaling.scale_as(self.inputs)

    def _scale_of_targets(
        self, mean: NDArray[np.float64], deviation: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what is subtracted from targets, and what they are divided by."""
        if self.target_scaling == "standard":
            return mean, deviation
        zero, one = np.zeros_like(mean), np.ones_like(mean)
        if self.target_scaling == "none":
            return zero, one
        size = np.hypot(mean, deviation)
        return zero, np.where(size > 0, size, one)


def weights_of_windows(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a weight for each window; of weights for each step the largest one."""
    return weights if weights.ndim == 1 else weights.max(axis=1)


def _moments_of(windows: Windows, weights: NDArray[np.float64]) -> Moments:
    """Return the moments of all steps of windows."""
    uses = windows.count_uses(weights)
    # Rows that do not count are left out: 0 times an infinite square would be NaN.
    used = uses > 0
    rows, uses = windows.rows[used].astype(np.float64), uses[used]
    if windows.own_scale is None:
        return Moments.of(rows, uses)
    n_scaled = windows.own_scale.shift.shape[1]
    scaled = _moments_of_scaled(windows, weights, n_scaled)
    return scaled.beside(Moments.of(rows[:, n_scaled:], uses))


def _moments_of_scaled(
    windows: Windows, weights: NDArray[np.float64], n_scaled: int
) -> Moments:
    """Return the moments of the columns that each window scales by itself."""
    windows = windows.with_rows(windows.rows[:, :n_scaled].astype(np.float64))
    # A value that fills a hole was not observed.
    if windows.own_scale is not None:
        windows = replace(windows, own_scale=replace(windows.own_scale, hole=None))
    moments = Moments.none(n_scaled)
    for start in range(0, len(windows), CHUNK):
        chunk = slice(start, start + CHUNK)
        steps = windows.gather(chunk).reshape(-1, n_scaled)
        step_weights = np.repeat(weights[chunk], windows.n_steps)
        moments = moments.merge(Moments.of(steps, step_weights))
    return moments


@dataclass(frozen=True)
class RollOutScales:
    """How a roll-out scales the targets of windows and the outputs of a network.

    Parameters
    ----------
    mode : {"last", "meanstd"} or None
        How each window is normalised.
    scale_in, shift_in : ndarray of shape (n_targets,)
        Convert a normalised window to the scale of inputs.
    hole : ndarray of shape (n_features,)
        Fills missing values of steps that are partly observed, in the scale of inputs.
    scale_out, shift_out : ndarray of shape (horizon, n_targets)
        Convert an output of the network to the scale of a normalised window.
    """

    mode: str | None
    scale_in: NDArray[np.float64]
    shift_in: NDArray[np.float64]
    hole: NDArray[np.float64]
    scale_out: NDArray[np.float64]
    shift_out: NDArray[np.float64]


def scale_roll_out(
    scaling: Scaling,
    targets: NDArray[np.float64],
    horizon: int,
    normalization: Normalization | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], RollOutScales]:
    """Choose the scale in which series are rolled out, where float32 is precise.

    Parameters
    ----------
    scaling : Scaling
        Scaling of the network.
    targets : ndarray of shape (n_series, n_past, n_targets)
        The known rows.
    horizon : int
        Rows that one call of the network predicts.
    normalization : Normalization or None
        How each window is normalised.

    Returns
    -------
    level : ndarray of shape (n_targets,) or (n_series, 1, n_targets)
        What is subtracted from the targets.
    unit : ndarray of shape (n_targets,)
        What they are then divided by.
    scales : RollOutScales
        The scales inside the roll-out.
    """
    n_targets = targets.shape[2]
    x_mean, x_scale = scaling.x_mean[:n_targets], scaling.x_scale[:n_targets]
    y_mean = scaling.y_mean.reshape(horizon, n_targets)
    y_scale = scaling.y_scale.reshape(horizon, n_targets)
    hole = (scaling.fill - scaling.x_mean) / scaling.x_scale
    one, zero = np.ones(n_targets), np.zeros(n_targets)
    if normalization is None:
        out = y_scale / x_scale, (y_mean - x_mean) / x_scale
        return x_mean, x_scale, RollOutScales(None, one, zero, hole, *out)
    # Normalised windows do not depend on the level, so it may be that of the last rows,
    # which the forecast continues.
    level, shift_in = normalization.last_values(targets), -x_mean / x_scale
    if normalization.mode == "last":
        out = y_scale / x_scale, y_mean / x_scale
        return level, x_scale, RollOutScales("last", one, shift_in, hole, *out)
    scales = RollOutScales("meanstd", 1 / x_scale, shift_in, hole, y_scale, y_mean)
    return level, normalization.reference, scales


def _narrow(values: NDArray[np.float64], name: str) -> NDArray[np.float32]:
    """Convert scaled values to float32, in which networks compute."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if np.isinf(narrow).any():
        raise ValueError(
            f"{name} holds values too large for float32, in which networks compute; "
            "divide them by a constant, or set standardize=True and pass training "
            "windows of the same size as those to predict."
        )
    return narrow
