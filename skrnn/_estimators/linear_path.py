"""What outputs start from: a ridge regression on windows, means or quantiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skrnn._networks.description import RecurrentNetwork
from skrnn._networks.distributions import starting_parameters
from skrnn._networks.outputs import starting_bias
from skrnn._networks.quantiles import MEDIAN, starting_outputs
from skrnn._process.memory import check_memory
from skrnn._scaling.moments import Moments
from skrnn._windows.windows import Windows

__all__ = [
    "bias_of_outputs",
    "bias_of_parts",
    "ridge_of_labels",
    "ridge_of_windows",
    "start_at_ridge",
]

Array = NDArray[np.float64]

# Windows that are laid out at once.
CHUNK = 4096
# Penalties to choose from, in units of the mean variance of the inputs.
PENALTIES = np.logspace(-8, 4, 25)
# An error below this share of the variance is rounding.
ROUNDING = 1e-12


class _Products(NamedTuple):
    """Sums over samples of products of centred inputs and targets."""

    of_inputs: Array
    with_targets: Array
    of_targets: Array


def start_at_ridge(
    network: RecurrentNetwork,
    windows: Windows,
    targets: NDArray[np.float32],
    weights: Array,
) -> dict[int, NDArray[np.float32]]:
    """Return weights of a network, by their places, that make it a ridge regression.

    Those of its output layer are zero. A network of quantiles, or of a distribution,
    starts at that of the residuals around the ridge.

    Parameters
    ----------
    network : RecurrentNetwork
        The network, with a linear path.
    windows, targets, weights
        As in `ridge_of_labels`.
    """
    kernel, bias = ridge_of_labels(windows, targets, weights)
    # The last weights are those of the layer of the outputs and of the linear path.
    of_outputs, _ = network.layers[-2].weights
    started = {-4: np.zeros(of_outputs, np.float32), -2: kernel, -1: bias}
    if not network.has_parts:
        return started
    parts = [_lay_out(windows, chunk) @ kernel for chunk in _chunks(len(windows))]
    residuals = targets - np.concatenate(parts) - bias
    if network.distribution:
        shift = np.average(residuals, axis=0, weights=weights)
    else:
        shift = starting_outputs(residuals, weights, (MEDIAN,))[0]
    outputs = bias_of_parts(network, residuals - shift, weights)
    return {**started, -3: outputs, -1: (bias + shift).astype(np.float32)}


def bias_of_outputs(
    network: RecurrentNetwork, targets: NDArray[np.floating], weights: Array
) -> dict[int, NDArray[np.float32]]:
    """Return, by its place, the bias for which outputs are the mean of the targets."""
    mean, _ = Moments.of(targets.astype(np.float64), weights).mean_and_scale()
    if network.decoder == "parallel":  # All segments have the same biases.
        mean = np.full(network.segment, mean.mean())
    return {-1: starting_bias(network.output_activation, mean).astype(np.float32)}


def bias_of_parts(
    network: RecurrentNetwork, targets: NDArray[np.floating], weights: Array
) -> NDArray[np.float32]:
    """Return the biases of the output layer that give the quantiles of targets.

    Those of a network of distributions give the moments.
    """
    if network.distribution:
        outputs = starting_parameters(targets, weights, network.distribution)
    else:
        outputs = starting_outputs(targets, weights, network.quantiles)
    if network.decoder == "parallel":  # All segments have the same biases.
        outputs = outputs.mean(axis=1, keepdims=True).repeat(network.segment, axis=1)
    return outputs.ravel().astype(np.float32)


def ridge_of_labels(
    windows: Windows, targets: NDArray[np.float32], weights: Array
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Solve the ridge regression of each target on the windows for which it is known.

    Targets that are known for the same windows have the same penalty.

    Parameters
    ----------
    windows, weights
        As in `ridge_of_windows`.
    targets : ndarray of shape (n_samples, n_targets)
        Targets, scaled; NaN is missing.

    Returns
    -------
    kernel, bias
        As in `ridge_of_windows`.
    """
    known = ~np.isnan(targets)
    if known.all():
        return ridge_of_windows(windows, targets, weights)
    n_inputs, n_targets = windows.n_steps * windows.n_features, targets.shape[1]
    kernel = np.empty((n_inputs, n_targets), np.float32)
    bias = np.empty(n_targets, np.float32)
    for pattern in np.unique(known, axis=1).T:
        alike = np.flatnonzero((known == pattern[:, None]).all(axis=0))
        samples = np.flatnonzero(pattern)
        kernel[:, alike], bias[alike] = ridge_of_windows(
            windows.take(samples), targets[np.ix_(samples, alike)], weights[samples]
        )
    return kernel, bias


def ridge_of_windows(
    windows: Windows, targets: NDArray[np.float32], weights: Array
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Solve the ridge regression of targets on whole windows.

    The penalty is the one with the least error of generalised cross-validation, in
    which every sample is predicted by a ridge that has not seen it (Golub, Heath and
    Wahba 1979). Windows are laid out in chunks, and missing values count as 0.

    Parameters
    ----------
    windows : Windows
        Windows, scaled.
    targets : ndarray of shape (n_samples, n_targets)
        Targets, scaled.
    weights : ndarray of shape (n_samples,)
        Sample weights.

    Returns
    -------
    kernel : ndarray of shape (n_steps * n_features, n_targets)
        Coefficients, those of the oldest step first.
    bias : ndarray of shape (n_targets,)
        Intercepts.

    Notes
    -----
    Time grows with the number of windows times the square of their values, and with
    the cube of these; memory with the square.
    """
    n_inputs = windows.n_steps * windows.n_features
    check_memory(
        # The products, their eigenvectors and a copy to work on.
        3 * 8 * n_inputs**2,
        f"The ridge regression on windows of {n_inputs} values",
        "shorten the window, or set linear_path=False",
    )
    shares = weights / weights.sum()
    x_mean, y_mean = _means(windows, targets, shares)
    products = _products(windows, targets, shares, x_mean, y_mean)
    kernel = _solve(products, len(windows))
    bias = y_mean - x_mean @ kernel
    return kernel.astype(np.float32), bias.astype(np.float32)


def _means(
    windows: Windows, targets: NDArray[np.float32], shares: Array
) -> tuple[Array, Array]:
    """Return the weighted means of inputs and targets."""
    x_mean = np.zeros(windows.n_steps * windows.n_features)
    for chunk in _chunks(len(windows)):
        x_mean += shares[chunk] @ _lay_out(windows, chunk)
    return x_mean, shares @ targets.astype(np.float64)


def _products(
    windows: Windows,
    targets: NDArray[np.float32],
    shares: Array,
    x_mean: Array,
    y_mean: Array,
) -> _Products:
    """Return the weighted covariances of inputs and targets."""
    n_inputs, n_targets = len(x_mean), len(y_mean)
    of_inputs = np.zeros((n_inputs, n_inputs))
    with_targets, of_targets = np.zeros((n_inputs, n_targets)), np.zeros(n_targets)
    for chunk in _chunks(len(windows)):
        root = np.sqrt(shares[chunk])[:, None]
        x = root * (_lay_out(windows, chunk) - x_mean)
        y = root * (targets[chunk] - y_mean)
        of_inputs += x.T @ x
        with_targets += x.T @ y
        of_targets += np.square(y).sum(axis=0)
    return _Products(of_inputs, with_targets, of_targets)


def _solve(products: _Products, n_samples: int) -> Array:
    """Return the coefficients of the best penalty."""
    values, vectors = np.linalg.eigh(products.of_inputs)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ products.with_targets
    unit = max(float(values.mean()), np.finfo(float).tiny)
    penalties = PENALTIES * unit
    total = float(products.of_targets.sum())
    errors = [_validate(values, rotated, total, n_samples, each) for each in penalties]
    penalty = penalties[int(np.argmin(errors))]
    return vectors @ (rotated / (values + penalty)[:, None])


def _validate(
    values: Array, rotated: Array, total: float, n_samples: int, penalty: float
) -> float:
    """Return the error of generalised cross-validation for one penalty.

    Parameters
    ----------
    values : ndarray of shape (n_inputs,)
        Eigenvalues of the covariance of the inputs.
    rotated : ndarray of shape (n_inputs, n_targets)
        Covariance of inputs and targets in the basis of their eigenvectors.
    total : float
        Sum of the variances of the targets.
    n_samples : int
        Number of samples.
    penalty : float
        Penalty on the squares of the coefficients.
    """
    shrunk = rotated / (values + penalty)[:, None]
    explained = 2 * (rotated * shrunk).sum() - (values[:, None] * shrunk**2).sum()
    left = max(total - explained, ROUNDING * total)
    # The intercept is a degree of freedom, too.
    freedom = (values / (values + penalty)).sum() + 1
    share = max(1 - freedom / n_samples, ROUNDING)
    return float(left / share**2)


def _chunks(n_samples: int) -> list[slice]:
    return [slice(first, first + CHUNK) for first in range(0, n_samples, CHUNK)]


def _lay_out(windows: Windows, chunk: slice) -> Array:
    """Return windows as rows of a table, with 0 for missing values."""
    steps = windows.gather(chunk).astype(np.float64)
    return np.nan_to_num(steps, copy=False).reshape(len(steps), -1)
