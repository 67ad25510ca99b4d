import numpy as np
import pandas as pd
import pytest

from skrnn._index.infer import infer_step
from skrnn._index.steps import stamps_after


@pytest.mark.parametrize(
    "freq",
    [
        "D",
        "2D",
        "B",
        "W-SUN",
        "MS",
        "ME",
        "2ME",
        "BME",
        "QE",
        "YS",
        "15min",
        "36h",
        "s",
    ],
)
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_step_without_freq_leads_on_as_freq_does(freq, tz):
    index = pd.date_range("2024-02-01", periods=40, freq=freq, tz=tz)
    step = infer_step(pd.DatetimeIndex(list(index[:30])))
    for of in (step, infer_step(index)):
        stamps = stamps_after(index[29], of, 10)
        assert stamps.dtype == index.dtype
        assert list(stamps) == list(index[30:])


def test_step_of_several_series_is_that_of_the_longest():
    index = pd.MultiIndex.from_tuples(
        [("a", 0), ("a", 5), ("b", 0), ("b", 2), ("b", 4)]
    )
    assert infer_step(index) == 2


@pytest.mark.parametrize("stray", ["2024-02-03 12:00", "2024-02-03 01:00"])
@pytest.mark.parametrize("holes", [[], [33], [40]])
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_a_stray_stamp_does_not_choose_the_step(stray, holes, tz):
    days = pd.date_range("2024-01-01", periods=99, freq="D", tz=tz).delete(holes)
    stamps = days.append(pd.DatetimeIndex([stray], tz=tz)).sort_values()
    assert infer_step(stamps) == pd.DateOffset(days=1)
    late = days.append(days[-1:] + pd.Timedelta("12h"))
    assert infer_step(late) == pd.DateOffset(days=1)


def test_many_small_distances_are_the_step():
    stamps = pd.date_range("2024-01-01", periods=40, freq="D")
    noons = stamps[:8] + pd.Timedelta("12h")
    assert infer_step(stamps.append(noons).sort_values()) == pd.Timedelta("12h")
    assert infer_step(pd.Index([0, 2, 4, 6, 7, 8])) == 1
    assert infer_step(pd.Index([0, 2, 4, 6, 8, 9, 11])) == 2


@pytest.mark.parametrize("seed", range(20))
def test_half_of_the_days_show_the_step_of_all(seed):
    days = pd.date_range("2024-01-01", periods=80, freq="D")
    kept = np.random.default_rng(seed).random(80) < 0.5
    assert infer_step(days[kept]) == pd.DateOffset(days=1)


def test_all_series_together_choose_the_step():
    daily = [("a", 24 * day) for day in range(9)]
    hourly = [(name, hour) for name in "bc" for hour in range(6)]
    assert infer_step(pd.MultiIndex.from_tuples(daily + hourly)) == 1


@pytest.mark.parametrize(
    ("stamps", "step"),
    [
        # 60 and 3 stamps a second, rounded to milliseconds; hours as floats of days.
        (pd.to_datetime(np.arange(200) / 60, unit="s").round("ms"), 1 / 60),
        (pd.to_datetime(np.arange(200) / 3, unit="s").round("ms"), 1 / 3),
        (pd.to_datetime((20000 + np.arange(200) / 24).round(6), unit="D"), 3600),
        (pd.to_timedelta(np.arange(200) / 3, unit="s").round("ms"), 1 / 3),
    ],
)
def test_step_of_rounded_stamps_is_the_one_before_rounding(stamps, step):
    inferred = pd.Timedelta(infer_step(stamps)) / pd.Timedelta("1s")
    # As many steps again lead to a stamp that is off by hardly more than the rounding.
    assert abs(inferred - step) * len(stamps) <= 0.002


def test_step_of_rounded_floats_is_the_one_before_rounding():
    thirds = infer_step(pd.Index((np.arange(60) / 3).round(2)))
    assert abs(thirds - 1 / 3) * 60 <= 0.02
    assert infer_step(pd.Index(7 + 0.1 * np.arange(60))) == 0.1


def test_days_out_of_a_spreadsheet_are_days_of_the_month():
    noise = pd.to_timedelta(np.arange(12) % 3 - 1, unit="us")
    months = pd.date_range("2024-01-01", periods=12, freq="MS") + noise
    assert infer_step(months) == pd.DateOffset(months=1)


def test_few_days_across_a_weekend_are_business_days():
    days = pd.DatetimeIndex(["2024-01-04", "2024-01-05", "2024-01-08"])
    assert infer_step(days) == pd.offsets.BusinessDay()
    assert infer_step(days[:2]) == pd.DateOffset(days=1)


def monthly(day, n_months=1, start="2024-01-01"):
    months = pd.period_range(start, periods=8, freq=f"{n_months}M")
    days = np.minimum(day, months.days_in_month)
    return pd.DatetimeIndex(months.to_timestamp() + pd.to_timedelta(days - 1, "D"))


DRIFTED = pd.date_range("2024-01-30", periods=8, freq=pd.DateOffset(months=1))


@pytest.mark.parametrize(
    "index",
    [
        monthly(29),
        monthly(30),
        monthly(30).tz_localize("Europe/Berlin"),
        monthly(30, start="2024-03-01")[:3],
        monthly(30, n_months=2, start="2024-02-01"),
        DRIFTED,
        DRIFTED.to_numpy(),
    ],
)
def test_days_that_not_every_month_has_are_refused(index):
    with pytest.raises(ValueError, match=r"Got .*-(29|30) .*X.index.to_period\('M'\)"):
        infer_step(pd.DatetimeIndex(index))


@pytest.mark.parametrize(
    ("index", "step"),
    [
        (monthly(28), pd.DateOffset(months=1)),
        (monthly(31), pd.offsets.MonthEnd(1)),
        # March, June, September and December all have a day 30, as has every January.
        (monthly(30, n_months=3, start="2024-03-01"), pd.DateOffset(months=3)),
        (monthly(30, n_months=12), pd.DateOffset(months=12)),
        # Business days throughout.
        (pd.DatetimeIndex(["2025-04-30", "2025-05-30"]), pd.offsets.BMonthEnd(1)),
        (pd.date_range("2024-01-28", periods=3, freq="31D"), pd.DateOffset(days=31)),
        (pd.date_range("2024-01-30", periods=30, freq="29D"), pd.DateOffset(days=29)),
    ],
)
def test_days_that_the_months_have_are_kept(index, step):
    assert infer_step(pd.DatetimeIndex(index.to_numpy())) == step


def test_one_stamp_has_no_step():
    assert infer_step(pd.DatetimeIndex(["2024-01-04"])) is None
