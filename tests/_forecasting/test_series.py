from itertools import chain

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._forecasting.series import (
    panel_of_columns,
    panel_of_rows,
    panel_of_stretches,
)
from tests.support.series import refusal

# Of two series, rows taken in turn: x has a hole after its third row, y begins later.
STAMPS = {"x": [0, 1, 2, 5, 6, 7, 8, 9], "y": [4, 5, 6, 7, 8, 9, 10]}


def interleaved():
    rows = [(name, stamp) for name, stamps in STAMPS.items() for stamp in stamps]
    rows.sort(key=lambda row: (row[1], row[0]))
    return pd.MultiIndex.from_tuples(rows, names=["series", "time"])


def make_panel(missing=()):
    """A panel whose targets are 100 * number of the series + stamp."""
    index = interleaved()
    targets = [
        np.nan if row in missing else 100 * "xy".index(row[0]) + row[1] for row in index
    ]
    targets = np.array(targets, dtype=float)[:, None]
    return panel_of_rows(targets, -targets, index)


def values_of_runs(panel):
    pairs = zip(panel.starts, panel.stops, strict=True)
    return [panel.targets[a:b, 0].tolist() for a, b in pairs]


def test_rows_of_a_series_come_together_in_runs_without_a_hole():
    panel = make_panel()
    assert panel.names == ["x", "y"]
    assert values_of_runs(panel) == [
        [0, 1, 2],
        [5, 6, 7, 8, 9],
        [104, 105, 106, 107, 108, 109, 110],
    ]
    assert_array_equal(panel.known, -panel.targets)
    assert_array_equal(panel.codes, [0] * 8 + [1] * 7)
    assert_array_equal(panel.stamps, STAMPS["x"] + STAMPS["y"])
    assert_array_equal(panel.last_runs, [1, 2])
    assert (panel.step, panel.has_index, len(panel), panel.n_rows) == (1, True, 2, 15)


def test_runs_begin_and_end_with_something_observed():
    missing = {("x", 0), ("x", 1), ("x", 2), ("x", 5), ("x", 7), ("y", 10), ("y", 9)}
    runs = values_of_runs(make_panel(missing))
    assert [len(run) for run in runs] == [4, 5]
    assert_array_equal(runs[0], [6, np.nan, 8, 9])
    assert runs[1] == [104, 105, 106, 107, 108]


def test_row_of_which_one_target_is_observed_stays():
    targets = np.array(
        [[np.nan, np.nan], [np.nan, 1], [2, 2], [3, np.nan], [np.nan] * 2]
    )
    panel = panel_of_rows(targets, np.empty((5, 0)), None)
    assert (panel.starts.tolist(), panel.stops.tolist()) == ([1], [4])


def test_series_that_was_never_observed_is_named():
    with refusal("Series 'y' of y must have a value"):
        make_panel({("y", stamp) for stamp in STAMPS["y"]})
    with refusal("^y must have a value"):
        panel_of_rows(np.full((4, 1), np.nan), np.empty((4, 0)), None)


def test_columns_are_laid_one_behind_the_other():
    table = np.array([[1, np.nan], [2, np.nan], [np.nan, 3], [np.nan, 4], [5, 6.0]])
    index = pd.Index([0, 1, 2, 3, 5])
    panel = panel_of_columns(table, np.arange(5.0)[:, None], index, ["p", "q"])
    assert values_of_runs(panel) == [[1, 2], [5], [3, 4], [6]]
    assert_array_equal(panel.known[:, 0], [*range(5), *range(5)])
    assert_array_equal(panel.stamps, [*index, *index])
    assert_array_equal(panel.codes, [0] * 5 + [1] * 5)
    assert_array_equal(panel.last_runs, [1, 3])


def test_stretches_are_runs_of_their_own():
    stretches = [
        (np.array([[np.nan], [np.nan], [1], [2]]), np.zeros((4, 1))),
        (np.array([[3.0], [np.nan]]), np.ones((2, 1))),
    ]
    panel = panel_of_stretches(stretches)
    assert (panel.starts.tolist(), panel.stops.tolist()) == ([2, 4], [4, 6])
    assert_array_equal(panel.codes, [0, 0, 0, 0, 1, 1])


def test_rows_in_runs_are_told():
    panel = make_panel({("x", 0), ("y", 10)})
    expected = np.isin(np.arange(15), [0, 14], invert=True)
    assert_array_equal(panel.in_runs(), expected)


# --------------------------------------------------------------------------------------
# Windows
# --------------------------------------------------------------------------------------


def whole_windows_by_hand(panel, window, horizon):
    found = []
    for start, stop in zip(panel.starts, panel.stops, strict=True):
        for first in range(start, stop):
            if first + window + horizon <= stop:
                found.append(first)
    return found


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("window", [1, 2, 4])
def test_whole_windows_lie_in_one_run_with_what_they_predict(window, horizon):
    panel = make_panel()
    found = panel.whole_windows(window, horizon)
    assert sorted(found) == whole_windows_by_hand(panel, window, horizon)


def test_windows_nearest_to_the_ends_of_their_series_come_last():
    panel = make_panel({("y", 9), ("y", 10)})
    # x ends with row 7, and y with row 12: those behind it were not observed.
    assert_array_equal(panel.whole_windows(2, 1), [0, 3, 8, 4, 9, 5, 10])


def test_windows_of_one_series_are_in_time_order():
    targets = np.array([0, 1, 2, 3, 4, 5.0])[:, None]
    index = pd.Index([0, 1, 2, 5, 6, 7])
    panel = panel_of_rows(targets, np.empty((6, 0)), index)
    assert_array_equal(panel.whole_windows(1, 1), [0, 1, 3, 4])


def test_no_whole_window_is_none():
    panel = make_panel()
    assert len(panel.whole_windows(8, 1)) == 0
    assert len(panel.shortened(9).whole_windows(1, 1)) == 0


@pytest.mark.parametrize("n_rows", [0, 1, 3, 5])
def test_shortened_runs_begin_later(n_rows):
    panel = make_panel()
    expected = [run[n_rows:] for run in values_of_runs(panel) if len(run) > n_rows]
    assert values_of_runs(panel.shortened(n_rows)) == expected


@pytest.mark.parametrize("n_rows", [1, 4, 5, 6, 8])
def test_last_rows_of_each_series_are_left_out(n_rows):
    panel = make_panel({("y", 10)})
    left = sorted(
        100 * i + stamp
        for i, stamps in enumerate([STAMPS["x"], STAMPS["y"][:-1]])
        for stamp in stamps[:-n_rows]
    )
    assert sorted(chain(*values_of_runs(panel.before_last(n_rows)))) == left


# --------------------------------------------------------------------------------------
# Levels
# --------------------------------------------------------------------------------------


def test_levels_are_mean_and_deviation_of_the_rows_in_runs():
    panel = make_panel({("x", 6), ("y", 4), ("y", 10)}).before_last(2)
    values = np.random.default_rng(0).normal(size=(15, 2))
    values[4] = np.nan
    values[1, 1] = np.nan
    centre, spread = panel.levels(values)
    for series, rows in enumerate(([0, 1, 2, 3, 5], [9, 10, 11])):
        for target in (0, 1):
            mine = [v for v in values[rows, target] if not np.isnan(v)]
            assert_allclose(centre[series, target], np.mean(mine))
            assert_allclose(spread[series, target], np.std(mine))


def test_constant_series_has_the_spread_1():
    panel = make_panel()
    values = np.where(panel.codes == 0, 0.1 + 1e9, 0.0)[:, None]
    centre, spread = panel.levels(values)
    assert_allclose(centre, [[0.1 + 1e9], [0]])
    assert_array_equal(spread, 1)
