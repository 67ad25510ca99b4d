import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, Ridge

from skrnn import AutoregressiveForecaster
from skrnn._index import ahead
from tests.support.many_series import (
    DAYS,
    SPANS,
    continue_by_hand,
    forecast_by_hand,
    make_many,
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
def test_training_rows_as_history_change_nothing(daily, horizon, n_known):
    X, y = daily[0].iloc[:, :n_known], daily[1]
    forecaster = ridge(horizon=horizon).fit(X[:50], y[:50])
    history = (X[:50], y[:50]) if n_known else y[:50]
    expected = forecaster.predict(X[50:])
    predicted = forecaster.predict(X[50:], history=history)
    pd.testing.assert_series_equal(predicted, expected)
    if not n_known:
        pd.testing.assert_series_equal(
            forecaster.forecast(10, history=history), forecaster.forecast(10)
        )


@pytest.mark.parametrize("horizon", [1, 3])
def test_forecast_starts_from_the_end_of_the_history(daily, horizon):
    X, y = daily
    forecaster = ridge(horizon=horizon).fit(X[:30], y[:30])
    model = ridge_by_hand(y[:30], X, 3, horizon)
    # Before, within and behind the training rows.
    for rows in (slice(10, 20), slice(25, 40)):
        ahead = X[rows.stop : rows.stop + 9]
        predicted = forecaster.predict(ahead, history=(X[rows], y[rows]))
        x = X[rows.start : rows.stop + 9]
        assert_allclose(predicted, by_hand(model, y[rows], x, 9, 3, horizon), **NEAR)
        assert predicted.index.equals(ahead.index)


def test_history_on_arrays(random):
    y = random.normal(size=60)
    forecaster = ridge().fit(None, y[:40])
    expected = by_hand(ridge_by_hand(y[:40], None, 3, 1), y, np.empty((60, 0)), 4, 3, 1)
    assert_allclose(forecaster.forecast(4, history=y), expected, **NEAR)
    assert_allclose(forecaster.predict(np.empty((4, 0)), history=y), expected, **NEAR)
    assert_allclose(forecaster.forecast(4, history=list(y[-3:])), expected, **NEAR)


def test_history_may_end_with_missing_rows(daily):
    X, y = daily
    forecaster = ridge().fit(X[:30], y[:30])
    expected = forecaster.predict(X[40:50], history=(X[:40], y[:40]))
    shorter = y[:45].where(np.arange(45) < 40)
    predicted = forecaster.predict(X[45:50], history=(X[:45], shorter))
    assert_allclose(predicted, expected[5:], rtol=1e-12)


def test_history_in_another_time_zone_is_the_same_moments(random):
    index = pd.date_range("2024-03-20", periods=30, freq="D", tz="Europe/Oslo")
    y = pd.Series(random.normal(size=30), index)
    forecaster = ridge().fit(None, y[:20])
    expected = forecaster.predict(no_columns(index[25:]), history=y[:25])
    elsewhere = y[:25].tz_convert("UTC")
    predicted = forecaster.predict(no_columns(index[25:]), history=elsewhere)
    pd.testing.assert_series_equal(predicted, expected)


def test_unsuitable_history_is_refused(daily):
    X, y = daily
    forecaster = ridge().fit(X[:50], y[:50])
    with refusal(r"history must be a pair \(X, y\), because the 2 columns of X"):
        forecaster.predict(X[50:], history=y[:50])
    with refusal("must have the 2 columns known in advance"):
        forecaster.predict(X[50:], history=(None, y[:50]))
    with refusal("starts from the last 3 rows. Got 2"):
        forecaster.predict(X[50:], history=(X[48:50], y[48:50]))
    with refusal("y must have the 1 columns that fit saw. Got 2"):
        forecaster.predict(X[50:], history=(X[:50], X[:50]))
    with refusal("the last of which is 2024-02-24"):
        forecaster.predict(X[50:], history=(X[:55], y[:55]))
    holed = y[:50].where(y.index[:50] != y.index[48])
    with refusal("Ridge does not accept missing values, but the last 3 rows"):
        forecaster.predict(X[50:], history=(X[:50], holed))


@pytest.mark.parametrize("horizon", [1, 3])
def test_columns_behind_the_last_observation_are_known(daily, horizon):
    X, y = daily
    ending = y[:50].where(np.arange(50) < 46)
    forecaster = ridge(horizon=horizon).fit(X[:50], ending)
    assert forecaster.last_stamp_ == y.index[45]
    assert forecaster.n_samples_fit_ == 50
    model = ridge_by_hand(y[:46], X, 3, horizon)
    expected = by_hand(model, y[:46], X[:55], 9, 3, horizon)
    assert_allclose(forecaster.predict(X[50:55]), expected[4:], **NEAR)
    # The rows in between may be asked for too.
    assert_allclose(forecaster.predict(X[46:55]), expected, **NEAR)
    arrays = ridge(horizon=horizon).fit(X[:50].to_numpy(), ending.to_numpy())
    assert_allclose(arrays.predict(X[50:55].to_numpy()), expected[4:], **NEAR)
    # So are columns behind the rows asked for.
    assert_allclose(forecaster.predict(X[46:47]), expected[:1], **NEAR)


@pytest.mark.parametrize("horizon", [1, 3])
def test_known_columns_behind_the_last_observation_stay_at_their_steps(daily, horizon):
    X, y = daily
    ending = y[:50].where(np.arange(50) < 44)
    rows = [row for row in range(50) if row != 45]
    forecaster = ridge(horizon=horizon).fit(X.iloc[rows], ending.iloc[rows])
    model = ridge_by_hand(y[:44], X, 3, horizon)
    expected = by_hand(model, y[:44], X[:56], 12, 3, horizon)
    assert_allclose(forecaster.predict(X[44:56]), expected, **NEAR)
    # The row that is missing is enough; the others are known.
    asked = X.iloc[[45, *range(50, 56)]]
    assert_allclose(forecaster.predict(asked), expected[[1, *range(6, 12)]], **NEAR)
    # A row before the hole does not need the rows behind it.
    nearest = forecaster.predict(X[44:45])
    assert_allclose(
        nearest, ridge(horizon=horizon).fit(X[:44], y[:44]).predict(X[44:45]), **NEAR
    )
    for first in (46, 48, 50):
        with refusal(f"Got none for {X.index[45]}; add the rows that are missing"):
            forecaster.predict(X[first:56])


def test_hole_behind_the_last_observation_is_that_of_one_series_only():
    X, y, later = make_many(n_known=1, n_ahead=6)
    for name in X:
        y[name].iloc[-4:] = np.nan
    rows = {name: np.arange(len(X[name])) for name in X}
    rows["b"] = np.delete(rows["b"], -2)
    X_seen = stack({name: X[name].iloc[rows[name]] for name in X})
    y_seen = as_series(stack({name: y[name].iloc[rows[name]] for name in y}))
    holed = least_squares().fit(X_seen, y_seen)
    whole = least_squares().fit(stack(X), as_series(stack(y)))
    others = stack({name: later[name] for name in later if name != "b"})
    assert_allclose(holed.predict(others), whole.predict(others), **NEAR)
    with refusal(f"Got none for {X['b'].index[-2]} of series 'b'"):
        holed.predict(stack(later))
    missing = {"b": pd.concat([X["b"].iloc[[-2]], later["b"]])}
    expected = whole.predict(stack(missing))
    assert_allclose(holed.predict(stack(missing)), expected, **NEAR)


def test_known_columns_between_two_steps_are_those_of_none(daily):
    X, y = daily
    ending = y[:50].where(np.arange(50) < 46)
    index = X.index[:50].to_series()
    index.iloc[48] += pd.Timedelta("12h")
    X_seen, y_seen = X[:50].set_index(index), ending.set_axis(index)
    forecaster = ridge().fit(X[:46], y[:46])
    with refusal(f"Got none for {X.index[48]}; add"):
        forecaster.predict(X[49:52], history=(X_seen[:49], y_seen[:49]))


def test_forecast_begins_behind_the_last_observation_or_the_last_row(daily):
    y = daily[1][:50]
    ending = y.where(np.arange(50) < 46)
    forecast = ridge().fit(None, ending).forecast(6)
    pd.testing.assert_series_equal(forecast, ridge().fit(None, y[:46]).forecast(6))
    # Without an index its rows follow those that fit saw, as those of X do.
    arrays = ridge().fit(None, ending.to_numpy())
    assert_allclose(arrays.forecast(2), forecast[4:], rtol=1e-12)
    assert_allclose(arrays.predict(np.empty((2, 0))), forecast[4:], rtol=1e-12)


def least_squares(window=2, horizon=1, **params):
    return AutoregressiveForecaster(
        LinearRegression(), window=window, horizon=horizon, **params
    )


def as_series(frame):
    return frame.iloc[:, 0]


def wide(y):
    """One column for each series, NaN where it has no row."""
    table = pd.DataFrame({name: as_series(rows) for name, rows in y.items()})
    return table.sort_index().rename_axis("day")


def test_forecast_gives_rows_of_each_series_behind_its_end():
    X, y, later = make_many(n_ahead=3)
    order = {name: y[name] for name in ("c", "a", "b")}
    forecast = least_squares().fit(None, as_series(stack(order))).forecast(3)
    expected = stack(
        forecast_by_hand(X, y, {name: later[name] for name in order}, 2, 1)
    )
    pd.testing.assert_series_equal(forecast, expected["y0"], check_freq=False, **NEAR)
    assert forecast.index.names == ["series", "day"]


@each_index
def test_series_on_any_index_are_continued_on_it(index):
    random = np.random.default_rng(0)
    parts = {"p": (0, N_ROWS), "q": (4, N_ROWS - 2)}
    y = {
        n: pd.Series(random.normal(size=b - a), index[a:b])
        for n, (a, b) in parts.items()
    }
    forecaster = least_squares().fit(None, pd.concat(y))
    expected = least_squares().fit(
        None, pd.concat({n: r.set_axis(range(len(r))) for n, r in y.items()})
    )
    expected = expected.forecast(N_AHEAD)
    future = {n: no_columns(index[b : b + N_AHEAD]) for n, (_, b) in parts.items()}
    predicted = forecaster.predict(pd.concat(future))
    assert_allclose(predicted, expected, rtol=1e-9)
    forecast = forecaster.forecast(N_AHEAD)
    assert_allclose(forecast, expected, rtol=1e-9)
    if pd.api.types.is_float_dtype(index):
        assert_allclose(
            forecast.index.get_level_values(1), predicted.index.get_level_values(1)
        )
    else:
        assert forecast.index.equals(predicted.index)
    forecaster.update(None, predicted.iloc[: N_AHEAD - 1])
    rest = forecaster.predict(pd.concat({"p": future["p"].iloc[-1:], "q": future["q"]}))
    assert_allclose(rest, predicted.iloc[N_AHEAD - 1 :], rtol=1e-9)


def test_series_that_end_together_count_their_stamps_once(monkeypatch):
    asked = []
    stamps_after = ahead.stamps_after

    def counted(*args):
        asked.append(args)
        return stamps_after(*args)

    monkeypatch.setattr(ahead, "stamps_after", counted)
    _, y, _ = make_many(spans={i: (0, 12 - i % 2) for i in range(20)})
    forecaster = least_squares().fit(None, as_series(stack(y)))
    forecast = forecaster.forecast(3)
    assert len(asked) == 2  # pandas takes its time for each range of dates.
    forecaster.update(None, forecast)
    assert len(asked) == 4


def test_fit_remembers_names_and_ends():
    _, y, _ = make_many()
    forecaster = least_squares().fit(None, as_series(stack(y)))
    assert list(forecaster.series_) == ["a", "b", "c"]
    ends = pd.Series(DAYS[[29, 27, 35]], ["a", "b", "c"])
    pd.testing.assert_series_equal(forecaster.last_stamp_, ends, check_freq=False)
    assert forecaster.n_samples_fit_ == 84
    assert least_squares().fit(None, np.arange(9.0)).series_ is None


@pytest.fixture
def pooled():
    X, y, _ = make_many(n_known=2)
    model = LinearRegression().fit(*windows_by_hand(X, y, 2, 2))
    return least_squares(horizon=2).fit(stack(X), as_series(stack(y))), model


def test_new_series_are_continued_from_their_history(pooled):
    forecaster, model = pooled
    spans = {"new": (9, 12), "b": (30, 15)}
    X, y, later = make_many(n_known=2, spans=spans, n_ahead=6, seed=5)
    predicted = forecaster.predict(
        stack(later, "in turn"), history=(stack(X), as_series(stack(y)))
    )
    assert predicted.index.equals(stack(later, "in turn").index)
    for name in spans:
        x = np.vstack([X[name], later[name]])
        expected = continue_by_hand(model, y[name].to_numpy(), x, 6, 2, 2)
        assert_allclose(predicted[name], expected[:, 0], **NEAR)


def test_one_series_alone_is_a_history_too(pooled):
    forecaster, model = pooled
    X, y, later = make_many(n_known=2, spans={"new": (9, 12)}, n_ahead=6, seed=5)
    predicted = forecaster.predict(
        later["new"], history=(X["new"], as_series(y["new"]))
    )
    x = np.vstack([X["new"], later["new"]])
    expected = continue_by_hand(model, y["new"].to_numpy(), x, 6, 2, 2)
    assert_allclose(predicted, expected[:, 0], **NEAR)
    named = [rows.set_axis(range(len(rows))) for rows in (X["new"], later["new"])]
    values = y["new"].to_numpy()[:, 0]
    # Rows that are counted, from a forecaster that learned from days.
    with refusal("those seen in fit are of dtype"):
        forecaster.predict(named[1].set_axis(range(12, 18)), history=(named[0], values))


def test_history_of_a_wide_forecaster_has_columns_of_its_own():
    spans = dict.fromkeys("abc", (0, 30))
    _, y, _ = make_many(spans=spans)
    forecaster = least_squares(columns="series").fit(None, wide(y))
    nothing = {name: rows[[]] for name, rows in y.items()}
    model = LinearRegression().fit(*windows_by_hand(nothing, y, 2, 1))
    _, new, _ = make_many(spans={"d": (0, 9), "e": (4, 5)}, seed=3)
    table = pd.DataFrame({name: as_series(rows) for name, rows in new.items()})
    predicted = forecaster.predict(no_columns(DAYS[9:12]), history=table)
    assert list(predicted.columns) == ["d", "e"]
    for name, rows in new.items():
        expected = continue_by_hand(model, rows.to_numpy(), np.empty((0, 0)), 3, 2, 1)
        assert_allclose(predicted[name], expected[:, 0], **NEAR)
    one = forecaster.forecast(3, history=table["d"])
    pd.testing.assert_series_equal(one, predicted["d"], check_freq=False)


def test_many_series_may_be_the_history_of_a_forecaster_of_one():
    _, y, _ = make_many()
    forecaster = least_squares().fit(None, as_series(y["a"]))
    both = forecaster.forecast(3, history=as_series(stack(y)))
    for name in SPANS:
        alone = forecaster.forecast(3, history=as_series(y[name]))
        pd.testing.assert_series_equal(
            both[name], alone, check_names=False, check_freq=False
        )


def test_history_leaves_the_forecaster_as_it_was(pooled):
    forecaster, _ = pooled
    _, _, later = make_many(n_known=2, n_ahead=5)
    first = forecaster.predict(stack(later))
    new = make_many(n_known=2, spans={"new": (9, 12)}, n_ahead=5, seed=5)
    forecaster.predict(stack(new[2]), history=(stack(new[0]), as_series(stack(new[1]))))
    pd.testing.assert_series_equal(forecaster.predict(stack(later)), first)


def test_fitted_forecaster_keeps_the_last_rows_of_each_series_only():
    sizes = []
    for n_rows in (100, 5000):
        table = np.random.default_rng(0).normal(size=(n_rows, 4))
        forecaster = AutoregressiveForecaster(Ridge(), window=3, columns="series")
        sizes.append(len(pickle.dumps(forecaster.fit(None, table))))
    assert sizes[1] < sizes[0] + 100


def with_hole(daily, *missing):
    """Fifty rows, of which some are not observed."""
    X, y = daily
    return X, y[:50].where(~np.isin(np.arange(50), missing))


@pytest.mark.parametrize("missing", [(46,), (44, 45, 46)])
def test_short_forecast_starts_behind_a_hole_that_its_window_does_not_see(
    daily, missing
):
    X, y = with_hole(daily, *missing)
    forecaster = ridge(horizon=4).fit(X[:50], y)
    model = ridge_by_hand(y, X, 3, 4)
    expected = by_hand(model, y, X[:54], 4, 3, 4)
    assert_allclose(forecaster.predict(X[50:54]), expected, **NEAR)
    for n_steps in (1, 2, 3):
        assert len(forecaster.predict(X[50 : 50 + n_steps])) == n_steps


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize(
    ("freq", "words"),
    [("7D", "7 days"), ("2D", "2 days"), ("h", ".*hour.*|0 days 01:00:00|h")],
)
def test_history_of_another_spacing_is_refused_by_its_step(daily, window, freq, words):
    y = daily[1]
    forecaster = ridge(window=window).fit(None, y)
    index = pd.date_range("2024-01-01", periods=30, freq=freq)
    for stamps in (index, pd.DatetimeIndex(index.to_numpy())):
        with refusal(f"history has a step of ({words}), fit saw 1 day; resample"):
            forecaster.forecast(2, history=pd.Series(np.arange(30.0), stamps))
    numbers = ridge(window=window).fit(None, pd.Series(y.to_numpy(), range(60)))
    with refusal("history has a step of 5, fit saw 1; resample history"):
        numbers.forecast(2, history=pd.Series(y.to_numpy(), range(0, 300, 5)))


def test_history_with_holes_has_the_spacing_of_fit(daily):
    y = daily[1]
    forecaster = ridge(window=2).fit(None, y)
    expected = forecaster.forecast(3)
    holed = y.iloc[[0, 3, 9, 20, 58, 59]]
    assert_allclose(forecaster.forecast(3, history=holed), expected, **NEAR)
    single = ridge(window=1).fit(None, y)
    history = y.iloc[[59]]
    assert_allclose(single.forecast(3, history=history), single.forecast(3), **NEAR)
