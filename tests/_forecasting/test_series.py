from itertools import chain

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn._forecasting.series import (
    series_from_arrays,
    series_from_long,
    series_from_wide,
)
from tests.support.series import refusal

# Of two series, rows taken in turn: x has a hole after its third row, y begins later.
STAMPS = {"x": [0, 1, 2, 5, 6, 7, 8, 9], "y": [4, 5, 6, 7, 8, 9, 10]}


def interleaved():
    rows = [(name, stamp) for name, stamps in STAMPS.items() for stamp in stamps]
    rows.sort(key=lambda row: (row[1], row[0]))
    return pd.MultiIndex.from_tuples(rows, names=["series", "time"])


def make_series(missing=()):
    """Series whose targets are 100 * number of the series + stamp."""
    index = interleaved()
    targets = [
        np.nan if row in missing else 100 * "xy".index(row[0]) + row[1] for row in index
    ]
    targets = np.array(targets, dtype=float)[:, None]
    return series_from_long(targets, -targets, index)


def values_of_runs(rows):
    pairs = zip(rows.starts, rows.stops, strict=True)
    return [rows.targets[a:b, 0].tolist() for a, b in pairs]


def test_rows_of_a_series_come_together_in_runs_without_a_hole():
    rows = make_series()
    assert rows.names == ["x", "y"]
    assert values_of_runs(rows) == [
        [0, 1, 2],
        [5, 6, 7, 8, 9],
        [104, 105, 106, 107, 108, 109, 110],
    ]
    assert_array_equal(rows.known, -rows.targets)
    assert_array_equal(rows.codes, [0] * 8 + [1] * 7)
    assert_array_equal(rows.stamps, STAMPS["x"] + STAMPS["y"])
    assert_array_equal(rows.last_runs, [1, 2])
    assert (rows.step, rows.has_index, len(rows), rows.n_rows) == (1, True, 2, 15)


def test_runs_begin_and_end_with_something_observed():
    missing = {("x", 0), ("x", 1), ("x", 2), ("x", 5), ("x", 7), ("y", 10), ("y", 9)}
    runs = values_of_runs(make_series(missing))
    assert [len(run) for run in runs] == [4, 5]
    assert_array_equal(runs[0], [6, np.nan, 8, 9])
    assert runs[1] == [104, 105, 106, 107, 108]


def test_row_of_which_one_target_is_observed_stays():
    targets = np.array(
        [[np.nan, np.nan], [np.nan, 1], [2, 2], [3, np.nan], [np.nan] * 2]
    )
    rows = series_from_long(targets, np.empty((5, 0)), None)
    assert (rows.starts.tolist(), rows.stops.tolist()) == ([1], [4])


def test_series_that_was_never_observed_has_no_run():
    rows = make_series({("y", stamp) for stamp in STAMPS["y"]})
    never = rows.names.index("y")
    assert_array_equal(rows.last_runs < 0, np.arange(len(rows)) == never)
    assert rows.last_lengths[never] == 0
    with refusal("^y must have a value"):
        series_from_long(np.full((4, 1), np.nan), np.empty((4, 0)), None)


def test_columns_are_laid_one_behind_the_other():
    table = np.array([[1, np.nan], [2, np.nan], [np.nan, 3], [np.nan, 4], [5, 6.0]])
    index = pd.Index([0, 1, 2, 3, 5])
    rows = series_from_wide(table, np.arange(5.0)[:, None], index, ["p", "q"])
    assert values_of_runs(rows) == [[1, 2], [5], [3, 4], [6]]
    assert_array_equal(rows.known[:, 0], [*range(5), *range(5)])
    assert_array_equal(rows.stamps, [*index, *index])
    assert_array_equal(rows.codes, [0] * 5 + [1] * 5)
    assert_array_equal(rows.last_runs, [1, 3])


def test_arrays_are_runs_of_their_own():
    targets = [np.array([[np.nan], [np.nan], [1], [2]]), np.array([[3.0], [np.nan]])]
    rows = series_from_arrays(targets, [np.zeros((4, 1)), np.ones((2, 1))])
    assert (rows.starts.tolist(), rows.stops.tolist()) == ([2, 4], [4, 6])
    assert_array_equal(rows.codes, [0, 0, 0, 0, 1, 1])


def test_rows_in_runs_are_told():
    rows = make_series({("x", 0), ("y", 10)})
    expected = np.isin(np.arange(15), [0, 14], invert=True)
    assert_array_equal(rows.in_runs(), expected)


# --------------------------------------------------------------------------------------
# Windows
# --------------------------------------------------------------------------------------


def whole_windows_by_hand(rows, window, horizon):
    found = []
    for start, stop in zip(rows.starts, rows.stops, strict=True):
        for first in range(start, stop):
            if first + window + horizon <= stop:
                found.append(first)
    return found


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("window", [1, 2, 4])
def test_whole_windows_lie_in_one_run_with_what_they_predict(window, horizon):
    rows = make_series()
    found = rows.whole_windows(window, horizon)
    assert sorted(found) == whole_windows_by_hand(rows, window, horizon)


def test_windows_nearest_to_the_ends_of_their_series_come_last():
    rows = make_series({("y", 9), ("y", 10)})
    # x ends with row 7, and y with row 12: those behind it were not observed.
    assert_array_equal(rows.whole_windows(2, 1), [0, 3, 8, 4, 9, 5, 10])


def test_windows_of_one_series_are_in_time_order():
    targets = np.array([0, 1, 2, 3, 4, 5.0])[:, None]
    index = pd.Index([0, 1, 2, 5, 6, 7])
    rows = series_from_long(targets, np.empty((6, 0)), index)
    assert_array_equal(rows.whole_windows(1, 1), [0, 1, 3, 4])


def test_no_whole_window_is_none():
    rows = make_series()
    assert len(rows.whole_windows(8, 1)) == 0
    assert len(rows.after_first(9).whole_windows(1, 1)) == 0


@pytest.mark.parametrize("n_rows", [0, 1, 3, 5])
def test_shortened_runs_begin_later(n_rows):
    rows = make_series()
    expected = [run[n_rows:] for run in values_of_runs(rows) if len(run) > n_rows]
    assert values_of_runs(rows.after_first(n_rows)) == expected


@pytest.mark.parametrize("n_rows", [1, 4, 5, 6, 8])
def test_last_rows_of_each_series_are_left_out(n_rows):
    rows = make_series({("y", 10)})
    left = sorted(
        100 * i + stamp
        for i, stamps in enumerate([STAMPS["x"], STAMPS["y"][:-1]])
        for stamp in stamps[:-n_rows]
    )
    assert sorted(chain(*values_of_runs(rows.before_last(n_rows)))) == left
