"""Searches in new processes, with and without compiled networks kept on disk.

Two searches by GridSearchCV on 300 rows, 3 epochs each: 24 fits of one architecture
(8 learning rates x 3 folds), and 27 fits of nine (3 windows x 3 numbers of units x 3
folds). Each runs once without the cache, with an empty one, and with what that left, in
a process of its own; under loky, its two workers are new, too. Imports count only under
loky, whose workers make them in the search. Seconds of the processor, children
included, are what another program on the machine moves least.
"""

import itertools
import os
import tempfile
import time
from importlib import import_module

import numpy as np
from joblib import parallel_config
from joblib.externals.loky import get_reusable_executor
from side_by_side import in_fresh_process, parse_arguments, print_table
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

import skrnn

N_ROWS, EPOCHS = 300, 3
GRIDS = {
    "24 fits of one architecture": {
        "lstmregressor__learning_rate": np.geomspace(1e-3, 1e-2, 8).tolist()
    },
    "9 x 3 fits of nine": {
        "slidingwindow__window": [8, 12, 16],
        "lstmregressor__units": [8, 16, 32],
    },
}


def main():
    ways = {"default": "serial loky", "help": "serial, loky or both"}
    options = parse_arguments(__doc__, ways=ways)
    chosen = ["serial"] if options.quick else options.ways.split()
    rows = [
        (name, way, kind, *seconds)
        for name, way in itertools.product(GRIDS, chosen)
        for kind, seconds in in_turn(GRIDS[name], way).items()
    ]
    print_table(("search", "way", "cache", "s", "processor, s"), rows)


def in_turn(grid, way):
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"none": False, "empty": folder, "filled": folder}
        return {
            kind: in_fresh_process(seconds_of_search, grid, way, cache)
            for kind, cache in kinds.items()
        }


def seconds_of_search(grid, way, cache):
    """Search; give seconds by the clock and of the processor."""
    skrnn.set_config(compilation_cache=cache)
    import_module("skrnn._engine.training")  # TensorFlow, which does not count.

    noise = np.random.default_rng(0).normal(scale=0.1, size=(N_ROWS, 1))
    X = np.sin(np.arange(N_ROWS) / 5)[:, None] + noise
    network = skrnn.LSTMRegressor(16, epochs=EPOCHS, random_state=0)
    model = make_pipeline(skrnn.SlidingWindow(12, gap=1), network)
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(3), refit=False)
    start, used = time.perf_counter(), os.times()
    with parallel_config("loky" if way == "loky" else "sequential", n_jobs=2):
        search.fit(X, X[:, 0])
    wall = time.perf_counter() - start
    if way == "loky":
        get_reusable_executor().shutdown()  # Children count when they have ended.
    return wall, sum(os.times()[:4]) - sum(used[:4])


if __name__ == "__main__":
    main()
