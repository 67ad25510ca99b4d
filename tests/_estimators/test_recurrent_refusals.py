import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.support.networks import (
    STILL,
    Raise,
    Recorder,
    X,
    Y,
    assert_same_weights,
    fitted,
    network,
)

pytestmark = pytest.mark.short_fits

# --------------------------------------------------------------------------------------
# What cannot work is refused before training starts
# --------------------------------------------------------------------------------------


def replaced(place, value, array=X):
    array = array.astype(np.result_type(array, type(value)))
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("windows", "target", "error", "message"),
    [
        (X[:, 0, 0], Y, ValueError, "Expected .*array"),
        (X[..., None], Y, ValueError, r"shape \(n_samples, n_steps, n_features\)"),
        (X[:, :0], Y, ValueError, "none of them 0|minimum of 1"),
        (replaced((3, 2, 1), np.inf), Y, ValueError, "infinity .*column 1"),
        (np.full((18, 4), "a"), Y, ValueError, "could not convert string to float"),
        (np.full((18, 4), {}), Y, TypeError, "must be a string or a real number"),
        (X + 1j, Y, ValueError, "Complex data not supported"),
        (replaced((..., 0, slice(None)), np.nan), Y, ValueError, "No whole window"),
        (X, replaced(3, np.nan, Y), ValueError, "y contains NaN"),
        (X, replaced(3, np.inf, Y), ValueError, "y contains infinity"),
        (X, Y[:-1], ValueError, "inconsistent numbers of samples"),
        (X, None, ValueError, "requires y to be passed"),
        (X, X, ValueError, "y should be a 1d array"),
        (X, Y + 1j, ValueError, "Complex data not supported"),
        (X[:1], Y[:1], ValueError, "minimum of 2 is required"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_data_that_cannot_be_learned_from(method, windows, target, error, message):
    recorder = Recorder()
    model = network(callbacks=recorder)
    with pytest.raises(error, match=message):
        getattr(model, method)(windows, target)
    assert recorder.starts == 0
    assert vars(model) == vars(network(callbacks=recorder))


def test_fit_refuses_a_column_without_a_value():
    with pytest.raises(ValueError, match=r"X is NaN in column 1"):
        network().fit(replaced((..., 1), np.nan), Y)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(17), "expected .*18"),
        (np.ones((18, 1)), "must be 1D"),
        (np.zeros(18), "not zero for every sample"),
        (-np.ones(18), "must not be negative"),
        (np.full(18, np.nan), "sample_weight contains NaN"),
    ],
)
def test_weights_that_mean_nothing(weight, message):
    with pytest.raises(ValueError, match=message):
        fitted(sample_weight=weight)


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (X[:, :3], "X has 3 steps, but RNNRegressor is expecting 4 steps"),
        (X[:, :, :1], "X has 1 features, but RNNRegressor is expecting 2 features"),
        (X[0], "expecting"),
        (X[0, 0], "Expected .*array"),
        (replaced((0, 0, 0), -np.inf), "infinity .*column 0"),
        (X[:0], "none of them 0|minimum of 1"),
    ],
)
def test_windows_of_another_kind_are_not_predicted(windows, message):
    with pytest.raises(ValueError, match=message):
        fitted(**STILL).predict(windows)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("units", 0),
        ("units", ()),
        ("units", (2, 0)),
        ("units", 2.0),
        ("dense_before", 0),
        ("dense_before", (0,)),
        ("dense_after", ("a",)),
        ("activation", 3),
        ("dropout", 1.0),
        ("recurrent_dropout", -0.1),
        ("l2", -1),
        ("segment", 0),
        ("segment", 3),
        ("decoder", "recurrent"),
        ("learning_rate", 0),
        ("epochs", 0),
        ("batch_size", 0),
        ("validation_split", 1.0),
        ("validation_split", 0.96),
        ("patience", 0),
        ("incomplete", "drop"),
        ("callbacks", 3),
        ("random_state", "a"),
        ("loss", "meen"),
        ("loss", None),
        ("optimizer", "adamant"),
        ("metrics", ["meen"]),
        ("activation", "than"),
        ("dense_activation", "than"),
    ],
)
def test_parameters_that_cannot_work_are_named_before_training(parameter, value):
    recorder = Recorder()
    model = network(callbacks=recorder)
    with pytest.raises(ValueError, match=parameter):
        model.set_params(**{parameter: value}).fit(X, Y)
    assert recorder.starts == 0
    assert not hasattr(model, "weights_")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"segment": 3},
            r"segment must divide .*, 4\. Got 3 .*change segment or",
        ),
        (
            {"decoder": "parallel", "bidirectional": True},
            "decoder='parallel' must have bidirectional=False.* or decoder='dense'",
        ),
        (
            {"decoder": "parallel", "stateful": True},
            "decoder='parallel' must have stateful=False.* or decoder='dense'",
        ),
    ],
    ids=str,
)
def test_networks_that_cannot_be_are_refused_with_a_way_out(
    method, parameters, message
):
    recorder = Recorder()
    model = network(callbacks=recorder, **parameters)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, Y)
    assert recorder.starts == 0
    assert not hasattr(model, "weights_")


@pytest.mark.parametrize("parameter", ["dense_before", "dense_after"])
def test_one_dense_layer_may_be_given_by_its_width(parameter):
    one, other = fitted(**{parameter: 3}), fitted(**{parameter: (3,)})
    assert_same_weights(one, other)


def test_callback_that_is_none_is_refused_by_name():
    with pytest.raises(TypeError, match="callbacks must be a Keras callback or a list"):
        fitted(callbacks=[print])


# --------------------------------------------------------------------------------------
# A training that fails leaves the estimator as it was
# --------------------------------------------------------------------------------------

DIVERGING = {"optimizer": "sgd", "learning_rate": 1e25, "batch_size": 32}
FAILURES = [
    ({"callbacks": Raise(KeyboardInterrupt())}, KeyboardInterrupt, None),
    ({"callbacks": Raise(RuntimeError("mine"))}, RuntimeError, "mine"),
    (DIVERGING, FloatingPointError, r"in epoch 2.*smaller learning_rate.*clipnorm"),
]


@pytest.mark.parametrize(("settings", "error", "message"), FAILURES)
def test_failed_first_fit_leaves_nothing(settings, error, message):
    model = network(epochs=5, **settings)
    with pytest.raises(error, match=message):
        model.fit(X, Y)
    assert vars(model) == network(epochs=5, **settings).get_params()
    model.set_params(callbacks=None, optimizer="adam", learning_rate=1e-3)
    assert_same_weights(model.fit(X, Y), fitted(epochs=5))


@pytest.mark.parametrize(("settings", "error", "message"), FAILURES)
@pytest.mark.parametrize("warm_start", [False, True])
def test_failed_later_fit_leaves_what_was_learned(warm_start, settings, error, message):
    model = fitted(warm_start=warm_start)
    fitted_attributes = set(vars(model))
    predicted, history = model.predict(X), model.history_
    with pytest.raises(error, match=message):
        model.set_params(epochs=5, **settings).fit(X + 100, Y)
    assert set(vars(model)) == fitted_attributes
    assert model.history_ is history
    assert_array_equal(model.predict(X), predicted)


def test_weights_that_the_last_step_spoils_are_not_kept():
    settings = {"optimizer": "sgd", "learning_rate": 3e38, "epochs": 1}
    model = network(**settings)
    with pytest.raises(FloatingPointError, match="infinite in epoch 1, the last one"):
        model.fit(X, Y)
    assert not hasattr(model, "weights_")


def test_failed_partial_fit_uses_up_no_random_numbers_and_adds_no_statistics():
    stop = Raise(RuntimeError("mine"), epoch=0)
    model, other = (network(dropout=0.5).partial_fit(X, Y) for _ in range(2))
    with pytest.raises(RuntimeError, match="mine"):
        model.set_params(callbacks=stop).partial_fit(3 * X, 3 * Y)
    model.set_params(callbacks=None).partial_fit(X, Y)
    assert_same_weights(model, other.partial_fit(X, Y))
