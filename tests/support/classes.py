"""Small classifiers and the labelled windows that they are trained on."""

import numpy as np

from skrnn import GRUClassifier, LSTMClassifier, RNNClassifier
from tests.support.networks import X

CLASSIFIERS = [RNNClassifier, LSTMClassifier, GRUClassifier]
LEVEL = X[:, -1, 0] + 20 * X[:, 0, 1] + 10
TWO = np.where(np.median(LEVEL) < LEVEL, "up", "down")
THREE = np.array(["low", "mid", "top"])[
    np.digitize(LEVEL, np.quantile(LEVEL, [0.2, 0.5]))
]
KINDS = {"two": TWO, "three": THREE}


def classifier(cls=RNNClassifier, **parameters):
    settings = {"units": 2, "epochs": 2, "random_state": 0, **parameters}
    return cls(**settings)


def fitted(cls=RNNClassifier, *, X=X, y=TWO, sample_weight=None, **parameters):
    return classifier(cls, **parameters).fit(X, y, sample_weight)


def indicators(y):
    """A column of 0 and 1 for each class, whether there are two or more."""
    return (y[:, None] == np.unique(y)).astype(float)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def logits_of_all(logits):
    """Put the 0 that the first of two classes has beside the output of the network."""
    if logits.shape[1] > 1:
        return logits
    return np.hstack([np.zeros_like(logits), logits])
