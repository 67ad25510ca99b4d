"""The forward pass of a recurrent network in NumPy: prediction without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._scaling.scaling import MISSING_CODE
from skrnn._windows.batches import ScaledBatches
from skrnn._windows.windows import Windows

from .categories import rows_of_codes
from .cells import ACTIVATIONS, Array, Function, State, Trace, run_layer
from .description import RecurrentNetwork
from .layer import Activation, Layer, group_weights

__all__ = ["predict", "run_network", "trace_network"]

BATCH = 1024  # Windows that are laid out at once.


def predict(
    network: RecurrentNetwork,
    weights: Sequence[NDArray[Any]],
    windows: Windows,
    scale: Callable[[Windows], Windows] | None = None,
) -> Array:
    """Predict windows, NaN where nothing is observed.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    weights : list of ndarray
        Its weights, in the order of its layers.
    windows : Windows
        What the network reads.
    scale : callable, default=None
        Scales windows; None if they are scaled.

    Returns
    -------
    y : ndarray of shape (n_samples, n_targets) or (n_samples, n_targets, n_parts)
        Predictions in the scale of training; of a network that returns sequences with
        an axis of steps behind that of samples.
    """
    # Products of float32 and float64 would convert the weights again at each step.
    weights = [weight.astype(np.float64) for weight in weights]
    states: list[State] | None = None
    y, done = np.empty((len(windows), *network.shape_of_outputs)), 0
    for steps in ScaledBatches(windows, scale, network.batch_size or BATCH):
        batch = slice(done, done + len(steps))
        before = _shorten(states, len(steps))
        y[batch], after = run_network(network, weights, steps.astype(float), before)
        states, done = after if network.stateful else None, batch.stop
    return y


def run_network(
    network: RecurrentNetwork,
    weights: Sequence[NDArray[Any]],
    windows: NDArray[Any],
    states: Sequence[State] | None = None,
    traces: list[Trace] | None = None,
) -> tuple[Array, list[State]]:
    """Run a network on windows.

    Parameters
    ----------
    network : RecurrentNetwork
        The network. Its activations may be functions of NumPy's.
    weights : list of ndarray
        Its weights, in the order of its layers.
    windows : ndarray of shape (n_samples, n_steps, n_features)
        Windows, scaled and NaN where nothing is observed.
    states : list of tuple of ndarray, default=None
        States of the recurrent layers, both directions of one behind each other,
        before the first step; None is zero.
    traces : list, default=None
        The gates of these layers are appended to it.

    Returns
    -------
    y : ndarray of shape (n_samples, n_targets) or (n_samples, n_targets, n_parts)
        Outputs in the scale of training, as in `predict`.
    states : list of tuple of ndarray
        States after the last step.
    """
    forward = _ForwardPass(network, weights, states, traces)
    x, forward.observed = _fill_holes(windows, network)
    for layer in network.layers:
        x = forward.run(layer, x)
    return forward.outputs_of(x), forward.states


def trace_network(
    network: RecurrentNetwork, weights: Sequence[NDArray[Any]], windows: Windows
) -> list[Trace]:
    """Return the gates of each recurrent layer at every step.

    Returns
    -------
    traces : list of dict of ndarray of shape (n_samples, n_steps, units)
        One for each recurrent layer, from the first to the last; two, forwards and
        backwards, for a bidirectional one. The steps of both are those of the windows.
    """
    weights = [weight.astype(np.float64) for weight in weights]
    # A stateful network hands its state on from batch to batch, as in `predict`.
    size = network.batch_size or max(len(windows), 1)
    states: list[State] | None = None
    traces: list[list[Trace]] = []
    for first in range(0, len(windows), size):
        steps = windows.gather(slice(first, first + size)).astype(np.float64)
        before = _shorten(states, len(steps))
        traces.append([])
        _, states = run_network(network, weights, steps, before, traces[-1])
    if len(traces) == 1:
        return traces[0]
    return [
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for parts in zip(*traces, strict=True)
    ]


class _ForwardPass:
    """A pass of windows through the layers of a network, one after the other.

    Parameters
    ----------
    network, weights, states, traces
        As in `run_network`.

    Attributes
    ----------
    observed : ndarray of shape (n_samples, n_steps) or None
        Steps at which anything is observed; None is all of them.
    states : list of tuple of ndarray
        States of the recurrent layers after the last step.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        weights: Sequence[NDArray[Any]],
        states: Sequence[State] | None,
        traces: list[Trace] | None,
    ) -> None:
        self.observed: NDArray[np.bool_] | None = None
        self.states: list[State] = []
        self._cell = network.cell
        self._network = network
        self._windows: Array = np.empty(0)
        self._embedded: list[Array] = []
        self._path: Array | float = 0.0
        self._activation = _as_function(network.activation)
        self._weights = group_weights(network.layers, weights)
        self._states_before = None if states is None else iter(states)
        self._traces = traces

    def run(self, layer: Layer, x: Array) -> Array:
        """Compute the outputs of a layer from those of the one before."""
        own = self._weights[layer.name]
        if layer.kind == "Input":
            self._windows = x
            return x
        if layer.beside:
            windows = self._numbers().reshape(len(x), -1)
            self._path = windows @ own[0] + own[1]
            return x
        if layer.reads:
            rows = rows_of_codes(x[:, :, list(layer.reads)], len(own[0]) - 1)
            self._embedded.append(own[0][rows].reshape(*x.shape[:2], -1))
            return x
        if layer.kind == "Concatenate":
            return np.concatenate([self._numbers(), *self._embedded], axis=2)
        if layer.kind == "Reshape":
            return self._fold_segments(x, layer)
        if layer.kind == "Dense":
            return _as_function(layer.activation)(x @ own[0] + own[1])
        if layer.kind == "Embedding":
            return own[0]  # One row for each segment, the same for all samples.
        if layer.shares:
            return self._run_ahead(x, self._weights[layer.shares])
        return self._run_recurrent(x, layer)

    def _numbers(self) -> Array:
        """Return the features of windows that are no codes of categories."""
        if not self._network.categories:
            return self._windows
        return self._windows[:, :, self._network.numbers]

    def outputs_of(self, x: Array) -> Array:
        """Return what the network gives from the outputs of its last layer."""
        first, *others = map(self._join_segments, self._network.split_outputs(x))
        y = first + self._path
        if not self._network.has_parts:
            return y
        return np.stack(self._network.join_parts([y, *others]), axis=-1)

    def _join_segments(self, x: Array) -> Array:
        """Join the segments of the outputs of each sample, if it has several."""
        if self._network.decoder != "parallel":
            return x
        # The last segment may reach beyond the targets.
        return x.reshape(len(x), -1)[:, : self._network.n_targets]

    def _fold_segments(self, x: Array, layer: Layer) -> Array:
        """Fold steps into one, which is observed if any of them is."""
        n_samples, (n_segments, _) = len(x), layer.shape
        if self.observed is not None:
            segments = self.observed.reshape(n_samples, n_segments, -1)
            self.observed = np.any(segments, axis=2)
        return x.reshape(n_samples, *layer.shape)

    def _run_recurrent(self, x: Array, layer: Layer) -> Array:
        """Return the outputs after every step, or after the last one only."""
        sides, last = [], []
        for weights, order in self._directions(layer):
            seen = None if self.observed is None else self.observed[:, order]
            state = None if self._states_before is None else next(self._states_before)
            trace: Trace | None = None if self._traces is None else {}
            outputs, state = run_layer(
                self._cell, x[:, order], seen, weights, self._activation, state, trace
            )
            # Reversing twice puts the outputs into the order of the steps again.
            sides.append(outputs[:, order])
            last.append(outputs[:, -1])
            self.states.append(state)
            if self._traces is not None and trace is not None:
                gates = {name: gate[:, order] for name, gate in trace.items()}
                self._traces.append(gates)
        if len(layer.shape) == 1:
            # The output of each direction once it has read all steps.
            return np.concatenate(last, axis=1)
        joined = np.concatenate(sides, axis=2)
        if layer.bidirectional and self.observed is not None:
            # As Keras joins both directions, where nothing is observed.
            joined[~self.observed] = 0.0
        return joined

    def _directions(self, layer: Layer) -> Iterator[tuple[list[Array], slice]]:
        """Iterate over weights, and the order in which they read the steps."""
        own = self._weights[layer.name]
        yield own[:3], slice(None)
        if layer.bidirectional:
            yield own[3:], slice(None, None, -1)

    def _run_ahead(self, positions: Array, weights: Sequence[Array]) -> Array:
        """Run one step from the last state for each segment of the outputs.

        The input of each step is the embedding of its position; no step depends on the
        others (Lin et al. 2023, SegRNN).

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_segments, units)
        """
        state, n_inputs = self.states[-1], positions.shape[1]
        shape = (len(state[0]), 1, n_inputs)
        steps = [
            run_layer(
                self._cell,
                np.broadcast_to(position, shape),
                None,
                weights,
                self._activation,
                state,
            )[0]
            for position in positions
        ]
        return np.concatenate(steps, axis=1)


def _as_function(activation: Activation) -> Function:
    return activation if callable(activation) else ACTIVATIONS[activation]


def _shorten(states: list[State] | None, n_samples: int) -> list[State] | None:
    """Return the states of the first samples, from which a last batch goes on."""
    if states is None:
        return None
    return [tuple(part[:n_samples] for part in state) for state in states]


def _fill_holes(
    windows: Array, network: RecurrentNetwork
) -> tuple[Array, NDArray[np.bool_] | None]:
    """Replace NaN by 0, or no known code, and mark steps at which any is observed.

    Returns
    -------
    filled : ndarray of shape (n_samples, n_steps, n_features)
        Windows without NaN.
    observed : ndarray of shape (n_samples, n_steps) or None
        Steps with any value; None if nothing is missing.
    """
    missing = np.isnan(windows)
    if not missing.any():
        return windows, None
    fill = np.full(windows.shape[2], float(MISSING_CODE))
    fill[network.numbers] = 0.0
    return np.where(missing, fill, windows), ~np.all(missing, axis=2)
