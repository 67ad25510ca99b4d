"""Samples that a network is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skrnn._windows.windows import Windows

__all__ = ["Samples"]


@dataclass(frozen=True)
class Samples:
    """Windows with targets and weights, all float32 and scaled.

    Parameters
    ----------
    windows : Windows
        Windows; steps with nothing observed are NaN throughout.
    targets : ndarray of shape (n_samples, n_targets) or (n_samples, n_steps, n_targets)
        What to predict, NaN where it is not known; no targets for a network that copies
        its windows. Steps without a label are NaN.
    weights : ndarray of shape (n_samples,) or (n_samples, n_steps)
        Sample weights; of steps without a label 0.
    chosen : ndarray of int
        Places of the samples to use; the others only share rows with them.
    """

    windows: Windows
    targets: np.ndarray
    weights: np.ndarray
    chosen: np.ndarray

    def __len__(self) -> int:
        return len(self.chosen)

    def any_missing(self) -> bool:
        """Return whether any value of a chosen sample is missing."""
        return self.windows.take(self.chosen).any_missing()

    def labels(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the targets of chosen samples, or of their steps, and their weights.

        Returns
        -------
        targets : ndarray of shape (n_labels, n_targets)
            Targets.
        weights : ndarray of shape (n_labels,)
            Weights, none of which is 0.
        """
        weights = self.weights[self.chosen]
        counts = weights > 0
        return self.targets[self.chosen][counts], weights[counts]

    def labels_missing(self) -> bool:
        """Return whether one of several targets is missing, where others are known."""
        return bool(np.isnan(self.labels()[0]).any())

    def gather(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Copy out windows, targets and weights of the samples at some places."""
        samples = self.chosen[places]
        return (
            self.windows.gather(samples),
            self.targets[samples],
            self.weights[samples].astype(np.float32),
        )
