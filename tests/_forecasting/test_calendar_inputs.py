import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.tree import DecisionTreeRegressor

from skrnn import AutoregressiveForecaster, GRURegressor, backtest

HOLIDAYS = ["2024-03-29", "2024-04-01", "2024-05-01"]


def hours(n_rows, **zone):
    """Hours from the day before the clocks change."""
    return pd.date_range("2024-03-30", periods=n_rows, freq="h", **zone)


def noise(index, seed=0):
    return pd.Series(np.random.default_rng(seed).normal(size=len(index)), index)


def by_hand(index):
    """Weekdays and hours as columns of X, by pandas."""
    numbers = index.get_level_values(-1)
    if isinstance(numbers, pd.PeriodIndex):
        numbers = numbers.to_timestamp()
    parts = {"hour": numbers.hour, "weekday": numbers.day_of_week}
    tables = [
        pd.get_dummies(pd.Series(values), prefix=name, dtype=float)
        for name, values in parts.items()
    ]
    return pd.concat(tables, axis=1).set_axis(index)


def three_series(n_rows):
    """The rows of three series that begin and end at different times, with a hole."""
    index = hours(n_rows + 60)
    frames = {"a": index[:n_rows], "b": index[9 : n_rows + 9], "c": index[:n_rows]}
    frames["a"] = frames["a"].delete([70, 71])
    return pd.MultiIndex.from_tuples([(k, t) for k, v in frames.items() for t in v])


INDEXES = {
    "a zone with daylight saving time": hours(260, tz="Europe/Berlin"),
    "periods": pd.period_range("2024-03-30", periods=260, freq="h"),
    "a hole": hours(280).delete(slice(100, 120)),
}


def both(estimator, **params):
    """A forecaster with the calendar, and one that gets the same columns as X."""
    of_dates = AutoregressiveForecaster(
        estimator, calendar=("hour", "weekday"), **params
    )
    return of_dates, AutoregressiveForecaster(estimator, calendar=None, **params)


@pytest.mark.parametrize("kind", INDEXES)
def test_forecasts_are_those_with_the_same_columns_passed(kind):
    index = INDEXES[kind]
    X, y = by_hand(index), noise(index)
    of_dates, of_columns = both(LinearRegression(), window=3, calibration=30)
    of_dates.fit(None, y[:200])
    of_columns.fit(X[:200], y[:200])
    assert of_dates.calendar_ == list(X)
    assert of_dates.n_features_in_ == 0
    later = X[200:230]
    assert_array_equal(of_dates.forecast(30), of_columns.predict(later))
    intervals = (
        of_dates.predict_interval(later[[]][:20]),
        of_columns.predict_interval(later[:20]),
    )
    pd.testing.assert_frame_equal(*intervals)
    some = of_dates.predict(later[[]].iloc[[4, 20]])  # No columns need no rows.
    assert_array_equal(some, of_columns.predict(later).iloc[[4, 20]])
    of_dates.update(None, y[203:220]).update(None, y[200:203])
    of_columns.update(X[200:220], y[200:220])
    of_dates = pickle.loads(pickle.dumps(of_dates))
    assert_array_equal(of_dates.forecast(40), of_columns.predict(X[220:]))
    past = index[130:160]
    history = of_dates.forecast(20, history=y[past])
    assert_array_equal(
        history, of_columns.predict(X[160:180], history=(X.loc[past], y[past]))
    )


def test_rows_that_update_leaves_out_have_their_calendar():
    index = hours(260)
    X, y = by_hand(index), noise(index)
    missing = y.copy()
    missing.iloc[202] = np.nan
    of_dates, of_columns = both(Ridge(), window=3)
    of_dates.fit(None, y[:200]).update(None, y.drop(index[202])[200:219])
    of_columns.fit(X[:200], y[:200]).update(X[200:220], missing[200:220])
    assert_array_equal(of_dates.forecast(9), of_columns.predict(X[220:229]))


@pytest.mark.untrained
@pytest.mark.parametrize("cold_start", [False, True])
def test_series_of_a_panel_have_the_calendar_of_their_own_rows(cold_start):
    index = three_series(150)
    X, y = by_hand(index), noise(index).cumsum()
    # Rows before a series began are missing, which a network takes.
    network = GRURegressor(2, epochs=1, random_state=0) if cold_start else Ridge()
    of_dates, of_columns = both(network, window=4, cold_start=cold_start)
    of_dates.fit(None, y)
    of_columns.fit(X, y)
    forecast = of_dates.forecast(5)
    assert_array_equal(forecast, of_columns.predict(by_hand_as(X, forecast.index)))
    if cold_start:
        new = pd.MultiIndex.from_product([["d"], hours(170)[-9:]])
        later = new[4:]
        of_dates.update(None, noise(new[:4]))
        of_columns.update(by_hand_as(X, new[:4]), noise(new[:4]))
        rows = by_hand_as(X, later)
        assert_array_equal(of_dates.predict(rows[[]]), of_columns.predict(rows))


def by_hand_as(X, index):
    return by_hand(index).reindex(columns=list(X), fill_value=0.0)


def test_columns_as_series_share_the_calendar():
    index = hours(160)
    X = by_hand(index)
    y = pd.DataFrame({"a": noise(index), "b": noise(index, 1)})
    y.iloc[150:, 1] = np.nan
    of_dates, of_columns = both(LinearRegression(), window=3, columns="series")
    of_dates.fit(None, y)
    of_columns.fit(X, y)
    forecast = of_dates.forecast(30)
    expected = of_columns.predict(by_hand_as(X, forecast.index))
    assert_array_equal(forecast, expected)


def test_a_column_of_time_has_a_calendar():
    y = noise(hours(100))
    frame = pd.DataFrame({"t": y.index, "x": noise(y.index, 1).to_numpy()})
    kwargs = {"window": 3, "calendar": ("hour",), "exogenous": False}
    indexed = AutoregressiveForecaster(LinearRegression(), **kwargs).fit(None, y)
    in_column = AutoregressiveForecaster(LinearRegression(), time="t", **kwargs)
    in_column.fit(frame, y.to_numpy())
    assert_array_equal(in_column.forecast(5), indexed.forecast(5))


def test_columns_of_x_stand_before_the_calendar():
    index = hours(200)
    X, y = by_hand(index), noise(index)
    plan = noise(index, 1).to_frame("plan")
    of_dates, of_columns = both(Ridge(), window=4, horizon=1, calibration=20)
    of_dates.fit(plan[:150], y[:150])
    of_columns.fit(plan.join(X)[:150], y[:150])
    later = slice(150, 162)
    predicted = of_dates.predict(plan[later])
    assert_allclose(predicted, of_columns.predict(plan.join(X)[later]), atol=1e-10)
    of_dates.update(plan[later], y[later])
    predicted = of_dates.predict(plan[162:168])
    of_columns.update(plan.join(X)[later], y[later])
    assert_allclose(predicted, of_columns.predict(plan.join(X)[162:168]), atol=1e-10)


def learn_by_hand(y, X, window, horizon):
    """A ridge on windows whose steps share the calendar of a block among them."""
    times = range(window, len(y) - horizon + 1)
    inputs = [window_by_hand(y, X, t, window, horizon) for t in times]
    return Ridge().fit(inputs, [y[t : t + horizon] for t in times])


def window_by_hand(y, X, t, window, horizon):
    steps = []
    for s in range(t - window, t):
        ahead = range(s + horizon, s, -window)[::-1]
        steps += [y[s], *np.ravel([X[each] for each in ahead])]
    return steps


@pytest.mark.parametrize("n_steps", [7, 9])
@pytest.mark.parametrize(
    ("window", "horizon"), [(4, 3), (4, 4), (4, 5), (2, 5), (1, 3)]
)
def test_steps_of_a_window_share_the_calendar_of_a_block(window, horizon, n_steps):
    index = hours(190)
    y, X = noise(index[:150]).to_numpy(), by_hand(index).to_numpy()
    model = learn_by_hand(y, X, window, horizon)
    rows = list(y)
    while len(rows) < 150 + n_steps:
        inputs = window_by_hand(rows, X, len(rows), window, horizon)
        rows.extend(model.predict([inputs])[0])
    of_dates, _ = both(Ridge(), window=window, horizon=horizon)
    forecast = of_dates.fit(None, pd.Series(y, index[:150])).forecast(n_steps)
    assert_allclose(forecast, rows[150 : 150 + n_steps], atol=1e-10)


def test_intervals_are_those_of_forecasts_that_know_the_calendar():
    y = noise(hours(150))
    of_dates, _ = both(Ridge(), window=4, horizon=3, calibration=20)
    of_dates.fit(None, y)
    errors = of_dates.calibration_errors_[0, :, :, 0]
    for place in (0, 7, 19):
        n_steps = 20 - place
        past = y[: len(y) - n_steps]
        forecast = of_dates.forecast(n_steps, history=past)
        expected = y[len(past) :] - forecast
        assert_allclose(errors[place, :n_steps], expected, atol=1e-10)


def test_a_backtest_knows_the_calendar():
    index = hours(150)
    X, y = by_hand(index), noise(index)
    of_dates, of_columns = both(Ridge(), window=3)
    for refit in (True, False):
        results = [
            backtest(forecaster, rows, y, 3, refit=refit)
            for forecaster, rows in ((of_dates, None), (of_columns, X))
        ]
        # Hours and days that a fold has not learned have no column, or one of zeros.
        assert_allclose(*(each["y_pred"] for each in results), atol=1e-8)


def test_holidays_are_a_column_of_any_calendar():
    index = pd.date_range("2024-03-01", periods=70)
    X = pd.DataFrame({"x": index.astype(str).isin(HOLIDAYS) * 1.0}, index)
    y = noise(index)
    kwargs = {"window": 3, "calendar": None}
    of_columns = AutoregressiveForecaster(Ridge(), **kwargs).fit(X[:50], y[:50])
    for calendar in (None, "auto", ()):
        kwargs = {"window": 3, "calendar": calendar, "holidays": HOLIDAYS}
        forecaster = AutoregressiveForecaster(Ridge(), **kwargs).fit(None, y[:50])
        assert forecaster.calendar_ == ["holiday"]
        assert_array_equal(forecaster.forecast(20), of_columns.predict(X[50:]))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"calendar": ("hour", "dayofweek")}, "different names.*'dayofweek'"),
        ({"calendar": ("hour", "hour")}, "different names"),
        ({"calendar": ("hour",)}, "calendar makes .* Got no index; pass pandas"),
        ({"holidays": HOLIDAYS}, "holidays makes .* Got no index; pass pandas"),
    ],
)
def test_what_makes_no_columns_is_refused(params, message):
    with pytest.raises(ValueError, match=message):
        AutoregressiveForecaster(Ridge(), **params).fit(None, np.arange(30.0))


def test_rows_without_dates_cannot_replace_those_with():
    y = noise(hours(60))
    of_dates, _ = both(Ridge(), window=3)
    of_dates.fit(None, y)
    with pytest.raises(ValueError, match=r"index must hold dates .* Got no index"):
        of_dates.forecast(2, history=y.to_numpy())
    # New rows follow those of `fit`, so their dates are known.
    expected = of_dates.forecast(5)[2:]
    assert_allclose(
        of_dates.update(None, expected_rows(of_dates)).forecast(3), expected
    )


def expected_rows(forecaster):
    return forecaster.forecast(2).to_numpy()


def chosen_calendar(y, **params):
    return AutoregressiveForecaster(random_state=0, **params).fit(None, y)


@pytest.fixture
def tree(monkeypatch):
    """Let the default estimator be a tree, which takes missing values as well."""
    module = "skrnn._forecasting.set_up"
    tree = DecisionTreeRegressor(max_depth=4)
    monkeypatch.setattr(f"{module}.default_network", lambda *_, **__: tree)
    monkeypatch.setattr(f"{module}._fits_in_table", lambda *_: False)


def test_the_default_knows_a_week_that_its_window_does_not_show(tree):
    days = pd.date_range("2024-01-01", periods=1100)
    week = np.array([0, 5, 1, 7, 2, 9, 3.0])[days.day_of_week]
    forecaster = chosen_calendar(week + noise(days), window=3)
    assert forecaster.set_up_.calendar == ("weekday",)
    found = forecaster.comparison_["calendar"]
    assert found == [*[None] * 2, ("weekday",), ("weekday", "year")]
    again = forecaster.set_up_.fit(None, week + noise(days))
    assert_array_equal(again.forecast(9), forecaster.forecast(9))


def test_the_default_has_no_calendar_where_it_says_nothing(tree):
    days = pd.date_range("2024-01-01", periods=1100)
    forecaster = chosen_calendar(noise(days))
    assert forecaster.calendar_ == []
    assert forecaster.set_up_.calendar is None
    numbers = chosen_calendar(noise(pd.RangeIndex(60)))
    assert set(numbers.comparison_["calendar"]) == {None}


def test_a_short_series_begins_with_the_calendar_of_its_season(tree):
    days = pd.date_range("2024-01-01", periods=200)
    week = np.array([0, 5, 1, 7, 2, 9, 3.0])[days.day_of_week]
    begun = chosen_calendar(week + noise(days)).comparison_["calendar"]
    assert begun[0] == ("weekday",)
    assert begun[-1] is None  # Which is compared with it.
    alone = chosen_calendar(noise(days), calendar=None)
    assert set(alone.comparison_["calendar"]) == {None}


def test_holidays_alone_are_not_compared_twice(tree):
    days = pd.date_range("2024-01-01", periods=1100)
    params = {"holidays": HOLIDAYS, "window": 7, "normalize": "last"}
    found = chosen_calendar(noise(days), **params).comparison_["calendar"]
    assert found == [None, ("weekday",), ("weekday", "year")]


def test_a_calendar_can_be_fixed_alone(tree):
    days = pd.date_range("2024-01-01", periods=200)
    forecaster = chosen_calendar(noise(days), calendar=("month",))
    assert set(forecaster.comparison_["calendar"]) == {("month",)}
    assert forecaster.set_up_.calendar == ("month",)
    none = chosen_calendar(noise(days), calendar=None)
    assert set(none.comparison_["calendar"]) == {None}


def test_missing_days_have_their_calendar(tree):
    days = pd.date_range("2024-01-01", periods=120)
    y = noise(days).drop(days[[50, 51, 117]])
    forecasts = [
        chosen_calendar(rows, calendar=("weekday",)).forecast(9)
        for rows in (y, y.asfreq("D"))
    ]
    pd.testing.assert_series_equal(*forecasts, check_freq=False)


@pytest.mark.parametrize(("n_days", "warns"), [(300, False), (380, True)])
def test_rows_far_behind_the_last_holiday_are_warned_of(n_days, warns):
    index = pd.date_range("2024-12-01", "2024-12-31")
    y = pd.Series(np.arange(31.0) % 7, index)
    forecaster = AutoregressiveForecaster(Ridge(), window=3, holidays=["2024-12-25"])
    fitted = forecaster.fit(None, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted.forecast(n_days)
    words = [str(each.message) for each in caught]
    assert [word.startswith("holidays end on 2024-12-25") for word in words] == (
        [True] if warns else []
    )
