from calendar import isleap
from datetime import datetime
from math import cos, pi, sin

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.tseries.holiday import USFederalHolidayCalendar

from skrnn._index.calendar import Calendar, parts_of_season, usual_parts

# Both changes of the clocks of 2024 lie in it.
SUMMER = pd.date_range("2024-03-30", "2024-10-28", freq="h", tz="Europe/Berlin")


def columns(parts, stamps, learned=None, holidays=None):
    calendar = Calendar.learn(parts, stamps if learned is None else learned, holidays)
    return pd.DataFrame(calendar.columns(stamps), columns=calendar.names)


def test_numbers_are_those_of_local_time():
    found = columns(("hour", "weekday", "month"), SUMMER)
    written = [datetime.fromisoformat(str(stamp)[:19]) for stamp in SUMMER]
    for name, numbers in {
        "hour": [each.hour for each in written],
        "weekday": [each.weekday() for each in written],
        "month": [each.month for each in written],
    }.items():
        dummies = pd.get_dummies(pd.Series(numbers), prefix=name, dtype=float)
        pd.testing.assert_frame_equal(found[[*dummies]], dummies)
    assert found.shape[1] == 24 + 7 + 8


def test_waves_have_one_and_two_periods_in_a_day_and_a_year():
    stamps = pd.date_range("2023-12-30 05:30", periods=30, freq="19D8h")
    found = columns(("day", "year"), stamps)
    by_hand = []
    for stamp in stamps.to_pydatetime():
        day = (stamp.hour + stamp.minute / 60) / 24
        n_days = 366 if isleap(stamp.year) else 365
        year = (stamp.timetuple().tm_yday - 1 + day) / n_days
        waves = [
            f(2 * pi * n * share)
            for share in (day, year)
            for n in (1, 2)
            for f in (sin, cos)
        ]
        by_hand.append(waves)
    assert_allclose(found, by_hand, atol=1e-12)
    assert list(found)[:4] == ["day_sin1", "day_cos1", "day_sin2", "day_cos2"]


@pytest.mark.parametrize("freq", ["M", "Q-NOV", "W-SUN", "D", "h"])
def test_a_period_counts_as_its_beginning(freq):
    periods = pd.period_range("2023-05-03 07:00", periods=50, freq=freq)
    parts = ("hour", "weekday", "month", "year")
    starts = columns(parts, periods.to_timestamp(how="start"))
    pd.testing.assert_frame_equal(columns(parts, periods), starts)


def test_numbers_that_were_not_learned_have_no_column():
    days = pd.date_range("2024-01-01", periods=14)
    found = columns(("weekday",), days, learned=days[days.day_of_week < 5])
    assert list(found) == [f"weekday_{n}" for n in range(5)]
    assert_array_equal(found.loc[5:6], 0)


def test_a_stamp_just_below_an_hour_belongs_to_it():
    stamps = pd.to_datetime(["2024-01-01 12:59:59.998", "2024-01-01 14:00:00.001"])
    assert list(columns(("hour",), stamps)) == ["hour_13", "hour_14"]


@pytest.mark.parametrize("zone", [None, "US/Eastern"])
def test_holidays_are_days_or_a_calendar_of_pandas(zone):
    hours = pd.date_range("2024-12-20", periods=400, freq="h", tz=zone)
    listed = ["2024-12-25", np.datetime64("2025-01-01"), hours[-1]]
    found = columns((), hours, holidays=listed)["holiday"]
    is_listed = [str(stamp)[:10] in ("2024-12-25", "2025-01-01") for stamp in hours]
    is_listed |= hours.normalize() == hours[-1].normalize()
    assert_array_equal(found, is_listed)
    later = pd.date_range("2030-07-03", periods=3, tz=zone)
    rules = USFederalHolidayCalendar()
    found = columns((), later, learned=hours, holidays=rules)["holiday"]
    assert_array_equal(found, [0, 1, 0])


def test_holidays_that_are_no_dates_are_refused():
    with pytest.raises(ValueError, match=r"holidays must be dates.* Got \['x'\]"):
        columns((), SUMMER, holidays=["x"])


@pytest.mark.parametrize(
    ("freq", "n_rows", "parts"),
    [
        ("h", 500, [("day", "weekday")]),
        ("12h", 1500, [("day", "weekday"), ("day", "weekday", "year")]),
        ("D", 500, [("weekday",)]),
        ("B", 523, [("weekday",), ("weekday", "year")]),
        ("W", 105, []),
        ("W", 106, [("year",)]),
        ("QS", 12, [("year",)]),
        ("YS", 12, []),
        ("YS", 340, []),
        ("QS", 4 * 340, [("year",)]),
    ],
)
def test_parts_of_a_year_need_two_years_of_rows(freq, n_rows, parts):
    stamps = pd.date_range("1690-01-01", periods=n_rows, freq=freq)
    assert usual_parts(stamps, stamps.freq) == parts


@pytest.mark.parametrize(
    ("freq", "season", "parts"),
    [
        ("MS", 12, ("month",)),
        ("ME", 12, ("month",)),
        ("2MS", 6, ("month",)),
        ("QS", 4, ("month",)),
        ("QE-NOV", 4, ("month",)),
        ("D", 7, ("weekday",)),
        ("B", 5, ("weekday",)),
        ("h", 24, ("hour",)),
        ("4h", 6, ("hour",)),
        ("30min", 48, ()),
        ("W", 52, ()),
    ],
)
def test_a_part_says_where_in_its_season_a_row_lies(freq, season, parts):
    stamps = pd.date_range("2021-01-31", periods=30, freq=freq)
    assert parts_of_season(stamps, stamps.freq, season) == parts
    if not parts:
        return
    numbers = Calendar.learn(parts, stamps).columns(stamps).argmax(axis=1)
    assert len(set(numbers[:season])) == season
    assert_array_equal(numbers[season:], numbers[:-season])


def test_a_part_says_where_in_its_season_a_period_lies():
    for freq, season in (("M", 12), ("Q", 4)):
        periods = pd.period_range("2021-01", periods=25, freq=freq)
        assert parts_of_season(periods, periods.freq, season) == ("month",)


def test_holidays_leave_a_week_its_days():
    week = {"holidays": ["2024-01-01", "2024-01-15"]}
    days = pd.date_range("2024-01-02", periods=40, freq=pd.offsets.CDay(**week))
    assert parts_of_season(days, days.freq, 5) == ("weekday",)
    week["weekmask"] = "Mon Tue Wed Thu Fri Sat"
    days = pd.date_range("2024-01-02", periods=40, freq=pd.offsets.CDay(**week))
    assert parts_of_season(days, days.freq, 5) == ()


def test_days_of_six_rows_are_no_week_of_six_days():
    stamps = pd.date_range("2024-01-01", periods=36, freq="4h")
    assert len(set(stamps.day_of_week)) == 6
    assert parts_of_season(stamps, stamps.freq, 6) == ("hour",)
