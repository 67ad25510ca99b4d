import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import AutoregressiveForecaster, GRURegressor, backtest, error_by_step
from tests.support.networks import STILL

DAYS = pd.date_range("2024-01-01", periods=60, name="day")
LEVELS = [0.1, 0.5, 0.9]


def gru(distribution, **settings):
    settings = {"units": 2, "random_state": 0, **STILL} | settings
    return GRURegressor(distribution=distribution, **settings)


def autoregression(n_rows=2000, phi=0.8, size=0.7):
    random, y = np.random.RandomState(0), [0.0]
    for noise in size * random.normal(size=n_rows - 1):
        y.append(2 + phi * y[-1] + noise)
    return np.array(y)


def sales(levels=(1.0, 100.0)):
    """Counts of two shops, of very different size."""
    random = np.random.RandomState(0)
    shops = pd.MultiIndex.from_product([["small", "large"], DAYS], names=["shop", "d"])
    rates = np.repeat(levels, len(DAYS))
    return pd.Series(random.negative_binomial(2, 2 / (2 + rates)), shops, name="sold")


def test_paths_of_an_autoregression_have_the_variance_of_its_equation():
    # The network gives nothing but its linear path, a ridge, and constant deviation.
    network = gru("normal", linear_path=True)
    forecaster = AutoregressiveForecaster(network, window=1).fit(None, autoregression())
    predict = forecaster.estimator_.predict_distribution
    low, high = predict(np.array([[[0.0]], [[1.0]]])).mean()
    size, phi = predict(np.zeros((1, 1, 1))).std(), high - low
    paths = forecaster.sample_paths(8, 20000, random_state=0)
    steps = np.arange(1, 9)
    variance = size**2 * (1 - phi ** (2 * steps)) / (1 - phi**2)
    assert_allclose(paths.var(axis=1), variance, rtol=0.04)
    # Of a linear process the mean of the paths is the forecast of the means.
    assert_allclose(paths.mean(axis=1), forecaster.forecast(8), atol=0.04)
    # And all is normal, so that bands from paths are known, too.
    score = stats.norm.ppf(0.9) * np.sqrt(variance)
    band = forecaster.predict_interval(8, coverage=0.8)
    half = (band[:, 1] - band[:, 0]) / 2
    assert_allclose(half, score, rtol=0.12)
    # The first step is exact.
    first = forecaster.predict_interval(1, coverage=0.8)
    ends = forecaster.forecast(1) + score[0] * np.array([-1, 1])
    assert_allclose(first[0], ends, rtol=1e-5)


@pytest.mark.untrained
def test_behind_a_logarithm_forecasts_are_medians_and_means_of_paths_are_means():
    y = np.exp(autoregression(60) / 10)
    forecaster = AutoregressiveForecaster(gru("normal"), window=3, log=True)
    forecaster.fit(None, y)
    predict = forecaster.estimator_.predict_distribution
    logarithm = predict(np.log(y[-3:]).reshape(1, 3, 1))
    assert_allclose(forecaster.forecast(1), np.exp(logarithm.mean()).ravel(), rtol=1e-5)
    paths = forecaster.sample_paths(1, 20000, random_state=0)
    mean = stats.lognorm.mean(logarithm.std(), scale=np.exp(logarithm.mean()))
    assert_allclose(paths.mean(), mean.item(), rtol=0.01)
    assert_allclose(np.median(paths), forecaster.forecast(1), rtol=0.01)


@pytest.mark.untrained
def test_the_same_random_state_draws_the_same_paths():
    forecaster = AutoregressiveForecaster(gru("student_t"), window=3)
    forecaster.fit(None, autoregression(60))
    paths = forecaster.sample_paths(4, 5, random_state=0)
    assert_array_equal(forecaster.sample_paths(4, 5, random_state=0), paths)
    assert (forecaster.sample_paths(4, 5, random_state=1) != paths).any()
    bands = forecaster.predict_quantiles(4, LEVELS)
    assert_array_equal(forecaster.predict_quantiles(4, LEVELS), bands)


@pytest.mark.parametrize("distribution", ["poisson", "negative_binomial"])
def test_the_likelihood_of_scaled_series_is_that_of_their_counts(distribution):
    y = sales()
    forecaster = AutoregressiveForecaster(gru(distribution), window=3, horizon=2)
    forecaster.fit(None, y)
    losses = []
    for shop in ("small", "large"):
        own = y[shop].to_numpy(dtype=float)
        unit = np.sqrt((own**2).mean())
        windows = np.lib.stride_tricks.sliding_window_view(own, 5)
        predicted = forecaster.estimator_.predict_distribution(
            windows[:, :3, None] / unit
        )
        mean = predicted.mean() * unit
        if distribution == "poisson":
            likely = stats.poisson.logpmf(windows[:, 3:], mean)
        else:
            n, _ = predicted.args
            likely = stats.nbinom.logpmf(windows[:, 3:], n, n / (n + mean))
        losses.append(-likely.mean())
    history = forecaster.estimator_.history_
    assert_allclose(history["loss"][-1], np.mean(losses), rtol=1e-4)


@pytest.mark.untrained
def test_quantiles_of_one_block_are_those_of_the_counts_of_each_series():
    forecaster = AutoregressiveForecaster(gru("negative_binomial"), window=3, horizon=2)
    y = sales()
    forecaster.fit(None, y)
    mean = forecaster.forecast(2)
    bands = forecaster.predict_quantiles(2, LEVELS)
    for shop in ("small", "large"):
        own = y[shop].to_numpy(dtype=float)
        unit = np.sqrt((own**2).mean())
        predict = forecaster.estimator_.predict_distribution
        n, _ = predict(own[None, -3:, None] / unit).args
        rate = mean[shop].to_numpy()
        expected = stats.nbinom(n[0], n[0] / (n[0] + rate))
        for level in LEVELS:
            assert_array_equal(bands[level][shop], expected.ppf(level))
    # Beyond the block bands come from paths, which hold counts as well.
    paths = forecaster.sample_paths(5, 8, random_state=0).to_numpy()
    assert_array_equal(paths, np.rint(paths))
    assert (paths >= 0).all()
    longer = forecaster.predict_quantiles(5, LEVELS).to_numpy()
    assert_array_equal(longer, np.rint(longer))


@pytest.mark.untrained
def test_draws_of_one_block_have_the_mean_of_the_forecast():
    network = gru("negative_binomial")
    forecaster = AutoregressiveForecaster(network, window=3, horizon=2)
    forecaster.fit(None, sales())
    paths = forecaster.sample_paths(2, 4000, random_state=0)
    assert_allclose(paths.mean(axis=1), forecaster.forecast(2), rtol=0.1)


@pytest.mark.slow
def test_sums_of_intermittent_demand_are_right_on_average():
    random = np.random.RandomState(0)
    items = pd.MultiIndex.from_product([range(20), pd.RangeIndex(120)])
    rates = np.repeat(np.exp(random.uniform(-2, 2, size=20)), 120)
    y = pd.Series(random.negative_binomial(1, 1 / (1 + rates)), items)
    known = pd.Series(rates, items)
    network = gru(
        "negative_binomial", units=8, epochs=20, learning_rate=0.01, batch_size=128
    )
    forecaster = AutoregressiveForecaster(network, window=8, horizon=10)
    seen = items.get_level_values(1) < 100
    forecaster.fit(None, y[seen])
    forecast = forecaster.forecast(10)
    assert_allclose(forecast.sum(), known[forecast.index].sum(), rtol=0.08)
    band = forecaster.predict_interval(10, coverage=0.8)
    observed = y[forecast.index]
    inside = observed.between(band["lower"], band["upper"]).mean()
    assert 0.78 < inside < 0.95  # Intervals of counts hold at least their share.


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"difference": 1}, "difference must be 0"),
        ({"log": "log1p"}, "log must be False"),
        ({"normalize": "meanstd"}, "normalize must be None"),
    ],
)
def test_what_shifts_counts_is_refused_before_training(settings, words):
    forecaster = AutoregressiveForecaster(gru("poisson"), window=3, **settings)
    with pytest.raises(ValueError, match=words):
        forecaster.fit(None, np.arange(60) % 4)


@pytest.mark.untrained
@pytest.mark.parametrize("settings", [{"log": True}, {"normalize": "meanstd"}])
def test_bands_of_transformed_series_are_those_of_the_paths(settings):
    y = np.exp(autoregression(300) / 8)
    network = gru("normal", linear_path=True)
    forecaster = AutoregressiveForecaster(network, window=3, **settings).fit(None, y)
    paths = forecaster.sample_paths(1, 20000, random_state=0)
    exact = forecaster.predict_quantiles(1, LEVELS)
    assert_allclose(np.quantile(paths, LEVELS, axis=1).T, exact, rtol=0.02)


@pytest.mark.untrained
def test_differences_are_added_up_along_paths():
    y = autoregression(500).cumsum()
    network = gru("normal", linear_path=True)
    forecaster = AutoregressiveForecaster(network, window=1, horizon=2, difference=1)
    paths = forecaster.fit(None, y).sample_paths(2, 20000, random_state=0)
    band = forecaster.predict_quantiles(2, LEVELS)
    assert_allclose(np.quantile(paths, LEVELS, axis=1).T, band, rtol=0.02)
    assert paths[1].std() > 1.1 * paths[0].std()


@pytest.mark.untrained
def test_with_a_calibration_bands_of_one_block_cover_what_was_held_out():
    y = autoregression(300)
    network = gru("normal", linear_path=True)
    forecaster = AutoregressiveForecaster(network, window=2, horizon=2, calibration=60)
    forecaster.fit(None, y)
    plain = AutoregressiveForecaster(network, window=2, horizon=2).fit(None, y[:-60])
    history = y[:-1]
    band = forecaster.predict_interval(1, coverage=0.8, history=history)
    raw = plain.predict_interval(1, coverage=0.8, history=history)
    distances = []
    for origin in range(240, 300):
        low, high = plain.predict_interval(1, coverage=0.8, history=y[:origin])[0]
        distances.append(max(low - y[origin], y[origin] - high))
    distance = np.sort(distances)[int(np.ceil(0.8 * 61)) - 1]
    assert_allclose(band[0], raw[0] + [-distance, distance], rtol=1e-3)


@pytest.mark.untrained
def test_a_pipeline_gets_counts_as_they_are():
    y, network = sales(), make_pipeline("passthrough", gru("negative_binomial"))
    forecaster = AutoregressiveForecaster(network, window=3).fit(None, y)
    mean, band = forecaster.forecast(1), forecaster.predict_quantiles(1, [0.9])
    shops = mean.index.get_level_values(0)
    windows = np.stack([y[shop][-3:] for shop in shops])[..., None]
    predicted = forecaster.estimator_[-1].predict_distribution(windows)
    assert_allclose(mean, predicted.mean(), rtol=1e-5)
    assert_array_equal(band[0.9], predicted.ppf(0.9))


@pytest.mark.untrained
def test_backtests_judge_distributions():
    y = pd.Series(autoregression(60), DAYS)
    network = gru("normal", linear_path=True)
    forecaster = AutoregressiveForecaster(network, window=2)
    folds = TimeSeriesSplit(2, test_size=3)
    results = backtest(forecaster, y.to_frame()[[]], y, folds, quantiles=LEVELS)
    errors = error_by_step(results)
    assert {"pinball", "CRPS", "coverage"} <= {*errors.columns}
    assert np.isfinite(errors.to_numpy(dtype=float)).all()


@pytest.mark.untrained
def test_wide_frames_and_their_columns_have_paths():
    wide = sales().unstack("shop")
    forecaster = AutoregressiveForecaster(
        gru("poisson"), window=3, columns="series"
    ).fit(None, wide)
    paths = forecaster.sample_paths(3, 4, random_state=0)
    assert paths.shape == (3, 8)
    assert list(paths["small"].columns) == [0, 1, 2, 3]
    assert paths["large"].to_numpy().mean() > paths["small"].to_numpy().mean()


def test_each_series_is_drawn_in_its_units_beside_one_that_starts_cold():
    forecaster = AutoregressiveForecaster(
        gru("poisson"), window=3, horizon=2, cold_start=True
    ).fit(None, sales())
    days = pd.date_range(DAYS[-1], periods=6, inclusive="right")
    shops = ["large", "new", "small"]
    rows = pd.MultiIndex.from_product([shops, days], names=["shop", "d"])
    X = pd.DataFrame(index=rows)
    # The network gives a constant, so that feeding draws back changes no mean.
    paths = forecaster.sample_paths(X, 500, random_state=0)
    assert_allclose(paths.mean(axis=1), forecaster.predict(X), rtol=0.1)
    band = forecaster.predict_interval(X, coverage=0.8)
    assert (band.iloc[:, 1] > band.iloc[:, 0]).all()


@pytest.mark.untrained
def test_levels_of_one_block_are_in_its_units_beside_a_series_that_starts_cold():
    forecaster = AutoregressiveForecaster(
        gru("poisson"), window=3, horizon=2, cold_start=True
    ).fit(None, sales())
    days = pd.date_range(DAYS[-1], periods=3, inclusive="right")
    rows = pd.MultiIndex.from_product([["large", "new", "small"], days])
    X = pd.DataFrame(index=rows.set_names(["shop", "d"]))
    found = forecaster.predict_quantiles(X, LEVELS)
    means = forecaster.predict(X).to_numpy()[:, None]
    assert_allclose(found, stats.poisson(means).ppf(LEVELS), atol=1e-9)
