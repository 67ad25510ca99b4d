"""TensorFlow hangs in a fork: what it would have to compile raises instead."""

import multiprocessing
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import Autoencoder, GRURegressor
from skrnn._process.fork import is_forked
from tests.support.networks import X, Y, fitted, network

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork."),
    # Python warns of forks beside threads, which is what these tests are about.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning"),
]


def answer(queue, function):
    try:
        queue.put(function())
    except Exception as error:
        queue.put(f"{type(error).__name__}: {error}")


def in_a_fork(function):
    """Return what a function returns in a fork of this process, or its error."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=answer, args=(queue, function))
    process.start()
    try:
        assert queue._reader.poll(60), "no answer"
        return queue.get()
    finally:
        process.kill()
        process.join()


@pytest.mark.untrained
def test_only_the_fork_is_one():
    fitted()
    assert not is_forked()
    assert in_a_fork(is_forked) is True


OTHER_CODE = """
import os
from skrnn import RNNRegressor
import tensorflow as tf

def fit_in_a_fork():
    if os.fork() == 0:
        try:
            RNNRegressor(2, epochs=1).fit([[[1.0]], [[2.0]]], [1.0, 2.0])
            print("fitted", flush=True)
        except RuntimeError as error:
            print(error, flush=True)
        os._exit(0)
    os.wait()

fit_in_a_fork()  # TensorFlow is imported here, and then used.
tf.ones(2) + 1
fit_in_a_fork()
"""


def test_a_fork_knows_what_other_code_did_with_tensorflow():
    answer = subprocess.check_output(
        [sys.executable, "-W", "ignore", "-c", OTHER_CODE], text=True, timeout=120
    )
    assert answer.startswith("fitted\nTensorFlow cannot run in a process")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("units", [2, 3])  # Compiled before the fork, and not.
def test_training_in_a_fork_raises_at_once(method, units):
    fitted()
    said = in_a_fork(lambda: getattr(network(units=units), method)(X, Y))
    assert said.startswith("RuntimeError: TensorFlow cannot run in a process that is a")
    for word in ("fork", '"spawn"', '"forkserver"', "predict_backend='numpy'"):
        assert word in said


@pytest.mark.untrained
def test_a_fork_predicts_by_numpy():
    model = fitted(GRURegressor, predict_backend="auto")
    many = np.tile(X, (6000, 1, 1))  # So many are left to TensorFlow elsewhere.
    assert not model._runs_in_numpy(len(many))
    assert_allclose(
        in_a_fork(lambda: model.predict(many)[:18]), model.predict(X), rtol=1e-5
    )


@pytest.mark.untrained
def test_what_numpy_cannot_predict_raises_in_a_fork():
    model = fitted(predict_backend="tensorflow")
    autoencoder = Autoencoder(1, epochs=1, random_state=0).fit(X[:, 0])
    for function in (
        lambda: model.predict(X),
        lambda: autoencoder.transform(X[:, 0]),
        lambda: autoencoder.inverse_transform(np.zeros((2, 1))),
    ):
        assert in_a_fork(function).startswith("RuntimeError: TensorFlow cannot run")
