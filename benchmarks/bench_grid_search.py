"""A grid search: scikeras against skrnn, and skrnn serially, in threads and in loky.

GridSearchCV on 500 windows of 12 steps, 20 epochs, 4 learning rates x 2 widths x 3
folds: 24 fits and a last one on all windows. Every search runs in a process of its own
with the imports done; skrnn searches twice there, because the second search finds what
the first has compiled. Workers of loky start in the first search, too.
"""

import time

from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from keras_side import random_windows, scikeras_regressor, skrnn_regressor
from side_by_side import in_fresh_process, parse_arguments, print_aims, print_table
from sklearn.model_selection import GridSearchCV

GRID = {"learning_rate": [3e-4, 1e-3, 3e-3, 1e-2], "units": [16, 32]}
N_SAMPLES, N_STEPS, N_FEATURES = 500, 12, 1
EPOCHS, BATCH_SIZE = 20, 32

AIM_FIRST, AIM_SECOND = 7, 18


def main():
    options = parse_arguments(__doc__)
    rounds, epochs = (1, 5) if options.quick else (2, EPOCHS)
    ways = {
        "scikeras": (by_scikeras, epochs),
        "skrnn, serial": (by_skrnn, epochs, None),
        "skrnn, 2 threads": (by_skrnn, epochs, "threading"),
        "skrnn, 2 processes (loky)": (by_skrnn, epochs, "loky"),
    }
    measured = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (search, *settings) in ways.items():
            measured[name].append(in_fresh_process(search, *settings))
    best = {
        name: [min(c) for c in zip(*t, strict=True)] for name, t in measured.items()
    }
    rows = [
        (name, *seconds, *[""] * (2 - len(seconds))) for name, seconds in best.items()
    ]
    print_table(("s per search", "first", "second"), rows)
    (scikeras,), serial = best["scikeras"], best["skrnn, serial"]
    others = {name: best[name] for name in list(ways)[2:]}
    print_aims(
        [
            ("scikeras / skrnn, first search", scikeras / serial[0], AIM_FIRST),
            ("scikeras / skrnn, second search", scikeras / serial[1], AIM_SECOND),
            *(
                (f"{name}: serial / this, {which}", serial[i] / seconds[i], None)
                for name, seconds in others.items()
                for i, which in enumerate(("first", "second"))
            ),
        ]
    )


def by_scikeras(epochs):
    regressor = scikeras_regressor(
        "LSTM", 16, learning_rate=1e-3, epochs=epochs, batch_size=BATCH_SIZE
    )
    return [seconds_of_search(regressor, n_jobs=None)]


def by_skrnn(epochs, backend):
    regressor = skrnn_regressor("LSTM", 16, epochs=epochs, batch_size=BATCH_SIZE)
    if backend is None:
        return [seconds_of_search(regressor, n_jobs=None) for _ in range(2)]
    with parallel_config(backend):
        seconds = [seconds_of_search(regressor, n_jobs=2) for _ in range(2)]
    if backend == "loky":
        # Or this process waits at its end until its workers have idled for minutes.
        get_reusable_executor().shutdown()
    return seconds


def seconds_of_search(regressor, n_jobs):
    X, y = random_windows(N_SAMPLES, N_STEPS, N_FEATURES)
    search = GridSearchCV(
        regressor, GRID, cv=3, scoring="neg_mean_squared_error", n_jobs=n_jobs
    )
    start = time.perf_counter()
    search.fit(X, y)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
