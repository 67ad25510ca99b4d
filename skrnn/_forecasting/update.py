"""New observations after an origin, and the origin that lies after them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .origin import Origin
from .request import Request
from .series import SeriesRows, series_from_arrays

__all__ = ["Update", "read_update"]


@dataclass(frozen=True)
class Update:
    """The rows that an origin keeps of some series, followed by new ones.

    Parameters
    ----------
    codes : ndarray of shape (n_series,)
        Numbers of the series in the origin.
    targets : list of ndarray of shape (n_rows, n_targets)
        Targets of each series; NaN where nothing was observed.
    known : list of ndarray of shape (n_rows, n_known)
        Columns known in advance of each series.
    """

    codes: NDArray[np.intp]
    targets: list[NDArray[np.float64]]
    known: list[NDArray[np.float64]]

    def as_series(self) -> SeriesRows:
        """Return the rows as series that are numbered as in `codes`."""
        return series_from_arrays(self.targets, self.known)

    def move(self, origin: Origin) -> Origin:
        """Return the origin at the last observed row of each series.

        The first ``n_past`` rows of each series are those that `origin` keeps.
        """
        n_past = origin.targets.shape[1]
        targets, known = origin.targets.copy(), origin.known.copy()
        known_after = [*origin.known_after]
        n_steps = np.zeros(len(origin), dtype=np.intp)
        rows = zip(self.codes, self.targets, self.known, strict=True)
        for code, values, columns in rows:
            stop = int(np.flatnonzero(~np.isnan(values).all(axis=1))[-1]) + 1
            last = slice(stop - n_past, stop)
            targets[code], known[code] = values[last], columns[last]
            later = known_after[code][len(values) - n_past :]
            known_after[code] = np.concatenate([columns[stop:], later])
            n_steps[code] = stop - n_past
        return replace(
            origin,
            targets=targets,
            known=known,
            known_after=known_after,
            ends=_move_ends(origin, n_steps),
        )


def read_update(
    origin: Origin, request: Request, targets: NDArray[np.float64]
) -> Update:
    """Append new rows to those that an origin keeps.

    Parameters
    ----------
    origin : Origin
        The last rows seen so far.
    request : Request
        The place of the new rows, and their columns known in advance.
    targets : ndarray of shape (n_rows, n_targets)
        Targets of the new rows. Steps between them count as missing.
    """
    shape = *request.known.shape[:2], targets.shape[1]
    observed = np.full(shape, np.nan)
    observed[request.row_places, request.row_steps - 1] = targets

    def append(
        past: NDArray[np.float64], new: NDArray[np.float64]
    ) -> list[NDArray[np.float64]]:
        rows = zip(request.codes, new, request.n_steps, strict=True)
        return [np.concatenate([past[code], each[:n]]) for code, each, n in rows]

    return Update(
        request.codes,
        append(origin.targets, observed),
        append(origin.known, request.known),
    )


def _move_ends(origin: Origin, n_steps: NDArray[np.intp]) -> pd.Index:
    """Return the stamps that lie a number of steps after the end of each series."""
    ends, groups = list(origin.ends), origin.ends.factorize()[0]
    # Many series end and move together. Counted one by one, the stamps of 10 000 series
    # take minutes, most of them in pandas.
    moved: dict[tuple[int, int], Any] = {}
    for code in np.flatnonzero(n_steps):
        move = int(groups[code]), int(n_steps[code])
        if move not in moved:
            moved[move] = origin.stamps(move[1], int(code))[-1]
        ends[code] = moved[move]
    index: Any = pd.Index(ends, name=origin.ends.name)
    if isinstance(origin.ends, pd.DatetimeIndex) and len(origin) == 1:
        # An index made from stamps has no `freq`, but forecasts take theirs from here.
        index.freq = origin.ends.freq
    return index
