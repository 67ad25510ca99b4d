import numpy as np
import pandas as pd
import pytest

from skrnn._forecasting.candidates import find_horizon, find_windows, misses_much
from skrnn._forecasting.series import series_from_long


def read(index, values=None):
    if values is None:
        values = np.random.default_rng(0).normal(size=len(index))
    known = np.empty((len(index), 0))
    return series_from_long(np.reshape(values, (-1, 1)), known, index)


def find(index, season, *, calibration=0, n_lost=0, is_day=False, **kind):
    rows = read(index)
    training = rows.before_last(calibration)
    return find_windows(rows, training, n_lost, season, is_day=is_day, **kind)


def months(n_rows):
    return pd.period_range("2001-01", periods=n_rows, freq="M")


@pytest.mark.parametrize(
    ("n_rows", "windows"),
    [(60, [36, 12, 24]), (59, [24, 12]), (47, [12]), (36, [12])],
)
def test_few_rows_give_windows_of_fewer_seasons(n_rows, windows):
    assert find(months(n_rows), 12) == (windows, 12)


@pytest.mark.parametrize(
    ("n_rows", "windows"),
    [(432, [36, 12, 24]), (431, [24, 12, 36]), (287, [12, 24, 36]), (36, [12])],
)
def test_a_short_series_begins_with_a_step_for_twelve_rows(n_rows, windows):
    assert find(months(n_rows), 12, is_short=True) == (windows, 12)


@pytest.mark.parametrize(
    ("n_rows", "windows", "season"),
    [
        (24, [11], 1),
        (25, [1], 12),
        (35, [2], 12),
        (36, [3, 12], 12),
        (76, [8, 12, 24, 36], 12),
        (203, [23, 12, 24, 36], 12),
        (300, [24, 12, 36], 12),
    ],
)
@pytest.mark.filterwarnings("ignore:AutoregressiveForecaster chose window=11")
def test_a_season_that_the_calendar_says_needs_few_steps(n_rows, windows, season):
    kind = {"is_short": True, "in_calendar": True}
    assert find(months(n_rows), 12, **kind) == (windows, season)


@pytest.mark.parametrize(("n_rows", "window"), [(35, 12), (20, 9), (9, 4), (1, 1)])
def test_few_rows_without_a_season_give_shorter_windows(n_rows, window):
    assert find(pd.RangeIndex(n_rows), 1) == ([window], 1)


def test_rows_held_out_or_differenced_are_not_counted():
    assert find(months(70), 12, calibration=11)[0][0] == 24
    assert find(months(70), 12, n_lost=13)[0][0] == 24
    assert find(months(70), 12, calibration=10)[0][0] == 36


def test_weeks_of_hours_are_compared_where_there_are_two():
    hours = pd.date_range("2024-01-01", periods=800, freq="h")
    assert find(hours, 24, is_day=True)[0] == [72, 24, 48, 168, 336]
    assert find(hours[:400], 24, is_day=True)[0] == [72, 24, 48, 168]
    assert find(hours, 24)[0] == [72, 24, 48]


def shops(lengths):
    """Return an index of days, on the last of which all series end."""
    days = pd.date_range("2024-01-01", periods=max(lengths), freq="D")
    pairs = [(f"shop {i}", day) for i, n in enumerate(lengths) for day in days[-n:]]
    return pd.MultiIndex.from_tuples(pairs)


@pytest.mark.parametrize(
    ("lengths", "window"),
    [
        ([200] * 6 + [3], 21),  # Cannot start from any window of a season.
        ([200] * 6 + [15], 21),
        ([200, 200, 14, 14, 14], 21),  # Nine tenths of the rows are in the others.
        ([60] * 3 + [15] * 3, 7),
        ([40] * 6, 21),
        ([9] * 30 + [60] * 20, 21),
    ],
)
def test_series_with_most_of_the_rows_choose_the_window(lengths, window):
    windows, season = find(shops(lengths), 7)
    assert (windows[0], season) == (window, 7)


@pytest.mark.parametrize("seed", range(6))
def test_a_block_is_as_long_as_half_of_the_windows_allow(seed):
    random = np.random.default_rng(seed)
    values = random.normal(size=90)
    n_missing = random.choice([1, 3, 6, 12])
    values[5 + random.choice(80, n_missing, replace=False)] = np.nan
    window = 5
    shares = {}
    for n in (12, 6, 4, 3, 2, 1):
        blocks = [values[first : first + n] for first in range(window, 91 - n)]
        shares[n] = np.mean([not np.isnan(block).any() for block in blocks])
    longest = next((n for n, share in shares.items() if share >= 0.5), 1)
    assert find_horizon(read(months(90), values), window, 12) == longest


def test_a_block_stays_where_more_than_a_fifth_is_missing():
    values = np.arange(90.0)
    values[3::5] = np.nan
    assert find_horizon(read(months(90), values), 5, 12) == 2
    values[41] = np.nan
    assert find_horizon(read(months(90), values), 5, 12) == 12


def test_a_place_of_a_season_may_not_be_missing_each_time():
    values = np.arange(90.0)
    values[7::12] = np.nan
    rows = read(months(90), values)
    assert misses_much(rows, 12)
    assert not misses_much(rows, 11)
    values[7] = 7.0
    assert not misses_much(read(months(90), values), 12)


def test_places_of_a_season_are_those_of_the_calendar_behind_a_hole():
    index = months(90)
    values = np.where(index.month == 8, np.nan, 1.0)
    is_there = (np.arange(90) < 40) | (np.arange(90) >= 45)
    assert misses_much(read(index[is_there], values[is_there]), 12)


def test_a_block_is_a_whole_part_without_missing_values_or_windows():
    assert find_horizon(read(months(90)), 5, 12) == 12
    assert find_horizon(read(months(9)), 5, 12) == 12
