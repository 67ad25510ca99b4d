from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster
from skrnn._forecasting.completion import Completion
from tests.support.known_columns import whole_blocks_by_hand
from tests.support.series import refusal


def complete(known, n_lags, n_ahead, n_seen=None):
    """The rows behind known ones, as learned from all windows of the first rows."""
    seen = known if n_seen is None else known[:n_seen]
    starts = np.arange(n_lags, len(seen) - n_ahead)
    completion = Completion.learn(seen, starts, n_lags, n_ahead)
    columns = np.concatenate([known, np.full((n_ahead, known.shape[1]), np.nan)])
    first = np.array([len(known)])
    return completion.fill_in(columns[None], first, first + n_ahead)[0, len(known) :]


def test_completion_is_the_ridge_regression_written_by_hand():
    known = np.random.default_rng(0).normal(size=(30, 2)).cumsum(axis=0)
    known[:, 1] += 1000
    seen = [known[t - 3 : t + 4] for t in range(3, 27)]
    x = whole_blocks_by_hand(seen, known, 1, 3, 4)
    assert_allclose(complete(known, 3, 3), x[30:], rtol=1e-8)


def test_calendars_and_trends_are_continued():
    days = np.arange(203)
    columns = [days, days % 7 >= 5, np.sin(days / 30), np.ones(203)]
    columns += [days % 7 == day for day in range(7)]
    known = np.stack(columns, axis=1).astype(float)
    found = complete(known[:200], 14, 3)
    assert_allclose(found, known[200:], atol=0.02)


def test_what_cannot_be_foreseen_is_completed_by_about_its_mean():
    random = np.random.default_rng(0)
    known = np.stack([random.integers(0, 2, 400), random.normal(7, 1, 400)], axis=1)
    found = complete(known, 5, 2)
    assert_allclose(found, [[0.5, 7]] * 2, atol=0.1)


@pytest.mark.parametrize(
    ("n_rows", "n_known"), [(7, 1), (30, 300)], ids=["few windows", "many columns"]
)
def test_without_a_regression_columns_are_completed_by_their_means(n_rows, n_known):
    known = np.random.default_rng(0).normal(size=(n_rows, n_known))
    starts = np.arange(4, n_rows - 2)
    expected = [known[starts + ahead].mean(axis=0) for ahead in range(2)]
    assert_allclose(complete(known, 4, 2), expected)


def test_each_series_is_completed_from_its_own_end():
    known = np.random.default_rng(0).normal(size=(40, 2)).cumsum(axis=0)
    completion = Completion.learn(known, np.arange(3, 38), 3, 2)
    columns = np.random.default_rng(1).normal(size=(3, 12, 2))
    starts, stops = np.array([10, 5, 7]), np.array([12, 6, 7])
    filled = completion.fill_in(columns, starts, stops)
    for series in range(3):
        first, last = starts[series], stops[series]
        alone = completion.fill_in(columns[[series]], first[None], last[None])[0]
        assert_allclose(filled[series], alone)
        assert_array_equal(filled[series, :first], columns[series, :first])
        assert_array_equal(filled[series, last:], columns[series, last:])
        assert last == first or not np.isclose(alone, columns[series])[first:last].any()


def weekends(n_rows):
    return (np.arange(n_rows) % 7 >= 5)[:, None] * 1.0


@pytest.mark.parametrize("n_rows", [1, 3, 6, 8])
def test_any_number_of_rows_starts_from_the_newest_observations(n_rows):
    y = np.random.default_rng(0).normal(size=300).cumsum()
    X = weekends(314)
    forecaster = AutoregressiveForecaster(Ridge(), window=14, horizon=7)
    forecaster.fit(X[:300], y)
    # Weekends can be foreseen, so the rest of the week changes nothing.
    whole = forecaster.predict(X[300:314])
    predicted = forecaster.predict(X[300 : 300 + n_rows])
    assert_allclose(predicted, whole[:n_rows], rtol=1e-4)
    higher = np.where(np.arange(300) >= 294, y + 1000, y)
    moved = forecaster.predict(X[300 : 300 + n_rows], history=(X[:300], higher))
    assert (moved > predicted + 500).all()


def test_rows_seen_behind_the_last_observation_are_not_completed():
    random = np.random.default_rng(0)
    y, X = random.normal(size=60), random.normal(size=(63, 2))
    X = pd.DataFrame(X).add_prefix("x")
    y = pd.Series(np.append(y, [np.nan] * 3), X.index)
    forecaster = AutoregressiveForecaster(Ridge(), window=3, horizon=4)
    forecaster.fit(X[:60], y[:60])
    alone = forecaster.predict(X[60:61])
    next_row = forecaster.predict(X[60:63])[:1]
    assert not np.allclose(alone, next_row)
    assert_allclose(forecaster.predict(X[60:61], history=(X, y)), next_row)
    # Rows behind a hole are not read.
    holed = X.drop(61), y.drop(61)
    assert_allclose(forecaster.predict(X[60:61], history=holed), alone)


def test_an_older_forecaster_takes_whole_blocks_only():
    y = np.random.default_rng(0).normal(size=60)
    forecaster = AutoregressiveForecaster(Ridge(), window=3, horizon=4)
    forecaster.fit(weekends(60), y)
    whole = forecaster.predict(weekends(4))
    forecaster._plan = replace(forecaster._plan, completion=None)
    assert_array_equal(forecaster.predict(weekends(4)), whole)
    with refusal("Got 3 rows to predict with horizon=4; pass whole blocks"):
        forecaster.predict(weekends(3))


def test_rows_that_no_series_has_count_as_means():
    known = 1000 + np.random.default_rng(0).normal(size=(30, 2)).cumsum(axis=0)
    holed = known.copy()
    holed[:4] = np.nan
    after = known[np.arange(4, 28)[:, None] + np.arange(2)]
    filled = np.where(np.isnan(holed), after.mean(axis=(0, 1)), holed)
    assert_allclose(complete(holed, 4, 2), complete(filled, 4, 2))
