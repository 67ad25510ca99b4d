"""A GPU: correct first, then epochs, predictions and roll-outs beside Keras with cuDNN.

Every kind of network is trained and predicts on the CPU, then by XLA and by one graph
with cuDNN on the GPU, without TF32, and has to give the same numbers; dropout, which
XLA draws in another way, is left out. Then, with TensorFlow's own settings, skrnn each
way and Keras's `fit` and `predict` take turns. All of it is made to take less than five
minutes.

On a machine without a GPU the ways are those of the CPU, in small sizes: that shows
that the script runs, and measures nothing.
"""

import time
from unittest import mock

import numpy as np
from keras_side import (
    EpochClock,
    build_model,
    random_windows,
    skrnn_regressor,
    timed_epochs,
)
from side_by_side import parse_arguments, print_aims, print_table, take_turns

import skrnn
from skrnn._engine import training
from skrnn._engine.tensorflow import keras, tf

HAS_GPU = bool(tf.config.list_logical_devices("GPU"))
REFERENCE = ("cpu", "xla")
WAYS = [("gpu", "xla"), ("gpu", "graph")] if HAS_GPU else [("cpu", "graph")]
TOLERANCE = 1e-3

# Samples, steps, features, units and batch size; times faster than Keras, and epochs of
# a fit, of which the first one, with the start of cuDNN, does not count. A CPU would
# take minutes for the last one.
EPOCHS = {
    (10, 2, 1, 200, 32): (10, 101),
    (8192, 24, 4, 64, 32): (1, 3),
    (65_536, 96, 8, 256, 256): (1, 2),
}
N_WINDOWS, WINDOW, N_FEATURES, UNITS = 1_000_000, 24, 4, 64
N_SERIES, N_STEPS, KERAS_STEPS = 1000, 100, 10


def main():
    options = parse_arguments(__doc__)
    print("GPU:", ", ".join(_gpus()) or "none. This measures nothing.")
    small = options.quick or not HAS_GPU
    rounds = 1 if small else 2
    tf.config.experimental.enable_tensor_float_32_execution(False)
    correct = check_all()
    tf.config.experimental.enable_tensor_float_32_execution(True)
    rows, ratios = [], []
    for sizes, (aim, n_epochs) in EPOCHS.items():
        measure_epochs(small, rounds, sizes, n_epochs, aim, rows, ratios)
    measure_predictions(small, rounds, rows, ratios)
    measure_roll_outs(small, rounds, rows, ratios)
    names = ["skrnn", *map(" ".join, [REFERENCE, *WAYS]), "Keras"]
    print_table(("ms", *names), rows)
    print_aims(ratios)
    if not correct:
        raise SystemExit("Some numbers differ: see DIFFERS above.")


def check_all():
    """Compare each way with the CPU; return whether all numbers agree."""
    rows = []
    for name, run in CHECKS.items():
        expected = by_way(REFERENCE, run)
        errors = [_error(by_way(way, run), expected) for way in WAYS]
        agrees = max(errors) < TOLERANCE
        rows.append((name, *errors, "" if agrees else "DIFFERS"))
    header = ("greatest error, no TF32", *map(" ".join, WAYS), "")
    print_table(header, rows)
    return not any(row[-1] for row in rows)


def by_way(way, run):
    """Run by a device and an execution, and fail if Keras's own loop had to train."""
    skrnn.set_config(device=way[0], execution=way[1])
    with mock.patch.object(training, "keras_fit", _refuse):
        return run()


def regressor(cell="LSTM", **settings):
    settings = {"epochs": 2, "predict_backend": "tensorflow", **settings}
    return skrnn_regressor(cell, 8, **settings)


def fit_and_predict(model, *, gaps=False, n_targets=1):
    """Return a function that fits a regressor and predicts, some steps missing."""

    def run():
        X, y = random_windows(60, 6)
        X = X.copy()
        if gaps:
            X[3, :2] = X[8, :4] = X[9, 3] = np.nan
        y = y[:, None] * np.arange(1, n_targets + 1)
        return model.fit(X, y.squeeze()).predict(X)

    return run


def fit_by_keras(model):
    """Return a function that does so by Keras's own loop."""
    run = fit_and_predict(model, gaps=True)

    def by_keras():
        with mock.patch.object(training, "keras_fit", KERAS_FIT):
            return run()

    return by_keras


def export():
    X, y = random_windows(60, 6)
    model = regressor(bidirectional=True).fit(X, y)
    X = X.copy()
    X[3, :2] = X[9, 3] = np.nan
    return model.to_keras()(X).numpy()


def roll_out():
    forecaster = skrnn.AutoregressiveForecaster(regressor("GRU"), window=6)
    return forecaster.fit(None, np.sin(np.arange(80) / 5)).forecast(20)


def copy_windows():
    X, _ = random_windows(60, 6)
    model = skrnn.RecurrentAutoencoder(3, units=8, epochs=2, random_state=0).fit(X)
    return model.inverse_transform(model.transform(X))


def copy_rows():
    X, _ = random_windows(60, 6)
    model = skrnn.VariationalAutoencoder(3, epochs=2, random_state=0).fit(X[:, 0])
    return model.inverse_transform(model.transform(X[:, 0]))


CHECKS = {
    "LSTM": fit_and_predict(regressor()),
    "GRU": fit_and_predict(regressor("GRU")),
    "RNN": fit_and_predict(regressor("RNN")),
    "missing steps": fit_and_predict(regressor(incomplete="mask"), gaps=True),
    "bidirectional": fit_and_predict(regressor("GRU", bidirectional=True)),
    "l2": fit_and_predict(regressor(l2=0.01)),
    "parallel decoder": fit_and_predict(
        regressor(decoder="parallel", segment=2), n_targets=4
    ),
    "stateful": fit_by_keras(
        regressor(stateful=True, batch_size=20, incomplete="mask")
    ),
    "batch callback": fit_by_keras(
        regressor(
            incomplete="mask",
            callbacks=[
                keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: 0)
            ],
        )
    ),
    "exported": export,
    "roll-out": roll_out,
    "autoencoder of windows": copy_windows,
    "variational, of rows": copy_rows,
}
KERAS_FIT = training.keras_fit


def measure_epochs(small, rounds, sizes, n_epochs, aim, rows, ratios):
    n_samples, n_steps, n_features, units, batch_size = sizes
    if small:
        n_samples, units = min(n_samples, 512), min(units, 16)
    X, y = random_windows(n_samples, n_steps, n_features)
    model = build_model(n_steps, n_features, "LSTM", units)

    def by_keras(callbacks):
        settings = {"batch_size": batch_size, "epochs": n_epochs, "verbose": 0}
        model.fit(X, y, callbacks=callbacks, **settings)

    def by_skrnn(way):
        settings = {"batch_size": batch_size, "epochs": n_epochs}
        ours = skrnn_regressor("LSTM", units, **settings)

        def fit(callbacks):
            skrnn.set_config(device=way[0], execution=way[1])
            ours.set_params(callbacks=callbacks).fit(X, y)

        return fit

    ways = _ways(with_cpu=small or units < 256)
    fits = {way: by_skrnn(way) for way in ways} | {"Keras": by_keras}
    rivals = {way: timed_epochs(fit, EpochClock(1)) for way, fit in fits.items()}
    name = f"epoch, {n_samples} x {n_steps} x {n_features}, {units} units"
    _report(name, take_turns(rivals, rounds), aim, rows, ratios)


def measure_predictions(small, rounds, rows, ratios):
    n_windows = 20_000 if small else N_WINDOWS
    X, y = random_windows(n_windows, WINDOW, N_FEATURES)
    model = build_model(WINDOW, N_FEATURES, "LSTM", UNITS)
    ours = skrnn_regressor("LSTM", UNITS, epochs=1).fit(X[:1000], y[:1000])

    def by_skrnn(way):
        skrnn.set_config(device=way[0], execution=way[1])
        ours.predict(X)

    def by_keras():
        model.predict(X, batch_size=1024, verbose=0)

    rivals = {way: lambda way=way: by_skrnn(way) for way in _ways(with_cpu=small)}
    rivals["Keras"] = by_keras
    _compile_and_report(f"{n_windows} windows", rivals, rounds, rows, ratios)


def measure_roll_outs(small, rounds, rows, ratios):
    n_series, n_steps = (50, 10) if small else (N_SERIES, N_STEPS)
    phases = np.arange(n_series)
    series = np.sin(np.arange(WINDOW + 6)[:, None] / 5 + phases)
    inner = skrnn_regressor("LSTM", UNITS, epochs=1, predict_backend="tensorflow")
    ours = skrnn.AutoregressiveForecaster(inner, window=WINDOW, columns="series")
    ours.fit(None, series)
    model = build_model(WINDOW, 1, "LSTM", UNITS)

    def by_skrnn(way):
        skrnn.set_config(device=way[0], execution=way[1])
        ours.forecast(n_steps)

    def by_keras():
        window = np.zeros((n_series, WINDOW, 1), dtype=np.float32)
        start = time.perf_counter()
        for _ in range(KERAS_STEPS):
            step = model.predict(window, batch_size=1024, verbose=0)
            window = np.concatenate([window[:, 1:], step[:, None]], axis=1)
        return (time.perf_counter() - start) * n_steps / KERAS_STEPS

    rivals = {way: lambda way=way: by_skrnn(way) for way in _ways(with_cpu=True)}
    rivals["Keras"] = by_keras
    name = f"{n_series} roll-outs of {n_steps} steps"
    _compile_and_report(name, rivals, rounds, rows, ratios)


def _compile_and_report(name, rivals, rounds, rows, ratios):
    for run in rivals.values():
        run()  # Compiles.
    _report(name, take_turns(rivals, rounds), 1, rows, ratios)


def _report(name, best, aim, rows, ratios):
    print(f"{name}: done", flush=True)
    columns = [("auto", "auto"), REFERENCE, *WAYS, "Keras"]
    rows.append((name, *(1e3 * best[way] if way in best else "-" for way in columns)))
    ratio = best["Keras"] / best["auto", "auto"]
    ratios.append((f"{name}: Keras / skrnn", ratio, aim if HAS_GPU else None))


def _ways(with_cpu):
    return [("auto", "auto"), *([REFERENCE] if with_cpu else []), *WAYS]


def _gpus():
    devices = tf.config.list_physical_devices("GPU")
    details = (tf.config.experimental.get_device_details(each) for each in devices)
    return [each.get("device_name", "unknown") for each in details]


def _error(values, expected):
    return float(np.max(np.abs(values - expected)) / np.std(expected))


def _refuse(*args):
    raise AssertionError("Keras's own loop trained, and no compiled epoch.")


if __name__ == "__main__":
    main()
