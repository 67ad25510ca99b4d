"""The layers of a network, as a table and as scikit-learn's diagram."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn.pipeline import Pipeline

from skrnn._checks.sklearn import VisualBlock

from .layer import Activation, Layer

__all__ = ["show_inside", "show_layers", "tabulate"]


def tabulate(name: str, layers: Sequence[Layer]) -> str:
    """Return layers as a table, with the sums of their weights below.

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
            names=f"{layer.name}: {_kind_text(layer)}",
            name_details=_details(layer),
            name_caption=_caption(layer),
        )
        for layer in layers
    ]
    return VisualBlock("serial", blocks, dash_wrapped=False)


def show_inside(estimator: Any, parameter: str, details: str | None = None) -> Any:
    """Draw an estimator around the one that it holds, the fitted one if there is one.

    Parameters
    ----------
    estimator : estimator
        What to draw.
    parameter : str
        Parameter that holds the other; with an underscore behind, it is fitted.
    details : str or None, default=None
        What to show of the other; None shows its parameters.
    """
    inner = getattr(estimator, f"{parameter}_", getattr(estimator, parameter))
    if inner is None:
        name, details = type(estimator).__name__, str(estimator)
        return VisualBlock("single", estimator, names=name, name_details=details)
    # Below a name with "Pipeline" in it scikit-learn shows no details.
    parts = (
        [step for _, step in inner.steps] if isinstance(inner, Pipeline) else [inner]
    )
    name = f"{parameter}: {', '.join(type(part).__name__ for part in parts)}"
    details = str(inner) if details is None else details
    return VisualBlock("parallel", [inner], names=[name], name_details=[details])


def _cells(layer: Layer) -> tuple[str, ...]:
    training = "" if layer.trainable else "frozen"
    if layer.weights and layer.trainable:
        training = "trained"
    return (
        layer.name,
        _kind_text(layer),
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


def _caption(layer: Layer) -> str:
    """Return a line on what a layer is."""
    weights = f", {layer.n_weights:,} weights" if layer.weights else ""
    frozen = "" if layer.trainable else ", frozen"
    return f"{_shape_text(layer.shape)}{weights}{frozen}"


def _kind_text(layer: Layer) -> str:
    if layer.shares and not layer.weights:
        return f"{layer.shares} again"
    return f"Bidirectional {layer.kind}" if layer.bidirectional else layer.kind


def _name_of(activation: Activation) -> str:
    if isinstance(activation, str):
        return activation
    return str(getattr(activation, "__name__", type(activation).__name__))


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(['n_samples', *map(str, shape)])})"
