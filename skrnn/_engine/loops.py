"""The two loops over epochs: compiled epochs, and Keras's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._process.signals import HeldSignals

from .callbacks import at_every_hook, at_start, count_start, guard, progress
from .epoch import PaddedSamples, pad_order
from .samples import Samples
from .settings import Course
from .tensorflow import keras, tf
from .training_program import TrainingProgram

__all__ = ["compiled_fit", "keras_fit"]


def compiled_fit(
    program: TrainingProgram,
    samples: Samples,
    validation: Samples | None,
    course: Course,
    random_state: np.random.RandomState,
    watchers: list[Any],
    held: HeldSignals,
) -> dict[str, list[float]] | None:
    """Train by compiled epochs; None, with nothing learned, if they do not compile.

    Parameters
    ----------
    program : TrainingProgram
        What trains.
    samples, validation : Samples
        Samples to train on, and those to evaluate after each epoch, if any.
    course : Course
        Epochs, batches and their order.
    random_state : RandomState
        Source of the order of the samples.
    watchers : list of keras.callbacks.Callback
        Callbacks of the user, and those that stop early.
    held : HeldSignals
        Signals, which wait while TensorFlow works and reach callbacks at once.
    """
    epochs = _CompiledEpochs(program, samples, validation, course.batch_size)
    if not epochs.compile():
        return None
    graph = program.graph()
    held.release()
    callbacks, history = _list_callbacks(program, len(samples), course, watchers)
    callbacks.on_train_begin()
    held.hold()
    count_start(watchers, lambda: epochs.validate()["val_loss"])
    held.release()
    for epoch in range(course.epochs):
        callbacks.on_epoch_begin(epoch)
        held.hold()
        if epoch == 0 and program.graph() != graph:
            # Keras traces here, so what a callback froze before stays frozen.
            program.retrace()
            if not epochs.compile():
                return None
        logs = epochs.run(random_state if course.shuffle else None)
        held.release()
        callbacks.on_epoch_end(epoch, logs)
        if program.model.stop_training:
            break
    held.hold()
    program.average_weights()
    held.release()
    callbacks.on_train_end(logs)
    held.hold()
    return history.history


class _CompiledEpochs:
    """Epochs of training, and of validation, over samples that are tensors.

    Parameters
    ----------
    program : TrainingProgram
        What trains.
    samples, validation : Samples
        Samples to train on and, if any, to evaluate, which share rows.
    batch_size : int
        Samples for one step of the optimizer.
    """

    def __init__(
        self,
        program: TrainingProgram,
        samples: Samples,
        validation: Samples | None,
        batch_size: int,
    ) -> None:
        self._program = program
        self._chosen = samples.chosen
        self._batch_size = batch_size
        self._samples = PaddedSamples.of(
            samples.inputs, samples.targets, samples.weights
        )
        self._in_order = self._pad(samples.chosen)
        self._held_out = validation and self._pad(validation.chosen)
        self._n_samples = tf.constant(len(samples))
        self._n_held_out = validation and tf.constant(len(validation))

    def compile(self) -> bool:
        """Compile the epochs, and return whether that is possible."""
        return self._program.compile(self._samples, self._in_order, self._held_out)

    def run(self, shuffle: np.random.RandomState | None) -> dict[str, float]:
        """Train for one epoch, in another order if it is given random numbers."""
        order = self._in_order
        if shuffle is not None:
            order = self._pad(self._chosen[shuffle.permutation(len(self._chosen))])
        logs = self._program.train(self._samples, order, self._n_samples)
        return logs if self._held_out is None else logs | self.validate()

    def validate(self) -> dict[str, float]:
        """Evaluate the samples that are held out."""
        return self._program.validate(self._samples, self._held_out, self._n_held_out)

    def _pad(self, order: np.ndarray) -> Any:
        return pad_order(order, self._samples, self._batch_size)


def _list_callbacks(
    program: TrainingProgram, n_samples: int, course: Course, watchers: list[Any]
) -> tuple[Any, Any]:
    """Return all callbacks of compiled epochs, and the one that keeps the history."""
    history = keras.callbacks.History()
    callbacks = keras.callbacks.CallbackList(
        [guard(program), *watchers, *progress(course.epochs, course.verbose), history],
        model=program.model,
        epochs=course.epochs,
        steps=-(-n_samples // course.batch_size),
        verbose=course.verbose,
    )
    program.model.stop_training = False
    return callbacks, history


def keras_fit(
    program: TrainingProgram,
    samples: Samples,
    validation: Samples | None,
    course: Course,
    random_state: np.random.RandomState,
    watchers: list[Any],
    held: HeldSignals,
) -> dict[str, list[float]]:
    """Train by Keras's own loop; see `compiled_fit`."""
    if course.verbose:
        print("Training by Keras's own loop, which is slower than compiled epochs.")
    fixed = any(getattr(layer, "stateful", False) for layer in program.model.layers)
    held_out = validation and _Batches(validation, course.batch_size, fixed)
    batches = _Batches(samples, course.batch_size, fixed)

    # Not in `__getitem__` or at the end of an epoch: Keras 3.15 asks for batches once
    # before the first epoch, which would then have the second order.
    def shuffle(epoch: int, logs: Any = None) -> None:
        if course.shuffle and not fixed:
            batches.order = random_state.permutation(len(samples))

    def evaluate() -> float:
        return program.model.evaluate(held_out, verbose=0, return_dict=True)["loss"]

    first, last = _keep_weights(program, watchers)
    return program.model.fit(
        batches,
        validation_data=held_out,
        epochs=course.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_begin=shuffle),
            guard(program),
            at_every_hook(held.release),
            *first,
            *watchers,
            at_start(lambda: count_start(watchers, evaluate)),
            *progress(course.epochs, course.verbose),
            at_every_hook(held.hold),
            *last,
        ],
    ).history


def _keep_weights(
    program: TrainingProgram, watchers: list[Any]
) -> tuple[list[Any], list[Any]]:
    """Return callbacks ahead of the user's, and behind them, for averages of weights.

    Keras replaces the weights by averages between the last epoch and the end.
    """

    def keep_weights(epoch: int, logs: Any = None) -> None:
        program.keep_weights()

    def keep_averages(logs: Any = None) -> None:
        program.keep_averages()

    averages = keras.callbacks.LambdaCallback(on_train_end=keep_averages)
    weights = keras.callbacks.LambdaCallback(on_epoch_end=keep_weights)
    # What this callback leaves at the end of an epoch are averages already.
    if any(isinstance(each, keras.callbacks.SwapEMAWeights) for each in watchers):
        return [averages, weights], []
    return [averages], [weights]


class _Batches(keras.utils.PyDataset):
    """Batches for Keras's loop, gathered from rows when their turn comes.

    A network with fixed batches gets its last one filled up with samples of no weight.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int,
        fixed: bool,
    ) -> None:
        super().__init__()
        self.order = np.arange(len(samples))
        self._samples = samples
        self._batch_size = batch_size
        self._fixed = fixed

    def __len__(self) -> int:
        return -(-len(self._samples) // self._batch_size)

    def __getitem__(self, batch: int) -> tuple[np.ndarray, ...]:
        first = batch * self._batch_size
        places = self.order[first : first + self._batch_size]
        windows, targets, weights = self._samples.gather(places)
        if weights.ndim == 2:  # Keras divides by the number of steps, too.
            weights = weights * np.float32(weights.shape[1])
        short = self._batch_size - len(windows)
        if not (self._fixed and short):
            return windows, targets, weights
        # Keras divides by the size of the batch, those of no weight included.
        weights = weights * np.float32(self._batch_size / len(windows))
        unlabelled = np.nan if targets.ndim == 3 else 0.0
        return (
            _fill_up(windows, short, 0.0),
            _fill_up(targets, short, unlabelled),
            _fill_up(weights, short, 0.0),
        )


def _fill_up(array: np.ndarray, n_samples: int, value: float) -> np.ndarray:
    widths = [(0, n_samples)] + [(0, 0)] * (array.ndim - 1)
    return np.pad(array, widths, constant_values=value)
