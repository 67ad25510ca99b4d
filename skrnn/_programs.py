"""Programs: Keras models with what is compiled for them, lent to one user at a time.

Building, tracing and compiling a network costs seconds, and memory that TensorFlow
never gives back. What a program depends on is therefore its key, and all the rest -
weights, state of the optimizer, random numbers, learning rate - is set before each use.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._config import get_config
from ._epoch import Table, loss_of_samples, training_epoch, validation_epoch
from ._networks import Architecture, build_network
from ._scikeras import compile_arguments
from ._tensorflow import keras, tf

__all__ = ["PROGRAMS", "PredictionProgram", "Recipe", "State", "TrainingProgram"]


@dataclass(frozen=True)
class Recipe:
    """How to train: what Keras compiles into a model.

    Parameters
    ----------
    loss, optimizer, metrics : name, class, instance or function
        As the estimators take them.
    learning_rate : float
        Learning rate of an optimizer that is no instance.
    """

    loss: Any = "mse"
    optimizer: Any = "adam"
    learning_rate: float = 1e-3
    metrics: Any = None

    @property
    def key(self) -> Hashable:
        """What a program depends on; None if the settings do not tell.

        Names do. Of instances and functions two that look alike may differ.
        """
        metrics = self.metrics or ()
        metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
        settings = (self.loss, self.optimizer, metrics)
        named = all(isinstance(each, str) for each in (*settings[:2], *metrics))
        return settings if named else None

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


class TrainingProgram:
    """A compiled Keras model and, where XLA can compile them, its epochs.

    Parameters
    ----------
    architecture : Architecture
        The network.
    recipe : Recipe
        Loss, optimizer and metrics.
    batch_size : int
        Samples for one update of the weights.
    """

    def __init__(
        self, architecture: Architecture, recipe: Recipe, batch_size: int
    ) -> None:
        self.model = build_network(architecture)
        arguments = compile_arguments(
            recipe.loss, recipe.optimizer, recipe.learning_rate, recipe.metrics
        )
        self.model.compile(**arguments, jit_compile=False)
        self.optimizer = self.model.optimizer
        self.optimizer.build(self.model.trainable_variables)
        self._fresh_optimizer = _values(self.optimizer.variables)
        self.metrics = arguments["metrics"]
        self._epochs: dict[Hashable, Any] = {}
        self.compiles = not architecture.stateful and self._build_epochs(
            arguments["loss"], batch_size
        )

    def start(self, state: State, recipe: Recipe, seed: int) -> None:
        """Set every variable that training reads or changes."""
        self.model.set_weights(state.weights)
        values = state.optimizer or self._fresh_optimizer
        for variable, value in zip(self.optimizer.variables, values, strict=True):
            variable.assign(value)
        if recipe.sets_learning_rate:
            self.optimizer.learning_rate = recipe.learning_rate
        seeds = (v for v in self.model.variables if "seed_generator" in v.path)
        for i, variable in enumerate(seeds):
            variable.assign(np.array([seed, i]))

    def state(self) -> State:
        """Read the variables back."""
        return State(_values(self.model.weights), _values(self.optimizer.variables))

    def compile(self, table: Table, order: Any, *, validation: bool) -> bool:
        """Compile an epoch for tables of this size, by running it on no samples.

        Returns
        -------
        compiles : bool
            False if that is not possible; Keras's own loop then has to do, and is also
            the one to say what is wrong with a loss that fails.
        """
        key = _epoch_key(table, order, validation)
        if self.compiles and key not in self._epochs:
            function = self._validation_epoch if validation else self._training_epoch
            none = tf.constant(0)
            try:
                # A concrete function never traces again, and does not lock up threads
                # when an input does not fit.
                epoch = function.get_concrete_function(table, order, none)
                epoch(table, order, none)
            except Exception:
                self.compiles = False
            else:
                self._epochs[key] = epoch
        return self.compiles

    def train(self, table: Table, order: Any, n_samples: Any) -> float:
        """Train for an epoch that `compile` has compiled; give its mean loss."""
        epoch = self._epochs[_epoch_key(table, order, False)]
        return float(epoch(table, order, n_samples))

    def validate(self, table: Table, order: Any, n_samples: Any) -> float:
        """Evaluate samples by an epoch that `compile` has compiled."""
        epoch = self._epochs[_epoch_key(table, order, True)]
        return float(epoch(table, order, n_samples))

    def results(self, prefix: str = "") -> dict[str, float]:
        """Read the metrics of an epoch, and reset them."""
        values = {prefix + m.name: float(m.result()) for m in self.metrics}
        for metric in self.metrics:
            metric.reset_state()
        return values

    def forget_sequence(self) -> None:
        """Set the state of stateful layers to zero."""
        _forget_sequence(self.model)

    def _build_epochs(self, loss: Any, batch_size: int) -> bool:
        of_samples = loss_of_samples(loss)
        metrics = [isinstance(each, keras.metrics.Metric) for each in self.metrics]
        if of_samples is None or not all(metrics):
            return False
        self._training_epoch = training_epoch(
            self.model, self.optimizer, of_samples, self.metrics, batch_size
        )
        self._validation_epoch = validation_epoch(
            self.model, of_samples, self.metrics, batch_size
        )
        return True


class PredictionProgram:
    """A network that predicts batches of one size.

    Parameters
    ----------
    architecture : Architecture
        The network.
    batch_size : int
        Windows in a batch.
    """

    def __init__(self, architecture: Architecture, batch_size: int) -> None:
        a = architecture
        self.model = build_network(a)
        self.batch_size = batch_size
        self._loaded: list[np.ndarray] | None = None
        self._call = tf.function(
            lambda windows: self.model(windows, training=False),
            jit_compile=not a.stateful,
        ).get_concrete_function(
            tf.TensorSpec((batch_size, a.n_steps, a.n_features), tf.float32)
        )

    def load(self, weights: list[np.ndarray]) -> None:
        """Give the model its weights, unless they are the ones it has."""
        if weights is not self._loaded:
            self.model.set_weights(weights)
            self._loaded = weights

    def forget_sequence(self) -> None:
        """Set the state of stateful layers to zero."""
        _forget_sequence(self.model)

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Predict up to a batch of windows of shape (n, n_steps, n_features)."""
        short = self.batch_size - len(windows)
        filled = np.pad(windows, ((0, short), (0, 0), (0, 0))) if short else windows
        return self._call(tf.constant(filled)).numpy()[: len(windows)]


class ProgramCache:
    """Programs by what they depend on, the least recently used ones given up.

    How many are kept, those on loan not counted, is the setting `program_cache_size`.
    """

    def __init__(self) -> None:
        self.n_built = 0
        self._free: OrderedDict[int, tuple[Hashable, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._free)

    @contextlib.contextmanager
    def lend(self, key: Hashable, build: Callable[[], Any]) -> Iterator[Any]:
        """Lend a program to one user at a time; one whose use failed is given up.

        Parameters
        ----------
        key : hashable or None
            What the program depends on; None is never kept.
        build : callable
            Builds the program if none is free.
        """
        program = self._take(key)
        if program is None:
            self.n_built += 1
            program = build()
        yield program
        if key is not None:
            self._keep(key, program)

    def clear(self) -> None:
        """Give up all programs."""
        with self._lock:
            self._free.clear()

    def _take(self, key: Hashable) -> Any:
        with self._lock:
            for number, (own_key, program) in reversed(self._free.items()):
                if own_key == key:
                    del self._free[number]
                    return program
        return None

    def _keep(self, key: Hashable, program: Any) -> None:
        with self._lock:
            self._free[id(program)] = (key, program)
            while len(self._free) > get_config()["program_cache_size"]:
                self._free.popitem(last=False)


PROGRAMS = ProgramCache()


def _epoch_key(table: Table, order: Any, validation: bool) -> Hashable:
    return (validation, *(tuple(tensor.shape) for tensor in (*table, order)))


def _forget_sequence(model: Any) -> None:
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()


def _values(variables: list[Any]) -> list[np.ndarray]:
    return [variable.numpy().copy() for variable in variables]
