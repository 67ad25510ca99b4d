"""Checks of what a network is made of, and of whether it stays the same network."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from skrnn._networks.description import Network, RecurrentNetwork
from skrnn._networks.outputs import Outputs

__all__ = [
    "check_decoder",
    "check_fixed_batch",
    "check_linear_path",
    "check_same_network",
    "check_segment",
    "check_sequences",
    "check_widths",
]

# Settings of a network that may change between two trainings of the same weights.
MAY_CHANGE = {
    "batch_size",
    "beta",
    "dropout",
    "frozen",
    "input_dropout",
    "l2",
    "noise",
    "recurrent_dropout",
    "sparsity",
}


def check_widths(name: str, value: Any) -> tuple[int, ...]:
    """Return the widths of layers as a tuple of integers.

    Parameters
    ----------
    name : str
        The parameter that holds them. Only `units` must not be empty.
    value : int or iterable of int
        What the user gave: the width of a single layer, or one for each layer.
    """
    widths = (value,) if isinstance(value, Integral) else tuple(value)
    right = all(isinstance(width, Integral) and int(width) >= 1 for width in widths)
    if not right or (name == "units" and not widths):
        raise ValueError(
            f"{name} must hold integers of at least 1, one for each layer. Got "
            f"{value!r} instead."
        )
    return tuple(int(width) for width in widths)


def check_segment(segment: int, n_steps: int) -> None:
    """Raise if a window cannot be cut into segments."""
    if n_steps % segment:
        raise ValueError(
            f"segment must divide the number of steps, {n_steps}. Got {segment} "
            "instead; change segment or the window."
        )


def check_fixed_batch(batch_size: int | str) -> int:
    """Return the size of the batches of a stateful network, which predicts by them."""
    if batch_size == "auto":
        raise ValueError(
            "batch_size must be an integer with stateful=True, because sample i of a "
            "batch continues sample i of the batch before. Got 'auto' instead; pass "
            "the number of series that run side by side."
        )
    return int(batch_size)


def check_decoder(network: RecurrentNetwork) -> None:
    """Raise if a parallel decoder lacks the one last state that it goes on from."""
    if network.decoder != "parallel":
        return
    for name in ("bidirectional", "stateful"):
        if getattr(network, name):
            raise ValueError(
                f"decoder='parallel' must have {name}=False: it goes on from the state "
                f"after the last step of each window. Got {name}=True instead; set "
                f"{name}=False or decoder='dense'."
            )
    if network.output_activation == "softmax":
        raise ValueError(
            "decoder='parallel' gives the targets of a segment at a time, whose shares "
            "must not depend on the others. Got output_activation='softmax' instead; "
            "set decoder='dense'."
        )


def check_linear_path(network: RecurrentNetwork, outputs: Outputs) -> None:
    """Raise if a linear path would add to outputs that are no plain numbers."""
    if network.linear_path and outputs.scaling != "standard":
        raise ValueError(
            "linear_path must be False for a loss, a distribution or an "
            "output_activation of positive numbers or of probabilities, which a "
            "linear map does not keep to. Got True instead; set linear_path=False."
        )
    if network.linear_path and not network.numbers:
        raise ValueError(
            "linear_path must be False if all features are categories, which a linear "
            "map does not read. Got True instead; set linear_path=False."
        )


def check_sequences(network: RecurrentNetwork) -> None:
    """Raise if a network of every step has parts that read whole windows."""
    if not network.return_sequences:
        return
    needed = {"segment": 1, "decoder": "dense", "linear_path": False}
    for name, value in needed.items():
        if getattr(network, name) != value:
            raise ValueError(
                f"{name} must be {value!r} with return_sequences=True, which gives one "
                f"output for every step. Got {getattr(network, name)!r} instead; "
                "change one of the two."
            )


def check_same_network(before: Network, network: Network) -> None:
    """Raise if training cannot go on because the network has other weights."""
    for name, value in vars(network).items():
        fitted = getattr(before, name)
        if name not in MAY_CHANGE and value != fitted:
            raise ValueError(
                f"{name} must stay the same when training goes on from fitted weights. "
                f"Got {value!r} after {fitted!r}; set warm_start=False and call fit to "
                "start afresh."
            )
