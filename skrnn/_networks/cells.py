"""The equations of the recurrent cells, in NumPy.

A cell computes one step. It takes the input of the step, already multiplied by the
kernel, and the state before; it returns the state after, whose first part is the output
of the layer, and the values of its gates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

__all__ = ["ACTIVATIONS", "CELLS", "Cell", "Trace", "run_layer", "sigmoid"]

Array: TypeAlias = NDArray[np.float64]
Function: TypeAlias = Callable[[Array], Array]
State: TypeAlias = tuple[Array, ...]


class Cell(NamedTuple):
    """A kind of recurrent cell.

    Parameters
    ----------
    step : callable
        From (inputs, state, recurrent kernel, recurrent bias, activation) to the state
        after the step and the values of `gates`, each of shape (n_samples, units).
    n_states : int
        Parts of a state.
    gates : tuple of str
        Names of the values that `step` returns beside the state.
    """

    step: Callable[..., tuple[State, State]]
    n_states: int
    gates: tuple[str, ...]


Trace: TypeAlias = dict[str, Array]
"""The gates of a layer by their names, each of shape (n_samples, n_steps, units)."""


def sigmoid(x: Array) -> Array:
    """Compute ``1 / (1 + exp(-x))`` without overflow."""
    # tanh is bounded, while exp(-x) overflows in float64 below x = -709.
    y: Array = np.tanh(0.5 * x)
    y += 1
    y *= 0.5
    return y


def rnn_step(
    inputs: Array, state: State, recurrent: Array, bias: None, f: Function
) -> tuple[State, State]:
    """Compute a step of a simple recurrent network (Elman 1990)."""
    (h,) = state
    h = f(inputs + h @ recurrent)
    return (h,), (h,)


def lstm_step(
    inputs: Array, state: State, recurrent: Array, bias: None, f: Function
) -> tuple[State, State]:
    """Compute a step of a long short-term memory.

    Input gate, output gate and candidate are those of Hochreiter and Schmidhuber, Long
    short-term memory, Neural Computation 9 (1997); the forget gate was added by Gers,
    Schmidhuber and Cummins, Learning to forget, ICANN (1999).
    """
    h, c = state
    blocks = inputs + h @ recurrent
    gates = sigmoid(blocks)  # At once, which is faster than three out of four.
    # The order in which Keras keeps the blocks: input, forget, candidate, output.
    n = c.shape[1]
    i, r, o = gates[:, :n], gates[:, n : 2 * n], gates[:, 3 * n :]
    g = f(blocks[:, 2 * n : 3 * n])
    c = r * c + i * g
    h = o * f(c)
    return (h, c), (i, r, g, o, c, h)


def gru_step(
    inputs: Array, state: State, recurrent: Array, bias: Array, f: Function
) -> tuple[State, State]:
    """Compute a step of a gated recurrent unit (Cho et al. 2014).

    It is reset after the matrix product, which is Keras's default and cuDNN's only
    form: with a bias of its own for the recurrent part, so that the reset gate also
    acts on that.
    """
    (h,) = state
    before = h @ recurrent + bias
    # The order in which Keras keeps the blocks: update, reset, candidate.
    n = h.shape[1]
    gates = sigmoid(inputs[:, : 2 * n] + before[:, : 2 * n])
    z, r = gates[:, :n], gates[:, n:]
    g = f(inputs[:, 2 * n :] + r * before[:, 2 * n :])
    h = g + z * (h - g)  # z * h + (1 - z) * g by one product.
    return (h,), (z, r, g, h)


CELLS = {
    "rnn": Cell(rnn_step, 1, ("hidden",)),
    "lstm": Cell(
        lstm_step, 2, ("input", "forget", "candidate", "output", "cell", "hidden")
    ),
    "gru": Cell(gru_step, 1, ("update", "reset", "candidate", "hidden")),
}


def run_layer(
    cell: str,
    x: Array,
    observed: NDArray[np.bool_] | None,
    weights: Sequence[Array],
    f: Function = np.tanh,
    state: State | None = None,
    trace: Trace | None = None,
) -> tuple[Array, State]:
    """Run a cell over the steps of x; the state stays where nothing is observed.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        Kind of the cell.
    x : ndarray of shape (n_samples, n_steps, n_inputs)
        Inputs.
    observed : ndarray of shape (n_samples, n_steps) or None
        Steps at which anything is observed; None is all of them.
    weights : sequence of ndarray
        Kernel, recurrent kernel and bias as Keras keeps them.
    f : callable, default=numpy.tanh
        Activation; gates keep their sigmoid.
    state : tuple of ndarray of shape (n_samples, units), default=None
        State before the first step; None is zero.
    trace : dict, default=None
        Filled with the gates at every step. They are NaN where nothing is observed,
        except for the state, which stays.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_steps, units)
        Hidden state after each step; as in Keras, zero until anything is observed.
    state : tuple of ndarray of shape (n_samples, units)
        State after the last one.
    """
    step, n_states, gates = CELLS[cell]
    kernel, recurrent, bias = weights
    n_samples, n_steps, _ = x.shape
    units = recurrent.shape[0]
    # A GRU has a second bias, for its recurrent part.
    bias, recurrent_bias = (bias[0], bias[1]) if bias.ndim == 2 else (bias, None)
    if state is None:
        state = (np.zeros((n_samples, units)),) * n_states
    # One product for all steps; laid out step by step for what follows.
    inputs = np.ascontiguousarray(x.transpose(1, 0, 2)) @ kernel + bias
    outputs = np.empty((n_steps, n_samples, units))
    kept = np.empty((len(gates), *outputs.shape)) if trace is not None else None
    begun = np.zeros((n_samples, 1), dtype=bool)
    for t in range(n_steps):
        after, values = step(inputs[t], state, recurrent, recurrent_bias, f)
        if observed is not None:
            seen = observed[:, t, None]
            after = tuple(
                np.where(seen, *both) for both in zip(after, state, strict=True)
            )
            values = tuple(np.where(seen, value, np.nan) for value in values)
            begun |= seen
        state = after
        outputs[t] = state[0] if observed is None else np.where(begun, state[0], 0.0)
        if kept is not None:
            kept[:, t] = values
            # The last gates are the state, which stays where nothing is observed.
            kept[-1, t] = state[0]
            if n_states == 2:
                kept[-2, t] = state[1]
    if trace is not None and kept is not None:
        trace.update(zip(gates, kept.transpose(0, 2, 1, 3), strict=True))
    return outputs.transpose(1, 0, 2), state


def _leaky_relu(x: Array) -> Array:
    return np.where(x > 0, x, 0.2 * x)  # Keras's slope; others take 0.01.


def _elu(x: Array) -> Array:
    # `where` computes both sides, and expm1 overflows on large positive x.
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _selu(x: Array) -> Array:
    # The constants of Klambauer et al., Self-normalizing neural networks (2017).
    return 1.0507009873554805 * np.where(
        x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))
    )


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, 0)


def softmax(x: Array) -> Array:
    """Compute the softmax along the last axis."""
    # The shift cancels out, and no exponential overflows.
    shares: Array = np.exp(x - x.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


# The activations that Keras knows by these names; others are computed by Keras.
ACTIVATIONS: dict[str, Function] = {
    "elu": _elu,
    "exponential": np.exp,
    # Keras's default, not the approximation by tanh.
    "gelu": lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2))),
    # As of Keras 3; Keras 2 had 0.2 * x + 0.5.
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "leaky_relu": _leaky_relu,
    "linear": lambda x: x,
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": _selu,
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "softmax": softmax,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "swish": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
}
