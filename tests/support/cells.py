"""Networks by the package's one forward pass in NumPy, told nothing by an estimator
but its parameters and its weights. That pass itself is compared with Keras's layers.
"""

from dataclasses import replace

import numpy as np

from skrnn._networks import forward
from skrnn._networks.cells import ACTIVATIONS, run_layer

__all__ = [
    "predict_by_hand",
    "relu",
    "run_by_hand",
    "run_estimator",
    "run_layer",
    "sigmoid",
]

relu, sigmoid = ACTIVATIONS["relu"], ACTIVATIONS["sigmoid"]


def run_by_hand(network, weights, windows):
    """Run a network of given weights on scaled windows."""
    weights = [weight.astype(np.float64) for weight in weights]
    return forward.run_network(network, weights, windows)[0]


def run_estimator(model, windows, **activations):
    """Run the fitted network of an estimator on scaled windows."""
    network = replace(model._network, **activations)
    return run_by_hand(network, model.weights_, windows)


def predict_by_hand(model, X, X_train, y_train, **activations):
    """Predict as an estimator that was fitted on `X_train` and `y_train`, in NumPy.

    X has three axes, and perhaps fewer steps. Holes of partly observed steps get the
    training mean.
    """
    n_features = X.shape[2]
    rows = X_train.reshape(-1, n_features)
    mean, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    partly = np.isnan(X) & ~np.isnan(X).all(axis=2, keepdims=True)
    scaled = (np.where(partly, mean, X) - mean) / scale
    y = run_estimator(model, scaled, **activations)
    y = y * y_train.std(axis=0) + y_train.mean(axis=0)
    return y[:, 0] if y_train.ndim == 1 else y
