import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from skrnn import AutoregressiveForecaster, GRURegressor

pytestmark = pytest.mark.untrained

LEVELS = (0.1, 0.5, 0.8)
RNG = np.random.RandomState(0)
Y = np.exp(np.sin(np.arange(80) / 3) + 0.3 * RNG.normal(size=80))
AHEAD = np.empty((2, 0))
DAYS = pd.date_range("2025-01-01", periods=80, freq="D")


def gru(**parameters):
    settings = {"epochs": 1, "learning_rate": 0.05, "random_state": 0}
    return GRURegressor(2, quantiles=LEVELS, **settings | parameters)


def forecaster(estimator=None, **parameters):
    settings = {"window": 4, "horizon": 2, **parameters}
    return AutoregressiveForecaster(estimator or gru(), **settings)


def by_hand(model, past, log):
    """Quantiles of the block after some rows that are normalised by the last one."""
    past = np.log(past) if log else past
    window = past[-4:] - past[-1]
    block = model.estimator_.predict_quantiles(window.reshape(1, 4, 1))[0] + past[-1]
    return np.exp(block) if log else block


@pytest.mark.parametrize("log", [False, True])
def test_without_calibration_quantiles_are_those_of_the_network(log):
    model = forecaster(log=log, normalize="last").fit(None, Y)
    expected = by_hand(model, Y, log)
    got = model.predict_quantiles(AHEAD, [0.8, 0.1, 0.5])
    assert_allclose(got, expected[:, [2, 0, 1]])
    assert_allclose(model.predict(AHEAD), expected[:, 1])
    assert_allclose(model.predict_interval(AHEAD, 0.6)[:, 1], expected[:, 2])


def held_out(model, calibration):
    """Quantiles of the first rows after origins among the last ones, and what came."""
    origins = range(len(Y) - calibration, len(Y))
    return np.array([by_hand(model, Y[:n], False)[0] for n in origins]), Y[origins]


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_intervals_are_those_of_conformalised_quantile_regression(coverage):
    # Of both the outermost levels, 0.1 and 0.8, are corrected.
    model = forecaster(normalize="last", calibration=19).fit(None, Y)
    values, came = held_out(model, 19)
    outside = np.maximum(values[:, 0] - came, came - values[:, 2])
    distance = np.sort(outside)[int(np.ceil(20 * coverage)) - 1]
    lower, _, upper = by_hand(model, Y, False)[0]
    got = model.predict_interval(AHEAD, coverage)[0]
    assert_allclose(got, [lower - distance, upper + distance], rtol=1e-5)


def test_quantiles_move_by_the_quantiles_of_their_errors():
    model = forecaster(normalize="last", calibration=19).fit(None, Y)
    values, came = held_out(model, 19)
    errors = np.sort(came[:, None] - values, axis=0)
    # Of 19 errors the ranks are 20 times the level.
    moved = [errors[1, 0], errors[9, 1], errors[15, 2]]
    expected = by_hand(model, Y, False)[0] + moved
    got = model.predict_quantiles(AHEAD, LEVELS)[0]
    assert_allclose(got, np.sort(expected), rtol=1e-5)


@pytest.mark.parametrize("calibration", [0, 30])
def test_bands_do_not_cross(calibration):
    model = forecaster(calibration=calibration, columns="series")
    wide = pd.DataFrame({"a": Y, "b": RNG.normal(size=80)}, DAYS)
    ahead = pd.DataFrame(index=pd.date_range("2025-03-22", periods=2))
    model.fit(None, wide)
    levels = np.linspace(0.1, 0.8, 15)
    values = model.predict_quantiles(ahead, levels).to_numpy().reshape(2, 2, 15)
    assert (np.diff(values, axis=-1) >= 0).all()
    ends = model.predict_interval(ahead, 0.2).to_numpy().reshape(2, 2, 2)
    assert (np.diff(ends, axis=-1) >= 0).all()


def panel():
    places = np.repeat(["north", "south"], 80)
    index = pd.MultiIndex.from_arrays([places, [*DAYS] * 2], names=["place", "day"])
    X = pd.DataFrame({"weekend": index.get_level_values("day").day_of_week > 4}, index)
    return X.astype(float), pd.Series(np.r_[Y, 100 * Y], index, name="sales")


def test_series_of_a_panel_have_bands_in_their_own_units():
    X, y = panel()
    seen = X.index.get_level_values("day") < DAYS[78]
    model = forecaster(calibration=20).fit(X[seen], y[seen])
    band = model.predict_interval(X[~seen], 0.6)
    assert_array_equal(band.columns, ["lower", "upper"])
    assert band.index.equals(X[~seen].index)
    widths = (band["upper"] - band["lower"]).to_numpy()
    assert_allclose(widths[2:] / widths[:2], 100, rtol=0.2)


def test_blocks_that_are_known_in_part_have_errors_of_their_own():
    X, y = panel()
    X, y = X.loc["north"], y.loc["north"]
    model = forecaster(calibration=30).fit(X[:70], y[:70])
    errors = model._level_errors
    assert errors.shape == (2, 1, 30, 2, 1, 3)
    # Where one row is known, the second one has no errors.
    assert np.isnan(errors[0, :, :, 1]).all()
    assert np.isfinite(errors[0, :, :, 0]).all()
    assert np.isfinite(errors[1, :, :-1]).all()
    for n_rows in (1, 2):
        assert len(model.predict_interval(X[70 : 70 + n_rows], 0.6)) == n_rows


@pytest.mark.parametrize("calibration", [0, 20])
def test_quantiles_are_not_fed_back(calibration):
    model = forecaster(calibration=calibration).fit(None, Y)
    for predict in (
        lambda X: model.predict_interval(X, 0.6),
        lambda X: model.predict_quantiles(X, 0.5),
    ):
        with pytest.raises(ValueError, match=r"0\.1, 0\.5, 0\.8.*fit with horizon=3"):
            predict(np.empty((3, 0)))
    # The ways out.
    longer = forecaster(horizon=3, calibration=calibration).fit(None, Y)
    assert longer.predict_interval(np.empty((3, 0)), 0.6).shape == (3, 2)
    plain = forecaster(gru().set_params(quantiles=None), calibration=20).fit(None, Y)
    assert plain.predict_interval(np.empty((3, 0)), 0.6).shape == (3, 2)


def test_quantiles_of_differences_are_not_added_up():
    model = forecaster(difference=1).fit(None, Y)
    with pytest.raises(ValueError, match="set difference=0, with normalize='last'"):
        model.predict_interval(AHEAD, 0.6)
    assert model.predict_interval(AHEAD[:1], 0.6).shape == (1, 2)
    seasonal = forecaster(difference=[7]).fit(None, Y)
    windows = (Y[7:] - Y[:-7])[-4:].reshape(1, 4, 1)
    expected = seasonal.estimator_.predict_quantiles(windows)[0] + Y[-7:-5, None]
    assert_allclose(seasonal.predict_quantiles(AHEAD, LEVELS), expected)


def test_levels_beyond_those_learned_are_refused_unless_calibrated():
    model = forecaster().fit(None, Y)
    for predict in (
        lambda: model.predict_interval(AHEAD),
        lambda: model.predict_quantiles(AHEAD, 0.9),
    ):
        with pytest.raises(ValueError, match=r"quantiles 0\.1, 0\.5, 0\.8\. Got"):
            predict()
    calibrated = forecaster(calibration=20).fit(None, Y)
    narrow, wide = (calibrated.predict_interval(AHEAD, c) for c in (0.6, 0.9))
    assert (np.diff(wide) > np.diff(narrow)).all()


def test_the_network_is_found_in_a_search():
    search = GridSearchCV(gru(), {"units": [2]}, cv=2)
    plain = forecaster().fit(None, Y).predict_quantiles(AHEAD, LEVELS)
    assert_allclose(
        forecaster(search).fit(None, Y).predict_quantiles(AHEAD, LEVELS), plain
    )


@pytest.mark.parametrize(
    "estimator", [Ridge(), TransformedTargetRegressor(gru())], ids=["ridge", "wrapped"]
)
def test_other_estimators_have_bands_by_their_errors(estimator):
    model = forecaster(estimator, calibration=20).fit(None, Y)
    assert model._level_errors is None
    band = model.predict_interval(np.empty((4, 0)), 0.6)
    assert_allclose(band.mean(axis=1), model.predict(np.empty((4, 0))))
