import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    AutoregressiveForecaster,
    GRURegressor,
    SkippedSeriesWarning,
    backtest,
)
from tests.support.series import refusal

N_ROWS, HORIZON, WINDOW = 40, 3, 2
SMALL = {"window": WINDOW, "horizon": HORIZON, "past": "wind"}


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    days = pd.date_range("2025-01-01", periods=N_ROWS + HORIZON, name="day")
    X = pd.DataFrame(random.normal(size=(len(days), 2)), days, ["plan", "wind"])
    y = 2 * X["plan"] + 3 * X["wind"].shift(1, fill_value=0.0)
    return X, (y + 0.1 * random.normal(size=len(days))).rename("load")


def forecaster_of(estimator=None, **parameters):
    return AutoregressiveForecaster(estimator or Ridge(), **{**SMALL, **parameters})


def inputs_by_hand(y, X, t, n_known):
    """What a window before row t sees, of which the last rows are not all known."""
    row = []
    for s in range(t - WINDOW, t):
        row += [y.iloc[s], X["wind"].iloc[s]]
        row += [X["plan"].iloc[s + h] for h in range(1, n_known + 1)]
    return row


def forecast_by_hand(X, y, n_rows, estimator=None):
    times = range(WINDOW, n_rows - HORIZON + 1)
    model = Ridge() if estimator is None else estimator
    model.fit(
        [inputs_by_hand(y, X, t, HORIZON) for t in times],
        [y.iloc[t : t + HORIZON].to_numpy() for t in times],
    )
    return model.predict([inputs_by_hand(y, X, n_rows, HORIZON)])[0]


def test_window_sees_past_columns_up_to_its_own_last_row(data):
    X, y = data
    fitted = forecaster_of().fit(X[:N_ROWS], y[:N_ROWS])
    expected = forecast_by_hand(X, y, N_ROWS)
    assert_allclose(fitted.predict(X[N_ROWS:]), expected, rtol=1e-9)
    assert fitted.n_features_in_ == 2


@pytest.mark.parametrize("rubbish", [np.nan, np.inf, 1e300, "?", None])
def test_past_columns_of_rows_to_predict_are_never_read(data, rubbish):
    X, y = data
    fitted = forecaster_of(calibration=12).fit(X[:N_ROWS], y[:N_ROWS])
    future = X[N_ROWS:]
    spoilt = future.assign(wind=[rubbish] * HORIZON)
    assert_array_equal(fitted.predict(spoilt), fitted.predict(future))
    assert_array_equal(fitted.predict(future[["plan"]]), fitted.predict(future))
    band = fitted.predict_interval(future, coverage=0.5)
    assert_array_equal(fitted.predict_interval(spoilt, coverage=0.5), band)


def test_arrays_may_leave_past_columns_out(data):
    X, y = (rows.to_numpy() for rows in data)
    fitted = forecaster_of(past=1).fit(X[:N_ROWS], y[:N_ROWS])
    predicted = fitted.predict(X[N_ROWS:])
    assert_array_equal(fitted.predict(X[N_ROWS:, :1]), predicted)
    assert_array_equal(fitted.predict(X[N_ROWS:] * [1, np.nan]), predicted)


def test_test_folds_do_not_leak_their_past_columns(data):
    X, y = data
    cv = TimeSeriesSplit(3, test_size=HORIZON)
    for train, test in cv.split(X):
        fitted = forecaster_of().fit(X.iloc[train], y.iloc[train])
        expected = forecast_by_hand(X, y, len(train))
        assert_allclose(fitted.predict(X.iloc[test]), expected, rtol=1e-9)


def test_forecast_behind_the_horizon_is_refused_and_a_longer_one_works(data):
    X, y = data
    forecaster = forecaster_of(horizon=2).fit(X[:N_ROWS], y[:N_ROWS])
    with refusal(r"past are not known .* at most horizon=2 steps. Got 3; .*horizon=3"):
        forecaster.predict(X[N_ROWS:])
    forecaster.set_params(horizon=3).fit(X[:N_ROWS], y[:N_ROWS]).predict(X[N_ROWS:])


def test_rows_behind_a_hole_count_for_the_horizon(data):
    X, y = data
    fitted = forecaster_of(past=["plan", "wind"]).fit(X[:N_ROWS], y[:N_ROWS])
    alone = fitted.predict(X[[]].iloc[[N_ROWS + 2]])
    assert_array_equal(alone, fitted.predict(X[N_ROWS:])[-1:])


def test_forecast_needs_no_rows_where_all_columns_are_past(data):
    X, y = data
    fitted = forecaster_of(past=["plan", "wind"], calibration=10)
    fitted.fit(X[:N_ROWS], y[:N_ROWS])
    pd.testing.assert_series_equal(fitted.forecast(3), fitted.predict(X[N_ROWS:]))
    with refusal("at most horizon=3"):
        fitted.forecast(4)


def test_update_carries_past_columns_on(data):
    X, y = data
    fitted = forecaster_of().fit(X[:30], y[:30])
    model = forecaster_of().fit(X[:30], y[:30]).estimator_
    fitted.update(X[30:35], y[30:35]).update(X[35:N_ROWS], y[35:N_ROWS])
    expected = model.predict([inputs_by_hand(y, X, N_ROWS, HORIZON)])[0]
    assert_allclose(fitted.predict(X[N_ROWS:]), expected, rtol=1e-9)
    history = X[35:N_ROWS], y[35:N_ROWS]
    again = forecaster_of().fit(X[:30], y[:30])
    assert_allclose(again.predict(X[N_ROWS:], history=history), expected, rtol=1e-9)


def test_past_columns_behind_the_last_observation_are_used_once_it_has_passed(data):
    X, y = data
    late = y.copy()
    late[37:N_ROWS] = np.nan
    fitted = forecaster_of(HistGradientBoostingRegressor(), past="wind", horizon=1)
    whole = clone(fitted).fit(X[:37], y[:37])
    seen = clone(fitted).fit(X[:N_ROWS], late[:N_ROWS])
    # What the frame held of the future has changed no forecast from row 37.
    assert_array_equal(seen.predict(X[37:38]), whole.predict(X[37:38]))


def test_backtest_without_refit_is_the_one_with_update(data):
    X, y = data
    cv = TimeSeriesSplit(3, test_size=HORIZON)
    results = backtest(forecaster_of(), X, y, cv, refit=False)
    first = results["fold"].eq(2)
    train = N_ROWS + HORIZON - 3 * HORIZON
    fitted = forecaster_of().fit(X[:train], y[:train])
    fitted.update(X[train:N_ROWS], y[train:N_ROWS])
    assert_allclose(results["y_pred"][first], fitted.predict(X[N_ROWS:]))


def test_calibration_has_errors_up_to_the_horizon(data):
    X, y = data
    fitted = forecaster_of(calibration=10).fit(X[:N_ROWS], y[:N_ROWS])
    errors = fitted.calibration_errors_[0, :, :, 0]
    assert np.isnan(errors[:, HORIZON:]).all()
    assert np.isfinite(errors[0, :HORIZON]).all()
    model = forecaster_of().fit(X[:30], y[:30])
    expected = y[30:33] - model.predict(X[30:33])
    assert_allclose(errors[0, :HORIZON], expected, rtol=1e-8)


def test_missing_values_of_past_columns_are_those_of_an_estimator_that_takes_them(data):
    X, y = data
    X.loc[X.index[[10, N_ROWS - 1]], "wind"] = np.nan
    fitted = forecaster_of(HistGradientBoostingRegressor(), horizon=1)
    assert np.isfinite(fitted.fit(X[:N_ROWS], y[:N_ROWS]).predict(X[N_ROWS:][:1])).all()
    with refusal("Ridge does not accept missing values, but the columns in past"):
        forecaster_of().fit(X[:N_ROWS], y[:N_ROWS])
    shorter = forecaster_of().fit(X[: N_ROWS - 1], y[: N_ROWS - 1])
    times = [t for t in range(2, N_ROWS - 3) if 10 not in (t - 2, t - 1)]
    model = Ridge().fit(
        [inputs_by_hand(y, X, t, HORIZON) for t in times],
        [y.iloc[t : t + HORIZON].to_numpy() for t in times],
    )
    expected = model.predict([inputs_by_hand(y, X, N_ROWS - 1, HORIZON)])[0]
    assert_allclose(shorter.predict(X[N_ROWS - 1 : N_ROWS + 2]), expected, rtol=1e-9)


@pytest.mark.parametrize("wide", [True, False])
def test_each_of_many_series_has_its_past_columns(data, wide):
    X, y = data
    names = ["north", "south"]
    if wide:
        panel, forecaster = (
            pd.DataFrame({"north": y, "south": 5 * y}),
            forecaster_of(columns="series"),
        )
        rows, future, target = X[:N_ROWS], X[N_ROWS:], panel[:N_ROWS]
    else:
        forecaster = forecaster_of()
        rows, future = (
            pd.concat([part] * 2, keys=names) for part in (X[:N_ROWS], X[N_ROWS:])
        )
        target = pd.concat([y[:N_ROWS], 5 * y[:N_ROWS]], keys=names)
    fitted = forecaster.fit(rows, target)
    spoilt = future.assign(wind=np.nan)
    predicted = fitted.predict(spoilt)
    north, south = (predicted[name].to_numpy() for name in names)
    assert_allclose(5 * north, south, rtol=1e-8)
    # The wind of the day before gives most of the first value.
    assert abs(north[0] - y.iloc[N_ROWS]) < 1


@pytest.mark.untrained
def test_compiled_roll_out_sees_what_the_table_of_the_training_shows(data):
    X, y = data
    network = GRURegressor(
        units=2, epochs=1, random_state=0, predict_backend="tensorflow"
    )
    fitted = forecaster_of(network).fit(X[:N_ROWS], y[:N_ROWS])
    window = np.reshape(inputs_by_hand(y, X, N_ROWS, HORIZON), (1, WINDOW, -1))
    expected = fitted.estimator_.predict(window)[0]
    assert_allclose(
        fitted.predict(X[N_ROWS:].assign(wind=np.nan)), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.untrained
def test_default_set_up_chooses_without_the_future_of_past_columns(data):
    X, y = data
    forecaster = AutoregressiveForecaster(
        GRURegressor(units=2, epochs=1), past="wind", horizon=3
    )
    assert forecaster.fit(X[:N_ROWS], y[:N_ROWS]).window_ == 10


def test_copies_and_pickles_keep_past_columns(data):
    X, y = data
    fitted = forecaster_of().fit(X[:N_ROWS], y[:N_ROWS])
    restored = pickle.loads(pickle.dumps(fitted))
    assert clone(fitted).past == "wind"
    future = X[N_ROWS:].assign(wind=np.nan)
    assert_array_equal(restored.predict(future), fitted.predict(future))
    restored.update(X[N_ROWS:], y[N_ROWS:])


def test_pipeline_passes_past_columns_on(data):
    X, y = data
    scaler = StandardScaler().set_output(transform="pandas")
    pipe = make_pipeline(scaler, forecaster_of(LinearRegression()))
    pipe.fit(X[:N_ROWS], y[:N_ROWS])
    plain = forecaster_of(LinearRegression()).fit(X[:N_ROWS], y[:N_ROWS])
    assert_allclose(pipe.predict(X[N_ROWS:]), plain.predict(X[N_ROWS:]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"past": "rain"},
            r"past must name columns of X. Got 'rain', but X has \['pla",
        ),
        ({"past": ["wind", 7]}, "Got 7, but X has"),
        ({"exogenous": False}, "Got 'wind', but X has none that are inputs"),
    ],
)
def test_unknown_past_columns_are_refused(data, parameters, message):
    with refusal(message):
        forecaster_of(**parameters).fit(*data)


def test_columns_known_in_advance_still_need_values(data):
    X, y = data
    fitted = forecaster_of().fit(X[:N_ROWS], y[:N_ROWS])
    with refusal("NaN in column 'plan'"):
        fitted.predict(X[N_ROWS:].assign(plan=np.nan))
    with refusal("feature names"):
        fitted.predict(X[N_ROWS:][["wind"]])
    with refusal("forecast does not know the 1 columns"):
        fitted.forecast(2)


def test_columns_that_numbers_name_are_read_by_these_names():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 2)), pd.date_range("2025", periods=60))
    y = (3 * X[0] + X[1]).rename("y")
    forecaster = AutoregressiveForecaster(Ridge(), window=3).fit(X[:50], y[:50])
    with pytest.raises(ValueError, match=r"\[0, 1\].* in this order.* Got \[1, 0\]"):
        forecaster.predict(X[[1, 0]][50:])
    with pytest.raises(ValueError, match=r"Got \[0, 7\]"):
        forecaster.update(X.set_axis([0, 7], axis=1)[50:], y[50:])
    direct = clone(forecaster).set_params(horizon=10, past=[0]).fit(X[:50], y[:50])
    without = direct.predict(X[[1]][50:])
    pd.testing.assert_series_equal(without, direct.predict(X[50:]))


def wide_data():
    """Two series side by side, of which one ended two rows before the other."""
    random = np.random.default_rng(0)
    days = pd.date_range("2025-01-01", periods=22)
    X = pd.DataFrame({"wind": random.normal(size=22)}, days)
    y = pd.DataFrame(random.normal(size=(20, 2)), days[:20], columns=["long", "short"])
    y.loc[days[18:20], "short"] = np.nan
    return X, y


def test_a_wide_forecast_leaves_out_a_series_that_ended_early():
    X, y = wide_data()
    fitted = forecaster_of(horizon=2, columns="series").fit(X[:20], y)
    with pytest.warns(SkippedSeriesWarning, match=r"leaves out 'short': such a series"):
        forecast = fitted.predict(X[20:])
    assert forecast["short"].isna().all()
    assert forecast["long"].notna().all()
    with refusal("at most horizon=2 steps. Got 5 of series 'short'"):
        fitted.predict(pd.concat([X[20:], X[21:].shift(freq="D")]))


def test_a_series_with_too_many_rows_is_named():
    X, y = wide_data()
    parts = {name: y[[name]].set_axis(["y"], axis=1) for name in y}
    long = pd.concat(parts)["y"].dropna()
    rows = pd.concat(dict.fromkeys(y, X))
    fitted = forecaster_of(horizon=2).fit(rows.loc[long.index], long)
    with refusal("at most horizon=2 steps. Got 4 of series 'short'"):
        fitted.predict(rows.loc[[("long", X.index[20]), ("short", X.index[21])]])
