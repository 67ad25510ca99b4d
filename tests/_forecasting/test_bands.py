import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.tree import DecisionTreeRegressor

from skrnn import AutoregressiveForecaster, GRURegressor, RNNRegressor
from skrnn._forecasting import series_bands
from skrnn._forecasting.bands import effective_counts
from skrnn._forecasting.calibration import errors_of_length
from tests.support.exhaustive import first_of_many
from tests.support.series import make_daily, refusal

# --------------------------------------------------------------------------------------
# The arithmetic
# --------------------------------------------------------------------------------------


def radii(errors, coverage):
    """Radii of a series that has no errors of its own."""
    return series_bands.radii(errors, coverage, np.array([-1]))[0]


def error_quantiles(errors, quantile):
    """One quantile of a series that has no errors of its own."""
    return series_bands.error_quantiles(errors, [quantile], np.array([-1]))[0, :, 0]


def as_errors(*by_step):
    """Errors of one series, of which each origin has the same number of steps."""
    return np.array(by_step).T[None]


@pytest.mark.parametrize(("coverage", "rank"), [(0.5, 5), (0.8, 8), (0.9, 9)])
def test_first_radius_is_the_error_of_the_corrected_rank(coverage, rank):
    sizes = np.array([4.0, 9, 2, 7, 1, 8, 3, 6, 5])  # ceil((9 + 1) * coverage)
    signs = np.array([1, -1, 1, 1, -1, -1, 1, -1, 1])
    assert radii(as_errors(sizes * signs), coverage) == [rank]


def test_too_few_errors_give_no_radius():
    errors = as_errors(np.arange(9.0))
    assert np.isfinite(radii(errors, 0.9))
    assert np.isinf(radii(errors, 0.91))
    assert np.isinf(radii(errors[:, :8], 0.9))


def test_radii_never_shrink_and_keep_what_grows():
    random = np.random.default_rng(0)
    errors = random.normal(size=(4, 50, 6)) * [1, 1.2, 5, 0.1, 6, 7]
    found = radii(errors, 0.8)
    assert (np.diff(found) >= 0).all()
    grows = radii(errors[..., [0, 2]], 0.8)
    ranks = np.sort(np.abs(errors).reshape(200, 6), axis=0)[160]  # ceil(201 * 0.8)
    assert grows[0] == ranks[0]


@pytest.mark.parametrize("slope", [-1.0, 1.0])
def test_quantiles_do_not_cross_where_the_bias_grows(slope):
    levels = [0.05, 0.1, 0.4, 0.5, 0.6, 0.9, 0.95]
    bias = slope * np.arange(12)
    errors = np.random.default_rng(0).normal(size=(1, 60, 12)) + bias
    quantiles = np.array([error_quantiles(errors, level) for level in levels])
    assert (np.diff(quantiles, axis=0) > 0).all()
    assert np.abs(quantiles[3] - bias).max() < 0.6
    distances = np.abs(quantiles - quantiles[3])
    assert (np.diff(distances, axis=1) > -1e-12).all()


def test_quantiles_of_steps_without_errors_are_infinite():
    errors = np.random.default_rng(0).normal(size=(1, 60, 3))
    errors[..., 1] = np.nan
    assert_array_equal(np.isinf(error_quantiles(errors, 0.9)), [False, True, False])
    assert_array_equal(error_quantiles(errors, 0.1)[1], -np.inf)


def test_quantiles_are_those_of_signed_errors():
    errors = as_errors(np.arange(1.0, 100.0))
    assert error_quantiles(errors, 0.9) == 90
    assert error_quantiles(errors, 0.1) == 10
    assert error_quantiles(errors, 0.5) == 50
    assert_array_equal(error_quantiles(-errors, 0.9), -error_quantiles(errors, 0.1))


def test_independent_errors_count_one_by_one():
    errors = np.random.default_rng(0).normal(size=(1, 4000, 5))
    assert_allclose(effective_counts(errors), 4000, rtol=0.1)


@pytest.mark.parametrize("missing", [False, True])
def test_errors_that_share_steps_count_for_fewer(missing):
    # Sums of h independent steps from neighbouring origins: a mean over n of them
    # varies as one over n / (1 + 2 sum (1 - k / h)^2) of independent sums.
    steps, n = np.random.default_rng(0).normal(size=20_010), 20_000
    sums = [np.convolve(steps, np.ones(h), "valid")[:n] for h in (1, 2, 5, 10)]
    errors = np.full((1, n, 10), np.nan)
    errors[0][:, [0, 1, 4, 9]] = np.array(sums).T
    if missing:
        errors[0, :100] = np.nan
    found = effective_counts(errors)
    for h in (1, 2, 5, 10):
        shares = 1 - np.arange(1, h) / h
        expected = np.isfinite(errors[0, :, 0]).sum() / (1 + 2 * (shares**2).sum())
        assert_allclose(found[h - 1], expected, rtol=0.1)


def test_errors_that_share_steps_give_a_wider_band_than_their_rank():
    steps = np.random.default_rng(0).normal(size=209)
    sums = np.convolve(steps, np.ones(10), "valid")  # 200 sums of ten steps.
    errors = np.full((1, 200, 10), np.nan)
    errors[0, :, 9] = sums
    count = effective_counts(np.abs(errors))[9]
    assert 20 <= count < 100
    rank = int(np.ceil(0.8 * (1 + 1 / count) * 200))
    assert rank > np.ceil(0.8 * 201)
    assert radii(errors, 0.8)[9] == np.sort(np.abs(sums))[rank - 1]


# --------------------------------------------------------------------------------------
# Bands of forecasts
# --------------------------------------------------------------------------------------


def no_rows(n_rows):
    return np.empty((n_rows, 0))


def errors_by_hand(y, calibration, n_train):
    """Errors of each step, of a forecaster that is trained on the first rows only."""
    trained = AutoregressiveForecaster(Ridge(), window=3).fit(None, y[:n_train])
    by_step = [[] for _ in range(calibration)]
    for origin in range(n_train, len(y)):
        ahead = trained.predict(no_rows(len(y) - origin), history=y[:origin])
        for step, error in enumerate(y[origin:] - ahead):
            by_step[step].append(error)
    return by_step


def test_band_comes_from_rolling_origins_that_training_has_not_seen():
    y = np.random.default_rng(0).normal(size=100).cumsum()
    forecaster = AutoregressiveForecaster(Ridge(), window=3, calibration=30)
    band = forecaster.fit(None, y).predict_interval(no_rows(1), coverage=0.8)
    by_step = errors_by_hand(y, 30, n_train=70)
    for step, expected in enumerate(by_step):
        got = forecaster.calibration_errors_[0, :, step, 0]
        assert_allclose(got[np.isfinite(got)], expected, rtol=1e-9)
    radius = np.sort(np.abs(by_step[0]))[24]  # ceil(31 * 0.8) = 25
    middle = forecaster.predict(no_rows(1))
    assert_allclose(band, [[middle[0] - radius, middle[0] + radius]])


@pytest.mark.parametrize("horizon", [1, 4])
@pytest.mark.parametrize("with_columns", [False, True])
def test_errors_with_columns_and_blocks_are_those_of_forecasts(horizon, with_columns):
    random = np.random.default_rng(0)
    y, X = random.normal(size=60), random.normal(size=(60, 2))
    params = {"window": 3, "horizon": horizon, "exogenous": with_columns}
    forecaster = AutoregressiveForecaster(Ridge(), **params, calibration=9).fit(X, y)
    trained = AutoregressiveForecaster(Ridge(), **params).fit(X[:51], y[:51])
    for origin in range(9):
        past = slice(51 + origin)
        # Blocks that are known in part have errors of their own.
        n_ahead = 9 - origin
        n_ahead -= n_ahead % horizon if with_columns else 0
        got = forecaster.calibration_errors_[0, origin, :, 0]
        assert np.isnan(got[n_ahead:]).all()
        if n_ahead:
            ahead = slice(51 + origin, 51 + origin + n_ahead)
            predicted = trained.predict(X[ahead], history=(X[past], y[past]))
            assert_allclose(got[:n_ahead], y[ahead] - predicted, atol=1e-9)


@pytest.mark.parametrize(
    "params", [{}, {"difference": 1}, {"normalize": "last"}], ids=str
)
def test_band_of_a_short_block_has_the_errors_of_such_blocks(params):
    random = np.random.default_rng(0)
    y, X = random.normal(size=80).cumsum(), random.normal(size=(84, 2))
    params = {"window": 3, "horizon": 4, **params}
    forecaster = AutoregressiveForecaster(Ridge(), **params, calibration=20)
    forecaster.fit(X[:80], y)
    trained = AutoregressiveForecaster(Ridge(), **params).fit(X[:60], y[:60])
    for n_steps in (1, 2, 3, 5, 6, 7, 9):
        first = (n_steps - 1) // 4 * 4
        by_step = [[] for _ in range(first, n_steps)]
        for origin in range(60, 80 - n_steps + 1):
            history = X[:origin], y[:origin]
            predicted = trained.predict(X[origin : origin + n_steps], history=history)
            errors = y[origin : origin + n_steps] - predicted
            for place, error in enumerate(errors[first:]):
                by_step[place].append(error)
        found = errors_of_length(
            forecaster.calibration_errors_, forecaster._short_errors, n_steps
        )
        assert found.shape == (1, 20, n_steps, 1)
        for got, expected in zip(found[0, :, first:, 0].T, by_step, strict=True):
            # They are stored as float32.
            assert_allclose(got[np.isfinite(got)], expected, atol=1e-6)


def test_errors_of_many_series_are_pooled_in_units_of_each():
    random = np.random.default_rng(0)
    rows = random.normal(size=(60, 3)).cumsum(axis=0)
    y = pd.DataFrame(rows, columns=list("abc"))
    forecaster = AutoregressiveForecaster(
        LinearRegression(), window=3, columns="series", calibration=12
    )
    X = pd.DataFrame(index=range(60, 63))
    band = forecaster.fit(None, y).predict_interval(X, 0.8)
    larger = y * [1, 1000, 1] + [0, 5, -7]
    other = forecaster.fit(None, larger).predict_interval(X, 0.8)
    assert_allclose(other["b"], band["b"] * 1000 + 5, rtol=1e-6)
    assert_allclose(other["c"], band["c"] - 7, rtol=1e-6)
    assert forecaster.calibration_errors_.shape == (3, 12, 12, 1)


def test_band_of_logarithms_is_a_factor():
    random = np.random.default_rng(0)
    y = np.exp(1 + 0.1 * random.normal(size=80).cumsum())
    forecaster = AutoregressiveForecaster(Ridge(), log=True, calibration=30)
    band = forecaster.fit(None, y).predict_interval(no_rows(3))
    middle = forecaster.predict(no_rows(3))
    assert_allclose(band[:, 1] / middle, middle / band[:, 0])
    assert (band > 0).all()


def test_bands_have_the_form_of_y():
    X, y = make_daily()
    both = pd.DataFrame({"load": y, "price": y.cumsum()})
    forecaster = AutoregressiveForecaster(Ridge(), window=3, calibration=20)
    one = forecaster.fit(X[:50], y[:50]).predict_interval(X[50:53])
    assert list(one.columns) == ["lower", "upper"]
    assert one.index.equals(X.index[50:53])
    quantiles = forecaster.predict_quantiles(X[50:53], [0.2, 0.5])
    assert list(quantiles.columns) == [0.2, 0.5]
    two = forecaster.fit(X[:50], both[:50]).predict_interval(X[50:53])
    assert two["price"].columns.to_list() == ["lower", "upper"]
    arrays = forecaster.fit(X[:50].to_numpy(), both[:50].to_numpy())
    assert arrays.predict_interval(X[50:53].to_numpy()).shape == (3, 2, 2)
    assert arrays.predict_quantiles(X[50:53].to_numpy(), 0.5).shape == (3, 2, 1)


def test_band_of_a_row_does_not_depend_on_the_rows_asked_for():
    y = np.random.default_rng(0).normal(size=120).cumsum()
    forecaster = AutoregressiveForecaster(Ridge(), calibration=40).fit(None, y)
    many = forecaster.predict_interval(no_rows(10))
    assert_allclose(forecaster.predict_interval(no_rows(2)), many[:2])


@pytest.mark.untrained
def test_network_is_calibrated_on_its_own_forecasts():
    y = np.random.default_rng(0).normal(size=80)
    network = RNNRegressor(2, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(network, window=4, calibration=15)
    forecaster.fit(None, y)
    first = forecaster.calibration_errors_[0, 0, :, 0]
    ahead = forecaster.predict(no_rows(15), history=y[:65])
    assert_allclose(first, y[65:] - ahead, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["predict_interval", "predict_quantiles"])
def test_bands_without_calibration_are_refused(method):
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, np.arange(30.0))
    args = () if method == "predict_interval" else ([0.5],)
    with refusal("Got calibration=0; set calibration to the number of last rows"):
        getattr(forecaster, method)(no_rows(3), *args)


def test_steps_beyond_the_errors_are_refused():
    y = np.random.default_rng(0).normal(size=80)
    forecaster = AutoregressiveForecaster(Ridge(), calibration=20).fit(None, y)
    forecaster.predict_interval(no_rows(12))  # 20 - 11 = 9 errors at step 12.
    with refusal("enough errors for 12 steps .* Got 13 rows .*raise calibration"):
        forecaster.predict_interval(no_rows(13))
    with refusal("'?coverage'? == 1"):
        forecaster.predict_interval(no_rows(3), coverage=1)
    with refusal("above 0 and below 1"):
        forecaster.predict_quantiles(no_rows(3), [0.5, 1.0])
    with refusal("need 11 rows without a hole before the last 75, held out"):
        AutoregressiveForecaster(Ridge(), calibration=75).fit(None, y)


# --------------------------------------------------------------------------------------
# Coverage, where it is known
# --------------------------------------------------------------------------------------


def autoregression(random, n_rows, noise):
    y = np.zeros(n_rows)
    shocks = noise(random, n_rows)
    for t in range(1, n_rows):
        y[t] = 0.8 * y[t - 1] + shocks[t]
    return y


class LeastSquares(RegressorMixin, BaseEstimator):
    """A line without scikit-learn's checks, which cost most in thousands of fits."""

    def fit(self, X, y):
        self.coef_ = np.linalg.lstsq(np.c_[X, np.ones(len(X))], y, rcond=None)[0]
        return self

    def predict(self, X):
        return X @ self.coef_[:-1] + self.coef_[-1]


class Repeat(LeastSquares):
    """The last value, which forgets that the series comes back to its mean."""

    def predict(self, X):
        return X[:, -1]


def normal(random, size):
    return random.normal(size=size)


def season(random, n_rows):
    return 5 * np.sin(2 * np.pi * np.arange(n_rows) / 12) + normal(random, n_rows)


SIMULATIONS = {
    "AR(1)": (
        lambda random, n: autoregression(random, n, normal),
        {"estimator": LeastSquares(), "window": 2},
    ),
    "seasonal": (season, {"estimator": LeastSquares(), "window": 12}),
    "a poor forecaster": (
        lambda random, n: autoregression(random, n, normal),
        {"estimator": Repeat(), "window": 1},
    ),
}
N_STEPS = 6
N_REPETITIONS = 200


def covered(name, coverage, n_rows=300):
    """Share of truths in the band, by step, over simulations."""
    simulate, params = SIMULATIONS[name]
    inside = np.zeros(N_STEPS)
    for repetition in range(N_REPETITIONS):
        y = simulate(np.random.default_rng(repetition), n_rows + N_STEPS)
        forecaster = AutoregressiveForecaster(**params, calibration=100)
        forecaster.fit(None, y[:n_rows])
        band = forecaster.predict_interval(no_rows(N_STEPS), coverage)
        inside += (band[:, 0] <= y[n_rows:]) & (y[n_rows:] <= band[:, 1])
    return inside / N_REPETITIONS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "coverage"),
    first_of_many([*((name, 0.9) for name in SIMULATIONS), ("AR(1)", 0.7)]),
)
def test_band_holds_the_share_it_promises_at_each_step(name, coverage):
    found = covered(name, coverage)
    assert abs(found.mean() - coverage) < 0.03
    # At a single step three points, and twice what chance does to so many draws.
    chance = 2 * (coverage * (1 - coverage) / N_REPETITIONS) ** 0.5
    assert (np.abs(found - coverage) < 0.03 + chance).all()


def test_a_tree_is_calibrated_with_holes_in_y():
    y = np.random.default_rng(0).normal(size=150)
    y[[20, 100, 130]] = np.nan
    forecaster = AutoregressiveForecaster(
        DecisionTreeRegressor(max_depth=3, random_state=0), window=3, calibration=40
    )
    forecaster.fit(None, y)
    numbers = np.isfinite(forecaster.calibration_errors_[0, :, :, 0]).sum(axis=0)
    assert numbers[0] == 39  # One of the last 40 rows was not observed.
    assert np.isfinite(forecaster.predict_interval(no_rows(5))).all()


def announced(n_rows):
    """A series that falls before what is known of two rows ahead."""
    random = np.random.default_rng(0)
    known = random.integers(0, 2, n_rows + 2) * 1.0
    y, noise = np.zeros(n_rows), random.normal(size=n_rows)
    for t in range(1, n_rows):
        y[t] = 0.5 * y[t - 1] + 3 * (known[t] - known[t + 1] - known[t + 2]) + noise[t]
    return known[:n_rows, None], y


def test_band_holds_its_share_in_blocks_that_are_known_in_part():
    X, y = announced(900)
    forecaster = AutoregressiveForecaster(
        LeastSquares(), window=4, horizon=4, calibration=80
    )
    forecaster.fit(X[:500], y[:500])
    for n_steps in (1, 2, 6):
        inside = []
        for t in range(500, 890, 4):
            history, rows = (X[:t], y[:t]), slice(t, t + n_steps)
            band = forecaster.predict_interval(X[rows], history=history)
            inside.append((band[:, 0] <= y[rows]) & (y[rows] <= band[:, 1]))
        covered = np.mean(inside, axis=0)
        # Twice what chance does to 80 errors and 98 forecasts.
        assert (np.abs(covered - 0.9) < 0.09).all(), (n_steps, covered)


@pytest.mark.slow
def test_width_follows_the_situation_and_coverage_holds():
    random, hours = np.random.RandomState(0), np.arange(1600)
    wild = hours % 24 >= 12
    y = 3 * np.sin(hours * np.pi / 12) + np.where(wild, 1.5, 0.3) * random.normal(
        size=1600
    )
    # Too few epochs to be right, so that the calibration has something to repair.
    network = GRURegressor(
        8, quantiles=(0.2, 0.5, 0.8), epochs=8, learning_rate=0.01, random_state=0
    )
    model = AutoregressiveForecaster(network, window=24, horizon=4, calibration=300)
    model.fit(None, y[:1000])
    bands = {
        n: model.predict_interval(np.empty((4, 0)), 0.8, history=y[:n])
        for n in range(1000, 1590, 3)
    }
    rows = np.array([range(n, n + 4) for n in bands])
    lower, upper = np.moveaxis(np.array(list(bands.values())), -1, 0)
    inside, width = (lower <= y[rows]) & (y[rows] <= upper), upper - lower
    assert abs(inside.mean() - 0.8) < 0.05
    assert width[wild[rows]].mean() > 2 * width[~wild[rows]].mean()


def test_bands_of_a_number_of_rows_are_those_of_the_rows():
    days = pd.date_range("2025-01-01", periods=80, name="day")
    y = pd.Series(np.random.default_rng(0).normal(size=80), days, name="load")
    fitted = AutoregressiveForecaster(Ridge(), window=2, calibration=40).fit(None, y)
    ahead = pd.DataFrame(index=fitted.forecast(5).index)
    pd.testing.assert_frame_equal(
        fitted.predict_interval(5), fitted.predict_interval(ahead)
    )
    pd.testing.assert_frame_equal(
        fitted.predict_quantiles(5, [0.2]), fitted.predict_quantiles(ahead, [0.2])
    )
    with pytest.raises(TypeError, match=r"use forecast\(5\)"):
        fitted.predict(5)


def test_columns_of_several_levels_keep_them_in_bands():
    random = np.random.default_rng(0)
    columns = pd.MultiIndex.from_product([["north", "south"], ["a", "b"]])
    y = pd.DataFrame(random.normal(size=(80, 4)), columns=columns)
    forecaster = AutoregressiveForecaster(Ridge(), columns="series", calibration=40)
    band = forecaster.fit(None, y).predict_interval(3)
    assert band["north"]["b"].columns.tolist() == ["lower", "upper"]
    assert (band["north"]["b"]["lower"] < band["north"]["b"]["upper"]).all()
