"""Runs: stretches of rows that follow one another without a hole."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .advice import FROM_FIT, in_words, of_series, way_to_grid
from .freq import Spacing, read_spacing
from .reading import group_by_series, stamps_of
from .steps import (
    are_on_offset,
    are_whole_steps,
    on_clock,
    step_after,
    tolerance_of,
)

__all__ = ["Runs", "split_runs"]


@dataclass(frozen=True)
class Runs:
    """The runs of rows.

    Parameters
    ----------
    starts : ndarray of shape (n_runs,)
        First row of each run, counted in time order within each series.
    lengths : ndarray of shape (n_runs,)
        Rows of each run.
    order : ndarray of shape (n_rows,) or None
        Positions that sort the rows by series; None where they are sorted already.
    series : list of hashable
        Name of the series of each run; None where the index names no series.
    stamps : pandas.Index or None
        Stamp of each row, in the order of `order`; None for plain arrays.
    step : offset, Timedelta, number or None
        Distance of neighbouring rows; None where it is not known.
    source : str, default=""
        Where the step comes from, in words that follow "a step of 1 day, ".
    """

    starts: NDArray[np.intp]
    lengths: NDArray[np.intp]
    order: NDArray[np.intp] | None
    series: list[Hashable]
    stamps: pd.Index | None
    step: Any
    source: str = ""

    def __len__(self) -> int:
        return len(self.starts)

    def rows_of(self, run: int) -> NDArray[np.intp] | slice:
        """Return the places of the rows of a run in the caller's order."""
        span = slice(self.starts[run], self.starts[run] + self.lengths[run])
        return span if self.order is None else self.order[span]

    def by_series(self) -> dict[Hashable, NDArray[np.intp]]:
        """Return the numbers of the runs of each series."""
        grouped: dict[Hashable, list[int]] = {}
        for run, series in enumerate(self.series):
            grouped.setdefault(series, []).append(run)
        return {name: np.array(runs, dtype=np.intp) for name, runs in grouped.items()}

    @property
    def first_stamps(self) -> pd.Index:
        """Stamp of the first row of each run."""
        assert self.stamps is not None
        return self.stamps.take(self.starts)

    @property
    def last_stamps(self) -> pd.Index:
        """Stamp of the last row of each run."""
        assert self.stamps is not None
        return self.stamps.take(self.starts + self.lengths - 1)


def split_runs(
    index: pd.Index | None, n_rows: int, step: Any = None, *, freq: Any = None
) -> Runs:
    """Find the runs of rows.

    Parameters
    ----------
    index : pandas.Index or None
        The rows' stamps; with a MultiIndex the last level is time and the others name
        the series. None makes all rows one run.
    n_rows : int
        Number of rows.
    step : offset, number or None, default=None
        Distance of neighbours that `fit` has found; None takes `freq`.
    freq : str, offset, timedelta, number or None, default=None
        Distance of neighbours that the caller names; None infers it.

    Returns
    -------
    runs : Runs
        The runs, series by series.

    Raises
    ------
    ValueError
        If stamps are missing, unsorted, duplicated or closer together than a step, or
        `freq` does not lead to each of them.
    TypeError
        If the index has no spacing, such as one of strings.
    """
    if index is None:
        _check_no_freq(freq)
        whole = np.array([n_rows], dtype=np.intp)
        return Runs(np.zeros(1, dtype=np.intp), whole, None, [None], None, None)
    stamps, codes, names, order = group_by_series(index)
    _check_stamps(stamps_of(index))
    _check_order(stamps, codes, names)
    spacing = Spacing(step, FROM_FIT)
    if step is None:
        spacing = read_spacing(index, freq)
        step = spacing.step
    begins = np.ones(n_rows, dtype=bool)
    begins[1:] = codes[1:] != codes[:-1]
    if step is not None:
        follows = _follows(stamps, step)
        check = _check_not_early if freq is None else _check_on_grid
        check(stamps, spacing, follows, ~begins[1:])
        begins[1:] |= ~follows
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, n_rows))
    series = [names[code] for code in codes[starts]]
    return Runs(starts, lengths, order, series, stamps, step, spacing.source)


def _check_no_freq(freq: Any) -> None:
    """Raise if rows without an index are said to have a step."""
    if freq is not None:
        raise ValueError(
            f"freq={freq!r} is the step of an index, but X and y have none; pass "
            "pandas objects with the stamps of the rows, or leave freq at None, and "
            "the rows follow one another."
        )


def _check_stamps(stamps: pd.Index) -> None:
    """Raise if stamps have no spacing or are missing."""
    spaced = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    # pandas counts bool and complex numbers as numeric, too.
    number = pd.api.types.is_numeric_dtype(stamps) and stamps.dtype.kind not in "bc"
    if not (isinstance(stamps, spaced) or number):
        raise TypeError(
            "The index of X must hold dates, periods or numbers, whose spacing tells "
            f"which rows follow one another. Got dtype {stamps.dtype} instead; convert "
            "it, for instance with pd.to_datetime(X.index), or pass X.to_numpy() to "
            "treat all rows as consecutive."
        )
    if stamps.hasnans:
        row = int(np.argmax(stamps.isna()))
        raise ValueError(
            f"The index of X has a missing stamp at row {row}; drop such rows or give "
            "them a stamp."
        )
    infinite = np.isinf(stamps.to_numpy(dtype=np.float64)) if number else np.zeros(1)
    if infinite.any():
        raise ValueError(
            f"The index of X has an infinite stamp at row {int(np.argmax(infinite))}; "
            "drop such rows or give them a stamp."
        )


def _check_order(
    stamps: pd.Index, codes: NDArray[np.intp], names: list[Hashable]
) -> None:
    """Raise if stamps are unsorted or duplicated within a series."""
    left, right = stamps[:-1], stamps[1:]
    offends = np.asarray(right <= left) & (codes[1:] == codes[:-1])
    if offends.any():
        i = int(np.argmax(offends))
        what = "duplicated" if left[i] == right[i] else "unsorted"
        raise ValueError(
            f"The index of X must be sorted and without duplicates. Got {what} stamp "
            f"{right[i]}{of_series(names[codes[i]])} after {left[i]}; sort with "
            "X.sort_index(), drop duplicates, and split without shuffling the rows. "
            "What draws rows, such as BaggingRegressor, belongs behind the windows."
        )


def _follows(stamps: pd.Index, step: Any) -> NDArray[np.bool_]:
    """Return which stamps are the next tick after the one before them."""
    clock, tolerance = on_clock(stamps, step), tolerance_of(stamps, step)
    expected, got = step_after(clock[:-1], step), clock[1:]
    if tolerance is None:
        return np.asarray(got == expected)
    return np.asarray((got >= expected - tolerance) & (got <= expected + tolerance))


def _check_not_early(
    stamps: pd.Index,
    spacing: Spacing,
    follows: NDArray[np.bool_],
    same_series: NDArray[np.bool_],
) -> None:
    """Raise if stamps are closer together than a step: the rows have two spacings."""
    step = spacing.step
    clock, leaps = on_clock(stamps, step), np.flatnonzero(~follows & same_series)
    early = np.asarray(clock[leaps + 1] < step_after(clock[leaps], step))
    if not early.any():
        return
    place = int(leaps[np.argmax(early)])
    # The earlier of the two is astray where the next stamp follows from the later one
    # alone, as after a missing day.
    follows_up = bool((follows & same_series)[max(place - 1, 0) : place].any())
    follows_on = bool((follows & same_series)[place + 1 : place + 2].any())
    stray, near, side = place + 1, place, "after"
    if follows_on and not follows_up:
        stray, near, side = place, place + 1, "before"
    raise ValueError(
        f"The index of X has the stamp {stamps[stray]} {side} {stamps[near]}, which is "
        f"closer than a step of {in_words(step)}, {spacing.source}; "
        f"{way_to_grid(stamps, spacing.source)}."
    )


def _check_on_grid(
    stamps: pd.Index,
    spacing: Spacing,
    follows: NDArray[np.bool_],
    same_series: NDArray[np.bool_],
) -> None:
    """Raise if the step that a caller names does not lead to a stamp, naming it."""
    step = spacing.step
    is_off = np.zeros(len(stamps), dtype=bool)
    first = np.append(True, ~same_series)
    is_off[first] = ~are_on_offset(stamps[first], step)
    leaps = np.flatnonzero(~follows & same_series)
    is_off[leaps + 1] = ~are_whole_steps(stamps[leaps], step, stamps[leaps + 1])
    if is_off.any():
        place = int(np.argmax(is_off))
        before = "" if first[place] else f" from {stamps[place - 1]} before it"
        raise ValueError(
            f"The index of X has the stamp {stamps[place]}, to which no whole number "
            f"of steps of {in_words(step)}, {spacing.source}, leads{before}; "
            f"{way_to_grid(stamps, spacing.source)}."
        )
