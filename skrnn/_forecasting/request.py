"""The rows that a forecast is asked for, as steps after the ends of series."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.advice import FROM_FIT, in_words, of_series, way_to_grid
from skrnn._index.matching import match_index
from skrnn._index.runs import split_runs
from skrnn._index.steps import count_steps

from .origin import Origin

__all__ = [
    "Request",
    "count_steps_around",
    "locate_rows",
    "read_codes",
    "request_next_rows",
    "request_rows",
]


@dataclass(frozen=True)
class Request:
    """Rows that are asked for, and the columns known in advance up to them.

    Parameters
    ----------
    codes : ndarray of shape (n_series,)
        Numbers of the series in the origin.
    n_steps : ndarray of shape (n_series,)
        Steps to the last row of each series.
    known : ndarray of shape (n_series, n_steps.max(), n_known)
        Columns known in advance of all these steps; NaN after the last one.
    row_places : ndarray of shape (n_rows,)
        Place in `codes` of the series of each row.
    row_steps : ndarray of shape (n_rows,)
        Step of each row, counted from 1.
    """

    codes: NDArray[np.intp]
    n_steps: NDArray[np.intp]
    known: NDArray[np.float64]
    row_places: NDArray[np.intp]
    row_steps: NDArray[np.intp]

    @classmethod
    def collect(
        cls,
        origin: Origin,
        row_codes: NDArray[np.intp],
        row_steps: NDArray[np.intp],
        known: NDArray[np.float64],
    ) -> Request:
        """Collect rows by series.

        Parameters
        ----------
        origin : Origin
            Where the steps are counted from. It knows columns of steps ahead of the
            first row asked for.
        row_codes, row_steps : ndarray of shape (n_rows,)
            Number of the series of each row, and its step.
        known : ndarray of shape (n_rows, n_known)
            Columns known in advance of the rows.
        """
        codes, places = np.unique(row_codes, return_inverse=True)
        n_steps = np.zeros(len(codes), dtype=np.intp)
        np.maximum.at(n_steps, places, row_steps)
        columns = np.full((len(codes), n_steps.max(), known.shape[1]), np.nan)
        if known.shape[1]:
            for place, code in enumerate(codes):
                # Behind them may stand columns of the calendar.
                rows = origin.ahead_of(code)[: n_steps[place], : known.shape[1]]
                columns[place, : len(rows)] = rows
        columns[places, row_steps - 1] = known
        return cls(codes, n_steps, columns, places, row_steps)

    def to_known(self, origin: Origin, horizon: int) -> Request:
        """Return the request with columns that are known behind its last rows.

        Parameters
        ----------
        origin : Origin
            It may know columns of steps behind the rows asked for.
        horizon : int
            Rows of a block. Columns behind the last block of a series are no input.
        """
        if horizon == 1 or not self.known.shape[2]:
            return self
        behind = [
            _known_behind(
                origin.ahead_of(code)[:, : self.known.shape[2]], n, -n % horizon
            )
            for code, n in zip(self.codes, self.n_steps, strict=True)
        ]
        n_steps = self.n_steps + np.array([len(rows) for rows in behind], np.intp)
        n_series, _, n_known = self.known.shape
        known = np.full((n_series, n_steps.max(), n_known), np.nan)
        known[:, : self.known.shape[1]] = self.known
        for place, rows in enumerate(behind):
            known[place, self.n_steps[place] : n_steps[place]] = rows
        return replace(self, n_steps=n_steps, known=known)

    def take(self, chosen: NDArray[np.bool_]) -> Request:
        """Return the rows of some of the series."""
        is_asked = chosen[self.row_places]
        places = np.cumsum(chosen) - 1
        n_steps = self.n_steps[chosen]
        return Request(
            self.codes[chosen],
            n_steps,
            self.known[chosen, : n_steps.max()],
            places[self.row_places[is_asked]],
            self.row_steps[is_asked],
        )


def _known_behind(
    known: NDArray[np.float64], n_steps: int, n_more: int
) -> NDArray[np.float64]:
    """Return at most `n_more` rows after the first `n_steps`, up to the first hole."""
    rows = known[n_steps : n_steps + n_more]
    is_hole = np.isnan(rows).any(axis=1)
    return rows[: np.argmax(np.append(is_hole, True))]


def request_next_rows(origin: Origin, n_steps: int) -> Request:
    """Request the rows that follow each series, without columns known in advance."""
    row_codes = np.repeat(np.arange(len(origin)), n_steps)
    row_steps = np.tile(np.arange(1, n_steps + 1), len(origin))
    # Rows of arrays follow the last one seen, even if nothing was observed in it.
    if not origin.has_index:
        row_steps += origin.n_after[row_codes]
    return Request.collect(origin, row_codes, row_steps, np.empty((len(row_steps), 0)))


def request_rows(
    origin: Origin,
    index: pd.Index | None,
    known: NDArray[np.float64],
    *,
    wide: bool,
) -> Request:
    """Locate the rows of X after an origin.

    Parameters
    ----------
    origin : Origin
        Where the forecast starts.
    index : pandas.Index or None
        Stamps of the rows and, in a MultiIndex, the names of their series. None means
        that they follow the rows seen in `fit`.
    known : ndarray of shape (n_rows, n_known)
        Columns known in advance of the rows.
    wide : bool
        Whether each row stands for all series, which lie side by side.

    Raises
    ------
    ValueError
        If rows do not follow the origin, or one is missing that has columns known in
        advance.
    """
    row_codes, row_steps = locate_rows(origin, index, len(known), wide=wide)
    if wide:
        known = np.tile(known, (len(origin), 1))
    if known.shape[1]:
        _check_no_hole(origin, row_codes, row_steps, known.shape[1])
    return Request.collect(origin, row_codes, row_steps, known)


def locate_rows(
    origin: Origin,
    index: pd.Index | None,
    n_rows: int,
    *,
    wide: bool,
    late: bool = False,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the series of each row, and its step from the end of that series.

    Parameters
    ----------
    origin : Origin
        The ends.
    index : pandas.Index or None
        Stamps of the rows and, in a MultiIndex, the names of their series.
    n_rows : int
        Number of rows.
    wide : bool
        Whether each row stands for all series, one after the other.
    late : bool, default=False
        Whether rows may lie before the end; the end itself is step 0.
    """
    if wide:
        _check_time_alone(index)
        row_codes = np.repeat(np.arange(len(origin)), n_rows)
    else:
        row_codes = read_codes(origin, index, n_rows)
    if index is None:
        row_steps = np.arange(len(row_codes)) % n_rows + 1
        return row_codes, row_steps + origin.n_after[row_codes]
    return row_codes, _count_row_steps(origin, index, row_codes, late=late)


def _check_time_alone(index: pd.Index | None) -> None:
    """Raise if an index names series, which are columns of y."""
    if isinstance(index, pd.MultiIndex):
        raise ValueError(
            "With columns='series' the rows of X are those of each series, and its "
            "index is time alone. Got a MultiIndex instead; drop its other levels."
        )


def read_codes(origin: Origin, index: pd.Index | None, n_rows: int) -> NDArray[np.intp]:
    """Return the number of the series of each row."""
    has_names = isinstance(index, pd.MultiIndex)
    if has_names != (origin.names != [None]):
        raise ValueError(
            "X must name the series of each row in the first levels of a "
            "MultiIndex, time in the last one, if and only if y did so in fit, or "
            f"in history. Got {'a MultiIndex' if has_names else 'none'} instead."
        )
    if not isinstance(index, pd.MultiIndex):
        return np.zeros(n_rows, dtype=np.intp)
    places, names = index.droplevel(-1).factorize()
    number = {name: code for code, name in enumerate(origin.names)}
    unseen = [name for name in names if name not in number]
    if unseen:
        raise ValueError(
            f"X has rows of the series {unseen[0]!r}, which fit has not seen, or "
            "history in its place; pass its past as history, leave it out, or fit with "
            "cold_start=True."
        )
    return np.array([number[name] for name in names], dtype=np.intp)[places]


def _count_row_steps(
    origin: Origin, index: pd.Index, row_codes: NDArray[np.intp], *, late: bool
) -> NDArray[np.intp]:
    """Count the steps from the last row of its series to each row."""
    _check_counts_rows(origin, index)
    index = match_index(index, origin.ends)
    split_runs(index, len(index), origin.step)  # Raises if stamps are unsorted.
    stamps = index.get_level_values(-1)
    stamps = stamps.take(np.arange(len(row_codes)) % len(stamps))
    row_steps = np.empty(len(stamps), dtype=np.intp)
    # Many series end together, and many rows have the same stamp: each is counted once.
    groups, _ = origin.ends.factorize()
    row_groups = groups[row_codes]
    for group in np.unique(row_groups):
        in_group = row_groups == group
        end = origin.ends[[int(np.argmax(groups == group))]]
        places, distinct = stamps[in_group].factorize(sort=True)
        name = origin.names[row_codes[in_group][int(np.argmin(places))]]
        # What lies before the end need not be on the grid to be refused.
        if not late and distinct[0] <= end[0]:
            raise ValueError(_must_follow(end, distinct, name))
        steps = count_steps_around(end, origin.step, distinct)
        if not late and steps[0] < 1:
            raise ValueError(_must_follow(end, distinct, name))
        row_steps[in_group] = steps[places]
    return row_steps


def _must_follow(end: pd.Index, stamps: pd.Index, name: object) -> str:
    return (
        f"X must follow the rows seen in fit, the last of which is {end[0]}. Got "
        f"{stamps[0]}{of_series(name)}; drop such rows from X, fit on rows before "
        "them, use forecast(n_steps), or pass X.to_numpy() if the rows do follow."
    )


def count_steps_around(
    end: pd.Index, step: object, stamps: pd.Index
) -> NDArray[np.intp]:
    """Count the steps from one end to sorted stamps, below 0 before the end.

    Raises
    ------
    ValueError
        If one of the stamps lies between two steps.
    """
    last, n_before = end[0], int((stamps < end[0]).sum())
    if not n_before:
        steps, off_grid = _count_from(end, step, stamps)
    else:
        # Steps of a calendar are counted forward only, here from the first stamp.
        line = stamps[1:n_before].append([end, stamps[n_before:]])
        counted, off_grid = _count_from(stamps[:1], step, line)
        counted, off_grid = np.append(0, counted), np.append(False, off_grid)
        steps = np.delete(counted - counted[n_before], n_before)
        off_grid = np.delete(off_grid | off_grid[n_before], n_before)
    if off_grid.any():
        stamp = stamps[int(np.argmax(off_grid))]
        raise ValueError(
            f"The index of X has the stamp {stamp}, which no whole number of steps "
            f"of {in_words(step)}, {FROM_FIT}, leads to from the last stamp seen in "
            f"fit, {last}; {way_to_grid(stamps, FROM_FIT)}."
        )
    return steps


def _count_from(
    end: pd.Index, step: object, stamps: pd.Index
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Count the steps from a stamp to itself and later ones, and tell which have none.

    The stamp may come again among the later ones, up to its rounding.
    """
    is_later = np.asarray(stamps > end[0])
    steps = np.zeros(len(stamps), dtype=np.intp)
    if is_later.any():
        steps[is_later] = count_steps(end, step, stamps[is_later])
    return steps, steps < 0


def _check_counts_rows(origin: Origin, index: pd.Index) -> None:
    """Raise if an index with other stamps than row numbers follows arrays."""
    stamps = index.get_level_values(-1)
    if not origin.has_index and not pd.api.types.is_numeric_dtype(stamps):
        raise ValueError(
            "X must have an index that counts rows, because fit saw arrays, whose "
            f"last row is {origin.ends[0]}. Got dtype {stamps.dtype} instead; fit on "
            "pandas objects, or pass X.to_numpy() if the rows do follow."
        )


def _check_no_hole(
    origin: Origin,
    row_codes: NDArray[np.intp],
    row_steps: NDArray[np.intp],
    n_known: int,
) -> None:
    """Raise if the columns of a step are not known, which are inputs of the forecast.

    They are known of the rows asked for, and of rows seen behind the last observation.
    """
    seen = [_steps_seen(origin, code, n_known) for code in np.unique(row_codes)]
    codes, steps = np.hstack([[row_codes, row_steps], *seen])
    order = np.lexsort((steps, codes))
    codes, steps = codes[order], steps[order]
    is_first = np.append(True, codes[1:] != codes[:-1])
    before = np.where(is_first, 0, np.roll(steps, 1))
    # A row seen behind the last one asked for is no input.
    last = np.zeros(len(origin), dtype=np.intp)
    np.maximum.at(last, row_codes, row_steps)
    leaps = (steps > before + 1) & (before < last[codes])
    if leaps.any():
        row = int(np.argmax(leaps))
        missing = origin.stamps(int(before[row]) + 1, int(codes[row]))[-1]
        name = origin.names[codes[row]]
        of_series = "" if name is None else f" of series {name!r}"
        raise ValueError(
            "X must have a row for each step, because its columns are inputs of "
            f"the forecast. Got none for {missing}{of_series}; add the rows that "
            "are missing, or fit with exogenous=False."
        )


def _steps_seen(origin: Origin, code: int, n_known: int) -> NDArray[np.intp]:
    """Return a row of the code and one of the steps whose columns an origin knows."""
    known = origin.ahead_of(code)[:, :n_known]
    steps = np.flatnonzero(~np.isnan(known).any(axis=1)) + 1
    return np.stack([np.full(len(steps), code), steps])
