"""One pass over a file of 6 GB, and its predictions: resident memory beside its size.

Rows of 64 float32 columns lie in a temporary file, which is removed at the end. An RNN
of 4 units learns in one pass, chunk by chunk, to tell the first column of a row from
the 8 rows before it, and then predicts all rows. Resident memory is all that the
process holds (VmRSS), pages of mapped files included: sampled every 10 ms, and as the
kernel's own peak (VmHWM). It counts from a process that has trained the same network on
a few rows; what TensorFlow took until then is printed as well.
"""

import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from side_by_side import (
    in_fresh_process,
    parse_arguments,
    peak_mb,
    print_aims,
    print_table,
    reset_peak,
    resident_mb,
)

from skrnn import RNNRegressor, iter_windows

WINDOW, N_COLUMNS, UNITS, BATCH_SIZE = 8, 64, 4, 4096
AIM_MB = 1000.0


def main():
    options = parse_arguments(
        __doc__,
        megabytes={"type": int, "default": 6000, "help": "size of the file"},
        folder={"help": "where the file is written; the system's by default"},
    )
    megabytes = min(options.megabytes, 500) if options.quick else options.megabytes
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "rows.float32"
        n_rows = write_rows(path, megabytes)
        size = path.stat().st_size / 1e6
        measured = in_fresh_process(train_and_predict, path, n_rows)
    print_table(
        (f"{n_rows} rows, {size:.0f} MB", "training", "prediction"),
        [
            (name, *(measured[part][key] for part in ("training", "prediction")))
            for name, key in (
                ("peak above the start, sampled, MB", "sampled"),
                ("peak above the start, kernel's, MB", "peak"),
                ("held at the start, MB", "start"),
                ("s", "seconds"),
                ("million rows a second", "rate"),
            )
        ],
    )
    print(f"Mean squared error in variances: {measured['error']:.3f}\n")
    peak = max(measured[part]["peak"] for part in ("training", "prediction"))
    print_aims(
        [
            ("1 GB / peak", AIM_MB / peak, 1),
            ("size of the file / peak", size / peak, None),
        ]
    )


def write_rows(path, megabytes):
    """Write noise around a level that drifts, of which a row tells half of the next."""
    random = np.random.default_rng(0)
    n_rows = int(megabytes * 1e6) // (4 * N_COLUMNS)
    block = random.standard_normal((50_000, N_COLUMNS), dtype=np.float32)
    block[1:, 0] += block[:-1, 1]
    with path.open("wb") as file:
        for first in range(0, n_rows, len(block)):
            level = np.float32(10 + first / n_rows)
            (block[: n_rows - first] + level).tofile(file)
    return n_rows


def train_and_predict(path, n_rows, chunk_size=65_536):
    """Train and predict in this process; give MB, seconds and the error."""
    rows = np.memmap(path, np.float32, "r", shape=(n_rows, N_COLUMNS))
    settings = {"batch_size": BATCH_SIZE, "learning_rate": 0.01, "random_state": 0}
    model = RNNRegressor(UNITS, **settings)

    def chunks(part):
        return iter_windows(part, WINDOW, target=part[:, 0], chunk_size=chunk_size)

    for X, y in chunks(rows[: 2 * chunk_size]):  # TensorFlow itself is large.
        model.partial_fit(X, y).predict(X)
    model = RNNRegressor(UNITS, **settings)
    measured = {}
    with measuring(measured, "training", n_rows):
        for X, y in chunks(rows):
            model.partial_fit(X, y)
    errors = []
    with measuring(measured, "prediction", n_rows):
        for X, y in chunks(rows):
            errors.append(((model.predict(X) - y) ** 2).mean())
    return {**measured, "error": np.mean(errors) / model.scaling_.y_scale[0] ** 2}


@contextmanager
def measuring(measured, name, n_rows):
    """Measure memory above the start, and seconds, of what is done meanwhile."""
    done, sampled = threading.Event(), []

    def sample():
        while not done.wait(0.01):
            sampled.append(resident_mb())

    start = resident_mb()
    reset_peak()
    thread = threading.Thread(target=sample)
    thread.start()
    begin = time.perf_counter()
    try:
        yield
    finally:
        done.set()
        thread.join()
    seconds = time.perf_counter() - begin
    measured[name] = {
        "sampled": max(sampled, default=start) - start,
        "peak": peak_mb() - start,
        "start": start,
        "seconds": seconds,
        "rate": n_rows / seconds / 1e6,
    }


if __name__ == "__main__":
    main()
