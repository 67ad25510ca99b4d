"""Extrapolating 500 steps, each prediction an input of the next: skrnn and Keras.

An LSTM of 64 units reads windows of 24. Keras does what everybody writes first: one
call of `predict` a step; a hundred of them are timed and count five times. skrnn rolls
out all steps in one compiled call; its first forecast compiles that call, in a process
that has trained but not forecast before. Side by side, both continue 1000 series, which
skrnn's forecaster has learned as columns of a frame.
"""

import time

import numpy as np
from keras_side import build_model, skrnn_regressor
from side_by_side import in_fresh_process, parse_arguments, print_aims, print_table

import skrnn

WINDOW, UNITS, N_STEPS, N_SERIES = 24, 64, 500, 1000
AIM_FIRST, AIM_AFTER, AIM_SERIES = 60, 1000, 8


def main():
    options = parse_arguments(__doc__)
    rounds, keras_steps = (1, 30) if options.quick else (2, 100)
    measured = {"Keras": [], "first": [], "after": [], "Keras many": [], "many": []}
    for _ in range(rounds):
        for times in (
            in_fresh_process(by_keras, keras_steps),
            in_fresh_process(by_skrnn),
        ):
            for name, seconds in times.items():
                measured[name].append(seconds)
    best = {name: min(times) for name, times in measured.items()}
    rows = [
        ("Keras, predict per step, 1 series", best["Keras"]),
        ("skrnn, the first time", best["first"]),
        ("skrnn, after that", best["after"]),
        (f"Keras, predict per step, {N_SERIES} series", best["Keras many"]),
        (f"skrnn, {N_SERIES} series", best["many"]),
    ]
    print_table((f"{N_STEPS} steps", "s"), rows)
    print_aims(
        [
            (
                "1 series: Keras / skrnn, first",
                best["Keras"] / best["first"],
                AIM_FIRST,
            ),
            (
                "1 series: Keras / skrnn, after",
                best["Keras"] / best["after"],
                AIM_AFTER,
            ),
            (
                f"{N_SERIES} series: Keras / skrnn",
                best["Keras many"] / best["many"],
                AIM_SERIES,
            ),
        ]
    )


def by_keras(n_steps):
    """Roll out one and many series; fewer steps count for all."""
    model = build_model(WINDOW, 1, "LSTM", UNITS)
    times = {}
    for name, n_series in (("Keras", 1), ("Keras many", N_SERIES)):
        window = np.zeros((n_series, WINDOW, 1), dtype=np.float32)
        model.predict(window, batch_size=1024, verbose=0)  # Compiles.
        start = time.perf_counter()
        for _ in range(n_steps):
            step = model.predict(window, batch_size=1024, verbose=0)
            window = np.concatenate([window[:, 1:], step[:, None]], axis=1)
        times[name] = (time.perf_counter() - start) * N_STEPS / n_steps
    return times


def by_skrnn():
    forecaster = skrnn.AutoregressiveForecaster(
        skrnn_regressor("LSTM", UNITS, epochs=1), window=WINDOW
    )
    forecaster.fit(None, np.sin(np.arange(300) / 5))
    first, *after = (_seconds(lambda: forecaster.forecast(N_STEPS)) for _ in range(6))
    phases = np.arange(N_SERIES)
    series = np.sin(np.arange(WINDOW + 6)[:, None] / 5 + phases)
    forecaster.set_params(columns="series").fit(None, series)
    many = [_seconds(lambda: forecaster.forecast(N_STEPS)) for _ in range(4)]
    return {"first": first, "after": min(after), "many": min(many)}


def _seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
