"""Predicting many windows, and a few: skrnn and `Model.predict`.

An LSTM of 64 units predicts a million windows of 24 steps and 4 features. skrnn gets
them as `make_windows` lays them out, a view of the rows; Keras gets the same view, of
which it makes a copy, at batch 1024, its default of 32 being five times slower. Each
runs in a process of its own, in turn; memory is the peak over what was held before.
Then eight windows, as in an application that answers: warm, one call at a time.
"""

import time

import numpy as np
from keras_side import build_model, skrnn_regressor
from side_by_side import (
    in_fresh_process,
    parse_arguments,
    peak_mb,
    print_aims,
    print_table,
    reset_peak,
    resident_mb,
)

WINDOW, N_FEATURES, UNITS, BATCH_SIZE = 24, 4, 64, 1024
AIM, AIM_FEW_MS = 1.7, 3.0


def main():
    options = parse_arguments(
        __doc__, windows={"type": int, "default": 1_000_000, "help": "how many"}
    )
    n_windows = min(options.windows, 100_000) if options.quick else options.windows
    ways = {"skrnn": by_skrnn, "Keras": by_keras}
    measured = {name: [] for name in ways}
    for _ in range(2):
        for name, predict in ways.items():
            measured[name].append(in_fresh_process(predict, n_windows))
    best = {name: np.min(times, axis=0) for name, times in measured.items()}
    header = (f"{n_windows} windows", "s", "peak MB", "8 windows, ms")
    print_table(header, [(name, *map(float, row)) for name, row in best.items()])
    ours, theirs = best["skrnn"], best["Keras"]
    print_aims(
        [
            ("bulk: Keras / skrnn", theirs[0] / ours[0], AIM),
            ("memory: Keras / skrnn", theirs[1] / ours[1], None),
            ("8 windows: Keras / skrnn", theirs[2] / ours[2], None),
            ("8 windows: 3 ms / skrnn", AIM_FEW_MS / ours[2], 1),
        ]
    )


def by_skrnn(n_windows):
    windows = view_of_windows(n_windows)
    regressor = skrnn_regressor("LSTM", UNITS, epochs=1)
    regressor.fit(windows[:1000], windows[:1000, -1, 0])
    return measure(regressor.predict, windows)


def by_keras(n_windows):
    model = build_model(WINDOW, N_FEATURES, "LSTM", UNITS)
    return measure(
        lambda X: model.predict(X, batch_size=BATCH_SIZE, verbose=0),
        view_of_windows(n_windows),
    )


def view_of_windows(n_windows):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((n_windows + WINDOW - 1, N_FEATURES), dtype=np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=0)
    return windows.transpose(0, 2, 1)


def measure(predict, windows):
    """Give seconds and peak MB for all windows, and the best ms of a few."""
    few = windows[:8].copy()
    predict(windows[:2048])  # Compiles.
    predict(few)
    reset_peak()
    before = resident_mb()
    start = time.perf_counter()
    predict(windows)
    seconds = time.perf_counter() - start
    peak = peak_mb() - before
    times = []
    for _ in range(50):
        start = time.perf_counter()
        predict(few)
        times.append(time.perf_counter() - start)
    return seconds, peak, 1e3 * min(times)


if __name__ == "__main__":
    main()
