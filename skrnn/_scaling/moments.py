"""Running means and variances of columns, the same however samples are chunked.

`StandardScaler.partial_fit` merges chunks likewise, but keeps one number for a mean and
no origin near it: of 1e11 with a standard deviation of 0.1, in chunks of 100 rows, five
digits of the deviation are right, and here eight.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from skrnn._serialization.plain import stored

__all__ = ["Moments", "rounding"]


@stored(
    "Moments",
    {
        "weight": "weight",
        "origin": "origin",
        "offset": "offset",
        "squares": "squares",
    },
)
@dataclass(frozen=True)
class Moments:
    """Weight, mean and squared deviations of columns; NaN does not count.

    The mean is the sum of two numbers, because one alone is too coarse for the
    deviations of large numbers that vary little. Samples are merged as by Chan, Golub
    and LeVeque [1]_.

    Parameters
    ----------
    weight : ndarray of shape (n_columns,)
        Sum of the weights of what is observed.
    origin : ndarray of shape (n_columns,)
        A number near the mean; 0 where nothing is observed.
    offset : ndarray of shape (n_columns,)
        The mean, seen from the origin.
    squares : ndarray of shape (n_columns,)
        Weighted sum of the squared deviations from the mean; NaN or infinite where
        values are too large for it.

    References
    ----------
    .. [1] T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the
       sample variance: analysis and recommendations", The American Statistician 37
       (1983), 242-247.
    """

    weight: NDArray[np.float64]
    origin: NDArray[np.float64]
    offset: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def none(cls, n_columns: int) -> Moments:
        """Return the moments of no sample."""
        return cls(*np.zeros((4, n_columns)))

    @classmethod
    def of(cls, values: NDArray[np.float64], weights: NDArray[np.float64]) -> Moments:
        """Return the moments of samples of shape (n_samples, n_columns)."""
        observed = ~np.isnan(values)
        weight = weights @ observed
        divisor = np.where(weight > 0, weight, 1.0)
        with np.errstate(invalid="ignore", over="ignore"):
            # The corrected two-pass algorithm of the reference: deviations from the
            # rounded mean have a mean that is not quite 0, whose square is taken off.
            origin = weights @ np.where(observed, values, 0.0) / divisor
            deviations = np.where(observed, values - origin, 0.0)
            offset = weights @ deviations / divisor
            squares = weights @ deviations**2 - weight * offset**2
        return cls(weight, origin, offset, squares)

    def merge(self, other: Moments) -> Moments:
        """Return the moments of both samples together."""
        weight = self.weight + other.weight
        share = other.weight / np.where(weight > 0, weight, 1.0)
        with np.errstate(invalid="ignore", over="ignore"):
            # Origins are near each other, so their difference keeps the digits of the
            # offsets, which a difference of the means would lose.
            distance = (other.origin - self.origin) + (other.offset - self.offset)
            offset = self.offset + distance * share
            between = distance**2 * self.weight * share
            squares = self.squares + other.squares + between
        known = self.weight > 0
        return Moments(
            weight,
            np.where(known, self.origin, other.origin),
            np.where(known, offset, other.offset),
            np.where(known, squares, other.squares),
        )

    def beside(self, other: Moments) -> Moments:
        """Return the moments of the columns of both, side by side."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Moments(*(np.concatenate(pair) for pair in pairs))

    def mean_and_scale(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard deviation of each column.

        A column that varies by no more than rounding has the scale 0, and so has one
        without a value, of the mean 0.
        """
        divisor = np.where(self.weight > 0, self.weight, 1.0)
        with np.errstate(invalid="ignore", over="ignore"):
            mean = self.origin + self.offset
            scale = np.sqrt(np.maximum(self.squares, 0.0) / divisor)
        return mean, np.where(scale <= rounding(mean), 0.0, scale)


def rounding(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much equal numbers may differ from their computed mean."""
    return 10 * np.finfo(np.float64).eps * np.abs(mean)
