import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn import ColdStartWarning, SlidingWindow
from tests.support.containers import dates, numbers, of_series, without_freq

nan = np.nan


def naive_windows(X, window, max_hole):
    """Walk back row by row from each stamp 0, 1, 2, ... of X, over short holes."""
    known = dict(zip(X.index, X.iloc[:, 0], strict=True))
    windows = []
    for stamp in X.index:
        steps, hole = [], 0
        for lag in range(window):
            hole = 0 if stamp - lag in known else hole + 1
            steps.append(known.get(stamp - lag, nan))
            if hole > max_hole:
                break
        # Steps of a hole that is too long, or that has no row before it, are missing.
        windows.append([nan] * (window - len(steps)) + steps[::-1])
    return np.array(windows)


# ------------------------------------------------------------------------------------
# Warnings
# ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [np.arange, lambda n: dates("2024-01-30", "D")[:n]])
def test_rows_behind_a_hole_after_those_of_fit_are_warned_of(make):
    X = numbers(20, index=pd.Index(make(20)))
    transformer = SlidingWindow(3).fit(X[:5])
    missing, first = X.index[5], X.index[7]
    with pytest.warns(
        ColdStartWarning, match=f"first 2 windows from {first}.*{missing}"
    ):
        got = transformer.transform(X[7:])
    assert_array_equal(got[:3, :, 0], [[nan, nan, 7], [nan, 7, 8], [7, 8, 9]])


def test_all_series_behind_a_hole_stand_in_one_warning():
    X = numbers(6, index=of_series((["a"], range(3)), (["b"], range(3))))
    new = numbers(3, index=of_series((["a"], [4]), (["b"], [5]), (["c"], [7])))
    transformer = SlidingWindow(2).fit(X)
    with pytest.warns(ColdStartWarning, match=r"series 'a' \(and of 1 more") as caught:
        transformer.transform(new)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("settings", "rows", "why"),
    [
        ({"window": 1}, slice(7, 9), "windows of one row reach back no further"),
        ({"window": 3, "context": None}, slice(7, 9), "context was switched off"),
        ({"window": 3}, slice(0, 3), "no earlier rows were seen"),
        ({"window": 3}, slice(5, 9), "the rows follow those of fit"),
        ({"window": 3, "max_hole": 2}, slice(7, 9), "windows reach over the hole"),
    ],
)
def test_other_starts_are_not_warned_of(settings, rows, why):
    X = numbers(50)
    transformer = SlidingWindow(**settings).fit(X[:5])
    transformer.transform(X[rows])


def test_rows_behind_a_hole_among_themselves_are_not_warned_of():
    X = numbers(20)
    SlidingWindow(3).fit(X[:5]).transform(pd.concat([X[5:8], X[10:12]]))


# ------------------------------------------------------------------------------------
# Windows over holes
# ------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_hole", [0, 1, 2, 5])
@pytest.mark.parametrize("first_new", [9, 12, 15])
def test_windows_reach_over_short_holes_as_a_walk_back_does(max_hole, first_new):
    X = numbers(30).drop(index=[3, 7, 8, 14, 20, 21, 22])
    expected = naive_windows(X, 6, max_hole)
    transformer = SlidingWindow(6, max_hole=max_hole)
    assert_array_equal(transformer.fit_transform(X)[:, :, 0], expected)
    old = X.index < first_new
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ColdStartWarning)
        got = transformer.fit(X[old]).transform(X[~old])
    assert_array_equal(got[:, :, 0], expected[~old])


@pytest.mark.parametrize(
    "index",
    [
        dates("2024-02-20", "D"),
        without_freq(dates("2024-01-31", "ME")),
        pd.period_range("2024-01", periods=30, freq="M"),
        0.1 * np.arange(30),
    ],
)
def test_holes_are_counted_in_steps_of_any_index(index):
    X = numbers(30, index=pd.Index(index))
    X = X.drop(index=X.index[[4, 5]])
    got = SlidingWindow(4, max_hole=2).fit_transform(X)[4, :, 0]
    assert_array_equal(got, [3, nan, nan, 6])
    got = SlidingWindow(4, max_hole=1).fit_transform(X)[4, :, 0]
    assert_array_equal(got, [nan, nan, nan, 6])


def test_each_series_reaches_over_its_own_holes():
    index = of_series((["b"], [0, 1, 3]), (["a"], [1, 2, 4]))
    got = SlidingWindow(3, max_hole=1).fit_transform(numbers(6, index=index))
    assert_array_equal(got[2, :, 0], [1, nan, 2])
    assert_array_equal(got[5, :, 0], [4, nan, 5])


# ------------------------------------------------------------------------------------
# Memory that moves on
# ------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"gap": 1, "dilation": 2}])
@pytest.mark.parametrize("as_rows", [lambda X: X, lambda X: X.to_numpy()])
def test_service_gets_the_windows_of_all_rows_one_by_one(settings, as_rows):
    X = numbers(20)
    settings = {**settings, "context": "always"}
    expected = SlidingWindow(3, **settings).fit_transform(as_rows(X))
    transformer = SlidingWindow(3, **settings).fit(as_rows(X[:8]))
    for row in range(8, 20):
        one = as_rows(X[row : row + 1])
        assert_array_equal(transformer.transform(one), expected[row : row + 1])
        transformer = pickle.loads(pickle.dumps(transformer.update(one)))


def test_series_without_new_rows_are_remembered():
    X = numbers(6, index=of_series((["a"], range(3)), (["b"], range(3))))
    new = numbers(3, start=10, index=of_series((["b"], [3, 4]), (["c"], [7])))
    transformer = SlidingWindow(3).fit(X).update(new)
    later = numbers(
        3, start=20, index=of_series((["a"], [3]), (["b"], [5]), (["c"], [8]))
    )
    expected = [[1, 2, 20], [10, 11, 21], [nan, 12, 22]]
    assert_array_equal(transformer.transform(later)[:, :, 0], expected)


def test_memory_does_not_grow_with_updates():
    X = numbers(60)
    transformer = SlidingWindow(4).fit(X[:8])
    size = len(pickle.dumps(transformer))
    for row in range(8, 60):
        transformer.update(X[row : row + 1])
    assert len(pickle.dumps(transformer)) == size


def test_rows_seen_before_are_refused_and_change_nothing():
    X = numbers(20)
    transformer = SlidingWindow(3).fit(X[:8])
    with pytest.raises(ValueError, match=r"next stamp is 8\. Got a row at 5;"):
        transformer.update(X[5:9])
    assert_array_equal(transformer.transform(X[8:9])[0, :, 0], [6, 7, 8])


@pytest.mark.parametrize("context", ["index", None])
def test_arrays_are_refused_unless_they_continue_one_another(context):
    X = np.ones((5, 1))
    transformer = SlidingWindow(3, context=context).fit(X)
    with pytest.raises(ValueError, match=r"update needs rows with an index, .*always"):
        transformer.update(X)
