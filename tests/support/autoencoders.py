"""Small autoencoders, with rows and windows to fit them on."""

import numpy as np

from skrnn import Autoencoder, RecurrentAutoencoder

RNG = np.random.RandomState(0)
ROWS = RNG.normal(size=(22, 3)) @ RNG.normal(size=(3, 5)) + 7
WINDOWS = RNG.normal(size=(22, 4, 2)) * [3.0, 0.2] + [10.0, -1.0]
# Nothing observed at first and in between, and holes in a step.
GAPPY = WINDOWS.copy()
GAPPY[2, :2] = GAPPY[9, 1] = GAPPY[20, :3] = np.nan
GAPPY[5, 3, 0] = GAPPY[21, 3, 1] = np.nan

SETTINGS = {"epochs": 3, "batch_size": 5, "learning_rate": 0.02, "random_state": 0}
# So small that training shows the loss of the starting weights and leaves them.
STILL = {"learning_rate": 1e-12, "optimizer": "sgd", "standardize": False}


def rows_autoencoder(**parameters):
    return Autoencoder(2, **SETTINGS, **parameters)


def windows_autoencoder(cell, **parameters):
    settings = {"units": 3, "incomplete": "mask", **SETTINGS, **parameters}
    return RecurrentAutoencoder(2, cell=cell, **settings)
