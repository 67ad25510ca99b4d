"""Callbacks: our own, and what the callbacks of a user ask for."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from skrnn._process.signals import signals_wait

from .tensorflow import keras

__all__ = [
    "at_every_hook",
    "at_start",
    "check_leave_learning_rate",
    "check_write_no_files",
    "copy_callback",
    "count_start",
    "early_stopping",
    "guard",
    "may_change_model",
    "note_rates",
    "progress",
    "release_model",
    "set_directions",
    "wants_batches",
]

_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_begin",
    "on_test_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)


def copy_callback(callback: Any) -> Any:
    """Return a copy of a callback to train with, so that the parameter never changes.

    A callback that cannot be copied is returned itself, as are those of Optuna, which
    report to a trial of their own, and lambda callbacks: the functions of one can reach
    its model only through the object that they know, and it has no other state. A
    class whose `__deepcopy__` returns `self` decides so for its instances.
    """
    package = type(callback).__module__.partition(".")[0]
    lambdas = isinstance(callback, keras.callbacks.LambdaCallback)
    if lambdas or package in ("optuna", "optuna_integration"):
        return callback
    try:
        return copy.deepcopy(callback)
    except Exception:  # What a callback of the user's holds can fail in any way.
        return callback


def wants_batches(callbacks: list[Any]) -> bool:
    """Return whether any callback must be called during an epoch."""
    return any(_watches_batches(callback) for callback in callbacks)


def may_change_model(callbacks: list[Any]) -> bool:
    """Return whether any callback may leave the model changed."""
    # A model that was restored begins at a later epoch ever after.
    kinds = keras.callbacks.LambdaCallback, keras.callbacks.BackupAndRestore
    return any(
        not type(callback).__module__.startswith("keras.")
        or isinstance(callback, kinds)
        for callback in callbacks
    )


def check_leave_learning_rate(callbacks: list[Any]) -> None:
    """Raise if a callback of Keras's sets the learning rate, which falls by itself."""
    named = keras.callbacks
    kinds = (named.LearningRateScheduler, named.ReduceLROnPlateau)
    for callback in callbacks:
        if isinstance(callback, kinds):
            raise ValueError(
                "learning_rate_decay must be None where a callback sets the learning "
                f"rate. Got a {type(callback).__name__} in callbacks; leave one of the "
                "two out."
            )


def check_write_no_files(callbacks: list[Any], n_networks: int) -> None:
    """Raise if a callback of Keras's writes the files of several networks over."""
    named = keras.callbacks
    kinds = (
        named.BackupAndRestore,
        named.CSVLogger,
        named.ModelCheckpoint,
        named.TensorBoard,
    )
    for callback in callbacks:
        if isinstance(callback, kinds):
            raise ValueError(
                f"callbacks must write no files with n_networks={n_networks}, because "
                "those of one network would be overwritten by the next. Got a "
                f"{type(callback).__name__}; leave it out, or set n_networks=1 and fit "
                "each network with a random_state and a file of its own."
            )


def note_rates(rate_of_epoch: Callable[[int], float]) -> Any:
    """Write the learning rate of each epoch, given by its number, into the history."""
    return _NoteRates(rate_of_epoch)


def early_stopping(patience: int, validation: bool, *, from_start: bool) -> Any:
    """Stop when the loss no longer improves, and go back to the best weights.

    Parameters
    ----------
    patience : int
        Epochs to wait for a better loss.
    validation : bool
        Whether the loss is that of validation samples.
    from_start : bool
        Whether the starting weights may be the best ones, see `count_start`.
    """
    stopping = _EarlyStopping(
        monitor="val_loss" if validation else "loss",
        patience=patience,
        restore_best_weights=True,
    )
    stopping.counts_start = from_start and validation
    return stopping


def count_start(callbacks: list[Any], evaluate: Callable[[], float]) -> None:
    """Let early stopping count the starting weights as an epoch before the first one.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
        Callbacks of a training that has begun.
    evaluate : callable
        Computes the loss of the validation samples; called only if it is needed.
    """
    for callback in callbacks:
        if isinstance(callback, _EarlyStopping) and callback.counts_start:
            if callback.monitor_op is None:
                # Keras 3.6 would do so after the first epoch, and forget what is best.
                callback._set_monitor_op()
            callback.best = evaluate()
            callback.best_weights = callback.model.get_weights()


def set_directions(callbacks: list[Any], directions: dict[str, str]) -> None:
    """Set whether Keras's callbacks look for the largest or the smallest value.

    By itself, Keras knows it only of metrics that a model was compiled with.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
        Callbacks; those with a `mode` other than "auto" stay as they are.
    directions : dict of str
        "max" or "min" by the name of a loss or metric.
    """
    named = keras.callbacks
    kinds = (named.EarlyStopping, named.ModelCheckpoint, named.ReduceLROnPlateau)
    for callback in callbacks:
        # ModelCheckpoint of Keras 3.6 keeps no mode.
        if not isinstance(callback, kinds) or vars(callback).get("mode") != "auto":
            continue
        mode = directions.get(callback.monitor.removeprefix("val_"))
        if mode is not None:
            callback.mode = mode


def release_model(callbacks: list[Any]) -> None:
    """Set the model of callbacks to None: it is lent to other trainings next."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.Callback):
            # Not the method of a subclass, which may make something of its model.
            keras.callbacks.Callback.set_model(callback, None)


def at_every_hook(function: Callable[[], None]) -> Any:
    """Call a function wherever Keras calls callbacks."""
    return _AtEveryHook(function)


def at_start(function: Callable[[], None]) -> Any:
    """Call a function when training begins."""
    return keras.callbacks.LambdaCallback(on_train_begin=lambda logs: function())


def guard(program: Any) -> Any:
    """Stop at a loss of NaN, and start the epochs of a stateful network at zero."""
    return _Guard(program)


def progress(epochs: int, verbose: int) -> list[Any]:
    """Show one bar for the whole training, or a line for each epoch.

    Lines are for ``verbose=2``, and for a log file, in which a bar that is drawn again
    and again leaves its control characters.
    """
    if not verbose:
        return []
    terminal = sys.stdout is not None and sys.stdout.isatty()
    draws = terminal or "ipykernel" in sys.modules
    return [_Progress(epochs, bar=verbose == 1 and draws)]


def _watches_batches(callback: Any) -> bool:
    """Return whether a callback does anything in the hooks of batches or tests.

    Three of Keras's own have such hooks for a use that others do not make of them.
    """
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        return callback.save_freq != "epoch"
    if isinstance(callback, keras.callbacks.TerminateOnNaN):
        return False  # The guard has seen the NaN before.
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in _BATCH_HOOKS
    )


class _EarlyStopping(keras.callbacks.EarlyStopping):
    """Reads and sets the weights of the model, which is work of TensorFlow's."""

    counts_start = False

    on_epoch_end = signals_wait()(keras.callbacks.EarlyStopping.on_epoch_end)
    on_train_end = signals_wait()(keras.callbacks.EarlyStopping.on_train_end)


class _AtEveryHook(keras.callbacks.Callback):
    """Also at those of tests: Keras gives its callbacks to the validation as well."""

    def __init__(self, function: Callable[[], None]) -> None:
        super().__init__()
        for name in dir(keras.callbacks.Callback):
            if name.startswith("on_"):
                setattr(self, name, lambda *args, **kwargs: function())


class _NoteRates(keras.callbacks.Callback):
    def __init__(self, rate_of_epoch: Callable[[int], float]) -> None:
        super().__init__()
        self._rate_of_epoch = rate_of_epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["learning_rate"] = self._rate_of_epoch(epoch)


class _Guard(keras.callbacks.Callback):
    def __init__(self, program: Any) -> None:
        super().__init__()
        self._program = program

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._program.forget_sequence()

    def on_test_begin(self, logs: Any = None) -> None:
        self._program.forget_sequence()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        for name in ("loss", "val_loss"):
            loss = logs.get(name, 0.0)
            if np.isfinite(loss):
                continue
            what = "loss" if name == "loss" else "loss of the validation windows"
            raise FloatingPointError(
                f"The {what} became {loss} in epoch {epoch + 1}, and training was "
                "stopped."
            )


class _Progress(keras.callbacks.Callback):
    def __init__(self, epochs: int, *, bar: bool) -> None:
        super().__init__()
        self._epochs = epochs
        self._draws_bar = bar
        self._bar: Any = None
        self._start = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        self._start = time.monotonic()
        if self._draws_bar:
            # It takes the time left from the time since it was made.
            self._bar = keras.utils.Progbar(self._epochs, unit_name="epoch")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        last = epoch + 1 == self._epochs or self.model.stop_training
        if not self._draws_bar:
            values = [f"{name}: {value:.4g}" for name, value in logs.items()]
            left = [] if last else [self._time_left(epoch + 1)]
            print("  ".join([f"Epoch {epoch + 1}/{self._epochs}", *values, *left]))
            return
        self._bar.stateful_metrics = set(logs)
        self._bar.update(epoch + 1, list(logs.items()), finalize=last)

    def _time_left(self, n_done: int) -> str:
        seconds = (time.monotonic() - self._start) / n_done * (self._epochs - n_done)
        return f"({seconds:.0f} s left)"
