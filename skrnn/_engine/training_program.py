"""A Keras model compiled for training."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn._networks.description import Network, RecurrentNetwork
from skrnn._process.memory import check_memory_maps

from .epoch import (
    CopyTask,
    PaddedSamples,
    PredictionTask,
    training_epoch,
    validation_epoch,
)
from .learning_rate import Decay
from .likelihoods import minus_log_likelihood
from .losses import loss_of_samples
from .missing_labels import loss_of_labels, metrics_of_labels
from .models import build_model, forget_sequence
from .optimizers import copy_optimizer, traced_settings
from .placement import Placement
from .point_metrics import compare_points, counts_samples
from .quantiles import pinball
from .scikeras import as_metric, compile_arguments
from .sequences import compare_steps, loss_of_steps
from .settings import Recipe
from .tensorflow import keras, tf

__all__ = ["State", "TrainingProgram"]


@dataclass(frozen=True)
class State:
    """What training changes.

    Parameters
    ----------
    weights : list of ndarray
        Weights, in the order of `keras.Model.weights`.
    optimizer : list of ndarray or None
        Variables of the optimizer; None starts it afresh.
    not_averaged : list of ndarray or None
        Weights that the optimizer goes on from, where `weights` are averages of them
        over the updates; None if it goes on from `weights`.
    """

    weights: list[np.ndarray]
    optimizer: list[np.ndarray] | None = None
    not_averaged: list[np.ndarray] | None = None


class TrainingProgram:
    """A compiled Keras model and, where they can be compiled, its epochs.

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
    placement : Placement
        Where and how epochs are computed.

    Raises
    ------
    ValueError
        If the loss of a network that copies does not give one number for each sample,
        or a metric depends on what the targets are; or if targets are missing, and loss
        or metrics compare those of a sample together.
    """

    def __init__(
        self,
        network: Network,
        masked: bool,
        recipe: Recipe,
        batch_size: int,
        placement: Placement,
    ) -> None:
        self._decay = _make_decay(recipe)
        rate = recipe.learning_rate if self._decay is None else self._decay.schedule
        arguments, loss = _make_arguments(network, recipe, rate)
        self.metrics = arguments["metrics"]
        self.model = build_model(
            network, masked=masked, loss=arguments["loss"], cudnn=placement.by_cudnn
        )
        self.task: PredictionTask | CopyTask = PredictionTask(loss)
        if network.loss_terms is not None:
            denoises = getattr(network, "denoises", False)
            self.task = CopyTask(network.loss_terms, denoises=denoises)
            self.model.watch(
                network.loss_terms, self.metrics, denoises=denoises, masked=masked
            )
            arguments = {"optimizer": arguments["optimizer"]}
        # For Keras's own loop, which has to train what XLA cannot compile. Gradients of
        # float32 need no scaling, even where the policy is one of float16.
        self.model.compile(**arguments, jit_compile=False, auto_scale_loss=False)
        self.optimizer = self.model.optimizer
        self._unused_optimizer = copy_optimizer(self.optimizer)
        # At once, so that it can be set to a stored state before the first step.
        self.optimizer.build(self.model.trainable_variables)
        self._fresh_optimizer = _values(self.optimizer.variables)
        self._starts_from_weights = self._depends_on_weights()
        self._not_averaged: list[np.ndarray] | None = None
        self._averaged: list[np.ndarray] | None = None
        self._epochs: dict[Hashable, Any] = {}
        self.batch_size = batch_size
        self._placement = placement
        self.compiles = (
            not network.stateful
            and loss is not None
            and all(isinstance(each, keras.metrics.Metric) for each in self.metrics)
            # Samples that fill up a batch have no weight.
            and not any(map(counts_samples, self.metrics))
            and self._can_build_metrics(network)
        )

    def start(self, state: State, recipe: Recipe, seed: int, n_updates: float) -> None:
        """Set every variable that training reads or changes.

        Parameters
        ----------
        state : State
            Weights, and variables of the optimizer; those of one with another kind of
            learning rate start afresh.
        recipe : Recipe
            Settings of the training.
        seed : int
            Seed of dropout and noise.
        n_updates : float
            Number of updates after which a learning rate that falls is 0.
        """
        # A learning rate that falls is no variable of the optimizer, another one is.
        goes_on = len(state.optimizer or ()) == len(self._fresh_optimizer)
        self.model.set_weights((goes_on and state.not_averaged) or state.weights)
        values = state.optimizer if goes_on else self._fresh_values()
        for variable, value in zip(self.optimizer.variables, values or (), strict=True):
            variable.assign(value)
        self._not_averaged = self._averaged = None
        if self._decay is not None:
            self._decay.start(recipe.first_rate, n_updates)
        elif recipe.sets_learning_rate:
            self.optimizer.learning_rate = recipe.learning_rate
        for metric in self._metrics():
            metric.reset_state()  # An instance brings old values.
        seeds = (v for v in self.model.variables if "seed_generator" in v.path)
        # Numbered, or layers that drop or draw alike would do so at the same places.
        for i, variable in enumerate(seeds):
            variable.assign(np.array([seed, i]))

    def state(self) -> State:
        """Read the variables back."""
        weights = _values(self.model.weights)
        # A callback may have set others than the averages, and these then count.
        averaged = self._averaged is not None and _equal(weights, self._averaged)
        return State(
            weights,
            _values(self.optimizer.variables),
            self._not_averaged if averaged else None,
        )

    def keep_weights(self) -> None:
        """Keep the weights that Keras replaces by their averages after the training."""
        if _averages_weights(self.optimizer):
            self._not_averaged = _values(self.model.weights)

    def keep_averages(self) -> None:
        """Keep what Keras has replaced the weights by."""
        if self._not_averaged is not None:
            self._averaged = _values(self.model.weights)

    def average_weights(self) -> None:
        """Replace the weights by their averages, if the optimizer has some."""
        self.keep_weights()
        self.optimizer.finalize_variable_values(self.model.trainable_weights)
        self.keep_averages()

    def compile(self, samples: PaddedSamples, order: Any, held_out: Any = None) -> bool:
        """Compile epochs for samples of this size, by running them on no samples.

        Parameters
        ----------
        samples : PaddedSamples
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
            key = _epoch_key(samples, each, validation)
            if self.compiles and key not in self._epochs:
                check_memory_maps()
                self._compile_epoch(key, samples, each)
        return self.compiles

    def train(
        self, samples: PaddedSamples, order: Any, n_samples: Any
    ) -> dict[str, float]:
        """Train by an epoch that `compile` has compiled; return losses and metrics."""
        epoch = self._epochs[_epoch_key(samples, order, False)]
        return self._logs(epoch(samples, order, n_samples))

    def validate(
        self, samples: PaddedSamples, order: Any, n_samples: Any
    ) -> dict[str, float]:
        """Evaluate samples by an epoch that `compile` has compiled."""
        epoch = self._epochs[_epoch_key(samples, order, True)]
        logs = self._logs(epoch(samples, order, n_samples))
        return {f"val_{name}": value for name, value in logs.items()}

    def directions(self) -> dict[str, str]:
        """Return of losses and metrics, by name, whether "max" or "min" is best."""
        names = {"up": "max", "down": "min"}
        found = {f"{name}_loss": "min" for name in self.task.names}
        for metric in self._metrics():
            direction = getattr(metric, "_direction", None)
            if direction in names:
                found[metric.name] = names[direction]
        return found

    def forget_sequence(self) -> None:
        """Set the state of stateful layers to zero."""
        forget_sequence(self.model)

    def retrace(self) -> None:
        """Forget the epochs: the model has changed in what they were traced from."""
        self._epochs.clear()

    def graph(self) -> Hashable:
        """Return what the traces depend on and a callback can change."""
        trainable = tuple(variable.trainable for variable in self.model.weights)
        return trainable, traced_settings(self.optimizer)

    def _fresh_values(self) -> list[np.ndarray]:
        """Return the variables of an optimizer that starts from the weights."""
        return self._rebuilt() if self._starts_from_weights else self._fresh_optimizer

    def _rebuilt(self) -> list[np.ndarray]:
        optimizer = copy_optimizer(self._unused_optimizer)
        optimizer.build(self.model.trainable_variables)
        return _values(optimizer.variables)

    def _depends_on_weights(self) -> bool:
        """Return whether the optimizer keeps something of the weights it begins with.

        Schedule-free ones do, as do those that average weights.
        """
        self.model.set_weights([weight + 1.0 for weight in self.model.get_weights()])
        return not _equal(self._fresh_optimizer, self._rebuilt())

    def _compile_epoch(
        self, key: tuple[Hashable, ...], samples: PaddedSamples, order: Any
    ) -> None:
        function, none = self._build_epoch(validation=bool(key[0])), tf.constant(0)
        try:
            epoch = self._placement.compile(function, samples, order, none)
            epoch(samples, order, none)
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
            return validation_epoch(model, task, metrics, self.batch_size)
        return training_epoch(model, self.optimizer, task, metrics, self.batch_size)

    def _can_build_metrics(self, network: Network) -> bool:
        """Build the metrics; return whether compiled epochs can update them."""
        if isinstance(network, RecurrentNetwork):
            if self.metrics:
                self._show_metrics(network.shape_of_labels)
            return True
        return _build_metrics(self.metrics, network.n_features)

    def _show_metrics(self, shape_of_labels: tuple[int, ...]) -> None:
        """Build the metrics of the model, from which callbacks see if more is better.

        Keras builds them in its first step of training, which compiled epochs lack.
        """
        outputs = tf.zeros((1, *self.model.output_shape[1:]))
        targets = tf.zeros((1, *shape_of_labels))
        self.model.compute_metrics(None, targets, outputs)
        self.model.reset_metrics()

    def _metrics(self) -> list[Any]:
        """Return the metrics, without those which only Keras's loop understands."""
        return [m for m in self.metrics if isinstance(m, keras.metrics.Metric)]

    def _logs(self, values: Any) -> dict[str, float]:
        """Name losses and metrics of an epoch as Keras does, and reset the metrics."""
        names = ("loss", *(f"{name}_loss" for name in self.task.names))
        logs = dict(zip(names, values.numpy().tolist(), strict=True))
        for metric in self._metrics():
            logs[metric.name] = float(metric.result())
            metric.reset_state()
        return logs


def _build_metrics(metrics: list[Any], n_features: int) -> bool:
    """Build metrics of copied rows; return False if only Keras's loop can say why not.

    Some create their variables when they first see a row, which no compiled epoch can.
    """
    rows = tf.zeros((2, n_features))
    try:
        for metric in metrics:
            metric.update_state(rows, rows, sample_weight=tf.ones(2))
            metric.reset_state()
    except Exception:  # A metric of the user's can fail in any way.
        return False
    return True


def _make_arguments(
    network: Network, recipe: Recipe, learning_rate: Any
) -> tuple[dict[str, Any], Any]:
    """Return the arguments of `keras.Model.compile`, and the loss of each sample.

    That loss is None if the given one reduces samples in its own way.
    """
    arguments = compile_arguments(
        _loss_of_parts(network) or recipe.loss,
        recipe.optimizer,
        learning_rate,
        recipe.metrics,
        network.output_activation,
        recipe.clipnorm,
    )
    arguments["metrics"] = compare_points(arguments["metrics"], network)
    if recipe.labels_missing:
        arguments |= _measure_labels(arguments, network.shape_for_loss)
    loss: Any = loss_of_samples(arguments["loss"])
    if isinstance(network, RecurrentNetwork) and network.return_sequences:
        loss = arguments["loss"] = loss_of_steps(loss, network, recipe.loss)
        arguments["metrics"] = compare_steps(arguments["metrics"], network)
    if network.loss_terms is not None:
        _check_suits_copies(recipe, loss, arguments["metrics"])
        arguments["metrics"] = list(map(as_metric, arguments["metrics"]))
    return arguments, loss


def _make_decay(recipe: Recipe) -> Decay | None:
    shape = recipe.learning_rate_decay
    return None if shape is None else Decay(shape, recipe.first_rate)


def _loss_of_parts(network: Network) -> Any:
    """Return the loss of quantiles or of a distribution; None for a single number."""
    if not isinstance(network, RecurrentNetwork):
        return None
    if network.distribution:
        return minus_log_likelihood(network.distribution)
    return pinball(network.quantiles) if network.quantiles else None


def _measure_labels(
    arguments: dict[str, Any], shape: tuple[int, ...]
) -> dict[str, Any]:
    """Return a loss and metrics that leave out missing targets."""
    return {
        "loss": loss_of_labels(arguments["loss"], shape),
        "metrics": metrics_of_labels(arguments["metrics"], shape),
    }


def _check_suits_copies(recipe: Recipe, loss: Any, metrics: list[Any]) -> None:
    """Raise if the loss is one of whole batches, or a metric depends on the targets."""
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
    """Raise if a metric gives the history more than one number an epoch."""
    for metric in metrics:
        if np.ndim(metric.result()):
            raise ValueError(
                "metrics must give one number each. Got "
                f"{metric.name!r} instead, which gives one for each class; pass an "
                "instance that takes their mean, such as "
                "keras.metrics.F1Score(average='macro')."
            )


def _epoch_key(
    samples: PaddedSamples, order: Any, validation: bool
) -> tuple[Hashable, ...]:
    tensors = tf.nest.flatten((samples, order))
    return (validation, *(tuple(tensor.shape) for tensor in tensors))


def _averages_weights(optimizer: Any) -> bool:
    """Return whether an optimizer sets the weights once more after a training."""
    own = type(optimizer).finalize_variable_values
    base = keras.optimizers.Optimizer.finalize_variable_values
    return optimizer.use_ema or own is not base


def _equal(arrays: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(map(np.array_equal, arrays, others))


def _values(variables: list[Any]) -> list[np.ndarray]:
    return [variable.numpy().copy() for variable in variables]
