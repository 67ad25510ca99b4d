"""Samples to train a small network on, and training in their order."""

from dataclasses import replace

import keras
import numpy as np

from skrnn._engine.models import build_model, draw_weights
from skrnn._engine.samples import Samples
from skrnn._engine.settings import Course, Recipe
from skrnn._engine.training import train
from skrnn._engine.training_program import State
from skrnn._networks.description import RecurrentNetwork
from skrnn._windows.windows import Windows

CELLS = ("rnn", "lstm", "gru")


def make_samples(n_samples=22, n_steps=3, n_features=2, n_targets=1, *, missing=False):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_samples + n_steps - 1, n_features)).astype(np.float32)
    if missing:
        rows[[3, 4, 11]] = np.nan
    starts = np.arange(n_samples)
    windows = Windows(rows, starts, n_steps)
    targets = rng.normal(size=(n_samples, n_targets)).astype(np.float32)
    weights = rng.uniform(0.5, 2.0, size=n_samples)
    # The samples that count are some of those that share the rows, in any order.
    return Samples(
        windows, targets, weights, rng.permutation(n_samples)[: n_samples - 2]
    )


def network_for(samples, cell="lstm", **settings):
    windows = samples.windows
    sizes = (windows.n_steps, windows.n_features, samples.targets.shape[1])
    return RecurrentNetwork(cell, *sizes, **{"units": (3,), **settings})


def summed_windows(n_features=2, n_targets=None, n_steps=6, seed=0):
    """Windows and weighted sums of their values, as an estimator takes them."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(20, n_steps, n_features)) * [3.0, 0.2, 1.0][:n_features] + 5
    y = X.sum(axis=1) @ rng.normal(size=(n_features, n_targets or 1))
    return X, y if n_targets else y[:, 0]


def build_recurrent_model(
    cell="rnn", n_steps=4, n_features=3, n_targets=1, units=(5,), **others
):
    return build_model(
        RecurrentNetwork(cell, n_steps, n_features, n_targets, units, **others)
    )


def weights_for(network):
    return draw_weights(build_model(network), np.random.RandomState(1))


def fit_in_order(
    network, recipe, weights, samples, held_out=None, callbacks=(), **course
):
    if isinstance(callbacks, keras.callbacks.Callback):
        callbacks = [callbacks]
    settings = {"epochs": 3, "batch_size": 8, "shuffle": False, **course}
    course = Course(**settings, callbacks=callbacks or ())
    state, history = train(
        network,
        recipe,
        State(weights),
        samples,
        course,
        np.random.RandomState(0),
        held_out,
    )
    return state.weights, history


def fit_with_keras(network, recipe, weights, samples, held_out=None, epochs=3):
    """Model.fit on copied windows in the same order: the independent answer.

    Step by step, since to trace and compile it takes longer than few updates.
    """
    model = build_model(network, masked=samples.any_missing())
    model.compile(
        loss=recipe.loss,
        optimizer=recipe.optimizer,
        metrics=recipe.metrics or None,
        run_eagerly=True,
    )
    if isinstance(recipe.optimizer, str):
        model.optimizer.learning_rate = recipe.learning_rate
    model.set_weights(weights)
    X, y, weight = samples.gather(np.arange(len(samples)))
    if held_out is not None:
        validation = replace(samples, chosen=held_out)
        held_out = validation.gather(np.arange(len(held_out)))
    history = model.fit(
        X, y, sample_weight=weight, validation_data=held_out,
        batch_size=8, epochs=epochs, shuffle=False, verbose=0,
    ).history  # fmt: skip
    return model.get_weights(), history


def assert_same_training(samples, network, recipe=None, held_out=None):
    recipe = recipe or Recipe(learning_rate=0.01)
    weights = weights_for(network)
    args = (recipe, weights, samples, held_out)
    expected, expected_history = fit_with_keras(network, *args, epochs=2)
    got, history = fit_in_order(network, *args, epochs=2)
    assert history.keys() == expected_history.keys()
    for name, values in expected_history.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4)
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def a_batch_callback():
    """Make Keras's own loop train, the only one that has batches to watch."""
    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
