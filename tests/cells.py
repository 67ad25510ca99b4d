"""Recurrent networks in NumPy, from the equations: the tests' independent answer.

Each cell is one function from the input x of a step and the state before it to the
state after it; the first part of a state, h, is what the layer puts out.
"""

from types import SimpleNamespace

import numpy as np

# ruff: noqa: N806 -- Kernels are called W and U with the name of their gate.


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def rnn_cell(x, state, kernel, recurrent, bias, f):
    """A simple recurrent network (Elman 1990)."""
    (h,) = state
    return (f(x @ kernel + h @ recurrent + bias),)


def lstm_cell(x, state, kernel, recurrent, bias, f):
    """Long short-term memory.

    Input gate, output gate and cell candidate are those of Hochreiter and Schmidhuber,
    Long short-term memory, Neural Computation 9 (1997); the forget gate was added by
    Gers, Schmidhuber and Cummins, Learning to forget, ICANN (1999).
    """
    h, c = state
    # The order in which Keras keeps the blocks: input, forget, candidate, output.
    Wi, Wr, Wc, Wo = np.split(kernel, 4, axis=1)
    Ui, Ur, Uc, Uo = np.split(recurrent, 4, axis=1)
    bi, br, bc, bo = np.split(bias, 4)
    i = sigmoid(x @ Wi + h @ Ui + bi)  # How much of the candidate comes in,
    r = sigmoid(x @ Wr + h @ Ur + br)  # how much of the memory stays,
    o = sigmoid(x @ Wo + h @ Uo + bo)  # how much of it is shown.
    c = r * c + i * f(x @ Wc + h @ Uc + bc)
    return o * f(c), c


def gru_cell(x, state, kernel, recurrent, bias, f):
    """A gated recurrent unit (Cho et al. 2014), reset after the matrix product.

    Keras's default and cuDNN's only form: with two biases, so that the reset gate
    also acts on that of the recurrent part.
    """
    (h,) = state
    # The order in which Keras keeps the blocks: update, reset, candidate.
    xz, xr, xg = np.split(x @ kernel + bias[0], 3, axis=1)
    hz, hr, hg = np.split(h @ recurrent + bias[1], 3, axis=1)
    z = sigmoid(xz + hz)
    return (z * h + (1 - z) * f(xg + sigmoid(xr + hr) * hg),)


CELLS = {"rnn": (rnn_cell, 1), "lstm": (lstm_cell, 2), "gru": (gru_cell, 1)}


def run_layer(cell, x, observed, weights, f=np.tanh, state=None):
    """Run a cell over the steps of x; where nothing is observed the state stands still.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_steps, units)
    state : tuple of ndarray of shape (n_samples, units)
    """
    function, n_parts = CELLS[cell]
    if state is None:
        state = (np.zeros((len(x), weights[1].shape[0])),) * n_parts
    outputs = []
    for step in range(x.shape[1]):
        after = function(x[:, step], state, *weights, f)
        seen = observed[:, step, None]
        state = tuple(np.where(seen, *both) for both in zip(after, state, strict=True))
        outputs.append(state[0])
    return np.stack(outputs, axis=1), state


def run_both_ways(cell, x, observed, weights, f=np.tanh):
    """Run a layer forwards and one of its own backwards; put the outputs side by side.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_steps, 2 * units)
    last : ndarray of shape (n_samples, 2 * units)
        What each of them says when it has read everything.
    """
    ahead, _ = run_layer(cell, x, observed, weights[:3], f)
    back, _ = run_layer(cell, x[:, ::-1], observed[:, ::-1], weights[3:], f)
    sides = np.concatenate([ahead, back[:, ::-1]], axis=2)
    return sides, np.concatenate([ahead[:, -1], back[:, -1]], axis=1)


def run_network(model, windows, f=np.tanh, dense_f=relu):
    """Run the fitted network of an estimator on scaled windows.

    Nothing but the estimator's parameters and its `weights_` is used.

    Returns
    -------
    y : ndarray of shape (n_samples, n_targets), in the scale of training
    """
    weights = iter([weight.astype(np.float64) for weight in model.weights_])
    n_samples, n_steps, _ = windows.shape
    observed = ~np.isnan(windows).all(axis=2)
    n_segments = n_steps // model.segment
    x = np.nan_to_num(windows).reshape(n_samples, n_segments, -1)
    observed = observed.reshape(n_samples, n_segments, model.segment).any(axis=2)
    for _ in range(len(model.dense_before) or int(model.segment > 1)):
        x = dense_f(x @ next(weights) + next(weights))
    for _ in np.atleast_1d(model.units):
        own = [next(weights) for _ in range(6 if model.bidirectional else 3)]
        if model.bidirectional:
            x, last = run_both_ways(model._cell, x, observed, own, f)
        else:
            x, state = run_layer(model._cell, x, observed, own, f)
            last = x[:, -1]
    if model.decoder == "parallel":
        last = run_ahead(model._cell, state, next(weights), own, f)
    for _ in model.dense_after:
        last = dense_f(last @ next(weights) + next(weights))
    y = last @ next(weights) + next(weights)
    return y.reshape(n_samples, -1)[:, : model.n_targets_]


def run_ahead(cell, state, embeddings, weights, f=np.tanh):
    """Take one step from a state for each segment of a horizon.

    The input of each step is what stands for its place in the horizon; none knows of
    the others (Lin et al. 2023, SegRNN).

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_segments, units)
    """
    function, _ = CELLS[cell]
    steps = [function(x[None], state, *weights, f)[0] for x in embeddings]
    return np.stack(steps, axis=1)


def as_estimator(architecture, weights):
    """Give an architecture and weights as `run_network` reads an estimator."""
    return SimpleNamespace(
        **vars(architecture),
        _cell=architecture.cell,
        n_targets_=architecture.n_targets,
        weights_=weights,
    )


def predict_by_hand(model, X, X_train, y_train, **activations):
    """Predict as an estimator that was fitted on `X_train` and `y_train`, in NumPy.

    X has three axes. Holes of partly observed steps get the training mean.
    """
    n_features = X.shape[2]
    rows = X_train.reshape(-1, n_features)
    mean, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    partly = np.isnan(X) & ~np.isnan(X).all(axis=2, keepdims=True)
    scaled = (np.where(partly, mean, X) - mean) / scale
    y = run_network(model, scaled, **activations)
    y = y * y_train.std(axis=0) + y_train.mean(axis=0)
    return y[:, 0] if y_train.ndim == 1 else y
