import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster, GRURegressor
from skrnn._forecasting.series import series_from_long
from skrnn._forecasting.set_up import choose_set_up


def set_up(index, *, calibration=0, n_lost=0, **params):
    values = np.random.default_rng(0).normal(size=(len(index), 1))
    rows = series_from_long(values, np.empty((len(index), 0)), index)
    training = rows.before_last(calibration)
    return choose_set_up(AutoregressiveForecaster(**params), rows, training, n_lost)


def months(n_rows):
    return pd.period_range("2001-01", periods=n_rows, freq="M")


@pytest.mark.parametrize(
    ("n_rows", "window", "horizon"),
    [(60, 36, 12), (59, 24, 12), (47, 12, 12), (36, 12, 12), (35, 12, 1)],
)
def test_few_rows_give_windows_of_fewer_seasons(n_rows, window, horizon):
    chosen = set_up(months(n_rows))
    assert (chosen.window, chosen.horizon) == (window, horizon)
    assert chosen.estimator.segment == horizon
    assert chosen.normalize == "meanstd"


def test_too_few_rows_for_a_window_of_a_season_are_told():
    with pytest.warns(UserWarning, match="season of 12 rows: .* than 9 .* needs 36"):
        chosen = set_up(months(9))
    assert (chosen.window, chosen.horizon) == (4, 1)
    chosen = set_up(pd.RangeIndex(9))  # Which says nothing of seasons.
    assert (chosen.window, chosen.horizon) == (4, 1)


def shops(lengths):
    """Return an index of days, on the last of which all series end."""
    days = pd.date_range("2024-01-01", periods=max(lengths), freq="D")
    pairs = [(f"shop {i}", day) for i, n in enumerate(lengths) for day in days[-n:]]
    return pd.MultiIndex.from_tuples(pairs)


@pytest.mark.parametrize(
    ("lengths", "window", "horizon"),
    [
        ([200] * 6 + [3], 21, 7),  # Cannot start from any window of a season.
        ([200] * 6 + [15], 21, 7),
        ([200, 200, 14, 14, 14], 21, 7),  # Nine tenths of the rows are in the others.
        ([60] * 3 + [15] * 3, 7, 7),
        ([40] * 6, 21, 7),
        ([9] * 30 + [60] * 20, 21, 7),
    ],
)
def test_most_of_the_rows_choose_the_set_up(lengths, window, horizon):
    chosen = set_up(shops(lengths))
    assert (chosen.window, chosen.horizon) == (window, horizon)


def week_of_days(n_rows):
    days = pd.date_range("2024-01-01", periods=n_rows, freq="D")
    week = np.array([50, 60, 70, 80, 120, 200, 150.0])
    noise = np.random.default_rng(2).normal(size=n_rows)
    return pd.Series(week[np.arange(n_rows) % 7] + 5 * noise, days)


@pytest.fixture
def short_training(monkeypatch):
    """Let the default network train for one epoch, always from the same weights."""

    def network(segment):
        return GRURegressor(2, segment=segment, epochs=1, random_state=0)

    monkeypatch.setattr("skrnn._forecasting.set_up._default_network", network)


def test_a_missing_day_is_a_missing_value(short_training):
    y = week_of_days(120)
    holed = y.drop(y.index[[50, 51, 117]])
    fitted = [
        AutoregressiveForecaster().fit(None, s) for s in (holed, holed.asfreq("D"))
    ]
    for forecaster in fitted:
        assert (forecaster.window_, forecaster.horizon_) == (21, 7)
    forecasts = [forecaster.forecast(9) for forecaster in fitted]
    pd.testing.assert_series_equal(*forecasts, check_freq=False)
    forecasts = [f.forecast(9, history=holed[60:]) for f in fitted]
    pd.testing.assert_series_equal(*forecasts, check_freq=False)


def test_a_hole_that_cannot_be_filled_is_refused_by_name():
    y = week_of_days(120)
    X = pd.DataFrame({"x": np.arange(120.0)}, y.index)
    holed = y.index.delete(117)
    with pytest.raises(ValueError, match=r"window=21 .* Got 2 from 2024-04-28 .* hole"):
        AutoregressiveForecaster().fit(X.loc[holed], y[holed])
    long = y.index.delete(slice(90, 117))  # Which no window bridges.
    with pytest.raises(ValueError, match=r"window=21 .* Got 3 from 2024-04-27 .* hole"):
        AutoregressiveForecaster().fit(None, y[long])


def test_rows_held_out_or_differenced_are_not_counted():
    assert set_up(months(70), calibration=11).window == 24
    assert set_up(months(70), n_lost=13).window == 24
    assert set_up(months(70), calibration=10).window == 36


def test_what_is_given_is_left_as_it_is():
    chosen = set_up(months(60), window=10, horizon=2, normalize=None)
    assert (chosen.window, chosen.horizon, chosen.normalize) == (10, 2, None)
    assert chosen.estimator.segment == 1  # Which 12 is not, of a window of 10.
    chosen = set_up(months(60), estimator=Ridge())
    assert (chosen.window, chosen.horizon, chosen.normalize) == (10, 1, None)
    chosen = set_up(months(60), estimator=Ridge(), normalize="last")
    assert chosen.normalize == "last"


def test_default_forecaster_has_the_recommended_network():
    y = pd.Series(np.random.default_rng(0).normal(size=60), months(60))
    forecaster = AutoregressiveForecaster().fit(None, y)
    network = forecaster.estimator_
    assert isinstance(network, GRURegressor)
    assert (network.units, network.segment, network.dropout) == (32, 12, 0.2)
    assert (forecaster.window_, forecaster.horizon_) == (36, 12)
    assert forecaster.get_params()["estimator"] is None
    assert forecaster.forecast(14).shape == (14,)
    explicit = AutoregressiveForecaster(
        network.set_params(random_state=0), window=36, horizon=12, normalize="meanstd"
    )
    assert_array_equal(
        explicit.fit(None, y).forecast(14), explicit.fit(None, y).forecast(14)
    )


@pytest.mark.slow
def test_default_forecaster_beats_repeating_the_last_season():
    step = np.arange(132)
    noise = np.random.default_rng(0).normal(scale=0.3, size=132)
    wave = np.sin(2 * np.pi * step / 12) + 0.5 * np.cos(2 * np.pi * step / 6)
    y = pd.Series((1 + step / 50) * wave * 3 + step / 5 + noise, months(132))
    recommended = AutoregressiveForecaster().fit(None, y[:120]).estimator_
    network = clone(recommended).set_params(random_state=0)
    forecaster = AutoregressiveForecaster(
        network, window=36, horizon=12, normalize="meanstd"
    )
    forecast = forecaster.fit(None, y[:120]).forecast(12)
    seasonal = np.abs(y[120:].to_numpy() - y[108:120].to_numpy()).mean()
    assert np.abs(forecast - y[120:]).mean() < 0.6 * seasonal


def test_short_series_without_dates_can_be_learned():
    forecaster = AutoregressiveForecaster().fit(None, np.arange(7.0))
    assert (forecaster.window_, forecaster.horizon_) == (3, 1)
    assert_allclose(forecaster.forecast(2), [7, 8], atol=3)
