"""Indexes that rows may have, and the number of each of their stamps."""

import numpy as np
import pandas as pd

N_ROWS = 30
HOLES = [3, 11, 12, 13, 19]


def dates(start, freq, tz=None):
    return pd.date_range(start, periods=N_ROWS, freq=freq, tz=tz)


def without_freq(index):
    return pd.DatetimeIndex(list(index))


def day_of(stamp):
    return stamp.toordinal()


def hour_of(stamp):
    return stamp.timestamp() // 3600


def month_of(stamp):
    return stamp.year * 12 + stamp.month


def business_day_of(stamp):
    return np.busday_count("1970-01-01", stamp.date())


def of_series(*names_and_stamps):
    """A MultiIndex with one series below the other."""
    return pd.MultiIndex.from_tuples(
        [(*name, stamp) for name, stamps in names_and_stamps for stamp in stamps]
    )


def by_time(index):
    return index.sortlevel(-1)[0]


THREE_SERIES = of_series(
    (["b"], range(5, 9)), (["c"], [0, 1, 2, 3, 6, 7, 8, 9, 10, 11]), (["a"], range(10))
)
TWO_NAMES = of_series(
    ([1, "x"], dates("2024-01-01", "D")[:14]), ([1, "y"], dates("2024-01-01", "D")[:10])
)

CONTAINERS = {
    "default index": (pd.RangeIndex(N_ROWS), int),
    "every third number": (pd.RangeIndex(5, 5 + 3 * N_ROWS, 3), lambda n: n // 3),
    "numbers with holes": (pd.RangeIndex(N_ROWS + 5).delete(HOLES), int),
    "floats": (pd.Index(0.1 * np.arange(N_ROWS)), lambda t: round(10 * t)),
    "rounded floats": (
        pd.Index(np.arange(N_ROWS + 5) / 3).round(4).delete(HOLES),
        lambda t: round(3 * t),
    ),
    "seconds since 1970": (
        pd.Index(1.7e9 + 0.001 * np.arange(N_ROWS)),
        lambda t: round(1000 * t),
    ),
    "single floats": (
        pd.Index(50 + np.arange(N_ROWS, dtype=np.float32) / 10),
        lambda t: round(10 * float(t)),
    ),
    "durations": (
        pd.to_timedelta(np.arange(N_ROWS + 5), unit="h").delete(HOLES),
        lambda t: t.total_seconds() // 3600,
    ),
    "days over a leap day": (dates("2024-02-20", "D"), day_of),
    "days without freq": (without_freq(dates("2023-02-20", "D")), day_of),
    "days with holes": (dates("2024-02-20", "D").delete(HOLES), day_of),
    "weeks": (dates("2024-01-07", "W"), lambda t: t.toordinal() // 7),
    "every tenth minute": (
        without_freq(dates("2024-02-28 23:00", "10min")).delete(HOLES),
        lambda t: t.timestamp() // 600,
    ),
    "business days": (dates("2024-02-20", "B"), business_day_of),
    "business days with holes": (
        without_freq(dates("2024-02-20", "B")).delete([2, 9, 21, 22]),
        business_day_of,
    ),
    "months": (pd.period_range("2023-01", periods=N_ROWS, freq="M"), month_of),
    "months with holes": (
        pd.period_range("2023-01", periods=N_ROWS + 5, freq="M").delete(HOLES),
        month_of,
    ),
    "first days of months": (without_freq(dates("2024-01-01", "MS")), month_of),
    "last days of months": (without_freq(dates("2023-01-31", "ME")), month_of),
    "last business days of months": (
        without_freq(dates("2023-04-28", "BME")).delete(HOLES),
        month_of,
    ),
    "quarters": (dates("2020-03-31", "QE"), lambda t: month_of(t) // 3),
    "years": (without_freq(dates("2018-01-01", "YS")), lambda t: t.year),
    "hours, clocks go forward": (
        dates("2024-03-30 17:00", "h", "Europe/Berlin"),
        hour_of,
    ),
    "hours without freq, clocks go back": (
        without_freq(dates("2024-10-26 17:00", "h", "Europe/Berlin")),
        hour_of,
    ),
    "days, clocks go forward": (dates("2024-03-20", "D", "Europe/Berlin"), day_of),
    "days without freq, clocks go back": (
        without_freq(dates("2024-10-16", "D", "Europe/Berlin")),
        day_of,
    ),
    # In Chile 8 September 2024 has no midnight: it begins at one o'clock.
    "days, clocks skip midnight": (
        dates("2024-08-28", "D").tz_localize(
            "America/Santiago", nonexistent="shift_forward"
        ),
        day_of,
    ),
    "days at an hour that comes twice": (
        without_freq(
            dates("2024-10-16 02:30", "D").tz_localize(
                "Europe/Berlin", [False] * N_ROWS
            )
        ),
        day_of,
    ),
    "naive hours, clocks go forward": (dates("2024-03-30 17:00", "h"), hour_of),
    "three series": (THREE_SERIES, int),
    "three series, ordered by time": (by_time(THREE_SERIES), int),
    "series with two names": (TWO_NAMES, day_of),
    "series with two names, ordered by time": (by_time(TWO_NAMES), day_of),
}


def numbers(n_rows, start=0, **options):
    """A frame with one column, `v`, which counts its rows."""
    values = np.arange(start, start + n_rows, dtype=float)
    return pd.DataFrame({"v": values}, **options)
