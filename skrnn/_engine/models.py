"""Parameters to Keras functional models, and the weights that they start from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from skrnn._process.signals import signals_wait

from .scikeras import check_activation
from .tensorflow import keras

__all__ = [
    "Architecture",
    "Network",
    "affine",
    "build_network",
    "count_kernels",
    "count_recurrent",
    "dense_layer",
    "draw_weights",
    "exportable",
    "in_units_of_data",
    "mask_missing",
    "recurrent_layer",
]

LAYERS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}

# Blocks of a kernel.
GATES = {"rnn": 1, "lstm": 4, "gru": 3}

# A seed must be given to every layer, or Keras draws one from Python's global random
# numbers, which are the user's. The engine replaces it before each training.
SEED = 0


class Network(ABC):
    """A network as the engine knows it: hashable, and equal if the graph is.

    Windows of shape (n_samples, n_steps, n_features) go in, and two kinds of networks
    learn from them: one that predicts targets, and one that copies its windows. The
    latter says itself what each sample loses: behind its copy, of the shape of the
    windows and 0 where these are NaN, it has an output of shape (n_samples, 1) for each
    of the `terms` of its loss.
    """

    batch_size: int | None = None
    terms: dict[str, float] | None = None
    output_activation: str = "linear"

    @property
    def least_weights(self) -> int:
        """Weights that the network has at least, counted without building it."""
        return 0

    @property
    def widths(self) -> str:
        """The widths of all layers by the names of their parameters."""
        return ""

    @property
    def stateful(self) -> bool:
        """Whether the state at the end of a batch is where the next one starts."""
        return self.batch_size is not None

    @abstractmethod
    def build(self, loss: Any = None) -> Any:
        """Build the Keras model; `loss` is that of one which copies, for training."""

    @abstractmethod
    def for_windows(self, *, missing: bool) -> Network:
        """Suit the network to windows with or without steps that are NaN."""

    @abstractmethod
    def for_prediction(self) -> Network:
        """Leave out what matters in training only."""

    def apply(self, model: Any, part: str | None, windows: Any) -> Any:
        """Let a part of a model that was built without a loss predict windows."""
        return model(windows, training=False)

    def shape_of_inputs(self, part: str | None) -> tuple[int, int]:
        """Give the steps and features of the windows that a part reads."""
        return self.n_steps, self.n_features


@dataclass(frozen=True)
class Architecture(Network):
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
    masked : bool
        Whether steps that are NaN throughout are skipped.
    frozen : bool
        Whether the recurrent layers keep their weights in training.
    widened : bool
        Whether the recurrent layers read a column of zeros beside the features.
    tied : bool
        Whether the step of a parallel decoder is one of the last recurrent layer
        itself, and not of a copy.
    output_activation : {"linear", "sigmoid", "softmax"}
        Activation of the outputs: "sigmoid" of one is the probability of the second of
        two classes, "softmax" of several those of as many classes.
    """

    cell: str
    n_steps: int
    n_features: int
    n_targets: int
    units: tuple[int, ...]
    dense_before: tuple[int, ...] = ()
    dense_after: tuple[int, ...] = ()
    activation: str | Callable[..., Any] = "tanh"
    dense_activation: str | Callable[..., Any] = "relu"
    bidirectional: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    l2: float = 0.0
    segment: int = 1
    decoder: str = "dense"
    batch_size: int | None = None
    masked: bool = False
    frozen: bool = False
    widened: bool = False
    tied: bool = True
    output_activation: str = "linear"

    @property
    def least_weights(self) -> int:
        """Weights of all kernels but those around a bidirectional layer."""
        read = self.n_features * self.segment
        before = (read, *self.dense_before)
        if self.segment > 1 and not self.dense_before:
            before = (read, self.units[0])
        after = (self.units[-1], *self.dense_after)
        return (
            count_kernels(before)
            + count_recurrent(self.cell, (before[-1], *self.units))
            + count_kernels(after)
        )

    @property
    def widths(self) -> str:
        """The widths of all layers by the names of their parameters."""
        names = ("units", "dense_before", "dense_after")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)

    def build(self, loss: Any = None) -> Any:
        """Build the Keras model."""
        return build_network(self)

    def for_windows(self, *, missing: bool) -> Architecture:
        """Suit the network to windows with or without steps that are NaN."""
        return replace(self, masked=missing)

    def for_prediction(self) -> Architecture:
        """Leave out what matters in training only, and suit the rest to XLA.

        Without gradients XLA makes a slow product of a step of one feature, by two to
        three times; so that comes with a second one, of zeros.
        """
        return replace(
            self,
            dropout=0.0,
            recurrent_dropout=0.0,
            l2=0.0,
            frozen=False,
            widened=self.n_features == self.segment == 1,
        )

    def untie(self, weights: list[np.ndarray]) -> tuple[Architecture, list[np.ndarray]]:
        """Give a network of which no layer is used twice, and its weights."""
        if self.decoder == "dense":
            return self, weights
        # Kernel, recurrent kernel and bias; then the embeddings; then Dense layers.
        behind = len(weights) - 2 * (len(self.dense_after) + 1)
        copied = weights[behind - 4 : behind - 1]
        untied = [*weights[:behind], *copied, *weights[behind:]]
        return replace(self, tied=False), untied


def count_kernels(widths: Sequence[int]) -> int:
    """Count the weights between Dense layers of these widths, biases left out."""
    return sum(a * b for a, b in pairwise(widths))


def count_recurrent(cell: str, widths: Sequence[int]) -> int:
    """Count the weights of recurrent layers, of which the first width is the inputs."""
    return GATES[cell] * sum((a + b) * b for a, b in pairwise(widths))


def build_network(architecture: Architecture) -> Any:
    """Build the Keras model of an architecture.

    Returns
    -------
    model : keras.Model
        From windows of shape (batch, n_steps, n_features), scaled and NaN where
        nothing is observed, to (batch, n_targets), in the scale of training.

    Raises
    ------
    ValueError
        If an activation is not one of Keras's.
    """
    a = architecture
    check_activation("activation", a.activation)
    check_activation("dense_activation", a.dense_activation)
    windows = keras.Input((a.n_steps, a.n_features), a.batch_size, name="windows")
    steps, mask = mask_missing(windows) if a.masked else (windows, None)
    if a.segment > 1:
        steps, mask = _fold_segments(steps, mask, a)
    if a.widened:
        steps = keras.ops.pad(steps, ((0, 0), (0, 0), (0, 1)))
    for i, width in enumerate(a.dense_before):
        steps = dense_layer(width, a, f"dense_before_{i}", a.dense_activation)(steps)
    *layers, last_layer = _recurrent_layers(a)
    for layer in layers:
        steps = layer(steps, mask=mask)
    if a.decoder == "parallel":
        targets = _decode_in_parallel(last_layer, steps, mask, a)
    else:
        targets = _outputs(last_layer(steps, mask=mask), a.n_targets, a)
    return keras.Model(windows, targets, name=f"{a.cell}_network")


@signals_wait()
def draw_weights(model: Any, random_state: np.random.RandomState) -> list[np.ndarray]:
    """Draw starting weights as Keras does, from random numbers of our own.

    Input kernels are Glorot uniform, recurrent kernels orthogonal, biases zero, those
    of an LSTM's forget gates one (Gers, Schmidhuber and Cummins 1999). Embeddings of
    positions are standard normal, as in SegRNN (Lin et al. 2023).

    Returns
    -------
    weights : list of ndarray
        In the order of ``model.weights``.
    """
    initializers = {
        "kernel": keras.initializers.GlorotUniform,
        "recurrent_kernel": keras.initializers.Orthogonal,
        "embeddings": partial(keras.initializers.RandomNormal, stddev=1.0),
    }
    weights = []
    for variable in model.weights:
        if variable.name in initializers:
            seed = int(random_state.randint(np.iinfo(np.int32).max))
            drawn = initializers[variable.name](seed=seed)(variable.shape)
            weights.append(drawn.numpy())
        else:
            weights.append(np.zeros(variable.shape, dtype=np.float32))
            if "lstm_cell" in variable.path:
                # Keras orders the gates of a cell: input, forget, candidate, output.
                units = variable.shape[0] // 4
                weights[-1][units : 2 * units] = 1.0
    return weights


def in_units_of_data(
    model: Any,
    x_mean: np.ndarray,
    x_scale: np.ndarray,
    fill: np.ndarray,
    y_mean: np.ndarray,
    y_scale: np.ndarray,
    both_classes: bool = False,
) -> Any:
    """Wrap a network so that it takes X and gives y as the user has them.

    Parameters
    ----------
    model : keras.Model
        A masked network with its weights.
    x_mean, x_scale, fill : ndarray of shape (n_features,)
        Scaling of the inputs, and what fills the holes of a partly observed step, in
        the units of the data.
    y_mean, y_scale : ndarray of shape (n_targets,)
        Scaling of the targets.
    both_classes : bool, default=False
        Whether the output is the probability of the second of two classes, and that of
        the first one shall stand ahead of it.

    Returns
    -------
    model : keras.Model
        A plain Keras model that is saved and loaded without skrnn. It computes the
        scaling in float64, so that large values lose nothing if the model is called;
        its `predict` rounds arrays to float32 first, as that of any Keras model does.
    """
    a_window, wide = model.input_shape[1:], "float64"
    windows = keras.Input(a_window, model.input_shape[0], dtype=wide, name="windows")
    around_fill = affine(np.ones_like(fill), -fill, name="around_fill")(windows)
    missing = keras.ops.isnan(around_fill)
    hole = keras.ops.logical_not(keras.ops.all(missing, axis=-1, keepdims=True))
    hole = keras.ops.logical_and(missing, hole)
    filled = keras.ops.where(hole, keras.ops.zeros_like(around_fill), around_fill)
    scaled = affine(1 / x_scale, (fill - x_mean) / x_scale)(filled)
    y = model(keras.ops.cast(scaled, "float32"))
    y = affine(y_scale, y_mean)(y)
    if both_classes:
        first = affine(np.array([-1.0]), np.array([1.0]), name="first_class")(y)
        y = keras.layers.Concatenate(dtype=wide, name="classes")([first, y])
    model = keras.Model(windows, y, name=f"{model.name}_in_units_of_data")
    return exportable(model)


def exportable(model: Any) -> Any:
    """Call a model once, on no data: Keras exports none that was never called."""
    shape, dtype = model.input_shape, model.input.dtype
    model(keras.Input(shape[1:], shape[0], dtype=dtype))
    return model


def affine(scale: np.ndarray, offset: np.ndarray, name: str | None = None) -> Any:
    """Scale, then shift, in float64; of lists Keras would make float32."""
    return keras.layers.Rescaling(scale, offset, dtype="float64", name=name)


def mask_missing(windows: Any) -> tuple[Any, Any]:
    """Replace NaN by 0, and mark the steps at which anything is observed."""
    missing = keras.ops.isnan(windows)
    steps = keras.ops.where(missing, keras.ops.zeros_like(windows), windows)
    return steps, keras.ops.logical_not(keras.ops.all(missing, axis=-1))


def _fold_segments(steps: Any, mask: Any, a: Architecture) -> tuple[Any, Any]:
    """Put `segment` steps side by side into one; it is masked if all of them are.

    Where no Dense layers come ahead of the recurrent ones, one projects each segment.
    """
    n_segments = a.n_steps // a.segment
    folded = keras.layers.Reshape(
        (n_segments, a.segment * a.n_features), name="segments"
    )(steps)
    if not a.dense_before:
        name, activation = "segment_projection", a.dense_activation
        folded = dense_layer(a.units[0], a, name, activation)(folded)
    if mask is not None:
        mask = keras.ops.any(
            keras.ops.reshape(mask, (-1, n_segments, a.segment)), axis=-1
        )
    return folded, mask


def _recurrent_layers(a: Architecture) -> list[Any]:
    """Build the recurrent layers, of which the last one gives its last step only."""
    last = len(a.units) - 1
    layers = [
        recurrent_layer(
            width,
            a,
            f"recurrent_{i}",
            sequences=i < last,
            state=i == last and a.decoder == "parallel",
        )
        for i, width in enumerate(a.units)
    ]
    for layer in layers:
        layer.trainable = not a.frozen
    return layers


def _outputs(state: Any, n_outputs: int, a: Architecture) -> Any:
    """Compute outputs from what the last recurrent layer says."""
    for i, width in enumerate(a.dense_after):
        state = dense_layer(width, a, f"dense_after_{i}", a.dense_activation)(state)
    return dense_layer(n_outputs, a, "targets", a.output_activation)(state)


def _decode_in_parallel(layer: Any, steps: Any, mask: Any, a: Architecture) -> Any:
    """Take one step from the last state into each segment of the outputs.

    What is one sample of the windows is `n_segments` samples, one behind the other,
    for the layers that decode.
    """
    n_segments, n_inputs = -(-a.n_targets // a.segment), steps.shape[-1]
    _, *state = layer(steps, mask=mask)
    positions = _embed_positions(state[0], n_segments, n_inputs)
    if not a.tied:
        layer = recurrent_layer(a.units[-1], a, "recurrent_ahead", sequences=False)
    ahead = layer(
        keras.ops.reshape(positions, (-1, 1, n_inputs)),
        initial_state=[keras.ops.repeat(part, n_segments, axis=0) for part in state],
    )
    segments = _outputs(ahead[0] if a.tied else ahead, a.segment, a)
    outputs = keras.ops.reshape(segments, (-1, n_segments * a.segment))
    # The last segment may reach beyond the outputs that are asked for.
    return outputs[:, : a.n_targets]


def _embed_positions(state: Any, n_segments: int, width: int) -> Any:
    """Give every sample the embeddings of all positions, (batch, n_segments, width)."""
    # Counted from the input, so that a saved model holds no arrays but its weights. And
    # looked up once for all samples: an optimizer that clips gradients would otherwise
    # see those of each sample in place of their sum.
    one = keras.ops.ones_like(state[:1, :1], dtype="int32")
    positions = keras.ops.cumsum(keras.ops.repeat(one, n_segments, axis=1), axis=1) - 1
    embedded = keras.layers.Embedding(
        n_segments,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0, seed=SEED),
        name="positions",
    )(positions)
    of_samples = keras.ops.expand_dims(keras.ops.zeros_like(state[:, :1]), axis=-1)
    # In this order: Keras takes (batch, 1, 1) on the right for a bias of the last axis
    # or of the second one, if the batch happens to be as long as that.
    return of_samples + embedded


def _regularizer(a: Network) -> Any:
    return keras.regularizers.L2(a.l2) if a.l2 > 0 else None


def dense_layer(width: int, a: Network, name: str, activation: Any) -> Any:
    """Build a Dense layer with the regularisation of an architecture."""
    return keras.layers.Dense(
        width,
        activation=activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed=SEED),
        kernel_regularizer=_regularizer(a),
        name=name,
    )


def recurrent_layer(
    width: int, a: Network, name: str, sequences: bool, *, state: bool = False
) -> Any:
    """Build a recurrent layer as an architecture says."""
    layer = getattr(keras.layers, LAYERS[a.cell])(
        width,
        activation=a.activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed=SEED),
        recurrent_initializer=keras.initializers.Orthogonal(seed=SEED),
        kernel_regularizer=_regularizer(a),
        recurrent_regularizer=_regularizer(a),
        dropout=a.dropout,
        recurrent_dropout=a.recurrent_dropout,
        return_sequences=sequences,
        return_state=state,
        stateful=a.stateful,
        seed=SEED,
        name=name,
    )
    if a.bidirectional:
        return keras.layers.Bidirectional(layer, name=name)
    return layer
