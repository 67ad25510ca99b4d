"""Keras's global settings are those of the user's other models, and change no fit."""

import contextlib
from itertools import cycle

import keras
import numpy as np
import pytest

from skrnn import (
    Autoencoder,
    GRURegressor,
    LSTMClassifier,
    RecurrentAutoencoder,
    RNNRegressor,
    VariationalAutoencoder,
)
from tests.support.networks import RNG

pytestmark = pytest.mark.short_fits

N_STEPS = 4
WINDOWS = RNG.normal(size=(18, N_STEPS, 3)) * [1.0, 10.0, 100.0] + [0.0, 50.0, 1000.0]
Y = WINDOWS[:, -1, 1:]
SMALL = {"epochs": 1, "random_state": 0}

ESTIMATORS = [
    GRURegressor(
        3, segment=2, decoder="parallel", recurrent_dropout=0.1, metrics="mae", **SMALL
    ),
    RecurrentAutoencoder(2, units=3, noise=0.1, sparsity=0.1, **SMALL),
    VariationalAutoencoder(1, input_dropout=0.1, metrics="mae", **SMALL),
    Autoencoder(2, tied=True, l2=0.1, **SMALL),
    RNNRegressor(2, stateful=True, batch_size=len(WINDOWS), **SMALL),
    LSTMClassifier(2, metrics="accuracy", **SMALL),
]


def precise(setting):
    keras.config.set_floatx(setting)


def mixed(setting):
    keras.config.set_dtype_policy(setting)


def ordered(setting):
    keras.config.set_image_data_format(setting)


@contextlib.contextmanager
def keras_set_to(*settings):
    """Settings of Keras as a user may have chosen them for other models."""
    before = [
        (precise, keras.config.floatx()),
        (mixed, keras.config.dtype_policy()),
        (ordered, keras.config.image_data_format()),
    ]
    try:
        for choose, setting in settings:
            choose(setting)
        chosen = read_settings()
        yield
        assert read_settings() == chosen
    finally:
        for choose, setting in before:
            choose(setting)


def read_settings():
    policy = keras.config.dtype_policy().name
    return keras.config.floatx(), policy, keras.config.image_data_format()


SETTINGS = {
    "float64, channels_first": [(precise, "float64"), (ordered, "channels_first")],
    "mixed_float16": [(mixed, "mixed_float16")],
    "float64": [(mixed, "float64")],
}


def data_for(estimator):
    if isinstance(estimator, (Autoencoder, VariationalAutoencoder)):
        return WINDOWS[:, 0], None
    if isinstance(estimator, LSTMClassifier):
        return WINDOWS, WINDOWS[:, -1, 1] > 50
    return WINDOWS, Y


def assert_close(outputs, expected):
    assert (np.abs(outputs - expected) <= 1e-6 * (1 + np.abs(expected))).all()


def outputs_of(estimator, X):
    for name in ("predict_proba", "predict", "reconstruct"):
        if hasattr(estimator, name):
            return getattr(estimator, name)(X)
    raise AssertionError


def in_turn(estimators):
    """Each estimator under one of the settings, and under all others at once."""
    for estimator, one in zip(estimators, cycle(SETTINGS), strict=False):
        others = [name for name in SETTINGS if name != one]
        name = type(estimator).__name__
        yield pytest.param(estimator, [one], id=f"{name}, {one}")
        exhaustive = pytest.mark.exhaustive
        yield pytest.param(estimator, others, marks=exhaustive, id=f"{name}, others")


@pytest.mark.parametrize(("estimator", "settings"), [*in_turn(ESTIMATORS)])
def test_fits_and_exports_do_not_depend_on_the_settings_of_keras(
    estimator, settings, tmp_path
):
    X, y = data_for(estimator)
    plain = estimator.fit(X, y)
    weights, expected = plain.weights_, outputs_of(plain, X)
    exported = np.asarray(plain.to_keras()(X))
    plain.to_keras().save(tmp_path / "model.keras")
    for name in settings:
        with keras_set_to(*SETTINGS[name]):
            fitted = estimator.fit(X, y)
            # Keras's own loop, of stateful networks, adds up losses in floatx.
            for ours, theirs in zip(fitted.weights_, weights, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)
            assert_close(outputs_of(fitted, X), expected)
            assert_close(np.asarray(fitted.to_keras()(X)), exported)
            loaded = keras.models.load_model(tmp_path / "model.keras")
            np.testing.assert_array_equal(np.asarray(loaded(X)), exported)


@pytest.mark.parametrize("settings", ["float64, channels_first", "mixed_float16"])
def test_numpy_and_tensorflow_predict_the_same_whatever_keras_is_set_to(settings):
    model = GRURegressor(3, predict_backend="tensorflow", **SMALL)
    with keras_set_to(*SETTINGS[settings]):
        compiled = model.fit(WINDOWS, Y).predict(WINDOWS)
    in_numpy = model.set_params(predict_backend="numpy").predict(WINDOWS)
    assert (np.abs(compiled - in_numpy) <= 1e-6 * Y.std(axis=0)).all()
