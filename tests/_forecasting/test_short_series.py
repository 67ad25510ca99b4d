import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline

from skrnn import AutoregressiveForecaster, GRURegressor
from skrnn._forecasting import set_up
from tests.support.series import refusal
from tests.support.untrained import untrained


def months(n_rows):
    return pd.period_range("2001-01", periods=n_rows, freq="M")


def growing(n_rows, *, by_rate):
    """Months that grow, with a season that grows likewise or stays as it is."""
    step = np.arange(n_rows)
    wave = 0.3 * np.sin(2 * np.pi * step / 12)
    noise = 0.03 * np.random.default_rng(0).normal(size=n_rows)
    if by_rate:
        return pd.Series(100 * np.exp(step / 40 + wave + noise), months(n_rows))
    return pd.Series(100 + step + 100 * (wave + noise), months(n_rows))


@pytest.mark.parametrize("by_rate", [True, False])
@pytest.mark.parametrize("n_rows", [48, 120])
def test_a_short_series_that_grows_by_a_rate_has_a_logarithm(n_rows, by_rate):
    y = growing(n_rows + 12, by_rate=by_rate)
    forecaster = AutoregressiveForecaster().fit(None, y[:n_rows])
    assert forecaster.set_up_.log == by_rate
    error = np.abs(forecaster.forecast(12) / y[n_rows:] - 1).mean()
    assert error < 0.1
    # Without a calendar, logarithms are only compared where there are rows for it.
    plain = AutoregressiveForecaster(calendar=None).fit(None, y[:n_rows])
    assert plain.set_up_.log is False


@pytest.mark.parametrize(("n_rows", "window"), [(25, 1), (36, 3), (60, 6)])
def test_a_young_series_is_forecast_with_its_season(n_rows, window):
    y = growing(n_rows + 12, by_rate=False)
    forecaster = AutoregressiveForecaster().fit(None, y[:n_rows])
    assert (forecaster.window_, forecaster.horizon_) == (window, 12)
    assert forecaster.set_up_.calendar == ("month",)
    error = np.abs(forecaster.forecast(12) - y[n_rows:]).mean()
    seasonal = np.abs(y[n_rows - 12 : n_rows].to_numpy() - y[n_rows:].to_numpy()).mean()
    assert error < seasonal


def test_a_series_goes_on_behind_a_hole_from_the_rows_that_there_are():
    y = growing(150, by_rate=False)
    holed = pd.concat([y[:100], y[147:]])
    forecaster = AutoregressiveForecaster().fit(None, holed)
    assert (forecaster.window_, forecaster.horizon_) == (3, 12)
    assert np.isfinite(forecaster.forecast(12)).all()


def test_differences_are_learned_without_the_calendar():
    y = growing(60, by_rate=False)
    forecaster = AutoregressiveForecaster(difference=1).fit(None, y)
    assert forecaster.set_up_.calendar is None
    assert forecaster.window_ == 12


@pytest.mark.parametrize(
    "given", [{"horizon": 72}, {"window": 90}, {"window": 60, "horizon": 70}]
)
def test_windows_with_too_many_values_see_no_calendar_and_keep_the_ridge(given):
    y = growing(200, by_rate=False)
    forecaster = AutoregressiveForecaster(log=False, **given).fit(None, y)
    assert forecaster.set_up_.calendar is None
    assert isinstance(forecaster.estimator_[-1], RidgeCV)


def test_the_calendar_that_is_chosen_may_be_named():
    y = growing(60, by_rate=True)
    named, chosen = (
        AutoregressiveForecaster(calendar=calendar).fit(None, y).set_up_
        for calendar in (["month"], "auto")
    )
    assert str(named.set_params(calendar=("month",))) == str(chosen)
    other = AutoregressiveForecaster(calendar=("year",)).fit(None, y)
    assert other.window_ == 12


def test_rows_held_out_for_calibration_choose_no_logarithm():
    y = growing(60, by_rate=True)
    changed = y.copy()
    changed.iloc[-12:] = y.iloc[-13]
    fitted = [
        AutoregressiveForecaster(calibration=12).fit(None, each)
        for each in (y, changed)
    ]
    assert [str(each.set_up_) for each in fitted] == [str(fitted[0].set_up_)] * 2
    assert fitted[0].set_up_.log is True


def campaigns(n_rows):
    """Months with a season, raised by what is spent on campaigns, and the spending."""
    y = growing(n_rows, by_rate=False)
    random = np.random.default_rng(1)
    spent = random.exponential(size=n_rows) * (random.random(n_rows) < 0.3)
    return pd.DataFrame({"spent": spent}, y.index), y + 20 * spent


def test_a_short_series_learns_columns_by_a_ridge_row_by_row():
    X, y = campaigns(72)
    later = slice(60, 72)
    forecaster = AutoregressiveForecaster().fit(X[:60], y[:60])
    assert isinstance(forecaster.estimator_[-1], RidgeCV)
    assert (forecaster.window_, forecaster.horizon_) == (6, 1)
    errors = np.abs(forecaster.predict(X[later]) - y[later])
    blind = AutoregressiveForecaster().fit(None, y[:60]).forecast(12) - y[later]
    assert errors.mean() < 0.4 * np.abs(blind).mean()
    copied = clone(forecaster.set_up_).fit(X[:60], y[:60])
    assert_array_equal(copied.predict(X[later]), forecaster.predict(X[later]))


def test_the_errors_of_columns_choose_from_150_rows_on():
    X, y = campaigns(150)
    forecaster = AutoregressiveForecaster(log=False, normalize="last")
    with untrained():
        compared = forecaster.fit(X, y).comparison_
    assert np.isfinite(compared["error"]).all()
    assert compared["estimator"][-1] == "GRURegressor"
    assert isinstance(forecaster.estimator_[-1], RidgeCV)


def test_columns_that_are_not_known_in_advance_are_learned_by_block():
    X, y = campaigns(60)
    forecaster = AutoregressiveForecaster(past=["spent"]).fit(X, y)
    assert isinstance(forecaster.estimator_[-1], RidgeCV)
    assert forecaster.horizon_ == 12
    assert len(forecaster.forecast(12)) == 12


def test_columns_of_the_past_may_miss_values():
    X, y = campaigns(60)
    X.iloc[[5, 59]] = np.nan
    forecaster = AutoregressiveForecaster(past=["spent"]).fit(X, y)
    assert isinstance(forecaster.estimator_[-1], RidgeCV)
    assert np.isfinite(forecaster.forecast(12)).all()


@pytest.mark.parametrize("n_rows", [60, 200])
@pytest.mark.parametrize(
    "missing",
    [[30], [0], [-2, -5], [-4, -3, -2], list(range(3, 60, 11))],
    ids=["one", "first", "near the end", "in a row", "some"],
)
def test_a_short_series_that_misses_values_keeps_the_ridge(missing, n_rows):
    y = growing(n_rows + 12, by_rate=False)
    holed = y[:n_rows].copy()
    holed.iloc[missing] = np.nan
    with untrained():
        forecaster = AutoregressiveForecaster().fit(None, holed)
    assert isinstance(forecaster.estimator_[-1], RidgeCV)
    error = np.abs(forecaster.forecast(12) - y[n_rows:]).mean()
    whole = AutoregressiveForecaster(log=forecaster.set_up_.log)
    whole.set_params(window=forecaster.window_).fit(None, y[:n_rows])
    assert error < 1.5 * np.abs(whole.forecast(12) - y[n_rows:]).mean()


def test_a_forecast_starts_behind_missing_values_that_update_brings():
    y = growing(72, by_rate=False)
    forecaster = AutoregressiveForecaster().fit(None, y[:48])
    later = y[48:60].copy()
    later.iloc[[4, 10]] = np.nan
    forecast = forecaster.update(None, later).forecast(12)
    assert np.abs(forecast - y[60:]).mean() < 6


@pytest.mark.untrained
def test_a_month_that_is_never_observed_is_left_to_a_network():
    y = growing(60, by_rate=False)
    y[y.index.month == 8] = np.nan
    forecaster = AutoregressiveForecaster().fit(None, y)
    assert isinstance(forecaster.estimator_, GRURegressor)


def test_a_copy_of_the_set_up_gets_rows_of_nan_where_rows_are_missing():
    y = growing(60, by_rate=False)
    holed = y.drop(y.index[[20, 21, 40]])
    forecaster = AutoregressiveForecaster().fit(None, holed)
    copied = clone(forecaster.set_up_).fit(None, holed.reindex(y.index))
    assert_array_equal(copied.forecast(9), forecaster.forecast(9))


def test_short_blocks_are_predicted_where_long_ones_miss_values():
    y = growing(120, by_rate=False)
    holed = y.copy()
    holed.iloc[5::10] = np.nan
    forecaster = AutoregressiveForecaster().fit(None, holed)
    # Of 6 rows in a row 6 of 10 places hold a missing one, of 4 rows 4.
    assert forecaster.horizon_ == 4
    assert np.isfinite(forecaster.forecast(12)).all()


@pytest.mark.untrained
def test_columns_of_several_short_series_are_left_to_a_network():
    X, y = campaigns(60)
    X, y = (pd.concat({"north": each, "south": each}) for each in (X, y))
    forecaster = AutoregressiveForecaster().fit(X, y)
    assert isinstance(forecaster.estimator_, GRURegressor)
    assert forecaster.horizon_ == 12


@pytest.mark.untrained
@pytest.mark.parametrize(("room", "kind"), [(1, Pipeline), (0, GRURegressor)])
def test_a_ridge_needs_room_for_columns_at_each_step(monkeypatch, room, kind):
    X, y = campaigns(60)
    # Targets, spending and twelve months at each of six steps of 60 rows.
    monkeypatch.setattr(set_up, "LARGEST_TABLE", 60 * 6 * 14 + room)
    assert isinstance(AutoregressiveForecaster().fit(X, y).estimator_, kind)


def test_a_penalty_is_chosen_from_two_windows_on():
    y = pd.Series([1.0, 2.0, 3.0])
    assert isinstance(AutoregressiveForecaster().fit(None, y).estimator_, Pipeline)
    with refusal("minimum of 2 is required by GRURegressor; pass more rows"):
        AutoregressiveForecaster().fit(None, y[:2])
