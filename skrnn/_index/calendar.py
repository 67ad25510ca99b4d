"""Columns of a calendar: what the stamp of a row says about its hour, day and year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._serialization.plain import stored

from .steps import stamps_after

__all__ = ["PARTS", "Calendar", "has_dates", "parts_of_season", "usual_parts"]

# Whole numbers, each of which has a column that is 1 where it holds.
NUMBERS = {"hour": "hour", "weekday": "day_of_week", "month": "month"}
# Shares of a period, of which there are sines and cosines.
SHARES = ("day", "year")
PARTS = (*NUMBERS, *SHARES)
N_HARMONICS = 2
# Rows that lie further apart, in days, say nothing of a week, and of a year.
MOST_DAYS_OF_WEEK, MOST_DAYS_OF_YEAR = 6.5, 150


@stored(
    "CalendarColumns",
    {"parts": "parts", "numbers": "numbers", "holidays": "holidays"},
)
@dataclass(frozen=True)
class Calendar:
    """Columns that follow from stamps alone, so that they are known of all rows.

    Parameters
    ----------
    parts : list of str
        Names of the parts, in order.
    numbers : list of list of int
        For each part the numbers that occurred in the rows to learn from; none for a
        share of a period. Other numbers have no column, because nothing was learned
        about it.
    holidays : ndarray of shape (n_holidays,) or None
        Days since 1970 whose rows are 1 in a last column; None makes no such column.
    """

    parts: list[str]
    numbers: list[list[int]]
    holidays: NDArray[np.int64] | None = None

    @classmethod
    def learn(
        cls, parts: Sequence[str], stamps: pd.Index, holidays: Any = None
    ) -> Calendar:
        """Return the calendar of stamps.

        Parameters
        ----------
        parts : sequence of str
            Names, see `PARTS`.
        stamps : pandas.Index
            Dates of the rows to learn from.
        holidays : array-like of dates, pandas holiday calendar or None, default=None
            Days that are holidays.
        """
        clock = _clock(stamps.unique())
        numbers = [
            sorted(set(_number(name, clock).tolist())) if name in NUMBERS else []
            for name in parts
        ]
        return cls(list(parts), numbers, _read_holidays(holidays, clock))

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        names: list[str] = []
        for part, numbers in zip(self.parts, self.numbers, strict=True):
            if part in NUMBERS:
                names += [f"{part}_{number}" for number in numbers]
            else:
                harmonics = range(1, N_HARMONICS + 1)
                names += [f"{part}_{f}{n}" for n in harmonics for f in ("sin", "cos")]
        return names if self.holidays is None else [*names, "holiday"]

    def days_behind(self, stamps: pd.Index) -> int:
        """Return how many days the last of stamps lies behind the last holiday."""
        if self.holidays is None or not len(self.holidays):
            return 0
        return int(_days(_clock(stamps)).max() - self.holidays.max())

    def columns(self, stamps: pd.Index) -> NDArray[np.float64]:
        """Return the columns of rows with these stamps."""
        # Stamps of many series are the same.
        places, distinct = stamps.factorize()
        clock = _clock(distinct)
        parts = [
            _number(part, clock)[:, None] == np.array(numbers)
            if part in NUMBERS
            else _waves(_share(part, clock))
            for part, numbers in zip(self.parts, self.numbers, strict=True)
        ]
        if self.holidays is not None:
            parts.append(np.isin(_days(clock), self.holidays)[:, None])
        return np.hstack([np.empty((len(distinct), 0)), *parts])[places]


def has_dates(stamps: pd.Index) -> bool:
    """Return whether stamps are dates or periods."""
    return isinstance(stamps, (pd.DatetimeIndex, pd.PeriodIndex))


def parts_of_season(stamps: pd.Index, step: Any, season: int) -> tuple[str, ...]:
    """Return the part that says by a number where in its season a row lies.

    The hour in a day of hours, the weekday in a week of days, and the month in a year
    of months or quarters, if as many of them occur as a season has rows. Other seasons
    have none.

    Parameters
    ----------
    stamps : pandas.Index
        Dates of the rows, of a season at least.
    step : offset, Timedelta
        Distance from one row to the next.
    season : int
        Rows of a season.
    """
    n_days = _days_of_step(stamps, step)
    part = "weekday" if n_days < MOST_DAYS_OF_WEEK else "month"
    if n_days < 1:
        part = "hour"
    numbers = _number(part, _clock(stamps))
    return (part,) if len(np.unique(numbers)) == season else ()


def usual_parts(stamps: pd.Index, step: Any) -> list[tuple[str, ...]]:
    """Return the parts of a calendar that may say something of rows.

    Those within a year need two years of rows.

    Parameters
    ----------
    stamps : pandas.Index
        Dates of the rows.
    step : offset, Timedelta
        Distance from one row to the next.
    """
    n_days = _days_of_step(stamps, step)
    parts: tuple[str, ...] = ()
    if n_days < MOST_DAYS_OF_WEEK:
        parts = ("day", "weekday") if n_days < 1 else ("weekday",)
    ends = [stamps[[int(place)]] for place in (stamps.argmin(), stamps.argmax())]
    has_years = _days_between(*ends) >= 2 * 365
    with_year = [(*parts, "year")] if has_years and n_days < MOST_DAYS_OF_YEAR else []
    return [parts, *with_year] if parts else with_year


def _days_of_step(stamps: pd.Index, step: Any) -> float:
    """Return the days from a row to the next, the mean of twelve."""
    first: Any = stamps[:1]
    return _days_between(first, stamps_after(first[0], step, 12)[-1:]) / 12


def _days_between(first: pd.Index, last: pd.Index) -> float:
    # A difference of pandas has at most 292 years.
    seconds = [
        _clock(stamp).to_numpy().astype("datetime64[s]") for stamp in (first, last)
    ]
    return float((seconds[1] - seconds[0])[0] / np.timedelta64(1, "D"))


def _clock(stamps: Any) -> Any:
    """Return what the clock on the wall shows at stamps, or where periods begin."""
    if isinstance(stamps, pd.PeriodIndex):
        stamps = stamps.to_timestamp()
    # A stamp that is rounded to just below an hour belongs to it.
    return stamps.tz_localize(None).round("s")


def _number(part: str, clock: Any) -> NDArray[np.int64]:
    return np.asarray(getattr(clock, NUMBERS[part]), dtype=np.int64)


def _share(part: str, clock: Any) -> NDArray[np.float64]:
    """Return the share of a period that has passed."""
    of_day = (clock - clock.normalize()) / pd.Timedelta("1D")
    if part == "day":
        return np.asarray(of_day, dtype=np.float64)
    n_days = np.where(clock.is_leap_year, 366, 365)
    return np.asarray((clock.day_of_year - 1 + of_day) / n_days, dtype=np.float64)


def _waves(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sines and cosines of one and more periods, one after the other."""
    angles = 2 * np.pi * share[:, None] * np.arange(1, N_HARMONICS + 1)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=2)
    return waves.reshape(len(share), -1)


def _days(clock: Any) -> NDArray[np.int64]:
    """Return the number of days since 1970."""
    return clock.to_numpy().astype("datetime64[D]").astype(np.int64)


def _read_holidays(holidays: Any, clock: Any) -> NDArray[np.int64] | None:
    """Return holidays as days since 1970."""
    if holidays is None:
        return None
    if hasattr(holidays, "holidays"):
        # All that the calendar knows, because forecasts may reach far.
        holidays = holidays.holidays(clock.min().normalize(), holidays.end_date)
    try:
        days = pd.DatetimeIndex(
            [pd.Timestamp(day).tz_localize(None) for day in holidays]
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            "holidays must be dates, such as ['2024-12-25'], or a holiday calendar of "
            f"pandas. Got {holidays!r} instead; name each day."
        ) from error
    return np.unique(_days(days))
