from dataclasses import replace

import keras
import numpy as np
import pytest

from skrnn._engine.prediction import predict
from skrnn._engine.settings import Course, Recipe
from skrnn._engine.tensorflow import tf
from skrnn._engine.training import train
from tests.support.samples import (
    a_batch_callback,
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)


@pytest.mark.parametrize("shuffle", [False, True])
def test_keras_loop_and_compiled_epochs_agree(shuffle):
    samples = make_samples()
    network = network_for(samples, "rnn")
    args = (network, Recipe(learning_rate=0.01), weights_for(network))
    settings = {"shuffle": shuffle}
    compiled, history = fit_in_order(*args, samples, **settings)
    by_keras, other_history = fit_in_order(
        *args, samples, **settings, callbacks=a_batch_callback()
    )
    np.testing.assert_allclose(history["loss"], other_history["loss"], rtol=1e-4)
    for mine, theirs in zip(compiled, by_keras, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def not_for_xla(targets, predicted):
    on_targets_only = tf.py_function(
        lambda t: np.abs(t).mean(axis=-1), [targets], "float32"
    )
    on_targets_only.set_shape((None,))
    return keras.losses.mean_absolute_error(targets, predicted) + 0 * on_targets_only


@pytest.mark.usefixtures("eager_keras_loop")
@pytest.mark.parametrize(
    ("settings", "recipe", "callbacks"),
    [
        ({}, Recipe(), a_batch_callback),
        ({"batch_size": 8}, Recipe(), lambda: None),
        ({}, Recipe(keras.losses.MeanSquaredError(reduction="sum")), lambda: None),
        ({}, Recipe(lambda t, p: keras.ops.mean((t - p) ** 2)), lambda: None),
        ({}, Recipe(metrics=["accuracy"]), lambda: None),
    ],
    ids=["batch callback", "stateful", "own reduction", "one number", "accuracy"],
)
def test_what_epochs_cannot_honour_falls_back_and_says_so(
    settings, recipe, callbacks, capsys
):
    samples = replace(make_samples(), weights=np.ones(22))
    network = network_for(samples, "rnn", **settings)
    weights = weights_for(network)
    _, history = fit_in_order(
        network, recipe, weights, samples, callbacks=callbacks(), verbose=2
    )
    assert len(history["loss"]) == 3
    assert np.isfinite(history["loss"]).all()
    assert "Keras's own loop" in capsys.readouterr().out


@pytest.mark.usefixtures("eager_keras_loop")
def test_a_loss_that_xla_cannot_compile_falls_back_to_the_same_results():
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    _, history = fit_in_order(
        network, Recipe(not_for_xla, "sgd", 1e-12), weights, samples
    )
    _, expected = fit_in_order(network, Recipe("mae", "sgd", 1e-12), weights, samples)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)


@pytest.mark.usefixtures("eager_keras_loop")
def test_a_short_stateful_batch_counts_as_the_mean_of_its_samples():
    samples = make_samples()  # 20 samples that count: batches of 8 leave 4.
    stateless = network_for(samples, "rnn")
    weights = weights_for(stateless)
    weights[1][:] = 0.0  # Without a recurrent kernel the state handed on is not seen.
    recipe = Recipe(optimizer="sgd", learning_rate=1e-3)
    updates = [
        fit_in_order(network, recipe, weights, samples, epochs=1)[0][0] - weights[0]
        for network in (stateless, replace(stateless, batch_size=8))
    ]
    np.testing.assert_allclose(updates[0], updates[1], rtol=0.03)


@pytest.mark.usefixtures("eager_keras_loop")
def test_both_loops_use_up_the_same_random_numbers():
    samples = make_samples()
    network = network_for(samples, "rnn")
    left = []
    for callbacks in ([], [a_batch_callback()]):
        random_state = np.random.RandomState(0)
        course = Course(3, 8, callbacks=callbacks)
        train(network, Recipe(), None, samples, course, random_state)
        left.append(random_state.randint(10**9))
    assert left[0] == left[1]


@pytest.mark.usefixtures("eager_keras_loop")
def test_stateful_validation_starts_from_zero_as_predictions_do():
    samples, held_out = make_samples(), np.arange(8, 16)
    samples = replace(samples, chosen=np.arange(8))
    network = replace(network_for(samples, "rnn"), batch_size=8)
    recipe = Recipe(learning_rate=1e-12)
    weights, history = fit_in_order(
        network, recipe, weights_for(network), samples, held_out, epochs=1
    )
    _, targets, weight = replace(samples, chosen=held_out).gather(np.arange(8))
    predicted = predict(network, weights, samples.windows.take(held_out))
    errors = weight * np.square(predicted - targets).mean(axis=1)
    np.testing.assert_allclose(history["val_loss"], errors.mean(), rtol=1e-5)
