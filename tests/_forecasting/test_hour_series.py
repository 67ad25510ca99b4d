from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor, VotingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from skrnn import AutoregressiveForecaster
from skrnn._forecasting.hour_series import plan_of_weeks
from skrnn._forecasting.series import series_from_long

DAY, WEEK = 12, 84  # Rows of two hours.


def hours(n_rows, freq="2h"):
    return pd.date_range("2024-01-01", periods=n_rows, freq=freq)


def working_week(n_rows):
    """Days and nights, with days off that are lower, and noise."""
    step = np.arange(n_rows)
    is_off = step // DAY % 7 >= 5
    wave = np.sin(2 * np.pi * step / DAY)
    noise = np.random.default_rng(0).normal(size=n_rows)
    return pd.Series(100 + 30 * wave * ~is_off - 20 * is_off + noise, hours(n_rows))


def plan_of(y, *, columns=0, weights=None, n_held_out=0, **params):
    """Return the plan with which rows begin with trees, None if they do not."""
    known = np.zeros((len(y), columns))
    values = np.reshape(y.to_numpy(), (len(y), -1))
    rows = replace(series_from_long(values, known, y.index), weights=weights)
    forecaster = AutoregressiveForecaster(**params)
    return plan_of_weeks(forecaster, rows, rows.before_last(n_held_out))


def suits(y, **params):
    return plan_of(y, **params) is not None


def forecast_by_hand(y, n_steps, random_state):
    """Learn and predict distances from the last row of a week, one row at a time."""
    values = y.to_numpy()
    windows = np.lib.stride_tricks.sliding_window_view(values[:-1], WEEK)
    last = windows[:, -1]
    X, target = windows - last[:, None], values[WEEK:] - last
    scaler = StandardScaler().fit(X)
    ridge = RidgeCV((0.01, 0.1, 1, 10, 100, 1000)).fit(scaler.transform(X), target)
    trees = ExtraTreesRegressor(
        min_samples_leaf=2, max_features=0.33, random_state=random_state
    ).fit(X, target)
    past = list(values[-WEEK:])
    for _ in range(n_steps):
        window = np.array(past[-WEEK:])[None]
        window, level = window - window[0, -1], window[0, -1]
        steps = ridge.predict(scaler.transform(window)), trees.predict(window)
        past.append(level + np.mean(steps))
    return past[WEEK:]


def test_weeks_of_hours_are_forecast_by_the_mean_of_a_ridge_and_trees():
    y = working_week(6 * WEEK)
    forecaster = AutoregressiveForecaster(random_state=0).fit(None, y[: 5 * WEEK])
    mean = forecaster.estimator_[-1]
    assert isinstance(mean, VotingRegressor)
    forecast = forecaster.forecast(WEEK)
    seed = mean.named_estimators_["trees"].random_state
    assert_allclose(forecast, forecast_by_hand(y[: 5 * WEEK], WEEK, seed), rtol=1e-9)
    assert np.abs(forecast - y[5 * WEEK :]).mean() < 3
    copied = clone(forecaster.set_up_).fit(None, y[: 5 * WEEK])
    assert_array_equal(copied.forecast(9), forecaster.forecast(9))
    assert forecaster.comparison_["estimator"] == ["VotingRegressor"]


def test_hours_may_be_missing():
    y = working_week(6 * WEEK)
    holed = y[: 5 * WEEK].drop(y.index[[100, 101, 102, 250, 5 * WEEK - 2]])
    holed.iloc[300] = np.nan
    forecaster = AutoregressiveForecaster().fit(None, holed)
    assert isinstance(forecaster.estimator_[-1], VotingRegressor)
    assert np.abs(forecaster.forecast(WEEK) - y[5 * WEEK :]).mean() < 3


@pytest.mark.parametrize(
    ("n_weeks", "expected"), [(3.99, False), (4, True), (26, True), (26.02, False)]
)
def test_trees_are_for_four_to_26_weeks(n_weeks, expected):
    assert suits(working_week(int(n_weeks * WEEK))) == expected


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        ("2h", True),
        ("h", True),
        ("15min", True),
        ("10min", False),
        ("5min", False),
        ("3h", False),
        ("D", False),
        ("MS", False),
    ],
)
def test_trees_are_for_rows_within_a_day_that_fit_in_a_window(freq, expected):
    n_rows = 900 if freq == "MS" else 9000  # The oldest pandas ends in 2262.
    index = hours(n_rows, freq)
    if freq != "MS":
        index = index[index < index[0] + pd.Timedelta("30D")]
    assert suits(pd.Series(np.arange(len(index)) % 7.0, index)) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"window": 24},
        {"horizon": 1},
        {"normalize": "meanstd"},
        {"normalize": None},
        {"holidays": ["2024-01-01"]},
        {"calendar": ("hour",)},
        {"columns": 1},
        {"weights": np.ones(5 * WEEK)},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_is_given_leaves_no_trees(given):
    assert not suits(working_week(5 * WEEK), **given)


@pytest.mark.untrained
def test_differences_leave_no_trees():
    y = working_week(5 * WEEK)
    forecaster = AutoregressiveForecaster(difference=1).fit(None, y)
    assert forecaster.window_ != WEEK or forecaster.horizon_ != 1


@pytest.mark.parametrize(
    "given",
    [
        {"normalize": "last"},
        {"calendar": None},
        {"calendar": ()},
        {"log": True},
        {"loss": "mse"},
        {"bounds": (0, None)},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_trees_can_keep_is_kept(given):
    assert suits(working_week(5 * WEEK), **given)


def test_a_logarithm_and_bounds_come_into_the_plan():
    y = working_week(5 * WEEK)
    assert plan_of(y).differencing.log is False
    assert plan_of(y).bounds is None
    plan = plan_of(y, log=True, bounds=(0, None))
    assert plan.differencing.log is True
    assert plan.bounds == (0, np.inf)


def test_rows_held_out_for_calibration_are_no_weeks_to_learn_from():
    y = working_week(4 * WEEK + 9)
    assert suits(y, n_held_out=9)
    assert not suits(y, n_held_out=10)


def test_nights_that_are_never_observed_leave_no_trees():
    y = working_week(5 * WEEK)
    y[y.index.hour == 0] = np.nan
    assert not suits(y)
    y.iloc[0] = 100.0
    assert suits(y)
    y[y.index.hour < 6] = np.nan  # A quarter of all.
    y.iloc[:DAY] = 100.0
    assert not suits(y)


@pytest.mark.parametrize(("n_missing", "expected"), [(0, True), (1, False)])
def test_trees_with_missing_values_have_smaller_tables(n_missing, expected):
    y = pd.Series(np.arange(30 * 96) % 7.0, hours(30 * 96, "15min"))
    y.iloc[100 : 100 + n_missing] = np.nan
    assert suits(y) == expected


def test_two_targets_and_a_short_last_run_leave_no_trees():
    y = working_week(5 * WEEK)
    assert not suits(pd.concat([y, y], axis=1))
    long = pd.concat([y, y.set_axis(y.index + pd.Timedelta("40D"))[: WEEK - 1]])
    assert not suits(long)
    assert suits(pd.concat([y, y.set_axis(y.index + pd.Timedelta("40D"))[:WEEK]]))


@pytest.mark.parametrize(("n_days", "is_young"), [(3, True), (6, True), (9, False)])
def test_the_first_days_of_hours_learn_the_day_from_the_calendar(n_days, is_young):
    random = np.random.default_rng(0)
    hour = np.arange(24 * (n_days + 1)) % 24
    y = pd.Series(
        50.0 * (hour > 7) + random.normal(size=len(hour)), hours(len(hour), "h")
    )
    past = y[: 24 * n_days]
    forecaster = AutoregressiveForecaster(log=False).fit(None, past)
    assert (forecaster.set_up_.calendar == ("hour",)) == is_young
    assert (forecaster.set_up_.normalize is None) == is_young
    if is_young:
        naive = np.abs(past[-24:].to_numpy() - y[24 * n_days :]).mean()
        assert np.abs(forecaster.forecast(24) - y[24 * n_days :]).mean() < naive


def test_the_first_days_of_hours_have_no_logarithm():
    y = pd.Series(np.exp(np.arange(120) / 20), hours(120, "h"))
    forecaster = AutoregressiveForecaster().fit(None, y)
    assert forecaster.set_up_.calendar == ("hour",)
    assert forecaster.set_up_.log is False
