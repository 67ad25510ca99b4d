"""What test_stored_programs.py compares: networks in a fresh process, by their bits."""

import hashlib
import json
import sys

import numpy as np

from skrnn import AutoregressiveForecaster, GRURegressor, RNNRegressor

X = np.random.default_rng(0).normal(size=(40, 6, 2)).astype(np.float32)
Y = X[:, -1, 0]


def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(a) for a in arrays)).hexdigest()


def training():
    network = GRURegressor(
        3, epochs=2, dropout=0.2, validation_split=0.25, random_state=0
    )
    return digest(*network.fit(X, Y).weights_)


def prediction():
    network = RNNRegressor(2, epochs=1, random_state=0, predict_backend="tensorflow")
    return digest(network.fit(X, Y).predict(X))


def roll_out():
    network = RNNRegressor(2, epochs=1, random_state=0, predict_backend="tensorflow")
    forecaster = AutoregressiveForecaster(network, window=4).fit(None, X[:, 0, 0])
    return digest(forecaster.forecast(3))


KINDS = {each.__name__: each for each in (training, prediction, roll_out)}

if __name__ == "__main__":
    print(json.dumps({kind: KINDS[kind]() for kind in sys.argv[1:]}))
