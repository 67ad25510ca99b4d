import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score

from skrnn import GRURegressor, LSTMRegressor, RecurrentAutoencoder, RNNRegressor
from tests.support.exhaustive import first_of_many
from tests.support.untrained import untrained

pytestmark = pytest.mark.short_fits

ESTIMATORS = {"rnn": RNNRegressor, "lstm": LSTMRegressor, "gru": GRURegressor}
RNG = np.random.RandomState(0)
X = RNG.normal(size=(18, 4, 2)) * [3.0, 0.2] + [10.0, -1.0]
Y = X[:, -1, 0] + 20 * X[:, 0, 1] + 30
# So small that training leaves the starting weights.
STILL = {"learning_rate": 1e-12, "epochs": 1}


def autoencoder(X=X, cell="rnn", units=3, **parameters):
    settings = {"learning_rate": 0.05, "epochs": 1, "random_state": 7, **parameters}
    return RecurrentAutoencoder(2, cell=cell, units=units, **settings).fit(X)


with untrained():
    PRETRAINED = autoencoder()


def network(cls=RNNRegressor, units=3, pretrained=PRETRAINED, **parameters):
    settings = {"epochs": 2, "random_state": 0, "pretrained": pretrained, **parameters}
    return cls(units, **settings)


def starts_with(model, weights):
    return all(
        np.array_equal(mine, given)
        for mine, given in zip(model.weights_, weights, strict=False)
    )


# --------------------------------------------------------------------------------------
# Starting weights
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "units"), first_of_many([("gru", (3, 2)), ("rnn", 3), ("lstm", 3)])
)
def test_training_starts_from_the_encoder(cell, units):
    given = autoencoder(cell=cell, units=units)
    n_layers = np.size(units)
    model = network(ESTIMATORS[cell], units, given, **STILL).fit(X, Y)
    assert len(given.recurrent_weights()) == 3 * n_layers
    for mine, theirs in zip(model.weights_, given.recurrent_weights(), strict=False):
        assert_allclose(mine, theirs, rtol=0, atol=1e-9)
    alone = network(ESTIMATORS[cell], units, None, **STILL).fit(X, Y)
    assert not starts_with(alone, given.recurrent_weights())
    # The Dense layer behind them starts as it does without.
    assert_allclose(model.weights_[-2], alone.weights_[-2], rtol=0, atol=1e-9)


@pytest.mark.parametrize("frozen", first_of_many([False, True]))
def test_parallel_decoder_starts_from_the_encoder(frozen):
    given = autoencoder(cell="lstm", units=(3, 2))
    settings = {"decoder": "parallel", "freeze_pretrained": frozen, **STILL}
    settings["linear_path"] = True
    settings |= {"learning_rate": 0.1} if frozen else {}
    y = np.column_stack([Y, -Y, 2 * Y])
    model = network(LSTMRegressor, (3, 2), given, **settings).fit(X, y)
    for mine, theirs in zip(model.weights_, given.recurrent_weights(), strict=False):
        assert_allclose(mine, theirs, rtol=0, atol=0 if frozen else 1e-9)
    # Behind them come the embeddings of three positions, for the last layer to read.
    assert model.weights_[6].shape == (3, 3)


def test_training_changes_what_is_not_frozen():
    before = [weight.copy() for weight in PRETRAINED.weights_]
    model = network().fit(X, Y)
    assert not starts_with(model, PRETRAINED.recurrent_weights())
    for mine, weight in zip(PRETRAINED.weights_, before, strict=True):
        assert_array_equal(mine, weight)


@pytest.mark.parametrize(("cell", "units"), [("rnn", 3), ("gru", (3, 2))])
def test_frozen_layers_keep_their_weights_bit_for_bit(cell, units):
    given = autoencoder(cell=cell, units=units)
    model = network(
        ESTIMATORS[cell], units, given, freeze_pretrained=True, learning_rate=0.1
    ).fit(X, Y)
    assert starts_with(model, given.recurrent_weights())
    still = network(ESTIMATORS[cell], units, given, **STILL).fit(X, Y)
    assert (model.weights_[-2] != still.weights_[-2]).any()


def test_windows_are_scaled_as_for_the_autoencoder():
    given = autoencoder(np.concatenate([X, 3 * X + 5]))
    model = network(pretrained=given).fit(X, Y)
    assert_array_equal(model.scaling_.x_mean, given.scaling_.x_mean)
    assert_array_equal(model.scaling_.x_scale, given.scaling_.x_scale)
    assert_allclose(model.scaling_.y_mean, [Y.mean()])
    predicted = model.to_keras()(X)[:, 0]
    assert_allclose(predicted, model.predict(X), rtol=0, atol=1e-5 * Y.std())


def test_windows_may_have_another_number_of_steps():
    model = network(**STILL).fit(X[:, 1:], Y)
    assert model.predict(X[:, 1:]).shape == (18,)


# --------------------------------------------------------------------------------------
# Thawing
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_frozen_layers_can_be_thawed(method):
    model = network(freeze_pretrained=True, warm_start=True).fit(X, Y)
    frozen = [weight.copy() for weight in model.weights_]
    getattr(model.set_params(freeze_pretrained=False), method)(X, Y)
    assert not starts_with(model, PRETRAINED.recurrent_weights())
    # They went on from where they were: a few small steps away.
    for now, before in zip(model.weights_, frozen, strict=True):
        assert_allclose(now, before, atol=0.02)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_does_not_start_from_the_encoder_again(method):
    model = network(warm_start=True, learning_rate=0.05).fit(X, Y)
    before = [weight.copy() for weight in model.weights_]
    getattr(model.set_params(learning_rate=1e-12), method)(X, Y)
    for now, weight in zip(model.weights_, before, strict=True):
        assert_allclose(now, weight, rtol=0, atol=1e-8)


# --------------------------------------------------------------------------------------
# Clones
# --------------------------------------------------------------------------------------


def test_clones_start_from_the_same_autoencoder():
    model = clone(network(freeze_pretrained=True))
    assert model.pretrained is PRETRAINED
    assert starts_with(model.fit(X, Y), PRETRAINED.recurrent_weights())
    assert np.isfinite(cross_val_score(model, X, Y, cv=2)).all()


def test_grid_chooses_among_frozen_estimators():
    others = [FrozenEstimator(autoencoder(random_state=seed)) for seed in (1, 2)]
    grid = {"pretrained": [None, *others]}
    search = GridSearchCV(network(), grid, cv=2).fit(X, Y)
    assert len(set(search.cv_results_["mean_test_score"])) == 3
    plain = network(pretrained=others[0].estimator)
    expected = cross_val_score(plain, X, Y, cv=2).mean()
    assert_allclose(search.cv_results_["mean_test_score"][1], expected, rtol=1e-6)


# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "windows", "message"),
    [
        (network(LSTMRegressor), X, "cell='rnn'.* Got cell='lstm' .*the class of"),
        (network(units=4), X, r"units=(3,).* Got units=(4,) .*change units"),
        (network(units=(3, 2)), X, r"units=(3,).* Got units=(3, 2) "),
        (network(activation="relu"), X, "activation='tanh'.* Got activation='relu'"),
        (network(), X[:, :, :1], "n_features=2.* Got n_features=1 .*columns of X"),
        (network(bidirectional=True), X, "bidirectional=False"),
        (network(dense_before=2), X, r"dense_before=()"),
        (network(segment=2), X, "segment=1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_differs_is_named(model, windows, message):
    pattern = re.sub(r"([()])", r"\\\1", message)
    with pytest.raises(ValueError, match=f"pretrained has an encoder with {pattern}"):
        model.fit(windows, Y)
    assert not hasattr(model, "weights_")


@pytest.mark.parametrize("wrap", [lambda given: given, FrozenEstimator])
def test_an_autoencoder_that_is_not_fitted_is_refused(wrap):
    given = wrap(RecurrentAutoencoder(2, cell="rnn", units=3))
    with pytest.raises(NotFittedError, match=r"fitted RecurrentAutoencoder.*Frozen"):
        network(pretrained=given).fit(X, Y)


def test_nothing_to_freeze_is_refused():
    with pytest.raises(ValueError, match="freeze_pretrained=True needs pretrained"):
        network(pretrained=None, freeze_pretrained=True).fit(X, Y)


@pytest.mark.parametrize("given", ["autoencoder", RNNRegressor(3)])
def test_what_is_no_autoencoder_is_refused(given):
    with pytest.raises(ValueError, match="pretrained"):
        network(pretrained=given).fit(X, Y)
