import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeRegressor

from skrnn import AutoregressiveForecaster, RNNRegressor, SkippedSeriesWarning
from tests.support.many_series import (
    DAYS,
    SPANS,
    continue_by_hand,
    make_many,
    scale_by_hand,
    stack,
    window_by_hand,
    windows_by_hand,
)
from tests.support.series import (
    N_AHEAD,
    N_ROWS,
    each_index,
    make_daily,
    no_columns,
    refusal,
)

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


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("n_known", [0, 2])
def test_update_starts_from_all_rows_seen(daily, horizon, n_known):
    X, y = daily[0].iloc[:, :n_known], daily[1]
    forecaster = ridge(horizon=horizon).fit(X[:40], y[:40])
    model = ridge_by_hand(y[:40], X if n_known else None, 3, horizon)
    expected = by_hand(model, y[:51], X.to_numpy(), 9, 3, horizon)
    history = (X[:51], y[:51]) if n_known else y[:51]
    assert_allclose(forecaster.predict(X[51:], history=history), expected, **NEAR)
    stepwise = copy.deepcopy(forecaster)
    assert forecaster.update(X[40:51], y[40:51]) is forecaster
    assert_allclose(forecaster.predict(X[51:]), expected, **NEAR)
    for rows in (slice(40, 41), slice(41, 43), slice(43, 51)):
        stepwise.update(X[rows], y[rows])
    assert_allclose(stepwise.predict(X[51:]), expected, **NEAR)
    assert stepwise.n_samples_fit_ == forecaster.n_samples_fit_ == 51
    assert stepwise.last_stamp_ == y.index[50]


@pytest.mark.parametrize("difference", [1, (2, 1)])
def test_update_adds_differences_to_the_last_rows_seen(daily, difference):
    y = daily[1]
    forecaster = ridge(horizon=2, difference=difference).fit(None, y[:40])
    expected = forecaster.forecast(5, history=y[:45])
    for i in range(40, 45):
        forecaster.update(None, y[i : i + 1])
    pd.testing.assert_series_equal(forecaster.forecast(5), expected, rtol=1e-10)


@each_index
def test_update_moves_the_stamps_on(index, random):
    y = pd.Series(random.normal(size=N_ROWS + 5), index[: N_ROWS + 5], name="load")
    forecaster = ridge().fit(None, y.iloc[:N_ROWS])
    expected = forecaster.forecast(N_AHEAD, history=y)
    forecaster.update(None, y.iloc[N_ROWS : N_ROWS + 2]).update(
        None, y.iloc[N_ROWS + 2 :]
    )
    assert forecaster.last_stamp_ == index[N_ROWS + 4] or np.isclose(
        forecaster.last_stamp_, index[N_ROWS + 4]
    )
    future = index[N_ROWS + 5 : N_ROWS + 5 + N_AHEAD]
    predicted = forecaster.predict(no_columns(future))
    pd.testing.assert_series_equal(
        predicted, pd.Series(expected.to_numpy(), future, name="load"), rtol=1e-12
    )
    forecast = forecaster.forecast(N_AHEAD)
    if pd.api.types.is_float_dtype(index):
        assert_allclose(forecast.index, future)
    else:
        assert forecast.index.equals(future)
    if getattr(index, "tz", None) is None:
        assert getattr(forecast.index, "freq", None) == getattr(index, "freq", None)
    assert forecast.index.dtype == expected.index.dtype


def test_update_on_arrays_moves_on_by_the_rows_given(daily):
    X, y = (each.to_numpy() for each in daily)
    forecaster = ridge(horizon=2).fit(X[:40], y[:40]).update(X[40:43], y[40:43])
    assert forecaster.n_samples_fit_ == 43
    expected = forecaster.predict(X[43:50], history=(X[:43], y[:43]))
    assert_allclose(forecaster.predict(X[43:50]), expected, rtol=1e-12)
    counted = ridge().fit(None, y[:40]).update(None, y[40:43])
    on_frame = counted.predict(no_columns(pd.RangeIndex(43, 48)))
    assert_allclose(on_frame, counted.forecast(5), rtol=1e-12)
    with refusal("the last of which is 42. Got 42"):
        counted.predict(no_columns(pd.RangeIndex(42, 48)))


def test_rows_left_out_of_an_update_are_missing(daily):
    y = daily[1]
    forecaster = AutoregressiveForecaster(
        DecisionTreeRegressor(min_samples_leaf=2, random_state=0), window=3
    ).fit(None, y[:40])
    holed = copy.deepcopy(forecaster).update(None, y[40:43].iloc[[0, 2]])
    filled = copy.deepcopy(forecaster).update(None, y[40:43].where([True, False, True]))
    window = np.array([[y.iloc[40], np.nan, y.iloc[42]]])
    for each in (holed, filled):
        assert_array_equal(each.forecast(1), forecaster.estimator_.predict(window))
        assert each.last_stamp_ == y.index[42]


def test_estimator_that_takes_no_missing_values_waits_for_whole_windows(daily):
    y = daily[1]
    forecaster = ridge().fit(None, y[:40]).update(None, y[41:43])
    with refusal(
        "Ridge does not accept missing values, but the last 3 rows of y, from"
    ):
        forecaster.forecast(2)
    forecaster.update(None, y[43:44])
    expected = forecaster.forecast(4, history=y[:44])
    pd.testing.assert_series_equal(forecaster.forecast(4), expected)


def test_update_that_observes_nothing_keeps_the_origin(daily):
    X, y = daily
    forecaster = ridge(horizon=2).fit(X[:40], y[:40])
    expected = forecaster.predict(X[40:50])
    forecaster.update(X[40:45], y[40:45] * np.nan)
    assert forecaster.last_stamp_ == y.index[39]
    pd.testing.assert_series_equal(
        forecaster.predict(X[45:50]), expected[5:], check_freq=False
    )
    # Some rows whose columns are known already may be asked for as well.
    some = forecaster.predict(X.iloc[[41, 45]])
    assert_allclose(some, expected.iloc[[1, 5]])
    forecaster.update(X[45:47], y[45:47])
    with refusal("Ridge does not accept missing values"):
        forecaster.predict(X[47:])


@pytest.mark.parametrize("horizon", [1, 3])
def test_update_keeps_the_columns_known_behind_it(daily, horizon):
    X, y = daily
    ending = y[:50].where(np.arange(50) < 40)
    forecaster = ridge(horizon=horizon).fit(X[:50], ending)
    model = ridge_by_hand(y[:40], X, 3, horizon)
    expected = by_hand(model, y[:43], X[:55], 12, 3, horizon)
    forecaster.update(X[40:43], y[40:43])
    assert_allclose(forecaster.predict(X[50:55]), expected[7:], **NEAR)


@pytest.mark.parametrize("wide", [False, True])
def test_some_series_are_updated(wide):
    _, y, _ = make_many(spans=dict.fromkeys("abc", (0, 40)))
    table = pd.DataFrame({name: rows["y0"] for name, rows in y.items()})
    past, new = table[:30], table[30:34].copy()
    new["b"] = np.nan
    forecaster = ridge(columns="series" if wide else "targets")
    long = (lambda rows: rows) if wide else (lambda rows: rows.T.stack().dropna())
    forecaster.fit(None, long(past))
    before = forecaster.predict(no_columns(long(table[30:]).index))
    expected = forecaster.forecast(6, history=long(table[:34]))
    forecaster.update(None, long(new))
    after = forecaster.predict(no_columns(long(table[34:]).index))
    if not wide:
        before, after, expected = (
            each.unstack(level=0) for each in (before, after, expected)
        )
    assert list(forecaster.last_stamp_) == list(DAYS[[33, 29, 33]])
    assert_allclose(after["b"], before["b"][4:], rtol=1e-10)
    # The history has another mean and deviation: an update keeps those of fit.
    assert not np.allclose(after["a"], expected["a"])
    levels = scale_by_hand(past[["a"]].to_numpy())
    values = np.array([table["a"][:34].to_numpy()]).T
    by_loop = continue_by_hand(
        forecaster.estimator_, values, np.empty((0, 0)), 6, 3, 1, levels
    )
    assert_allclose(after["a"], by_loop[:, 0], **NEAR)


def test_only_series_asked_for_must_be_whole():
    _, y, _ = make_many()
    y = stack(y)["y0"]
    forecaster = ridge().fit(None, y)
    expected = forecaster.forecast(3)
    gap = pd.MultiIndex.from_tuples([("b", DAYS[29])])
    forecaster.update(None, pd.Series([1.0], gap))
    ahead = no_columns(expected.loc[["a", "c"]].index)
    pd.testing.assert_series_equal(
        forecaster.predict(ahead), expected.loc[["a", "c"]], check_freq=False
    )
    with refusal("last 3 rows of y of series 'b'"):
        forecaster.predict(no_columns(pd.MultiIndex.from_tuples([("b", DAYS[30])])))
    with pytest.warns(SkippedSeriesWarning, match="leaves out 'b'"):
        some = forecaster.forecast(3)
    pd.testing.assert_series_equal(some, expected.loc[["a", "c"]])


def test_update_with_columns_known_in_advance_of_many_series():
    X, y, later = make_many(n_known=2, n_ahead=8)
    new = {name: later[name][:4] for name in ("c", "a")}
    values = {
        name: rows[[]].assign(y0=[1.0, 2.0, 3.0, 4.0]) for name, rows in new.items()
    }
    forecaster = AutoregressiveForecaster(LinearRegression(), window=2, horizon=2)
    forecaster.fit(stack(X), stack(y)["y0"])
    forecaster.update(stack(new, "in turn"), stack(values, "in turn")["y0"])
    model = LinearRegression().fit(*windows_by_hand(X, y, 2, 2))
    predicted = forecaster.predict(
        stack({name: rows[0 if name == "b" else 4 :] for name, rows in later.items()})
    )
    for name in SPANS:
        rows = pd.concat([y[name], values.get(name)]).to_numpy()
        x = np.vstack([X[name], later[name]])
        n_steps = len(x) - len(rows)
        levels = scale_by_hand(y[name].to_numpy())
        expected = continue_by_hand(model, rows, x, n_steps, 2, 2, levels)
        assert_allclose(predicted[name], expected[:, 0], **NEAR)


def state_of(forecaster):
    state = {**vars(forecaster)}
    origin = vars(state.pop("_origin")).copy()
    stamps = str(origin.pop("ends")), str(origin.pop("step"))
    return pickle.dumps([state, origin]), stamps


def test_refused_update_changes_nothing(daily):
    X, y = daily
    both = pd.DataFrame({"load": y, "price": -y})
    forecaster = ridge().fit(X[:50], both[:50])
    before = state_of(forecaster)
    refused = [
        (X[45:55], both[45:55], "the last of which is 2024-02-19 .*Got 2024-02-17"),
        (X[49:50], both[49:50], "the last of which is 2024-02-19 .*Got 2024-02-19"),
        (X[50:55], both[50:55][["price", "load"]], "the columns that fit saw, .*reind"),
        (X[50:55], both[50:55]["load"], "the 2 columns that fit saw. Got 1"),
        (X[50:55][["wind"]], both[50:55], "now missing:\n- sun"),
        (None, both[50:55], "must have the 2 columns known in advance"),
        (X[50:55] * np.nan, both[50:55], "Input X contains NaN"),
        (X[50:55], both[50:55] / 0.0, "Input y contains infinity"),
        (X[50:55], both[51:56], "X and y must have the same index"),
        (X[50:55].iloc[::-1], both[50:55].iloc[::-1], "unsorted stamp"),
    ]
    for X_new, y_new, match in refused:
        with refusal(match):
            forecaster.update(X_new, y_new)
        assert state_of(forecaster) == before


def test_update_of_a_wide_table_needs_its_columns():
    table = pd.DataFrame(np.arange(60.0).reshape(20, 3) % 7, columns=list("abc"))
    forecaster = ridge(columns="series").fit(None, table[:15])
    with refusal(r"the columns that fit saw, \['a', 'b', 'c'\]. Got \['c', 'b', 'a'\]"):
        forecaster.update(None, table[15:][["c", "b", "a"]])
    with refusal("the 3 columns that fit saw. Got 2"):
        forecaster.update(None, table[15:][["a", "b"]])
    assert len(forecaster.update(None, table[15:]).forecast(2)) == 2


def later_days(name, first, n_rows):
    return pd.MultiIndex.from_product([[name], DAYS[first : first + n_rows]])


def test_new_series_is_forecast_once_it_has_enough_rows():
    _, y, _ = make_many()
    forecaster = ridge().fit(None, stack(y)["y0"])
    forecaster.update(None, pd.Series([50.0, 70.0], later_days("z", 40, 2)))
    assert forecaster.skipped_series_.loc["z", "forecasts"]
    with refusal("last 3 rows. Got 2 of series 'z'"):
        forecaster.predict(no_columns(later_days("z", 42, 1)))
    forecaster.update(None, pd.Series([60.0], later_days("z", 42, 1)))
    rows = np.array([[50.0], [70], [60]])
    expected = by_loop(forecaster, rows, scale_by_hand(rows))
    found = forecaster.predict(no_columns(later_days("z", 43, 4)))
    assert_allclose(found, expected, **NEAR)
    assert list(forecaster.series_) == ["a", "b", "c", "z"]
    assert forecaster.last_stamp_["z"] == DAYS[42]


def by_loop(forecaster, rows, levels, n_steps=4):
    empty = np.empty((0, 0))
    model = forecaster.estimator_
    return continue_by_hand(model, rows, empty, n_steps, 3, 1, levels)[:, 0]


def as_parts(y, random, n_parts):
    """Split rows at random into parts, each of which is sorted by series and time."""
    part = random.integers(n_parts, size=len(y))
    return [y[part == i].sort_index() for i in range(n_parts)]


def same_origin(left, right):
    for name in ("targets", "known", "lengths"):
        assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    assert [*left.ends] == [*right.ends]
    assert left.names == right.names
    for one, other in zip(left.known_after, right.known_after, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("n_known", [0, 2])
@pytest.mark.parametrize("seed", range(12))
def test_updates_in_any_order_lead_to_where_all_rows_at_once_do(seed, n_known):
    random = np.random.default_rng(seed)
    spans = {"a": (0, 40), "b": (5, 30), "c": (28, 12), "new": (33, 7)}
    X, y, _ = make_many(n_known=n_known, spans=spans)
    X, y = stack(X), stack(y)["y0"]
    # The last rows of each series are known ahead, but not yet observed.
    days = y.index.get_level_values(-1)
    y[days >= DAYS[38]] = np.nan
    is_past = (days < DAYS[30]) & (y.index.get_level_values(0) != "new")
    fitted = ridge(window=2, horizon=2)
    with pytest.warns(SkippedSeriesWarning):
        fitted.fit(X[is_past], y[is_past])
    later = y[~is_past].dropna()
    once = copy.deepcopy(fitted).update(X.loc[later.index], later)
    turns = copy.deepcopy(fitted)
    for part in as_parts(later, random, 4):
        if len(part):
            turns.update(X.loc[part.index], part)
    order = [turns._origin.names.index(name) for name in once._origin.names]
    turned = turns._origin.take(np.array(order))
    same_origin(turned, once._origin)
    assert_allclose(turned.scale.centre, once._origin.scale.centre)
    if not n_known:
        forecast = once.forecast(3)
        assert_allclose(turns.forecast(3)[forecast.index], forecast, **NEAR)
    # And to where a fit on all of them would start.
    whole = ridge(window=2, horizon=2).fit(X.loc[y.dropna().index], y.dropna())
    order = [whole._origin.names.index(name) for name in once._origin.names]
    same_origin(whole._origin.take(np.array(order)), once._origin)


def test_columns_known_ahead_are_never_forgotten():
    X, y, _ = make_many(n_known=1, spans={"a": (0, 40), "b": (0, 40)})
    X, y = stack(X), stack(y)["y0"]
    days = y.index.get_level_values(-1)
    forecaster = AutoregressiveForecaster(Ridge(), window=2)
    forecaster.fit(X, y.where(days < DAYS[30]))
    late = y.loc[["b"]][31:32]
    forecaster.update(X.loc[late.index], late)
    ahead = X.loc[X.index.get_level_values(-1) >= DAYS[39]]
    assert len(forecaster.predict(ahead.loc[["a"]])) == 1
    with refusal("Ridge does not accept missing values, .*series 'b'"):
        forecaster.predict(ahead)
    missing = y.loc[["b"]][30:31]
    forecaster.update(X.loc[missing.index], missing)
    expected = ridge(window=2).fit(X, y.where(days < DAYS[30]))
    expected.update(X.loc[y.loc[["b"]][30:32].index], y.loc[["b"]][30:32])
    assert_allclose(forecaster.predict(ahead), expected.predict(ahead))


def test_update_behind_a_hole_waits_for_the_columns_in_it(daily):
    X, y = daily
    forecaster = ridge().fit(X[:40], y[:40]).update(X[41:43], y[41:43])
    with refusal("row for each step.*Got none for 2024-02-10"):
        forecaster.predict(X[43:50])
    forecaster.update(X[40:41], y[40:41])
    expected = forecaster.predict(X[43:50], history=(X[:43], y[:43]))
    assert_allclose(forecaster.predict(X[43:50]), expected)


def test_rows_observed_before_are_refused_by_name():
    _, y, _ = make_many()
    y = stack(y)["y0"]
    forecaster = ridge().fit(None, y)
    with refusal("of series 'b'. Got 2024-03-17 00:00:00; drop such rows"):
        forecaster.update(None, pd.Series([1.0], later_days("b", 26, 1)))


def test_wide_table_begins_a_column_late():
    values = {"a": np.sin(np.arange(40.0)), "b": np.arange(40.0) % 7}
    table = pd.DataFrame(values, DAYS[:40])
    begun = table.assign(b=table["b"].where(np.arange(40) >= 33))
    forecaster = ridge(columns="series")
    with pytest.warns(SkippedSeriesWarning, match="'b' of training"):
        forecaster.fit(None, begun[:30])
    for rows in (slice(30, 34), slice(34, 36), slice(36, 40)):
        forecaster.update(None, begun[rows])
    rows = table["b"].to_numpy()[36:, None]
    kept = table["b"].to_numpy()[37:, None]
    expected = by_loop(forecaster, rows, scale_by_hand(kept), 3)
    assert_allclose(forecaster.forecast(3)["b"], expected, **NEAR)
    assert forecaster.skipped_series_["forecasts"].sum() == 0


def test_partial_fit_learns_the_windows_of_a_new_series():
    _, y, _ = make_many()
    forecaster = AutoregressiveForecaster(Recorder(), window=2)
    forecaster.fit(None, stack(y)["y0"])
    new = np.array([3.0, 9, 27, 81, 80])
    forecaster.partial_fit(None, pd.Series(new, later_days("z", 40, 5)))
    centre, spread = scale_by_hand(new[-2:, None])
    scaled = (new - centre) / spread
    assert_allclose(forecaster.estimator_.X_, [scaled[i : i + 2] for i in range(3)])
    assert_allclose(forecaster.estimator_.y_, scaled[2:])


def test_update_before_fit_is_refused(daily):
    with pytest.raises(NotFittedError):
        ridge().update(None, daily[1])


def passes(**params):
    inner = SGDRegressor(random_state=0, max_iter=3, tol=None)
    return AutoregressiveForecaster(inner, window=3, **params)


def table_by_hand(y, first, window=3):
    """Windows and values of the rows from `first` on."""
    inputs = np.array([y[t - window : t] for t in range(first, len(y))])
    return inputs, y[first:]


def test_first_partial_fit_is_one_of_the_estimator(random):
    y = random.normal(size=30)
    forecaster = passes().partial_fit(None, y)
    inner = SGDRegressor(random_state=0, max_iter=3, tol=None)
    inner.partial_fit(*table_by_hand(y, 3))
    assert_array_equal(forecaster.estimator_.coef_, inner.coef_)
    assert forecaster.n_samples_fit_ == 30


def test_partial_fit_learns_the_windows_before_new_rows(random):
    y = random.normal(size=36)
    forecaster = passes().fit(None, y[:30])
    inner = SGDRegressor(random_state=0, max_iter=3, tol=None)
    inner.fit(*table_by_hand(y[:30], 3))
    assert_array_equal(forecaster.estimator_.coef_, inner.coef_)
    for stop, first in ((31, 30), (36, 31)):
        forecaster.partial_fit(None, y[first:stop])
        inner.partial_fit(*table_by_hand(y[:stop], first))
        assert_allclose(forecaster.estimator_.coef_, inner.coef_, rtol=1e-12)
    expected = by_hand(inner, y, np.empty((36, 0)), 4, 3, 1)
    assert_allclose(forecaster.forecast(4), expected, **NEAR)


class Recorder(MLPRegressor):
    """Keeps what it was last given to learn from."""

    def fit(self, X, y):
        return self.partial_fit(X, y)

    def partial_fit(self, X, y):
        self.X_, self.y_ = np.array(X), np.array(y)
        return self


@pytest.mark.parametrize("n_known", [0, 2])
def test_partial_fit_on_single_rows_learns_whole_horizons(daily, n_known):
    X, y = daily[0].iloc[:, :n_known], daily[1]
    forecaster = AutoregressiveForecaster(Recorder(), window=2, horizon=3)
    forecaster.fit(X[:30], y[:30])
    rows, x = y.to_numpy()[:, None], X.to_numpy()
    for t in range(30, 33):
        forecaster.partial_fit(X[t : t + 1], y[t : t + 1])
        given = window_by_hand(rows, x, t - 2, 2, 3)
        assert_allclose(forecaster.estimator_.X_, [given])
        assert_allclose(forecaster.estimator_.y_, [y.iloc[t - 2 : t + 1]])


def test_partial_fit_makes_no_window_from_rows_before_a_series():
    _, y, _ = make_many(spans={"a": (0, 20), "b": (16, 4)})
    forecaster = AutoregressiveForecaster(Recorder(), window=4, horizon=3)
    with pytest.warns(SkippedSeriesWarning, match="'b' of training"):
        forecaster.fit(None, stack(y)["y0"])
    new = pd.MultiIndex.from_product([["a", "b"], DAYS[20:21]])
    forecaster.partial_fit(None, pd.Series([1.0, 2.0], new))
    # b has four rows and the new one, too few for a window and a horizon.
    assert len(forecaster.estimator_.X_) == 1
    centre, spread = scale_by_hand(y["a"].to_numpy())
    expected = (np.append(y["a"]["y0"][-6:], 1.0) - centre) / spread
    assert_allclose(forecaster.estimator_.X_[0], expected[:4])
    assert_allclose(forecaster.estimator_.y_[0], expected[4:])


def test_partial_fit_of_some_series_keeps_the_levels_of_fit():
    _, y, _ = make_many()
    forecaster = AutoregressiveForecaster(Recorder(), window=2, difference=1)
    forecaster.fit(None, stack(y)["y0"])
    new = pd.MultiIndex.from_product([["b"], DAYS[28:30]])
    forecaster.partial_fit(None, pd.Series([1.0, 5.0], new))
    rows = np.diff([*y["b"]["y0"], 1.0, 5.0])
    levels = scale_by_hand(rows[:-2])
    expected = (rows - levels[0]) / levels[1]
    assert_allclose(forecaster.estimator_.X_, [expected[-4:-2], expected[-3:-1]])
    assert_allclose(forecaster.estimator_.y_, expected[-2:])


def test_partial_fit_of_a_network_is_one_more_epoch(daily):
    y = daily[1]
    inner = RNNRegressor(2, epochs=2, random_state=0)
    forecaster = AutoregressiveForecaster(inner, window=3).fit(None, y[:40])
    before = forecaster.estimator_
    weights = copy.deepcopy(before.weights_)
    forecaster.partial_fit(None, y[40:50])
    after = forecaster.estimator_
    assert (before.n_iter_, after.n_iter_) == (2, 3)
    assert any((a != b).any() for a, b in zip(weights, after.weights_, strict=True))
    assert_array_equal(weights[0], before.weights_[0])
    assert forecaster.last_stamp_ == y.index[49]


def test_estimator_without_partial_fit_gives_none():
    assert not hasattr(ridge(), "partial_fit")
    assert hasattr(passes(), "partial_fit")
    assert hasattr(AutoregressiveForecaster(), "partial_fit")


class Failing(SGDRegressor):
    """Changes its weights, and then fails."""

    def partial_fit(self, X, y):
        self.coef_ += 1
        raise RuntimeError("out of memory")


def test_failing_partial_fit_leaves_all_as_it_was(random):
    y = random.normal(size=40)
    forecaster = AutoregressiveForecaster(Failing(random_state=0), window=3)
    forecaster.fit(None, y[:30])
    before = state_of(forecaster)
    with refusal("out of memory", RuntimeError):
        forecaster.partial_fit(None, y[30:])
    assert state_of(forecaster) == before
    with refusal("the 1 columns that fit saw"):
        forecaster.partial_fit(None, np.zeros((4, 2)))
    assert state_of(forecaster) == before


def test_partial_fit_without_a_window_moves_on_only(random):
    y = random.normal(size=40)
    forecaster = passes().fit(None, y[:30])
    weights = forecaster.estimator_.coef_.copy()
    forecaster.partial_fit(None, [np.nan, 1.0])
    assert_array_equal(forecaster.estimator_.coef_, weights)
    assert forecaster.n_samples_fit_ == 32
