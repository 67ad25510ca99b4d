"""Targets that are constant: predicted exactly, or as the network has learned."""

import numpy as np
import pytest

from skrnn import GRURegressor
from skrnn._engine.tensorflow import keras

pytestmark = pytest.mark.short_fits

ops = keras.ops
X = np.random.RandomState(0).normal(size=(40, 3, 1))
FIRST = 5.0 + 2.0 * X[:, -1, 0]


def likelihood(y_true, y_pred):
    mean, log_variance = y_pred[:, :1], y_pred[:, 1:]
    squares = (y_true[:, :1] - mean) ** 2 * ops.exp(-log_variance)
    return ops.mean(0.5 * log_variance + 0.5 * squares, axis=-1)


def train(loss, constant, **settings):
    y = np.column_stack([FIRST, np.full(len(X), constant)])
    # So small a rate that the loss of the epoch is that of the weights after it.
    settings = {"learning_rate": 1e-30, "epochs": 1, "random_state": 0} | settings
    return GRURegressor(2, loss=loss, **settings).fit(X, y)


@pytest.mark.parametrize("constant", [0.0, 3.0])
@pytest.mark.parametrize("standardize", [True, False])
def test_a_target_that_makes_place_shows_the_output_of_the_network(
    constant, standardize
):
    model = train(likelihood, constant, standardize=standardize)
    mean, log_variance = model.predict(X).T
    unit = FIRST.std() if standardize else 1.0
    squares = ((FIRST - mean) / unit) ** 2 * np.exp(-log_variance)
    expected = np.mean(0.5 * log_variance + 0.5 * squares)
    assert log_variance.std() > 0
    assert model.loss_curve_[0] == pytest.approx(expected, rel=1e-4)
    exported = np.asarray(model.to_keras()(X))[:, 1]
    np.testing.assert_allclose(exported, log_variance, atol=1e-6)


def test_chunks_show_the_output_of_the_network_as_well():
    y = np.column_stack([FIRST, np.zeros(len(X))])
    model = GRURegressor(2, loss=likelihood, random_state=0)
    for chunk in np.split(np.arange(len(X)), 2):
        model.partial_fit(X[chunk], y[chunk])
    assert model.predict(X)[:, 1].std() > 0


@pytest.mark.untrained
@pytest.mark.parametrize(
    "loss",
    [
        "mae",
        keras.losses.Huber(),
        keras.losses.log_cosh,
        lambda t, p: ops.mean(ops.abs(t - p), axis=-1),
    ],
)
def test_a_constant_that_is_compared_is_predicted_exactly(loss):
    np.testing.assert_array_equal(train(loss, 3.0).predict(X)[:, 1], 3.0)


def test_validation_of_a_constant_that_varies_later_compares_predictions():
    y = np.r_[np.full(30, 3.0), np.arange(10.0)]
    model = GRURegressor(2, epochs=2, random_state=0, validation_split=0.25).fit(X, y)
    squares = (model.predict(X[30:]) - y[30:]) ** 2
    assert model.history_["val_loss"][-1] == pytest.approx(squares.mean(), rel=1e-5)
