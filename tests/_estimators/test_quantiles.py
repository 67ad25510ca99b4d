import pickle
from statistics import NormalDist

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import mean_pinball_loss

from skrnn import AutoregressiveForecaster, GRURegressor, LSTMRegressor, RNNRegressor
from skrnn._estimators.quantiles import interpolate
from tests.support.exhaustive import first_of_many
from tests.support.networks import RNG, STILL, X, Y, fitted, network
from tests.support.samples import a_batch_callback

pytestmark = pytest.mark.short_fits

LEVELS = (0.1, 0.4, 0.5, 0.9)
TWO = np.c_[Y, -2 * Y + 3]
MISSING = X.copy()
MISSING[2, :2] = np.nan
MISSING[5, 3, 1] = np.nan

# Each with what else decides on outputs.
SET_UPS = [
    {},
    {"segment": 2, "decoder": "parallel", "linear_path": True, "dense_after": 3},
    {"linear_path": True},
    {"segment": 2, "decoder": "parallel"},
    {"bidirectional": True, "units": (2, 2)},
    {"standardize": False},
]
each_set_up = pytest.mark.parametrize("settings", first_of_many(SET_UPS, 2), ids=str)


def learned(cls=RNNRegressor, **parameters):
    return fitted(cls, quantiles=LEVELS, **parameters)


def pinball(y, values, levels=LEVELS):
    """The mean over levels of scikit-learn's loss."""
    losses = [
        mean_pinball_loss(y, values[..., i], alpha=level)
        for i, level in enumerate(levels)
    ]
    return np.mean(losses)


def in_scale(model, values):
    scale, mean = model.scaling_.y_scale, model.scaling_.y_mean
    return (values - mean) / scale


@pytest.mark.untrained
@each_set_up
def test_compiled_predictions_are_those_of_numpy_and_of_keras(settings):
    model = learned(y=TWO, **settings)
    compiled = model.predict_quantiles(MISSING)
    by_numpy = model.set_params(predict_backend="numpy").predict_quantiles(MISSING)
    close = {"rtol": 1e-5, "atol": 1e-4 * Y.std()}
    assert compiled.shape == (18, 2, 4)
    assert_allclose(compiled, by_numpy, **close)
    assert_allclose(compiled, model.to_keras()(MISSING), **close)
    assert (np.diff(compiled, axis=-1) >= 0).all()


@pytest.mark.untrained
@pytest.mark.parametrize("n_networks", [1, 2])
def test_a_keras_model_of_as_many_quantiles_as_targets_is_in_their_units(n_networks):
    # Keras would add means of shape (n_targets, 1) to the last axis.
    model = fitted(RNNRegressor, y=TWO, quantiles=(0.5, 0.9), n_networks=n_networks)
    expected = model.predict_quantiles(X)
    assert_allclose(model.to_keras()(X), expected, rtol=1e-5, atol=1e-4 * Y.std())


@pytest.mark.untrained
def test_the_outputs_are_those_of_the_equations():
    model = learned(y=TWO, predict_backend="numpy")
    kernel, recurrent, bias, last, last_bias = model.weights_
    state = np.zeros((18, 2))
    scaling = model.scaling_
    for step in ((X - scaling.x_mean) / scaling.x_scale).swapaxes(0, 1):
        state = np.tanh(step @ kernel + state @ recurrent + bias)
    # The columns: medians of both targets, distances below from near to far, above.
    outputs = (state @ last + last_bias).reshape(18, 4, 2)
    median, first, second, above = outputs.swapaxes(0, 1)
    gaps = [np.log1p(np.exp(each)) for each in (first, second, above)]
    by_level = [median - gaps[0] - gaps[1], median - gaps[0], median, median + gaps[2]]
    expected = [values * scaling.y_scale + scaling.y_mean for values in by_level]
    assert_allclose(model.predict_quantiles(X), np.stack(expected, axis=-1), rtol=1e-5)


@pytest.mark.untrained
def test_predict_returns_the_median():
    model = learned()
    assert_array_equal(model.predict(X), model.predict_quantiles(X)[:, 2])
    assert_array_equal(model.predict(X), model.predict_quantiles(X, 0.5)[:, 0])


@pytest.mark.parametrize("by_keras", [False, True])
@pytest.mark.parametrize("y", [Y, TWO], ids=["one target", "two targets"])
def test_the_loss_is_the_pinball_loss_of_sklearn(y, by_keras):
    callbacks = a_batch_callback() if by_keras else None
    settings = {"validation_split": 0.5, "metrics": ["mae"], "callbacks": callbacks}
    model = learned(y=y, **STILL | settings)
    parts = {"": slice(9), "val_": slice(9, None)}
    for name, part in parts.items():
        values = model.predict_quantiles(X[part])
        scaled = np.stack(
            [in_scale(model, each) for each in np.moveaxis(values, -1, 0)], axis=-1
        )
        expected = pinball(in_scale(model, y[part]), scaled)
        assert_allclose(model.history_[name + "loss"][-1], expected, rtol=1e-5)
        errors = in_scale(model, model.predict(X[part])) - in_scale(model, y[part])
        assert_allclose(model.history_[name + "mae"][-1], abs(errors).mean(), rtol=1e-5)


def test_a_sample_weighs_like_its_copies():
    times = np.array([1, 3] * 9)
    once = learned(**STILL, sample_weight=times)
    copies = learned(**STILL, X=X.repeat(times, axis=0), y=Y.repeat(times))
    assert_allclose(once.history_["loss"], copies.history_["loss"], rtol=1e-5)
    assert_allclose(once.weights_[-1], copies.weights_[-1], rtol=1e-5)


def test_of_constant_windows_the_empirical_quantiles_are_learned():
    random = np.random.RandomState(0)
    windows, first = np.ones((199, 1, 1)), random.normal(size=199)
    y = random.exponential(size=199)
    model = RNNRegressor(2, quantiles=LEVELS, random_state=0, warm_start=True)
    model.set_params(batch_size=199, learning_rate_decay="cosine")
    model.set_params(epochs=1).fit(windows, first)  # Of another distribution.
    model.set_params(epochs=150, learning_rate=0.03).fit(windows, y)
    expected = np.quantile(y, LEVELS)
    assert_allclose(model.predict_quantiles(windows)[0], expected, atol=0.05)


@pytest.mark.slow
def test_quantiles_follow_the_situation():
    random = np.random.RandomState(0)
    windows = random.uniform(-1, 1, size=(3000, 2, 1))
    size = np.exp(windows[:, -1, 0])
    y = 3 * windows[:, 0, 0] + size * random.normal(size=3000)
    model = GRURegressor(
        8, quantiles=LEVELS, epochs=40, learning_rate=0.01, batch_size=256,
        learning_rate_decay="cosine", random_state=0,
    ).fit(windows[:2000], y[:2000])  # fmt: skip
    scores = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
    expected = 3 * windows[2000:, 0] + size[2000:, None] * scores
    error = model.predict_quantiles(windows[2000:]) - expected
    assert np.abs(error).mean() < 0.15
    inside = y[2000:, None] <= model.predict_quantiles(windows[2000:])
    for narrow in (size[2000:] < 1, size[2000:] >= 1):
        assert_allclose(inside[narrow].mean(axis=0), LEVELS, atol=0.08)


def test_a_linear_path_starts_at_the_quantiles_around_the_ridge():
    y, weights = TWO + RNG.normal(size=TWO.shape), np.arange(18)
    model = learned(**STILL, linear_path=True, y=y, sample_weight=weights)
    residuals = y - model.predict(X)
    values = model.predict_quantiles(X) - model.predict(X)[..., None]
    assert_allclose(values, np.broadcast_to(values[:1], values.shape), atol=1e-3)
    expected = np.quantile(
        residuals.repeat(weights, axis=0), LEVELS, axis=0, method="inverted_cdf"
    )
    assert_allclose(values[0], expected.T, atol=1e-3 * Y.std())


def test_levels_between_are_those_of_a_normal_distribution():
    normal = NormalDist(2.0, 3.0)
    values = np.array([[normal.inv_cdf(level) for level in LEVELS]])
    asked = np.array([0.9, 0.15, 0.45, 0.5, 0.77, 0.1])
    got = interpolate(values, LEVELS, asked)
    assert_allclose(got[0], [normal.inv_cdf(level) for level in asked])


def test_levels_between_do_not_cross():
    random = np.random.RandomState(0)
    values = random.randint(0, 3, size=(500, 4)).cumsum(axis=1) / 3
    asked = np.sort(random.uniform(0.1, 0.9, size=200))
    assert (np.diff(interpolate(values, LEVELS, asked)) >= 0).all()


@pytest.mark.untrained
@pytest.mark.parametrize("asked", [0.05, [0.2, 0.95], [], [[0.5]], [np.nan]])
def test_levels_outside_are_refused_by_naming_those_learned(asked):
    with pytest.raises(ValueError, match=r"from 0.1 to 0.9.*0.1, 0.4, 0.5, 0.9\. Got"):
        learned(**STILL).predict_quantiles(X, asked)


@pytest.mark.parametrize(
    "quantiles", [(), (0.1, 0.9), (0.5, 0.1), (0.5, 0.5), (0, 0.5), (0.5, 1.0), ["0.5"]]
)
def test_levels_that_are_none_are_refused(quantiles):
    with pytest.raises(ValueError, match="quantiles must be increasing numbers"):
        network(quantiles=quantiles).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "mae"}, "loss must be left at its default"),
        ({"loss": keras.losses.MeanSquaredError}, "loss must be left at its default"),
        ({"output_activation": "softplus"}, "output_activation must be 'auto' or"),
        ({"metrics": ["accuracy"]}, "metrics must compare numbers beside quantiles"),
    ],
)
def test_what_asks_for_something_else_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        learned(**settings)


@pytest.mark.untrained
def test_without_quantiles_the_method_says_how_to_get_them():
    with pytest.raises(AttributeError) as error:
        network().predict_quantiles(X)
    assert "quantiles=(0.1, 0.5, 0.9)" in str(error.value.__cause__ or error.value)
    assert not hasattr(fitted(**STILL), "predict_quantiles")


@pytest.mark.untrained
def test_after_fit_the_fitted_quantiles_decide():
    model = learned(**STILL)
    before = model.predict_quantiles(X)
    assert_array_equal(model.set_params(quantiles=None).predict_quantiles(X), before)


@pytest.mark.untrained
def test_levels_in_single_precision_are_read_by_their_digits():
    model = network(quantiles=np.array([0.1, 0.5], dtype="float32")).fit(X, Y)
    assert model.predict_quantiles(X, [0.1]).shape == (18, 1)


def test_the_median_alone_may_be_learned():
    model = fitted(quantiles=[0.5], **STILL)
    assert_array_equal(model.predict_quantiles(X)[:, 0], model.predict(X))
    errors = in_scale(model, model.predict(X)) - in_scale(model, Y)
    assert_allclose(model.history_["loss"], abs(errors).mean() / 2, rtol=1e-5)


@pytest.mark.untrained
def test_a_constant_target_has_one_value_at_all_levels():
    model = learned(y=np.full(18, 7.0))
    assert_array_equal(model.predict_quantiles(X), 7.0)


def test_training_goes_on_with_the_same_quantiles_only():
    model = learned(warm_start=True).partial_fit(X, Y)
    assert model.n_iter_ == 3
    with pytest.raises(ValueError, match="quantiles must stay the same"):
        model.set_params(quantiles=(0.5,)).fit(X, Y)


def test_early_stopping_goes_back_to_the_best_pinball_loss():
    settings = {"validation_split": 0.5, "early_stopping": True, "patience": 2}
    model = learned(**settings, epochs=30, learning_rate=0.3)
    values = in_scale(model, model.predict_quantiles(X[9:]))
    loss = pinball(in_scale(model, Y[9:]), values)
    assert_allclose(loss, min(model.history_["val_loss"]), rtol=1e-5)
    assert model.n_iter_ < 30


@pytest.mark.untrained
@pytest.mark.parametrize("stateful", [False, True])
def test_pickles_and_clones_predict_the_same(stateful):
    model = learned(LSTMRegressor, stateful=stateful, batch_size=6)
    expected = model.predict_quantiles(X)
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict_quantiles(X), expected)
    assert_array_equal(clone(model).fit(X, Y).predict_quantiles(X), expected)


@pytest.mark.untrained
@pytest.mark.parametrize(
    "settings", first_of_many([{"segment": 2, "decoder": "parallel"}, {}]), ids=str
)
def test_a_compiled_roll_out_feeds_the_median_back(settings):
    y = np.sin(np.arange(60) / 3)
    gru = network(GRURegressor, quantiles=LEVELS, **settings)
    forecaster = AutoregressiveForecaster(gru, window=4, horizon=2).fit(None, y)
    rows = list(y[-4:])
    while len(rows) < 10:
        rows += list(forecaster.estimator_.predict(np.reshape(rows[-4:], (1, 4, 1)))[0])
    assert_allclose(forecaster.forecast(6), rows[4:], rtol=1e-5, atol=1e-6)


def test_saved_models_of_a_training_predict_the_same(tmp_path):
    path = str(tmp_path / "model.keras")
    model = learned(epochs=1, callbacks=keras.callbacks.ModelCheckpoint(path))
    saved = keras.models.load_model(path, compile=False)
    scaled = ((X - model.scaling_.x_mean) / model.scaling_.x_scale).astype(np.float32)
    values = in_scale(model, model.predict_quantiles(X))
    assert_allclose(saved(scaled)[:, 0], values, rtol=1e-4, atol=1e-5)
