"""Rows that are asked of a forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """Rows that are asked for, and the columns known in advance up to them.

    Parameters
    ----------
    series : ndarray of shape (n_series,)
        Numbers of the series in the origin.
    n_steps : ndarray of shape (n_series,)
        Steps to the last row of each series.
    known : ndarray of shape (n_series, n_steps.max(), n_known)
        Columns of all these steps; NaN behind the last one.
    place, steps : ndarray of shape (n_rows,)
        Series, as a place in `series`, and step of each row, counted from 1.
    """

    series: NDArray[np.intp]
    n_steps: NDArray[np.intp]
    known: NDArray[np.float64]
    place: NDArray[np.intp]
    steps: NDArray[np.intp]

    @classmethod
    def of(
        cls,
        beyond: list[NDArray[np.float64]],
        series: NDArray[np.intp],
        steps: NDArray[np.intp],
        known: NDArray[np.float64],
    ) -> Request:
        """Collect rows by series; steps before the first row have known columns too."""
        chosen, place = np.unique(series, return_inverse=True)
        n_steps = np.zeros(len(chosen), dtype=np.intp)
        np.maximum.at(n_steps, place, steps)
        columns = np.full((len(chosen), n_steps.max(), known.shape[1]), np.nan)
        if known.shape[1]:
            for i, number in enumerate(chosen):
                rows = beyond[number][: n_steps[i]]
                columns[i, : len(rows)] = rows
        columns[place, steps - 1] = known
        return cls(chosen, n_steps, columns, place, steps)
