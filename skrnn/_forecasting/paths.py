"""Paths of errors over all steps of a forecast, drawn from those of held out origins.

The errors of one origin depend on each other, as later steps repeat the errors of
earlier ones. They are therefore drawn together, and only scaled step by step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from .bands import effective_counts
from .series_bands import PRIOR_COUNT, radii

__all__ = ["PathDraws"]

# Whole paths of errors that a series needs, and the share of paths that lie in the band
# which their errors are scaled to.
FEWEST_PATHS, COVERAGE = 10, 0.9


@dataclass(frozen=True)
class PathDraws:
    """Random numbers by which the errors of each series are chosen.

    Parameters
    ----------
    origins : ndarray of shape (n_paths,)
        From 0 to 1, the origin of each path. All series share it, so that sums over
        series vary as they did.
    is_own, donors : ndarray of shape (n_series, n_paths)
        From 0 to 1: whether a series takes errors of its own, and otherwise those of
        which series.
    """

    origins: NDArray[np.float64]
    is_own: NDArray[np.float64]
    donors: NDArray[np.float64]

    @classmethod
    def draw(cls, n_series: int, n_paths: int, random_state: Any) -> PathDraws:
        """Draw the numbers for some series and paths."""
        random = check_random_state(random_state)
        shape = n_series, n_paths
        origins = random.random_sample(n_paths)
        return cls(origins, random.random_sample(shape), random.random_sample(shape))

    def choose_errors(
        self,
        errors: NDArray[np.float64],
        codes: NDArray[np.intp],
        block: int,
        places: NDArray[np.intp],
        n_steps: int,
    ) -> NDArray[np.float64]:
        """Return paths of errors of some series, scaled to their bands.

        Parameters
        ----------
        errors : ndarray of shape (n_all, n_origins, n_steps, n_targets)
            Observation minus forecast of all series; NaN where there is none.
        codes : ndarray of shape (n_chosen,)
            Numbers of the series; -1 for one without errors.
        block : int
            Steps that are predicted at once, see `radii`.
        places : ndarray of shape (n_chosen,)
            Places of the series among those that numbers were drawn for.
        n_steps : int
            Steps of a path.

        Returns
        -------
        paths : ndarray of shape (n_chosen, n_steps, n_targets, n_paths)
            The paths.
        """
        bands = _bands(errors, codes, block)[:, :n_steps]
        errors = errors[:, :, :n_steps]
        is_whole = np.asarray(~np.isnan(errors).any(axis=(2, 3)))
        # The number -1 stands for a series without errors.
        has_own = np.append(is_whole.sum(axis=1) >= FEWEST_PATHS, False)
        donors = np.flatnonzero(has_own)
        _check_enough_paths(donors, is_whole, errors.shape[2])
        own_shares = np.where(has_own, np.append(_own_shares(errors, is_whole), 0), 0)
        sizes, paths = _sizes(errors), []
        for code, place, band in zip(codes, places, bands, strict=True):
            drawn = donors[(self.donors[place] * len(donors)).astype(np.intp)]
            is_own = self.is_own[place] < own_shares[code]
            from_series = np.where(is_own, code, drawn)
            origins = _nth_origins(is_whole, from_series, self.origins)
            chosen = errors[from_series, origins] / sizes[from_series]
            paths.append(np.moveaxis(chosen * band, 0, -1))
        return np.stack(paths)


def _bands(
    errors: NDArray[np.float64], codes: NDArray[np.intp], block: int
) -> NDArray[np.float64]:
    """Return the radius of each series, step and target."""
    by_target = np.moveaxis(errors, -1, 0)
    return np.stack([radii(each, COVERAGE, codes, block) for each in by_target], axis=2)


def _own_shares(
    errors: NDArray[np.float64], is_whole: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the share of paths that a series takes from its own errors.

    It is the weight of its own errors in its band: n / (n + 10) for n independent ones.
    """
    numbers = is_whole.sum(axis=1)
    last = errors[:, :, :, 0]
    counts = effective_counts(last)[-1]
    inflation = (~np.isnan(last[:, :, -1])).sum() / max(counts, 1.0)
    return np.asarray(numbers / (numbers + PRIOR_COUNT * inflation))


def _sizes(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the size that a share of the errors of each series and step has.

    The result has the shape (n_series, n_steps, n_targets).
    """
    sizes = np.sort(np.abs(errors), axis=1)  # NaN comes last.
    numbers = (~np.isnan(errors)).sum(axis=1, keepdims=True)
    ranks = np.ceil(np.round(COVERAGE * numbers, 9)).astype(np.intp)
    found = np.take_along_axis(sizes, np.maximum(ranks - 1, 0), axis=1)[:, 0]
    # Of a series without error at a step no path has one.
    return np.asarray(np.where(found > 0, found, 1.0))


def _nth_origins(
    is_whole: NDArray[np.bool_],
    from_series: NDArray[np.intp],
    shares: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Return of each series the origin behind a share of those with whole paths."""
    counts = is_whole.sum(axis=1)[from_series]
    numbers = np.minimum((shares * counts).astype(np.intp), counts - 1)
    ranks = is_whole.cumsum(axis=1)[from_series]
    return np.asarray((ranks > numbers[:, None]).argmax(axis=1))


def _check_enough_paths(
    donors: NDArray[np.intp], is_whole: NDArray[np.bool_], n_steps: int
) -> None:
    """Raise if no series has enough whole paths of errors to draw from."""
    if not len(donors):
        most = int(is_whole.sum(axis=1).max())
        raise ValueError(
            f"sample_paths draws from the errors of {FEWEST_PATHS} and more origins "
            f"that reach {n_steps} steps ahead. Got {most} of them with "
            f"calibration={is_whole.shape[1]}; set calibration to at least "
            f"{n_steps + FEWEST_PATHS - 1}, better to a multiple of it, or predict "
            "fewer rows."
        )
