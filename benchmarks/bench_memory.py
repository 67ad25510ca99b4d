"""Memory that a fit leaves behind: many fits of one network in one process.

Resident memory is read after the first fits, which load and compile, and after many
more; the difference is what every further fit costs for ever. Keras builds a new model
for each fit, with and without `clear_session`, as a search does. Linux only.
"""

import gc

from keras_side import (
    build_model,
    keras,
    random_windows,
    scikeras_regressor,
    skrnn_regressor,
)
from side_by_side import (
    in_fresh_process,
    parse_arguments,
    print_aims,
    print_table,
    resident_mb,
)

CELL, UNITS, EPOCHS, WARM_UP = "LSTM", 32, 2, 5

AIM = 0.1  # MB


def main():
    options = parse_arguments(__doc__)
    many, few = (20, 5) if options.quick else (200, 20)
    ways = {
        "skrnn": (by_skrnn, many),
        "Keras": (by_keras, few),
        "Keras, clear_session": (by_cleared_keras, few),
        "scikeras": (by_scikeras, few),
    }
    growth = {
        name: in_fresh_process(growth_per_fit, fit, n_fits)
        for name, (fit, n_fits) in ways.items()
    }
    rows = [(name, n, growth[name]) for name, (_, n) in ways.items()]
    print_table(("memory growth", "fits", "MB per fit"), rows)
    # As a ratio: how much of what is allowed is used.
    print_aims([("0.1 MB / skrnn's growth", AIM / max(growth["skrnn"], 1e-3), 1)])


def growth_per_fit(fit, n_fits):
    X, y = random_windows(200, 12)
    for _ in range(WARM_UP):
        fit(X, y)
    gc.collect()
    before = resident_mb()
    for _ in range(n_fits):
        fit(X, y)
    gc.collect()
    return (resident_mb() - before) / n_fits


def by_skrnn(X, y):
    skrnn_regressor(CELL, UNITS, epochs=EPOCHS).fit(X, y)


def by_keras(X, y):
    build_model(*X.shape[1:], CELL, UNITS).fit(X, y, epochs=EPOCHS, verbose=0)


def by_cleared_keras(X, y):
    by_keras(X, y)
    keras.backend.clear_session()


def by_scikeras(X, y):
    scikeras_regressor(CELL, UNITS, epochs=EPOCHS).fit(X, y)


if __name__ == "__main__":
    main()
