"""The engine: training and prediction on rows and window starts.

A *program* is a Keras model with its optimizer. Programs are kept per process and
lent to one fit at a time, because building and tracing one costs a second and memory
that TensorFlow never gives back. What a fit learns leaves the program as NumPy arrays.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._networks import Architecture, build_network, draw_weights, in_units_of_data
from ._scikeras import compile_arguments, make_callbacks
from ._tensorflow import keras, tf
from ._windows import Windows

__all__ = [
    "Architecture",
    "Recipe",
    "Samples",
    "State",
    "as_keras_model",
    "predict",
    "start",
    "train",
]

PREDICT_BATCH = 1024


@dataclass(frozen=True)
class Recipe:
    """How to train: what Keras compiles into a model."""

    loss: Any = "mse"
    optimizer: Any = "adam"
    learning_rate: float = 1e-3
    metrics: Any = None

    @property
    def key(self) -> Hashable:
        """What a program depends on; None if that cannot be told from the settings.

        The learning rate is a variable of the program and thus no part of it, except
        in an optimizer that is given as an instance.
        """
        metrics = self.metrics if isinstance(self.metrics, (list, tuple)) else []
        settings = (self.loss, self.optimizer, *metrics)
        named = all(isinstance(setting, str) for setting in settings)
        several = self.metrics is None or isinstance(self.metrics, (list, tuple, str))
        return (*settings, str(self.metrics)) if named and several else None

    @property
    def sets_learning_rate(self) -> bool:
        """Whether the learning rate is ours to set, not that of an instance."""
        return not isinstance(self.optimizer, keras.optimizers.Optimizer)


@dataclass(frozen=True)
class State:
    """What training changes.

    Parameters
    ----------
    weights : list of ndarray
        Weights, in the order of `keras.Model.weights`.
    optimizer : list of ndarray or None
        Variables of the optimizer; None starts it afresh.
    """

    weights: list[np.ndarray]
    optimizer: list[np.ndarray] | None = None


@dataclass(frozen=True)
class Samples:
    """Windows with targets and weights, all float32 and scaled.

    Parameters
    ----------
    windows : Windows
        Windows; steps with nothing observed are NaN throughout.
    targets : ndarray of shape (n_samples, n_targets)
        What to predict.
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

    def gather(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Copy out windows, targets and weights of the samples at some places."""
        samples = self.chosen[places]
        return (
            self.windows.gather(samples),
            self.targets[samples],
            self.weights[samples].astype(np.float32),
        )


# --------------------------------------------------------------------------------------
# Programs
# --------------------------------------------------------------------------------------


class Program:
    """A Keras model, compiled where a recipe says how."""

    def __init__(self, architecture: Architecture, recipe: Recipe | None) -> None:
        self.model = build_network(architecture)
        self._loaded: list[np.ndarray] | None = None
        a = architecture
        # A concrete function never traces again, whatever the number of windows.
        self._call = tf.function(
            lambda windows: self.model(windows, training=False)
        ).get_concrete_function(
            tf.TensorSpec((a.batch_size, a.n_steps, a.n_features), tf.float32)
        )
        if recipe is not None:
            arguments = compile_arguments(
                recipe.loss, recipe.optimizer, recipe.learning_rate, recipe.metrics
            )
            self.model.compile(**arguments, jit_compile=False)
            self.model.optimizer.build(self.model.trainable_variables)
            self._fresh_optimizer = _values(self.model.optimizer.variables)

    def load(self, weights: list[np.ndarray]) -> None:
        """Give the model its weights, unless they are the ones it has."""
        if weights is not self._loaded:
            self.model.set_weights(weights)
            self._loaded = weights

    def start(self, state: State, recipe: Recipe, seed: int) -> None:
        """Set every variable that training reads or changes."""
        self._loaded = None
        self.model.set_weights(state.weights)
        optimizer = self.model.optimizer
        values = state.optimizer or self._fresh_optimizer
        for variable, value in zip(optimizer.variables, values, strict=True):
            variable.assign(value)
        if recipe.sets_learning_rate:
            optimizer.learning_rate = recipe.learning_rate
        for i, variable in enumerate(self._seed_variables()):
            variable.assign(np.array([seed, i]))

    def state(self) -> State:
        """Read the variables back."""
        weights = [value.copy() for value in self.model.get_weights()]
        return State(weights, _values(self.model.optimizer.variables))

    def forget_sequence(self) -> None:
        """Set the state of stateful layers to zero."""
        for layer in self.model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Predict one batch."""
        return self._call(tf.constant(windows)).numpy()

    def _seed_variables(self) -> list[Any]:
        return [v for v in self.model.variables if "seed_generator" in v.path]


class ProgramCache:
    """Programs by what they depend on, the least recently used ones given up.

    Parameters
    ----------
    size : int
        Programs kept at most.
    """

    def __init__(self, size: int = 16) -> None:
        self.size = size
        self._free: OrderedDict[int, tuple[Hashable, Program]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._free)

    @contextlib.contextmanager
    def lend(self, key: Hashable, build: Callable[[], Program]) -> Iterator[Program]:
        """Lend a program to one user at a time; one whose use failed is given up."""
        program = self._take(key) or build()
        yield program
        if key is not None:
            self._put(key, program)

    def _take(self, key: Hashable) -> Program | None:
        with self._lock:
            for number, (own_key, program) in reversed(self._free.items()):
                if own_key == key and key is not None:
                    del self._free[number]
                    return program
        return None

    def _put(self, key: Hashable, program: Program) -> None:
        with self._lock:
            self._free[id(program)] = (key, program)
            while len(self._free) > self.size:
                self._free.popitem(last=False)


PROGRAMS = ProgramCache()


# --------------------------------------------------------------------------------------
# Training
# --------------------------------------------------------------------------------------


def start(architecture: Architecture, random_state: np.random.RandomState) -> State:
    """Draw the weights that a training starts from."""
    with _lend_for_prediction(architecture) as program:
        return State(draw_weights(program.model, random_state))


def train(
    architecture: Architecture,
    recipe: Recipe,
    state: State,
    samples: Samples,
    *,
    epochs: int,
    batch_size: int,
    random_state: np.random.RandomState,
    shuffle: bool = True,
    validation: Samples | None = None,
    patience: int | None = None,
    callbacks: Any = None,
    verbose: int = 0,
) -> tuple[State, dict[str, list[float]]]:
    """Train a network.

    Parameters
    ----------
    architecture : Architecture
        The network.
    recipe : Recipe
        Loss, optimizer and metrics.
    state : State
        Where to start from; it is not changed.
    samples : Samples
        What to learn.
    epochs : int
        Passes over the samples.
    batch_size : int
        Samples for one step of the optimizer.
    random_state : RandomState
        Source of the order of samples and of dropout.
    shuffle : bool, default=True
        Whether every epoch takes the samples in another order.
    validation : Samples, default=None
        Samples to evaluate after each epoch.
    patience : int, default=None
        Stop after so many epochs without a better validation loss (training loss
        without `validation`), and go back to the best weights. None never stops.
    callbacks : list of keras.callbacks.Callback, default=None
        Keras callbacks.
    verbose : int, default=0
        As `keras.Model.fit` means it.

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
    """
    masked = samples.windows.take(samples.chosen).any_missing() or (
        validation is not None
        and validation.windows.take(validation.chosen).any_missing()
    )
    architecture = replace(architecture, masked=masked)
    watchers = make_callbacks(callbacks)
    if patience is not None:
        watchers.append(_early_stopping(patience, validation))
    seed = int(random_state.randint(np.iinfo(np.int32).max))
    order = random_state if shuffle and not architecture.stateful else None
    fixed = architecture.stateful
    key = None if recipe.key is None else ("train", architecture, recipe.key)
    with PROGRAMS.lend(key, lambda: Program(architecture, recipe)) as program:
        program.start(state, recipe, seed)
        history = program.model.fit(
            _Batches(samples, batch_size, order, fixed),
            validation_data=validation
            and _Batches(validation, batch_size, None, fixed),
            epochs=epochs,
            shuffle=False,
            verbose=verbose,
            callbacks=[_Guard(program), *watchers],
        ).history
        return program.state(), {
            name: [float(value) for value in values] for name, values in history.items()
        }


def _early_stopping(patience: int, validation: Samples | None) -> Any:
    return keras.callbacks.EarlyStopping(
        monitor="loss" if validation is None else "val_loss",
        patience=patience,
        restore_best_weights=True,
    )


class _Batches(keras.utils.PyDataset):
    """Batches gathered from rows when their turn comes.

    A network with fixed batches gets its last one filled up with samples of no weight.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int,
        random_state: np.random.RandomState | None,
        fixed: bool,
    ) -> None:
        super().__init__()
        self._samples = samples
        self._batch_size = batch_size
        self._random_state = random_state
        self._fixed = fixed
        self._order = np.arange(len(samples))
        self._shuffle()

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch_size)

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first = batch * self._batch_size
        arrays = self._samples.gather(self._order[first : first + self._batch_size])
        return _fill_up(arrays, self._batch_size) if self._fixed else arrays

    def on_epoch_end(self) -> None:
        self._shuffle()

    def _shuffle(self) -> None:
        if self._random_state is not None:
            self._order = self._random_state.permutation(len(self._order))


class _Guard(keras.callbacks.Callback):
    """Starts each epoch of a stateful network at zero, and stops at a loss of NaN."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._program.forget_sequence()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The loss became {loss} in epoch {epoch + 1}, and training was "
                "stopped. Try a smaller learning_rate, an optimizer with clipnorm such "
                "as keras.optimizers.Adam(clipnorm=1.0), standardize=True, or look for "
                "extreme values in X and y."
            )


# --------------------------------------------------------------------------------------
# Prediction
# --------------------------------------------------------------------------------------


def predict(
    architecture: Architecture, weights: list[np.ndarray], windows: Windows
) -> np.ndarray:
    """Predict in large batches.

    Returns
    -------
    y : ndarray of shape (n_samples, n_targets), float32
        Predictions in the scale of training.
    """
    a = architecture
    batch_size = a.batch_size or PREDICT_BATCH
    y = np.empty((len(windows), a.n_targets), dtype=np.float32)
    with _lend_for_prediction(a) as program:
        program.load(weights)
        program.forget_sequence()
        for first in range(0, len(windows), batch_size):
            batch = windows.gather(slice(first, first + batch_size))
            filled = _fill_up((batch,), batch_size)[0] if a.stateful else batch
            y[first : first + batch_size] = program(filled)[: len(batch)]
    return y


def as_keras_model(
    architecture: Architecture, weights: list[np.ndarray], **scaling: np.ndarray
) -> Any:
    """Build a Keras model in the units of the data; see `in_units_of_data`."""
    network = build_network(replace(architecture, masked=True))
    network.set_weights(weights)
    return in_units_of_data(network, **scaling)


def _lend_for_prediction(
    architecture: Architecture,
) -> contextlib.AbstractContextManager[Program]:
    """Lend a program in which nothing that matters in training only is told apart."""
    plain = replace(architecture, dropout=0.0, recurrent_dropout=0.0, l2=0.0)
    return PROGRAMS.lend(("predict", plain), lambda: Program(plain, None))


def _fill_up(arrays: tuple[np.ndarray, ...], batch_size: int) -> tuple[np.ndarray, ...]:
    """Add zeros to the end of a short batch."""
    missing = batch_size - len(arrays[0])
    return tuple(
        np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1)) for array in arrays
    )


def _values(variables: list[Any]) -> list[np.ndarray]:
    return [variable.numpy().copy() for variable in variables]
