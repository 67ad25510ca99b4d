"""Networks that copy their windows through a code, as Keras functional models."""

from __future__ import annotations

from functools import partial
from typing import Any

from skrnn._networks.autoencoders import AutoencoderNetwork
from skrnn._networks.layer import Layer, unshare_weights

from .layers import (
    SEED,
    CopyingModel,
    Divergence,
    DrawnCode,
    InputDropout,
    Likelihood,
    Noise,
    ReconstructionError,
    Sparsity,
    TransposedDense,
    split_inputs,
)
from .make_layers import make_dense, make_recurrent
from .missing import mask_missing, zero_missing
from .scikeras import check_activation
from .tensorflow import PRECISION, keras

__all__ = ["build_autoencoder", "build_plain_autoencoder", "call_part"]


def build_autoencoder(
    network: AutoencoderNetwork,
    *,
    masked: bool,
    loss: Any = None,
    shared: bool = True,
    cudnn: bool = False,
) -> Any:
    """Build the Keras model of a network that copies its windows.

    Parameters
    ----------
    network : AutoencoderNetwork
        The network.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    loss : str, callable or keras.losses.Loss, default=None
        Loss of a copied value, for training.
    shared : bool, default=True
        Whether a tied decoder uses the kernels of the encoder, and not copies.
    cudnn : bool, default=False
        Whether Keras may run recurrent layers by cuDNN.

    Returns
    -------
    model : keras.Model
        From windows of shape (batch, n_steps, n_features), scaled and NaN where
        nothing is observed, to copies of the same shape. With a loss, the copy is 0
        where what it is compared with is NaN, and behind it there is an output of shape
        (batch, 1) for each term of the loss. A network that denoises reads clean
        windows behind the columns of the others, and is compared with these.

    Raises
    ------
    ValueError
        If an activation is not one of Keras's.
    """
    encoder = _build_encoder(network, masked, cudnn)
    decoder = _build_decoder(network, encoder if shared else None, cudnn)
    shape = (network.n_steps, network.n_features)
    inputs = _make_input(network)
    windows, clean = split_inputs(inputs, denoises=network.denoises)
    code = encoder(_as_inputs(network, windows))
    drawn = code
    if network.beta is not None:
        mean = code[:, : network.n_components]
        draw = DrawnCode(dtype=PRECISION, name="drawn_code")
        drawn = mean if loss is None else draw(code)
    reshape = keras.layers.Reshape(shape, dtype=PRECISION, name="windows_again")
    copy = reshape(decoder(drawn))
    if loss is None:
        return keras.Model(inputs, copy, name="autoencoder")
    if masked:
        copy = zero_missing(copy, clean)
    layer = Likelihood(dtype=PRECISION)
    if network.beta is None:
        layer = ReconstructionError(loss, dtype=PRECISION)
    error = layer([clean, copy])
    outputs = [keras.layers.Identity(dtype=PRECISION, name="copy")(copy), error]
    terms: dict[str, Any] = {"sparsity": Sparsity, "kl": Divergence}
    for name, term in terms.items():
        if name in network.loss_terms:
            outputs.append(term(dtype=PRECISION, name=name)(code))
    model = CopyingModel(inputs, outputs, name="autoencoder")
    model.save_as(partial(build_plain_autoencoder, network))
    return model


def build_plain_autoencoder(network: AutoencoderNetwork, weights: list[Any]) -> Any:
    """Build the Keras model of a trained network out of Keras's own layers.

    It reads and gives windows as the network does, on the scale of training.

    Parameters
    ----------
    network : AutoencoderNetwork
        The network.
    weights : list of ndarray
        Weights of both parts; those behind them are left out.
    """
    layers = (*network.encoder_layers, *network.decoder_layers)
    n_arrays = sum(len(layer.weights) for layer in layers)
    model = build_autoencoder(network.for_prediction(), masked=True, shared=False)
    model.set_weights(unshare_weights(layers, weights[:n_arrays]))
    return model


def call_part(
    network: AutoencoderNetwork, model: Any, part: str | None, windows: Any
) -> Any:
    """Encode windows, decode codes, or copy windows by the means of their codes.

    Parameters
    ----------
    network : AutoencoderNetwork
        The network.
    model : keras.Model
        Its model, built without a loss.
    part : {"encoder", "decoder"} or None
        The part to call; None is both.
    windows : tensor of shape (batch, n_steps, n_features)
        Windows, or codes of shape (batch, 1, n_components).
    """
    if part == "decoder":
        codes = keras.ops.reshape(windows, (-1, network.n_components))
        return model.get_layer("decoder")(codes, training=False)
    code = model.get_layer("encoder")(_as_inputs(network, windows), training=False)
    if part == "encoder":
        return code
    # The variances of a variational code stand behind its means.
    mean = code[:, : network.n_components]
    copy = model.get_layer("decoder")(mean, training=False)
    return keras.ops.reshape(copy, (-1, network.n_steps, network.n_features))


def _make_input(network: AutoencoderNetwork) -> Any:
    """Return the input of a model: windows, and perhaps clean ones behind them."""
    n_columns = network.n_features * (2 if network.denoises else 1)
    shape = (network.n_steps, n_columns)
    return keras.Input(shape, dtype=PRECISION, name="windows")


def _build_encoder(network: AutoencoderNetwork, masked: bool, cudnn: bool) -> Any:
    """Build the Keras model from inputs to codes."""
    check_activation("activation", network.activation)
    check_activation("code_activation", network.code_activation)
    first, *layers = network.encoder_layers
    inputs = keras.Input(first.shape, dtype=PRECISION, name=first.name)
    # Rows have no missing values.
    masked = masked and len(first.shape) == 2
    x, mask = mask_missing(inputs) if masked else (inputs, None)
    x = _spoil(network, x)
    for layer in layers:
        x = _add(layer, network, x, mask, cudnn=cudnn)
    return keras.Model(inputs, x, name="encoder")


def _build_decoder(network: AutoencoderNetwork, encoder: Any, cudnn: bool) -> Any:
    """Build the Keras model from codes to copies.

    The kernels of a tied decoder are those of the encoder, its own if that is None.
    """
    codes = x = keras.Input((network.n_components,), dtype=PRECISION, name="codes")
    for layer in network.decoder_layers:
        if layer.shares and encoder is not None:
            kernel_of, f = encoder.get_layer(layer.shares), layer.activation
            x = TransposedDense(
                kernel_of, activation=f, dtype=PRECISION, name=layer.name
            )(x)
        else:
            x = _add(layer, network, x, cudnn=cudnn)
    return keras.Model(codes, x, name="decoder")


def _add(
    layer: Layer,
    network: AutoencoderNetwork,
    x: Any,
    mask: Any = None,
    *,
    cudnn: bool,
) -> Any:
    """Add a layer, and return what it gives for x."""
    if layer.kind in ("Dense", "TransposedDense"):
        return make_dense(layer, network)(x)
    if layer.kind == "RepeatVector":
        n_steps, *_ = layer.shape
        return keras.layers.RepeatVector(n_steps, dtype=PRECISION, name=layer.name)(x)
    return make_recurrent(layer, network, cudnn=cudnn)(x, mask=mask)


def _as_inputs(network: AutoencoderNetwork, windows: Any) -> Any:
    """Reshape windows as the encoder reads them: rows are windows of one step."""
    shape = network.encoder_layers[0].shape
    return windows if len(shape) == 2 else keras.ops.reshape(windows, (-1, *shape))


def _spoil(network: AutoencoderNetwork, x: Any) -> Any:
    """Add noise and dropout to inputs while training."""
    if network.noise > 0:
        x = Noise(network.noise, dtype=PRECISION, name="noise")(x)
    if network.input_dropout > 0:
        x = InputDropout(
            network.input_dropout, seed=SEED, dtype=PRECISION, name="input_dropout"
        )(x)
    return x
