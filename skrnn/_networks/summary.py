"""The layers of a fitted network, as a table and as scikit-learn's diagram.

They follow from what an estimator keeps of its network, so nobody builds a Keras model
to count weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skrnn._checks.sklearn import VisualBlock

__all__ = ["Layer", "list_layers", "show_inside", "show_layers", "tabulate"]

KINDS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}


class Layer(NamedTuple):
    """A layer of a network.

    Parameters
    ----------
    name, kind : str
        Name and class, as in the Keras model.
    shape : tuple of int
        Shape of what it gives for one sample.
    n_arrays : int
        Arrays of weights.
    activation : str or callable
        Activation, empty for none.
    trainable : bool
        Whether its weights change in training.
    n_weights : int
        Numbers in its arrays.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    n_arrays: int = 0
    activation: Any = ""
    trainable: bool = True
    n_weights: int = 0

    @property
    def caption(self) -> str:
        """What the layer is, in a line."""
        weights = f", {self.n_weights:,} weights" if self.n_arrays else ""
        frozen = "" if self.trainable else ", frozen"
        return f"{_shape_text(self.shape)}{weights}{frozen}"


def list_layers(
    network: Mapping[str, Any], weights: Sequence[NDArray[Any]]
) -> list[Layer]:
    """List the layers of a network from its input to its output.

    Parameters
    ----------
    network : mapping
        What an estimator keeps as the description of its network.
    weights : list of ndarray
        Its weights, layer by layer.

    Returns
    -------
    layers : list of Layer
        Those with weights, and those that change the shape of a sample.
    """
    if "n_components" not in network:
        layers = _of_predictor(network)
    elif "hidden" in network:
        layers = _of_row_autoencoder(network)
    else:
        layers = _of_window_autoencoder(network)
    sizes = iter(np.size(weight) for weight in weights)
    return [
        layer._replace(n_weights=sum(next(sizes) for _ in range(layer.n_arrays)))
        for layer in layers
    ]


def tabulate(name: str, layers: Sequence[Layer]) -> str:
    """Lay out layers as a table, with the sums of their weights below.

    Parameters
    ----------
    name : str
        Name of the estimator.
    layers : list of Layer
        Its layers.
    """
    head = ("Layer", "Kind", "Output shape", "Weights", "Activation", "Training")
    rows = [head, *(_cells(layer) for layer in layers)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if column == 3 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    rule = "-" * max(map(len, lines))
    total = sum(layer.n_weights for layer in layers)
    frozen = sum(layer.n_weights for layer in layers if not layer.trainable)
    sums = f"{total:,} weights: {total - frozen:,} trained, {frozen:,} frozen"
    return "\n".join([name, rule, lines[0], rule, *lines[1:], rule, sums])


def show_layers(estimator: Any, layers: Sequence[Layer] | None) -> Any:
    """Draw an estimator for scikit-learn's diagram as the sequence of its layers.

    Parameters
    ----------
    estimator : estimator
        What to draw.
    layers : list of Layer or None
        Its layers; None if it is not fitted.
    """
    name, details = type(estimator).__name__, str(estimator)
    if layers is None:
        caption = "layers are listed after fit"
        return VisualBlock(
            "single", estimator, names=name, name_details=details, name_caption=caption
        )
    blocks = [
        VisualBlock(
            "single",
            layer.name,
            names=f"{layer.name}: {layer.kind}",
            name_details=_details(layer),
            name_caption=layer.caption,
        )
        for layer in layers
    ]
    return VisualBlock("serial", blocks, dash_wrapped=False)


def show_inside(estimator: Any, parameter: str) -> Any:
    """Draw an estimator around the one that it holds, the fitted one if there is one.

    Parameters
    ----------
    estimator : estimator
        What to draw.
    parameter : str
        Parameter that holds the other; with an underscore behind, it is fitted.
    """
    inner = getattr(estimator, f"{parameter}_", getattr(estimator, parameter))
    if inner is None:
        name, details = type(estimator).__name__, str(estimator)
        return VisualBlock("single", estimator, names=name, name_details=details)
    name = f"{parameter}: {type(inner).__name__}"
    return VisualBlock("parallel", [inner], names=[name], name_details=[str(inner)])


def _of_predictor(network: Mapping[str, Any]) -> Iterator[Layer]:
    """List the layers of a network that predicts targets."""
    n_steps, segment = network["n_steps"], network["segment"]
    f, width = network["dense_activation"], network["n_features"]
    yield Layer("windows", "Input", (n_steps, width))
    if segment > 1:
        n_steps, width = n_steps // segment, segment * width
        yield Layer("segments", "Reshape", (n_steps, width))
    if segment > 1 and not network["dense_before"]:
        width = network["units"][0]
        yield Layer("segment_projection", "Dense", (n_steps, width), 2, f)
    for i, width in enumerate(network["dense_before"]):
        yield Layer(f"dense_before_{i}", "Dense", (n_steps, width), 2, f)
    yield from _recurrent(network, n_steps)
    ahead: tuple[int, ...] = ()
    n_outputs = network["n_targets"]
    if network["decoder"] == "parallel":
        ahead = (-(-n_outputs // segment),)
        width = (width, *network["units"])[-2]  # What the last layer reads.
        yield Layer("positions", "Embedding", (*ahead, width), 1)
        again = f"recurrent_{len(network['units']) - 1} again"
        yield Layer("recurrent_ahead", again, (*ahead, network["units"][-1]))
        n_outputs = segment
    for i, after in enumerate(network["dense_after"]):
        yield Layer(f"dense_after_{i}", "Dense", (*ahead, after), 2, f)
    activation = network.get("output_activation", "linear")
    yield Layer("targets", "Dense", (*ahead, n_outputs), 2, activation)


def _recurrent(network: Mapping[str, Any], n_steps: int) -> Iterator[Layer]:
    """List recurrent layers, of which the last one gives its last step only."""
    sides = 2 if network["bidirectional"] else 1
    kind = KINDS[network["cell"]]
    kind = f"Bidirectional {kind}" if network["bidirectional"] else kind
    last = len(network["units"]) - 1
    for i, width in enumerate(network["units"]):
        shape = (n_steps, sides * width)[i == last :]
        f, trained = network["activation"], not network["frozen"]
        yield Layer(f"recurrent_{i}", kind, shape, 3 * sides, f, trained)


def _of_row_autoencoder(network: Mapping[str, Any]) -> Iterator[Layer]:
    """List the layers of a network that copies rows."""
    f, hidden = network["activation"], network["hidden"]
    yield Layer("rows", "Input", (network["n_features"],))
    for i, width in enumerate(hidden):
        yield Layer(f"encoder_{i}", "Dense", (width,), 2, f)
    yield _code(network)
    kind = ("TransposedDense", 1) if network.get("tied") else ("Dense", 2)
    for i, width in enumerate(hidden[::-1]):
        yield Layer(f"decoder_{i}", kind[0], (width,), kind[1], f)
    shape = (network["n_features"],)
    yield Layer("copy_of_rows", kind[0], shape, kind[1], "linear")
    if network.get("beta") is not None:
        yield Layer("reconstruction", "Likelihood", (1,), 1)


def _of_window_autoencoder(network: Mapping[str, Any]) -> Iterator[Layer]:
    """List the layers of a network that copies windows."""
    n_steps, n_features = network["n_steps"], network["n_features"]
    f, units, kind = network["activation"], network["units"], KINDS[network["cell"]]
    yield Layer("windows", "Input", (n_steps, n_features))
    for i, width in enumerate(units):
        shape = (n_steps, width)[i == len(units) - 1 :]
        yield Layer(f"encoder_{i}", kind, shape, 3, f)
    yield _code(network)
    shape = (n_steps, network["n_components"])
    yield Layer("code_each_step", "RepeatVector", shape)
    for i, width in enumerate(units[::-1]):
        yield Layer(f"decoder_{i}", kind, (n_steps, width), 3, f)
    yield Layer("copy_of_steps", "Dense", (n_steps, n_features), 2, "linear")


def _code(network: Mapping[str, Any]) -> Layer:
    """Give the layer of the code: of a variational one, its means and variances."""
    parts = 1 if network.get("beta") is None else 2
    f = network.get("code_activation", "linear")
    return Layer("code", "Dense", (parts * network["n_components"],), 2, f)


def _cells(layer: Layer) -> tuple[str, ...]:
    training = "" if layer.trainable else "frozen"
    if layer.n_arrays and layer.trainable:
        training = "trained"
    return (
        layer.name,
        layer.kind,
        _shape_text(layer.shape),
        f"{layer.n_weights:,}",
        _name_of(layer.activation),
        training,
    )


def _details(layer: Layer) -> str:
    activation = _name_of(layer.activation)
    return "\n".join(
        [
            f"output shape: {_shape_text(layer.shape)}",
            f"weights: {layer.n_weights:,}{'' if layer.trainable else ' (frozen)'}",
            *([f"activation: {activation}"] if activation else []),
        ]
    )


def _name_of(activation: Any) -> str:
    if isinstance(activation, str):
        return activation
    return str(getattr(activation, "__name__", type(activation).__name__))


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(['n_samples', *map(str, shape)])})"
