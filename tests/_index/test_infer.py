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
