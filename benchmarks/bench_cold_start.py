"""What a service pays that only predicts, from a fresh interpreter to its answer.

Each program loads a fitted Pipeline (windows and an LSTM) or a forecaster from a
pickle, predicts once, and says how much memory it has taken at most. NumPy computes the
forward pass in one, a compiled program of TensorFlow's in the other; nothing else
differs.
"""

import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from side_by_side import parse_arguments, print_aims, print_table, take_turns
from sklearn.pipeline import make_pipeline

from skrnn import AutoregressiveForecaster, LSTMRegressor, SlidingWindow

BACKENDS = ("numpy", "tensorflow")
PROGRAM = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    model, X = pickle.load(file)
model.predict(X)
with open("/proc/self/status") as file:
    (most,) = (line.split()[1] for line in file if line.startswith("VmHWM"))
print(most, "tensorflow" in sys.modules)
"""


def main():
    options = parse_arguments(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        stored = store_models(Path(folder))
        memory = {}
        rivals = {name: runner(path, memory) for name, path in stored.items()}
        best = take_turns(rivals, 1 if options.quick else 5)
    print_table(("s from a cold start to an answer", ""), best.items())
    print_table(("MB taken at most", ""), memory.items())
    ratios = []
    for task in ("a pipeline", "a forecaster"):
        ours, theirs = (f"{task}, {backend}" for backend in BACKENDS)
        for unit, of in (("s", best), ("MB", memory)):
            ratios.append(
                (f"{task}: {unit}, TensorFlow / NumPy", of[theirs] / of[ours], 2)
            )
    print_aims(ratios)


def store_models(folder):
    """Store what is fitted once, and asked with either backend."""
    rows = np.random.default_rng(0).normal(size=(300, 3)).cumsum(axis=0)
    stored = {}
    for backend in BACKENDS:
        model = LSTMRegressor(epochs=1, predict_backend=backend, random_state=0)
        tasks = {
            "a pipeline": (
                make_pipeline(SlidingWindow(24), model).fit(rows, rows[:, 0]),
                rows[-30:],
            ),
            "a forecaster": (
                AutoregressiveForecaster(model, window=24).fit(None, rows[:, 0]),
                np.empty((24, 0)),
            ),
        }
        for task, asked in tasks.items():
            path = folder / f"{task}, {backend}.pickle"
            path.write_bytes(pickle.dumps(asked))
            stored[path.stem] = path
    return stored


def runner(path, memory):
    def run():
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, path],
            check=True,
            capture_output=True,
            text=True,
        )
        kilobytes, loaded = done.stdout.split()
        assert loaded == str("tensorflow" in path.stem)
        memory[path.stem] = int(kilobytes) / 1024

    return run


if __name__ == "__main__":
    main()
