"""Networks, described without Keras: their settings, and the layers that follow.

A description is what an estimator keeps of its network. The Keras model, the forward
pass in NumPy, the table of layers, and whatever else needs the layers or the shapes of
their weights follow the list `layers`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from skrnn._serialization.plain import stored

from .categories import CodedFeatures, embedding_layers
from .distributions import DISTRIBUTIONS, parameters_of
from .layer import (
    Activation,
    Layer,
    Shape,
    dense,
    dense_stack,
    place_of_layer,
    recurrent_stack,
)
from .quantiles import spread
from .variances import softplus

__all__ = ["Network", "RecurrentNetwork"]


class Network(ABC):
    """A network that reads windows of shape (n_samples, n_steps, n_features).

    There are two kinds: one predicts targets, and one copies its windows. Descriptions
    are hashable and equal if the networks are.

    Attributes
    ----------
    n_steps, n_features : int
        Shape of a window.
    l2 : float
        Weight of the squares of all kernels.
    batch_size : int or None
        Fixed size of a batch for a stateful network, None for one that is not.
    frozen : bool
        Whether the recurrent layers keep their weights in training.
    output_activation : str
        Activation of the outputs.
    linear_path : bool
        Whether a linear map of the whole window is added to the outputs.
    return_sequences : bool
        Whether there are outputs for every step of a window.
    loss_terms : dict of str to float, or None
        Weight of each term of the loss of a network that copies; None for one that
        predicts.
    """

    n_steps: int
    n_features: int
    l2: float
    batch_size: int | None = None
    frozen: bool = False
    output_activation: str = "linear"
    linear_path: bool = False
    return_sequences: bool = False

    @property
    @abstractmethod
    def layers(self) -> tuple[Layer, ...]:
        """Layers in the order in which a sample passes them."""

    @property
    @abstractmethod
    def widths(self) -> str:
        """Widths of all layers by the names of their parameters."""

    @abstractmethod
    def for_prediction(self) -> Network:
        """Return the network without what matters in training only."""

    @property
    @abstractmethod
    def shape_of_outputs(self) -> tuple[int, ...]:
        """Shape of the outputs for one window."""

    @property
    def shape_for_loss(self) -> tuple[int, ...]:
        """Shape of the outputs that a loss compares: of a window, or of a step."""
        return self.shape_of_outputs[1 if self.return_sequences else 0 :]

    @property
    def loss_terms(self) -> dict[str, float] | None:
        """Weight of each term of the loss."""
        return None

    @property
    def n_weights(self) -> int:
        """Numbers in all arrays of weights."""
        return sum(layer.n_weights for layer in self.layers)

    @property
    def stateful(self) -> bool:
        """Whether the state at the end of a batch is where the next one starts."""
        return self.batch_size is not None

    def shape_of_inputs(self, part: str | None) -> tuple[int, int]:
        """Return the steps and features of the windows that a part reads."""
        return self.n_steps, self.n_features


@stored(
    "RecurrentNetwork",
    {
        "cell": "cell",
        "n_steps": "n_steps",
        "n_features": "n_features",
        "n_targets": "n_targets",
        "units": "units",
        "dense_before": "dense_before",
        "dense_after": "dense_after",
        "activation": "activation",
        "dense_activation": "dense_activation",
        "bidirectional": "bidirectional",
        "dropout": "dropout",
        "recurrent_dropout": "recurrent_dropout",
        "l2": "l2",
        "segment": "segment",
        "decoder": "decoder",
        "batch_size": "batch_size",
        "frozen": "frozen",
        "output_activation": "output_activation",
        "linear_path": "linear_path",
        "quantiles": "quantiles",
        "return_sequences": "return_sequences",
        "categories": "categories",
        "distribution": "distribution",
    },
)
# Frozen, because compiled programs are kept under the description as their key.
@dataclass(frozen=True)
class RecurrentNetwork(Network):
    """A recurrent network that predicts targets, or probabilities of classes.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Kind of the recurrent layers.
    n_steps, n_features, n_targets : int
        Shape of a window, and the number of outputs.
    units, dense_before, dense_after : tuple of int
        Widths of the recurrent layers, of the Dense layers which every step passes
        ahead of them, and of those behind the last one.
    activation, dense_activation : str or callable
        Activations of the recurrent and of the Dense layers.
    bidirectional : bool
        Whether each recurrent layer also reads backwards.
    dropout, recurrent_dropout, l2 : float
        Regularisation, as the estimators describe it.
    segment : int
        Time steps folded into one recurrent step, and outputs of a parallel decoder
        that one step gives.
    decoder : {"dense", "parallel"}
        What comes behind the last state: Dense layers, or one further step for each
        segment of the outputs.
    batch_size : int or None
        Fixed size of a batch for a stateful network, None for one that is not.
    frozen : bool
        Whether the recurrent layers keep their weights in training.
    output_activation : {"linear", "softplus", "exponential", "sigmoid", "softmax"}
        Activation of the outputs. Of a classifier "sigmoid" gives the probability of
        the second of two classes, "softmax" those of as many classes as outputs.
    linear_path : bool
        Whether a linear map of the whole window is added to the outputs.
    quantiles : tuple of float
        Levels that are predicted of each target, increasing; empty for a single number.
    return_sequences : bool
        Whether there are outputs for every step of a window.
    categories : tuple of CodedFeatures
        Features that are codes of categories, in whose place embeddings stand behind
        all others.
    distribution : str
        Distribution of which parameters are predicted, a name of `DISTRIBUTIONS`; empty
        for a single number.
    """

    cell: str
    n_steps: int
    n_features: int
    n_targets: int
    units: tuple[int, ...]
    dense_before: tuple[int, ...] = ()
    dense_after: tuple[int, ...] = ()
    activation: Activation = "tanh"
    dense_activation: Activation = "relu"
    bidirectional: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    l2: float = 0.0
    segment: int = 1
    decoder: str = "dense"
    batch_size: int | None = None
    frozen: bool = False
    output_activation: str = "linear"
    linear_path: bool = False
    quantiles: tuple[float, ...] = ()
    return_sequences: bool = False
    categories: tuple[CodedFeatures, ...] = ()
    distribution: str = ""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers in the order in which a sample passes them."""
        layers = [Layer("windows", "Input", (self.n_steps, self.n_features))]
        n_numbers = len(self.numbers)
        layers += embedding_layers(self.n_steps, n_numbers, self.categories)
        layers += self._layers_before(layers[-1].shape)
        layers += self._recurrent_layers(layers[-1].shape)
        if self.decoder == "parallel":
            layers += self._layers_ahead(layers[-1])
        f = self.dense_activation
        layers += dense_stack("dense_after", layers[-1].shape, self.dense_after, f)
        n_outputs = self.n_at_once * self.n_parts
        activation = self.output_activation
        layers += [dense("targets", layers[-1].shape, n_outputs, activation)]
        if self.linear_path:
            flat = (self.n_steps * n_numbers,)
            path = dense("linear_path", flat, self.n_targets)
            layers += [path._replace(beside=True)]
        return tuple(layers)

    @property
    def widths(self) -> str:
        """Widths of all layers by the names of their parameters."""
        names = ("units", "dense_before", "dense_after")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)

    @property
    def numbers(self) -> list[int]:
        """Places of the features that are no codes of categories."""
        codes = {place for coded in self.categories for place in coded.places}
        return [place for place in range(self.n_features) if place not in codes]

    @property
    def shape_of_outputs(self) -> tuple[int, ...]:
        """Shape of the outputs for one window."""
        of_parts = (self.n_parts,) if self.has_parts else ()
        return (*self.shape_of_targets, *of_parts)

    @property
    def shape_of_targets(self) -> tuple[int, ...]:
        """Shape of the targets of one window."""
        of_steps = (self.n_steps,) if self.return_sequences else ()
        return (*of_steps, self.n_targets)

    @property
    def shape_of_labels(self) -> tuple[int, ...]:
        """Shape of what the loss compares with outputs: targets and perhaps units."""
        return (2 * self.n_targets,) if self.has_units else self.shape_of_targets

    @property
    def has_parts(self) -> bool:
        """Whether more is predicted of each target than a number."""
        return bool(self.quantiles or self.distribution)

    @property
    def n_parts(self) -> int:
        """Numbers that the output layer gives for each target."""
        if self.distribution:
            return len(DISTRIBUTIONS[self.distribution].parameters)
        return max(1, len(self.quantiles))

    @property
    def n_at_once(self) -> int:
        """Targets that the output layer gives for one state."""
        return self.segment if self.decoder == "parallel" else self.n_targets

    @property
    def has_units(self) -> bool:
        """Whether targets come with units of their means, see `Family.of_counts`."""
        return bool(self.distribution) and DISTRIBUTIONS[self.distribution].of_counts

    def split_outputs(self, outputs: Any) -> list[Any]:
        """Return the outputs of the last layer in parts, as `join_parts` takes them."""
        if not self.has_parts:
            return [outputs]
        width = self.n_at_once
        starts = range(0, self.n_parts * width, width)
        return [outputs[..., start : start + width] for start in starts]

    def join_parts(
        self, parts: Sequence[Any], softplus: Callable[[Any], Any] = softplus
    ) -> list[Any]:
        """Return what is predicted of each target: quantiles, or parameters."""
        if self.distribution:
            return parameters_of(parts, self.distribution, softplus)
        return spread(parts, self.quantiles, softplus)

    def of_points(
        self, weights: Sequence[NDArray[Any]]
    ) -> tuple[RecurrentNetwork, list[NDArray[Any]]]:
        """Return the network of the medians or means alone, and its weights."""
        if not self.has_parts:
            return self, list(weights)
        places = place_of_layer(self.layers, "targets")
        # The outputs of the medians, and those of the means, come first.
        kept = [
            weight[..., : self.n_at_once] if place in places else weight
            for place, weight in enumerate(weights)
        ]
        plain = replace(self, quantiles=(), distribution="")
        if self.has_units:
            plain = replace(plain, output_activation="softplus")
        return plain, kept

    def for_prediction(self) -> RecurrentNetwork:
        """Return the network without what matters in training only."""
        # Networks that differ in nothing else then share one compiled prediction.
        return replace(self, dropout=0.0, recurrent_dropout=0.0, l2=0.0, frozen=False)

    def _layers_before(self, shape: Shape) -> list[Layer]:
        """Describe the layers that each step, or segment of steps, passes first."""
        f, layers = self.dense_activation, []
        if self.segment > 1:
            shape = (self.n_steps // self.segment, self.segment * shape[-1])
            layers = [Layer("segments", "Reshape", shape)]
            # Raw values side by side are a poor input of a recurrent step, so they pass
            # one Dense layer first, as in SegRNN (Lin et al. 2023).
            if not self.dense_before:
                return [*layers, dense("segment_projection", shape, self.units[0], f)]
        return layers + dense_stack("dense_before", shape, self.dense_before, f)

    def _recurrent_layers(self, shape: Shape) -> list[Layer]:
        return recurrent_stack(
            "recurrent",
            self.cell,
            shape,
            self.units,
            self.activation,
            sequences=self.return_sequences,
            bidirectional=self.bidirectional,
            trainable=not self.frozen,
        )

    def _layers_ahead(self, last: Layer) -> list[Layer]:
        """Describe the layers of a parallel decoder that follow the last state."""
        # Rounded up: the last segment may reach beyond the targets, and is cut later.
        n_segments = -(-self.n_targets // self.segment)
        n_inputs = last.weights[0][0]
        positions = (n_segments, n_inputs)
        ahead = (n_segments, *last.shape)
        return [
            Layer("positions", "Embedding", positions, (positions,)),
            Layer("recurrent_ahead", last.kind, ahead, shares=last.name),
        ]
