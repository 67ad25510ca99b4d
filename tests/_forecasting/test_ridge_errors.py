import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from skrnn import AutoregressiveForecaster
from skrnn._estimators.pooled_ridge import fit_groups
from skrnn._forecasting import ridge_errors as module
from skrnn._forecasting.calendar_inputs import add_calendar, learn_calendar
from skrnn._forecasting.differencing import Differencing
from skrnn._forecasting.plan import ForecastPlan
from skrnn._forecasting.ridge_errors import (
    errors_of_estimator,
    held_out_windows,
    left_out_error,
    ridge_errors,
)
from skrnn._forecasting.series import series_from_wide

N_ROWS, N_HELD_OUT, HORIZON, WINDOW = 60, 15, 3, 6


def make_panel(n_series=3, random_state=0):
    random = np.random.default_rng(random_state)
    step = np.arange(N_ROWS)[:, None]
    level = 10.0 ** np.arange(n_series)
    y = level * (3 + np.sin(step * (1 + np.arange(n_series)) / 3))
    y *= np.exp(random.normal(scale=0.1, size=y.shape))
    return pd.DataFrame(y, pd.RangeIndex(N_ROWS), [*"abcdef"[:n_series]])


def read(y, known=None):
    known = np.empty((len(y), 0)) if known is None else known
    return series_from_wide(y.to_numpy(), known, y.index, list(y.columns))


def errors_by_hand(y, forecaster, *, scale, power=1):
    """Forecast a horizon from each row among those held out, with a forecaster."""
    forecaster.fit(None, y[:-N_HELD_OUT])
    errors = []
    for first in range(N_ROWS - N_HELD_OUT, N_ROWS - HORIZON + 1):
        truth = y[first : first + HORIZON].to_numpy()
        errors.append(np.abs(truth - np.asarray(forecaster.forecast(HORIZON))))
        forecaster.update(None, y[first : first + 1])
    means = np.mean(np.power(errors, power), axis=(0, 1))
    return np.log(means ** (1 / power) / scale)


@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
@pytest.mark.parametrize(("log", "lags"), [(False, ()), (True, ()), (True, (1, 4))])
def test_errors_are_those_of_a_forecaster_around_ridge(normalize, log, lags):
    y = make_panel()
    rows = read(y)
    firsts = held_out_windows(rows, N_HELD_OUT, WINDOW + sum(lags), HORIZON)
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(lags, log), normalize)
    errors = ridge_errors(plan, rows, rows.before_last(N_HELD_OUT), firsts)
    forecaster = AutoregressiveForecaster(
        Ridge(),
        window=WINDOW,
        horizon=HORIZON,
        log=log,
        difference=lags,
        normalize=normalize,
        columns="series",
    )
    by_hand = errors_by_hand(y, forecaster, scale=y.std(ddof=0).to_numpy())
    assert_allclose(errors[:, 0], by_hand, rtol=1e-6)


@pytest.mark.parametrize("window", [WINDOW, HORIZON - 1, 1])
def test_a_calendar_is_seen_as_a_forecaster_around_ridge_sees_it(window):
    y = make_panel().set_axis(pd.date_range("2024-01-01", periods=N_ROWS))
    rows = read(y)
    firsts = held_out_windows(rows, N_HELD_OUT, window, HORIZON)
    learned = rows.before_last(N_HELD_OUT)
    calendar = learn_calendar(("weekday",), None, learned)
    plan = ForecastPlan(window, HORIZON, Differencing(), "last", calendar=calendar)
    errors = ridge_errors(plan, add_calendar(rows, calendar), learned, firsts)
    forecaster = AutoregressiveForecaster(
        Ridge(),
        window=window,
        horizon=HORIZON,
        normalize="last",
        calendar=("weekday",),
        columns="series",
    )
    by_hand = errors_by_hand(y, forecaster, scale=y.std(ddof=0).to_numpy())
    assert_allclose(errors[:, 0], by_hand, rtol=1e-6)


@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
def test_errors_of_a_table_are_those_of_a_forecaster(normalize):
    y = make_panel().set_axis(pd.date_range("2024-01-01", periods=N_ROWS))
    rows = read(y)
    firsts = held_out_windows(rows, N_HELD_OUT, WINDOW, HORIZON)
    learned = rows.before_last(N_HELD_OUT)
    calendar = learn_calendar(("weekday",), None, learned)
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(), normalize, calendar=calendar)
    tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    with_dates = add_calendar(rows, calendar)
    errors = errors_of_estimator(plan, with_dates, learned, firsts, clone(tree))
    forecaster = AutoregressiveForecaster(
        tree,
        window=WINDOW,
        horizon=HORIZON,
        normalize=normalize,
        calendar=("weekday",),
        columns="series",
    )
    by_hand = errors_by_hand(y, forecaster, scale=y.std(ddof=0).to_numpy())
    assert_allclose(errors[:, 0], by_hand, rtol=1e-6)


def test_errors_may_count_by_their_squares():
    y = make_panel()
    rows = read(y)
    firsts = held_out_windows(rows, N_HELD_OUT, WINDOW, HORIZON)
    learned = rows.before_last(N_HELD_OUT)
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(), "last")
    both = [
        ridge_errors(plan, rows, learned, firsts, "mse"),
        errors_of_estimator(plan, rows, learned, firsts, Ridge(), "mse"),
    ]
    forecaster = AutoregressiveForecaster(
        Ridge(), window=WINDOW, horizon=HORIZON, normalize="last", columns="series"
    )
    scale = y.std(ddof=0).to_numpy()
    by_hand = errors_by_hand(y, forecaster, scale=scale, power=2)
    for errors in both:
        assert_allclose(errors[:, 0], by_hand, rtol=1e-6)


def test_columns_known_in_advance_explain_what_they_can():
    y = make_panel(1)
    known = np.random.default_rng(1).normal(size=(N_ROWS, 1))
    rows = read(y + 50 * known, known)
    firsts = held_out_windows(rows, N_HELD_OUT, WINDOW, HORIZON)
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(), None)
    learned = rows.before_last(N_HELD_OUT)
    blind = read(y + 50 * known)
    with_known = ridge_errors(plan, rows, learned, firsts)
    without = ridge_errors(plan, blind, blind.before_last(N_HELD_OUT), firsts)
    assert with_known < without - 1


def test_only_whole_windows_are_compared():
    y = make_panel(2)
    y.iloc[-8, 0] = np.nan
    firsts = held_out_windows(read(y), N_HELD_OUT, WINDOW, HORIZON)
    in_second = np.arange(N_ROWS - N_HELD_OUT, N_ROWS - HORIZON + 1)
    in_first = [first for first in in_second if first + HORIZON <= N_ROWS - 8]
    assert_array_equal(np.sort(firsts), [*in_first, *in_second + N_ROWS])


def test_no_window_to_learn_from_gives_no_errors():
    rows = read(make_panel(1))
    firsts = held_out_windows(rows, N_HELD_OUT, WINDOW, HORIZON)
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(), "last")
    assert ridge_errors(plan, rows, rows.before_last(N_ROWS - 5), firsts) is None


def test_windows_are_never_laid_out():
    values = np.random.default_rng(0).normal(size=(5000, 2)).cumsum(axis=0)
    rows = read(pd.DataFrame(values, pd.RangeIndex(5000), ["a", "b"]))
    firsts = held_out_windows(rows, 1000, 336, 24)
    plan = ForecastPlan(336, 24, Differencing(), "meanstd")
    learned = rows.before_last(1000)
    tracemalloc.start()
    ridge_errors(plan, rows, learned, firsts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    n_windows = 2 * (4000 - 336 - 24 + 1)
    assert peak < 0.7 * n_windows * 336 * values.itemsize


def test_chunks_and_limits_hold_for_many_windows(monkeypatch):
    rows = read(make_panel())
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(), "meanstd")
    firsts = held_out_windows(rows, N_HELD_OUT, WINDOW, HORIZON)
    learned = rows.before_last(N_HELD_OUT)
    whole = ridge_errors(plan, rows, learned, firsts)
    monkeypatch.setattr(module, "CHUNK", 7)
    assert_allclose(ridge_errors(plan, rows, learned, firsts), whole)
    monkeypatch.setattr(module, "N_LEARNED", 40)
    few = ridge_errors(plan, rows, learned, firsts)
    assert_allclose(few, whole, atol=0.5)
    assert (few != whole).all()
    monkeypatch.setattr(module, "N_COMPARED", 10)
    assert len(held_out_windows(rows, N_HELD_OUT, WINDOW, HORIZON)) == 10


def windows_by_hand(y, dates, horizon, *, log, lag):
    """Windows, shifted by their last value, beside weekdays, and what follows."""
    z = np.log(y) if log else y
    z = z[lag:] - z[:-lag] if lag else z
    weekdays = np.eye(7)[dates.day_of_week[lag:]]
    firsts = np.arange(WINDOW, len(z) - horizon + 1)
    inputs, outputs = [], []
    for first in firsts:
        seen, last = range(first - WINDOW, first), z[first - 1]
        inputs.append([[z[s] - last, *weekdays[s + horizon]] for s in seen])
        outputs.append(z[first : first + horizon] - last)
    return firsts + lag, np.reshape(inputs, (len(firsts), -1)), np.array(outputs), z


def predict_left_out(inputs, outputs, place, penalty):
    others = np.delete(np.arange(len(inputs)), place)
    ridge = Ridge(penalty).fit(inputs[others], outputs[others])
    return ridge.predict(inputs[[place]])[0]


@pytest.mark.parametrize(("log", "lag"), [(False, 0), (True, 0), (True, 1), (False, 1)])
def test_left_out_errors_are_those_of_ridges_without_a_window(log, lag):
    y = make_panel(1).set_axis(pd.date_range("2024-01-01", periods=N_ROWS))
    levels, penalties = y.to_numpy()[:, 0], (0.1, 10.0, 1000.0)
    rows = read(y)
    calendar = learn_calendar(("weekday",), None, rows)
    differencing = Differencing((lag,) * bool(lag), log)
    plan = ForecastPlan(WINDOW, HORIZON, differencing, "last", calendar=calendar)
    error = left_out_error(plan, add_calendar(rows, calendar), penalties)

    kind = {"log": log, "lag": lag}
    firsts, inputs, outputs, z = windows_by_hand(levels, y.index, HORIZON, **kind)
    inputs = StandardScaler().fit_transform(inputs)
    predicted = {
        penalty: np.array(
            [predict_left_out(inputs, outputs, i, penalty) for i in range(len(inputs))]
        )
        for penalty in penalties
    }
    best = min(predicted.values(), key=lambda each: np.mean((outputs - each) ** 2))
    errors = []
    for i in range(len(firsts) - len(firsts) // 3, len(firsts)):
        ahead = best[i] + z[firsts[i] - lag - 1]
        if lag:
            before = levels[firsts[i] - 1]
            ahead = (np.log(before) if log else before) + ahead.cumsum()
        ahead = np.exp(ahead) if log else ahead
        errors.append(np.abs(levels[firsts[i] : firsts[i] + HORIZON] - ahead).mean())
    assert_allclose(error, np.mean(errors) / levels.std(), rtol=1e-7)


def test_left_out_errors_are_those_of_the_last_third_of_each_series():
    noise = np.random.default_rng(0).normal(size=N_ROWS)
    step = np.arange(N_ROWS)
    y = make_panel(2).assign(a=np.sin(step / 3), b=np.where(step < 40, noise, np.nan))
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(), "last")
    whole = left_out_error(plan, read(y), (1e-6,), 0.0)
    errors, counts = [], []
    for name in y:
        own = y[[name]].dropna()
        errors.append(left_out_error(plan, read(own), (1e-6,)))
        counts.append((len(own) - WINDOW - HORIZON + 1) // 3)
    # With nothing in common, others change the scale of inputs alone: no penalty, no
    # effect.
    assert_allclose(whole, np.average(errors, weights=counts), rtol=0.05)
    assert errors[1] > 1.5 * errors[0]


def test_more_inputs_than_windows_are_left_out_alike():
    X = np.random.default_rng(0).normal(size=(9, 14))
    y = X[:, :2] + 1
    scaled = StandardScaler().fit_transform(X)
    found = fit_groups(X, y, np.zeros(9, int), np.array([1.0]), 1.0).left_out
    expected = [predict_left_out(scaled, y, i, 1.0) for i in range(9)]
    assert_allclose(found, expected, rtol=1e-9)


def test_left_out_errors_need_a_few_windows():
    y = make_panel(1)[: WINDOW + HORIZON + 5]
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(), "last")
    assert np.isfinite(left_out_error(plan, read(y), (1.0,)))
    assert np.isnan(left_out_error(plan, read(y[:-1]), (1.0,)))


def test_left_out_errors_of_values_beyond_squares_are_missing():
    y = 1e200 * make_panel(1)
    plan = ForecastPlan(WINDOW, HORIZON, Differencing(), "last")
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(left_out_error(plan, read(y), (1.0,)))
