"""Networks that copy their windows through a code, described without Keras."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

from skrnn._serialization.plain import stored

from .description import Network
from .layer import Activation, Layer, Shape, dense, dense_stack, recurrent_stack

__all__ = ["AutoencoderNetwork", "RowAutoencoderNetwork", "WindowAutoencoderNetwork"]


@dataclass(frozen=True, kw_only=True)
class AutoencoderNetwork(Network):
    """What networks that copy their input through a code have in common.

    A network has two parts, "encoder" and "decoder". The encoder of a variational one
    gives the means of the code and, behind them, the logarithms of its variances.

    Parameters
    ----------
    n_steps, n_features : int
        Shape of a window.
    n_components : int
        Length of the code.
    activation, code_activation : str or callable
        Activations of the layers around the code, and of the code.
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
    output_activation : {"linear", "sigmoid"}
        Activation of the copy.
    denoises : bool
        Whether the model of a training reads clean windows behind the columns of the
        others, and compares its copies with these.
    """

    n_steps: int
    n_features: int
    n_components: int
    activation: Activation
    code_activation: Activation = "linear"
    noise: float = 0.0
    input_dropout: float = 0.0
    l2: float = 0.0
    sparsity: float = 0.0
    beta: float | None = None
    output_activation: str = "linear"
    denoises: bool = False

    @property
    @abstractmethod
    def encoder_layers(self) -> tuple[Layer, ...]:
        """Layers from the input to the code."""

    @property
    @abstractmethod
    def decoder_layers(self) -> tuple[Layer, ...]:
        """Layers from the code, which is not among them, to the copy."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers in the order in which a sample passes them."""
        layers = (*self.encoder_layers, *self.decoder_layers)
        if self.beta is None:
            return layers
        # The variance of the inputs around their copies is a weight of the loss.
        return (*layers, Layer("reconstruction", "Likelihood", (1,), ((),)))

    @property
    def loss_terms(self) -> dict[str, float]:
        """Weight of each term of the loss."""
        terms = {"reconstruction": 1.0}
        if self.sparsity > 0:
            terms["sparsity"] = self.sparsity
        if self.beta is not None:
            terms["kl"] = self.beta
        return terms

    @property
    def shape_of_outputs(self) -> tuple[int, ...]:
        """Shape of the outputs for one window."""
        return (self.n_steps, self.n_features)

    def for_prediction(self) -> AutoencoderNetwork:
        """Return the network without what matters in training only."""
        plain = replace(self, noise=0.0, input_dropout=0.0, l2=0.0, sparsity=0.0)
        return replace(plain, denoises=False)

    def shape_of_inputs(self, part: str | None) -> tuple[int, int]:
        """Return the steps and features of what a part reads; a code is one step."""
        if part == "decoder":
            return 1, self.n_components
        return self.n_steps, self.n_features

    def _code_layer(self, width: int) -> Layer:
        # A variational code has means and, behind them, logarithms of variances.
        n_outputs = self.n_components * (1 if self.beta is None else 2)
        return dense("code", (width,), n_outputs, self.code_activation)


@stored(
    "RowAutoencoderNetwork",
    {
        "n_steps": "n_steps",
        "n_features": "n_features",
        "n_components": "n_components",
        "code_activation": "code_activation",
        "noise": "noise",
        "input_dropout": "input_dropout",
        "l2": "l2",
        "sparsity": "sparsity",
        "beta": "beta",
        "output_activation": "output_activation",
        "denoises": "denoises",
        "hidden": "hidden",
        "activation": "activation",
        "tied": "tied",
    },
)
@dataclass(frozen=True, kw_only=True)
class RowAutoencoderNetwork(AutoencoderNetwork):
    """A network that copies rows, which are windows of one step, by Dense layers.

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
    activation: Activation = "relu"
    tied: bool = False

    @property
    def widths(self) -> str:
        """Widths of all layers by the names of their parameters."""
        hidden = f"hidden_layer_sizes={self.hidden}"
        return f"n_components={self.n_components}, {hidden}"

    @property
    def encoder_layers(self) -> tuple[Layer, ...]:
        """Layers from a row to its code."""
        rows = Layer("rows", "Input", (self.n_features,))
        hidden = dense_stack("encoder", rows.shape, self.hidden, self.activation)
        return (rows, *hidden, self._code_layer([rows, *hidden][-1].shape[0]))

    @property
    def decoder_layers(self) -> tuple[Layer, ...]:
        """Layers from a code to its row."""
        shape: Shape = (self.n_components,)
        hidden = dense_stack("decoder", shape, self.hidden[::-1], self.activation)
        shape = hidden[-1].shape if hidden else shape
        copy = dense("copy_of_rows", shape, self.n_features, self.output_activation)
        layers = (*hidden, copy)
        return self._tie(layers) if self.tied else layers

    def _tie(self, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        """Replace the kernels of layers by the transposed ones of the encoder."""
        # The last layer of the decoder mirrors the first one of the encoder.
        mirrored = [layer for layer in self.encoder_layers if layer.weights][::-1]
        return tuple(
            layer._replace(
                kind="TransposedDense", weights=layer.weights[1:], shares=other.name
            )
            for layer, other in zip(layers, mirrored, strict=True)
        )


@stored(
    "WindowAutoencoderNetwork",
    {
        "n_steps": "n_steps",
        "n_features": "n_features",
        "n_components": "n_components",
        "code_activation": "code_activation",
        "noise": "noise",
        "input_dropout": "input_dropout",
        "l2": "l2",
        "sparsity": "sparsity",
        "beta": "beta",
        "output_activation": "output_activation",
        "denoises": "denoises",
        "cell": "cell",
        "units": "units",
        "activation": "activation",
        "dropout": "dropout",
        "recurrent_dropout": "recurrent_dropout",
    },
)
@dataclass(frozen=True, kw_only=True)
class WindowAutoencoderNetwork(AutoencoderNetwork):
    """A network that reads a window into one code, and unrolls that into a window.

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
    activation: Activation = "tanh"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0

    @property
    def widths(self) -> str:
        """Widths of all layers by the names of their parameters."""
        return f"n_components={self.n_components}, units={self.units}"

    def for_prediction(self) -> WindowAutoencoderNetwork:
        """Return the network without what matters in training only."""
        plain = replace(self, noise=0.0, input_dropout=0.0, l2=0.0, sparsity=0.0)
        return replace(plain, dropout=0.0, recurrent_dropout=0.0)

    @property
    def encoder_layers(self) -> tuple[Layer, ...]:
        """Layers from a window to its code."""
        windows = Layer("windows", "Input", (self.n_steps, self.n_features))
        recurrent = recurrent_stack(
            "encoder",
            self.cell,
            windows.shape,
            self.units,
            self.activation,
            sequences=False,
        )
        return (windows, *recurrent, self._code_layer(self.units[-1]))

    @property
    def decoder_layers(self) -> tuple[Layer, ...]:
        """Layers from a code to its window."""
        shape: Shape = (self.n_steps, self.n_components)
        codes = Layer("code_each_step", "RepeatVector", shape)
        recurrent = recurrent_stack(
            "decoder",
            self.cell,
            shape,
            self.units[::-1],
            self.activation,
            sequences=True,
        )
        shape, activation = recurrent[-1].shape, self.output_activation
        copy = dense("copy_of_steps", shape, self.n_features, activation)
        return (codes, *recurrent, copy)
