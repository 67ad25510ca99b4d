import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import AutoregressiveForecaster, GRURegressor, backtest
from tests.support.series import refusal

N_ROWS, LAGS = 60, [1, 2, 7]


@pytest.fixture
def series():
    random = np.random.default_rng(0)
    season = 5 * np.sin(np.arange(N_ROWS) * 2 * np.pi / 7)
    return season + random.normal(size=N_ROWS).cumsum()


def forecaster_of(estimator=None, **parameters):
    settings = {"window": LAGS, **parameters}
    return AutoregressiveForecaster(estimator or LinearRegression(), **settings)


def at_lags(values, t):
    return [values[t - lag] for lag in (7, 2, 1)]


def continue_by_hand(y, n_steps, horizon=1):
    times = range(7, len(y) - horizon + 1)
    model = LinearRegression().fit(
        [at_lags(y, t) for t in times], [y[t : t + horizon] for t in times]
    )
    values = list(y)
    while len(values) < len(y) + n_steps:
        values.extend(model.predict([at_lags(values, len(values))])[0])
    return np.array(values[len(y) : len(y) + n_steps])


@pytest.mark.parametrize("horizon", [1, 3])
def test_estimator_learns_from_the_chosen_lags(series, horizon):
    fitted = forecaster_of(horizon=horizon).fit(None, series)
    assert fitted.estimator_.n_features_in_ == 3
    assert fitted.window_ == 7
    expected = continue_by_hand(series, 10, horizon)
    assert_allclose(fitted.forecast(10), expected, rtol=1e-8)


def test_order_of_lags_and_repetitions_do_not_matter(series):
    first = forecaster_of().fit(None, series).forecast(5)
    again = forecaster_of(window=(7, 1, np.int8(2), 1)).fit(None, series).forecast(5)
    assert_array_equal(again, first)


def test_all_lags_are_a_whole_window(series):
    some = forecaster_of(window=[3, 2, 1], normalize="last").fit(None, series)
    whole = forecaster_of(window=3, normalize="last").fit(None, series)
    assert_array_equal(some.forecast(5), whole.forecast(5))


def test_chosen_lags_are_normalised_by_their_whole_window(series):
    fitted = forecaster_of(normalize="last").fit(None, series)
    times = range(7, N_ROWS)
    model = LinearRegression().fit(
        [np.subtract(at_lags(series, t), series[t - 1]) for t in times],
        [series[t] - series[t - 1] for t in times],
    )
    row = np.subtract(at_lags(series, N_ROWS), series[-1])
    assert_allclose(fitted.forecast(1), model.predict([row]) + series[-1], rtol=1e-8)


def test_columns_are_seen_at_the_chosen_lags(series):
    X = np.random.default_rng(1).normal(size=(N_ROWS + 1, 1))
    fitted = forecaster_of().fit(X[:N_ROWS], series)

    def row(t):
        return [v for lag in (7, 2, 1) for v in (series[t - lag], X[t - lag + 1, 0])]

    times = range(7, N_ROWS)
    model = LinearRegression().fit([row(t) for t in times], series[7:])
    assert_allclose(fitted.predict(X[N_ROWS:]), model.predict([row(N_ROWS)]))
    with refusal(r"window must contain the lag 1, .* Got \[2, 7\]"):
        forecaster_of(window=[2, 7]).fit(X[:N_ROWS], series)


def test_lags_work_in_panels_updates_backtests_and_searches(series):
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    panel = pd.DataFrame({"a": series, "b": 3 * series}, days)
    wide = forecaster_of(columns="series", calibration=20).fit(None, panel)
    forecast = wide.forecast(4)
    assert_allclose(forecast["b"], 3 * forecast["a"], rtol=1e-8)
    assert wide.predict_interval(4, coverage=0.5).shape == (4, 4)
    fitted = forecaster_of().fit(None, series[:50])
    expected = fitted.forecast(4, history=series)
    fitted.update(None, series[50:])
    assert_allclose(fitted.forecast(4), expected, rtol=1e-9)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).forecast(4), expected)
    results = backtest(forecaster_of(), None, series, 3, refit=False)
    assert results["y_pred"].notna().all()
    search = GridSearchCV(
        forecaster_of(Ridge()), {"window": [3, [1, 7]]}, cv=TimeSeriesSplit(2)
    )
    search.fit(pd.DataFrame(index=days), panel["a"])
    assert search.best_estimator_.window_ in (3, 7)


@pytest.mark.parametrize("estimator", [GRURegressor(units=2), None])
def test_networks_refuse_lags_with_a_window_that_works(series, estimator):
    forecaster = AutoregressiveForecaster(estimator, window=LAGS)
    with refusal(r"networks read whole windows .* lags \[1, 2, 7\]; set window=7"):
        forecaster.fit(None, series)


@pytest.mark.parametrize("window", [[], [0, 1], [1.5], ["a"]])
def test_lists_that_are_no_lags_are_refused(series, window):
    with refusal("window must be a number of rows, or a list of lags"):
        forecaster_of(window=window).fit(None, series)
