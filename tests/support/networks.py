"""Small networks, what they are trained on, and callbacks that watch them."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn._engine.tensorflow import keras

ESTIMATORS = [RNNRegressor, LSTMRegressor, GRURegressor]
RNG = np.random.RandomState(0)
X = RNG.normal(size=(18, 4, 2)) * [3.0, 0.2] + [10.0, -1.0]
Y = X[:, -1, 0] + 20 * X[:, 0, 1] + 30

# So small that training shows the loss of the starting weights and leaves them.
STILL = {"learning_rate": 1e-12, "epochs": 1}
# All samples in one step of plain gradient descent: every sum can be done by hand.
ONE_STEP = {"optimizer": "sgd", "batch_size": len(X), "epochs": 1}


def network(cls=RNNRegressor, **parameters):
    # What is small would be predicted by NumPy, which is what tests compare with.
    compiled = {"predict_backend": "tensorflow"}
    settings = {"units": 2, "epochs": 2, "random_state": 0, **compiled}
    return cls(**{**settings, **parameters})


def fitted(cls=RNNRegressor, *, X=X, y=Y, sample_weight=None, **parameters):
    return network(cls, **parameters).fit(X, y, sample_weight)


def assert_same_weights(one, other, **tolerance):
    for ours, theirs in zip(one.weights_, other.weights_, strict=True):
        if tolerance:
            assert_allclose(ours, theirs, **tolerance)
        else:
            assert_array_equal(ours, theirs)


def differ(one, other):
    return any(
        (a != b).any() for a, b in zip(one.weights_, other.weights_, strict=True)
    )


def error_in_scale(model, X=X, y=Y):
    """Errors of predictions as the loss sees them, when Y was trained on."""
    return (model.predict(X) - y) / Y.std()


class Recorder(keras.callbacks.Callback):
    """Counts the starts of training and keeps the weights after each epoch.

    Trainings share it, so that a test sees what happened to the one it made.
    """

    def __init__(self):
        super().__init__()
        self.starts, self.weights, self.rates = 0, [], []

    def __deepcopy__(self, memo):
        return self

    def on_train_begin(self, logs=None):
        self.starts += 1

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append([value.copy() for value in self.model.get_weights()])
        self.rates.append(float(self.model.optimizer.learning_rate))


class Raise(keras.callbacks.Callback):
    """Raises an exception at the end of an epoch."""

    def __init__(self, exception, epoch=1):
        super().__init__()
        self.exception, self.epoch = exception, epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise self.exception
