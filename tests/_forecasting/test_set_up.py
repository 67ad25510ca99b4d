import pickle
from html import unescape

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.impute import KNNImputer
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import AutoregressiveForecaster, GRURegressor
from skrnn._estimators.inside import last_step
from skrnn._forecasting.default_network import default_network
from skrnn._forecasting.series import series_from_long
from skrnn._forecasting.set_up import choose_set_up
from skrnn._forecasting.trial import Trial
from tests.support.untrained import untrained


def set_up(index, values=None, *, method="partial_fit", **params):
    """Choose a set-up; before `partial_fit` no network is tried."""
    if values is None:
        values = np.random.default_rng(0).normal(size=len(index))
    known = np.empty((len(index), 0))
    rows = series_from_long(np.reshape(values, (-1, 1)), known, index)
    forecaster = AutoregressiveForecaster(**params)
    return choose_set_up(forecaster, rows, rows, (), method)


def in_use(chosen):
    plan = chosen.plan
    return plan.window, plan.horizon, plan.differencing.log, plan.mode


def months(n_rows):
    return pd.period_range("2001-01", periods=n_rows, freq="M")


def test_too_few_rows_for_a_window_of_a_season_are_told():
    with pytest.warns(UserWarning, match="season of 12 rows: .* than 9 .* needs 36"):
        chosen = set_up(months(9))
    assert in_use(chosen)[:2] == (4, 1)
    with pytest.warns(UserWarning, match="season of 12 rows: .* than 24 .* needs 25"):
        chosen = set_up(months(24), method="fit")
    assert in_use(chosen)[:2] == (11, 1)
    assert chosen.plan.calendar is None  # Which would show each month twice at most.
    chosen = set_up(pd.RangeIndex(9))  # Which says nothing of seasons.
    assert in_use(chosen)[:2] == (4, 1)


def week_of_days(n_rows):
    days = pd.date_range("2024-01-01", periods=n_rows, freq="D")
    week = np.array([50, 60, 70, 80, 120, 200, 150.0])
    noise = np.random.default_rng(2).normal(size=n_rows)
    return pd.Series(week[np.arange(n_rows) % 7] + 5 * noise, days)


@pytest.fixture
def no_training(monkeypatch):
    """Let the default network be small, and keep the same weights without training."""

    def network(segment, n_samples, **settings):
        return GRURegressor(2, segment=segment, epochs=1, random_state=0)

    monkeypatch.setattr("skrnn._forecasting.set_up.default_network", network)
    with untrained():
        yield


def test_a_missing_day_is_a_missing_value(no_training):
    y = week_of_days(120)
    holed = y.drop(y.index[[50, 51, 117]])
    fitted = [
        AutoregressiveForecaster().fit(None, s) for s in (holed, holed.asfreq("D"))
    ]
    windows = {forecaster.window_ for forecaster in fitted}
    assert windows <= {7, 14, 21}
    assert {forecaster.horizon_ for forecaster in fitted} == {7}
    forecasts = [forecaster.forecast(9) for forecaster in fitted]
    pd.testing.assert_series_equal(*forecasts, check_freq=False)
    forecasts = [f.forecast(9, history=holed[60:]) for f in fitted]
    pd.testing.assert_series_equal(*forecasts, check_freq=False)


def test_a_hole_that_cannot_be_filled_is_refused_by_name():
    y = week_of_days(120)
    X = pd.DataFrame({"x": np.arange(120.0)}, y.index)
    holed = y.index.delete(117)
    with pytest.raises(ValueError, match=r"window=7 .* Got 2 from 2024-04-28 .* hole"):
        AutoregressiveForecaster(calendar=None).fit(X.loc[holed], y[holed])
    long = y.index.delete(slice(90, 117))  # Which no window bridges.
    with pytest.raises(ValueError, match=r"window=7 .* Got 3 from 2024-04-27 .* hole"):
        AutoregressiveForecaster(calendar=None).fit(None, y[long])


def test_what_is_given_is_left_as_it_is():
    given = {"window": 10, "horizon": 2, "normalize": None, "log": False}
    chosen = set_up(months(60), **given)
    assert in_use(chosen) == (10, 2, False, None)
    assert chosen.estimator.segment == 1  # Which 12 is not, of a window of 10.
    assert in_use(set_up(months(60), estimator=Ridge())) == (10, 1, False, None)
    chosen = set_up(months(60), estimator=Ridge(), normalize="last")
    assert in_use(chosen) == (10, 1, False, "last")


@pytest.mark.parametrize(
    ("name", "given", "column"),
    [("log", False, "log"), ("normalize", "last", "normalize"), ("window", 24, None)],
)
def test_each_choice_can_be_fixed_alone(name, given, column):
    values = 5 + np.abs(np.random.default_rng(0).normal(size=90))
    compared = set_up(months(90), values, **{name: given}).compared
    assert set(compared[column or name]) == {given}
    free = {"log": {False, True}, "normalize": {"last", "meanstd"}}
    for other in free.keys() - {name}:
        assert set(compared[other]) == free[other]


def test_logarithms_need_values_above_0():
    values = np.arange(90.0)
    assert set(set_up(months(90), values).compared["log"]) == {False}
    assert set(set_up(months(90), values + 1).compared["log"]) == {False, True}


@pytest.mark.parametrize(
    ("freq", "season", "horizon"),
    [("h", 24, 24), ("30min", 48, 24), ("D", 7, 7), ("MS", 12, 12), ("W", 52, 13)],
)
def test_a_horizon_is_a_season_or_a_part_of_one(freq, season, horizon):
    index = pd.date_range("2010-01-03", periods=6 * season, freq=freq)
    chosen = set_up(index, log=False, normalize="meanstd")
    assert chosen.plan.horizon == chosen.estimator.segment == horizon
    assert chosen.plan.window % season == 0


def test_rows_held_out_for_calibration_choose_nothing(no_training):
    y = week_of_days(250)
    changed = y.copy()
    changed.iloc[-40:] = np.exp(changed.iloc[-40:] / 20)
    forecaster = AutoregressiveForecaster(calibration=40)
    fitted = [clone(forecaster).fit(None, s) for s in (y, changed)]
    assert_allclose(*(each.comparison_["error"] for each in fitted), rtol=1e-6)
    assert str(fitted[0].set_up_) == str(fitted[1].set_up_)


def test_the_choice_is_shown_as_a_forecaster_to_copy(no_training):
    y = week_of_days(200)
    forecaster = AutoregressiveForecaster(columns="series", calibration=3)
    forecaster.fit(None, y.to_frame())
    shown = forecaster.set_up_
    assert shown.get_params()["calibration"] == 3
    assert shown.columns == "series"
    assert (shown.window, shown.horizon) == (forecaster.window_, forecaster.horizon_)
    assert f"window={forecaster.window_}" in str(shown)
    drawing = forecaster._repr_html_()
    assert f"window={forecaster.window_}" in drawing
    assert f"normalize={forecaster.set_up_.normalize!r}" in unescape(drawing)
    assert "window=" not in clone(forecaster)._repr_html_()
    again = shown.fit(None, y.to_frame())
    assert_array_equal(again.forecast(9), forecaster.forecast(9))
    assert not hasattr(again, "set_up_")  # Nothing was left to choose.
    restored = pickle.loads(pickle.dumps(forecaster))
    assert str(restored.set_up_) == str(forecaster.set_up_)
    assert restored.comparison_ == forecaster.comparison_


class Stub(GRURegressor):
    """A network that predicts zeros, or ten, on the scale of windows."""

    value = 0.0

    def fit(self, X, y):
        self.n_targets_ = np.shape(y)[1]
        return self

    def predict(self, X):
        return np.full((len(X), self.n_targets_), self.value)


@pytest.mark.parametrize("kind", ["fit", "partial_fit"])
def test_a_network_worse_than_a_ridge_is_not_taken(monkeypatch, kind):
    network = Stub(epochs=1, batch_size=1)
    monkeypatch.setattr(
        "skrnn._forecasting.set_up.default_network", lambda *_, **__: network
    )
    y = week_of_days(150)
    chosen = set_up(y.index, y, method=kind)
    names, errors = chosen.compared["estimator"], chosen.compared["error"]
    if kind == "partial_fit":  # Which a ridge does not have.
        assert chosen.estimator is network
        assert "GRURegressor" not in names
    else:
        assert isinstance(chosen.estimator[-1], RidgeCV)
        assert names[-1] == "GRURegressor"
        assert errors[-1] > min(errors) + 0.1


@pytest.mark.parametrize(
    ("n_rows", "lead", "taken"),
    [
        (150, 0.01, RidgeCV),
        (150, 0.2, GRURegressor),
        (3000, -0.01, GRURegressor),
        (3000, -0.2, Ridge),
    ],
)
def test_a_ridge_stays_on_a_short_series_and_a_network_on_a_long_one(
    monkeypatch, n_rows, lead, taken
):
    errors_of = Trial.error_of

    def error_of(trial, plan, estimator):
        """Let the network be better than the best ridge by a lead."""
        if isinstance(estimator, GRURegressor):
            return min(errors) - lead
        errors.append(errors_of(trial, plan, estimator))
        return errors[-1]

    def linear_error(trial, plan, estimator):
        errors.append(errors_of(trial, plan, clone(estimator)))
        return errors[-1]

    errors = []
    monkeypatch.setattr(Trial, "error_of", error_of)
    monkeypatch.setattr(Trial, "linear_error", linear_error)
    y = np.random.default_rng(0).normal(size=n_rows)
    chosen = set_up(pd.RangeIndex(n_rows), y, method="fit")
    assert isinstance(last_step(chosen.estimator), taken)


def test_a_network_is_taken_where_a_long_series_misses_values(no_training):
    y = week_of_days(1100)
    y.iloc[20] = np.nan  # Which a plain ridge does not take.
    chosen = set_up(y.index, y, method="fit")
    assert isinstance(chosen.estimator, GRURegressor)


def test_series_that_may_start_cold_get_a_network(no_training):
    y = week_of_days(150)
    forecaster = AutoregressiveForecaster(cold_start=True).fit(None, y)
    assert isinstance(forecaster.estimator_, GRURegressor)
    assert forecaster.forecast(3, history=y[-2:]).shape == (3,)


def short_series(random):
    """Return five years of months with a trend, a season and noise, all of any size."""
    step = np.arange(60)
    season = random.normal(size=12)[step % 12]
    noise = random.choice([0.1, 1.0]) * random.normal(size=60)
    walk = random.choice([0.0, 0.5]) * random.normal(size=60).cumsum()
    values = 50 + random.choice([0.0, 0.2]) * step + season + noise + walk
    return pd.Series(values, months(60))


def test_short_seasonal_series_are_forecast_better_than_by_the_last_season(
    no_training,
):
    random, errors = np.random.default_rng(0), []
    for _ in range(12):
        y = short_series(random)
        past, truth = y[:48], y[48:].to_numpy()
        forecast = AutoregressiveForecaster().fit(None, past).forecast(12)
        differences = truth - forecast.to_numpy(), truth - past[-12:].to_numpy()
        errors.append([np.abs(each).mean() for each in differences])
    ours, seasonal = np.transpose(errors)
    assert ours.mean() < 0.9 * seasonal.mean()


def test_with_few_rows_nothing_is_compared(no_training):
    y = week_of_days(150)
    for n_rows, is_compared in ((149, False), (150, True)):
        chosen = set_up(y.index[:n_rows], y[:n_rows], method="fit", log=False)
        assert np.isnan(chosen.compared["error"][0]) != is_compared
        assert in_use(chosen) == (14, 7, False, "last")
        assert chosen.plan.calendar.parts == ["weekday"]
        assert isinstance(chosen.estimator[-1], RidgeCV)
        assert ("GRURegressor" in chosen.compared["estimator"]) == is_compared


def test_a_set_up_with_a_ridge_is_a_line_to_copy(no_training):
    y = short_series(np.random.default_rng(0))
    forecaster = AutoregressiveForecaster().fit(None, y)
    shown = forecaster.set_up_
    assert isinstance(shown.estimator[-1], RidgeCV)
    assert (shown.window, shown.normalize, shown.calendar) == (6, "last", ("month",))
    namespace = {
        each.__name__: each
        for each in (
            AutoregressiveForecaster,
            KNNImputer,
            Pipeline,
            RidgeCV,
            StandardScaler,
        )
    }
    copied = eval(str(shown), namespace)
    assert_array_equal(copied.fit(None, y).forecast(5), forecaster.forecast(5))


def test_networks_suit_the_number_of_windows():
    sizes = 500, 5_000, 25_000
    networks = [set_up(pd.RangeIndex(n)).estimator for n in sizes]
    assert [each.units for each in networks] == [32, 32, 64]
    assert [each.dropout for each in networks] == [0.2, 0.2, 0.0]
    assert [each.epochs for each in networks] == [100, "auto", "auto"]
    assert [each.linear_path for each in networks] == [False, True, True]


def test_networks_of_several_short_series_start_as_a_ridge_and_stay_near_it():
    panel = pd.MultiIndex.from_product([["north", "south"], months(60)])
    networks = [set_up(index).estimator for index in (months(60), panel)]
    assert [each.linear_path for each in networks] == [False, True]
    assert [each.epochs for each in networks] == [100, 20]


def test_windows_too_long_for_a_ridge_are_not_compared():
    minutes = pd.date_range("2024-01-01", periods=8000, freq="min")
    chosen = set_up(minutes, method="fit")
    assert chosen.plan.window == 3 * 1440
    assert np.isnan(chosen.compared["error"][0])
    assert not chosen.estimator.linear_path


@pytest.mark.untrained
def test_default_forecaster_has_the_recommended_network():
    y = pd.Series(np.random.default_rng(0).normal(size=60), months(60))
    forecaster = AutoregressiveForecaster(window=36, normalize="meanstd")
    network = forecaster.partial_fit(None, y).estimator_
    assert isinstance(network, GRURegressor)
    assert (network.units, network.segment, network.dropout) == (32, 12, 0.2)
    assert (forecaster.window_, forecaster.horizon_) == (36, 12)
    assert forecaster.get_params()["estimator"] is None
    assert forecaster.forecast(14).shape == (14,)


@pytest.mark.slow
def test_default_set_up_of_a_panel_follows_its_weeks():
    weeks = [week_of_days(90) * 3.0**i for i in range(-15, 15, 2)]
    y = pd.DataFrame({f"shop {i}": each for i, each in enumerate(weeks)})
    forecaster = AutoregressiveForecaster(columns="series", random_state=0)
    forecaster.fit(None, y[:76])
    assert forecaster.window_ % 7 == 0
    network = default_network(7, 2_000, linear_path=True)
    assert network.linear_path  # What is tried, whatever is taken.
    errors = np.abs(forecaster.forecast(14) - y[76:]).mean() / y.mean()
    assert errors.max() < 0.15
    again = clone(forecaster.set_up_).fit(None, y[:76])
    pd.testing.assert_frame_equal(again.forecast(3), forecaster.forecast(3))


@pytest.mark.slow
def test_default_forecaster_beats_repeating_the_last_season():
    step = np.arange(132)
    noise = np.random.default_rng(0).normal(scale=0.3, size=132)
    wave = np.sin(2 * np.pi * step / 12) + 0.5 * np.cos(2 * np.pi * step / 6)
    y = pd.Series((1 + step / 50) * wave * 3 + step / 5 + noise, months(132))
    forecaster = AutoregressiveForecaster()
    forecast = forecaster.fit(None, y[:120]).forecast(12)
    seasonal = np.abs(y[120:].to_numpy() - y[108:120].to_numpy()).mean()
    assert np.abs(forecast - y[120:]).mean() < 0.6 * seasonal


def test_short_series_without_dates_can_be_learned():
    forecaster = AutoregressiveForecaster().fit(None, np.arange(7.0))
    assert (forecaster.window_, forecaster.horizon_) == (3, 1)
    assert_allclose(forecaster.forecast(2), [7, 8], atol=3)
