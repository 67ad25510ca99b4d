import itertools
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from skrnn._engine import epoch, training_program
from skrnn._engine.callbacks import copy_callback, progress
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.settings import Recipe
from tests.support.autoencoders import ROWS, rows_autoencoder
from tests.support.exhaustive import first_of_many
from tests.support.networks import fitted
from tests.support.samples import (
    a_batch_callback,
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)

HELD_OUT = np.array([1, 2])


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


@pytest.mark.usefixtures("eager_keras_loop")
def test_a_schedule_equals_that_of_keras_and_compiles_once(monkeypatch):
    compiled = []

    def counted(*args):
        compiled.append(args)
        return epoch.training_epoch(*args)

    monkeypatch.setattr(training_program, "training_epoch", counted)
    PROGRAMS.clear()
    samples, histories = make_samples(), []
    network = network_for(samples, "rnn")
    args = (network, Recipe(), weights_for(network), samples, HELD_OUT)
    for others in ([], [a_batch_callback()]):
        rate = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
        histories.append(fit_in_order(*args, callbacks=[rate, *others])[1])
        assert len(compiled) == 1
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-4)


WATCHERS = [
    lambda name: keras.callbacks.EarlyStopping(name, patience=1),
    lambda name: keras.callbacks.ReduceLROnPlateau(name, patience=1),
    lambda name: keras.callbacks.ModelCheckpoint(
        "{epoch}.keras", monitor=name, save_best_only=True
    ),
]


R2 = ("val_r2_score", keras.metrics.R2Score, "max")
MAE = ("mae", "mae", "min")


@pytest.mark.usefixtures("eager_keras_loop")
@pytest.mark.parametrize("copies", [True, False])
@pytest.mark.parametrize(
    ("watched", "watch", "loop"),
    first_of_many(
        [
            (R2, WATCHERS[0], []),
            (MAE, WATCHERS[1], [a_batch_callback]),
            (R2, WATCHERS[2], [a_batch_callback]),
        ],
        2,
    ),
    ids=["EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint"],
)
def test_callbacks_know_whether_more_is_better(
    copies, watched, watch, loop, tmp_path, monkeypatch
):
    name, metric, mode = watched
    monkeypatch.chdir(tmp_path)
    metrics = [metric if isinstance(metric, str) else metric()]
    settings = {"metrics": metrics, "validation_split": 0.25, "epochs": 1}
    watcher = watch(name)
    if copies:
        model = rows_autoencoder().set_params(**settings, callbacks=[watcher, *loop])
        model.fit(ROWS)
    else:
        model = fitted(**settings, callbacks=[watcher, *loop])
    better, worse = (1.0, 0.0) if mode == "max" else (0.0, 1.0)
    if not hasattr(watcher, "mode"):
        pytest.skip("ModelCheckpoint of Keras 3.6 keeps no mode")
    assert model.callbacks_[0].monitor_op(better, worse)


def test_a_function_needs_the_mode_of_its_callback():
    def closeness(true, predicted):
        return -keras.ops.mean(keras.ops.abs(true - predicted), axis=-1)

    stop = keras.callbacks.EarlyStopping("closeness", patience=1)
    model = rows_autoencoder(metrics=[closeness], callbacks=stop)
    with pytest.raises(ValueError, match="Pass `mode='max'`"):
        model.fit(ROWS)
    stop = keras.callbacks.EarlyStopping("closeness", patience=1, mode="max")
    assert model.set_params(callbacks=stop).fit(ROWS).n_iter_ > 1


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


@pytest.mark.usefixtures("eager_keras_loop")
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
    assert all(line.endswith(" s left)") for line in lines[:-1])
    assert not any(line.endswith("left)") for line in lines[-1:])


def test_a_bar_shows_the_time_left_from_the_first_epoch_on(monkeypatch, capsys):
    clock = itertools.count(step=10)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    (bar,) = progress(4, 1)
    bar.set_model(SimpleNamespace(stop_training=False))
    bar.on_train_begin()
    bar.on_epoch_end(0, {"loss": 0.5})
    assert "30s" in capsys.readouterr().out


def test_progress_on_a_terminal_is_one_bar(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    fit_in_order(network, Recipe(), weights, samples, verbose=1)
    printed = capsys.readouterr().out
    assert "3/3" in printed
    assert printed.count("\n") == 1


@pytest.mark.usefixtures("eager_keras_loop")
@pytest.mark.parametrize("batches", [False, True])
def test_callbacks_give_the_model_back(batches):
    samples = make_samples()
    network = network_for(samples, "rnn")
    callback = a_batch_callback() if batches else keras.callbacks.History()
    weights = weights_for(network)
    fit_in_order(network, Recipe(), weights, samples, callbacks=[callback])
    assert callback.model is None


class Freeze(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.model.get_layer("recurrent_0").trainable = False


class FreezeAtOnce(keras.callbacks.Callback):
    def set_model(self, model):
        super().set_model(model)
        model.get_layer("recurrent_0").trainable = False


@pytest.mark.usefixtures("compiled_only")
def test_a_callback_can_freeze_a_layer_and_no_later_fit_inherits_that():
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    args = (network, Recipe(learning_rate=0.1), weights, samples, HELD_OUT)
    later, now = (
        fit_in_order(*args, callbacks=[callback])[0]
        for callback in (Freeze(), FreezeAtOnce())
    )
    np.testing.assert_array_equal(later[0], weights[0])
    assert not np.array_equal(later[-1], weights[-1])
    for mine, theirs in zip(now, later, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    after, _ = fit_in_order(*args)
    assert not np.array_equal(after[0], weights[0])


def test_an_infinite_validation_loss_stops_training():
    samples = make_samples()
    samples.targets[3] = 3e38
    network = network_for(samples, "rnn")
    samples = replace(samples, chosen=np.setdiff1d(np.arange(22), [3]))
    with pytest.raises(FloatingPointError, match="loss of the validation windows"):
        fit_in_order(network, Recipe(), weights_for(network), samples, np.array([3, 4]))


@pytest.mark.usefixtures("eager_keras_loop")
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


@pytest.mark.usefixtures("compiled_only")
def test_a_callback_that_freezes_everything_leaves_the_weights():
    class FreezeAll(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.trainable = False

    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    args = (network, Recipe(learning_rate=0.1), weights, samples, HELD_OUT)
    got, _ = fit_in_order(*args, callbacks=[FreezeAll()])
    for mine, theirs in zip(got, weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)


class Own(keras.callbacks.Callback):
    def __init__(self, kept):
        super().__init__()
        self.kept = kept


class Shared(Own):
    def __deepcopy__(self, memo):
        return self


class FromOptuna(Own):
    __module__ = "optuna_integration.keras.keras"


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.EarlyStopping(patience=4),
        keras.callbacks.CSVLogger("never written"),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        keras.callbacks.ModelCheckpoint("never written.keras"),
        keras.callbacks.ReduceLROnPlateau(),
        Own([3]),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_a_copy_is_another_object_with_the_same_settings(callback):
    copied = copy_callback(callback)
    assert copied is not callback
    assert type(copied) is type(callback)
    assert vars(copied).keys() == vars(callback).keys()


def test_a_copy_shares_no_list_with_its_callback():
    callback = Own([3])
    copied = copy_callback(callback)
    copied.kept.append(4)
    assert callback.kept == [3]


@pytest.mark.parametrize(
    "callback",
    [
        Shared([3]),
        FromOptuna([3]),
        Own(i for i in range(3)),  # A generator cannot be copied.
        keras.callbacks.LambdaCallback(on_epoch_end=print),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_some_callbacks_are_shared(callback):
    assert copy_callback(callback) is callback
