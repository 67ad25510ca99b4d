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


def make_recurrent(layer: Layer, network: Any, *, state: bool = False) -> Any:
    """Make a recurrent layer with the regularisation of a network.

    Parameters
    ----------
    layer : Layer
        The layer.
    network : RecurrentNetwork or WindowAutoencoderNetwork
        The network.
    state : bool, default=False
        Whether the layer gives its last state too, behind its output.
    """
    made = getattr(keras.layers, layer.kind)(
        layer.shape[-1] // (2 if layer.bidirectional else 1),
        activation=layer.activation,
        kernel_initializer=keras.initializers.GlorotUniform(seed=SEED),
        recurrent_initializer=keras.initializers.Orthogonal(seed=SEED),
        kernel_regularizer=_regularizer(network),
        recurrent_regularizer=_regularizer(network),
        dropout=network.dropout,
        recurrent_dropout=network.recurrent_dropout,
        return_sequences=len(layer.shape) == 2,
        return_state=state,
        stateful=network.stateful,
        seed=SEED,
        dtype=PRECISION,
        name=layer.name,
    )
    if layer.bidirectional:
        made = keras.layers.Bidirectional(made, dtype=PRECISION, name=layer.name)
    made.trainable = layer.trainable
    return made


def _regularizer(network: Network) -> Any:
    return keras.regularizers.L2(network.l2) if network.l2 > 0 else None
