"""The engine: training and prediction on rows and window starts.

An epoch is one compiled call. What it cannot honour - a callback that wants every
batch, a stateful network, a loss that XLA cannot compile - gets Keras's own loop, with
the same results in the same form.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skrnn._networks.description import Network, RecurrentNetwork
from skrnn._process.memory import check_memory
from skrnn._process.signals import signals_wait
from skrnn._scaling.scaling import RollOutScales
from skrnn._windows.batches import ScaledBatches
from skrnn._windows.windows import Windows

from .callbacks import (
    at_every_hook,
    early_stopping,
    guard,
    may_change_model,
    progress,
    release_model,
    wants_batches,
)
from .epoch import Table, pad_order
from .models import draw_weights
from .programs import PROGRAMS, PredictionProgram, Recipe, State, TrainingProgram
from .roll_out import RollOutProgram
from .scikeras import explain_failure, make_callbacks
from .tensorflow import keras, tf

__all__ = [
    "Course",
    "Recipe",
    "Samples",
    "State",
    "predict",
    "roll_out",
    "train",
]

# Fewer samples are filled up to this many: with 16 an epoch is 1.1 to 1.4 times as fast
# as with 32, and no slower than with 8.
SMALLEST_BATCH = 16

# Windows for one call in prediction: few are answered at once, many in large batches.
SMALL_BATCH, LARGE_BATCH = 32, 1024


@dataclass(frozen=True)
class Samples:
    """Windows with targets and weights, all float32 and scaled.

    Parameters
    ----------
    windows : Windows
        Windows; steps with nothing observed are NaN throughout.
    targets : ndarray of shape (n_samples, n_targets)
        What to predict; no targets for a network that copies its windows.
    weights : ndarray of shape (n_samples,)
        Sample weights.
    chosen : ndarray of int
        The samples that count; the others share rows with them.
    """

    windows: Windows
    targets: np.ndarray
    weights: np.ndarray
    chosen: np.ndarray

    def __len__(self) -> int:
        return len(self.chosen)

    def any_missing(self) -> bool:
        """Tell whether any value of a sample that counts is missing."""
        return self.windows.take(self.chosen).any_missing()

    def gather(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Copy out windows, targets and weights of the samples at some places."""
        samples = self.chosen[places]
        return (
            self.windows.gather(samples),
            self.targets[samples],
            self.weights[samples].astype(np.float32),
        )


@dataclass(frozen=True)
class Course:
    """How long and in which order to train.

    Parameters
    ----------
    epochs : int
        Passes over the samples.
    batch_size : int
        Samples for one step of the optimizer.
    shuffle : bool, default=True
        Whether every epoch takes the samples in another order.
    patience : int, default=None
        Stop after so many epochs without a better validation loss (training loss
        without validation), and go back to the best weights. None never stops.
    callbacks : keras.callbacks.Callback or list of them, default=None
        Keras callbacks, instances or classes.
    verbose : int, default=0
        0 is silent, 1 shows a bar over the epochs, 2 prints one line an epoch.
    """

    epochs: int
    batch_size: int
    shuffle: bool = True
    patience: int | None = None
    callbacks: Any = None
    verbose: int = 0


# --------------------------------------------------------------------------------------
# Training
# --------------------------------------------------------------------------------------


def train(
    network: Network,
    recipe: Recipe,
    state: State | None,
    samples: Samples,
    course: Course,
    random_state: np.random.RandomState,
    held_out: np.ndarray | None = None,
    given: dict[int, np.ndarray] | None = None,
) -> tuple[State, dict[str, list[float]]]:
    """Train a network.

    Parameters
    ----------
    network : Network
        The network.
    recipe : Recipe
        Loss, optimizer and metrics.
    state : State or None
        Where to start from; it is not changed. None draws new weights.
    samples : Samples
        What to learn.
    course : Course
        Epochs, batches and who watches.
    random_state : RandomState
        Source of new weights, of the order of samples and of dropout.
    held_out : ndarray of int, default=None
        Samples to evaluate after each epoch, which share rows with those to learn.
    given : dict of int to ndarray, default=None
        Weights, by their place, to start from in place of those that are drawn.

    Returns
    -------
    state : State
        The trained weights.
    history : dict of list of float
        Loss and metrics of each epoch.

    Raises
    ------
    FloatingPointError
        If the loss becomes NaN or infinite.
    MemoryError
        If the network would not fit into memory.
    """
    validation = None if held_out is None else replace(samples, chosen=held_out)
    missing = samples.any_missing() or (validation and validation.any_missing())
    masked = bool(missing)
    check_memory(
        # Those of the model, and those that it starts from.
        2 * 4 * network.n_weights,
        f"A network of {network.n_weights} weights ({network.widths})",
        "choose smaller widths",
    )
    watchers = make_callbacks(course.callbacks)
    # What a callback of the user's does to the model, no later fit may inherit.
    kept = recipe.key is not None and not may_change_model(watchers)
    if course.patience is not None:
        watchers.append(early_stopping(course.patience, validation is not None))
    if not network.stateful:
        course = replace(course, batch_size=_useful(course.batch_size, len(samples)))
    key = ("train", network, masked, recipe.key, course.batch_size) if kept else None
    with (
        _explained(network, recipe),
        PROGRAMS.lend(
            key, lambda: TrainingProgram(network, masked, recipe, course.batch_size)
        ) as program,
    ):
        if state is None:
            weights = draw_weights(program.model, random_state)
            for place, weight in (given or {}).items():
                weights[place] = weight
            state = State(weights)
        program.start(state, recipe, random_state.randint(np.iinfo(np.int32).max))
        args = (program, samples, validation, course, random_state, watchers)
        history = None
        try:
            if program.compiles and not wants_batches(watchers):
                history = _compiled_fit(*args)
            if history is None:
                history = _keras_fit(*args)
        finally:
            release_model(watchers)
        return program.state(), {
            name: [float(each) for each in values] for name, values in history.items()
        }


@contextlib.contextmanager
def _explained(network: Network, recipe: Recipe) -> Iterator[None]:
    """Say it if a loss or metric of the user's is why building or training failed."""
    try:
        yield
    except Exception as error:
        copies = network.loss_terms is not None
        shape = (
            (network.n_steps, network.n_features) if copies else (network.n_targets,)
        )
        why = explain_failure(recipe.loss, recipe.metrics, (2, *shape))
        if why is None:
            raise
        raise ValueError(why) from error


def _compiled_fit(
    program: TrainingProgram,
    samples: Samples,
    validation: Samples | None,
    course: Course,
    random_state: np.random.RandomState,
    watchers: list[Any],
) -> dict[str, list[float]] | None:
    """Train by compiled epochs; None, with nothing learned, if they do not compile."""
    with signals_wait():
        table = Table.of(samples.windows, samples.targets, samples.weights)
        in_order = pad_order(samples.chosen, table, course.batch_size)
        held_out = validation and pad_order(validation.chosen, table, course.batch_size)
        n_samples = tf.constant(len(samples))
        if not program.compile(table, in_order, held_out):
            return None
    model, graph = program.model, program.graph()
    history = keras.callbacks.History()
    callbacks = keras.callbacks.CallbackList(
        [guard(program), *watchers, *progress(course.epochs, course.verbose), history],
        model=model,
        epochs=course.epochs,
        steps=-(-len(samples) // course.batch_size),
        verbose=course.verbose,
    )
    model.stop_training = False
    callbacks.on_train_begin()
    for epoch in range(course.epochs):
        callbacks.on_epoch_begin(epoch)
        if epoch == 0 and program.graph() != graph:
            # Keras traces here, so what a callback froze before stays frozen.
            program.retrace()
            if not program.compile(table, in_order, held_out):
                return None
        with signals_wait():
            order = in_order
            if course.shuffle:
                shuffled = samples.chosen[random_state.permutation(len(samples))]
                order = pad_order(shuffled, table, course.batch_size)
            logs = program.train(table, order, n_samples)
            if validation:
                n_held_out = tf.constant(len(validation))
                logs |= program.validate(table, held_out, n_held_out)
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    with signals_wait():
        program.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs)
    return history.history


def _keras_fit(
    program: TrainingProgram,
    samples: Samples,
    validation: Samples | None,
    course: Course,
    random_state: np.random.RandomState,
    watchers: list[Any],
) -> dict[str, list[float]]:
    """Train by Keras's own loop."""
    if course.verbose:
        print("Training by Keras's own loop, which is slower than compiled epochs.")
    fixed = any(getattr(layer, "stateful", False) for layer in program.model.layers)
    held_out = validation and _Batches(validation, course.batch_size, fixed)
    batches = _Batches(samples, course.batch_size, fixed)

    def shuffle(epoch: int, logs: Any = None) -> None:
        if course.shuffle and not fixed:
            batches.order = random_state.permutation(len(samples))

    with signals_wait() as held:
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
                *watchers,
                *progress(course.epochs, course.verbose),
                at_every_hook(held.hold),
            ],
        ).history


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
        windows, targets, weights = arrays = self._samples.gather(places)
        short = self._batch_size - len(windows)
        if not (self._fixed and short):
            return arrays
        # Keras divides by the size of the batch, those of no weight included.
        weights = weights * np.float32(self._batch_size / len(windows))
        return tuple(
            np.pad(array, [(0, short)] + [(0, 0)] * (array.ndim - 1))
            for array in (windows, targets, weights)
        )


def _useful(batch_size: int, n_samples: int) -> int:
    """Cut a batch to the samples there are, in sizes that many fits share."""
    return min(batch_size, max(SMALLEST_BATCH, 1 << (n_samples - 1).bit_length()))


# --------------------------------------------------------------------------------------
# Prediction
# --------------------------------------------------------------------------------------


def predict(
    network: Network,
    weights: list[np.ndarray],
    windows: Windows,
    part: str | None = None,
    summary: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    scale: Callable[[Windows], Windows] | None = None,
) -> np.ndarray:
    """Predict windows, NaN where nothing is observed.

    Parameters
    ----------
    network : Network
        The network.
    weights : list of ndarray
        Its weights.
    windows : Windows
        What the network, or a part of it, reads.
    part : str, default=None
        Part of the network; None is all of it.
    summary : callable, default=None
        From the windows and the predictions of a batch to what is kept of them.
    scale : callable, default=None
        Scales windows; None if they are scaled. Of many windows some are scaled at a
        time, so that the rows may lie on a disk.

    Returns
    -------
    y : ndarray of shape (n_samples, ...), float32
        Predictions in the scale of training, or what `summary` makes of them.
    """
    plain = network.for_prediction()
    few = len(windows) <= LARGE_BATCH // 2
    batch_size = plain.batch_size or (SMALL_BATCH if few else LARGE_BATCH)
    batches = ScaledBatches(windows, scale, batch_size)
    masked = batches.any_missing()
    with PROGRAMS.lend(
        ("predict", plain, masked, batch_size, part),
        lambda: PredictionProgram(plain, masked, batch_size, part),
    ) as program:
        program.load(weights)
        program.forget_sequence()
        y, done = None, 0
        for gathered in batches:
            kept = program(gathered)
            if summary is not None:
                kept = summary(gathered, kept)
            if y is None:
                y = np.empty((len(windows), *kept.shape[1:]), dtype=kept.dtype)
            y[done : done + len(kept)] = kept
            done += len(kept)
    return y


def roll_out(
    network: RecurrentNetwork,
    weights: list[np.ndarray],
    past: np.ndarray,
    ahead: np.ndarray,
    scales: RollOutScales,
) -> np.ndarray:
    """Continue series from their own predictions, all side by side.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    weights : list of ndarray
        Its weights.
    past : ndarray of shape (n_series, n_past, n_targets)
        Known rows of the targets.
    ahead : ndarray of shape (n_series, n_past + n_steps, n_ahead)
        Columns known in advance of all rows, in the scale of inputs.
    scales : RollOutScales
        What is done to each window, and to what the network makes of it.

    Returns
    -------
    predicted : ndarray of shape (n_series, n_steps, n_targets)
        The rows that follow, in the scale of `past`.
    """
    n_series, n_past, n_targets = past.shape
    masked = bool(np.isnan(past).any())
    plain = network.for_prediction()
    batch = min(LARGE_BATCH, 1 << (n_series - 1).bit_length())
    horizon = len(scales.scale_out)
    predicted = np.empty((n_series, ahead.shape[1] - n_past, n_targets), np.float32)
    with PROGRAMS.lend(
        ("roll-out", plain, masked, batch, horizon, scales.mode),
        lambda: RollOutProgram(plain, masked, batch, horizon, scales.mode),
    ) as program:
        program.load(weights)
        for first in range(0, n_series, batch):
            some = slice(first, first + batch)
            predicted[some] = program(past[some], ahead[some], scales)
    return predicted
