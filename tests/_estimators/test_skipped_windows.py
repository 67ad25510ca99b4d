import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import (
    GRURegressor,
    RecurrentAutoencoder,
    RNNClassifier,
    SkippedWindowsWarning,
    SlidingWindow,
)
from skrnn._estimators.skipped_windows import begin_runs
from skrnn._windows.windows import windows_of
from tests.support.networks import X, Y, fitted, network

pytestmark = pytest.mark.untrained

TINY = {"units": 2, "epochs": 1, "random_state": 0, "incomplete": "skip"}


def padded_ahead(n_padded):
    windows = X.copy()
    windows[len(X) - n_padded :, :2] = np.nan
    return windows


def rows_of(*runs):
    """A frame with a row for each number, with holes between the runs."""
    index = np.concatenate([np.arange(*run) for run in runs])
    return pd.DataFrame({"u": np.sin(index)}, index)


def naive_beginnings(windows, missing):
    """Walk along each run, and stop at its first window that begins with a value."""
    found, leads, length = [], True, 0
    for place, start in enumerate(windows.starts):
        if place and start != windows.starts[place - 1] + 1:
            leads, length = True, 0
        leads = leads and missing[place] and length < windows.n_steps
        length += 1
        found.append(leads)
    return found


def test_number_of_windows_that_were_trained_on_is_told():
    weight = np.r_[0.0, np.ones(17)]
    with pytest.warns(SkippedWindowsWarning):
        model = fitted(
            X=padded_ahead(5),
            sample_weight=weight,
            validation_split=0.25,
            incomplete="skip",
        )
    assert model.n_windows_fit_ == 9  # 18 - 5 - 1 = 12, of which 3 are validated on.


def test_partial_fit_tells_the_windows_of_its_last_call():
    model = network(incomplete="skip").partial_fit(X, Y)
    assert model.partial_fit(X[:7], Y[:7]).n_windows_fit_ == 7


@pytest.mark.parametrize(
    "estimator", [GRURegressor(**TINY), RNNClassifier(**TINY), RecurrentAutoencoder(2)]
)
def test_sequences_padded_ahead_are_warned_of_with_their_number(estimator):
    estimator.set_params(**TINY)
    message = (
        f"{type(estimator).__name__} leaves 3 of 18 windows out [^;]* missing. Set "
        "incomplete='mask'"
    )
    with pytest.warns(SkippedWindowsWarning, match=message):
        estimator.fit(padded_ahead(3), np.arange(18) % 2)
    assert estimator.n_windows_fit_ == 15


@pytest.mark.parametrize("settings", [{"incomplete": "mask"}, {"sample_weight": True}])
def test_what_is_trained_on_or_has_no_weight_is_not_warned_of(settings):
    if settings.pop("sample_weight", False):
        settings = {"sample_weight": np.r_[np.ones(15), np.zeros(3)]}
    fitted(X=padded_ahead(3), **settings)


@pytest.mark.parametrize("context", [None, "index"])
def test_beginnings_of_runs_are_expected(context):
    rows = rows_of([0, 30], [40, 70])
    model = make_pipeline(SlidingWindow(8, context=context), GRURegressor(**TINY))
    assert model.fit(rows, rows.u)[-1].n_windows_fit_ == 60 - 2 * 7


def test_many_short_runs_are_warned_of_where_they_cost_more_than_half():
    rows = rows_of([0, 9], [10, 19], [20, 31])
    model = make_pipeline(SlidingWindow(6), GRURegressor(**TINY))
    with pytest.warns(SkippedWindowsWarning, match="leaves 15 of 29 windows out"):
        model.fit(rows, rows.u)


def test_missing_rows_are_warned_of_where_they_cost_more_than_a_tenth():
    rows = rows_of([0, 40])
    model = make_pipeline(SlidingWindow(3), GRURegressor(**TINY))
    rows.iloc[[10, 11, 12, 13]] = np.nan
    model.fit(rows, rows.index)
    rows.iloc[14] = np.nan
    with pytest.warns(SkippedWindowsWarning, match="leaves 7 of 40 .*; 2 of them"):
        model.fit(rows, rows.index)


def test_windows_where_a_run_begins_are_those_of_a_walk_along_it():
    rows = rows_of([0, 12], [15, 17], [20, 33])
    rows.iloc[[6, 16]] = np.nan
    windows = windows_of(SlidingWindow(3).fit_transform(rows[:12]))
    for each in (windows, SlidingWindow(3).fit_transform(rows).windows):
        missing = each.begin_missing()
        assert_array_equal(begin_runs(each, missing), naive_beginnings(each, missing))


def test_windows_in_any_order_begin_the_same_runs():
    windows = SlidingWindow(3).fit_transform(rows_of([0, 12], [15, 25])).windows
    expected = begin_runs(windows, windows.begin_missing())
    shuffled = np.random.default_rng(0).permutation(len(windows))
    other = windows.take(shuffled)
    assert_array_equal(begin_runs(other, other.begin_missing()), expected[shuffled])


@pytest.mark.parametrize("validation_split", [0.0, 0.9])
def test_a_single_window_left_is_refused_as_a_single_one_given(validation_split):
    rows = rows_of([0, 4], [5, 9], [10, 15], [20, 22])
    n_steps = 5 if validation_split == 0 else 2
    settings = {**TINY, "validation_split": validation_split}
    model = make_pipeline(SlidingWindow(n_steps), GRURegressor(**settings))
    match = "Only 1 of 15 windows|leaves 1 samples for training"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkippedWindowsWarning)
        with pytest.raises(ValueError, match=match):
            model.fit(rows, rows.u)


def test_a_later_chunk_may_have_a_single_window():
    model = network(incomplete="skip").partial_fit(X, Y)
    with pytest.warns(SkippedWindowsWarning):
        model.partial_fit(padded_ahead(17), Y)
    assert model.n_windows_fit_ == 1
