import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from skrnn import AutoregressiveForecaster, GRURegressor, RNNRegressor
from skrnn._forecasting import plan
from tests.support.series import refusal

N_ROWS, N_AHEAD = 60, 11
STEP = np.arange(N_ROWS + N_AHEAD)
LINE = 3 + 2.0 * STEP


def split(series):
    return series[:N_ROWS], series[N_ROWS:]


# --------------------------------------------------------------------------------------
# What the transformations are for
# --------------------------------------------------------------------------------------


FOR_LINES = [
    {"difference": 1},
    {"normalize": "last"},
    {"normalize": "meanstd"},
    {"difference": 2},
    {"difference": (1, 12)},
    {"difference": 1, "normalize": "meanstd"},
    {"difference": (7,), "normalize": "last"},
]


@pytest.mark.parametrize("params", FOR_LINES, ids=str)
@pytest.mark.parametrize("horizon", [1, 4])
@pytest.mark.parametrize(
    "estimator",
    [LinearRegression(), KNeighborsRegressor(1)],
    ids=lambda estimator: type(estimator).__name__,
)
def test_straight_line_is_continued_exactly(params, horizon, estimator):
    known, ahead = split(LINE)
    params = {"window": 4, "horizon": horizon, **params}
    forecaster = AutoregressiveForecaster(estimator, **params).fit(None, known)
    assert_allclose(forecaster.forecast(N_AHEAD), ahead, rtol=1e-12)


@pytest.mark.parametrize("params", FOR_LINES[:3], ids=str)
def test_straight_line_is_continued_by_a_network_as_exactly_as_float32(params):
    known, ahead = split(LINE)
    network = RNNRegressor(2, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(network, window=4, horizon=4, **params)
    assert_allclose(forecaster.fit(None, known).forecast(N_AHEAD), ahead, rtol=1e-6)


@pytest.mark.parametrize(
    "estimator",
    [LinearRegression(), RNNRegressor(2, epochs=1, random_state=0)],
    ids=lambda estimator: type(estimator).__name__,
)
def test_parabola_is_continued_exactly_by_second_differences(estimator):
    known, ahead = split(LINE + 0.5 * STEP**2)
    forecaster = AutoregressiveForecaster(estimator, window=4, difference=2)
    assert_allclose(forecaster.fit(None, known).forecast(N_AHEAD), ahead, rtol=1e-10)


def test_exponential_growth_is_a_straight_line_of_logarithms():
    known, ahead = split(np.exp(0.1 * STEP))
    forecaster = AutoregressiveForecaster(
        KNeighborsRegressor(1), window=2, log=True, difference=1
    )
    assert_allclose(forecaster.fit(None, known).forecast(N_AHEAD), ahead, rtol=1e-10)


def test_pattern_on_a_trend_is_continued_exactly_by_a_seasonal_difference():
    known, ahead = split(LINE + np.tile([0, 5, -3, 8], 20)[: len(STEP)])
    forecaster = AutoregressiveForecaster(
        KNeighborsRegressor(1), window=2, difference=(4,)
    )
    assert_allclose(forecaster.fit(None, known).forecast(N_AHEAD), ahead, rtol=1e-12)


@pytest.mark.slow
def test_sine_times_a_trend_is_continued_by_a_network():
    step = np.arange(240.0)
    y = (1 + step / 60) * np.sin(2 * np.pi * step / 12) + step / 10
    network = GRURegressor(16, epochs=150, learning_rate=5e-3, random_state=0)
    forecaster = AutoregressiveForecaster(
        network, window=24, horizon=12, normalize="meanstd"
    ).fit(None, y[:216])
    error = forecaster.forecast(24) - y[216:]
    # A tenth of the amplitude, which the plain network has not seen before.
    assert np.sqrt(np.mean(error**2)) < 0.1 * (1 + 216 / 60)
    plain = clone(forecaster).set_params(normalize=None).fit(None, y[:216])
    assert np.mean((plain.forecast(24) - y[216:]) ** 2) > 4 * np.mean(error**2)


# --------------------------------------------------------------------------------------
# In every combination, against loops written by hand
# --------------------------------------------------------------------------------------


def transform_by_hand(y, log, lags):
    rows = [float(np.log(value)) if log else float(value) for value in y]
    for lag in lags:
        rows = [
            rows[t] - rows[t - lag] if t >= lag else np.nan for t in range(len(rows))
        ]
    return rows[sum(lags) :]


def shift_and_scale(window, normalize):
    observed = [value for value in window if not np.isnan(value)]
    if normalize is None:
        return 0.0, 1.0
    if normalize == "last":
        return observed[-1], 1.0
    return np.mean(observed), np.std(observed)


def continue_by_hand(y, n_steps, log, lags, normalize, window, horizon, model):
    """Continue a series; each level comes from its difference and the level before."""
    rows = transform_by_hand(y, log, lags)
    X, Y = [], []
    for t in range(window, len(rows) - horizon + 1):
        seen, ahead = rows[t - window : t], rows[t : t + horizon]
        if np.isnan(ahead).any() or (np.isnan(seen).any() and not may_miss(model)):
            continue
        shift, scale = shift_and_scale(seen, normalize)
        X.append([(value - shift) / scale for value in seen])
        Y.append([(value - shift) / scale for value in ahead])
    model.fit(X, np.ravel(Y) if horizon == 1 else Y)
    while len(rows) < len(y) - sum(lags) + n_steps:
        seen = rows[-window:]
        shift, scale = shift_and_scale(seen, normalize)
        block = model.predict([[(value - shift) / scale for value in seen]])
        rows.extend(float(value) * scale + shift for value in np.ravel(block))
    return undo_by_hand(y, rows, n_steps, log, lags)


def may_miss(model):
    return isinstance(model, DecisionTreeRegressor)


def undo_by_hand(y, rows, n_steps, log, lags):
    if not lags:
        found = rows[len(y) : len(y) + n_steps]
        return np.exp(found) if log else np.array(found)
    below = transform_by_hand(y, log, lags[:-1])
    ahead = rows[len(y) - sum(lags) :][:n_steps]
    for value in ahead:
        below.append(below[-lags[-1]] + value)
    return undo_by_hand(y, below, n_steps, log, lags[:-1])


@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
@pytest.mark.parametrize("lags", [(), (1,), (1, 1), (1, 4)], ids=str)
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("missing", [False, True])
def test_every_combination_is_the_recursion_written_by_hand(
    normalize, lags, log, horizon, missing
):
    y = np.exp(np.random.default_rng(0).normal(scale=0.2, size=N_ROWS).cumsum())
    if missing:
        y[[9, 25]] = np.nan
    model = Ridge(alpha=0.1)
    forecaster = AutoregressiveForecaster(
        model,
        window=3,
        horizon=horizon,
        difference=lags,
        log=log,
        normalize=normalize,
    ).fit(None, y)
    expected = continue_by_hand(
        y, N_AHEAD, log, lags, normalize, 3, horizon, clone(model)
    )
    assert_allclose(forecaster.forecast(N_AHEAD), expected, rtol=1e-8)


@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
@pytest.mark.parametrize("difference", [0, 1])
def test_estimators_that_take_nan_see_windows_with_holes(normalize, difference):
    y = np.random.default_rng(0).normal(size=80).cumsum()
    y[[20, 21, 40, 77]] = np.nan
    model = DecisionTreeRegressor(max_depth=3, random_state=0)
    forecaster = AutoregressiveForecaster(
        model, window=5, difference=difference, normalize=normalize
    ).fit(None, y)
    expected = continue_by_hand(
        y, 6, False, (1,) * difference, normalize, 5, 1, clone(model)
    )
    assert_allclose(forecaster.forecast(6), expected, rtol=1e-8)


@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("missing", [False, True])
def test_compiled_roll_out_normalises_each_window_afresh(
    normalize, horizon, missing, monkeypatch
):
    random = np.random.default_rng(0)
    y = random.normal(size=(N_ROWS, 2)).cumsum(axis=0) + 1000
    X = random.normal(size=(N_ROWS + N_AHEAD, 1))
    if missing:  # Steps of which nothing, and of which one target was observed.
        y[[20, N_ROWS - 2]] = np.nan
        y[[30, N_ROWS - 4], 1] = np.nan
    network = GRURegressor(3, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(
        network, window=6, horizon=horizon, normalize=normalize
    ).fit(X[:N_ROWS], y)
    at_once = forecaster.predict(X[N_ROWS:])
    monkeypatch.setattr(plan, "compiled_roll_out", lambda estimator: None)
    assert_allclose(at_once, forecaster.predict(X[N_ROWS:]), rtol=0, atol=2e-5)


def test_forecasts_move_with_the_level_of_a_series_and_keep_their_precision():
    y = np.random.default_rng(0).normal(size=N_ROWS).cumsum()
    network = RNNRegressor(3, epochs=2, random_state=0)
    forecaster = AutoregressiveForecaster(network, window=4, normalize="last")
    low = forecaster.fit(None, y).forecast(5)
    high = forecaster.fit(None, y + 1e6).forecast(5)
    assert_allclose(high - 1e6, low, atol=1e-4)


def test_a_stretch_of_equal_values_is_no_division_by_zero():
    y = np.array([0.0] * 20 + [3.0, 0.0, 0.0, 5.0] + [0.0] * 20)
    for estimator in (Ridge(), RNNRegressor(2, epochs=1, random_state=0)):
        forecaster = AutoregressiveForecaster(estimator, window=4, normalize="meanstd")
        with np.errstate(all="raise"):
            assert np.isfinite(forecaster.fit(None, y).forecast(8)).all()


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"difference": -1}, "'difference' parameter"),
        ({"difference": (0, 12)}, "difference must be an order such as 1 or 2, or"),
        ({"normalize": "first"}, "'normalize' parameter .* or None. Got 'first'"),
        ({"log": "yes"}, "'log' parameter"),
        ({"columns": "rows"}, "'columns' parameter"),
        ({"calibration": -1}, "'calibration' parameter"),
        ({"difference": (1, 12), "window": 50}, "differences of 13 rows need 64 rows"),
        ({"log": True}, "log=True needs values of y above 0. Got -2 in column 'load'"),
    ],
)
def test_what_cannot_be_transformed_is_refused_before_training(params, match):
    y = pd.Series(LINE - 5, name="load")
    with refusal(match):
        AutoregressiveForecaster(Ridge(), **params).fit(None, y[:N_ROWS])


def test_missing_values_at_the_end_are_named_where_differences_need_them():
    y = LINE.copy()
    y[-3] = np.nan
    with refusal("add up differences from the last 12 rows of y. Got NaN among them"):
        AutoregressiveForecaster(
            GRURegressor(2, epochs=1), window=4, difference=(12,)
        ).fit(None, y)
