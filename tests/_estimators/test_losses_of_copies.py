"""Autoencoders copy probabilities by a sigmoid, and refuse losses that do not suit."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import Autoencoder, RecurrentAutoencoder
from skrnn._networks.cells import sigmoid
from tests.support.exhaustive import first_of_many

pytestmark = pytest.mark.short_fits

RNG = np.random.default_rng(0)
SOURCES = RNG.normal(size=(300, 2)) @ RNG.normal(size=(2, 5))
BITS = (SOURCES > 0.5).astype(float)
WINDOWS = np.stack([BITS[i : i + 4] for i in range(100)])
CROSSENTROPIES = ["binary_crossentropy", "binary_focal_crossentropy"]
QUICK = {"epochs": 20, "learning_rate": 0.03, "random_state": 0}


@pytest.mark.parametrize("loss", CROSSENTROPIES)
@pytest.mark.parametrize("tied", first_of_many([False, True]))
def test_crossentropies_copy_by_a_sigmoid(loss, tied):
    model = Autoencoder(3, loss=loss, tied=tied, **QUICK).fit(BITS)
    weights = model.weights_
    if tied:
        weights = [*weights[:2], weights[0].T, weights[2]]
    W, b, V, c = weights
    copies = sigmoid((BITS @ W + b) @ V + c)
    assert_allclose(model.reconstruct(BITS), copies, atol=1e-5)
    assert_allclose(model.to_keras()(BITS), copies, atol=1e-5)
    function = getattr(keras.losses, loss)
    constant = np.tile(BITS.mean(axis=0), (len(BITS), 1)).astype(np.float32)
    assert 0 < model.loss_curve_[-1] < np.mean(function(BITS, constant))


def test_recurrent_autoencoders_copy_probabilities_that_are_missing_in_part():
    X = WINDOWS.copy()
    X[3, 1] = np.nan
    X[5, 2, 1] = np.nan
    model = RecurrentAutoencoder(
        2, cell="rnn", units=3, loss=keras.losses.BinaryCrossentropy(), **QUICK
    )
    model.set_params(epochs=3, batch_size=50).fit(X)
    copies = model.reconstruct(X)
    assert ((copies > 0) & (copies < 1)).all()
    assert model.loss_curve_[0] > model.loss_curve_[-1] > 0


@pytest.mark.parametrize("standardize", [True, False])
def test_scores_of_crossentropies_are_in_the_units_of_other_losses(standardize):
    model = Autoencoder(
        2, loss="binary_crossentropy", standardize=standardize, **{**QUICK, "epochs": 1}
    )
    model.fit(BITS)
    errors = BITS - model.reconstruct(BITS)
    unit = BITS.std(axis=0) if standardize else 1.0
    assert_allclose(model.score_samples(BITS), -((errors / unit) ** 2).mean(axis=1))


@pytest.mark.parametrize("loss", CROSSENTROPIES)
def test_probabilities_lie_between_0_and_1(loss):
    with pytest.raises(ValueError, match=r"X must be from 0 to 1.*Got .*row 0"):
        Autoencoder(2, loss=loss).fit(SOURCES)


@pytest.mark.parametrize(
    "loss",
    ["kl_divergence", "categorical_crossentropy", "poisson", "msle", "mape"],
)
def test_losses_of_shares_and_of_positive_numbers_are_refused(loss):
    message = r"either sign.*binary crossentropy of inputs from 0 to 1.*np\.log1p"
    with pytest.raises(ValueError, match=message):
        Autoencoder(2, loss=loss).fit(BITS)


def test_training_goes_on_with_the_same_copies():
    model = Autoencoder(2, epochs=1, warm_start=True).fit(BITS)
    with pytest.raises(ValueError, match="output_activation must stay the same"):
        model.set_params(loss="binary_crossentropy").fit(BITS)


def test_partial_fit_leaves_probabilities_as_they_are():
    model = Autoencoder(2, loss="binary_crossentropy", random_state=0)
    for chunk in (BITS[:100], BITS[100:]):
        model.partial_fit(chunk)
    assert_allclose(model.scaling_.x_scale, 1)
    assert_allclose(model.scaling_.x_mean, 0)
