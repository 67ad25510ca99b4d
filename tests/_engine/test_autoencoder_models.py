import subprocess
import sys

import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV

from skrnn import Autoencoder
from skrnn._engine import training
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.tensorflow import keras
from tests.support.autoencoders import (
    GAPPY,
    ROWS,
    SETTINGS,
    rows_autoencoder,
    windows_autoencoder,
)
from tests.support.samples import a_batch_callback
from tests.support.untrained import untrained


def refuse(*args):
    raise AssertionError("fell back to Keras's loop")


@pytest.mark.usefixtures("eager_keras_loop")
@pytest.mark.parametrize(
    ("autoencoder", "X"),
    [
        (
            rows_autoencoder(
                hidden_layer_sizes=(4, 3), tied=True, sparsity=0.1, l2=0.1
            ),
            ROWS,
        ),
        (rows_autoencoder(loss="huber", validation_split=0.3), ROWS),
        (windows_autoencoder("rnn", sparsity=0.1, validation_split=0.3), GAPPY),
    ],
    ids=["tied", "huber", "rnn with gaps"],
)
def test_epochs_equal_keras_loop(autoencoder, X, monkeypatch):
    settings = {"metrics": ["mae"], "epochs": 2, "batch_size": 8}
    autoencoder.set_params(**settings, callbacks=a_batch_callback()).fit(X)
    expected, weights = autoencoder.history_, autoencoder.weights_
    monkeypatch.setattr(training, "keras_fit", refuse)
    autoencoder.set_params(callbacks=None).fit(X)
    assert autoencoder.history_.keys() == expected.keys()
    for name, values in expected.items():
        assert len(values) == 2
        assert_allclose(autoencoder.history_[name], values, rtol=1e-4)
    for ours, theirs in zip(autoencoder.weights_, weights, strict=True):
        assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_epochs_equal_a_keras_model_that_is_built_by_hand():
    X = ROWS - ROWS.mean(axis=0)
    settings = {**SETTINGS, "shuffle": False, "standardize": False}
    ours = Autoencoder(2, hidden_layer_sizes=4, l2=0.1, warm_start=True, **settings)
    with untrained():
        start = ours.fit(X).weights_
    penalty = keras.regularizers.L2(0.1)
    layers = [
        keras.layers.Dense(width, activation, kernel_regularizer=penalty)
        for width, activation in [(4, "relu"), (2, None), (4, "relu"), (5, None)]
    ]
    theirs = keras.Sequential([keras.Input((5,)), *layers])
    adam = keras.optimizers.Adam(0.02)
    theirs.compile(adam, "mse", metrics=["mae"], run_eagerly=True)
    theirs.set_weights(start)
    history = theirs.fit(X, X, batch_size=5, epochs=3, shuffle=False, verbose=0).history
    ours.set_params(optimizer="adam", learning_rate=0.02, metrics=["mae"]).fit(X)
    assert ours.history_.keys() == {"loss", "mae"} == history.keys()
    for name, values in history.items():
        assert_allclose(ours.history_[name], values, rtol=1e-4)
    for mine, weight in zip(ours.weights_, theirs.get_weights(), strict=True):
        assert_allclose(mine, weight, rtol=1e-4, atol=1e-6)


def test_a_grid_of_what_the_network_does_not_depend_on_builds_one_program():
    grid = {"learning_rate": [0.1, 0.01], "epochs": [1, 2], "random_state": [0, 1]}
    PROGRAMS.clear()
    built = PROGRAMS.n_built
    GridSearchCV(rows_autoencoder(), grid, cv=2).fit(ROWS)
    assert PROGRAMS.n_built - built == 2  # One trains, one predicts.


# Windows of 400 steps over 100 000 rows: 150 MB if they were copied, in single
# precision. A process of its own, because the peak of resident memory never comes down
# again. Windows that begin with NaN are left out of training, because the time is that
# of the windows.
CODE = """
import resource
import numpy as np
from skrnn import RecurrentAutoencoder, SlidingWindow


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


rows = np.random.default_rng(0).normal(size=(100_000, 1))
rows[1000:-1000] = np.nan
model = RecurrentAutoencoder(2, cell="rnn", units=2, epochs=1, random_state=0)
small = SlidingWindow(400).fit_transform(rows[:3000])
model.fit(small).score_samples(small)
before = peak()
X = SlidingWindow(400).fit_transform(rows)
scores = model.fit(X).score_samples(X)
assert scores.shape == (100_000,)
print(X.nbytes / 2**30, peak() - before)
"""


# What the everyday run tries with a recurrent regressor, in test_memory.py.
@pytest.mark.exhaustive
@pytest.mark.slow
def test_memory_grows_with_the_rows_and_not_with_the_windows():
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    gigabytes, grown_by_megabytes = map(float, done.stdout.split())
    assert gigabytes > 0.29
    assert grown_by_megabytes < 100
