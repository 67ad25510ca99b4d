"""Time per epoch on thousands of windows: skrnn, Keras and PyTorch.

64 units on windows of 4 features. All train the same network by Adam, in turn, an
epoch at a time; PyTorch does so in a process of its own. Nothing is counted but epochs.
"""

import subprocess
import sys
from pathlib import Path

from keras_side import (
    EpochClock,
    build_model,
    random_windows,
    skrnn_regressor,
    timed_epochs,
)
from side_by_side import parse_arguments, print_aims, print_table, take_turns

UNITS, N_FEATURES = 64, 4

# Cell, samples, steps, batch size; times faster than Keras, and than PyTorch.
CASES = {
    ("LSTM", 8192, 24, 32): (2.5, 1.0),
    ("GRU", 8192, 24, 32): (4.0, 3.0),
    ("RNN", 8192, 24, 32): (5.0, 3.0),
    ("LSTM", 8192, 24, 256): (1.5, None),
    ("LSTM", 2048, 200, 32): (2.0, None),
}


def main():
    options = parse_arguments(
        __doc__,
        torch_python={
            "default": sys.executable,
            "help": "interpreter that has PyTorch, if this one has not",
        },
        torch_threads={
            "default": "1",
            "help": "of PyTorch, 0 for its own choice, which crawls on a busy machine",
        },
    )
    rows, ratios = [], []
    for case, (aim, aim_torch) in CASES.items():
        pytorch = PyTorch(options.torch_python, options.torch_threads, *case)
        try:
            best = take_turns(rivals(*case, pytorch), 2 if options.quick else 5)
        finally:
            pytorch.stop()
        name = "{}, {} x {}, batch {}".format(*case)
        print(f"{name}: done", flush=True)
        rows.append(
            (name, *(_ms(best, rival) for rival in ("skrnn", "Keras", "PyTorch")))
        )
        ratios.append((f"{name}: Keras / skrnn", best["Keras"] / best["skrnn"], aim))
        if "PyTorch" in best:
            ratio = best["PyTorch"] / best["skrnn"]
            ratios.append((f"{name}: PyTorch / skrnn", ratio, aim_torch))
    print(f"\nPyTorch: {pytorch.version}")
    print_table(("ms per epoch", "skrnn", "Keras", "PyTorch"), rows)
    print_aims(ratios)


def rivals(cell, n_samples, n_steps, batch_size, pytorch):
    X, y = random_windows(n_samples, n_steps, N_FEATURES)
    model = build_model(n_steps, N_FEATURES, cell, UNITS)
    ours = skrnn_regressor(cell, UNITS, batch_size=batch_size, epochs=1)

    def by_keras(callbacks):
        model.fit(X, y, batch_size=batch_size, verbose=0, callbacks=callbacks)

    def by_skrnn(callbacks):
        ours.set_params(callbacks=callbacks).fit(X, y)

    fits = {"skrnn": by_skrnn, "Keras": by_keras}
    for fit in fits.values():
        fit([])  # Compiles.
    timed = {name: timed_epochs(fit, EpochClock()) for name, fit in fits.items()}
    return timed | ({"PyTorch": pytorch.train_epoch} if pytorch.present else {})


class PyTorch:
    """An idle process that trains an epoch when it is told to."""

    def __init__(self, python, threads, cell, n_samples, n_steps, batch_size):
        sizes = (UNITS, n_samples, n_steps, N_FEATURES, batch_size)
        script = Path(__file__).with_name("pytorch_epoch.py")
        self._process = subprocess.Popen(
            [python, script, threads, cell, *map(str, sizes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = self._process.stdout.readline().strip()
        self.present = self.version != "absent"
        if self.present:
            self.train_epoch()

    def train_epoch(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def stop(self):
        self._process.stdin.close()
        self._process.wait()


def _ms(best, rival):
    return 1e3 * best[rival] if rival in best else "-"


if __name__ == "__main__":
    main()
