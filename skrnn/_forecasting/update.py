"""New observations, in any order, and the origin that lies after them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.matching import match_index
from skrnn._index.reading import stamps_of

from .origin import Origin
from .request import count_steps_around, locate_rows, read_codes
from .series import SeriesRows, series_from_arrays

__all__ = ["Update", "read_update", "with_new_series"]


@dataclass(frozen=True)
class Update:
    """The rows that an origin keeps of some series, with new ones among and after them.

    Parameters
    ----------
    origin : Origin
        The last rows seen so far, with the new series.
    codes : ndarray of shape (n_series,)
        Numbers of the series in the origin.
    targets : list of ndarray of shape (n_rows, n_targets)
        Targets of each series; NaN where nothing was observed.
    known : list of ndarray of shape (n_rows + n_after, n_known)
        Columns known in advance of each series, also of later rows.
    first_steps : ndarray of shape (n_series,)
        Step of the first new row that was observed, from the end in `origin`; a large
        number if there is none.
    """

    origin: Origin
    codes: NDArray[np.intp]
    targets: list[NDArray[np.float64]]
    known: list[NDArray[np.float64]]
    first_steps: NDArray[np.intp]

    def as_series(self) -> SeriesRows:
        """Return the rows as series that are numbered as in `codes`."""
        pairs = zip(self.known, self.targets, strict=True)
        return series_from_arrays(
            self.targets, [known[: len(rows)] for known, rows in pairs]
        )

    def move(self) -> Origin:
        """Return the origin at the last observed row of each series."""
        origin, n_past = self.origin, self.origin.targets.shape[1]
        targets, known = origin.targets.copy(), origin.known.copy()
        known_after, lengths = [*origin.known_after], origin.lengths.copy()
        n_steps = np.zeros(len(origin), dtype=np.intp)
        rows = zip(self.codes, self.targets, self.known, self.first_steps, strict=True)
        for code, values, columns, first in rows:
            observed = np.flatnonzero(~np.isnan(values).all(axis=1))
            stop = int(observed[-1]) + 1 if len(observed) else n_past
            last = slice(stop - n_past, stop)
            targets[code], known[code] = values[last], columns[last]
            known_after[code] = columns[stop:]
            n_steps[code] = stop - n_past
            begun = lengths[code] + n_steps[code] if lengths[code] else 0
            lengths[code] = max(begun, n_steps[code] - first + 1)
        moved = replace(
            origin,
            targets=targets,
            known=known,
            known_after=known_after,
            ends=_move_ends(origin, n_steps),
            lengths=lengths,
        )
        return _follow_latest(moved)


def read_update(
    origin: Origin,
    index: pd.Index | None,
    targets: NDArray[np.float64],
    known: NDArray[np.float64],
    *,
    wide: bool,
) -> Update:
    """Put new rows behind those that an origin keeps, and into gaps among them.

    Parameters
    ----------
    origin : Origin
        The last rows seen so far.
    index : pandas.Index or None
        Stamps of the rows and, in a MultiIndex, the names of their series.
    targets : ndarray of shape (n_rows, n_targets)
        Targets of the new rows; of a wide table those of each column below one another.
    known : ndarray of shape (n_rows, n_known)
        Columns known in advance.
    wide : bool
        Whether each row of `known` stands for all series, which lie side by side.

    Raises
    ------
    ValueError
        If a row was observed before.
    """
    if wide:
        known_rows = np.tile(known, (len(origin), 1))
    else:
        known_rows, origin = known, with_new_series(origin, index)
    if index is not None:
        index = match_index(index, origin.ends)
        origin = _begin(origin, index, targets, wide=wide)
    row_codes, row_steps = locate_rows(origin, index, len(known), wide=wide, late=True)
    stamps = None if index is None else stamps_of(index)
    codes, groups = np.unique(row_codes, return_inverse=True)
    rows = np.split(
        np.argsort(groups, kind="stable"), np.bincount(groups).cumsum()[:-1]
    )
    merged = [
        _merge(origin, code, row_steps[own], targets[own], known_rows[own])
        for code, own in zip(codes, rows, strict=True)
    ]
    for code, own, (_, _, repeated) in zip(codes, rows, merged, strict=True):
        if repeated is not None and stamps is not None:
            name = origin.names[code]
            of_series = "" if name is None else f" of series {name!r}"
            raise ValueError(
                "X must hold rows that were not observed before, the last of which is "
                f"{origin.ends[code]}{of_series}. Got "
                f"{stamps[own[repeated] % len(stamps)]}; drop such rows."
            )
    observed = ~np.isnan(targets).all(axis=1)
    first = np.where(observed, row_steps, np.iinfo(np.intp).max)
    first_steps = np.array([first[own].min() for own in rows], dtype=np.intp)
    values, columns, _ = zip(*merged, strict=True)
    return Update(origin, codes, list(values), list(columns), first_steps)


def with_new_series(origin: Origin, index: pd.Index | None) -> Origin:
    """Return the origin with the series of an index that it has not seen."""
    if origin.names == [None] or not isinstance(index, pd.MultiIndex):
        return origin
    seen = set(origin.names)
    names = index.droplevel(-1).unique()
    # A missing name is refused where the index is read.
    new = [name for name in names if name not in seen and not _is_missing(name)]
    return origin.with_series(new) if new else origin


def _is_missing(name: Any) -> bool:
    """Return whether a name, or a part of it, is missing."""
    return bool(np.any(pd.isna(np.array(name, dtype=object))))


def _begin(
    origin: Origin, index: pd.Index, targets: NDArray[np.float64], *, wide: bool
) -> Origin:
    """Let series of which nothing was observed end with their first observed row."""
    stamps = stamps_of(index)
    if wide:
        row_codes = np.repeat(np.arange(len(origin)), len(stamps))
    else:
        row_codes = read_codes(origin, index, len(stamps))
    begins = (origin.lengths[row_codes] == 0) & ~np.isnan(targets).all(axis=1)
    if not origin.has_index or not begins.any():
        return origin
    ends, known_after = list(origin.ends), [*origin.known_after]
    rows = np.flatnonzero(begins)
    for code in np.unique(row_codes[rows]):
        own = stamps.take(rows[row_codes[rows] == code] % len(stamps))
        ends[code] = own.min()
        end = origin.ends[[int(code)]]
        moved = count_steps_around(end, origin.step, pd.Index([ends[code]]))[0]
        known_after[code] = _shift(known_after[code], int(moved))
    return replace(origin, ends=_index_of(ends, origin.ends), known_after=known_after)


def _merge(
    origin: Origin,
    code: int,
    steps: NDArray[np.intp],
    targets: NDArray[np.float64],
    known: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], int | None]:
    """Put the rows of one series at their steps; those before the first kept are past.

    Returns
    -------
    values, columns : ndarray of shape (n_rows, n_targets) and (n_rows, n_known)
        Rows from the first that the origin keeps.
    repeated : int or None
        Number of the first row that was observed before.
    """
    past, after = origin.known[code], origin.known_after[code]
    n_past, n_steps = len(past), max(int(steps.max()), 0)
    values = np.full((n_past + n_steps, targets.shape[1]), np.nan)
    values[:n_past] = origin.targets[code]
    n_rows = n_past + max(n_steps, len(after))
    columns = np.full((n_rows, known.shape[1]), np.nan)
    columns[: n_past + len(after)] = np.concatenate([past, after])
    kept = np.flatnonzero(steps > -n_past)
    places, new = n_past - 1 + steps[kept], targets[kept]
    repeats = (~np.isnan(values[places]) & ~np.isnan(new)).any(axis=1)
    values[places] = np.where(np.isnan(new), values[places], new)
    columns[places] = np.where(np.isnan(known[kept]), columns[places], known[kept])
    repeated = int(kept[np.argmax(repeats)]) if repeats.any() else None
    return values, columns, repeated


def _shift(known: NDArray[np.float64], n_steps: int) -> NDArray[np.float64]:
    """Return columns of later rows, seen from an end some steps later, or earlier."""
    if n_steps >= 0:
        return known[n_steps:]
    missing = np.full((-n_steps, known.shape[1]), np.nan)
    return np.concatenate([missing, known]) if len(known) else known


def _follow_latest(origin: Origin) -> Origin:
    """Move the ends of series without any observed row to the latest of the others."""
    waiting = np.flatnonzero(origin.lengths == 0)
    begun = np.flatnonzero(origin.lengths > 0)
    if not len(waiting) or not len(begun):
        return origin
    latest = int(begun[origin.ends.take(begun).argmax()])
    ends, known_after = list(origin.ends), [*origin.known_after]
    last = origin.ends[[latest]]
    for code in waiting:
        if ends[code] == last[0]:
            continue
        moved = count_steps_around(origin.ends[[int(code)]], origin.step, last)[0]
        ends[code] = last[0]
        known_after[code] = _shift(known_after[code], int(moved))
    return replace(origin, ends=_index_of(ends, origin.ends), known_after=known_after)


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
    return _index_of(ends, origin.ends)


def _index_of(ends: list[Any], like: pd.Index) -> pd.Index:
    """Return stamps as an index with the name, and of a single one the `freq`."""
    index: Any = pd.Index(ends, name=like.name)
    if isinstance(like, pd.DatetimeIndex) and len(ends) == 1:
        # An index made from stamps has no `freq`, but forecasts take theirs from here.
        index.freq = like.freq
    return index
