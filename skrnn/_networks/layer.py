"""Layers of a network, described without Keras: names, shapes, and where weights are.

The weights of a network are one list, in the order of its layers and, within a layer,
of its arrays: kernel, recurrent kernel, bias. This is the order of Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple, TypeAlias, TypeVar

__all__ = [
    "Activation",
    "Layer",
    "Shape",
    "dense",
    "dense_stack",
    "group_weights",
    "place_of_layer",
    "places_of_recurrent",
    "recurrent",
    "recurrent_stack",
    "unshare_weights",
]

Activation: TypeAlias = str | Callable[..., Any]
Shape: TypeAlias = tuple[int, ...]

T = TypeVar("T")

# Kinds of recurrent layers as Keras calls them, which the engine looks up by these
# names, and the blocks of their kernels: one for each gate and one for the candidate.
CELL_KINDS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
N_BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}


class Layer(NamedTuple):
    """A layer of a network.

    Parameters
    ----------
    name, kind : str
        Name and class, as in the Keras model; of a recurrent layer the class without
        "Cell" of its cell.
    shape : tuple of int
        Shape of its output for one sample.
    weights : tuple of tuple of int, default=()
        Shapes of its own arrays of weights.
    activation : str or callable, default=""
        Activation; empty for none.
    trainable : bool, default=True
        Whether its weights change in training.
    bidirectional : bool, default=False
        Whether a recurrent layer also reads the steps backwards.
    shares : str, default=""
        Name of an earlier layer whose weights it uses; empty for none.
    beside : bool, default=False
        Whether it reads the windows, missing values being 0, and its output is added to
        that of the layer before.
    reads : tuple of int, default=()
        Places of the features of the windows whose codes an embedding of categories
        looks up; empty for any other layer.
    """

    name: str
    kind: str
    shape: Shape
    weights: tuple[Shape, ...] = ()
    activation: Activation = ""
    trainable: bool = True
    bidirectional: bool = False
    shares: str = ""
    beside: bool = False
    reads: tuple[int, ...] = ()

    @property
    def n_weights(self) -> int:
        """Numbers in its own arrays of weights."""
        return sum(map(prod, self.weights))


def dense(
    name: str, shape_in: Shape, width: int, activation: Activation = "linear"
) -> Layer:
    """Describe a Dense layer, which transforms the last axis of its inputs."""
    weights = ((shape_in[-1], width), (width,))
    return Layer(name, "Dense", (*shape_in[:-1], width), weights, activation)


def dense_stack(
    name: str, shape_in: Shape, widths: Sequence[int], activation: Activation
) -> list[Layer]:
    """Describe Dense layers on top of one another, ``name_0``, ``name_1`` and so on."""
    layers: list[Layer] = []
    for i, width in enumerate(widths):
        layers.append(dense(f"{name}_{i}", shape_in, width, activation))
        shape_in = layers[-1].shape
    return layers


def recurrent(
    name: str,
    cell: str,
    shape_in: Shape,
    units: int,
    activation: Activation,
    *,
    sequences: bool,
    bidirectional: bool = False,
    trainable: bool = True,
) -> Layer:
    """Describe a recurrent layer.

    Parameters
    ----------
    name : str
        Name of the layer.
    cell : {"rnn", "lstm", "gru"}
        Kind of its cell.
    shape_in : tuple of (n_steps, n_inputs)
        Shape of its input for one sample.
    units : int
        Width of one direction.
    activation : str or callable
        Activation of the cell.
    sequences : bool
        Whether it gives its output after every step, and not after the last one only.
    bidirectional, trainable : bool
        As in `Layer`.
    """
    n_steps, n_inputs = shape_in
    width = N_BLOCKS[cell] * units
    # The recurrent part of a GRU has a bias of its own, see `cells.gru_step`.
    bias = (2, width) if cell == "gru" else (width,)
    directions = 2 if bidirectional else 1
    return Layer(
        name,
        CELL_KINDS[cell],
        ((n_steps,) if sequences else ()) + (directions * units,),
        ((n_inputs, width), (units, width), bias) * directions,
        activation,
        trainable,
        bidirectional,
    )


def recurrent_stack(
    name: str,
    cell: str,
    shape_in: Shape,
    units: Sequence[int],
    activation: Activation,
    *,
    sequences: bool,
    bidirectional: bool = False,
    trainable: bool = True,
) -> list[Layer]:
    """Describe recurrent layers on top of one another; see `recurrent`.

    All of them give their output after every step, the last one only if `sequences`.
    """
    layers: list[Layer] = []
    for i, width in enumerate(units):
        layer = recurrent(
            f"{name}_{i}",
            cell,
            shape_in,
            width,
            activation,
            sequences=sequences or i < len(units) - 1,
            bidirectional=bidirectional,
            trainable=trainable,
        )
        layers.append(layer)
        shape_in = layer.shape
    return layers


def group_weights(layers: Sequence[Layer], weights: Sequence[T]) -> dict[str, list[T]]:
    """Group the weights of a network by the names of its layers."""
    arrays = iter(weights)
    return {layer.name: [next(arrays) for _ in layer.weights] for layer in layers}


def place_of_layer(layers: Sequence[Layer], name: str) -> range:
    """Return the places, in the list of weights, of those of a layer."""
    names = [layer.name for layer in layers]
    before = layers[: names.index(name)]
    first = sum(len(layer.weights) for layer in before)
    return range(first, first + len(layers[len(before)].weights))


def places_of_recurrent(layers: Sequence[Layer]) -> list[int]:
    """Return the places, in the list of weights, of those of recurrent layers."""
    kinds = [layer.kind for layer in layers for _ in layer.weights]
    return [place for place, kind in enumerate(kinds) if kind in CELL_KINDS.values()]


def unshare_weights(layers: Sequence[Layer], weights: Sequence[Any]) -> list[Any]:
    """Return the weights of a network in which no layer uses those of another one."""
    groups = group_weights(layers, weights)
    unshared: list[Any] = []
    for layer in layers:
        shared = groups.get(layer.shares, [])
        if layer.kind == "TransposedDense":
            # The kernel alone: the bias has the width of the outputs and is its own.
            shared = [shared[0].T]
        unshared += shared + groups[layer.name]
    return unshared
