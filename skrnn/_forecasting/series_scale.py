"""The mean and standard deviation by which many series are made comparable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skrnn._scaling.moments import rounding
from skrnn._serialization.plain import stored

from .series import SeriesRows

__all__ = ["SeriesScale", "mean_and_deviation"]


@stored("SeriesScale", {"centre": "centre", "spread": "spread"})
@dataclass(frozen=True)
class SeriesScale:
    """Centre and spread of each series.

    Parameters
    ----------
    centre, spread : ndarray of shape (n_series, n_targets)
        What is subtracted from the values of a series, and what they are then divided
        by.
    """

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def identity(cls, n_series: int, n_targets: int) -> SeriesScale:
        """Return the scale that leaves values as they are."""
        return cls(np.zeros((n_series, n_targets)), np.ones((n_series, n_targets)))

    @classmethod
    def learn(
        cls,
        values: NDArray[np.float64],
        rows: SeriesRows,
        training: SeriesRows,
        *,
        shift: bool = True,
    ) -> SeriesScale:
        """Compute mean and standard deviation of each series.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            Values of the series; NaN is ignored.
        rows : SeriesRows
            All runs.
        training : SeriesRows
            The runs to learn from. The scale of a series that has none of these comes
            from all its runs.
        shift : bool, default=True
            Whether the mean is subtracted. Otherwise series are divided by their root
            mean square.
        """
        has_training = np.zeros((len(rows), 1), dtype=bool)
        has_training[rows.codes[training.starts]] = True

        def means_and_deviations(
            values: NDArray[np.float64],
        ) -> list[NDArray[np.float64]]:
            of_training = mean_and_deviation(values, training)
            of_all = mean_and_deviation(values, rows)
            return [
                np.where(has_training, *pair)
                for pair in zip(of_training, of_all, strict=True)
            ]

        if shift:
            return cls(*means_and_deviations(values))
        size = np.sqrt(means_and_deviations(values**2)[0])
        return cls(np.zeros_like(size), np.where(size > 0, size, 1.0))

    def apply(
        self, values: NDArray[np.float64], codes: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Scale values, of which `codes` gives the series of each row."""
        return (values - self.centre[codes]) / self.spread[codes]

    def take(self, codes: NDArray[np.intp]) -> SeriesScale:
        """Return the scale of the series with these numbers."""
        return SeriesScale(self.centre[codes], self.spread[codes])


def mean_and_deviation(
    values: NDArray[np.float64], rows: SeriesRows
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute mean and standard deviation of each series over the rows of its runs.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_targets)
        Values of the series; NaN is ignored.
    rows : SeriesRows
        Their runs.

    Returns
    -------
    centre, spread : ndarray of shape (n_series, n_targets)
        0 and 1 for a series without values; the spread of a constant series is 1.
    """
    observed = ~np.isnan(values) & rows.in_runs()[:, None]

    # Not `np.bincount`, which takes weights of one axis only.
    def sum_by_series(values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.zeros((len(rows), values.shape[1]))
        np.add.at(sums, rows.codes, np.where(observed, values, 0.0))
        return sums

    counts = np.maximum(sum_by_series(np.ones(values.shape)), 1)
    centre = sum_by_series(values) / counts
    spread = np.sqrt(sum_by_series((values - centre[rows.codes]) ** 2) / counts)
    # The deviations of a constant series are rounding errors, not to be scaled to 1.
    varies = spread > rounding(centre)
    return centre, np.where(varies, spread, 1.0)
