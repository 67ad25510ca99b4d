"""Programs: Keras models with what is compiled for them, lent to one user at a time.

Building, tracing and compiling a network costs seconds, and memory that TensorFlow
never gives back. What a program depends on is therefore its key, and all the rest -
weights, state of the optimizer, random numbers, learning rate - is set before each use.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn._networks.description import Network
from skrnn._process.config import get_config
from skrnn._process.memory import check_memory_maps
from skrnn._process.signals import signals_wait

from .epoch import (
    Copying,
    Prediction,
    Table,
    training_epoch,
    validation_epoch,
)
from .losses import loss_of_samples
from .models import build_for_prediction, build_model, call_model
from .scikeras import compile_arguments
from .stored_programs import keep_compiled
from .tensorflow import keras, tf

__all__ = [
    "PROGRAMS",
    "LoadedNetwork",
    "PredictionProgram",
    "Recipe",
    "State",
    "TrainingProgram",
]


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

        Names, Keras's classes and the configuration of its optimizers do. Of other
        instances and of functions two that look alike may differ.
        """
        metrics = self.metrics or ()
        metrics = (metrics,) if isinstance(metrics, str) else tuple(metrics)
        keys = tuple(_setting_key(each) for each in (self.loss, *metrics))
        keys += (_optimizer_key(self.optimizer),)
        return None if None in keys else keys

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
    network : Network
        The network.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    recipe : Recipe
        Loss, optimizer and metrics.
    batch_size : int
        Samples for one update of the weights.

    Raises
    ------
    ValueError
        If a network that copies gets a loss which is not one of each sample, or a
        metric of classes.
    """

    def __init__(
        self, network: Network, masked: bool, recipe: Recipe, batch_size: int
    ) -> None:
        arguments = compile_arguments(
            recipe.loss,
            recipe.optimizer,
            recipe.learning_rate,
            recipe.metrics,
            network.output_activation,
        )
        loss = loss_of_samples(arguments["loss"])
        self.metrics = arguments["metrics"]
        if network.loss_terms is not None:
            _check_suits_copies(recipe, loss, self.metrics)
        self.model = build_model(network, masked=masked, loss=arguments["loss"])
        self.task = Prediction(loss)
        if network.loss_terms is not None:
            self.task = Copying(network.loss_terms)
            self.model.watch(network.loss_terms, self._metrics())
            arguments = {"optimizer": arguments["optimizer"]}
        self.model.compile(**arguments, jit_compile=False)
        self.optimizer = self.model.optimizer
        self.optimizer.build(self.model.trainable_variables)
        self._fresh_optimizer = _values(self.optimizer.variables)
        self._epochs: dict[Hashable, Any] = {}
        self._batch_size = batch_size
        self.compiles = (
            not network.stateful
            and loss is not None
            and all(isinstance(each, keras.metrics.Metric) for each in self.metrics)
        )
        if self.compiles and self.metrics and network.loss_terms is None:
            self._show_metrics()

    @signals_wait()
    def start(self, state: State, recipe: Recipe, seed: int) -> None:
        """Set every variable that training reads or changes."""
        self.model.set_weights(state.weights)
        values = state.optimizer or self._fresh_optimizer
        for variable, value in zip(self.optimizer.variables, values, strict=True):
            variable.assign(value)
        if recipe.sets_learning_rate:
            self.optimizer.learning_rate = recipe.learning_rate
        for metric in self._metrics():
            metric.reset_state()  # An instance brings old values.
        seeds = (v for v in self.model.variables if "seed_generator" in v.path)
        for i, variable in enumerate(seeds):
            variable.assign(np.array([seed, i]))

    @signals_wait()
    def state(self) -> State:
        """Read the variables back."""
        return State(_values(self.model.weights), _values(self.optimizer.variables))

    @signals_wait()
    def compile(self, table: Table, order: Any, held_out: Any = None) -> bool:
        """Compile epochs for tables of this size, by running them on no samples.

        Parameters
        ----------
        table : Table
            Samples.
        order : tensor of int
            Which of them are to be trained on.
        held_out : tensor of int, default=None
            Which of them are to validate; None compiles no validation.

        Returns
        -------
        compiles : bool
            False if that is not possible; Keras's own loop then has to do, and is also
            the one to say what is wrong with a loss that fails.

        Raises
        ------
        ValueError
            If a metric gives several numbers.
        """
        orders = {False: order} if held_out is None else {False: order, True: held_out}
        for validation, each in orders.items():
            key = _epoch_key(table, each, validation)
            if self.compiles and key not in self._epochs:
                check_memory_maps()
                self._compile_epoch(key, table, each)
        return self.compiles

    def train(self, table: Table, order: Any, n_samples: Any) -> dict[str, float]:
        """Train for an epoch that `compile` has compiled; give losses and metrics."""
        epoch = self._epochs[_epoch_key(table, order, False)]
        return self._logs(epoch(table, order, n_samples))

    def validate(self, table: Table, order: Any, n_samples: Any) -> dict[str, float]:
        """Evaluate samples by an epoch that `compile` has compiled."""
        epoch = self._epochs[_epoch_key(table, order, True)]
        logs = self._logs(epoch(table, order, n_samples))
        return {f"val_{name}": value for name, value in logs.items()}

    @signals_wait()
    def forget_sequence(self) -> None:
        """Set the state of stateful layers to zero."""
        _forget_sequence(self.model)

    def retrace(self) -> None:
        """Forget the epochs: the model has changed in what they were traced from."""
        self._epochs.clear()

    @signals_wait()
    def graph(self) -> Hashable:
        """Give what the traces depend on and a callback can change."""
        trainable = tuple(variable.trainable for variable in self.model.weights)
        settings = self.optimizer.get_config()
        if isinstance(settings["learning_rate"], float):
            settings["learning_rate"] = "a variable"
        return trainable, repr(settings)

    def _compile_epoch(
        self, key: tuple[Hashable, ...], table: Table, order: Any
    ) -> None:
        function, none = self._build_epoch(validation=key[0]), tf.constant(0)
        try:
            # A concrete function never traces again, and does not lock up threads when
            # an input does not fit.
            epoch = keep_compiled(function.get_concrete_function(table, order, none))
            epoch(table, order, none)
        except Exception:
            # A loss of the user's can fail in any way here; if it is wrong and not only
            # beyond XLA, Keras's loop fails too and says how.
            self.compiles = False
        else:
            _check_single_numbers(self._metrics())
            self._epochs[key] = epoch

    def _build_epoch(self, validation: bool) -> Any:
        model, task, metrics = self.model, self.task, self.metrics
        if validation:
            return validation_epoch(model, task, metrics, self._batch_size)
        return training_epoch(model, self.optimizer, task, metrics, self._batch_size)

    def _show_metrics(self) -> None:
        """Let callbacks find the metrics in the model, and whether more is better.

        Keras builds what it shows them in its first step of training.
        """
        zeros = tf.zeros((1, *self.model.output_shape[1:]))
        self.model.compute_metrics(None, zeros, zeros)
        self.model.reset_metrics()

    def _metrics(self) -> list[Any]:
        """Give the metrics but for those which only Keras's loop understands."""
        return [m for m in self.metrics if isinstance(m, keras.metrics.Metric)]

    def _logs(self, values: Any) -> dict[str, float]:
        """Name losses and metrics of an epoch as Keras does, and reset the metrics."""
        names = ("loss", *(f"{name}_loss" for name in self.task.names))
        logs = dict(zip(names, values.numpy().tolist(), strict=True))
        for metric in self._metrics():
            logs[metric.name] = float(metric.result())
            metric.reset_state()
        return logs


class LoadedNetwork:
    """A network that is given its weights before each use.

    Parameters
    ----------
    network : Network
        The network.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    """

    def __init__(self, network: Network, masked: bool) -> None:
        self.model = build_for_prediction(network, masked=masked)
        self._loaded: list[np.ndarray] | None = None

    @signals_wait()
    def load(self, weights: list[np.ndarray]) -> None:
        """Give the model its weights, unless they equal the ones it has."""
        loaded = self._loaded
        if loaded is None or not all(map(np.array_equal, weights, loaded)):
            self.model.set_weights(_filled_up(weights, self.model.weights))
            self._loaded = [weight.copy() for weight in weights]


class PredictionProgram(LoadedNetwork):
    """A network, or a part of one, that predicts batches of one size.

    Parameters
    ----------
    network : Network
        The network.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    batch_size : int
        Windows in a batch.
    part : str or None
        Part of the network, None for all of it.
    """

    def __init__(
        self,
        network: Network,
        masked: bool,
        batch_size: int,
        part: str | None = None,
    ) -> None:
        super().__init__(network, masked)
        self.batch_size = batch_size
        call = tf.function(
            lambda windows: call_model(network, self.model, part, windows),
            jit_compile=not network.stateful,
            autograph=False,
        ).get_concrete_function(
            tf.TensorSpec((batch_size, *network.shape_of_inputs(part)), tf.float32)
        )
        self._call = call if network.stateful else keep_compiled(call)

    @signals_wait()
    def forget_sequence(self) -> None:
        """Set the state of stateful layers to zero."""
        _forget_sequence(self.model)

    @signals_wait()
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
        if key is not None:
            key = (key, keras.config.floatx(), keras.config.dtype_policy().name)
        program = self._take(key)
        if program is None:
            check_memory_maps()
            with signals_wait():
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
            self.n_built += 1
        return None

    def _keep(self, key: Hashable, program: Any) -> None:
        with self._lock:
            self._free[id(program)] = (key, program)
            while len(self._free) > get_config()["program_cache_size"]:
                self._free.popitem(last=False)


PROGRAMS = ProgramCache()


def _check_suits_copies(recipe: Recipe, loss: Any, metrics: list[Any]) -> None:
    """Refuse a loss of whole batches, and metrics that Keras chooses by the targets."""
    if loss is None:
        raise ValueError(
            f"loss must give one number for each sample. Got {recipe.loss!r} instead, "
            "which reduces them in its own way; leave its reduction at "
            "'sum_over_batch_size'."
        )
    unclear = [each for each in metrics if isinstance(each, str)]
    if unclear:
        raise ValueError(
            f"metrics must compare numbers, such as 'mae'. Got {unclear[0]!r} instead, "
            "which stands for several metrics of classes; name another one."
        )


def _check_single_numbers(metrics: list[Any]) -> None:
    """Refuse metrics of which the history could not show one number an epoch."""
    for metric in metrics:
        if np.ndim(metric.result()):
            raise ValueError(
                "metrics must give one number each. Got "
                f"{metric.name!r} instead, which gives one for each class; pass an "
                "instance that takes their mean, such as "
                "keras.metrics.F1Score(average='macro')."
            )


def _setting_key(setting: Any) -> Hashable:
    """Identify a loss or a metric; None if it may differ from one that looks alike."""
    ours = inspect.isclass(setting) and setting.__module__.startswith("keras.")
    return setting if isinstance(setting, str) or ours else None


def _optimizer_key(optimizer: Any) -> Hashable:
    """Identify an optimizer, of which an instance is copied by its configuration."""
    kind = type(optimizer)
    if isinstance(optimizer, keras.optimizers.Optimizer) and kind.__module__.startswith(
        "keras."
    ):
        # Keras counts up the names of instances that are otherwise alike.
        return kind, repr({**optimizer.get_config(), "name": None})
    return _setting_key(optimizer)


def _epoch_key(table: Table, order: Any, validation: bool) -> tuple[Hashable, ...]:
    tensors = tf.nest.flatten((table, order))
    return (validation, *(tuple(tensor.shape) for tensor in tensors))


def _forget_sequence(model: Any) -> None:
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()


def _values(variables: list[Any]) -> list[np.ndarray]:
    return [variable.numpy().copy() for variable in variables]


def _filled_up(weights: list[np.ndarray], variables: list[Any]) -> list[np.ndarray]:
    """Add zeros where variables are larger: for inputs that are zero themselves."""
    return [
        np.pad(
            weight,
            [(0, m - n) for n, m in zip(weight.shape, variable.shape, strict=True)],
        )
        for weight, variable in zip(weights, variables, strict=True)
    ]
