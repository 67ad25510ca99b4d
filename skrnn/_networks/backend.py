"""The choice between NumPy and a compiled program."""

from __future__ import annotations

from skrnn._process.fork import is_forked

from .cells import ACTIVATIONS
from .description import RecurrentNetwork

__all__ = ["chooses_numpy"]

# Multiplications for which NumPy takes as long as for calling a step at all, some 15
# microseconds, and as for the functions of one unit. Measured on two cores.
COST_OF_STEP, COST_OF_UNIT = 20_000, 100

# Up to so many multiplications NumPy is chosen: for a call some milliseconds, of which
# a warm program needs one; for a forecast, which takes longer to compile, more of them.
SMALL_CALL, SMALL_ROLL_OUT = 5e6, 2e7


def chooses_numpy(
    backend: str, network: RecurrentNetwork, n_windows: int, n_calls: int = 1
) -> bool:
    """Return whether NumPy predicts, and not a compiled program.

    The choice depends on nothing but the network and the size of the task, so that the
    same input gives the same bits whatever ran before. In a fork, where TensorFlow
    cannot run, it is NumPy.

    Parameters
    ----------
    backend : {"auto", "numpy", "tensorflow"}
        The choice of the user; "auto" compares costs.
    network : RecurrentNetwork
        The network.
    n_windows : int
        Windows to predict at once.
    n_calls : int, default=1
        Predictions of these windows, each of which needs the one before.

    Raises
    ------
    ValueError
        If `backend` is none of these, or NumPy lacks a function of the network.
    """
    if backend not in ("auto", "numpy", "tensorflow"):
        raise ValueError(
            "predict_backend must be 'auto', 'numpy' or 'tensorflow'. Got "
            f"{backend!r} instead."
        )
    unknown = [
        name
        for name in ("activation", "dense_activation")
        if getattr(network, name) not in ACTIVATIONS
    ]
    if unknown and backend == "numpy":
        raise ValueError(
            f"predict_backend='numpy' must have an {unknown[0]} out of "
            f"{sorted(ACTIVATIONS)}. Got {getattr(network, unknown[0])!r} instead; set "
            "predict_backend='auto', which leaves it to Keras."
        )
    if backend != "auto" or unknown:
        return backend == "numpy"
    if is_forked():
        return True
    small = SMALL_CALL if n_calls == 1 else SMALL_ROLL_OUT
    return n_calls * _count_multiplications(network, n_windows) <= small


def _count_multiplications(network: RecurrentNetwork, n_windows: int) -> int:
    """Estimate the cost of a prediction, as the multiplications that take as long."""
    directions = 2 if network.bidirectional else 1
    n_steps = network.n_steps // network.segment
    # A layer beside the network reads a window but once.
    beside = sum(layer.n_weights for layer in network.layers if layer.beside)
    # And of an embedding of categories a row for each code.
    tables = sum(layer.n_weights for layer in network.layers if layer.reads)
    cost_of_window = network.n_weights - beside - tables
    cost_of_window += directions * COST_OF_UNIT * sum(network.units)
    cost_of_layers = directions * len(network.units) * COST_OF_STEP
    cost_of_steps = n_steps * (n_windows * cost_of_window + cost_of_layers)
    return cost_of_steps + n_windows * beside
