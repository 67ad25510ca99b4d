import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import SlidingWindow, StackWindows

FRAME = pd.DataFrame(
    np.random.default_rng(0).normal(size=(12, 2)),
    pd.date_range("2025-03-01", periods=12),
    ["temp", "wind_lag"],
)


def lags(**settings):
    flat = SlidingWindow(3, flatten=True, **settings)
    return flat.set_output(transform="pandas").fit_transform(FRAME)


@pytest.mark.parametrize("settings", [{}, {"gap": 2, "dilation": 3}])
@pytest.mark.parametrize("sort", [list, sorted, reversed])
def test_columns_are_stacked_by_their_names_in_any_order(settings, sort):
    table = lags(**settings)
    table = table[list(sort(list(table)))]
    features = list(dict.fromkeys(name[: name.rindex("_lag")] for name in table))
    expected = SlidingWindow(3, **settings).fit_transform(FRAME[features])
    got = StackWindows().fit(table).transform(table)
    assert_array_equal(got, expected)


def test_arrays_are_read_step_by_step():
    table = lags().to_numpy()
    expected = SlidingWindow(3).fit_transform(FRAME)
    assert_array_equal(StackWindows(2).fit_transform(table), expected)
    assert StackWindows().fit_transform(table).shape == (12, 6, 1)


def test_steps_that_know_two_axes_stand_in_between():
    twice = FunctionTransformer(lambda X: 2 * X, feature_names_out="one-to-one")
    steps = make_pipeline(SlidingWindow(3, flatten=True), twice, StackWindows())
    steps = steps.set_output(transform="pandas").fit(FRAME[:8])
    expected = SlidingWindow(3).fit(FRAME[:8]).transform(FRAME[8:])
    got = steps.transform(FRAME[8:])
    assert_array_equal(got, 2 * expected)
    assert got.index.equals(FRAME.index[8:])  # For a frame of codes behind them.


def test_column_that_a_selection_has_dropped_is_named():
    select = SelectKBest(k=3).set_output(transform="pandas")
    kept = select.fit_transform(lags().fillna(0.0), np.arange(12) % 2)
    with pytest.raises(ValueError, match=r"no column '.*_lag\d'.*select features of"):
        StackWindows().fit(kept)


@pytest.mark.parametrize(
    ("names", "n_features", "message"),
    [
        (["a_lag1", "a_lag0", "hour"], None, "Got 'hour'; rename or drop it"),
        (["a_lag1", "a_lag0", "b_lag0"], None, "no column 'b_lag1'"),
        (["a_lag1", "a_lag01"], None, "Got a name twice"),
        (["a_lag1", "a_lag0", "b_lag0"], 2, "n_features=2 and 3 columns"),
    ],
)
def test_table_that_makes_no_windows_is_refused(names, n_features, message):
    with pytest.raises(ValueError, match=message):
        StackWindows(n_features).fit(pd.DataFrame([[0.0] * len(names)], columns=names))


def test_other_columns_than_in_fit_are_refused():
    stack = pickle.loads(pickle.dumps(StackWindows().fit(lags())))
    with pytest.raises(ValueError, match="feature names"):
        stack.transform(lags(gap=1))


@parametrize_with_checks([StackWindows()])
def test_scikit_learn_finds_an_ordinary_transformer(estimator, check):
    check(estimator)
