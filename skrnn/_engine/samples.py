"""Samples that a network is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skrnn._windows.windows import Windows

__all__ = ["Samples"]


@dataclass(frozen=True)
class Samples:
    """Windows with what is learned from them and weights, all float32 and scaled.

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
    clean : Windows or None
        Windows that a network is to copy in place of those that it reads.
    """

    windows: Windows
    targets: np.ndarray
    weights: np.ndarray
    chosen: np.ndarray
    clean: Windows | None = None

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def inputs(self) -> Windows:
        """What the model of a training reads: clean windows stand behind the others."""
        return self.windows if self.clean is None else self.windows.beside(self.clean)

    def any_missing(self) -> bool:
        """Return whether any value of a chosen sample is missing."""
        parts = (self.windows, self.clean)
        return any(part and part.take(self.chosen).any_missing() for part in parts)

    def any_whole_step(self) -> bool:
        """Return whether all values of any step to be copied are observed."""
        copied = (self.clean or self.windows).take(self.chosen)
        rows = copied.rows[copied.count_uses() > 0]
        return bool((~np.isnan(rows)).all(axis=1).any())

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
            self._gather_inputs(samples),
            self.targets[samples],
            self.weights[samples].astype(np.float32),
        )

    def _gather_inputs(self, samples: np.ndarray) -> np.ndarray:
        windows = self.windows.gather(samples)
        if self.clean is None:
            return windows
        return np.concatenate([windows, self.clean.gather(samples)], axis=2)
