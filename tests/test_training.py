import threading

import keras
import numpy as np
import pytest

from skrnn import _training
from skrnn._networks import Architecture, build_network, draw_weights
from skrnn._programs import PROGRAMS, Recipe, State
from skrnn._training import Course, Samples, predict, train
from skrnn._windows import Windows

CELLS = ("rnn", "lstm", "gru")


def make_samples(n_samples=22, n_steps=5, n_features=2, n_targets=1, *, missing=False):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_samples + n_steps - 1, n_features)).astype(np.float32)
    if missing:
        rows[[3, 4, 11]] = np.nan
    starts = np.arange(n_samples)
    windows = Windows(rows, starts, n_steps)
    targets = rng.normal(size=(n_samples, n_targets)).astype(np.float32)
    weights = rng.uniform(0.5, 2.0, size=n_samples)
    # The samples that count are some of those that share the rows, in any order.
    return Samples(windows, targets, weights, rng.permutation(n_samples)[: n_samples - 2])


def architecture_of(samples, cell="lstm", **settings):
    windows = samples.windows
    sizes = (windows.n_steps, windows.n_features, samples.targets.shape[1])
    return Architecture(cell, *sizes, **{"units": (3,), **settings})


def weights_for(architecture):
    return draw_weights(build_network(architecture), np.random.RandomState(1))


def fit_with_keras(architecture, recipe, weights, samples, validation=None):
    """Model.fit on copied windows in the same order: the independent answer."""
    model = build_network(architecture)
    model.compile(
        loss=recipe.loss, optimizer=recipe.optimizer, metrics=recipe.metrics or None
    )
    if isinstance(recipe.optimizer, str):
        model.optimizer.learning_rate = recipe.learning_rate
    model.set_weights(weights)
    X, y, weight = samples.gather(np.arange(len(samples)))
    held_out = validation and validation.gather(np.arange(len(validation)))
    history = model.fit(
        X, y, sample_weight=weight, validation_data=held_out,
        batch_size=8, epochs=3, shuffle=False, verbose=0,
    ).history  # fmt: skip
    return model.get_weights(), history


def fit_in_order(architecture, recipe, weights, samples, validation=None, **course):
    course = Course(**{"epochs": 3, "batch_size": 8, "shuffle": False, **course})
    state, history = train(
        architecture,
        recipe,
        State(weights),
        samples,
        course,
        np.random.RandomState(0),
        validation,
    )
    return state.weights, history


def assert_same_training(samples, architecture, recipe=None, validation=None):
    recipe = recipe or Recipe(learning_rate=0.01)
    weights = weights_for(architecture)
    args = (recipe, weights, samples, validation)
    expected, expected_history = fit_with_keras(architecture, *args)
    got, history = fit_in_order(architecture, *args)
    assert history.keys() == expected_history.keys()
    for name, values in expected_history.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-4)
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


@pytest.fixture
def compiled_only(monkeypatch):
    """Fail instead of falling back to Keras's own loop."""

    def refuse(*args):
        raise AssertionError("fell back to Keras's loop")

    monkeypatch.setattr(_training, "_keras_fit", refuse)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"l2": 0.1, "units": (3, 2), "dense_before": (4,), "dense_after": (3,)},
        {"bidirectional": True},
    ],
    ids=["plain", "deep with l2", "both ways"],
)
def test_epochs_equal_keras(cell, settings):
    samples = make_samples()
    assert_same_training(samples, architecture_of(samples, cell, **settings))


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("cell", CELLS)
def test_epochs_equal_keras_with_missing_steps(cell):
    samples = make_samples(missing=True)
    assert_same_training(samples, architecture_of(samples, cell, masked=True))


@pytest.mark.usefixtures("compiled_only")
def test_epochs_equal_keras_with_several_targets_metrics_and_validation():
    samples, validation = make_samples(n_targets=2), make_samples(13, n_targets=2)
    recipe = Recipe("huber", "adam", 0.01, ["mean_absolute_error"])
    assert_same_training(samples, architecture_of(samples), recipe, validation)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "adamw", "lion", "ftrl"],
)
def test_every_common_optimizer_equals_keras(optimizer):
    samples = make_samples()
    recipe = Recipe(optimizer=optimizer, learning_rate=0.01)
    assert_same_training(samples, architecture_of(samples, "rnn"), recipe)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize(
    "settings",
    [
        {"clipnorm": 0.1},
        {"global_clipnorm": 0.1},
        {"clipvalue": 0.01},
        {"weight_decay": 0.1},
        {"use_ema": True},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_of_an_optimizer_equal_keras(settings):
    samples = make_samples()
    recipe = Recipe(optimizer=keras.optimizers.Adam(0.01, **settings))
    assert_same_training(samples, architecture_of(samples, "rnn"), recipe)
