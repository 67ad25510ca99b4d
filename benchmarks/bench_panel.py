"""One network for many series: peak memory and time, beside laid-out windows.

A GRU of 16 units learns from 10 000 series of 200 steps, with windows of 48 steps that
are shifted by their last value each, and forecasts 12 steps of every series. What
stands in memory beside the network are rows, targets, and a place and a shift for each
window; laid out, the windows alone would take the bytes in the last line of the table.
"""

import time

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

import skrnn

WINDOW, N_STEPS, N_ROWS = 48, 12, 200


def main():
    options = parse_arguments(__doc__)
    n_series = 1000 if options.quick else 10_000
    measured = in_fresh_process(learn_and_forecast, n_series)
    laid_out = n_series * (N_ROWS - WINDOW) * WINDOW * 8 / 1e6
    rows = [
        ("rows of the series, MB", n_series * N_ROWS * 8 / 1e6),
        ("peak above the start, fit of one epoch, MB", measured["fit"]),
        ("peak above the start, forecast, MB", measured["forecast"]),
        ("seconds, fit of one epoch, compilation included", measured["seconds"]),
        ("windows of float64, if they were laid out, MB", laid_out),
    ]
    print_table((f"{n_series} series of {N_ROWS} steps", ""), rows)
    print_aims([("laid-out windows / peak of fit", laid_out / measured["fit"], None)])


def learn_and_forecast(n_series):
    """Train and forecast in a process that has trained a small panel before."""
    random = np.random.default_rng(0)
    y = random.normal(size=(N_ROWS, n_series)).cumsum(axis=0)
    network = skrnn.GRURegressor(16, epochs=1, batch_size=1024, random_state=0)
    forecaster = skrnn.AutoregressiveForecaster(
        network, window=WINDOW, normalize="last", columns="series"
    )
    forecaster.fit(None, y[:, :10]).forecast(N_STEPS)  # TensorFlow itself is large.
    measured = {}
    for name, run in (
        ("fit", lambda: forecaster.fit(None, y)),
        ("forecast", lambda: forecaster.forecast(N_STEPS)),
    ):
        before = resident_mb()
        reset_peak()
        start = time.perf_counter()
        run()
        measured.setdefault("seconds", time.perf_counter() - start)
        measured[name] = peak_mb() - before
    return measured


if __name__ == "__main__":
    main()
