import keras
import numpy as np
import pytest

from skrnn._engine.epoch import PaddedSamples
from skrnn._engine.models import build_model
from skrnn._engine.prediction import predict
from skrnn._engine.settings import Recipe
from skrnn._windows.windows import Windows
from tests.support.exhaustive import first_of_many
from tests.support.samples import (
    assert_same_training,
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize(
    ("cell", "settings"),
    [
        ("rnn", {"bidirectional": True}),
        ("lstm", {"l2": 0.1, "dense_before": (4,), "dense_after": (3,)}),
        ("gru", {"linear_path": True}),
    ],
    ids=str,
)
def test_epochs_equal_keras(cell, settings):
    samples = make_samples(12)
    assert_same_training(samples, network_for(samples, cell, **settings))


@pytest.mark.usefixtures("compiled_only")
def test_epochs_equal_keras_with_missing_steps():
    samples = make_samples(12, missing=True)
    assert_same_training(samples, network_for(samples, "rnn"))


@pytest.mark.usefixtures("compiled_only")
def test_epochs_of_a_parallel_decoder_equal_keras():
    samples = make_samples(12, n_steps=4, n_targets=3, missing=True)
    network = network_for(samples, "rnn", segment=2, decoder="parallel", l2=0.01)
    recipe = Recipe(optimizer=keras.optimizers.Adam(0.01, clipnorm=0.1))
    assert_same_training(samples, network, recipe)


@pytest.mark.usefixtures("compiled_only")
def test_epochs_equal_keras_with_several_targets_metrics_and_validation():
    samples, held_out = (
        make_samples(12, n_targets=2),
        np.array([1, 5, 3, 8, 2, 0, 9, 4, 7]),
    )
    recipe = Recipe("huber", "adam", 0.01, ["mean_absolute_error"])
    assert_same_training(samples, network_for(samples, "rnn"), recipe, held_out)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize(
    "optimizer",
    first_of_many(
        [
            "nadam",
            "sgd",
            "rmsprop",
            "adagrad",
            "adadelta",
            "adamax",
            "adamw",
            "lion",
            "ftrl",
        ],
        2,
    ),
)
def test_every_common_optimizer_equals_keras(optimizer):
    samples = make_samples(12)
    recipe = Recipe(optimizer=optimizer, learning_rate=0.01)
    assert_same_training(samples, network_for(samples, "rnn"), recipe)


@pytest.mark.usefixtures("compiled_only")
def test_a_loss_that_an_optimizer_scales_equals_keras():
    optimizer = keras.optimizers.SGD(0.05, loss_scale_factor=512.0)
    samples = make_samples(12)
    recipe = Recipe(optimizer=optimizer)
    assert_same_training(samples, network_for(samples, "rnn"), recipe)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize(
    "settings",
    first_of_many(
        [
            {"weight_decay": 0.1},
            {"use_ema": True},
            {"global_clipnorm": 0.1},
            {"clipvalue": 0.01},
        ],
        2,
    ),
    ids=lambda settings: next(iter(settings)),
)
def test_settings_of_an_optimizer_equal_keras(settings):
    samples = make_samples(12)
    recipe = Recipe(optimizer=keras.optimizers.Adam(0.01, **settings))
    assert_same_training(samples, network_for(samples, "rnn"), recipe)


def test_dropout_scales_and_drops_in_training_only():
    samples = make_samples(400)
    network = network_for(samples, "rnn", dropout=0.5)
    weights = weights_for(network)
    # At a learning rate of nearly zero every epoch measures the loss of the same
    # weights, so that the epochs differ by what was dropped alone.
    recipe = Recipe("mae", "sgd", 1e-12)
    _, history = fit_in_order(network, recipe, weights, samples, epochs=40)
    assert len(set(history["loss"])) == 40
    model = build_model(network)
    model.set_weights(weights)
    X, y, weight = (
        np.concatenate([part] * 40) for part in samples.gather(np.arange(398))
    )
    errors = weight * np.abs(model(X, training=True) - y)[:, 0]
    np.testing.assert_allclose(np.mean(history["loss"]), errors.mean(), rtol=0.03)
    same = predict(network, weights, samples.windows)
    np.testing.assert_array_equal(same, predict(network, weights, samples.windows))


@pytest.mark.parametrize(
    ("n_rows", "width", "n_targets", "expected"),
    [
        # So that many fits share a program.
        (100, 4, 1, (8192, 8192)),
        (9000, 4, 1, (16384, 16384)),
        # So that wide ones take at most twice their own size.
        (100, 30_000, 1, (128, 8192)),
        (4, 30_000, 1, (8, 8192)),
        (100, 4, 3000, (8192, 128)),
    ],
)
def test_tables_are_padded_by_their_bytes(n_rows, width, n_targets, expected):
    windows = Windows(np.zeros((n_rows, width), np.float32), np.arange(n_rows), 1)
    targets = np.zeros((n_rows, n_targets), np.float32)
    padded = PaddedSamples.of(windows, targets, np.ones(n_rows))
    assert (padded.rows.shape[0], padded.targets.shape[0]) == expected
