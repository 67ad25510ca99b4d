"""The windows that suit a season and the rows that there are."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.season import season_length
from skrnn._index.steps import count_steps

from .past_columns import most_missing
from .series import SeriesRows

__all__ = [
    "bulk_length",
    "find_horizon",
    "find_windows",
    "longest_runs",
    "misses_much",
    "season_of",
    "widest_window",
    "window_beside_calendar",
]

# Seasons in the default window at most, or rows without a season.
N_SEASONS = 3
# Rows of a short series for each step of the default window, unless it is one season.
ROWS_OF_STEP = 12
# Where the calendar says the season, rows behind the first season for each step of the
# window, and seasons in it at most.
ROWS_BESIDE_CALENDAR, SEASONS_BESIDE_CALENDAR = 8, 2
WINDOW_WITHOUT_SEASON = 12
# A fifth of the values may be missing where they are filled in, or blocks be shortened.
LARGEST_MISSING = 0.2
# Where a season is a day of several rows, a week and two are compared, too.
DAYS = (7, 14)


def widest_window(season: int, *, is_day: bool) -> int:
    """Return the longest window that may be chosen."""
    if season == 1:
        return WINDOW_WITHOUT_SEASON
    return season * (DAYS[-1] if is_day else N_SEASONS)


def find_windows(
    rows: SeriesRows,
    training: SeriesRows,
    n_lost: int,
    season: int,
    *,
    is_day: bool,
    is_short: bool = False,
    in_calendar: bool = False,
) -> tuple[list[int], int]:
    """Return the windows to compare, the default first, and the season.

    Parameters
    ----------
    rows, training : SeriesRows
        All rows and, among them, those to learn from.
    n_lost : int
        Rows that differences take away from each run.
    season : int
        Rows of a season; 1 if it is not known.
    is_day : bool
        Whether a season is a day, so that a week is one, too.
    is_short : bool, default=False
        Whether the default window is shorter where there are few rows for its steps.
    in_calendar : bool, default=False
        Whether the calendar says the season, so that a window need not show it.

    Returns
    -------
    windows : list of int
        Whole seasons, behind the short window that suffices beside a calendar; or one
        window without a season.
    season : int
        1 if there are too few rows to learn a season.
    """
    n_training = bulk_length(longest_runs(training)) - n_lost
    at_end = rows.last_lengths - n_lost
    windows = []
    # Learning takes a window, the season after it, and a season of further windows. A
    # forecast starts from `ForecastPlan.n_past` rows, at most.
    can_learn = [n for n in range(1, N_SEASONS + 1) if n_training >= (n + 2) * season]
    if season > 1 and can_learn:
        weeks = [n for n in DAYS if is_day and n_training >= 2 * n * season]
        n_seasons = _met_by_most(at_end, can_learn + weeks, season)
        most = N_SEASONS
        if is_short:
            most = min(most, max(1, n_training // (ROWS_OF_STEP * season)))
        default = max(n for n in n_seasons if n <= most)
        others = [n for n in n_seasons if n != default]
        windows = [n * season for n in (default, *others)]
    # Each row of a season is predicted once, at least, behind another season.
    if in_calendar and n_training > 2 * season:
        window = window_beside_calendar(n_training, season, at_end)
        windows = [window, *(each for each in windows if each != window)]
    if windows:
        return windows, season
    # At most half the rows, so that there are more windows than steps in one.
    window = max(1, min(WINDOW_WITHOUT_SEASON, (n_training - 1) // 2))
    if season > window:
        n_needed = 2 * season + 1 if in_calendar else 3 * season
        _warn_of_no_season(season, window, n_training, n_needed)
    return [window], 1


def window_beside_calendar(
    n_training: int, season: int, at_end: NDArray[np.intp]
) -> int:
    """Return the window of series whose season the calendar says.

    Parameters
    ----------
    n_training : int
        Rows to learn from of a series.
    season : int
        Rows of a season.
    at_end : ndarray of shape (n_series,)
        Rows behind the last hole of each.
    """
    n_steps = (n_training - season) // ROWS_BESIDE_CALENDAR
    most = min(SEASONS_BESIDE_CALENDAR * season, int(at_end.max()))
    return max(1, min(n_steps, most))


def find_horizon(training: SeriesRows, window: int, part: int) -> int:
    """Return the rows to predict at once, `part` or a part of it.

    All rows of a block must be observed, so that a few missing values cost many long
    blocks: of the lengths that leave half of the windows the longest is taken.
    """
    if misses_much(training, 1):
        return part
    for horizon in range(part, 1, -1):
        if part % horizon:
            continue
        starts = training.whole_windows(window, horizon)
        missing = most_missing(training.targets, starts + window, horizon)
        if 2 * np.count_nonzero(missing) <= len(starts):
            return horizon
    return 1


def misses_much(rows: SeriesRows, season: int) -> bool:
    """Return whether more is missing than others can stand for.

    That is more than a fifth, or each value at some place of a season, such as the
    hours of nights: what is never observed cannot be learned, and forecasts would go on
    from it.
    """
    missing = rows.missing_in_runs()
    if not missing.any():
        return False
    if missing.mean() > LARGEST_MISSING:
        return True
    if season == 1:
        return False
    stamps = rows.stamps[rows.in_runs()]
    places = count_steps(stamps[:1], rows.step, stamps) % season
    seen = np.bincount(places[~missing], minlength=min(season, len(places)))
    return not bool(seen.all())


def season_of(rows: SeriesRows) -> tuple[int, bool]:
    """Return the rows of a season, 1 if it is not known, and whether it is a day."""
    if not rows.has_index:
        return 1, False
    season = season_length(rows.stamps, rows.step)
    return season, season > 1 and _is_within_a_day(rows)


def _is_within_a_day(rows: SeriesRows) -> bool:
    """Return whether rows lie less than a day apart."""
    if isinstance(rows.stamps, pd.PeriodIndex):
        first = rows.stamps[0]
        return bool(first.end_time - first.start_time < pd.Timedelta("23h"))
    return isinstance(rows.step, (pd.Timedelta, pd.offsets.Tick))


def longest_runs(rows: SeriesRows) -> NDArray[np.intp]:
    """Return the length of the longest run of each series, 0 where it has none."""
    longest = np.zeros(len(rows), dtype=np.intp)
    np.maximum.at(longest, rows.codes[rows.starts], rows.lengths)
    return longest


def bulk_length(lengths: NDArray[np.intp]) -> int:
    """Return the length that series with half of all rows reach."""
    lengths = np.sort(lengths)[::-1]
    return int(lengths[np.searchsorted(2 * lengths.cumsum(), lengths.sum())])


def _met_by_most(
    lengths: NDArray[np.intp], n_seasons: list[int], season: int
) -> list[int]:
    """Return the numbers of seasons that nearly as many series have as the first one.

    They may leave out a tenth of the series, or any number with a tenth of the rows.
    """
    met = [lengths >= (n + 1) * season - 1 for n in n_seasons]
    is_left_out = [met[0] & ~each for each in met]
    return [
        n
        for n, left_out in zip(n_seasons, is_left_out, strict=True)
        if 10 * left_out.sum() <= met[0].sum()
        or 10 * lengths[left_out].sum() <= lengths[met[0]].sum()
    ]


def _warn_of_no_season(season: int, window: int, n_rows: int, n_needed: int) -> None:
    """Warn that forecasts cannot follow the season of the index."""
    warnings.warn(
        f"AutoregressiveForecaster chose window={window} and horizon=1, with which "
        f"forecasts do not follow a season of {season} rows: most of y has no more "
        f"than {n_rows} training rows without a hole, and needs {n_needed}. Pass "
        "more rows, or set window and horizon.",
        UserWarning,
        stacklevel=2,
    )
