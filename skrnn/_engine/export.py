"""Plain Keras models that read and give the units of the data, and need no skrnn.

They scale in float64, so that large values lose nothing if a model is called; Keras's
own `predict` rounds arrays to float32 first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._networks.autoencoders import AutoencoderNetwork
from skrnn._networks.description import RecurrentNetwork
from skrnn._networks.layer import unshare_weights
from skrnn._process.signals import signals_wait
from skrnn._scaling.scaling import Scaling

from .autoencoder_models import build_plain_autoencoder
from .missing import fill_holes
from .recurrent_models import build_recurrent
from .tensorflow import PRECISION, keras

__all__ = ["export_autoencoder", "export_parts", "export_recurrent"]


@signals_wait()
def export_recurrent(
    network: RecurrentNetwork,
    weights: list[np.ndarray],
    scaling: Scaling,
    *,
    both_classes: bool = False,
) -> Any:
    """Build a plain Keras model of a recurrent network.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    weights : list of ndarray
        Its weights.
    scaling : Scaling
        Scaling of inputs and targets.
    both_classes : bool, default=False
        Whether a single output, the probability of the second of two classes, comes
        with that of the first ahead of it.

    Returns
    -------
    model : keras.Model
        From X of shape (n_samples, n_steps, n_features), with NaN for what is missing,
        to y of shape (n_samples, n_targets), to quantiles (n_samples, n_targets,
        n_quantiles), or to the probabilities of all classes.
    """
    # Keras 3.6 cannot load a layer that is called once more behind its own outputs, so
    # that the model has a second layer with the same weights.
    model = build_recurrent(network, masked=True, shared=False)
    model.set_weights(unshare_weights(network.layers, weights))
    shape, batch_size = model.input_shape[1:], model.input_shape[0]
    windows = keras.Input(shape, batch_size, dtype="float64", name="windows")
    y = model(_scale_inputs(windows, scaling))
    # With an axis for the quantiles, if there are several.
    units = (-1, 1) if network.quantiles else (-1,)
    y = _affine(y, scaling.y_scale.reshape(units), scaling.y_mean.reshape(units))
    if both_classes:
        first = _affine(y, np.array([-1.0]), np.array([1.0]))
        y = keras.layers.Concatenate(dtype="float64", name="classes")([first, y])
    return _exportable(keras.Model(windows, y, name=f"{model.name}_in_units_of_data"))


@signals_wait()
def export_parts(
    network: AutoencoderNetwork, weights: list[np.ndarray], scaling: Scaling
) -> tuple[Any, Any]:
    """Build plain Keras models of the encoder and the decoder of an autoencoder.

    Parameters
    ----------
    network : AutoencoderNetwork
        The network.
    weights : list of ndarray
        Weights of both parts.
    scaling : Scaling
        Scaling of the inputs.

    Returns
    -------
    encoder, decoder : keras.Model
        From X to codes, of a variational network their means, and back.
    """
    model = build_plain_autoencoder(network, weights)
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    X = keras.Input(encoder.input_shape[1:], dtype="float64", name="X")
    mean, scale = scaling.x_mean, scaling.x_scale
    centred = _affine(X, np.ones_like(mean), -mean)
    scaled = _affine(centred, 1 / scale, np.zeros_like(mean))
    code = encoder(keras.ops.cast(scaled, PRECISION))
    if network.beta is not None:
        code = code[:, : network.n_components]
    codes = keras.Input((network.n_components,), dtype=PRECISION, name="codes")
    X_copy = _affine(decoder(codes), scale, mean)
    return (
        _exportable(keras.Model(X, code, name="encoder")),
        _exportable(keras.Model(codes, X_copy, name="decoder")),
    )


@signals_wait()
def export_autoencoder(
    network: AutoencoderNetwork, weights: list[np.ndarray], scaling: Scaling
) -> Any:
    """Build a plain Keras model from X to its copy; see `export_parts`."""
    encoder, decoder = export_parts(network, weights, scaling)
    X = keras.Input(encoder.input_shape[1:], dtype="float64", name="X")
    return _exportable(keras.Model(X, decoder(encoder(X)), name="autoencoder"))


def _scale_inputs(windows: Any, scaling: Scaling) -> Any:
    """Scale windows, and fill the holes of partly observed steps; others stay NaN."""
    fill, mean, scale = scaling.fill, scaling.x_mean, scaling.x_scale
    around_fill = _affine(windows, np.ones_like(fill), -fill)
    filled = fill_holes(around_fill, keras.ops.zeros_like(around_fill))
    scaled = _affine(filled, 1 / scale, (fill - mean) / scale)
    return keras.ops.cast(scaled, PRECISION)


def _affine(values: Any, scale: np.ndarray, offset: np.ndarray) -> Any:
    """Scale, then shift, in float64."""
    # Not by the layer Rescaling: it takes the last axis for another one while Keras's
    # global image_data_format is "channels_first".
    scaled = keras.ops.multiply(keras.ops.cast(values, "float64"), scale)
    return keras.ops.add(scaled, offset)


def _exportable(model: Any) -> Any:
    """Call a model once, on no data: Keras exports none that was never called."""
    shape, dtype = model.input_shape, model.input.dtype
    model(keras.Input(shape[1:], shape[0], dtype=dtype))
    return model
