"""A long life in one process: many fits and very many small predictions.

Several networks take turns, as in a service that learns anew every night and answers
all day. Resident memory is read after a warm-up, in which each of them is compiled, and
then after each tenth of the work: it should stay where it is. So should the time of a
call; the last tenth is compared with the first one. Linux only.
"""

import gc
import time

import numpy as np
from side_by_side import parse_arguments, print_table, resident_mb

from skrnn import (
    Autoencoder,
    AutoregressiveForecaster,
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
)

SETTINGS = {"units": 4, "epochs": 1, "random_state": 0}
N_TENTHS = 10
AIM_MB, AIM_RATIO = 20, 1.2


def main():
    options = parse_arguments(__doc__)
    n_fits, n_predictions = (100, 5000) if options.quick else (1000, 100_000)
    rng = np.random.default_rng(0)
    windows, rows = rng.normal(size=(64, 12, 2)), rng.normal(size=(64, 5))
    y = rng.normal(size=64)
    forecaster = AutoregressiveForecaster(GRURegressor(**SETTINGS), window=6)
    autoencoder = Autoencoder(2, epochs=1, random_state=0)
    estimators = [
        *((cls(**SETTINGS), (windows, y)) for cls in (RNNRegressor, LSTMRegressor)),
        (GRURegressor(bidirectional=True, **SETTINGS), (windows, y)),
        (LSTMRegressor(dense_after=(3,), dropout=0.1, **SETTINGS), (windows, y)),
        (autoencoder, (rows,)),
        (forecaster, (None, y)),
    ]
    asks = [
        lambda: estimators[0][0].predict(windows[:1]),
        lambda: estimators[1][0].predict(windows[:8]),
        lambda: estimators[2][0].predict(windows[:3]),
        lambda: estimators[3][0].predict(windows[:1]),
        lambda: autoencoder.transform(rows[:4]),
        lambda: forecaster.forecast(5),
    ]
    fits = [lambda each=each, data=data: each.fit(*data) for each, data in estimators]
    lives = {"fits": live(fits, n_fits), "predictions": live(asks, n_predictions)}
    for name, (memory, seconds) in lives.items():
        header = (name, *(f"{i + 1}/{N_TENTHS}" for i in range(N_TENTHS)))
        milliseconds = [f"{1000 * each:.2f}" for each in seconds]
        grown = [f"{each:+.1f}" for each in memory]
        print_table(header, [("MB grown", *grown), ("ms a call", *milliseconds)])
    print_table(
        ("long life", "number", "MB grown", "aim", "last / first tenth", "aim"),
        [
            (name, n, memory[-1], f"< {AIM_MB}", seconds[-1] / seconds[0], AIM_RATIO)
            for (name, (memory, seconds)), n in zip(
                lives.items(), (n_fits, n_predictions), strict=True
            )
        ],
    )


def live(calls, n_calls):
    """Make calls in turn; give memory grown and seconds a call after each tenth."""
    for call in 5 * calls:  # The first ones load, compile and fill caches.
        call()
    gc.collect()
    start, memory, seconds = resident_mb(), [], []
    for _ in range(N_TENTHS):
        begin = time.process_time()
        for i in range(n_calls // N_TENTHS):
            calls[i % len(calls)]()
        # The time of the processor, which other programs do not lengthen as much.
        seconds.append((time.process_time() - begin) / (n_calls // N_TENTHS))
        gc.collect()
        memory.append(resident_mb() - start)
    return memory, seconds


if __name__ == "__main__":
    main()
