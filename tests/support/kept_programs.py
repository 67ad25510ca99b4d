"""What test_stored_programs.py compares: networks in fresh processes, by their bits.

Run as a module with the setting (a folder or 0), a number of workers of loky (0 for
this process), and names of `KINDS`.
"""

import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import joblib
import numpy as np

from skrnn import AutoregressiveForecaster, RNNRegressor, set_config

X = np.random.default_rng(0).normal(size=(40, 6, 2)).astype(np.float32)
Y = X[:, -1, 0]


def digest(*arrays):
    return hashlib.sha256(b"".join(np.ascontiguousarray(a) for a in arrays)).hexdigest()


def trained():
    settings = {"dropout": 0.2, "validation_split": 0.25, "random_state": 0}
    network = RNNRegressor(2, epochs=2, predict_backend="tensorflow", **settings)
    return network.fit(X, Y)


def training():
    return digest(*trained().weights_)


def prediction():
    return digest(trained().predict(X))


def roll_out():
    # The setting has to be there before TensorFlow is imported.
    from .untrained import untrained

    network = RNNRegressor(2, epochs=1, random_state=0, predict_backend="tensorflow")
    forecaster = AutoregressiveForecaster(network, window=4)
    with untrained():
        forecaster.fit(None, X[:, 0, 0])
    return digest(forecaster.forecast(3))


KINDS = {each.__name__: each for each in (training, prediction, roll_out)}


def written_names(folder):
    """Return a list that grows by the name of each program that is written."""
    names, write = [], folder.write

    def recorded(name, content):
        names.append(name)
        return write(name, content)

    folder.write = recorded
    return names


def wait_for_others(meeting, number):
    """Wait until as many processes are here, so that all of them compile at once."""
    (meeting / uuid4().hex).touch()
    deadline = time.monotonic() + 120
    while len(list(meeting.iterdir())) < number and time.monotonic() < deadline:
        time.sleep(0.01)


def run(kinds, meeting, number):
    from skrnn._engine.tensorflow import PROGRAM_FOLDER

    written = [] if PROGRAM_FOLDER is None else written_names(PROGRAM_FOLDER)
    wait_for_others(meeting, number)
    bits = {kind: KINDS[kind]() for kind in kinds}
    return {"bits": bits, "kept": PROGRAM_FOLDER is not None, "written": written}


def main(cache, n_workers, *kinds):
    set_config(compilation_cache=cache)
    number = max(int(n_workers), 1)
    with tempfile.TemporaryDirectory() as meeting:
        task = joblib.delayed(run)(kinds, Path(meeting), number)
        backend = "loky" if int(n_workers) else "sequential"
        parallel = joblib.Parallel(n_jobs=number, backend=backend)
        print(json.dumps(parallel([task] * number)))


if __name__ == "__main__":
    main(*sys.argv[1:])
