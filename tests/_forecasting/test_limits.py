import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge

from skrnn import AutoregressiveForecaster, GRURegressor, backtest
from tests.support.series import refusal

N_ROWS = 40


@pytest.fixture
def falling():
    """A series that ends near zero with a falling trend."""
    noise = np.random.default_rng(0).normal(size=N_ROWS)
    return np.maximum(30 - 0.75 * np.arange(N_ROWS) + noise, 0.0)


def forecaster_of(estimator=None, **parameters):
    settings = {"window": 3, "bounds": (0, None), **parameters}
    return AutoregressiveForecaster(estimator or LinearRegression(), **settings)


def continue_by_hand(y, n_steps, low, high, horizon=1, log=False):
    """Continue y by least squares; forecasts are clipped before they become lags."""
    take, undo = (np.log1p, np.expm1) if log else (np.array, np.array)
    z = take(y)
    times = range(3, len(z) - horizon + 1)
    model = LinearRegression().fit(
        [z[t - 3 : t] for t in times], [z[t : t + horizon] for t in times]
    )
    values = list(y)
    while len(values) < len(y) + n_steps:
        block = undo(model.predict([take(values[-3:])])[0])
        values += np.clip(block, low, high).tolist()
    return values[len(y) : len(y) + n_steps]


@pytest.mark.parametrize("horizon", [1, 2])
def test_forecasts_are_clipped_before_they_become_lags(falling, horizon):
    fitted = forecaster_of(horizon=horizon).fit(None, falling)
    expected = continue_by_hand(falling, 9, 0.0, np.inf, horizon)
    assert min(expected) == 0
    assert_allclose(fitted.forecast(9), expected, atol=1e-9)
    free = forecaster_of(horizon=horizon, bounds=None).fit(None, falling)
    assert free.forecast(9).min() < 0


@pytest.mark.parametrize("horizon", [1, 2])
def test_clipped_rows_change_what_comes_after_them(horizon):
    noise = 0.1 * np.random.default_rng(0).normal(size=N_ROWS)
    tide = np.maximum(2 * np.sin(0.7 * np.arange(N_ROWS)) + 1 + noise, 0.0)
    fitted = forecaster_of(horizon=horizon).fit(None, tide)
    expected = continue_by_hand(tide, 12, 0.0, np.inf, horizon)
    assert_allclose(fitted.forecast(12), expected, atol=1e-9)
    free = forecaster_of(horizon=horizon, bounds=None).fit(None, tide).forecast(12)
    assert np.abs(np.maximum(free, 0.0) - expected).max() > 0.01


def test_ceiling_of_a_rising_series_holds(falling):
    rising = 40 - falling
    fitted = forecaster_of(bounds=[None, 40]).fit(None, rising)
    expected = continue_by_hand(rising, 9, -np.inf, 40.0)
    assert_allclose(fitted.forecast(9), expected, atol=1e-9)


def test_bounds_that_are_never_reached_change_nothing(falling):
    free = forecaster_of(bounds=None, difference=1, normalize="last")
    bound = forecaster_of(bounds=(-1e6, 1e6), difference=1, normalize="last")
    forecasts = [each.fit(None, falling).forecast(9) for each in (free, bound)]
    assert_allclose(*forecasts, rtol=1e-9)


def test_differences_are_added_to_clipped_rows(falling):
    fitted = forecaster_of(difference=1).fit(None, falling)
    forecast = fitted.forecast(12)
    assert forecast.min() == 0
    steps = np.diff(falling)
    times = range(3, len(steps))
    model = LinearRegression().fit(
        [steps[t - 3 : t] for t in times], [steps[t] for t in times]
    )
    values = list(falling)
    for _ in range(12):
        new = values[-1] + model.predict([np.diff(values[-4:])])[0]
        values.append(max(new, 0.0))
    assert_allclose(forecast, values[N_ROWS:], atol=1e-9)


def test_bands_and_paths_keep_the_bounds(falling):
    fitted = forecaster_of(Ridge(), bounds=(0, 31), calibration=20).fit(None, falling)
    for values in (
        fitted.predict_interval(4, coverage=0.8),
        fitted.predict_quantiles(4, [0.1, 0.9]),
        fitted.sample_paths(4, 20, random_state=0),
    ):
        assert values.min() == 0
        assert values.max() <= 31
    # The errors are those of forecasts that were clipped.
    model = forecaster_of(Ridge(), bounds=(0, 31)).fit(None, falling[:20])
    errors = falling[20:] - model.forecast(20)
    assert_allclose(fitted.calibration_errors_[0, 0, :, 0], errors, atol=1e-9)


@pytest.mark.untrained
def test_compiled_network_keeps_the_floor(falling):
    network = GRURegressor(
        units=2,
        epochs=1,
        random_state=0,
        linear_path=True,
        predict_backend="tensorflow",
    )
    bound = forecaster_of(network).fit(None, falling).forecast(20)
    free = forecaster_of(network, bounds=None).fit(None, falling).forecast(20)
    assert free.min() < 0
    assert bound.min() == 0
    first = int(np.argmax(free < 0))
    assert_allclose(bound[:first], free[:first], rtol=1e-4, atol=1e-4)


def test_each_series_of_a_panel_keeps_the_floor_in_its_own_units(falling):
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    panel = pd.DataFrame({"a": falling, "b": 100 * falling}, days)
    fitted = forecaster_of(columns="series").fit(None, panel)
    forecast = fitted.forecast(12)
    assert (forecast.min() == 0).all()
    assert_allclose(forecast["b"], 100 * forecast["a"], atol=1e-6)


def test_update_history_and_backtest_keep_bounds(falling):
    fitted = forecaster_of().fit(None, falling[:30])
    model = forecaster_of().fit(None, falling[:30])
    expected = fitted.forecast(8, history=falling)
    assert_allclose(model.update(None, falling[30:]).forecast(8), expected)
    assert expected.min() == 0
    with refusal("y must lie within bounds=.*Got -1"):
        fitted.update(None, [-1.0])
    results = backtest(forecaster_of(), None, falling, 3, refit=False)
    assert results["y_pred"].min() >= 0


def test_pickles_keep_bounds(falling):
    fitted = forecaster_of(log="log1p").fit(None, falling)
    restored = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(restored.forecast(9), fitted.forecast(9))


def test_log1p_learns_from_zeros(falling):
    fitted = forecaster_of(log="log1p").fit(None, falling)
    expected = continue_by_hand(falling, 9, 0.0, np.inf, log=True)
    assert_allclose(fitted.forecast(9), expected, atol=1e-9)
    with refusal("set log='log1p' for data with zeros"):
        forecaster_of(log=True).fit(None, np.append(0.0, falling))
    with refusal("log='log1p' needs values of y above -1. Got -3 in"):
        forecaster_of(log="log1p", bounds=None).fit(None, np.append(-3.0, falling))


def test_floor_of_zero_is_none_for_logarithms(falling):
    rows = falling + 1
    bound, free = (
        forecaster_of(log=True, bounds=bounds).fit(None, rows).forecast(9)
        for bounds in [(-5, None), None]
    )
    assert_allclose(bound, free, rtol=1e-9)


@pytest.mark.parametrize("bounds", [(0,), (1, 0), (0, 0), ("a", 3), (0, 1, 2)])
def test_bounds_that_are_none_are_refused(falling, bounds):
    with refusal("bounds must be a floor and a greater ceiling"):
        forecaster_of(bounds=bounds).fit(None, falling)


def test_values_outside_of_bounds_are_refused_with_their_place(falling):
    with refusal(r"within bounds=\(10.0, inf\). Got .* in column 0 .*row 2"):
        forecaster_of(bounds=(10, None)).fit(None, falling)
