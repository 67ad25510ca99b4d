"""Parameters to Keras functional models, and the weights that they start from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ._scikeras import check_activation
from ._tensorflow import keras

__all__ = [
    "Architecture",
    "Network",
    "affine",
    "build_network",
    "dense_layer",
    "draw_weights",
    "in_units_of_data",
    "mask_missing",
    "recurrent_layer",
]

LAYERS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}

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
    """A recurrent network that predicts targets.

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
        Time steps folded into one recurrent step.
    batch_size : int or None
        Fixed size of a batch for a stateful network, None for one that is not.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    frozen : bool
        Whether the recurrent layers keep their weights in training.
    widened : bool
        Whether the recurrent layers read a column of zeros beside the features.
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
    batch_size: int | None = None
    masked: bool = False
    frozen: bool = False
    widened: bool = False

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
    for i, width in enumerate(a.units):
        last = i == len(a.units) - 1
        layer = recurrent_layer(width, a, f"recurrent_{i}", not last)
        layer.trainable = not a.frozen
        steps = layer(steps, mask=mask)
    for i, width in enumerate(a.dense_after):
        steps = dense_layer(width, a, f"dense_after_{i}", a.dense_activation)(steps)
    targets = dense_layer(a.n_targets, a, "targets", "linear")(steps)
    return keras.Model(windows, targets, name=f"{a.cell}_network")


def draw_weights(model: Any, random_state: np.random.RandomState) -> list[np.ndarray]:
    """Draw starting weights as Keras does, from random numbers of our own.

    Input kernels are Glorot uniform, recurrent kernels orthogonal, biases zero, those
    of an LSTM's forget gates one (Gers, Schmidhuber and Cummins 1999).

    Returns
    -------
    weights : list of ndarray
        In the order of ``model.weights``.
    """
    initializers = {
        "kernel": keras.initializers.GlorotUniform,
        "recurrent_kernel": keras.initializers.Orthogonal,
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
    return keras.Model(windows, y, name=f"{model.name}_in_units_of_data")


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


def recurrent_layer(width: int, a: Network, name: str, sequences: bool) -> Any:
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
        stateful=a.stateful,
        seed=SEED,
        name=name,
    )
    if a.bidirectional:
        return keras.layers.Bidirectional(layer, name=name)
    return layer
