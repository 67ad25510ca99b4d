import sys
import threading
from dataclasses import replace

import keras
import numpy as np
import pytest

from skrnn._engine import epoch, training, training_program
from skrnn._engine.models import build_model
from skrnn._engine.prediction import predict
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.settings import Course, Recipe
from skrnn._engine.training import train
from tests.support.exhaustive import crossed, first_of_many
from tests.support.samples import (
    CELLS,
    a_batch_callback,
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)

with_and_without_validation = pytest.mark.parametrize(
    "held_out", [None, np.array([1, 2])], ids=["trained only", "validated"]
)


def fit_with_keras(network, recipe, weights, samples, held_out=None):
    """Model.fit on copied windows in the same order: the independent answer."""
    model = build_model(network, masked=samples.any_missing())
    model.compile(
        loss=recipe.loss, optimizer=recipe.optimizer, metrics=recipe.metrics or None
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
        batch_size=8, epochs=3, shuffle=False, verbose=0,
    ).history  # fmt: skip
    return model.get_weights(), history


def assert_same_training(samples, network, recipe=None, held_out=None):
    recipe = recipe or Recipe(learning_rate=0.01)
    weights = weights_for(network)
    args = (recipe, weights, samples, held_out)
    expected, expected_history = fit_with_keras(network, *args)
    got, history = fit_in_order(network, *args)
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

    monkeypatch.setattr(training, "keras_fit", refuse)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize(
    ("cell", "settings"),
    crossed(
        CELLS,
        [
            {},
            {"l2": 0.1, "units": (3, 2), "dense_before": (4,), "dense_after": (3,)},
            {"bidirectional": True},
        ],
    ),
    ids=str,
)
def test_epochs_equal_keras(cell, settings):
    samples = make_samples()
    assert_same_training(samples, network_for(samples, cell, **settings))


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("cell", first_of_many(CELLS))
def test_epochs_equal_keras_with_missing_steps(cell):
    samples = make_samples(missing=True)
    assert_same_training(samples, network_for(samples, cell))


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize("missing", first_of_many([True, False]))
def test_epochs_of_a_parallel_decoder_equal_keras(missing):
    samples = make_samples(n_steps=6, n_targets=5, missing=missing)
    network = network_for(samples, segment=2, decoder="parallel", l2=0.01)
    recipe = Recipe(optimizer=keras.optimizers.Adam(0.01, clipnorm=0.1))
    assert_same_training(samples, network, recipe)


@pytest.mark.usefixtures("compiled_only")
def test_epochs_equal_keras_with_several_targets_metrics_and_validation():
    samples, held_out = make_samples(n_targets=2), np.array([1, 5, 3, 8, 2, 0, 9, 4, 7])
    recipe = Recipe("huber", "adam", 0.01, ["mean_absolute_error"])
    assert_same_training(samples, network_for(samples), recipe, held_out)


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
    samples = make_samples()
    recipe = Recipe(optimizer=optimizer, learning_rate=0.01)
    assert_same_training(samples, network_for(samples, "rnn"), recipe)


@pytest.mark.usefixtures("compiled_only")
def test_a_loss_that_an_optimizer_scales_equals_keras():
    optimizer = keras.optimizers.SGD(0.05, loss_scale_factor=512.0)
    samples = make_samples()
    recipe = Recipe(optimizer=optimizer)
    assert_same_training(samples, network_for(samples, "rnn"), recipe)


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
    assert_same_training(samples, network_for(samples, "rnn"), recipe)


def test_dropout_scales_and_drops_in_training_only():
    samples = make_samples(400)
    network = network_for(samples, dropout=0.5)
    weights = weights_for(network)
    # At a learning rate of nearly zero every epoch measures the loss of the same
    # weights, so that the epochs differ by what was dropped alone.
    recipe = Recipe("mae", "sgd", 1e-12)
    _, history = fit_in_order(network, recipe, weights, samples, epochs=40)
    keras_losses = fit_with_keras(network, recipe, weights, samples)[1]["loss"]
    assert len(set(history["loss"])) == 40
    np.testing.assert_allclose(
        np.mean(history["loss"]), np.mean(keras_losses), rtol=0.03
    )
    same = predict(network, weights, samples.windows)
    np.testing.assert_array_equal(same, predict(network, weights, samples.windows))


@pytest.mark.parametrize("shuffle", [False, True])
def test_keras_loop_and_compiled_epochs_agree(shuffle):
    samples = make_samples()
    network = network_for(samples)
    args = (network, Recipe(learning_rate=0.01), weights_for(network))
    settings = {"shuffle": shuffle, "batch_size": 6}
    compiled, history = fit_in_order(*args, samples, **settings)
    by_keras, other_history = fit_in_order(
        *args, samples, **settings, callbacks=a_batch_callback()
    )
    np.testing.assert_allclose(history["loss"], other_history["loss"], rtol=1e-4)
    for mine, theirs in zip(compiled, by_keras, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def not_for_xla(targets, predicted):
    on_targets_only = training.tf.py_function(
        lambda t: np.abs(t).mean(axis=-1), [targets], "float32"
    )
    on_targets_only.set_shape((None,))
    return keras.losses.mean_absolute_error(targets, predicted) + 0 * on_targets_only


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
    samples = make_samples()
    network = network_for(samples, "rnn", **settings)
    weights = weights_for(network)
    _, history = fit_in_order(
        network, recipe, weights, samples, callbacks=callbacks(), verbose=2
    )
    assert len(history["loss"]) == 3
    assert np.isfinite(history["loss"]).all()
    assert "Keras's own loop" in capsys.readouterr().out


def test_a_loss_that_xla_cannot_compile_falls_back_to_the_same_results():
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    _, history = fit_in_order(
        network, Recipe(not_for_xla, "sgd", 1e-12), weights, samples
    )
    _, expected = fit_in_order(network, Recipe("mae", "sgd", 1e-12), weights, samples)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize(
    ("make", "check"),
    [
        (
            lambda path: keras.callbacks.EarlyStopping("loss", patience=1, min_delta=9),
            lambda made, history, path: len(history["loss"]) == 2,
        ),
        (
            lambda path: keras.callbacks.ReduceLROnPlateau(
                "loss", factor=0.1, patience=1, min_delta=9
            ),
            lambda made, history, path: (
                history["learning_rate"][-1] < 0.1 * history["learning_rate"][0] + 1e-9
            ),
        ),
        (
            lambda path: keras.callbacks.ModelCheckpoint(path / "best.keras"),
            lambda made, history, path: (path / "best.keras").exists(),
        ),
        (
            lambda path: keras.callbacks.TerminateOnNaN(),
            lambda made, history, path: len(history["loss"]) == 4,
        ),
        (
            lambda path: keras.callbacks.LearningRateScheduler(lambda epoch, lr: 0.0),
            lambda made, history, path: len(set(np.round(history["loss"], 6))) == 1,
        ),
        (
            lambda path: keras.callbacks.CSVLogger(path / "log.csv"),
            lambda made, history, path: (
                len((path / "log.csv").read_text().split()) == 5
            ),
        ),
        (
            lambda path: keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: None,
                on_train_end=lambda logs: (path / "end").write_text("x"),
            ),
            lambda made, history, path: (path / "end").exists(),
        ),
    ],
    ids=[
        "EarlyStopping",
        "ReduceLROnPlateau",
        "ModelCheckpoint",
        "TerminateOnNaN",
        "LearningRateScheduler",
        "CSVLogger",
        "LambdaCallback",
    ],
)
def test_callbacks_of_epochs_work_beside_compiled_epochs(make, check, tmp_path):
    samples = make_samples()
    network = network_for(samples, "rnn")
    callback = make(tmp_path)
    _, history = fit_in_order(
        network,
        Recipe(learning_rate=0.01),
        weights_for(network),
        samples,
        epochs=4,
        callbacks=[callback],
    )
    assert check(callback, history, tmp_path)


@with_and_without_validation
def test_a_schedule_equals_that_of_keras_and_compiles_once(held_out, monkeypatch):
    compiled = []

    def counted(*args):
        compiled.append(args)
        return epoch.training_epoch(*args)

    monkeypatch.setattr(training_program, "training_epoch", counted)
    PROGRAMS.clear()
    samples, histories = make_samples(), []
    network = network_for(samples, "rnn")
    args = (network, Recipe(), weights_for(network), samples, held_out)
    for others in ([], [a_batch_callback()]):
        rate = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
        histories.append(fit_in_order(*args, callbacks=[rate, *others])[1])
        assert len(compiled) == 1
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-4)


def test_tensorboard_writes_its_scalars(tmp_path):
    samples = make_samples()
    network = network_for(samples, "rnn")
    board = keras.callbacks.TensorBoard(tmp_path)
    weights = weights_for(network)
    fit_in_order(network, Recipe(), weights, samples, callbacks=board)
    assert list(tmp_path.rglob("events.out.*"))


@pytest.mark.usefixtures("compiled_only")
def test_callbacks_see_and_change_the_live_model():
    class Spy(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.norms = []

        def on_epoch_end(self, epoch, logs=None):
            self.norms.append(float(np.square(self.model.get_weights()[0]).sum()))
            if epoch == 2:
                self.model.set_weights([0 * w for w in self.model.get_weights()])
                self.model.stop_training = True

    samples = make_samples()
    network = network_for(samples, "rnn")
    spy, recipe = Spy(), Recipe(learning_rate=0.01)
    weights, history = fit_in_order(
        network,
        recipe,
        weights_for(network),
        samples,
        epochs=9,
        callbacks=[spy],
    )
    assert len(history["loss"]) == 3
    assert len(set(spy.norms)) == 3
    assert not any(weight.any() for weight in weights)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_same_seed_gives_the_same_bits_whatever_ran_before(dropout):
    samples = make_samples()
    network = network_for(samples, "gru", dropout=dropout)

    def fit(seed):
        course, random_state = Course(2, 8), np.random.RandomState(seed)
        return train(network, Recipe(), None, samples, course, random_state)[0]

    first, other, again = fit(0), fit(1), fit(0)
    for a, b, c in zip(first.weights, other.weights, again.weights, strict=True):
        np.testing.assert_array_equal(a, c)
        assert not np.array_equal(a, b)


def test_threads_train_at_once_and_get_the_bits_of_a_single_one():
    samples = make_samples()
    network = network_for(samples, "rnn")
    results = {}

    def fit(seed):
        course, random_state = Course(3, 8), np.random.RandomState(seed)
        state, _ = train(network, Recipe(), None, samples, course, random_state)
        results.setdefault(seed, []).append(
            (state.weights, predict(network, state.weights, samples.windows))
        )

    threads = [threading.Thread(target=fit, args=(s,), daemon=True) for s in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    fit(0), fit(1)
    for seed in (0, 1):
        weights, predicted = results[seed][-1]
        for other_weights, other_predicted in results[seed]:
            np.testing.assert_array_equal(predicted, other_predicted)
            for mine, theirs in zip(weights, other_weights, strict=True):
                np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("callbacks", [lambda: None, lambda: a_batch_callback()])
@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_progress_in_a_log_file_is_a_line_an_epoch(verbose, callbacks, capsys):
    samples = make_samples()
    network = network_for(samples, "rnn")
    watch = {"callbacks": callbacks(), "verbose": verbose}
    fit_in_order(network, Recipe(), weights_for(network), samples, **watch)
    lines = [x for x in capsys.readouterr().out.splitlines() if x.startswith("Epoch")]
    assert [line[:9] for line in lines] == [f"Epoch {i}/3" for i in (1, 2, 3)][
        : 3 * bool(verbose)
    ]


def test_progress_on_a_terminal_is_one_bar(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    fit_in_order(network, Recipe(), weights, samples, verbose=1)
    printed = capsys.readouterr().out
    assert "3/3" in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("batches", [False, True])
def test_callbacks_give_the_model_back(batches):
    samples = make_samples()
    network = network_for(samples, "rnn")
    callback = a_batch_callback() if batches else keras.callbacks.History()
    weights = weights_for(network)
    fit_in_order(network, Recipe(), weights, samples, callbacks=[callback])
    assert callback.model is None


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


class Freeze(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.model.get_layer("recurrent_0").trainable = False


@pytest.mark.usefixtures("compiled_only")
@with_and_without_validation
def test_a_callback_can_freeze_a_layer_and_no_later_fit_inherits_that(held_out):
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    args = (network, Recipe(learning_rate=0.1), weights, samples, held_out)
    frozen, _ = fit_in_order(*args, callbacks=[Freeze()])
    np.testing.assert_array_equal(frozen[0], weights[0])
    assert not np.array_equal(frozen[-1], weights[-1])
    after, _ = fit_in_order(*args)
    assert not np.array_equal(after[0], weights[0])


def test_both_loops_use_up_the_same_random_numbers():
    samples = make_samples()
    network = network_for(samples, "rnn")
    left = []
    for callback in (None, a_batch_callback()):
        random_state = np.random.RandomState(0)
        course = Course(3, 8, callbacks=callback)
        train(network, Recipe(), None, samples, course, random_state)
        left.append(random_state.randint(10**9))
    assert left[0] == left[1]


def test_an_infinite_validation_loss_stops_training():
    samples = make_samples()
    samples.targets[3] = 3e38
    network = network_for(samples, "rnn")
    samples = replace(samples, chosen=np.setdiff1d(np.arange(22), [3]))
    with pytest.raises(FloatingPointError, match="loss of the validation windows"):
        fit_in_order(network, Recipe(), weights_for(network), samples, np.array([3, 4]))


@pytest.mark.usefixtures("compiled_only")
def test_a_callback_can_freeze_a_layer_as_soon_as_it_has_the_model():
    class FreezeAtOnce(keras.callbacks.Callback):
        def set_model(self, model):
            super().set_model(model)
            model.get_layer("recurrent_0").trainable = False

    samples = make_samples()
    network = network_for(samples, "rnn")
    args = (network, Recipe(learning_rate=0.1), weights_for(network), samples)
    now, later = (
        fit_in_order(*args, callbacks=[callback])[0]
        for callback in (FreezeAtOnce(), Freeze())
    )
    for mine, theirs in zip(now, later, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_training_that_was_restored_does_not_shorten_later_ones(tmp_path):
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    samples = make_samples()
    network = network_for(samples, "rnn")
    args = (network, Recipe(), weights_for(network), samples)

    def n_epochs(*callbacks):
        return len(fit_in_order(*args, callbacks=callbacks)[1]["loss"])

    backup = keras.callbacks.BackupAndRestore
    with pytest.raises(KeyboardInterrupt):
        n_epochs(backup(tmp_path / "kept"), Interrupt())
    assert n_epochs(backup(tmp_path / "kept")) < 3
    assert n_epochs(backup(tmp_path / "other")) == 3
    assert n_epochs(keras.callbacks.TensorBoard(tmp_path / "board")) == 3


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


@pytest.mark.usefixtures("compiled_only")
@with_and_without_validation
def test_a_callback_that_freezes_everything_leaves_the_weights(held_out):
    class FreezeAll(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.trainable = False

    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    args = (network, Recipe(learning_rate=0.1), weights, samples, held_out)
    got, _ = fit_in_order(*args, callbacks=[FreezeAll()])
    for mine, theirs in zip(got, weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("recipe", "match"),
    [
        (Recipe(lambda one: one), "loss must be a function.*TypeError"),
        (Recipe(lambda t, p: None), "loss must be a function.*ValueError"),
        (Recipe(lambda t, p: t), "loss must be.*does not depend on the predictions"),
        (Recipe(metrics=[lambda one: one]), "metrics must be a function.*TypeError"),
    ],
)
def test_a_function_that_fails_is_named_in_place_of_a_trace_through_keras(
    recipe, match
):
    samples = make_samples()
    network = network_for(samples, "rnn")
    with pytest.raises(ValueError, match=match):
        fit_in_order(network, recipe, weights_for(network), samples)
