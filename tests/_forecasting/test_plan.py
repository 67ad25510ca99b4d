import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from skrnn import (
    AutoregressiveForecaster,
    GRURegressor,
    RNNRegressor,
    SkippedSeriesWarning,
)
from skrnn._engine.programs import PROGRAMS
from skrnn._forecasting import plan
from skrnn._windows.windows import Windows
from tests.support.exhaustive import crossed
from tests.support.many_series import (
    DAYS,
    SPANS,
    continue_by_hand,
    make_many,
    stack,
    window_by_hand,
)
from tests.support.series import (
    make_daily,
    no_columns,
    refusal,
)

N_FITTED, N_LATER = 60, 11
STEP = np.arange(N_FITTED + N_LATER)
LINE = 3 + 2.0 * STEP
# Networks as small as these are rolled out by NumPy unless told otherwise.
COMPILED = {"predict_backend": "tensorflow"}


def split(series):
    return series[:N_FITTED], series[N_FITTED:]


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
    assert_allclose(forecaster.forecast(N_LATER), ahead, rtol=1e-12)


@pytest.mark.untrained
@pytest.mark.parametrize("params", FOR_LINES[:3], ids=str)
def test_straight_line_is_continued_by_a_network_as_exactly_as_float32(params):
    known, ahead = split(LINE)
    network = RNNRegressor(2, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(network, window=4, horizon=4, **params)
    assert_allclose(forecaster.fit(None, known).forecast(N_LATER), ahead, rtol=1e-6)


@pytest.mark.untrained
@pytest.mark.parametrize(
    "estimator",
    [LinearRegression(), RNNRegressor(2, epochs=1, random_state=0)],
    ids=lambda estimator: type(estimator).__name__,
)
def test_parabola_is_continued_exactly_by_second_differences(estimator):
    known, ahead = split(LINE + 0.5 * STEP**2)
    forecaster = AutoregressiveForecaster(estimator, window=4, difference=2)
    assert_allclose(forecaster.fit(None, known).forecast(N_LATER), ahead, rtol=1e-10)


def test_exponential_growth_is_a_straight_line_of_logarithms():
    known, ahead = split(np.exp(0.1 * STEP))
    forecaster = AutoregressiveForecaster(
        KNeighborsRegressor(1), window=2, log=True, difference=1
    )
    assert_allclose(forecaster.fit(None, known).forecast(N_LATER), ahead, rtol=1e-10)


def test_pattern_on_a_trend_is_continued_exactly_by_a_seasonal_difference():
    known, ahead = split(LINE + np.tile([0, 5, -3, 8], 20)[: len(STEP)])
    forecaster = AutoregressiveForecaster(
        KNeighborsRegressor(1), window=2, difference=(4,)
    )
    assert_allclose(forecaster.fit(None, known).forecast(N_LATER), ahead, rtol=1e-12)


@pytest.mark.slow
def test_sine_times_a_trend_is_continued_by_a_network():
    step = np.arange(240.0)
    y = (1 + step / 60) * np.sin(2 * np.pi * step / 12) + step / 10
    network = GRURegressor(16, epochs=50, learning_rate=1.5e-2, random_state=0)
    forecaster = AutoregressiveForecaster(
        network, window=24, horizon=12, normalize="meanstd"
    ).fit(None, y[:216])
    error = forecaster.forecast(24) - y[216:]
    # A tenth of the amplitude, which the plain network has not seen before.
    assert np.sqrt(np.mean(error**2)) < 0.1 * (1 + 216 / 60)
    plain = clone(forecaster).set_params(normalize=None).fit(None, y[:216])
    assert np.mean((plain.forecast(24) - y[216:]) ** 2) > 4 * np.mean(error**2)


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


def continue_transformed(y, n_steps, log, lags, normalize, window, horizon, model):
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
    y = np.exp(np.random.default_rng(0).normal(scale=0.2, size=N_FITTED).cumsum())
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
    expected = continue_transformed(
        y, N_LATER, log, lags, normalize, 3, horizon, clone(model)
    )
    assert_allclose(forecaster.forecast(N_LATER), expected, rtol=1e-8)


@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
@pytest.mark.parametrize("difference", [0, 1])
def test_estimators_that_take_nan_see_windows_with_holes(normalize, difference):
    y = np.random.default_rng(0).normal(size=80).cumsum()
    y[[20, 21, 40, 77]] = np.nan
    model = DecisionTreeRegressor(max_depth=3, random_state=0)
    forecaster = AutoregressiveForecaster(
        model, window=5, difference=difference, normalize=normalize
    ).fit(None, y)
    expected = continue_transformed(
        y, 6, False, (1,) * difference, normalize, 5, 1, clone(model)
    )
    assert_allclose(forecaster.forecast(6), expected, rtol=1e-8)


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("normalize", "horizon", "missing"),
    crossed([None, "last", "meanstd"], [1, 3], [True, False]),
)
def test_compiled_roll_out_normalises_each_window_afresh(
    normalize, horizon, missing, monkeypatch
):
    random = np.random.default_rng(0)
    y = random.normal(size=(N_FITTED, 2)).cumsum(axis=0) + 1000
    X = random.normal(size=(N_FITTED + N_LATER, 1))
    if missing:  # Steps of which nothing, and of which one target was observed.
        y[[20, N_FITTED - 2]] = np.nan
        y[[30, N_FITTED - 4], 1] = np.nan
    network = GRURegressor(3, epochs=1, random_state=0, **COMPILED)
    forecaster = AutoregressiveForecaster(
        network, window=6, horizon=horizon, normalize=normalize
    ).fit(X[:N_FITTED], y)
    at_once = forecaster.predict(X[N_FITTED:])
    monkeypatch.setattr(plan, "compiled_roll_out", lambda estimator: None)
    assert_allclose(at_once, forecaster.predict(X[N_FITTED:]), rtol=0, atol=2e-5)


def test_forecasts_move_with_the_level_of_a_series_and_keep_their_precision():
    y = np.random.default_rng(0).normal(size=N_FITTED).cumsum()
    network = RNNRegressor(3, epochs=2, random_state=0)
    forecaster = AutoregressiveForecaster(network, window=4, normalize="last")
    low = forecaster.fit(None, y).forecast(5)
    high = forecaster.fit(None, y + 1e6).forecast(5)
    assert_allclose(high - 1e6, low, atol=1e-4)


@pytest.mark.untrained
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
        AutoregressiveForecaster(Ridge(), **params).fit(None, y[:N_FITTED])


def test_missing_values_at_the_end_are_named_where_differences_need_them():
    y = LINE.copy()
    y[-3] = np.nan
    with refusal("add up differences from the last 12 rows of y. Got NaN among them"):
        AutoregressiveForecaster(
            GRURegressor(2, epochs=1), window=4, difference=(12,)
        ).fit(None, y)


NEAR = {"rtol": 1e-7, "atol": 1e-7}


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def daily():
    return make_daily()


def ridge(window=3, **params):
    return AutoregressiveForecaster(Ridge(), window=window, **params)


def by_hand(model, y, x, n_steps, window, horizon):
    """Continue one series, which no level is taken from."""
    levels = np.zeros(1), np.ones(1)
    y = np.asarray(y, dtype=float).reshape(len(y), -1)
    return continue_by_hand(model, y, x, n_steps, window, horizon, levels)[:, 0]


def ridge_by_hand(y, x, window, horizon):
    """Ridge on the windows that hold no NaN."""
    y = np.asarray(y, dtype=float).reshape(len(y), -1)
    x = np.empty((len(y) + horizon, 0)) if x is None else np.asarray(x)
    inputs, outputs = [], []
    for t in range(window, len(y) - horizon + 1):
        given = window_by_hand(y, x, t, window, horizon)
        if not np.isnan([*given, *y[t : t + horizon].ravel()]).any():
            inputs.append(given)
            outputs.append(y[t : t + horizon].ravel())
    outputs = np.array(outputs)
    return Ridge().fit(inputs, outputs if horizon > 1 else outputs[:, 0])


def with_holes(y):
    return y.where(~np.isin(np.arange(len(y)), [0, 5, 17, 18, 30]))


@pytest.mark.parametrize("horizon", [1, 3])
def test_windows_with_missing_values_are_left_out(daily, horizon):
    X, y = daily[0], with_holes(daily[1])
    forecaster = ridge(2, horizon=horizon).fit(X[:50], y[:50])
    model = ridge_by_hand(y[:50], X, 2, horizon)
    expected = by_hand(model, y[:50], X, 9, 2, horizon)
    assert_allclose(forecaster.predict(X[50:59]), expected, **NEAR)


def test_windows_with_missing_values_stay_for_an_estimator_that_takes_them(daily):
    y = with_holes(daily[1]).to_numpy()
    inner = DecisionTreeRegressor(min_samples_leaf=2, random_state=0)
    forecaster = AutoregressiveForecaster(inner, window=2).fit(None, y)
    inputs, outputs = [], []
    for t in range(3, 60):  # The series begins with the row 1.
        if not np.isnan(y[t]) and not np.isnan(y[t - 2 : t]).all():
            inputs.append(y[t - 2 : t])
            outputs.append(y[t])
    expected = inner.fit(inputs, outputs).predict(inputs)
    assert_allclose(forecaster.estimator_.predict(inputs), expected)


def test_a_target_may_be_missing_where_another_is_observed(random):
    y = random.normal(size=(40, 2))
    y[7, 0] = y[20, 1] = y[39, 0] = np.nan
    with refusal("the last 2 rows of y, from which a forecast starts, hold NaN"):
        ridge(2).fit(None, y)
    y[39, 0] = 1.0
    inputs = [y[t - 2 : t].ravel() for t in range(2, 40)]
    whole = [i for i in range(38) if not np.isnan([inputs[i], [*y[i + 2]] * 2]).any()]
    model = Ridge().fit([inputs[i] for i in whole], [y[i + 2] for i in whole])
    assert_allclose(ridge(2).fit(None, y).estimator_.coef_, model.coef_)


def as_series(frame):
    return frame.iloc[:, 0]


def network(**params):
    settings = {"epochs": 1, "random_state": 0, **COMPILED}
    return RNNRegressor(3, **{**settings, **params})


@pytest.mark.untrained
@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
def test_one_compiled_call_equals_the_loop_step_by_step(normalize, monkeypatch):
    X, y, later = make_many(n_known=2, n_ahead=7)
    later["b"] = later["b"].iloc[:4]
    forecaster = AutoregressiveForecaster(
        network(), window=4, horizon=2, normalize=normalize
    ).fit(stack(X), as_series(stack(y)))
    at_once = forecaster.predict(stack(later))
    monkeypatch.setattr(plan, "compiled_roll_out", lambda estimator: None)
    assert_allclose(at_once, forecaster.predict(stack(later)), rtol=1e-4, atol=1e-4)


@pytest.mark.untrained
def test_one_compiled_call_starts_from_series_as_short_as_a_window(monkeypatch):
    _, y, _ = make_many(spans={**SPANS, "short": (20, 4)})
    inner = network()
    forecaster = AutoregressiveForecaster(inner, window=4, horizon=3, normalize="last")
    with pytest.warns(SkippedSeriesWarning, match="'short' of training"):
        forecaster.fit(None, as_series(stack(y)))
    at_once = forecaster.forecast(5)
    assert np.isfinite(at_once).all()
    monkeypatch.setattr(plan, "compiled_roll_out", lambda estimator: None)
    assert_allclose(at_once, forecaster.forecast(5), rtol=1e-4, atol=1e-4)


@pytest.mark.untrained
def test_other_numbers_of_series_need_no_other_program():
    spans = dict.fromkeys(range(8), (0, 12))
    _, y, _ = make_many(spans=spans)
    forecaster = AutoregressiveForecaster(network(), window=4)
    forecaster.fit(None, as_series(stack(y)))

    def predict(n_series):
        index = pd.MultiIndex.from_product([range(n_series), DAYS[12:15]])
        return forecaster.predict(no_columns(index))

    whole = predict(8)
    built = PROGRAMS.n_built
    for n_series in (7, 5, 6):
        some = predict(n_series)
        assert_allclose(some, whole.loc[: n_series - 1], rtol=1e-5)
    assert PROGRAMS.n_built == built


class Bystander(RNNRegressor):
    """Keeps what it gets to learn from, and learns nothing."""

    def fit(self, X, y):
        self.given_ = X, y
        return self


def test_training_lays_no_windows_out():
    n_series, n_rows, window = 40, 1000, 50
    table = np.random.default_rng(0).normal(size=(n_rows, n_series))
    forecaster = AutoregressiveForecaster(Bystander(), window=window, columns="series")
    tracemalloc.start()
    forecaster.fit(None, table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    windows, y = forecaster.estimator_.given_
    n_windows = n_series * (n_rows - window)
    assert isinstance(windows, Windows)
    assert (len(windows), len(y)) == (n_windows, n_windows)
    assert windows.rows.shape == (n_series * n_rows, 1)
    assert peak < n_windows * window * 8 / 3


def test_validation_takes_the_windows_nearest_to_the_ends_of_all_series():
    _, y, _ = make_many()
    forecaster = AutoregressiveForecaster(Bystander(), window=3)
    windows, _ = forecaster.fit(None, as_series(stack(y))).estimator_.given_
    last_starts = {30 - 4, 51 - 4, 84 - 4}
    assert set(windows.starts[-3:]) == last_starts
    assert set(windows.starts[-9:]) == {
        start - i for start in last_starts for i in range(3)
    }


@pytest.mark.untrained
def test_validation_split_of_many_series_is_watched():
    _, y, _ = make_many()
    inner = network(epochs=2, validation_split=0.2)
    forecaster = AutoregressiveForecaster(inner, window=3)
    forecaster.fit(None, as_series(stack(y)))
    assert len(forecaster.estimator_.history_["val_loss"]) == 2
