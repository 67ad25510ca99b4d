import keras
import numpy as np
import pytest

from skrnn._engine.learning_rate import Decay, decayed_rate
from skrnn._engine.models import build_model
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.settings import Recipe
from tests.support.samples import (
    a_batch_callback,
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)

SHAPES = ("cosine", "linear")
# 20 samples that count, by batches of 8: three updates in each of three epochs.
N_UPDATES = 9


def schedule_of_keras(shape, first_rate, n_updates):
    schedules = keras.optimizers.schedules
    if shape == "cosine":
        return schedules.CosineDecay(first_rate, n_updates)
    return schedules.PolynomialDecay(first_rate, n_updates, end_learning_rate=0.0)


@pytest.mark.parametrize("shape", SHAPES)
def test_rates_are_those_of_keras(shape):
    decay, theirs = Decay(shape, 1.0), schedule_of_keras(shape, 0.3, 7)
    decay.start(0.3, 7)
    for update in range(7):
        expected = float(theirs(update))
        assert float(decay.schedule(update)) == expected
        assert decayed_rate(shape, 0.3, update, 7) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_over_an_infinite_number_of_updates_the_rate_is_constant(shape):
    decay = Decay(shape, 1.0)
    decay.start(0.3, np.inf)
    assert float(decay.schedule(10**6)) == np.float32(0.3)
    assert decayed_rate(shape, 0.3, 10**6, np.inf) == 0.3


def weights_by_keras(samples, network, weights, shape):
    """Train by `Model.fit` with the schedule of Keras: the independent answer."""
    model = build_model(network)
    optimizer = keras.optimizers.Adam(schedule_of_keras(shape, 0.05, N_UPDATES))
    model.compile(loss="mse", optimizer=optimizer, run_eagerly=True)
    model.set_weights(weights)
    X, y, weight = samples.gather(np.arange(len(samples)))
    model.fit(
        X, y, sample_weight=weight, batch_size=8, epochs=3, shuffle=False, verbose=0
    )
    return model.get_weights()


@pytest.mark.usefixtures("eager_keras_loop")
@pytest.mark.parametrize(
    ("shape", "callbacks", "own_optimizer"),
    [
        ("cosine", lambda: None, False),
        ("linear", a_batch_callback, True),
        pytest.param("linear", lambda: None, True, marks=pytest.mark.exhaustive),
        pytest.param("cosine", a_batch_callback, False, marks=pytest.mark.exhaustive),
    ],
)
def test_both_loops_update_as_keras_does_with_its_schedule(
    shape, callbacks, own_optimizer
):
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    # An instance brings its own rate, and the one of the recipe means nothing.
    own = {"optimizer": keras.optimizers.Adam(0.05), "learning_rate": 0.9}
    named = {"optimizer": "adam", "learning_rate": 0.05}
    chosen = own if own_optimizer else named
    recipe = Recipe("mse", **chosen, learning_rate_decay=shape)
    got, history = fit_in_order(
        network, recipe, weights, samples, callbacks=callbacks()
    )
    expected = weights_by_keras(samples, network, weights, shape)
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    rates = schedule_of_keras(shape, 0.05, N_UPDATES)
    np.testing.assert_allclose(
        history["learning_rate"], [float(rates(update)) for update in (2, 5, 8)], 1e-5
    )


def test_trainings_of_any_length_and_rate_share_one_program():
    PROGRAMS.clear()
    built = PROGRAMS.n_built
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    for settings in ({"epochs": 1}, {"epochs": 4}, {"constant_rate": True}):
        for learning_rate in (0.1, 0.01):
            recipe = Recipe(learning_rate=learning_rate, learning_rate_decay="cosine")
            fit_in_order(network, recipe, weights, samples, **settings)
    assert PROGRAMS.n_built - built == 1
    ((_, program),) = PROGRAMS._free.values()
    assert len(program._epochs) == 1


def test_a_constant_rate_is_that_of_a_recipe_without_decay():
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    kept, history = fit_in_order(
        network,
        Recipe(learning_rate=0.05, learning_rate_decay="cosine"),
        weights,
        samples,
        constant_rate=True,
    )
    plain, _ = fit_in_order(network, Recipe(learning_rate=0.05), weights, samples)
    assert history["learning_rate"] == [0.05] * 3
    for mine, theirs in zip(kept, plain, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("own_optimizer", [False, True], ids=["name", "instance"])
def test_gradients_are_clipped_as_keras_clips_them(own_optimizer):
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    optimizer = keras.optimizers.SGD(0.05) if own_optimizer else "sgd"
    keras_clips = Recipe("mse", keras.optimizers.SGD(0.05, clipnorm=0.1))
    recipes = (Recipe("mse", optimizer, 0.05, clipnorm=0.1), keras_clips)
    clipped, expected = (
        fit_in_order(network, recipe, weights, samples)[0] for recipe in recipes
    )
    plain, _ = fit_in_order(network, Recipe("mse", "sgd", 0.05), weights, samples)
    assert not np.allclose(plain[0], clipped[0])
    for mine, theirs in zip(clipped, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("settings", "callbacks", "message"),
    [
        (
            {
                "optimizer": keras.optimizers.SGD(
                    keras.optimizers.schedules.CosineDecay(0.1, 5)
                ),
                "learning_rate_decay": "cosine",
            },
            None,
            "learning_rate_decay must be None for an optimizer whose",
        ),
        (
            {"optimizer": keras.optimizers.SGD(global_clipnorm=1.0), "clipnorm": 1.0},
            None,
            "clipnorm must be None for an optimizer that clips.*global_clipnorm=1.0",
        ),
        (
            {"learning_rate_decay": "linear"},
            keras.callbacks.ReduceLROnPlateau("loss"),
            "learning_rate_decay must be None where a callback.*ReduceLROnPlateau",
        ),
    ],
    ids=["two schedules", "two norms", "a callback"],
)
def test_settings_that_contradict_each_other_are_refused(settings, callbacks, message):
    samples = make_samples()
    network = network_for(samples, "rnn")
    recipe, weights = Recipe(**settings), weights_for(network)
    with pytest.raises(ValueError, match=message):
        fit_in_order(network, recipe, weights, samples, callbacks=callbacks)
