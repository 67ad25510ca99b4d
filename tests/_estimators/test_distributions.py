import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import optimize, stats
from sklearn.base import clone

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn._estimators.distributions import draw, quantiles_of
from tests.support.exhaustive import first_of_many
from tests.support.networks import RNG, STILL, X, Y, fitted, network
from tests.support.samples import a_batch_callback

pytestmark = pytest.mark.short_fits

COUNTS = np.array([0, 3, 1, 0, 12, 5, 0, 0, 7, 2, 1, 4, 0, 30, 2, 0, 1, 6.0])
TARGETS = {
    "normal": np.c_[Y, -2 * Y + 3],
    "student_t": np.c_[Y, -2 * Y + 3],
    "poisson": np.c_[COUNTS, 3 * COUNTS[::-1]],
    "negative_binomial": np.c_[COUNTS, 3 * COUNTS[::-1]],
}
OF_COUNTS = ["poisson", "negative_binomial"]
LEVELS = [0.05, 0.5, 0.9]
MISSING = X.copy()
MISSING[2, :2] = np.nan
MISSING[5, 3, 1] = np.nan
each_distribution = pytest.mark.parametrize("distribution", TARGETS)
# What has little to do with the likelihood.
two_distributions = pytest.mark.parametrize(
    "distribution", first_of_many(["negative_binomial", "normal"], 1)
)

# Each with what else decides on outputs.
SET_UPS = [
    {"segment": 2, "decoder": "parallel", "dense_after": 3},
    {},
    {"bidirectional": True, "units": (2, 2)},
    {"standardize": False},
    {"n_networks": 2},
]
each_set_up = pytest.mark.parametrize("settings", first_of_many(SET_UPS, 1), ids=str)


def learned(distribution="normal", cls=RNNRegressor, **parameters):
    settings = {"y": TARGETS[distribution], "predict_backend": "numpy"}
    parameters = settings | parameters
    return fitted(cls, distribution=distribution, **parameters)


def log_likelihood(model, windows, y):
    """The mean over samples and targets, of SciPy."""
    predicted = model.predict_distribution(windows)
    logarithm = getattr(predicted, "logpmf", None) or predicted.logpdf
    return logarithm(y).mean(axis=-1)


def of_training(model, likelihood):
    """The loss in `history_`: density on the scale of training, mass of counts."""
    if model.distribution in OF_COUNTS:
        return -likelihood
    return -likelihood - np.log(model.scaling_.y_scale).mean()


@pytest.mark.untrained
@each_distribution
@each_set_up
def test_compiled_predictions_are_those_of_numpy_and_of_keras(distribution, settings):
    model = learned(distribution, predict_backend="tensorflow", **settings)
    compiled, mean = model.predict_quantiles(MISSING, LEVELS), model.predict(MISSING)
    model.set_params(predict_backend="numpy")
    close = {"rtol": 1e-5, "atol": 1e-4 * Y.std()}
    assert compiled.shape == (18, 2, 3)
    assert_allclose(model.predict_quantiles(MISSING, LEVELS), compiled, **close)
    assert_allclose(model.to_keras()(MISSING), mean, **close)


@pytest.mark.untrained
@each_distribution
def test_predict_returns_the_mean_of_the_distribution(distribution):
    model = learned(distribution)
    predicted = model.predict_distribution(X)
    assert_allclose(model.predict(X), predicted.mean())
    quantiles = [predicted.ppf(level) for level in LEVELS]
    assert_array_equal(model.predict_quantiles(X, LEVELS), np.stack(quantiles, -1))


@each_distribution
@pytest.mark.parametrize("by_keras", first_of_many([False, True], 1))
def test_the_loss_is_the_likelihood_of_scipy(distribution, by_keras):
    callbacks = a_batch_callback() if by_keras else None
    settings = {"validation_split": 0.5, "metrics": ["mae"], "callbacks": callbacks}
    model, y = learned(distribution, **STILL | settings), TARGETS[distribution]
    for name, part in {"": slice(9), "val_": slice(9, None)}.items():
        expected = of_training(model, log_likelihood(model, X[part], y[part])).mean()
        assert_allclose(model.history_[name + "loss"][-1], expected, rtol=2e-5)
        errors = np.abs(model.predict(X[part]) - y[part]) / model.scaling_.y_scale
        assert_allclose(model.history_[name + "mae"][-1], errors.mean(), rtol=2e-5)


@two_distributions
def test_a_stateful_network_fills_up_its_last_batch_with_nothing(distribution):
    settings = {"stateful": True, "batch_size": 10, "metrics": ["mae"]}
    model = learned(distribution, **STILL | settings)
    likelihood = log_likelihood(model, X, TARGETS[distribution])
    expected = of_training(model, likelihood)
    batches = expected[:10].mean(), expected[10:].mean()
    assert_allclose(model.history_["loss"][-1], np.mean(batches), rtol=0.05)
    assert np.isfinite(model.history_["mae"]).all()


@two_distributions
def test_a_sample_weighs_like_its_copies(distribution):
    times, y = np.array([1, 3] * 9), TARGETS[distribution]
    once = learned(distribution, **STILL, sample_weight=times)
    copies = learned(
        distribution, **STILL, X=X.repeat(times, axis=0), y=y.repeat(times, axis=0)
    )
    assert_allclose(once.history_["loss"], copies.history_["loss"], rtol=1e-5)
    assert_allclose(once.weights_[-1], copies.weights_[-1], rtol=1e-5, atol=1e-7)


def estimate(distribution, y):
    """The parameters of largest likelihood, found by SciPy."""
    if distribution == "normal":
        return stats.norm(*stats.norm.fit(y))
    if distribution == "poisson":
        return stats.poisson(y.mean())

    if distribution == "student_t":
        return stats.t(*stats.t.fit(y))

    def loss(log_n):
        n = np.exp(log_n)
        return -stats.nbinom.logpmf(y, n, n / (n + y.mean())).sum()

    n = np.exp(optimize.minimize_scalar(loss, bounds=(-5, 5)).x)
    return stats.nbinom(n, n / (n + y.mean()))


@each_distribution
def test_of_constant_windows_the_likeliest_parameters_are_learned(distribution):
    random = np.random.RandomState(0)
    windows, first = np.ones((199, 1, 1)), random.poisson(12.0, size=199)
    y = 3.0 * random.negative_binomial(1.5, 0.2, size=199)
    if distribution not in OF_COUNTS:
        y = 20 + 5 * random.standard_t(5, size=199)
    model = RNNRegressor(2, distribution=distribution, random_state=0)
    model.set_params(batch_size=199, learning_rate_decay="cosine", warm_start=True)
    model.set_params(epochs=1).fit(windows, first)  # Another one.
    model.set_params(epochs=500, learning_rate=0.03).fit(windows, y)
    predicted, expected = model.predict_distribution(windows), estimate(distribution, y)
    assert_allclose(predicted.mean(), expected.mean(), rtol=2e-3)
    # The likelihood hardly depends on the degrees of freedom.
    rtol = 0.03 if distribution == "student_t" else 5e-3
    assert_allclose(predicted.std(), expected.std(), rtol=rtol)


@pytest.mark.slow
def test_widths_follow_the_situation():
    random = np.random.RandomState(0)
    windows = random.uniform(-1, 1, size=(3000, 2, 1))
    size = np.exp(windows[:, -1, 0])
    y = 3 * windows[:, 0, 0] + size * random.normal(size=3000)
    model = GRURegressor(
        8, distribution="normal", epochs=40, learning_rate=0.01, batch_size=256,
        learning_rate_decay="cosine", random_state=0,
    ).fit(windows[:2000], y[:2000])  # fmt: skip
    predicted = model.predict_distribution(windows[2000:])
    assert np.abs(predicted.std() / size[2000:] - 1).mean() < 0.06
    inside = y[2000:, None] <= model.predict_quantiles(windows[2000:], LEVELS)
    for narrow in (size[2000:] < 1, size[2000:] >= 1):
        assert_allclose(inside[narrow].mean(axis=0), LEVELS, atol=0.05)


@pytest.mark.slow
def test_counts_have_honest_means_and_quantiles():
    random = np.random.RandomState(0)
    windows = random.uniform(-2, 2, size=(3000, 2, 1))
    rate = np.exp(windows[:, -1, 0])  # From 0.1 to 7, many zeros.
    y = random.negative_binomial(2, 2 / (2 + rate))
    model = GRURegressor(
        8, distribution="negative_binomial", epochs=40, learning_rate=0.01,
        batch_size=256, learning_rate_decay="cosine", random_state=0,
    ).fit(windows[:2000], y[:2000])  # fmt: skip
    mean = model.predict(windows[2000:])
    assert_allclose(mean.sum(), rate[2000:].sum(), rtol=0.04)
    assert np.abs(mean / rate[2000:] - 1).mean() < 0.12
    predicted = model.predict_distribution(windows[2000:])
    # A distribution function of counts jumps, by the probability of the count.
    middle = predicted.cdf(y[2000:]) - predicted.pmf(y[2000:]) / 2
    assert_allclose(middle.mean(), 0.5, atol=0.02)
    variance = (1 - np.mean(predicted.pmf(y[2000:]) ** 2)) / 12
    assert_allclose(middle.var(), variance, atol=0.01)


def test_a_linear_path_starts_at_the_spread_around_the_ridge():
    y, weights = TARGETS["normal"] + RNG.normal(size=(18, 2)), np.arange(18)
    model = learned(**STILL, linear_path=True, y=y, sample_weight=weights)
    predicted = model.predict_distribution(X)
    residuals = y - model.predict(X)
    expected = np.sqrt(np.average(residuals**2, axis=0, weights=weights))
    assert_allclose(predicted.std(), np.broadcast_to(expected, (18, 2)), rtol=1e-3)


@pytest.mark.untrained
def test_draws_have_the_moments_of_the_distribution():
    model = learned("negative_binomial", y=COUNTS)
    drawn = model.sample_y(X[:3], 20000, random_state=0)
    predicted = model.predict_distribution(X[:3])
    assert drawn.shape == (3, 20000)
    assert_allclose(drawn.mean(axis=1), predicted.mean(), rtol=0.05)
    assert_allclose(drawn.std(axis=1), predicted.std(), rtol=0.05)
    assert_array_equal(model.sample_y(X[:3], 20000, random_state=0), drawn)


@pytest.mark.untrained
@pytest.mark.parametrize("distribution", ["normal", "poisson"])
def test_several_networks_predict_the_mixture(distribution):
    model = learned(distribution, n_networks=2)
    parts = [each.predict_distribution(X) for each in model.estimators_]
    assert_allclose(model.predict(X), np.mean([p.mean() for p in parts], axis=0))
    values = model.predict_quantiles(X, LEVELS)
    for place, level in enumerate(LEVELS):
        reached = np.mean([part.cdf(values[..., place]) for part in parts], axis=0)
        if distribution == "normal":
            assert_allclose(reached, level, rtol=1e-9)
        else:
            below = np.mean([p.cdf(values[..., place] - 1) for p in parts], axis=0)
            assert ((reached >= level) & (below < level)).all()
    with pytest.raises(ValueError, match="predict_distribution needs n_networks=1"):
        model.predict_distribution(X)


@each_distribution
def test_draws_of_a_mixture_come_from_all_networks(distribution):
    far = np.array([[[4.0, 1e-3]], [[400.0, 1e-3]]])
    networks = [far, far[::-1]]
    if distribution == "poisson":
        networks = [each[..., :1] for each in networks]
    if distribution == "student_t":
        networks = [np.concatenate([n, 5 + n[..., :1]], axis=-1) for n in networks]
    drawn = draw(distribution, networks, 500, np.random.RandomState(0))
    assert_allclose((drawn > 200).mean(axis=(1, 2)), 0.5, atol=0.08)
    low, high = quantiles_of(distribution, networks, np.array([0.2, 0.8])).T
    assert (low < 100).all()
    assert (high > 300).all()


@pytest.mark.parametrize("bad", [-1.0, 0.5])
@pytest.mark.parametrize("distribution", OF_COUNTS)
def test_what_is_no_count_is_refused_by_its_place(bad, distribution):
    y = COUNTS.copy()
    y[4] = bad
    with pytest.raises(ValueError, match=rf"Got {bad:g} in .* at row 4; pass numbers"):
        learned(distribution, y=y)
    learned(distribution, y=y, sample_weight=y != bad)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "mae"}, "loss must be left at its default beside a distribution"),
        ({"quantiles": (0.5,)}, "quantiles must be None beside a distribution"),
        ({"output_activation": "softplus"}, "output_activation must be 'auto' beside"),
        ({"metrics": ["accuracy"]}, "metrics must compare numbers beside a distrib"),
        ({"distribution": "gamma"}, "'distribution' parameter of RNNRegressor must"),
        ({"distribution": "poisson", "linear_path": True}, "linear_path must be False"),
    ],
)
def test_what_asks_for_something_else_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        network(**{"distribution": "normal", **settings}).fit(X, COUNTS)


def test_outputs_of_every_step_are_refused():
    steps = np.repeat(COUNTS[:, None], 4, axis=1)
    model = network(distribution="poisson", return_sequences=True)
    with pytest.raises(ValueError, match="return_sequences must be False with distrib"):
        model.fit(X, steps)


@pytest.mark.untrained
@pytest.mark.parametrize("asked", [[], 0, [0.5, 1.0], [[0.5]], np.nan])
def test_levels_that_are_none_are_refused(asked):
    with pytest.raises(ValueError, match="quantiles must be numbers above 0 and below"):
        learned(**STILL).predict_quantiles(X, asked)


def test_without_a_distribution_the_methods_say_how_to_get_one():
    with pytest.raises(AttributeError) as error:
        network().sample_y(X)
    assert "distribution='normal'" in str(error.value.__cause__ or error.value)
    assert not hasattr(fitted(quantiles=(0.5,), **STILL), "predict_distribution")


@pytest.mark.untrained
def test_after_fit_the_fitted_distribution_decides():
    model = learned(y=COUNTS, **STILL)
    before = model.predict_quantiles(X, LEVELS)
    model.set_params(distribution="poisson")
    assert_array_equal(model.predict_quantiles(X, LEVELS), before)
    with pytest.raises(ValueError, match=r"must stay the same|scale targets as"):
        model.set_params(warm_start=True).partial_fit(X, COUNTS)


@pytest.mark.parametrize("value", [0.0, 7.0])
@two_distributions
def test_a_constant_target_is_predicted(distribution, value):
    model = learned(distribution, y=np.full(18, value), **STILL)
    quantiles = model.predict_quantiles(X, LEVELS)
    assert np.isfinite(quantiles).all()
    if distribution not in OF_COUNTS:
        assert_allclose(quantiles, value, atol=1e-300)


@two_distributions
def test_training_goes_on_chunk_by_chunk(distribution):
    y, model = TARGETS[distribution], network(distribution=distribution, epochs=1)
    for _ in range(2):
        for part in (slice(9), slice(9, None)):
            model.partial_fit(X[part], y[part])
    assert model.n_iter_ == 4
    assert_allclose(model.scaling_.y_scale, learned(distribution).scaling_.y_scale)


@two_distributions
def test_early_stopping_goes_back_to_the_best_likelihood(distribution):
    settings = {"validation_split": 0.5, "early_stopping": True, "patience": 2}
    model = learned(distribution, **settings, epochs=30, learning_rate=0.3)
    likelihood = log_likelihood(model, X[9:], TARGETS[distribution][9:])
    loss = of_training(model, likelihood).mean()
    assert_allclose(loss, min(model.history_["val_loss"]), rtol=1e-5)
    assert model.n_iter_ < 30


@two_distributions
def test_pickles_and_clones_predict_the_same(distribution):
    model = learned(distribution, LSTMRegressor, dropout=0.2)
    expected = model.predict_quantiles(X, LEVELS)
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict_quantiles(X, LEVELS), expected)
    again = clone(model).fit(X, TARGETS[distribution])
    assert_array_equal(again.predict_quantiles(X, LEVELS), expected)


def test_large_counts_that_hardly_vary_have_finite_gradients():
    # Of a negative binomial distribution that is nearly one of Poisson's.
    y = 1e6 + np.round(1e3 * RNG.normal(size=18))
    model = learned("negative_binomial", y=y, epochs=20, learning_rate=0.1)
    assert np.isfinite(model.history_["loss"]).all()
    assert_allclose(model.predict(X), 1e6, rtol=0.3)


def test_saved_models_of_a_training_predict_the_same(tmp_path):
    path = str(tmp_path / "model.keras")
    model = learned(epochs=1, callbacks=keras.callbacks.ModelCheckpoint(path))
    saved = keras.models.load_model(path, compile=False)
    scaled = ((X - model.scaling_.x_mean) / model.scaling_.x_scale).astype(np.float32)
    predicted, scale = model.predict_distribution(X), model.scaling_.y_scale
    mean = (predicted.mean() - model.scaling_.y_mean) / scale
    expected = np.stack([mean, predicted.std() / scale], axis=-1)
    assert_allclose(saved(scaled), expected, rtol=1e-4, atol=1e-5)
