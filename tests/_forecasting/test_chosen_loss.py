"""Medians or means of the set-up that is chosen, by `loss`, and its `verbose`."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge, RidgeCV

from skrnn import AutoregressiveForecaster, GRURegressor
from tests.support.series import refusal
from tests.support.untrained import untrained


def months(n_rows):
    return pd.period_range("2001-01", periods=n_rows, freq="M")


def skewed_panel(n_series=20, n_rows=60):
    """Amounts around levels of series that stay, so that the last year is known."""
    random = np.random.default_rng(0)
    levels = np.exp(random.normal(2, 0.5, size=n_series))
    amounts = levels * random.lognormal(0, 1, size=(n_rows, n_series))
    names = [f"shop {i}" for i in range(n_series)]
    return pd.DataFrame(amounts, months(n_rows), names), levels * np.exp(0.5)


@pytest.mark.slow
def test_means_add_up_and_medians_do_not():
    y, means = skewed_panel()
    sums = {}
    for loss in ("mae", "mse"):
        forecaster = AutoregressiveForecaster(
            loss=loss, columns="series", random_state=0
        )
        forecast = forecaster.fit(None, y).forecast(12)
        sums[loss] = forecast.to_numpy().sum() / (12 * means.sum())
    assert 0.93 < sums["mse"] < 1.07
    assert sums["mae"] < 0.8  # Medians are 0.61 of the means.


@pytest.mark.untrained
def test_means_are_chosen_by_squares_without_logarithm_or_spread():
    y, _ = skewed_panel(4)
    forecaster = AutoregressiveForecaster(loss="mse", columns="series")
    compared = forecaster.fit(None, y).comparison_
    assert set(compared["log"]) == {False}
    assert set(compared["normalize"]) == {None, "last"}
    in_medians = AutoregressiveForecaster(
        columns="series", normalize=None, window=12, log=False
    )
    in_means = clone(in_medians).set_params(loss="mse")
    errors = [
        np.exp(each.fit(None, y).comparison_["error"][0])
        for each in (in_medians, in_means)
    ]
    assert errors[0] < errors[1]  # A mean size is less than the root of mean squares.


@pytest.mark.parametrize("loss", ["mae", "mse"])
def test_the_network_that_is_chosen_has_the_loss(loss):
    y, _ = skewed_panel(4)
    with untrained():
        forecaster = AutoregressiveForecaster(loss=loss, columns="series")
        forecaster.partial_fit(None, y)
    assert isinstance(forecaster.estimator_, GRURegressor)
    assert forecaster.estimator_.loss == loss
    assert forecaster.set_up_.estimator.loss == loss
    assert forecaster.set_up_.loss == "mae"


def test_means_of_a_short_series_take_no_logarithm():
    step = np.arange(60)
    y = pd.Series(np.exp(step / 20), months(60))
    medians, means = (
        AutoregressiveForecaster(loss=loss).fit(None, y) for loss in ("mae", "mse")
    )
    assert medians.set_up_.log is True
    assert means.set_up_.log is False
    assert isinstance(means.estimator_[-1], RidgeCV)
    copied = clone(means.set_up_).fit(None, y)
    assert_array_equal(copied.forecast(3), means.forecast(3))


@pytest.mark.parametrize("given", [{"loss": "mse"}, {"verbose": 1}])
def test_what_is_for_a_chosen_set_up_is_refused_beside_an_estimator(given):
    y, _ = skewed_panel(1)
    (name,) = given
    with refusal(f"{name} is for the set-up .* beside Ridge; leave {name} at"):
        AutoregressiveForecaster(Ridge(), **given).fit(None, y)
    left = AutoregressiveForecaster(Ridge(), **{name: {"loss": "mae"}.get(name, 0)})
    left.fit(None, y)


@pytest.mark.parametrize("log", [True, "log1p"])
def test_means_behind_a_logarithm_are_refused(log):
    y, _ = skewed_panel(1)
    with refusal(f"loss='mse' learns means.*Got log={log!r}; leave log at 'auto'"):
        AutoregressiveForecaster(loss="mse", log=log).fit(None, y)
    AutoregressiveForecaster(loss="mse").fit(None, y)
    AutoregressiveForecaster(loss="mae", log=log).fit(None, y)


@pytest.mark.untrained
def test_progress_is_shown_on_request(capsys):
    y, _ = skewed_panel(4)
    forecaster = AutoregressiveForecaster(columns="series")
    forecaster.fit(None, y)
    assert capsys.readouterr() == ("", "")
    forecaster.set_params(verbose=2).fit(None, y)
    shown = capsys.readouterr().out
    assert "A GRURegressor learns from the first rows, to be compared" in shown
    name = type(forecaster.estimator_).__name__
    assert f"A {name} is chosen, for windows of {forecaster.window_} rows." in shown
    assert forecaster.set_up_.verbose == 0


@pytest.mark.untrained
def test_the_network_that_is_chosen_shows_its_progress():
    y, _ = skewed_panel(4)
    forecaster = AutoregressiveForecaster(columns="series", verbose=2)
    network = forecaster.partial_fit(None, y).estimator_
    assert (network.verbose, forecaster.set_up_.estimator.verbose) == (2, 2)


def test_no_trial_is_announced_where_none_is_made(capsys):
    y = pd.Series(np.arange(60.0) % 12, months(60))
    AutoregressiveForecaster(verbose=1).fit(None, y)
    assert capsys.readouterr().out.startswith("A RidgeCV is chosen, for windows of 6")


def test_short_series_are_compared_by_the_loss():
    random = np.random.default_rng(0)
    y = pd.Series(random.lognormal(size=200), months(200))
    given = {"log": False, "normalize": "last", "window": 6, "calendar": None}
    compared = []
    with untrained():
        for loss in ("mae", "mse"):
            forecaster = AutoregressiveForecaster(loss=loss, **given).fit(None, y)
            compared.append(forecaster.comparison_["error"])
    assert (np.array(compared[0]) < compared[1]).all()
