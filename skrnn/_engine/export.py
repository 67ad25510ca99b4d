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
    networks: list[list[np.ndarray]],
    scaling: Scaling,
    *,
    both_classes: bool = False,
) -> Any:
    """Build a plain Keras model of a recurrent network, or of the mean of several.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    networks : list of list of ndarray
        The weights of each network of this description.
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
        n_quantiles), or to the probabilities of all classes; of a network that returns
        sequences with an axis of steps behind that of samples.
    """
    models = [_build_recurrent(network, weights) for weights in networks]
    shape, batch_size = models[0].input_shape[1:], models[0].input_shape[0]
    windows = keras.Input(shape, batch_size, dtype="float64", name="windows")
    scaled = _scale_inputs(windows, scaling)
    y = _mean([model(scaled) for model in _named_apart(models)])
    y = _affine(
        y, _per_output(network, scaling.y_scale), _per_output(network, scaling.y_mean)
    )
    if both_classes:
        first = _affine(y, np.array([-1.0]), np.array([1.0]))
        y = keras.layers.Concatenate(dtype="float64", name="classes")([first, y])
    return _exportable(
        keras.Model(windows, y, name=f"{network.cell}_network_in_units_of_data")
    )


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


def _build_recurrent(network: RecurrentNetwork, weights: list[np.ndarray]) -> Any:
    # Keras 3.6 cannot load a layer that is called once more behind its own outputs, so
    # that the model has a second layer with the same weights.
    model = build_recurrent(network, masked=True, shared=False)
    model.set_weights(unshare_weights(network.layers, weights))
    return model


def _per_output(network: RecurrentNetwork, values: np.ndarray) -> np.ndarray:
    """Return values of the targets, repeated for each step and quantile there is."""
    # Keras takes (n_targets, 1) for a bias of the last axis, if there are as many
    # quantiles as targets.
    of_target = values[:, None] if network.quantiles else values
    return np.broadcast_to(of_target, network.shape_of_outputs).copy()


def _named_apart(models: list[Any]) -> list[Any]:
    """Return models under different names, as the parts of one model must have."""
    if len(models) > 1:
        for i, model in enumerate(models):
            model.name = f"{model.name}_{i}"
    return models


def _mean(outputs: list[Any]) -> Any:
    """Return the mean of the outputs of several networks."""
    if len(outputs) == 1:
        return outputs[0]
    return keras.layers.Average(dtype="float64", name="mean")(outputs)


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
