"""What an estimator learns from, and which samples it trains and validates on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._scaling.scaling import weights_of_windows
from skrnn._windows.windows import Windows

__all__ = ["TrainingData", "choose_samples", "relative_weights", "split_samples"]


@dataclass(frozen=True)
class TrainingData:
    """Checked windows with what is to be learned from them, all unscaled.

    Parameters
    ----------
    windows : Windows
        Windows; NaN is missing.
    targets : ndarray of shape (n_samples, n_outputs)
        What the network is to predict; NaN where it is not known. A network that copies
        its windows has no further targets: n_outputs is 0. Targets of every step have
        shape (n_samples, n_steps, n_outputs), NaN where a step has no label.
    weights : ndarray of shape (n_samples,)
        Sample weights, relative to each other; 0 leaves a sample out. Targets of every
        step have weights of shape (n_samples, n_steps), 0 without a label.
    facts : dict
        Fitted attributes that describe X and y, such as `n_features_in_`.
    clean : Windows or None
        Windows that a network is to copy in place of those that it reads.
    """

    windows: Windows
    targets: NDArray[Any]
    weights: NDArray[np.float64]
    facts: dict[str, Any]
    clean: Windows | None = None

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def n_outputs(self) -> int:
        """Number of outputs, of a window or of each of its steps."""
        return int(self.targets.shape[-1])

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Samples that have a weight."""
        return weights_of_windows(self.weights) > 0

    @property
    def counted_windows(self) -> Windows:
        """Windows of these samples."""
        return self.windows.take(np.flatnonzero(self.counts))

    def take(
        self, samples: NDArray[np.intp]
    ) -> tuple[Windows, NDArray[Any], NDArray[np.float64]]:
        """Return windows, targets and weights of some samples."""
        windows = self.windows.take(samples)
        return windows, self.targets[samples], self.weights[samples]

    def join(self, other: TrainingData) -> TrainingData:
        """Return these samples with others behind them."""
        return replace(
            self,
            windows=self.windows.join(other.windows),
            targets=np.concatenate([self.targets, other.targets]),
            weights=np.concatenate([self.weights, other.weights]),
            clean=self.clean and self.clean.join(other.clean or other.windows),
        )


def choose_samples(
    data: TrainingData, *, skipped: NDArray[np.bool_], at_least: int
) -> NDArray[np.intp]:
    """Return the places of the samples that count.

    Parameters
    ----------
    data : TrainingData
        All samples.
    skipped : ndarray of bool of shape (n_samples,)
        Samples that are left out, whatever their weight.
    at_least : int
        Number of samples that must be left.
    """
    counts = data.counts & ~skipped
    n_left = int(counts.sum())
    if n_left == 0:
        raise ValueError(
            f"No whole window to train on: all {len(data)} begin with missing steps or "
            "have no weight. Shorten the window, pass longer runs of rows, or set "
            "incomplete='mask'."
        )
    if n_left < at_least and not skipped.any():
        raise ValueError(
            f"Only {n_left} of {len(data)} samples has a weight above 0, and a minimum "
            f"of {at_least} is required; give more samples a weight."
        )
    if n_left < at_least:
        raise ValueError(
            f"Only {n_left} of {len(data)} windows is left to train on, and a minimum "
            f"of {at_least} is required: the others begin with missing steps or have "
            "no weight. Shorten the window, pass longer runs of rows, or set "
            "incomplete='mask'."
        )
    return np.flatnonzero(counts)


def split_samples(
    samples: NDArray[np.intp], validation_split: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split samples into those to train on and, behind them, those to validate on."""
    n_samples = len(samples)
    if isinstance(validation_split, np.floating):
        # By its digits: as a float, 0.1 of float32 is 0.10000000149.
        validation_split = float(str(validation_split))
    # Rounded, because in floating point 10 * (1 - 0.9) is less than 1.
    n_train = math.floor(round(n_samples * (1 - validation_split), 6))
    if validation_split > 0 and (n_train < 2 or n_train == n_samples):
        raise ValueError(
            f"validation_split={validation_split} leaves {n_train} samples for "
            f"training and {n_samples - n_train} for validation of {n_samples}; change "
            "it or pass more rows."
        )
    return samples[:n_train], samples[n_train:]


def relative_weights(
    weights: NDArray[np.float64],
    targets: NDArray[Any],
    parts: tuple[NDArray[np.intp], ...],
) -> NDArray[np.float64]:
    """Scale weights to a mean of one over the samples of each part.

    Of weights of steps it is their sum over a sample that has this mean. The loss of
    training and that of validation are then means, and the learning rate means the same
    whatever unit the weights have. What is missing among several targets has no loss:
    the mean is that over the others.
    """
    counted, missing = weights, np.isnan(targets)
    if missing.any():
        counted = weights * (1 - missing.mean(axis=-1))
    relative = np.zeros_like(weights)
    for part in parts:
        if len(part):
            relative[part] = weights[part] / (counted[part].sum() / len(part))
    return relative
