import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.utils.estimator_checks import check_estimator, check_fit_idempotent

from skrnn import AutoregressiveForecaster, GRURegressor
from skrnn._forecasting import set_up
from tests.support.series import make_daily, no_columns, refusal
from tests.support.untrained import untrained


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def daily():
    return make_daily()


CANNOT_HOLD = {
    "check_methods_sample_order_invariance": (
        "rows follow one another in time, so their order matters"
    ),
    "check_methods_subset_invariance": (
        "the rows of an array follow the training rows, so each row's place matters"
    ),
    "check_regressor_data_not_an_array": (
        "it predicts the frame it was fitted on, whose rows do not follow the training"
    ),
    "check_sample_weight_equivalence_on_dense_data": (
        "a row without weight is still an input of windows, unlike one left out"
    ),
}


@pytest.mark.parametrize(
    "forecaster",
    [
        AutoregressiveForecaster(Ridge(), window=3),
        pytest.param(AutoregressiveForecaster(), marks=pytest.mark.exhaustive),
    ],
    ids=["Ridge", "default"],
)
def test_common_checks_of_scikit_learn_fail_only_where_they_cannot_hold(
    forecaster, monkeypatch
):
    def small_network(segment, n_samples, **settings):
        return GRURegressor(2, segment=segment, epochs=1)

    # The network of the default set-up would take minutes.
    monkeypatch.setattr(set_up, "default_network", small_network)
    with untrained():
        results = check_estimator(
            forecaster, expected_failed_checks=CANNOT_HOLD, on_skip=None
        )
    failed = {
        each["check_name"]: str(each["exception"])
        for each in results
        if each["status"] == "xfail"
    }
    assert set(failed) == set(CANNOT_HOLD)
    assert "must follow the rows" in failed["check_regressor_data_not_an_array"]


def test_random_state_reaches_a_network():
    # The default one takes longer; this check is the first to fail without a seed.
    forecaster = AutoregressiveForecaster(GRURegressor(2, epochs=1), window=2)
    check_fit_idempotent("AutoregressiveForecaster", forecaster)


def test_not_fitted_says_so():
    with pytest.raises(NotFittedError):
        AutoregressiveForecaster(Ridge()).predict(np.zeros((3, 1)))
    with pytest.raises(NotFittedError):
        AutoregressiveForecaster(Ridge()).forecast(3)


def learned(forecaster):
    """All that a forecaster holds, less what pandas caches in its own objects."""
    state = {**vars(forecaster), **vars(forecaster._origin), "_origin": None}
    stamps = state.pop("ends"), state.pop("step")
    return pickle.dumps(state), str(stamps)


def test_prediction_leaves_the_fitted_object_as_it_was(daily):
    X, y = daily
    for columns in (X, X[[]]):
        forecaster = AutoregressiveForecaster(Ridge(), horizon=3)
        forecaster.fit(columns[:50], y[:50])
        before = learned(forecaster)
        first = forecaster.predict(columns[50:])
        pd.testing.assert_series_equal(forecaster.predict(columns[50:]), first)
        assert learned(forecaster) == before


def test_fit_leaves_data_and_inner_estimator_as_they_were(daily):
    X, y = daily
    inner, before = Ridge(), (X.copy(), y.copy())
    AutoregressiveForecaster(inner).fit(X, y)
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_series_equal(y, before[1])
    assert not hasattr(inner, "coef_")


def test_fit_that_fails_leaves_the_older_fit(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X, y)
    before = pickle.dumps(vars(forecaster))
    with refusal("need 11 rows"):
        forecaster.fit(X[["wind"]][:5], y[:5])
    assert pickle.dumps(vars(forecaster)) == before


def test_second_fit_forgets_the_first(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X, y)
    assert list(forecaster.feature_names_in_) == ["wind", "sun"]
    forecaster.fit(None, y.to_numpy())
    assert not hasattr(forecaster, "feature_names_in_")
    assert type(forecaster.forecast(2)) is np.ndarray


def test_pickle_predicts_the_same(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    restored = pickle.loads(pickle.dumps(forecaster))
    pd.testing.assert_series_equal(restored.predict(X[50:]), forecaster.predict(X[50:]))


def test_fitted_forecaster_keeps_only_the_last_rows():
    sizes = [
        len(pickle.dumps(AutoregressiveForecaster(Ridge()).fit(None, np.zeros(n_rows))))
        for n_rows in (100, 10_000)
    ]
    assert sizes[1] < sizes[0] + 100


@pytest.mark.parametrize("frames", [True, False])
def test_cross_validation_is_a_backtest(daily, frames):
    X, y = daily if frames else (daily[0].to_numpy(), daily[1].to_numpy())
    forecaster = AutoregressiveForecaster(Ridge(), window=4, horizon=2)
    expected = []
    for train, test in TimeSeriesSplit(5).split(X):
        forecaster.fit(daily[0].iloc[train], daily[1].iloc[train])
        error = daily[1].iloc[test] - forecaster.predict(daily[0].iloc[test])
        expected.append(-np.mean(error**2))
    scores = cross_val_score(
        forecaster, X, y, cv=TimeSeriesSplit(5), scoring="neg_mean_squared_error"
    )
    assert_allclose(scores, expected)


def test_rows_between_two_folds_are_rolled_over(random):
    sine = pd.Series(np.sin(0.3 * np.arange(80)))
    cv = TimeSeriesSplit(3, gap=5)
    forecaster = AutoregressiveForecaster(LinearRegression(), window=2)
    scores = cross_val_score(forecaster, no_columns(sine.index), sine, cv=cv)
    assert_allclose(scores, 1)


def test_grid_search_finds_the_lags_of_a_recurrence(random):
    y = np.sin(0.3 * np.arange(90)) + np.sin(0.8 * np.arange(90))
    grid = {"window": [1, 2, 4], "estimator__alpha": [1e-10, 1e3]}
    search = GridSearchCV(
        AutoregressiveForecaster(Ridge(solver="svd"), exogenous=False),
        grid,
        cv=TimeSeriesSplit(3, test_size=10),
    )
    search.fit(np.zeros((90, 1)), y)
    assert search.best_params_ == {"window": 4, "estimator__alpha": 1e-10}


def test_lists_are_arrays(daily):
    X, y = daily[0].to_numpy(), daily[1].to_numpy()
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50].tolist(), y[:50].tolist())
    expected = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50]).predict(X[50:])
    assert_array_equal(forecaster.predict(X[50:].tolist()), expected)


def test_any_regressor_will_do():
    forecaster = AutoregressiveForecaster(KNeighborsRegressor(1), window=2, horizon=3)
    y = np.tile(np.arange(7.0), 5)
    assert_array_equal(forecaster.fit(None, y).forecast(9), (np.arange(9) % 7))
