"""The engine: training and prediction on rows and window starts.

An epoch is one compiled call. What it cannot honour - a callback that wants every
batch, a stateful network, a loss that XLA cannot compile - gets Keras's own loop, with
the same results in the same form.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from skrnn._networks.autoencoders import AutoencoderNetwork
from skrnn._networks.description import Network
from skrnn._process.memory import check_memory
from skrnn._process.signals import HeldSignals, signals_wait

from .callbacks import (
    check_leave_learning_rate,
    check_write_no_files,
    early_stopping,
    may_change_model,
    note_rates,
    release_model,
    set_directions,
    wants_batches,
)
from .learning_rate import decayed_rate
from .loops import compiled_fit, keras_fit
from .losses import check_weighs_samples
from .models import draw_weights
from .optimizers import make_optimizer
from .placement import Placement, choose_placement
from .programs import PROGRAMS
from .samples import Samples
from .scikeras import explain_failure, make_callbacks
from .settings import Course, Recipe
from .training_program import State, TrainingProgram

__all__ = [
    "Course",
    "Recipe",
    "Samples",
    "Start",
    "State",
    "make_callbacks",
    "make_optimizer",
    "train",
    "train_networks",
]

# Fewer samples are filled up to this many: with 16 an epoch is 1.1 to 1.4 times as fast
# as with 32, and no slower than with 8.
SMALLEST_BATCH = 16


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
    """Train a network; see `train_networks`.

    Returns
    -------
    state : State
        The trained weights.
    history : dict of list of float
        Loss and metrics of each epoch.
    """
    start = Start(state, course, random_state)
    return train_networks(network, recipe, [start], samples, held_out, given)[0]


class Start(NamedTuple):
    """What the training of one of several networks starts from.

    Parameters
    ----------
    state : State or None
        Where to start from; it is not changed. None draws new weights.
    course : Course
        Epochs, batches and who watches.
    random_state : RandomState
        Source of new weights, of the order of samples and of dropout.
    """

    state: State | None
    course: Course
    random_state: np.random.RandomState


def train_networks(
    network: Network,
    recipe: Recipe,
    starts: list[Start],
    samples: Samples,
    held_out: np.ndarray | None = None,
    given: dict[int, np.ndarray] | None = None,
) -> list[tuple[State, dict[str, list[float]]]]:
    """Train several networks of one description by one compiled program.

    The networks take turns, each with its own epochs and its own end. So one network is
    compiled, of any kind, and each gets the numbers that it would have alone. On a CPU
    stacked weights would halve an epoch of few windows, which is short, but take longer
    for many, and branches of one graph always do (benchmarks/bench_networks.py).

    Parameters
    ----------
    network : Network
        The network.
    recipe : Recipe
        Loss, optimizer and metrics.
    starts : list of Start
        Where each network starts from. Their courses differ in callbacks alone.
    samples : Samples
        What to learn.
    held_out : ndarray of int, default=None
        Samples to evaluate after each epoch, which share rows with those to learn.
    given : dict of int to ndarray, default=None
        Weights, by their place, to start from in place of those that are drawn.

    Returns
    -------
    trained : list of tuple
        Of each network its state and its history, as `train` returns them.

    Raises
    ------
    FloatingPointError
        If the loss becomes NaN or infinite.
    MemoryError
        If the networks would not fit into memory.
    ValueError
        If weights of samples differ, and the loss is one of whole batches.
    """
    validation = None if held_out is None else replace(samples, chosen=held_out)
    if any(part.labels_missing() for part in (samples, validation or samples)):
        recipe = replace(recipe, labels_missing=True)
    _check_memory_for(network, len(starts))
    callbacks = [each for start in starts for each in start.course.callbacks]
    _check_callbacks(callbacks, recipe, len(starts))
    # What a callback of the user's does to the model, no other network may inherit.
    changes = may_change_model(callbacks)
    turns = [[start] for start in starts] if changes else [starts]
    return [
        trained
        for turn in turns
        for trained in _take_turns(
            network, recipe, turn, samples, validation, given or {}, kept=not changes
        )
    ]


def _take_turns(
    network: Network,
    recipe: Recipe,
    starts: list[Start],
    samples: Samples,
    validation: Samples | None,
    given: dict[int, np.ndarray],
    *,
    kept: bool,
) -> list[tuple[State, dict[str, list[float]]]]:
    """Train networks, one after the other, by a program that may be kept."""
    course = starts[0].course
    parts = [samples] if validation is None else [samples, validation]
    masked = any(part.any_missing() for part in parts)
    if samples.clean is not None and isinstance(network, AutoencoderNetwork):
        network = replace(network, denoises=True)
    # The state of a stateful network has a row for each place in a batch, so that its
    # batch size is a part of the model.
    size = course.batch_size
    if not network.stateful:
        size = _useful_batch_size(size, len(samples))
    placement = _place(network, size, masked, list(course.callbacks))
    kept = kept and recipe.key is not None
    key = ("train", network, masked, recipe.key, size, placement) if kept else None
    with (
        signals_wait() as held,
        placement.scope(),
        _explain_failures(network, recipe),
        PROGRAMS.lend(
            key, lambda: TrainingProgram(network, masked, recipe, size, placement)
        ) as program,
    ):
        _check_weights_count(network, recipe, parts)
        if recipe.metrics and masked and network.loss_terms is not None:
            _check_steps_count(parts)
        return [
            _train_one(
                program, network, recipe, start, samples, validation, given, held
            )
            for start in starts
        ]


def _train_one(
    program: TrainingProgram,
    network: Network,
    recipe: Recipe,
    start: Start,
    samples: Samples,
    validation: Samples | None,
    given: dict[int, np.ndarray],
    held: HeldSignals,
) -> tuple[State, dict[str, list[float]]]:
    """Train one network by a program."""
    state, course, random_state = start
    n_batches = math.ceil(len(samples) / course.batch_size)
    n_updates = math.inf if course.constant_rate else course.epochs * n_batches
    watchers = [
        *_note_rates(recipe, n_batches, n_updates),
        *_watch(network, course, validation is not None),
    ]
    set_directions(watchers, program.directions())
    state = state or _draw_state(program.model, random_state, given)
    seed = random_state.randint(np.iinfo(np.int32).max)
    program.start(state, recipe, seed, n_updates)
    course = replace(course, batch_size=program.batch_size)
    args = (program, samples, validation, course, random_state, watchers, held)
    try:
        history = _fit(*args)
    finally:
        release_model(watchers)
    return program.state(), history


def _fit(
    program: TrainingProgram,
    samples: Samples,
    validation: Samples | None,
    course: Course,
    random_state: np.random.RandomState,
    watchers: list[Any],
    held: HeldSignals,
) -> dict[str, list[float]]:
    """Train by compiled epochs where these can do it, else by Keras's own loop."""
    args = (program, samples, validation, course, random_state, watchers, held)
    history = None
    if program.compiles and not wants_batches(watchers):
        history = compiled_fit(*args)
    if history is None:
        history = keras_fit(*args)
    return {name: [float(each) for each in values] for name, values in history.items()}


def _place(
    network: Network, batch_size: int, masked: bool, watchers: list[Any]
) -> Placement:
    """Choose where and how to train."""
    by_keras = network.stateful or wants_batches(watchers)
    return choose_placement(
        network, batch_size, masked=masked, training=True, compiles=not by_keras
    )


def _check_steps_count(parts: list[Samples]) -> None:
    """Raise if metrics of copies would have no step that is observed throughout."""
    for part in parts:
        if not part.any_whole_step():
            raise ValueError(
                "metrics compare steps of which no value is missing. Got none among "
                f"{len(part)} samples; leave metrics out, since the loss and score "
                "take single values, or fill missing values."
            )


def _check_weights_count(
    network: Network, recipe: Recipe, parts: list[Samples]
) -> None:
    """Raise if weights of samples differ, and the loss would ignore them."""
    for part in parts:
        weights = part.weights[part.chosen]
        if weights.min() < weights.max() or network.return_sequences:
            check_weighs_samples(recipe.loss, (2, *network.shape_for_loss))


def _draw_state(
    model: Any, random_state: np.random.RandomState, given: dict[int, np.ndarray]
) -> State:
    """Draw new weights, but for those that are given by their place."""
    weights = draw_weights(model, random_state)
    for place, weight in given.items():
        weights[place] = weight
    return State(weights)


def _check_memory_for(network: Network, n_networks: int) -> None:
    what = "A network" if n_networks == 1 else f"{n_networks} networks"
    check_memory(
        # Float32 weights: those of the model, and those that each network starts from.
        (1 + n_networks) * 4 * network.n_weights,
        f"{what} of {network.n_weights} weights ({network.widths})",
        "choose smaller widths" + (" or n_networks" if n_networks > 1 else ""),
    )


def _check_callbacks(callbacks: list[Any], recipe: Recipe, n_networks: int) -> None:
    """Raise if a callback does not suit what it watches."""
    if recipe.learning_rate_decay is not None:
        check_leave_learning_rate(callbacks)
    if n_networks > 1:
        check_write_no_files(callbacks, n_networks)


@contextlib.contextmanager
def _explain_failures(network: Network, recipe: Recipe) -> Iterator[None]:
    """Raise a clear error if a loss or metric of the user is why training failed."""
    try:
        yield
    except Exception as error:
        shape = (2, *network.shape_for_loss)
        why = explain_failure(recipe.loss, recipe.metrics, shape)
        if why is None:
            raise
        raise ValueError(why) from error


def _watch(network: Network, course: Course, validates: bool) -> list[Any]:
    """Return the callbacks of the user, and the one that stops early."""
    watchers = list(course.callbacks)
    if course.patience is not None:
        # A linear path starts from the solution of a ridge regression.
        from_start = network.linear_path
        stopping = early_stopping(course.patience, validates, from_start=from_start)
        watchers.append(stopping)
    return watchers


def _note_rates(recipe: Recipe, n_batches: int, n_updates: float) -> list[Any]:
    """Note the learning rate of the last update of each epoch, if it changes."""
    shape = recipe.learning_rate_decay
    if shape is None:
        return []
    first = recipe.first_rate

    def rate_of(epoch: int) -> float:
        return decayed_rate(shape, first, (epoch + 1) * n_batches - 1, n_updates)

    return [note_rates(rate_of)]


def _useful_batch_size(batch_size: int, n_samples: int) -> int:
    """Cut a batch to the samples there are, in sizes that many fits share."""
    return min(batch_size, max(SMALLEST_BATCH, 1 << (n_samples - 1).bit_length()))
