"""Networks as Keras models: how they are built for a use, and start."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from skrnn._networks.autoencoders import AutoencoderNetwork
from skrnn._networks.description import Network, RecurrentNetwork

from .autoencoder_models import build_autoencoder, call_part
from .placement import on_cpu
from .recurrent_models import build_recurrent
from .tensorflow import PRECISION, keras

__all__ = [
    "build_for_prediction",
    "build_model",
    "call_model",
    "draw_weights",
    "forget_sequence",
]


# Standard deviation of the embeddings of categories before training.
STDDEV_OF_CATEGORIES = 0.1


def build_model(
    network: Network, *, masked: bool = False, loss: Any = None, cudnn: bool = False
) -> Any:
    """Build the Keras model of a network, for training unless it copies without a loss.

    Parameters
    ----------
    network : Network
        The network.
    masked : bool, default=False
        Whether steps that are NaN throughout are skipped.
    loss : str, callable or keras.losses.Loss, default=None
        Loss of a copied value, which a network that copies computes itself; see
        `build_autoencoder`.
    cudnn : bool, default=False
        Whether Keras may run recurrent layers by cuDNN.
    """
    if isinstance(network, AutoencoderNetwork):
        return build_autoencoder(network, masked=masked, loss=loss, cudnn=cudnn)
    assert isinstance(network, RecurrentNetwork)
    return build_recurrent(network, masked=masked, cudnn=cudnn)


def build_for_prediction(network: Network, *, masked: bool, cudnn: bool = False) -> Any:
    """Build the Keras model of a network for `call_model`.

    Without gradients XLA makes a slow product of a step of one feature, by two to three
    times; so that comes with a second one, of zeros.
    """
    if not isinstance(network, RecurrentNetwork):
        return build_model(network, masked=masked, cudnn=cudnn)
    widened = network.n_features == network.segment == 1 and not network.categories
    return build_recurrent(network, masked=masked, widened=widened, cudnn=cudnn)


def call_model(network: Network, model: Any, part: str | None, windows: Any) -> Any:
    """Predict windows, by a part of a network that copies or by all of a network."""
    if isinstance(network, AutoencoderNetwork):
        return call_part(network, model, part, windows)
    return model(windows, training=False)


def draw_weights(model: Any, random_state: np.random.RandomState) -> list[np.ndarray]:
    """Draw starting weights as Keras does, from random numbers of our own.

    Input kernels are Glorot uniform, recurrent kernels orthogonal, biases zero, those
    of an LSTM's forget gates one (Gers, Schmidhuber and Cummins 1999). Embeddings of
    positions are standard normal, as in SegRNN (Lin et al. 2023). Those of categories
    are smaller, so that a network does not begin with large random inputs, and the last
    row, for what is not known, is their mean, zero.

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
    # Not by the layers themselves: a model is built once and lent to many fits.
    weights = []
    for variable in model.weights:
        if variable.name in initializers:
            seed = int(random_state.randint(np.iinfo(np.int32).max))
            initializer = initializers[variable.name](seed=seed)
            with on_cpu():  # The same everywhere; a GPU rounds in another way.
                drawn = initializer(variable.shape, dtype=PRECISION)
            weights.append(drawn.numpy())
            if variable.path.startswith("category_"):
                weights[-1] *= STDDEV_OF_CATEGORIES
                weights[-1][-1] = 0.0
        else:
            weights.append(np.zeros(variable.shape, dtype=PRECISION))
            if "lstm_cell" in variable.path:
                # Keras orders the gates of a cell: input, forget, candidate, output.
                units = variable.shape[0] // 4
                weights[-1][units : 2 * units] = 1.0
    return weights


def forget_sequence(model: Any) -> None:
    """Set the state of stateful layers to zero."""
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()
