"""Columns of the calendar as inputs that are known in advance of any row.

They stand behind the columns of X among those known in advance.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.ahead import distinct_ahead
from skrnn._index.calendar import PARTS, Calendar, has_dates
from skrnn._index.steps import stamps_after, stamps_before
from skrnn._networks.roll_out import known_ahead

from .origin import Origin
from .series import SeriesRows
from .update import Update

__all__ = [
    "add_calendar",
    "dates_of_blocks",
    "fill_calendar",
    "learn_calendar",
    "parts_of",
    "see_dates",
    "shares_of_block",
    "split_calendar",
    "warn_of_holidays",
]


# Even a list of one holiday a year has another one within so many days.
MOST_DAYS_BEHIND = 366


def learn_calendar(parts: Any, holidays: Any, rows: SeriesRows) -> Calendar | None:
    """Return the calendar of rows to learn from; None if nothing of it is asked for.

    Parameters
    ----------
    parts : sequence of str or None
        Names of what is asked for.
    holidays : array-like of dates, pandas holiday calendar or None
        Days that are holidays.
    rows : SeriesRows
        The rows.

    Raises
    ------
    ValueError
        If a name is unknown, or the rows have no dates.
    """
    parts = [] if parts is None else list(parts)
    if not parts and holidays is None:
        return None
    unknown = [name for name in parts if name not in PARTS]
    if unknown or len({*parts}) < len(parts):
        raise ValueError(
            f"calendar must be 'auto', None or a tuple of different names out of "
            f"{PARTS}. Got {tuple(parts)!r} instead."
        )
    name = "calendar" if parts else "holidays"
    _check_dates(rows.has_index, rows.stamps, f"{name} makes columns from dates")
    return Calendar.learn(parts, rows.stamps[rows.in_runs()], holidays)


def parts_of(calendar: Calendar | None) -> tuple[str, ...] | None:
    """Return the names of the parts of a calendar; None without any."""
    return None if calendar is None else tuple(calendar.parts) or None


def add_calendar(rows: SeriesRows, calendar: Calendar | None) -> SeriesRows:
    """Return rows with the columns of the calendar behind those known in advance."""
    if calendar is None:
        return rows
    _check_dates(rows.has_index, rows.stamps, "columns of the calendar are inputs")
    columns = np.hstack([rows.known, calendar.columns(rows.stamps)])
    return replace(rows, known=columns)


def warn_of_holidays(
    calendar: Calendar | None, origin: Origin, n_steps: NDArray[np.intp]
) -> None:
    """Warn if rows to predict lie so far behind the last holiday that some lack.

    Parameters
    ----------
    calendar : Calendar or None
        The calendar.
    origin : Origin
        The series.
    n_steps : ndarray of shape (n_series,)
        Rows to predict of each series.
    """
    if calendar is None or calendar.holidays is None:
        return
    latest = int(origin.ends.argmax())
    last = origin.stamps(int(n_steps[latest]), latest)[-1:]
    if calendar.days_behind(last) > MOST_DAYS_BEHIND:
        day = np.datetime64(int(calendar.holidays.max()), "D")
        warnings.warn(
            f"holidays end on {day}, and rows up to {last[0]} are to be predicted: all "
            "days of these years count as ordinary ones. Name the holidays up to there "
            "in holidays, and fit again.",
            UserWarning,
            stacklevel=2,
        )


def split_calendar(
    known: NDArray[np.float64], calendar: Calendar | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the columns of X, and behind them those of the calendar."""
    n_given = known.shape[-1] - (0 if calendar is None else len(calendar.names))
    return known[..., :n_given], known[..., n_given:]


def dates_of_blocks(
    calendar: Calendar | None,
    origin: Origin,
    past: NDArray[np.float64],
    n_rows: int,
) -> NDArray[np.float64]:
    """Return the calendar of past rows and those after each series, `n_rows` in all."""
    if calendar is None:
        return np.empty((len(past), n_rows, 0))
    n_steps = n_rows - past.shape[1]
    stamps, groups = distinct_ahead(origin.ends, origin.step, n_steps)
    columns = calendar.columns(stamps)
    later = columns.reshape(-1, n_steps, columns.shape[1])[groups]
    return np.concatenate([past, later], axis=1)


def shares_of_block(window: int, horizon: int) -> list[int]:
    """Return how many rows later each step of a window sees the calendar.

    The steps share the rows of a block among them, the last step seeing the last row,
    which takes less room than all rows at each step.
    """
    return list(range(horizon, 0, -window))[::-1]


def see_dates(
    dates: NDArray[np.float64],
    window: int,
    horizon: int,
    lags: tuple[int, ...] | None,
) -> NDArray[np.float64]:
    """Return what each step of a window sees of the calendar of later rows.

    Single lags see all rows of a block, nearest first. Time is the last axis but one.
    """
    if lags is not None:
        return known_ahead(dates, horizon)
    later = [_shift(dates, n) for n in shares_of_block(window, horizon)]
    return np.concatenate(later, axis=-1)


def _shift(rows: NDArray[np.float64], n_steps: int) -> NDArray[np.float64]:
    """Return the rows so many steps later; NaN behind the last one."""
    later = np.full_like(rows, np.nan)
    later[..., :-n_steps, :] = rows[..., n_steps:, :]
    return later


def fill_calendar(update: Update, calendar: Calendar | None) -> Update:
    """Return an update whose rows have the columns of the calendar.

    Rows before a series began stay as they are.
    """
    if calendar is None:
        return update
    n_columns, ends = len(calendar.names), update.origin.ends
    n_past = update.origin.targets.shape[1]
    # Many series end together.
    found: dict[tuple[Any, int], NDArray[np.float64]] = {}
    filled = []
    for code, known, rows in zip(
        update.codes, update.known, update.targets, strict=True
    ):
        key = ends[code], len(known)
        if key not in found:
            line = _stamps_around(ends[[int(code)]], update.origin.step, n_past, key[1])
            found[key] = calendar.columns(line)
        is_begun = ~np.isnan(known[:, -n_columns:]).all(axis=1)
        is_begun[: len(rows)] |= ~np.isnan(rows).all(axis=1)
        begins = int(np.argmax(is_begun))
        columns = known.copy()
        columns[begins:, -n_columns:] = found[key][begins:]
        filled.append(columns)
    return replace(update, known=filled)


def _stamps_around(end: pd.Index, step: Any, n_past: int, n_rows: int) -> pd.Index:
    """Return the stamps of so many rows, of which the end is the one of `n_past`."""
    first = stamps_before(end, step, n_past - 1)
    return first.append(stamps_after(first[0], step, n_rows - 1))


def _check_dates(has_index: bool, stamps: pd.Index, reason: str) -> None:
    """Raise if rows have no dates."""
    if not has_index or not has_dates(stamps):
        got = f"an index of dtype {stamps.dtype}" if has_index else "no index"
        raise ValueError(
            f"The index must hold dates or periods, because {reason}. Got {got}; pass "
            "pandas objects with such an index, or set calendar=None and holidays=None."
        )
