"""Keras models in files, loaded where skrnn is not installed."""

import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import (
    Autoencoder,
    GRURegressor,
    LSTMRegressor,
    RecurrentAutoencoder,
    RNNRegressor,
)
from tests.support.samples import summed_windows
from tests.support.untrained import untrained

ROWS = np.random.default_rng(0).normal(size=(40, 5)) * [1, 10, 1, 0.1, 1] + 7
FAR = 1e7  # So far from 0 that single precision would lose the values.
SETTINGS = {"epochs": 1, "random_state": 0}


def gappy_windows():
    """Windows with nothing observed at first, in between and at last, and a hole."""
    windows = summed_windows()[0] + FAR
    windows[0, :2] = windows[1, 2] = windows[2, -1] = np.nan
    windows[3, 1, 0] = np.nan
    return windows


def regressors():
    settings = {**SETTINGS, "incomplete": "mask"}
    parallel = {"segment": 2, "decoder": "parallel", "linear_path": True}
    return {
        "rnn": RNNRegressor(3, **settings),
        "lstm": LSTMRegressor(3, **settings),
        "gru": GRURegressor(3, **settings),
        "parallel": LSTMRegressor((3, 2), **settings, **parallel),
        "categories": GRURegressor(3, **settings, categories={1: 2}),
    }


def autoencoders():
    tied = Autoencoder(2, hidden_layer_sizes=4, tied=True, **SETTINGS)
    recurrent = RecurrentAutoencoder(2, cell="gru", units=3, **SETTINGS)
    return {"rows": (tied, ROWS), "windows": (recurrent, gappy_windows())}


LOADER = """
import json, sys
sys.modules["skrnn"] = None
import keras, numpy as np
results = {}
for name in sys.argv[1:]:
    x = np.load(f"{name}.npy")
    results[name] = keras.models.load_model(f"{name}.keras")(x).numpy().tolist()
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Give by name what a fitted model says, and what its file says elsewhere."""
    folder, expected = tmp_path_factory.mktemp("keras_files"), {}

    def store(name, model, X, answer):
        model.save(folder / f"{name}.keras")
        np.save(folder / f"{name}.npy", X)
        expected[name] = answer

    windows, target = gappy_windows(), summed_windows(n_targets=3)[1] + FAR
    coded = windows.copy()
    coded[4:, :, 1] = np.arange(len(coded) - 4)[:, None] % 3
    coded[:4, :, 1] = np.nan
    for name, model in regressors().items():
        X = coded if name == "categories" else windows
        with untrained():
            model.fit(X, target)
        store(name, model.to_keras(), X, model.predict(X))
    for name, (model, X) in autoencoders().items():
        with untrained():
            codes = model.fit(X).transform(X)
        store(f"all of {name}", model.to_keras(), X, model.reconstruct(X))
        store(f"encoder of {name}", model.encoder_, X, codes)
        store(f"decoder of {name}", model.decoder_, codes, model.reconstruct(X))
    finished = subprocess.run(
        [sys.executable, "-c", LOADER, *expected],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert finished.returncode == 0, finished.stderr
    return expected, json.loads(finished.stdout)


@pytest.mark.parametrize("name", regressors())
def test_a_saved_regressor_predicts_in_the_units_of_the_data(name, loaded):
    expected, found = (each[name] for each in loaded)
    assert_allclose(found, expected, rtol=0, atol=1e-5 * np.std(expected - FAR))


@pytest.mark.parametrize("part", ["all", "encoder", "decoder"])
@pytest.mark.parametrize("name", autoencoders())
def test_saved_parts_of_an_autoencoder_copy_the_data(name, part, loaded):
    expected, found = (each[f"{part} of {name}"] for each in loaded)
    tolerance = {"rtol": 0, "atol": 1e-4} if name == "windows" else {"rtol": 1e-5}
    if part == "encoder":
        tolerance = {"rtol": 1e-4, "atol": 1e-5}
    assert_allclose(found, expected, **tolerance)
