"""Paths of errors over all steps of a forecast, drawn from those of held out origins.

The errors of one origin depend on each other, as later steps repeat the errors of
earlier ones. They are therefore drawn together, and only scaled step by step.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    mirrors : ndarray of shape (n_paths,)
        From 0 to 1: whether the errors of a path change sides, see `is_mirrored`. All
        series share it, too.
    """

    origins: NDArray[np.float64]
    is_own: NDArray[np.float64]
    donors: NDArray[np.float64]
    mirrors: NDArray[np.float64]

    @classmethod
    def draw(cls, n_series: int, n_paths: int, random_state: Any) -> PathDraws:
        """Draw the numbers for some series and paths."""
        random = check_random_state(random_state)
        shape = n_series, n_paths
        origins = random.random_sample(n_paths)
        is_own, donors = random.random_sample(shape), random.random_sample(shape)
        return cls(origins, is_own, donors, random.random_sample(n_paths))

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
        relative = errors / _sizes(errors)[:, None]
        chosen = self.choose_origins(relative, codes, places)
        signs = np.where(self.is_mirrored(relative), -1.0, 1.0)
        paths = [
            np.moveaxis(relative[origins] * band, 0, -1) * signs
            for origins, band in zip(chosen, bands, strict=True)
        ]
        return np.stack(paths)

    def choose_origins(
        self,
        values: NDArray[np.float64],
        codes: NDArray[np.intp],
        places: NDArray[np.intp],
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield for some series the series and the origin whose errors a path takes.

        Parameters
        ----------
        values : ndarray of shape (n_all, n_origins, n_steps, n_targets)
            Errors of all series in comparable units; NaN where there is none.
        codes, places : ndarray of shape (n_chosen,)
            As in `choose_errors`.
        """
        is_whole = _are_whole(values)
        # The number -1 stands for a series without errors.
        has_own = np.append(is_whole.sum(axis=1) >= FEWEST_PATHS, False)
        donors = np.flatnonzero(has_own)
        _check_enough_paths(donors, is_whole, values.shape[2])
        own_shares = np.where(has_own, np.append(_own_shares(values, is_whole), 0), 0)
        for code, place in zip(codes, places, strict=True):
            drawn = donors[(self.donors[place] * len(donors)).astype(np.intp)]
            is_own = self.is_own[place] < own_shares[code]
            from_series = np.where(is_own, code, drawn)
            yield from_series, _nth_origins(is_whole, from_series, self.origins)

    def is_mirrored(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which paths have their errors on the other side of the forecast.

        Few origins that overlap often err to the same side by chance. Mirrored, they
        are as symmetric as an interval: with n independent sums over all steps, half of
        a share 10 / (n + 10) of the paths is.
        """
        is_whole = _are_whole(values)
        whole = np.where(is_whole[:, :, None], values[..., 0], np.nan)
        counts = effective_counts(whole.cumsum(axis=2))[-1]
        n_origins = is_whole.sum(axis=1).max() * counts / max(is_whole.sum(), 1)
        return np.asarray(self.mirrors < PRIOR_COUNT / (n_origins + PRIOR_COUNT) / 2)


def _are_whole(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return of which origins, by series, the errors of all steps are known."""
    return np.asarray(~np.isnan(values).any(axis=(2, 3)))


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
