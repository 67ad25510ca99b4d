"""A grid search: scikeras against skrnn, and skrnn serially, in threads and in loky.

GridSearchCV on 500 windows of 12 steps, 20 epochs, 4 learning rates x 2 widths x 3
folds: 24 fits and a last one on all windows. Every search runs in a process of its own
with the imports done; skrnn searches twice there, because the second search finds what
the first has compiled. Workers of loky start in the first search, too.

`--samples 500 2000 8000` shows instead from which size on threads and loky pay: those
numbers of windows, half of the learning rates (12 fits and a last one), no scikeras.
"""

import time
from functools import partial

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
    sizes = {"nargs": "+", "type": int, "help": "numbers of windows, for skrnn alone"}
    options = parse_arguments(__doc__, samples=sizes)
    rounds, epochs = (1, 5) if options.quick else (2, EPOCHS)
    if options.samples:
        compare_sizes(options.samples, rounds, epochs)
    else:
        compare_with_scikeras(rounds, epochs)


def compare_sizes(sizes, rounds, epochs):
    for n_samples in sizes:
        best = best_of(rounds, ways_of_skrnn(epochs, n_samples, n_rates=2))
        rows = [(name, *seconds) for name, seconds in best.items()]
        print_table((f"s per search, {n_samples} windows", "first", "second"), rows)


def compare_with_scikeras(rounds, epochs):
    ways = {"scikeras": partial(by_scikeras, epochs), **ways_of_skrnn(epochs)}
    best = best_of(rounds, ways)
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


def ways_of_skrnn(*settings, **more):
    return {
        "skrnn, serial": partial(by_skrnn, None, *settings, **more),
        "skrnn, 2 threads": partial(by_skrnn, "threading", *settings, **more),
        "skrnn, 2 processes (loky)": partial(by_skrnn, "loky", *settings, **more),
    }


def best_of(rounds, ways):
    """Run searches in turn, and give the best first and second one of each way."""
    measured = {name: [] for name in ways}
    for _ in range(rounds):
        for name, search in ways.items():
            measured[name].append(in_fresh_process(search))
    return {
        name: [min(c) for c in zip(*t, strict=True)] for name, t in measured.items()
    }


def by_scikeras(epochs):
    regressor = scikeras_regressor(
        "LSTM", 16, learning_rate=1e-3, epochs=epochs, batch_size=BATCH_SIZE
    )
    return [seconds_of_search(regressor)]


def by_skrnn(backend, epochs, n_samples=N_SAMPLES, n_rates=None):
    regressor = skrnn_regressor("LSTM", 16, epochs=epochs, batch_size=BATCH_SIZE)
    settings = (regressor, n_samples, n_rates)
    if backend is None:
        return [seconds_of_search(*settings) for _ in range(2)]
    with parallel_config(backend, n_jobs=2):
        seconds = [seconds_of_search(*settings) for _ in range(2)]
    if backend == "loky":
        # Or this process waits at its end until its workers have idled for minutes.
        get_reusable_executor().shutdown()
    return seconds


def seconds_of_search(regressor, n_samples=N_SAMPLES, n_rates=None):
    X, y = random_windows(n_samples, N_STEPS, N_FEATURES)
    grid = {**GRID, "learning_rate": GRID["learning_rate"][:n_rates]}
    search = GridSearchCV(regressor, grid, cv=3, scoring="neg_mean_squared_error")
    start = time.perf_counter()
    search.fit(X, y)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
