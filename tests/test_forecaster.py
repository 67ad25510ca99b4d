import pickle
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from skrnn import (
    AutoregressiveForecaster,
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
)
from skrnn._forecaster import accepts_windows

N_ROWS = 40
N_AHEAD = 9

INDEXES = {
    "days": pd.date_range("2024-02-20", periods=60, freq="D"),
    "days without freq": pd.DatetimeIndex(
        pd.date_range("2024-02-20", periods=60).to_numpy()
    ),
    "days across a change of clocks": pd.date_range(
        "2024-02-20", periods=60, freq="D", tz="Europe/Oslo"
    ),
    "days one of which has no midnight": pd.date_range(
        "2018-09-20", periods=60, freq="D"
    ).tz_localize("America/Sao_Paulo", nonexistent="shift_forward"),
    "hours across a change of clocks": pd.date_range(
        "2024-10-25 18:00", periods=60, freq="h", tz="Europe/Oslo"
    ),
    "quarters of an hour": pd.date_range("2024-01-01", periods=60, freq="15min"),
    "business days": pd.bdate_range("2024-02-20", periods=60),
    "weeks": pd.date_range("2024-02-20", periods=60, freq="W"),
    "ends of months": pd.date_range("2020-01-31", periods=60, freq="ME"),
    "starts of months": pd.date_range("2020-01-01", periods=60, freq="MS"),
    "monthly periods": pd.period_range("2020-01", periods=60, freq="M"),
    "periods of two days": pd.period_range("2020-01-01", periods=60, freq="2D"),
    "time differences": pd.timedelta_range("1h", periods=60, freq="30min"),
    "default": pd.RangeIndex(60),
    "range with a step": pd.RangeIndex(5, 5 + 3 * 60, 3),
    "integers": pd.Index(np.arange(100, 160)),
    "floats": pd.Index(0.1 * np.arange(60) + 7.0),
}
each_index = pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def daily():
    """A frame of two columns known in advance, and a series, both daily."""
    random = np.random.default_rng(1)
    index = pd.date_range("2024-01-01", periods=60, freq="D", name="day")
    X = pd.DataFrame(random.normal(size=(60, 2)), index, columns=["wind", "sun"])
    return X, pd.Series(random.normal(size=60), index, name="load")


def no_columns(index):
    return pd.DataFrame(index=index)


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
    y, n_rows = [list(row) for row in y], len(y) + n_steps
    while len(y) < n_rows:
        has_columns = len(x[0]) > 0
        t = min(len(y), n_rows - horizon) if has_columns else len(y)
        row = np.array([window_by_hand(y, x, t, window, horizon)])
        block = model.predict(row).reshape(horizon, -1)
        y.extend(block[len(y) - t :].tolist())
    return np.array(y[n_rows - n_steps : n_rows])


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
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50].to_numpy(), y[:50])
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
# Refusals
# --------------------------------------------------------------------------------------


def refusal(match, kind=ValueError):
    return pytest.raises(kind, match=match)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"window": 0}, "'window' parameter .* must be an int"),
        ({"window": 2.0}, "'window' parameter .* must be an int"),
        ({"horizon": 0}, "'horizon' parameter .* must be an int"),
        ({"exogenous": "no"}, "'exogenous' parameter"),
        (
            {"estimator": StandardScaler()},
            "'estimator' parameter .* 'fit' and 'predict'",
        ),
    ],
)
def test_parameters_out_of_range_are_refused(params, match):
    with refusal(match):
        AutoregressiveForecaster(**{"estimator": Ridge(), **params}).fit(
            None, np.arange(30.0)
        )


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (np.arange(10.0), "window=8 and horizon=3 need 11 rows.* Got n_samples=10"),
        (np.zeros((30, 2, 2)), "dim 3"),
        (np.array(["a"] * 30), "could not convert string"),
        (1j * np.arange(30), "Complex data not supported"),
        (np.array([0.0, np.nan] * 15), "Input y contains NaN in column 0 at row 1"),
    ],
)
def test_series_that_cannot_be_learned_is_refused(y, match):
    with refusal(match):
        AutoregressiveForecaster(Ridge(), window=8, horizon=3).fit(None, y)


@pytest.mark.parametrize(("value", "what"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_missing_and_infinite_values_are_named_with_column_and_stamp(
    daily, value, what
):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    y_bad, X_bad = y.copy(), X.copy()
    y_bad.iloc[[7, 20]] = value
    X_bad.iloc[[55, 57], 1] = value
    with refusal(f"Input y contains {what} in column 'load' at 2024-01-08 .*; fill it"):
        forecaster.fit(X, y_bad)
    with refusal(f"Input X contains {what} in column 'sun' at 2024-02-25"):
        forecaster.fit(X_bad, y)
    with refusal(f"Input X contains {what} in column 'sun' at 2024-02-25 .* each row"):
        forecaster.predict(X_bad[50:])
    frame = pd.DataFrame({"a": y, "b": y_bad})
    with refusal(f"Input y contains {what} in column 'b' at 2024-01-08"):
        forecaster.fit(None, frame)
    with refusal(f"Input X contains {what} in column 1 at row 55"):
        forecaster.fit(X_bad.to_numpy(), y.to_numpy())


@pytest.mark.parametrize("values", [["calm"] * 60, pd.date_range("2024", periods=60)])
def test_column_that_holds_no_numbers_is_named(daily, values):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    X_bad = X.assign(sun=values)
    with pytest.raises((ValueError, TypeError), match="Column 'sun' of X has dtype"):
        forecaster.fit(X_bad, y)
    with pytest.raises((ValueError, TypeError), match="Column 'sun' of X has dtype"):
        forecaster.predict(X_bad[50:])


def test_indexes_that_differ_are_refused(daily):
    X, y = daily
    with refusal("same index. Got 2024-01-02 .* in X and 2024-01-01 .* in y at row 0"):
        AutoregressiveForecaster(Ridge()).fit(X[1:], y[:-1])
    with refusal("inconsistent numbers of samples"):
        AutoregressiveForecaster(Ridge()).fit(X[1:], y)


def test_several_series_are_refused(daily):
    y = daily[1]
    series = pd.concat({"north": y[:50], "south": y[:50]})
    with refusal("MultiIndex, which holds several series.*one series at a time"):
        AutoregressiveForecaster(Ridge()).fit(None, series)
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y[:50])
    with refusal("MultiIndex"):
        forecaster.predict(no_columns(pd.MultiIndex.from_product([["a"], y.index])))


@pytest.mark.parametrize(
    ("index", "kind", "match"),
    [
        (INDEXES["days"][[0, 2, 1, *range(3, 60)]], ValueError, "unsorted stamp"),
        (INDEXES["days"][[0, 1, 1, *range(3, 60)]], ValueError, "duplicated stamp"),
        (pd.Index([f"day {i}" for i in range(60)]), TypeError, "must hold dates"),
    ],
)
def test_index_without_an_order_is_refused(index, kind, match):
    with refusal(match, kind):
        AutoregressiveForecaster(Ridge()).fit(no_columns(index), np.arange(60.0))


def test_short_run_at_the_end_is_refused(daily):
    X, y = daily
    rows = [*range(50), *range(52, 59)]
    with refusal("starts from the last 10 rows. Got 7 from 2024-02-22 .*fill the hole"):
        AutoregressiveForecaster(Ridge()).fit(None, y.iloc[rows])
    forecaster = AutoregressiveForecaster(Ridge(), window=5, horizon=3)
    forecaster.fit(X.iloc[rows], y.iloc[rows])
    forecaster = AutoregressiveForecaster(Ridge(), window=5, horizon=4)
    forecaster.fit(None, y.iloc[rows])
    with refusal("starts from the last 8 rows. Got 7"):
        forecaster.fit(X.iloc[rows], y.iloc[rows])


DAYS = pd.date_range("2024-02-20", periods=3)


@pytest.mark.parametrize(
    ("index", "match"),
    [
        (DAYS - timedelta(1), "last of which is 2024-02-19 .* Got 2024-02-19 .*; drop"),
        (DAYS - timedelta(300), r"drop such rows from X.*forecast\(n_steps\)"),
        (DAYS + timedelta(hours=6), "stamp 2024-02-20 06:00:00, which no whole number"),
        (DAYS[[1, 0, 2]], "unsorted stamp 2024-02-20"),
        (DAYS[[0, 1, 1]], "duplicated stamp 2024-02-21"),
        (pd.date_range("2024-02-20", periods=3, freq="h"), "closer than the spacing"),
        (DAYS.tz_localize("UTC"), "give X an index of that kind"),
        (DAYS.to_period("D"), "give X an index of that kind"),
        (pd.RangeIndex(3), "give X an index of that kind"),
    ],
)
def test_rows_that_do_not_follow_are_refused(index, match):
    y = pd.Series(np.arange(50.0), pd.date_range("2024-01-01", periods=50))
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y)
    with refusal(match):
        forecaster.predict(no_columns(index))


@pytest.mark.parametrize(
    ("index", "match"),
    [
        (pd.RangeIndex(3), r"last of which is 49. Got 0; .*X.to_numpy\(\)"),
        (pd.Index([50.5]), "stamp 50.5, which no whole number of steps of 1"),
        (DAYS, "counts rows, because fit saw arrays"),
    ],
)
def test_rows_that_do_not_follow_arrays_are_refused(index, match):
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, np.arange(50.0))
    with refusal(match):
        forecaster.predict(no_columns(index))


def test_float_stamp_off_the_grid_is_refused():
    y = pd.Series(np.arange(50.0), 0.1 * np.arange(50))
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y)
    with refusal("the stamp 5.15, which no whole number of steps"):
        forecaster.predict(no_columns(pd.Index([5.0, 5.15])))


@pytest.mark.parametrize(("rows", "stamp"), [([51, 52], 20), ([50, 51, 54], 22)])
def test_row_missing_where_columns_are_known_in_advance_is_named(daily, rows, stamp):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    with refusal(f"row for each step.* Got none for 2024-02-{stamp}.*add the rows"):
        forecaster.predict(X.iloc[rows])


def test_other_columns_than_in_fit_are_refused(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    with refusal("must be in the same order"):
        forecaster.predict(X[50:][["sun", "wind"]])
    with refusal("seen at fit time, yet now missing:\n- sun"):
        forecaster.predict(X[50:][["wind"]])
    with refusal("unseen at fit time:\n- rain"):
        forecaster.predict(X[50:].assign(rain=0))
    arrays = AutoregressiveForecaster(Ridge()).fit(X[:50].to_numpy(), y[:50])
    with refusal("X has 1 features, but AutoregressiveForecaster is expecting 2"):
        arrays.predict(X[50:].to_numpy()[:, :1])
    without = AutoregressiveForecaster(Ridge()).fit(None, y[:50])
    with refusal("X has 2 features, but AutoregressiveForecaster is expecting 0"):
        without.predict(X[50:].to_numpy())

    with refusal(
        r"0 features as input, because fit saw no columns; pass pd.DataFrame\(index"
    ):
        without.predict(X[50:])


def test_index_without_the_columns_of_fit_is_refused(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    with refusal(
        r"the 2 columns .* fit saw \(wind, sun\). Got none; .*exogenous=False"
    ):
        forecaster.predict(X[50:][[]])


@pytest.mark.parametrize("exogenous", [True, False])
def test_what_is_no_table_is_not_predicted(daily, exogenous):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge(), exogenous=exogenous)
    forecaster.fit(None, y[:50])
    with refusal(r"Got DatetimeIndex instead; pass pd.DataFrame\(index=X\)", TypeError):
        forecaster.predict(X.index[50:])
    with refusal(r"Got int instead; use forecast\(5\)", TypeError):
        forecaster.predict(5)


def test_series_as_columns_is_refused(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge())
    with refusal(r"use X.to_frame\(\)"):
        forecaster.fit(X["wind"], y)
    with refusal(r"use X.to_frame\(\)"):
        forecaster.fit(X[["wind"]][:50], y[:50]).predict(X["wind"][50:])


def test_dates_are_no_series_to_continue(daily):
    dates = pd.Series(daily[1].index)
    with refusal("Dates and durations of y would become mere counts", TypeError):
        AutoregressiveForecaster(Ridge()).fit(None, dates)


def test_forecast_without_known_columns_names_the_way_out(daily):
    X, y = daily
    with refusal(r"the 2 columns of X that are inputs; use predict\(X\)"):
        AutoregressiveForecaster(Ridge()).fit(X, y).forecast(3)


@pytest.mark.parametrize(
    ("n_steps", "kind"), [(0, ValueError), (-1, ValueError), (2.0, TypeError)]
)
def test_number_of_steps_is_a_positive_integer(daily, n_steps, kind):
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, daily[1])
    with refusal("n_steps", kind):
        forecaster.forecast(n_steps)


def test_no_rows_to_predict_are_refused(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y)
    with refusal("at least 1 row. Got 0"):
        forecaster.predict(no_columns(y.index[:0]))
    with refusal(r"Got None instead; use forecast\(n_steps\)"):
        forecaster.predict(None)
    with refusal("0 sample"):
        AutoregressiveForecaster(Ridge()).fit(X, y).predict(X[:0])


def test_forecast_that_grows_without_bound_says_so():
    doubled = 2.0 ** np.arange(30)
    forecaster = AutoregressiveForecaster(LinearRegression(), window=1)
    with (
        np.errstate(all="ignore"),
        refusal("not finite after [0-9]+ steps.*predict fewer rows"),
    ):
        forecaster.fit(None, doubled).forecast(2000)


# --------------------------------------------------------------------------------------
# An ordinary estimator
# --------------------------------------------------------------------------------------


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
}


def test_common_checks_of_scikit_learn_fail_only_where_they_cannot_hold():
    results = check_estimator(
        AutoregressiveForecaster(Ridge(), window=3),
        expected_failed_checks=CANNOT_HOLD,
        on_skip=None,
    )
    failed = {each["check_name"] for each in results if each["status"] == "xfail"}
    assert failed == set(CANNOT_HOLD)


def test_not_fitted_says_so():
    with pytest.raises(NotFittedError):
        AutoregressiveForecaster(Ridge()).predict(np.zeros((3, 1)))
    with pytest.raises(NotFittedError):
        AutoregressiveForecaster(Ridge()).forecast(3)


def learned(forecaster):
    """All that a forecaster holds, less what pandas caches in its own objects."""
    state = {**vars(forecaster), **vars(forecaster._origin), "_origin": None}
    stamps = state.pop("end"), state.pop("step")
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


# --------------------------------------------------------------------------------------
# Around recurrent networks
# --------------------------------------------------------------------------------------


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


def test_default_estimator_is_an_lstm():
    forecaster = AutoregressiveForecaster(window=2).fit(None, np.arange(6.0))
    assert isinstance(forecaster.estimator_, LSTMRegressor)
    assert forecaster.get_params()["estimator"] is None


def test_grid_search_reaches_the_network_inside(daily):
    forecaster = AutoregressiveForecaster(RNNRegressor(epochs=1, random_state=0))
    grid = {"window": [2, 3], "estimator__units": [2, 3]}
    search = GridSearchCV(forecaster, grid, cv=TimeSeriesSplit(2))
    search.fit(no_columns(daily[1].index), daily[1])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.slow
def test_network_learns_to_continue_a_sine():
    sine = np.sin(0.3 * np.arange(160))
    network = LSTMRegressor(
        units=16, epochs=200, learning_rate=1e-2, batch_size=16, random_state=0
    )
    forecaster = AutoregressiveForecaster(network, window=12).fit(None, sine[:120])
    assert np.sqrt(np.mean((forecaster.forecast(40) - sine[120:]) ** 2)) < 0.1
