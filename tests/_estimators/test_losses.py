"""Each of Keras's losses trains to something sensible, or is refused with a way out."""

import functools
import inspect

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import Autoencoder, GRURegressor, LSTMClassifier, RNNRegressor
from skrnn._networks.outputs import LOSSES_OF_CLASSES, OF_LOSSES
from tests.support.exhaustive import first_of_many

pytestmark = pytest.mark.short_fits

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3, 1))
SIGNAL = X[:, -1, 0]
SHARES = np.exp(np.column_stack([SIGNAL, -SIGNAL, 0 * SIGNAL]))
TARGETS = {
    "any": 5 * SIGNAL - 3,
    "counts": RNG.poisson(np.exp(0.5 * SIGNAL + 4)).astype(float),
    "not zero": 1000 * np.exp(SIGNAL),
    "probability": (SIGNAL + 0.3 * RNG.normal(size=200) > 0).astype(float),
    "shares": SHARES / SHARES.sum(axis=1, keepdims=True),
    "direction": np.column_stack([SIGNAL, SIGNAL**2]) - 0.5,
}
# One for each kind of outputs, then all others.
OUTPUTS = {
    "mean_squared_error": "any",
    "poisson": "counts",
    "mean_squared_logarithmic_error": "not zero",
    "mean_absolute_percentage_error": "not zero",
    "binary_crossentropy": "probability",
    "kl_divergence": "shares",
    "cosine_similarity": "direction",
}
TRAINED = {
    **OUTPUTS,
    "mean_absolute_error": "any",
    "huber": "any",
    "log_cosh": "any",
    "binary_focal_crossentropy": "probability",
    "categorical_crossentropy": "shares",
    "categorical_focal_crossentropy": "shares",
}
QUICK = {"epochs": 30, "learning_rate": 0.03, "batch_size": 20, "random_state": 0}


def network(loss, cls=RNNRegressor, **parameters):
    return cls(**{"units": 4, "loss": loss, **QUICK, **parameters})


def mean_loss(name, y, predicted):
    y, predicted = (np.reshape(each, (len(X), -1)) for each in (y, predicted))
    function = getattr(keras.losses, name)
    return float(np.mean(function(y.astype(np.float32), predicted.astype(np.float32))))


def best_constant(name, y):
    """The least loss among rows that are constant: the mean, and quantiles of y."""
    y = np.reshape(y, (len(X), -1))
    rows = [y.mean(axis=0), np.exp(np.log(np.maximum(y, 1e-3)).mean(axis=0))]
    if y.shape[1] == 1:
        rows += list(np.quantile(y, np.linspace(0.05, 0.95, 19))[:, None])
    return min(mean_loss(name, y, np.tile(row, (len(y), 1))) for row in rows)


def test_each_of_the_losses_of_keras_is_trained_or_refused():
    functions = {
        name for name, _ in inspect.getmembers(keras.losses, inspect.isfunction)
    }
    functions -= {"get", "serialize", "deserialize"}
    assert functions <= {*TRAINED, *LOSSES_OF_CLASSES}
    assert OF_LOSSES.keys() <= TRAINED.keys()


@pytest.mark.parametrize("standardize", first_of_many([True, False]))
@pytest.mark.parametrize("name", first_of_many(TRAINED, len(OUTPUTS)))
def test_training_beats_the_best_constant_on_its_own_loss(name, standardize):
    y = TARGETS[TRAINED[name]]
    if not standardize and name in ("mean_absolute_percentage_error", "huber"):
        y = y / 1000  # A linear output far from its start would need many epochs.
    model = network(name, standardize=standardize).fit(X, y)
    predicted = model.predict(X)
    assert mean_loss(name, y, predicted) < best_constant(name, y)


@pytest.mark.untrained
@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("standardize", first_of_many([True, False]))
def test_compiled_predictions_are_those_of_numpy_and_of_keras(name, standardize):
    y = TARGETS[TRAINED[name]]
    model = network(name, standardize=standardize).fit(X, y)
    in_numpy = model.set_params(predict_backend="numpy").predict(X)
    model.set_params(predict_backend="tensorflow")
    assert_allclose(model.predict(X), in_numpy, rtol=1e-4, atol=1e-5 * np.ptp(y))
    exported = np.asarray(model.to_keras()(X)).reshape(in_numpy.shape)
    assert_allclose(exported, in_numpy, rtol=1e-4, atol=1e-5 * np.ptp(y))


@pytest.mark.parametrize("name", sorted(LOSSES_OF_CLASSES))
def test_losses_of_classes_are_refused_by_regressors_and_autoencoders(name):
    if not hasattr(keras.losses, name):
        pytest.skip("Newer than this Keras.")
    with pytest.raises(ValueError, match=r"loss of classes.*LSTMClassifier"):
        network(getattr(keras.losses, name)).fit(X, TARGETS["probability"])
    with pytest.raises(ValueError, match="loss must compare numbers"):
        Autoencoder(1, loss=getattr(keras.losses, name)).fit(X[:, :, 0])


# --------------------------------------------------------------------------------------
# How a loss is given, and what comes of it
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [
        "Poisson",
        keras.losses.poisson,
        keras.losses.Poisson,
        keras.losses.Poisson(),
        functools.partial(keras.losses.poisson),
    ],
    ids=["name of a class", "function", "class", "instance", "partial"],
)
def test_a_loss_is_known_however_it_is_given(loss):
    outputs = network(loss)._outputs_for_loss()
    assert outputs == network("poisson")._outputs_for_loss()
    assert outputs[:2] == ("softplus", "scale")


def test_a_loss_that_computes_something_else_is_a_function_of_the_user():
    class Own(keras.losses.Poisson):
        def call(self, y_true, y_pred):
            return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)

    def own(y_true, y_pred):
        return keras.losses.poisson(y_true, y_pred)

    for loss in (Own, Own(), own, lambda y_true, y_pred: own(y_true, y_pred)):
        assert network(loss)._outputs_for_loss() == ("linear", "standard", ())


def gamma_deviance(y_true, y_pred):
    return keras.ops.mean(y_true / y_pred + keras.ops.log(y_pred), axis=-1)


@pytest.mark.parametrize("activation", first_of_many(["softplus", "exponential"]))
def test_a_loss_of_positive_numbers_trains_on_an_output_that_suits_it(activation):
    y = TARGETS["not zero"]
    model = network(gamma_deviance, output_activation=activation).fit(X, y)
    assert_array_equal(model.scaling_.y_mean, 0)
    assert_allclose(model.scaling_.y_scale, np.sqrt(np.mean(y**2)))
    predicted = model.predict(X)
    assert predicted.min() > 0

    def deviance(predicted):
        return np.mean(y / predicted + np.log(predicted))

    assert deviance(predicted) < deviance(y.mean())


def test_an_output_starts_at_the_mean_of_its_targets():
    still = {"learning_rate": 1e-12, "epochs": 1, "units": 2, "batch_size": 200}
    y = np.column_stack([TARGETS["counts"], TARGETS["not zero"]])
    for activation, targets in (
        ("softplus", y),
        ("exponential", y),
        ("sigmoid", TARGETS["probability"]),
        ("softmax", TARGETS["shares"]),
    ):
        model = network("mse", output_activation=activation, **still)
        predicted = model.fit(np.zeros_like(X), targets).predict(np.zeros((1, 3, 1)))
        assert_allclose(predicted.ravel(), np.mean(targets, axis=0).ravel(), rtol=1e-4)


def test_predictions_scale_with_the_unit_of_counts():
    y = TARGETS["counts"]
    plain, scaled = (network("poisson").fit(X, each * y) for each in (1.0, 1000.0))
    assert_allclose(scaled.predict(X), 1000 * plain.predict(X), rtol=1e-3)


# --------------------------------------------------------------------------------------
# Refusals, each with a way out that works
# --------------------------------------------------------------------------------------

REFUSED = [
    ("poisson", {}, TARGETS["any"], r"y must be at least 0.*Got -\d.*row 1"),
    ("msle", {}, TARGETS["any"], "y must be at least 0"),
    ("mape", {}, TARGETS["probability"], "y must be other than 0"),
    ("bce", {}, TARGETS["any"], "y must be from 0 to 1"),
    ("kld", {}, TARGETS["direction"], "y must be shares"),
    ("kld", {}, TARGETS["probability"], "y must be shares"),
    ("cosine_similarity", {}, TARGETS["any"], "at least two columns"),
    ("mse", {"output_activation": "softplus"}, TARGETS["any"], "at least 0"),
    (
        "poisson",
        {"output_activation": "linear"},
        TARGETS["counts"],
        "output_activation must be 'auto' or 'softplus' or 'exponential'",
    ),
    (
        keras.losses.BinaryCrossentropy(from_logits=True),
        {},
        TARGETS["probability"],
        "expects logits; set from_logits=False",
    ),
    (
        functools.partial(keras.losses.binary_crossentropy, from_logits=True),
        {},
        TARGETS["probability"],
        "expects logits; set from_logits=False",
    ),
    ("poisson", {"linear_path": True}, TARGETS["counts"], "set linear_path=False"),
    ("kld", {"decoder": "parallel"}, TARGETS["shares"], "set decoder='dense'"),
]


@pytest.mark.parametrize(("loss", "parameters", "y", "message"), REFUSED)
def test_targets_and_outputs_that_do_not_suit_a_loss_are_refused(
    loss, parameters, y, message
):
    with pytest.raises(ValueError, match=message):
        network(loss, **parameters).fit(X, y)


def test_samples_without_weight_may_have_any_target():
    y = np.where(np.arange(200) == 7, -1.0, TARGETS["counts"])
    weights = np.arange(200) != 7
    found = network("poisson", epochs=1).fit(X, y, weights).predict(X)
    expected = network("poisson", epochs=1).fit(X, TARGETS["counts"], weights)
    assert_array_equal(found, expected.predict(X))


def test_warm_starts_keep_the_scale_of_targets():
    y = TARGETS["not zero"]
    model = network("mse", epochs=1, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="loss must scale targets as before"):
        model.set_params(loss="mape").fit(X, y)
    with pytest.raises(ValueError, match="output_activation must stay the same"):
        model.set_params(loss="poisson").fit(X, y)


def test_partial_fit_scales_targets_without_a_shift_over_all_chunks():
    y = TARGETS["counts"]
    model = network("poisson")
    for chunk in (slice(0, 80), slice(80, 200)):
        model.partial_fit(X[chunk], y[chunk])
    assert_allclose(model.scaling_.y_scale, np.sqrt(np.mean(y**2)))
    assert_array_equal(model.scaling_.y_mean, 0)


def test_the_advice_after_a_divergence_fits_the_estimator():
    y = TARGETS["counts"]

    def logarithmic(y_true, y_pred):
        return keras.ops.mean(y_pred - y_true * keras.ops.log(y_pred), axis=-1)

    few = {"batch_size": 100, "epochs": 3}
    with pytest.raises(FloatingPointError, match="output_activation='softplus'") as why:
        network(logarithmic, **few).fit(X, y)
    assert "standardize" not in str(why.value)
    network(logarithmic, output_activation="softplus", **few).fit(X, y)
    few |= {"optimizer": "sgd", "learning_rate": 1e9}
    with pytest.raises(FloatingPointError, match="standardize=True"):
        network("mse", standardize=False, **few).fit(X, y)


@pytest.mark.parametrize(
    "parameters",
    first_of_many(
        [
            {"decoder": "parallel", "segment": 2, "units": 4},
            {"stateful": True, "batch_size": 50},
            {"bidirectional": True, "cls": GRURegressor},
        ]
    ),
)
def test_positive_outputs_go_through_every_kind_of_network(parameters):
    X = RNG.normal(size=(100, 4, 1))
    y = RNG.poisson(50, size=(100, 3)) * [1.0, 10.0, 100.0]
    settings = {"epochs": 1, "predict_backend": "tensorflow", "cls": RNNRegressor}
    settings |= parameters
    cls = settings.pop("cls")
    model = clone(cls(loss="poisson", random_state=0, units=2).set_params(**settings))
    predicted = model.fit(X, y).predict(X)
    assert predicted.min() > 0
    assert_allclose(predicted.mean(axis=0), y.mean(axis=0), rtol=0.5)
    in_numpy = model.set_params(predict_backend="numpy").predict(X)
    assert_allclose(in_numpy, predicted, rtol=1e-5)


@pytest.mark.exhaustive
def test_classifiers_take_their_losses_as_before():
    labels = TARGETS["probability"].astype(int)
    for loss in ("mse", "crossentropy", "focal_crossentropy"):
        model = LSTMClassifier(2, loss=loss, epochs=1, random_state=0).fit(X, labels)
        assert model.to_keras().output_shape == (None, 2)
