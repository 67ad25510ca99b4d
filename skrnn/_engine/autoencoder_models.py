"""Networks that copy their input through a code, as Keras functional models."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from skrnn._process.signals import signals_wait

from .layers import (
    CopyingModel,
    Divergence,
    DrawnCode,
    InputDropout,
    Likelihood,
    Noise,
    ReconstructionError,
    Sparsity,
    TransposedDense,
)
from .models import (
    SEED,
    Network,
    affine,
    count_kernels,
    count_recurrent,
    dense_layer,
    exportable,
    mask_missing,
    recurrent_layer,
)
from .scikeras import check_activation
from .tensorflow import keras

__all__ = [
    "Autoencoding",
    "RowAutoencoding",
    "WindowAutoencoding",
    "parts_in_units_of_data",
]


@dataclass(frozen=True, kw_only=True)
class Autoencoding(Network):
    """What networks that copy their input through a code have in common.

    A model has two parts, "encoder" and "decoder". The encoder of a variational one
    gives the means of the code and, behind them, the logarithms of its variances.

    Parameters
    ----------
    n_steps, n_features : int
        Shape of a window.
    n_components : int
        Length of the code.
    code_activation : str or callable
        Activation of the code.
    noise, input_dropout : float
        Standard deviation of the noise which is added to the inputs in training, and
        share of the inputs that are set to zero.
    l2 : float
        Weight of the squares of all kernels.
    sparsity : float
        Weight of the sum of the absolute entries of a code.
    beta : float or None
        Weight of the divergence of the codes from their prior in a variational
        network; None if the network is none.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    """

    n_steps: int
    n_features: int
    n_components: int
    code_activation: str | Callable[..., Any] = "linear"
    noise: float = 0.0
    input_dropout: float = 0.0
    l2: float = 0.0
    sparsity: float = 0.0
    beta: float | None = None
    masked: bool = False

    @property
    def terms(self) -> dict[str, float]:
        """Weight of each term of the loss."""
        terms = {"reconstruction": 1.0}
        if self.sparsity > 0:
            terms["sparsity"] = self.sparsity
        if self.beta is not None:
            terms["kl"] = self.beta
        return terms

    def build(self, loss: Any = None) -> Any:
        """Build the Keras model of the copy and, with a loss, of its terms."""
        encoder = self.build_encoder()
        decoder = self.build_decoder(encoder)
        windows = keras.Input((self.n_steps, self.n_features), name="windows")
        code = encoder(self.as_read(windows))
        drawn = code if self.beta is None else DrawnCode(name="drawn_code")(code)
        shape = (self.n_steps, self.n_features)
        copy = keras.layers.Reshape(shape, name="windows_again")(decoder(drawn))
        if loss is None:
            return keras.Model(windows, copy, name="autoencoder")
        if self.masked:
            missing = keras.ops.isnan(windows)
            copy = keras.ops.where(missing, keras.ops.zeros_like(copy), copy)
        pair, terms = [windows, copy], {"sparsity": Sparsity, "kl": Divergence}
        layer = ReconstructionError(loss) if self.beta is None else Likelihood()
        error = layer(pair)
        outputs = [keras.layers.Identity(name="copy")(copy), error]
        outputs += [
            layer(name=name)(code)
            for name, layer in terms.items()
            if name in self.terms
        ]
        return CopyingModel(windows, outputs, name="autoencoder")

    def for_windows(self, *, missing: bool) -> Autoencoding:
        """Suit the network to windows with or without steps that are NaN."""
        return replace(self, masked=missing)

    def for_prediction(self) -> Autoencoding:
        """Leave out what matters in training only."""
        return replace(self, noise=0.0, input_dropout=0.0, l2=0.0, sparsity=0.0)

    def apply(self, model: Any, part: str | None, windows: Any) -> Any:
        """Encode windows, decode codes, or copy windows by the means of their codes."""
        if part == "decoder":
            codes = keras.ops.reshape(windows, (-1, self.n_components))
            return model.get_layer("decoder")(codes, training=False)
        code = model.get_layer("encoder")(self.as_read(windows), training=False)
        if part == "encoder":
            return code
        mean = code[:, : self.n_components]
        copy = model.get_layer("decoder")(mean, training=False)
        return keras.ops.reshape(copy, (-1, self.n_steps, self.n_features))

    def shape_of_inputs(self, part: str | None) -> tuple[int, int]:
        """Give the steps and features of what a part reads; a code is one step."""
        if part == "decoder":
            return 1, self.n_components
        return self.n_steps, self.n_features

    @abstractmethod
    def as_read(self, windows: Any) -> Any:
        """Give windows the shape in which the encoder reads them."""

    @abstractmethod
    def build_encoder(self) -> Any:
        """Build the Keras model from inputs to codes."""

    @abstractmethod
    def build_decoder(self, encoder: Any) -> Any:
        """Build the Keras model from codes to copies."""

    def untie(self, weights: list[np.ndarray]) -> tuple[Autoencoding, list[np.ndarray]]:
        """Give a network whose parts share no weights, and its weights."""
        return self, weights

    def spoil(self, inputs: Any) -> Any:
        """Make inputs worse while training."""
        if self.noise > 0:
            inputs = Noise(self.noise, name="noise")(inputs)
        if self.input_dropout > 0:
            inputs = InputDropout(self.input_dropout, seed=SEED, name="input_dropout")(
                inputs
            )
        return inputs

    def code_layer(self) -> Any:
        """Build the layer that gives the code."""
        check_activation("code_activation", self.code_activation)
        n_outputs = self.n_components * (1 if self.beta is None else 2)
        return dense_layer(n_outputs, self, "code", self.code_activation)


@dataclass(frozen=True, kw_only=True)
class RowAutoencoding(Autoencoding):
    """Copies rows, which are windows of one step, by Dense layers.

    Parameters
    ----------
    hidden : tuple of int
        Widths of the layers ahead of the code; behind it they come in reverse.
    activation : str or callable
        Their activation.
    tied : bool
        Whether the decoder uses the transposed kernels of the encoder.
    """

    hidden: tuple[int, ...] = ()
    activation: str | Callable[..., Any] = "relu"
    tied: bool = False

    @property
    def least_weights(self) -> int:
        """Weights of the kernels of the encoder."""
        return count_kernels((self.n_features, *self.hidden, self.n_components))

    @property
    def widths(self) -> str:
        """The widths of all layers by the names of their parameters."""
        hidden = f"hidden_layer_sizes={self.hidden}"
        return f"n_components={self.n_components}, {hidden}"

    def as_read(self, windows: Any) -> Any:
        """Give rows of shape (n_samples, n_features)."""
        return keras.ops.reshape(windows, (-1, self.n_features))

    def build_encoder(self) -> Any:
        """Build the Keras model from rows to codes."""
        check_activation("activation", self.activation)
        rows = keras.Input((self.n_features,), name="rows")
        steps = self.spoil(rows)
        for i, width in enumerate(self.hidden):
            steps = dense_layer(width, self, f"encoder_{i}", self.activation)(steps)
        return keras.Model(rows, self.code_layer()(steps), name="encoder")

    def build_decoder(self, encoder: Any) -> Any:
        """Build the Keras model from codes to rows."""
        codes = steps = keras.Input((self.n_components,), name="codes")
        mirrored = [layer for layer in encoder.layers if layer.weights][::-1]
        widths = (*self.hidden[::-1], self.n_features)
        for i, width in enumerate(widths):
            last = i == len(widths) - 1
            activation = "linear" if last else self.activation
            name = "copy_of_rows" if last else f"decoder_{i}"
            if self.tied:
                layer = TransposedDense(mirrored[i], activation=activation, name=name)
            else:
                layer = dense_layer(width, self, name, activation)
            steps = layer(steps)
        return keras.Model(codes, steps, name="decoder")

    def untie(self, weights: list[np.ndarray]) -> tuple[Autoencoding, list[np.ndarray]]:
        """Give a network with a decoder of its own, and its weights."""
        if not self.tied:
            return self, weights
        n_layers = len(self.hidden) + 1
        kernels, biases = weights[0 : 2 * n_layers : 2], weights[2 * n_layers :]
        own = [
            array
            for kernel, bias in zip(kernels[::-1], biases, strict=True)
            for array in (kernel.T, bias)
        ]
        return replace(self, tied=False), weights[: 2 * n_layers] + own


@dataclass(frozen=True, kw_only=True)
class WindowAutoencoding(Autoencoding):
    """Copies windows: reads them into one code, and unrolls the code into a window.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Kind of the recurrent layers.
    units : tuple of int
        Widths of the layers that read; those that unroll come in reverse.
    activation : str or callable
        Their activation.
    dropout, recurrent_dropout : float
        Shares of the inputs and of the states of the recurrent layers that are dropped.
    """

    cell: str
    units: tuple[int, ...]
    activation: str | Callable[..., Any] = "tanh"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    bidirectional: ClassVar[bool] = False

    @property
    def least_weights(self) -> int:
        """Weights of the kernels of the encoder."""
        of_code = count_kernels((self.units[-1], self.n_components))
        return of_code + count_recurrent(self.cell, (self.n_features, *self.units))

    @property
    def widths(self) -> str:
        """The widths of all layers by the names of their parameters."""
        return f"n_components={self.n_components}, units={self.units}"

    def for_prediction(self) -> WindowAutoencoding:
        """Leave out what matters in training only."""
        return replace(super().for_prediction(), dropout=0.0, recurrent_dropout=0.0)

    def as_read(self, windows: Any) -> Any:
        """Give the windows as they are."""
        return windows

    def build_encoder(self) -> Any:
        """Build the Keras model from windows to codes."""
        check_activation("activation", self.activation)
        windows = keras.Input((self.n_steps, self.n_features), name="windows")
        steps, mask = mask_missing(windows) if self.masked else (windows, None)
        steps = self.spoil(steps)
        for i, width in enumerate(self.units):
            sequences = i < len(self.units) - 1
            layer = recurrent_layer(width, self, f"encoder_{i}", sequences)
            steps = layer(steps, mask=mask)
        return keras.Model(windows, self.code_layer()(steps), name="encoder")

    def build_decoder(self, encoder: Any) -> Any:
        """Build the Keras model from codes to windows."""
        codes = keras.Input((self.n_components,), name="codes")
        steps = keras.layers.RepeatVector(self.n_steps, name="code_each_step")(codes)
        for i, width in enumerate(self.units[::-1]):
            steps = recurrent_layer(width, self, f"decoder_{i}", sequences=True)(steps)
        steps = dense_layer(self.n_features, self, "copy_of_steps", "linear")(steps)
        return keras.Model(codes, steps, name="decoder")


@signals_wait()
def parts_in_units_of_data(
    network: Autoencoding,
    weights: list[np.ndarray],
    x_mean: np.ndarray,
    x_scale: np.ndarray,
) -> tuple[Any, Any]:
    """Build the encoder and the decoder so that they read and give X as the user does.

    Returns
    -------
    encoder, decoder : keras.Model
        Plain Keras models that are saved and loaded without skrnn; the code of a
        variational network is its mean. They scale in float64.
    """
    plain, weights = network.for_prediction().for_windows(missing=True).untie(weights)
    model = plain.build()
    model.set_weights(weights)
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    X = keras.Input(encoder.input_shape[1:], dtype="float64", name="X")
    centred = affine(np.ones_like(x_mean), -x_mean, name="centred")(X)
    scaled = affine(1 / x_scale, np.zeros_like(x_mean), name="scaled")(centred)
    code = encoder(keras.ops.cast(scaled, "float32"))
    if network.beta is not None:
        code = code[:, : network.n_components]
    codes = keras.Input((network.n_components,), name="codes")
    X_copy = affine(x_scale, x_mean, name="in_units")(decoder(codes))
    return (
        exportable(keras.Model(X, code, name="encoder")),
        exportable(keras.Model(codes, X_copy, name="decoder")),
    )
