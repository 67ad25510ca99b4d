import warnings
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from skrnn._index.freq import read_spacing
from skrnn._index.runs import split_runs
from skrnn._index.steps import count_steps, stamps_after, stamps_before

DAYS = pd.date_range("2024-01-01", periods=40, freq="D")
CALENDARS = [
    pd.offsets.CustomBusinessDay(weekmask="Mon Wed Fri", holidays=["2024-01-05"]),
    pd.offsets.CustomBusinessDay(2, holidays=["2024-01-05"]),
    pd.offsets.CustomBusinessHour(start="10:00", end="17:00"),
    pd.offsets.BusinessHour(start="10:00", end="17:00"),
    pd.offsets.SemiMonthBegin(),
    pd.offsets.WeekOfMonth(week=2, weekday=3),
]
each_calendar = pytest.mark.parametrize("offset", CALENDARS, ids=repr)
each_zone = pytest.mark.parametrize("tz", [None, "Europe/Oslo"])


def on_calendar(offset, tz=None, n_rows=60):
    stamps = pd.date_range("2024-01-03 10:00", periods=n_rows, freq=offset)
    return pd.DatetimeIndex(stamps.to_numpy()).tz_localize(tz)


@each_calendar
@each_zone
def test_stamps_of_a_calendar_are_one_run_and_holes_are_counted_on_it(offset, tz):
    stamps = on_calendar(offset, tz)
    assert split_runs(stamps, 60, freq=offset).lengths.tolist() == [60]
    holey = stamps.delete([20, 21, 40])
    assert split_runs(holey, 57, freq=offset).lengths.tolist() == [20, 18, 19]
    assert count_steps(stamps[9:10], offset, stamps[10:]).tolist() == [*range(1, 51)]


@each_calendar
@each_zone
def test_a_calendar_leads_on_and_back(offset, tz):
    stamps = on_calendar(offset, tz)
    assert list(stamps_after(stamps[29], offset, 30)) == list(stamps[30:])
    assert list(stamps_before(stamps[30:], offset, 7)) == list(stamps[23:-7])


@pytest.mark.parametrize("freq", ["D", timedelta(1), np.timedelta64(1, "D")])
def test_a_step_may_be_a_string_or_a_duration(freq):
    assert split_runs(DAYS, 40, freq=freq).lengths.tolist() == [40]
    durations = pd.TimedeltaIndex(DAYS - DAYS[0])
    assert split_runs(durations, 40, freq=freq).lengths.tolist() == [40]


def test_a_smaller_step_than_the_commonest_one_is_taken_if_it_is_named():
    noon = DAYS.append(pd.DatetimeIndex(["2024-01-20 12:00"])).sort_values()
    with pytest.raises(
        ValueError, match=r"2024-01-20 12:00:00 after .* 1 day, inferred"
    ):
        split_runs(noon, 41)
    assert len(split_runs(noon, 41, freq="12h")) == 39
    assert len(split_runs(pd.Index([0, 2, 4, 5, 6, 8, 10]), 7, freq=1)) == 5


@pytest.mark.parametrize(
    ("index", "freq", "stamp"),
    [
        (DAYS, "B", "2024-01-06"),
        (DAYS, "W-MON", "2024-01-02"),
        (DAYS, "MS", "2024-01-02"),
        (DAYS, "2D", "2024-01-02"),
        (DAYS.delete(range(1, 8)), "3D", "2024-01-09"),
        (DAYS, pd.offsets.CustomBusinessDay(holidays=["2024-01-03"]), "2024-01-03"),
        (DAYS, pd.offsets.CustomBusinessHour(start="10:00"), "2024-01-01"),
        (pd.Index([0, 3, 6, 7]), 3, "7"),
        (pd.Index([0.0, 0.5, 0.7]), 0.5, "0.7"),
    ],
)
def test_a_step_that_the_index_contradicts_is_refused_at_the_first_stamp(
    index, freq, stamp
):
    with pytest.raises(
        ValueError, match=f"stamp {stamp}.*which freq says.*another freq"
    ):
        split_runs(index, len(index), freq=freq)


@pytest.mark.parametrize(
    ("index", "freq", "error", "message"),
    [
        (DAYS, 1, TypeError, "an offset, such as 'D'"),
        (DAYS, "often", ValueError, "a string that stands for one"),
        (DAYS, "-1D", ValueError, "a step forward"),
        (pd.RangeIndex(9), "D", TypeError, "must be a number"),
        (pd.RangeIndex(9), 0, ValueError, "above 0"),
        (pd.RangeIndex(9), 0.5, ValueError, "a whole number"),
        (DAYS.to_period("D"), "W", ValueError, "that of the periods in the index, 'D'"),
        (DAYS - DAYS[0], "MS", ValueError, "elapsed time"),
        (None, "D", ValueError, "X and y have none"),
    ],
)
def test_a_step_of_another_kind_than_the_stamps_is_refused(index, freq, error, message):
    with pytest.raises(error, match=message):
        split_runs(index, 9 if index is None else len(index), freq=freq)


def test_a_message_names_the_stamp_that_is_astray():
    # The day of the stray stamp has no other.
    days = DAYS.delete([18, 19]).append(pd.DatetimeIndex(["2024-01-20 12:00"]))
    with pytest.raises(
        ValueError, match=r"20 12:00:00 before 2024-01-21 00:00:00, which"
    ):
        split_runs(days.sort_values(), 39)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("tz", [None, "Europe/Oslo"])
def test_stamps_that_are_off_by_rounding_follow_one_another(unit, tz):
    start = pd.Timestamp("2024-03-30 22:00", tz=tz)
    lengths = {"s": 61.3, "ms": 1 / 3, "us": 0.00071}
    exact = start + pd.to_timedelta(np.arange(300) * lengths[unit], unit="s")
    rounded = exact.round(unit)
    runs = split_runs(rounded, 300)
    assert len(runs) == 1
    steps = count_steps(rounded[:1], runs.step, rounded[1:])
    assert steps.tolist() == [*range(1, 300)]
    # What follows is rounded as the stamps are.
    ahead = stamps_after(rounded[199], runs.step, 100)
    assert (ahead == ahead.round(unit)).all()
    assert abs(ahead - rounded[200:]).max() <= 2 * pd.Timedelta(1, unit)


@pytest.mark.parametrize("freq", ["7s", "3s", "333ms", "20us", "1min"])
def test_tolerance_of_short_steps_is_a_share_of_them(freq):
    stamps = pd.date_range("2024-01-01", periods=40, freq=freq).as_unit("ns")
    length = stamps[1] - stamps[0]
    stray = stamps.to_series()
    stray.iloc[5] += 0.049 * length
    assert len(split_runs(pd.DatetimeIndex(stray), 40)) == 1
    stray.iloc[5] += 0.002 * length
    with pytest.raises(ValueError, match="closer than a step"):
        split_runs(pd.DatetimeIndex(stray), 40)


def test_tolerance_is_a_twentieth_of_a_step_and_an_hour_at_most():
    hours = pd.date_range("2024-01-01", periods=9, freq="h").to_series()
    hours.iloc[5] += pd.Timedelta("3min")
    assert len(split_runs(pd.DatetimeIndex(hours), 9)) == 1
    hours.iloc[5] += pd.Timedelta("1s")
    with pytest.raises(
        ValueError, match=r"05:03:01 before .* closer than a step of 1 hour"
    ):
        split_runs(pd.DatetimeIndex(hours), 9)
    days = DAYS.to_series()
    days.iloc[5] -= pd.Timedelta("1h")
    assert len(split_runs(pd.DatetimeIndex(days), 40)) == 1
    days.iloc[5] -= pd.Timedelta("1s")
    with pytest.raises(ValueError, match=r"05 22:59:59 after .* closer than a step"):
        split_runs(pd.DatetimeIndex(days), 40)


@pytest.mark.parametrize(
    ("stamps", "way_out"),
    [
        (
            [202311, 202312, 202401],
            r"pd\.PeriodIndex\(X.index.astype\(str\), freq='M'\)",
        ),
        ([20231230, 20231231, 20240101], r"format='%Y%m%d'"),
    ],
)
def test_integers_that_look_like_dates_are_warned_of(stamps, way_out):
    index = pd.Index(stamps)
    with pytest.warns(UserWarning, match=way_out):
        assert read_spacing(index).step == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_spacing(pd.RangeIndex(200_001, 200_010))
        read_spacing(pd.Index([202311, 202312, 202313]))
