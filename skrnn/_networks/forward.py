"""The forward pass of a recurrent network in NumPy: prediction without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._windows.batches import ScaledPieces
from skrnn._windows.windows import Windows

from .cells import ACTIVATIONS, Array, State, Trace, run_layer

__all__ = ["chooses_numpy", "predict", "run_network", "trace_network"]

BATCH = 1024  # Windows that are laid out at once.

# Multiplications for which NumPy takes as long as for calling a step at all, some 15
# microseconds, and as for the functions of one unit. Measured on two cores.
OF_A_STEP, OF_A_UNIT = 20_000, 100

# Up to so many multiplications NumPy is chosen: for a call some milliseconds, of which
# a warm program needs one; for a forecast, which takes longer to compile, more of them.
SMALL_CALL, SMALL_ROLL_OUT = 5e6, 2e7


def chooses_numpy(
    backend: str,
    network: Mapping[str, Any],
    weights: Sequence[NDArray[Any]],
    n_windows: int,
    n_calls: int = 1,
) -> bool:
    """Choose by what to predict: NumPy or a compiled program.

    The choice depends on nothing but the network and the size of the task, so that the
    same input gives the same bits whatever ran before.

    Parameters
    ----------
    backend : {"auto", "numpy", "tensorflow"}
        What the user wants.
    network : mapping
        What an estimator keeps as the description of its network.
    weights : list of ndarray
        Its weights.
    n_windows : int
        Windows to predict at once.
    n_calls : int, default=1
        How often, one call needing the result of the other.

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
        if network[name] not in ACTIVATIONS
    ]
    if unknown and backend == "numpy":
        raise ValueError(
            f"predict_backend='numpy' must have an {unknown[0]} out of "
            f"{sorted(ACTIVATIONS)}. Got {network[unknown[0]]!r} instead; set "
            "predict_backend='auto', which leaves it to Keras."
        )
    if backend != "auto" or unknown:
        return backend == "numpy"
    n_steps = network["n_steps"] // network["segment"]
    sides = 2 if network["bidirectional"] else 1
    of_a_window = sum(weight.size for weight in weights)
    of_a_window += sides * OF_A_UNIT * sum(network["units"])
    of_a_call = n_windows * of_a_window + sides * len(network["units"]) * OF_A_STEP
    small = SMALL_CALL if n_calls == 1 else SMALL_ROLL_OUT
    return bool(n_calls * n_steps * of_a_call <= small)


def predict(
    network: Mapping[str, Any],
    weights: Sequence[NDArray[Any]],
    windows: Windows,
    scale: Callable[[Windows], Windows] | None = None,
) -> Array:
    """Predict windows, NaN where nothing is observed.

    Parameters
    ----------
    network : mapping
        Description of the network.
    weights : list of ndarray
        Its weights, in the order of `keras.Model.weights`.
    windows : Windows
        What the network reads.
    scale : callable, default=None
        Scales windows; None if they are scaled.

    Returns
    -------
    y : ndarray of shape (n_samples, n_targets)
        Predictions in the scale of training.
    """
    weights = [weight.astype(np.float64) for weight in weights]
    goes_on = network["batch_size"] is not None
    states: list[State] | None = None
    y, done = np.empty((len(windows), network["n_targets"])), 0
    for steps in ScaledPieces(windows, scale, network["batch_size"] or BATCH).batches():
        # In a stateful network each sample goes on from the batch before.
        before = states and [tuple(p[: len(steps)] for p in state) for state in states]
        batch = slice(done, done + len(steps))
        y[batch], after = run_network(network, weights, steps.astype(float), before)
        states, done = after if goes_on else None, batch.stop
    return y


def run_network(
    network: Mapping[str, Any],
    weights: Sequence[NDArray[Any]],
    windows: NDArray[Any],
    states: Sequence[State] | None = None,
    traces: list[Trace] | None = None,
) -> tuple[Array, list[State]]:
    """Run a network on windows.

    Parameters
    ----------
    network : mapping
        Description of the network. Its activations may be functions of NumPy's.
    weights : list of ndarray
        Its weights, in the order of `keras.Model.weights`.
    windows : ndarray of shape (n_samples, n_steps, n_features)
        Windows, scaled and NaN where nothing is observed.
    states : list of tuple of ndarray, default=None
        States of the recurrent layers, both directions of one behind each other,
        before the first step; None is zero.
    traces : list, default=None
        Where to put the gates of these layers.

    Returns
    -------
    y : ndarray of shape (n_samples, n_targets)
        Outputs in the scale of training.
    states : list of tuple of ndarray
        States after the last step.
    """
    own = iter(weights)
    f = _function(network["dense_activation"])
    x, observed = _fold_segments(windows, network["segment"])
    for _ in range(len(network["dense_before"]) or int(network["segment"] > 1)):
        x = f(x @ next(own) + next(own))
    last, states = _run_recurrent(network, own, x, observed, states, traces)
    for _ in network["dense_after"]:
        last = f(last @ next(own) + next(own))
    y = last @ next(own) + next(own)
    y = y.reshape(len(windows), -1)[:, : network["n_targets"]]
    return _function(network.get("output_activation", "linear"))(y), states


def trace_network(
    network: Mapping[str, Any], weights: Sequence[NDArray[Any]], windows: Windows
) -> list[Trace]:
    """Give what the gates of each recurrent layer do, step by step.

    Returns
    -------
    traces : list of dict of ndarray of shape (n_samples, n_steps, units)
        One for each recurrent layer, from the first to the last; two, forwards and
        backwards, for a bidirectional one. The steps of both are those of the windows.
    """
    weights = [weight.astype(np.float64) for weight in weights]
    size = network["batch_size"] or max(len(windows), 1)
    states: list[State] | None = None
    traces: list[list[Trace]] = []
    for first in range(0, len(windows), size):
        steps = windows.gather(slice(first, first + size)).astype(np.float64)
        if states is not None:  # Each sample goes on from the batch before.
            states = [tuple(part[: len(steps)] for part in state) for state in states]
        traces.append([])
        _, states = run_network(network, weights, steps, states, traces[-1])
    if len(traces) == 1:
        return traces[0]
    return [
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for parts in zip(*traces, strict=True)
    ]


def _function(activation: Any) -> Callable[[Array], Array]:
    found: Callable[[Array], Array]
    found = activation if callable(activation) else ACTIVATIONS[activation]
    return found


def _fold_segments(
    windows: NDArray[Any], segment: int
) -> tuple[Array, NDArray[np.bool_] | None]:
    """Put `segment` steps side by side into one, and mark those with a value."""
    n_samples, n_steps, n_features = windows.shape
    missing = np.isnan(windows)
    x = windows
    observed = None
    if missing.any():
        x = np.where(missing, 0.0, windows)
        observed = ~missing.all(axis=2)
    if segment > 1:
        x = x.reshape(n_samples, n_steps // segment, segment * n_features)
        if observed is not None:
            observed = observed.reshape(n_samples, -1, segment).any(axis=2)
    return x, observed


def _run_recurrent(
    network: Mapping[str, Any],
    weights: Iterator[Array],
    x: Array,
    observed: NDArray[np.bool_] | None,
    states: Sequence[State] | None,
    traces: list[Trace] | None,
) -> tuple[Array, list[State]]:
    """Run the recurrent layers; give what the last one says, and the states after."""
    cell, f = network["cell"], _function(network["activation"])
    before = iter(states) if states is not None else None
    after: list[State] = []
    for _ in network["units"]:
        sides, last = [], []
        # A bidirectional layer also reads the steps in the reverse order.
        for order in (slice(None), slice(None, None, -1))[
            : 1 + network["bidirectional"]
        ]:
            own = [next(weights) for _ in range(3)]
            seen = None if observed is None else observed[:, order]
            state = None if before is None else next(before)
            trace: Trace | None = None if traces is None else {}
            outputs, state = run_layer(cell, x[:, order], seen, own, f, state, trace)
            sides.append(outputs[:, order])
            last.append(outputs[:, -1])
            after.append(state)
            if traces is not None and trace is not None:
                traces.append({name: gate[:, order] for name, gate in trace.items()})
        x = np.concatenate(sides, axis=2)
    if network.get("decoder", "dense") == "parallel":
        return _run_ahead(cell, after[-1], next(weights), own, f), after
    # What each direction says when it has read everything.
    return np.concatenate(last, axis=1), after


def _run_ahead(
    cell: str,
    state: State,
    embeddings: Array,
    weights: Sequence[Array],
    f: Callable[[Array], Array],
) -> Array:
    """Take one step from a state for each segment of a horizon.

    The input of each step is what stands for its place in the horizon; none knows of
    the others (Lin et al. 2023, SegRNN).

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_segments, units)
    """
    (n_samples, _), n_inputs = state[0].shape, embeddings.shape[1]
    steps = [
        run_layer(
            cell,
            np.broadcast_to(place, (n_samples, 1, n_inputs)),
            None,
            weights,
            f,
            state,
        )[0]
        for place in embeddings
    ]
    return np.concatenate(steps, axis=1)
