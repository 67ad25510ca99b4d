"""Indexes as people have them: grids of many kinds, with holes and stray stamps."""

import numpy as np
import pandas as pd

HOLIDAYS = pd.date_range("2024-01-01", "2024-12-31", freq="13D")
BUSINESS = pd.offsets.CustomBusinessDay(holidays=HOLIDAYS)
TRADING = pd.offsets.CustomBusinessHour(start="09:00", end="17:00", holidays=HOLIDAYS)


def _dates(start, freq, **zone):
    return lambda n: pd.date_range(start, periods=n, freq=freq, **zone)


def _rounded_thirds(n):
    stamps = pd.Timestamp("2024-02-20") + pd.to_timedelta(np.arange(n) / 3, unit="s")
    return pd.DatetimeIndex(stamps.round("ms"))


# Each grid, and the `freq` that must be said because stamps do not show it.
GRIDS = {
    "days": (_dates("2024-02-20", "D"), None),
    "hours": (_dates("2024-02-20 05:00", "h"), None),
    "quarters of hours": (_dates("2024-02-20", "15min"), None),
    "hours over a clock change": (
        _dates("2024-03-29 12:00", "h", tz="Europe/Oslo"),
        None,
    ),
    "days over a clock change": (_dates("2024-03-01", "D", tz="America/Lima"), None),
    "weeks": (_dates("2024-01-03", "W-WED"), None),
    "starts of months": (_dates("2001-01-01", "MS"), None),
    "ends of months": (_dates("2001-01-31", "ME"), None),
    "quarters": (_dates("1990-03-31", "QE"), None),
    "business days": (_dates("2024-01-02", "B"), "B"),
    "business days with holidays": (_dates("2024-01-02", BUSINESS), BUSINESS),
    "trading hours": (_dates("2024-01-02 09:00", TRADING), TRADING),
    "thirds of seconds in milliseconds": (_rounded_thirds, None),
    "hours of a spreadsheet": (
        lambda n: pd.Index(np.round(45000 + np.arange(n) / 24, 6)),
        None,
    ),
    "months as periods": (
        lambda n: pd.period_range("2001-01", periods=n, freq="M"),
        None,
    ),
    "fives": (lambda n: pd.RangeIndex(10, 10 + 5 * n, 5), None),
    "tenths": (lambda n: pd.Index(np.arange(n) * 0.1), None),
}


def ticks_with_holes(random, n_ticks):
    """Whole numbers from 0 on, of which up to three stretches are missing."""
    present = np.ones(n_ticks, dtype=bool)
    for _ in range(random.integers(0, 4)):
        # Often near the end, where a forecast starts.
        first = n_ticks - 1 - random.integers(1, random.choice([6, n_ticks - 6]))
        present[first : first + random.choice([1, 1, 2, 5])] = False
    present[[0, 1, 2, -1]] = True
    return np.flatnonzero(present)
