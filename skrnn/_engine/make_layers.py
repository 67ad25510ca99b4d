"""Keras layers made from their descriptions."""

from __future__ import annotations

from typing import Any

from skrnn._networks.description import Network
from skrnn._networks.layer import Layer

from .layers import SEED
from .tensorflow import PRECISION, keras

__all__ = ["make_dense", "make_recurrent"]


def make_dense(layer: Layer, network: Network) -> Any:
    """Make a Dense layer with the regularisation of a network."""
    return keras.layers.Dense(
        layer.shape[-1],
        activation=layer.activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed=SEED),
        kernel_regularizer=_regularizer(network),
        dtype=PRECISION,
        name=layer.name,
    )


def make_recurrent(
    layer: Layer, network: Any, *, state: bool = False, cudnn: bool = False
) -> Any:
    """Make a recurrent layer with the regularisation of a network.

    Parameters
    ----------
    layer : Layer
        The layer.
    network : RecurrentNetwork or WindowAutoencoderNetwork
        The network.
    state : bool, default=False
        Whether the layer gives its last state too, behind its output.
    cudnn : bool, default=False
        Whether Keras may run the layer by cuDNN where there is a GPU, which neither XLA
        nor masks that begin with missing steps allow.
    """
    settings = {
        "activation": layer.activation,
        "kernel_initializer": keras.initializers.GlorotUniform(seed=SEED),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=SEED),
        "kernel_regularizer": _regularizer(network),
        "recurrent_regularizer": _regularizer(network),
        "dropout": network.dropout,
        "recurrent_dropout": network.recurrent_dropout,
        "seed": SEED,
        "dtype": PRECISION,
    }
    outputs = {
        "return_sequences": len(layer.shape) == 2,
        "return_state": state,
        "stateful": network.stateful,
        "name": layer.name,
    }
    units = layer.shape[-1] // (2 if layer.bidirectional else 1)
    if cudnn:
        made = getattr(keras.layers, layer.kind)(units, **settings, **outputs)
    else:
        # Keras's `use_cudnn=False` would be lost when a model is saved and, up to Keras
        # 3.6 at least, in a Bidirectional layer.
        cell = getattr(keras.layers, f"{layer.kind}Cell")
        name = _CELL_NAMES[layer.kind]
        made = cell(units, **settings, name=name)
        made = keras.layers.RNN(made, **outputs, dtype=PRECISION)
    if layer.bidirectional:
        made = keras.layers.Bidirectional(made, dtype=PRECISION, name=layer.name)
    made.trainable = layer.trainable
    return made


# As in Keras's layers, so that variables have the same paths.
_CELL_NAMES = {"SimpleRNN": "simple_rnn_cell", "LSTM": "lstm_cell", "GRU": "gru_cell"}


def _regularizer(network: Network) -> Any:
    return keras.regularizers.L2(network.l2) if network.l2 > 0 else None
