import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import ExtraTreeRegressor

from skrnn import (
    AutoregressiveForecaster,
    GRURegressor,
    RNNRegressor,
)
from skrnn._estimators.inside import accepts_windows
from skrnn._forecasting.update import Update
from tests.support.known_columns import whole_blocks_by_hand
from tests.support.series import (
    INDEXES,
    N_AHEAD,
    N_ROWS,
    each_index,
    make_daily,
    no_columns,
)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def daily():
    return make_daily()


# --------------------------------------------------------------------------------------
# The recursion, against loops written by hand
# --------------------------------------------------------------------------------------


def window_by_hand(y, x, t, window, horizon):
    values = []
    for s in range(t - window, t):
        values.extend(y[s])
        for h in range(1, horizon + 1):
            values.extend(x[s + h])
    return values


def continue_by_hand(y, x, n_steps, window, horizon, runs=((0, N_ROWS),)):
    """Continue rows y with rows x, which are `n_steps` more, by least squares."""
    times = [t for a, b in runs for t in range(a, b) if a + window <= t <= b - horizon]
    model = LinearRegression().fit(
        [window_by_hand(y, x, t, window, horizon) for t in times],
        [np.ravel(y[t : t + horizon]) for t in times],
    )
    seen = [x[t - window : t + horizon] for t in times]
    x = whole_blocks_by_hand(seen, x, n_steps, window, horizon).tolist()
    y, n_past = [list(row) for row in y], len(y)
    while len(y) < n_past + n_steps:
        row = np.array([window_by_hand(y, x, len(y), window, horizon)])
        y.extend(model.predict(row).reshape(horizon, -1).tolist())
    return np.array(y[n_past : n_past + n_steps])


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("n_columns", [0, 2])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_recursion_is_the_one_written_by_hand(random, horizon, n_columns, n_targets):
    y = random.normal(size=(N_ROWS, n_targets)).cumsum(axis=0)
    X = random.normal(size=(N_ROWS + N_AHEAD, n_columns))
    forecaster = AutoregressiveForecaster(LinearRegression(), window=2, horizon=horizon)
    forecaster.fit(X[:N_ROWS] if n_columns else None, y)
    for n_steps in (1, 2, 3, 8, 9):
        predicted = forecaster.predict(X[N_ROWS : N_ROWS + n_steps])
        x = X[: N_ROWS + n_steps].tolist() if n_columns else [[]] * 60
        expected = continue_by_hand(y, x, n_steps, window=2, horizon=horizon)
        assert_allclose(predicted, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("n_columns", [0, 1])
def test_windows_and_what_they_predict_never_cross_a_hole(random, horizon, n_columns):
    index = INDEXES["days"][[*range(12), *range(14, 30), *range(33, 33 + 12)]]
    y = random.normal(size=N_ROWS)
    X = pd.DataFrame(random.normal(size=(N_ROWS, n_columns)), index).add_prefix("x")
    forecaster = AutoregressiveForecaster(LinearRegression(), window=2, horizon=horizon)
    future = pd.DataFrame(
        random.normal(size=(N_AHEAD, n_columns)), INDEXES["days"][45 : 45 + N_AHEAD]
    ).add_prefix("x")
    predicted = forecaster.fit(X, y).predict(future)
    x = np.vstack([X, future, np.zeros((3, n_columns))]).tolist()
    runs = [(0, 12), (12, 28), (28, 40)]
    expected = continue_by_hand(y[:, None].tolist(), x, N_AHEAD, 2, horizon, runs)
    assert_allclose(predicted, expected[:, 0], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("horizon", [1, 2, 5])
def test_fibonacci_numbers_are_continued(horizon):
    numbers = [1.0, 1.0]
    while len(numbers) < 30:
        numbers.append(numbers[-1] + numbers[-2])
    forecaster = AutoregressiveForecaster(LinearRegression(), window=2, horizon=horizon)
    assert_allclose(
        forecaster.fit(None, numbers[:20]).forecast(10), numbers[20:], rtol=1e-8
    )


@pytest.mark.parametrize("horizon", [1, 4])
def test_sine_is_continued_from_two_lags(horizon):
    sine = np.sin(0.3 * np.arange(200))
    forecaster = AutoregressiveForecaster(LinearRegression(), window=2, horizon=horizon)
    assert_allclose(
        forecaster.fit(None, sine[:50]).forecast(150), sine[50:], rtol=0, atol=1e-8
    )


def test_columns_known_in_advance_act_at_the_time_they_are_known_for(random):
    switch = random.integers(0, 2, size=60).astype(float)
    y = np.zeros(60)
    for t in range(1, 60):
        y[t] = 0.5 * y[t - 1] + 3 * switch[t]
    forecaster = AutoregressiveForecaster(LinearRegression(), window=1)
    forecaster.fit(switch[:40, None], y[:40])
    assert_allclose(forecaster.predict(switch[40:, None]), y[40:], atol=1e-8)


def test_exogenous_false_reads_no_column(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge(), exogenous=False)
    predicted = forecaster.fit(X[:50], y[:50]).predict(X[50:].assign(rain="none"))
    expected = AutoregressiveForecaster(Ridge()).fit(None, y[:50]).forecast(10)
    pd.testing.assert_series_equal(predicted, expected, check_freq=False)
    assert forecaster.n_features_in_ == 0
    assert not hasattr(forecaster, "feature_names_in_")


OTHER_PARAMETERS = {
    "estimator": SGDRegressor(),
    "window": 1,
    "horizon": 5,
    "difference": 1,
    "log": True,
    "normalize": "last",
    "exogenous": False,
    "columns": "series",
    "calibration": 0,
    "random_state": 1,
}


@pytest.mark.parametrize("name", OTHER_PARAMETERS)
def test_parameters_set_after_fit_change_nothing_before_the_next(daily, name):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge(), window=3, horizon=2, calibration=20)
    forecaster.fit(X[:50], y[:50])
    history = X[:45], y[:45]

    def answers():
        return [
            forecaster.predict(X[50:54]),
            forecaster.predict(X[45:49], history=history),
            forecaster.predict_interval(X[50:52], 0.5),
            hasattr(forecaster, "partial_fit"),
            forecaster.update(X[50:54], y[50:54]).predict(X[54:]),
        ]

    before = answers()
    forecaster.fit(X[:50], y[:50]).set_params(**{name: OTHER_PARAMETERS[name]})
    for value, expected in zip(answers(), before, strict=True):
        assert_array_equal(value, expected)


@pytest.mark.parametrize("wrap", [make_pipeline, TransformedTargetRegressor])
def test_random_state_repeats_what_is_random_inside(daily, wrap):
    inner = wrap(ExtraTreeRegressor(max_features=1))
    forecaster = AutoregressiveForecaster(inner, window=3, random_state=0)
    before = str(inner.get_params())

    def forecast(seed):
        forecaster.set_params(random_state=seed).fit(None, daily[1])
        return forecaster.forecast(4).to_numpy()

    assert_array_equal(forecast(0), forecast(0))
    assert not np.array_equal(forecast(0), forecast(1))
    assert str(inner.get_params()) == before


def test_random_state_leaves_seeds_that_are_set(daily):
    inner = ExtraTreeRegressor(random_state=3)
    forecaster = AutoregressiveForecaster(inner, window=3, random_state=0)
    seeded = forecaster.fit(None, daily[1]).estimator_
    assert seeded.random_state == 3


def test_columns_that_fit_ignored_stay_ignored(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge(), exogenous=False)
    expected = forecaster.fit(X[:50], y[:50]).predict(X[50:])
    forecaster.set_params(exogenous=True)
    assert_array_equal(forecaster.predict(X[50:]), expected)
    history = X[:50].assign(rain="none"), y[:50]
    assert_allclose(forecaster.predict(X[50:], history=history), expected)


def test_columns_are_refused_after_a_fit_without_any(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y[:50])
    forecaster.set_params(exogenous=False)
    with pytest.raises(ValueError, match="because fit saw no columns"):
        forecaster.predict(X[50:])


# --------------------------------------------------------------------------------------
# The index
# --------------------------------------------------------------------------------------


@each_index
def test_prediction_is_that_of_arrays_on_the_callers_index(index, random):
    y = random.normal(size=N_ROWS)
    forecaster = AutoregressiveForecaster(Ridge(), window=3)
    expected = clone(forecaster).fit(None, y).forecast(N_AHEAD)
    series = pd.Series(y, index[:N_ROWS], name="load")
    future = index[N_ROWS : N_ROWS + N_AHEAD]
    predicted = forecaster.fit(no_columns(series.index), series).predict(
        no_columns(future)
    )
    pd.testing.assert_series_equal(
        predicted, pd.Series(expected, future, name="load"), rtol=1e-12
    )


@each_index
def test_forecast_continues_the_index(index, random):
    series = pd.Series(random.normal(size=N_ROWS), index[:N_ROWS])
    forecast = AutoregressiveForecaster(Ridge(), window=3).fit(None, series).forecast(5)
    future = index[N_ROWS : N_ROWS + 5]
    if pd.api.types.is_float_dtype(index):
        assert_allclose(forecast.index, future)
    else:
        assert forecast.index.equals(future)
    if getattr(index, "tz", None) is None:
        assert getattr(forecast.index, "freq", None) == getattr(index, "freq", None)


def test_forecast_runs_over_a_midnight_that_the_clocks_skip():
    index = INDEXES["days one of which has no midnight"]
    y = pd.Series(0.0, pd.DatetimeIndex(index[:40], freq="D"))
    forecast = AutoregressiveForecaster(Ridge()).fit(None, y).forecast(20)
    assert forecast.index.equals(index[40:])


@each_index
def test_hole_between_rows_is_rolled_over(index, random):
    y = pd.Series(random.normal(size=N_ROWS), index[:N_ROWS])
    forecaster = AutoregressiveForecaster(Ridge(), window=3).fit(None, y)
    some = [3, 4, 8]
    predicted = forecaster.predict(no_columns(index[N_ROWS:][some]))
    assert_allclose(predicted, forecaster.forecast(N_AHEAD).iloc[some], rtol=1e-12)


@each_index
def test_fit_remembers_the_last_stamp_and_the_spacing(index, random):
    y = pd.Series(random.normal(size=N_ROWS), index[:N_ROWS])
    forecaster = AutoregressiveForecaster(Ridge(), window=3).fit(None, y)
    assert forecaster.last_stamp_ == index[N_ROWS - 1]
    following = forecaster.last_stamp_ + forecaster.step_
    assert following == index[N_ROWS] or np.isclose(following, index[N_ROWS])
    assert forecaster.n_samples_fit_ == N_ROWS


def test_stamps_of_another_time_zone_are_the_same_moments(random):
    index = INDEXES["hours across a change of clocks"]
    y = pd.Series(random.normal(size=N_ROWS), index[:N_ROWS])
    forecaster = AutoregressiveForecaster(Ridge(), window=3).fit(None, y)
    future = index[N_ROWS:].tz_convert("UTC")
    predicted = forecaster.predict(no_columns(future))
    assert_array_equal(predicted, forecaster.forecast(20))
    assert predicted.index.equals(future)


def test_arrays_follow_the_fitted_rows_and_give_arrays(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(
        *(rows[:50].to_numpy() for rows in daily)
    )
    predicted = forecaster.predict(X[50:].to_numpy())
    assert type(predicted) is np.ndarray
    with_index = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    assert_allclose(predicted, with_index.predict(X[50:]))


def test_frame_that_counts_on_follows_arrays(random):
    y = random.normal(size=60)
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y[:50])
    predicted = forecaster.predict(no_columns(pd.RangeIndex(52, 60)))
    assert_array_equal(predicted, forecaster.forecast(10)[2:])
    assert (forecaster.last_stamp_, forecaster.step_) == (None, None)


def test_several_targets_keep_their_names(daily):
    X, y = daily
    both = pd.DataFrame({"load": y, "price": y.cumsum()})
    forecaster = AutoregressiveForecaster(Ridge(), horizon=4).fit(X[:50], both[:50])
    predicted = forecaster.predict(X[50:])
    assert list(predicted.columns) == ["load", "price"]
    assert predicted.index.equals(X.index[50:])
    assert forecaster.n_targets_ == 2
    only_y = AutoregressiveForecaster(Ridge()).fit(None, both[:50]).forecast(3)
    assert list(only_y.columns) == ["load", "price"]
    assert only_y.index.name == "day"


@pytest.mark.parametrize("shape", [(60,), (60, 1), (60, 3)])
def test_prediction_has_the_axes_of_y(random, shape):
    forecaster = AutoregressiveForecaster(Ridge(), window=2)
    forecaster.fit(random.normal(size=(60, 2)), random.normal(size=shape))
    assert forecaster.predict(random.normal(size=(7, 2))).shape == (7, *shape[1:])


# --------------------------------------------------------------------------------------
# What the inner estimator sees
# --------------------------------------------------------------------------------------


class Spy(RegressorMixin, BaseEstimator):
    """Remembers the shapes it was fitted on and predicts the last target it sees."""

    def __init__(self, n_axes=3):
        self.n_axes = n_axes

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = self.n_axes == 3
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X, y):
        self.fitted_ = (X.shape, y.shape)
        self.X_, self.y_ = np.array(X), np.array(y)
        return self

    def predict(self, X):
        assert X.shape[1:] == self.fitted_[0][1:]
        return np.zeros((len(X), *self.fitted_[1][1:]))


def shapes_seen(estimator, y, **params):
    forecaster = AutoregressiveForecaster(estimator, window=4, **params)
    forecaster.fit(np.zeros((len(y), 2)), y).predict(np.zeros((5, 2)))
    return forecaster.estimator_


def test_recurrent_estimator_gets_steps_and_channels():
    assert shapes_seen(Spy(), np.zeros(20)).fitted_ == ((16, 4, 3), (16,))
    seen = shapes_seen(Spy(), np.zeros((20, 3)), horizon=2).fitted_
    assert seen == ((15, 4, 3 + 2 * 2), (15, 6))


def test_other_estimator_gets_a_table():
    assert shapes_seen(Spy(n_axes=2), np.zeros(20)).fitted_ == ((16, 12), (16,))


def test_table_has_the_oldest_step_first_and_targets_before_columns():
    y, X = np.arange(6.0), 10 * np.arange(6.0)[:, None]
    seen = AutoregressiveForecaster(Spy(n_axes=2), window=2, horizon=2).fit(X, y)
    assert_array_equal(seen.estimator_.X_[0], [0, 10, 20, 1, 20, 30])
    assert_array_equal(seen.estimator_.y_[0], [2, 3])
    assert_array_equal(seen.estimator_.X_[-1], [2, 30, 40, 3, 40, 50])


@pytest.mark.parametrize(
    ("wrapped", "n_axes"),
    [
        (make_pipeline(Spy()), 3),
        (make_pipeline("passthrough", Spy()), 3),
        (GridSearchCV(Spy(), {}, cv=2, scoring="r2"), 3),
        (TransformedTargetRegressor(Spy(), transformer=StandardScaler()), 3),
        (MultiOutputRegressor(Spy()), 3),
        (GridSearchCV(make_pipeline(Spy()), {}, cv=2), 3),
        (make_pipeline(FunctionTransformer(), Spy()), 2),
        (BaggingRegressor(Spy(), n_estimators=1), 2),
        (TransformedTargetRegressor(), 2),
        (make_pipeline("passthrough", Ridge()), 2),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else str(value),
)
def test_three_axes_reach_a_recurrent_estimator_through_what_wraps_it(wrapped, n_axes):
    assert accepts_windows(wrapped) == (n_axes == 3)
    forecaster = AutoregressiveForecaster(wrapped, window=4)
    forecaster.fit(None, np.random.default_rng(0).normal(size=(20, 2)))
    # The spy refuses at predict another shape than at fit.
    assert forecaster.forecast(3).shape == (3, 2)


# --------------------------------------------------------------------------------------
# Around recurrent networks
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
def test_recurrent_recursion_is_the_one_written_by_hand(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(
        RNNRegressor(units=2, epochs=1, random_state=0), window=3
    )
    predicted = forecaster.fit(X[:50], y[:50]).predict(X[50:])
    rows = y[:50].tolist()
    for t in range(50, 60):
        window = [[rows[s], *X.iloc[s + 1]] for s in range(t - 3, t)]
        rows.append(forecaster.estimator_.predict(np.array([window]))[0])
    assert_allclose(predicted, rows[50:], rtol=1e-5, atol=1e-6)


@pytest.mark.untrained
def test_recurrent_blocks_of_several_targets_keep_index_and_names(daily):
    X, y = daily
    both = pd.DataFrame({"load": y, "price": y.cumsum()})
    network = GRURegressor(units=2, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(network, window=3, horizon=4)
    predicted = forecaster.fit(X[:50], both[:50]).predict(X[50:])
    assert list(predicted.columns) == ["load", "price"]
    assert predicted.index.equals(X.index[50:])
    restored = pickle.loads(pickle.dumps(forecaster))
    pd.testing.assert_frame_equal(restored.predict(X[50:]), predicted)


@pytest.mark.untrained
def test_grid_search_reaches_the_network_inside(daily):
    forecaster = AutoregressiveForecaster(RNNRegressor(epochs=1, random_state=0))
    grid = {"window": [2, 3], "estimator__units": [2, 3]}
    search = GridSearchCV(forecaster, grid, cv=TimeSeriesSplit(2))
    search.fit(no_columns(daily[1].index), daily[1])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("narrow", [np.uint8, np.int8])
def test_narrow_integers_of_numpy_do_not_overflow(narrow):
    y = np.sin(np.arange(300.0)).cumsum()
    settings = {"window": 100, "horizon": 60, "calibration": 90}
    small = {name: narrow(value) for name, value in settings.items()}
    expected = AutoregressiveForecaster(Ridge(), **settings).fit(None, y).forecast(3)
    forecaster = AutoregressiveForecaster(Ridge(), **small).fit(None, y)
    assert_array_equal(forecaster.forecast(narrow(3)), expected)


def test_an_interrupted_partial_fit_does_not_learn_from_rows_twice(monkeypatch):
    y = np.sin(np.arange(30.0))
    forecaster = AutoregressiveForecaster(SGDRegressor(random_state=0), window=2)
    forecaster.partial_fit(None, y[:20])
    before = forecaster.forecast(3)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Update, "move", interrupt)
    with pytest.raises(KeyboardInterrupt):
        forecaster.partial_fit(None, y[20:])
    assert_array_equal(forecaster.forecast(3), before)


@pytest.mark.parametrize(
    "offset",
    [
        pd.offsets.CustomBusinessDay(holidays=["2024-01-10", "2024-03-01"]),
        pd.offsets.CustomBusinessDay(weekmask="Mon Wed Sat"),
        pd.offsets.CustomBusinessHour(start="10:00", end="17:00"),
    ],
    ids=repr,
)
def test_forecasts_on_a_calendar_are_those_of_its_rows_one_after_another(offset):
    index = pd.date_range("2024-01-02 10:00", periods=60, freq=offset)
    y = pd.Series(np.sin(np.arange(60.0)), pd.DatetimeIndex(index.to_numpy()))
    forecaster = AutoregressiveForecaster(Ridge(), window=12, freq=offset)
    forecaster.fit(None, y[:50])
    # After `fit` the fitted step decides.
    forecaster.set_params(freq="W")
    rows = AutoregressiveForecaster(Ridge(), window=12).fit(None, y[:50].to_numpy())
    forecast = forecaster.forecast(10)
    assert list(forecast.index) == list(index[50:])
    assert_allclose(forecast, rows.forecast(10))
    assert_allclose(
        forecaster.predict(no_columns(index[[54, 59]])), forecast.iloc[[4, 9]]
    )
    forecaster.update(None, y[50:55])
    assert list(forecaster.forecast(5).index) == list(index[55:])


def test_forecasts_of_rounded_stamps_lie_on_the_stamps_of_the_caller():
    index = (pd.Timestamp("2024") + pd.to_timedelta(np.arange(90) / 3, "s")).round("ms")
    y = pd.Series(np.sin(np.arange(90.0)), index)
    forecaster = AutoregressiveForecaster(Ridge(), window=9).fit(None, y[:60])
    rows = AutoregressiveForecaster(Ridge(), window=9).fit(None, y[:60].to_numpy())
    predicted = forecaster.predict(no_columns(index[60:]))
    assert predicted.index.equals(index[60:])
    assert_allclose(predicted, rows.forecast(30))
