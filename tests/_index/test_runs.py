import numpy as np
import pandas as pd
import pytest

from skrnn._index.matching import match_index
from skrnn._index.runs import split_runs
from skrnn._index.steps import infer_step, stamps_after

# --------------------------------------------------------------------------------------
# Runs
# --------------------------------------------------------------------------------------

DAYS = pd.date_range("2024-01-01", periods=8, freq="D")


def test_plain_rows_are_one_run():
    runs = split_runs(None, 5)
    assert (len(runs), runs.lengths.tolist(), runs.step) == (1, [5], None)


@pytest.mark.parametrize(
    ("index", "lengths"),
    [
        (pd.Index([0, 1, 2, 4, 5, 9]), [3, 2, 1]),
        (pd.Index([0, 2, 4, 7]), [3, 1]),
        (pd.Index([5]), [1]),
        (pd.RangeIndex(5, 6), [1]),
        (DAYS[[0]], [1]),
        (DAYS[[0, 1, 3, 4, 5]], [2, 3]),
        (DAYS.to_period()[[0, 1, 3, 4, 5]], [2, 3]),
        (pd.Index([1, 2, 4], dtype="Int64"), [2, 1]),
        (pd.Index([253, 254, 255], dtype="uint8"), [3]),
    ],
)
def test_larger_step_starts_a_run(index, lengths):
    runs = split_runs(index, len(index))
    assert runs.lengths.tolist() == lengths
    assert runs.starts.tolist() == np.cumsum([0, *lengths[:-1]]).tolist()


def test_rows_of_a_run_are_found_in_the_callers_order():
    index = pd.MultiIndex.from_tuples(
        [("b", 0), ("a", 0), ("b", 1), ("a", 1), ("b", 3)]
    )
    runs = split_runs(index, len(index))
    assert runs.series == ["b", "b", "a"]
    assert [runs.rows_of(run).tolist() for run in range(3)] == [[0, 2], [4], [1, 3]]
    assert runs.first_stamps.tolist() == [0, 3, 0]
    assert runs.last_stamps.tolist() == [1, 3, 1]


def test_given_step_counts_and_not_the_one_that_occurs():
    assert split_runs(pd.Index([0, 2, 4]), 3, step=1).lengths.tolist() == [1, 1, 1]


# --------------------------------------------------------------------------------------
# Steps of an index
# --------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(3, 30, 3),
        pd.Index(0.25 * np.arange(9)),
        pd.period_range("2024-01", periods=9, freq="M"),
        pd.period_range("2024-01", periods=9, freq="2D"),
        pd.timedelta_range("1h", periods=9, freq="30min"),
    ],
    ids=lambda index: type(index).__name__,
)
def test_stamps_go_on_by_the_step(index):
    got = stamps_after(index[4], infer_step(index[:5]), 4)
    assert list(got) == list(index[5:])


def test_days_go_on_over_a_midnight_that_the_clocks_skip():
    last = pd.Timestamp("2024-09-07", tz="America/Santiago")
    got = stamps_after(last, pd.DateOffset(days=1), 2)
    assert got.strftime("%d %H").tolist() == ["08 01", "09 00"]


def test_step_of_several_series_is_that_of_the_longest():
    index = pd.MultiIndex.from_tuples(
        [("a", 0), ("a", 5), ("b", 0), ("b", 2), ("b", 4)]
    )
    assert infer_step(index) == 2


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


# --------------------------------------------------------------------------------------
# Indexes of another kind
# --------------------------------------------------------------------------------------


def test_index_is_expressed_in_the_time_zone_of_another():
    berlin = DAYS.tz_localize("Europe/Berlin")
    utc = berlin.tz_convert("UTC")
    assert list(match_index(utc, berlin)) == list(berlin)
    assert match_index(utc, berlin).dtype == berlin.dtype
    series = pd.MultiIndex.from_product([["a", "b"], utc])
    got = match_index(series, berlin)
    assert list(got) == [("a", day) for day in berlin] + [("b", day) for day in berlin]


@pytest.mark.parametrize(
    "index", [pd.RangeIndex(3), DAYS, DAYS.to_period(), DAYS - DAYS[0]]
)
def test_index_of_the_same_kind_stays(index):
    assert match_index(index, index[:0]) is index


def test_indexes_of_different_kinds_do_not_match():
    kinds = [
        pd.RangeIndex(8),
        DAYS,
        DAYS.tz_localize("UTC"),
        DAYS.to_period(),
        DAYS.to_period("M"),
        DAYS - DAYS[0],
    ]
    for index in kinds:
        for like in kinds:
            if index is not like:
                with pytest.raises(ValueError, match="give X an index of that kind"):
                    match_index(index, like)
