"""Time per epoch of autoencoders: skrnn and the same networks in plain Keras.

Rows are the digits, 1797 of 64 pixels: a linear code of 8, a deep one behind layers of
256 and 128 units, and that one with noise. Windows are 2048 of 24 steps and one
feature, read and unrolled by an LSTM of 32 units. All train by batches of 32.
"""

from keras_side import EpochClock, random_windows, timed_epochs
from side_by_side import parse_arguments, print_aims, print_table, take_turns
from sklearn.datasets import load_digits

import skrnn
from skrnn._engine.tensorflow import keras

N_COMPONENTS, UNITS, BATCH_SIZE = 8, 32, 32


def main():
    options = parse_arguments(__doc__)
    rounds, epochs = (2, 5) if options.quick else (5, 20)
    pixels = (load_digits().data / 16).astype("float32")
    windows, _ = random_windows(2048, 24, 1)
    cases = {
        "linear": (pixels, *of_rows(())),
        "deep": (pixels, *of_rows((256, 128))),
        "deep, with noise": (pixels, *of_rows((256, 128), noise=0.1)),
        "LSTM": (windows, *of_windows(windows.shape[1])),
    }
    rows, ratios = [], []
    for name, (X, autoencoder, model) in cases.items():
        best = take_turns(rivals(X, autoencoder, model, epochs), rounds)
        rows.append((name, *(1e3 * seconds for seconds in best.values())))
        ratios.append((f"{name}: Keras / skrnn", best["Keras"] / best["skrnn"], None))
    print_table(("ms per epoch", *best), rows)
    print_aims(ratios)


def of_rows(hidden, noise=0.0):
    """Give skrnn's autoencoder of digits and the same network in Keras."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((64,))])
    if noise:
        model.add(layers.GaussianNoise(noise))
    for width in hidden:
        model.add(layers.Dense(width, "relu"))
    model.add(layers.Dense(N_COMPONENTS))
    for width in hidden[::-1]:
        model.add(layers.Dense(width, "relu"))
    model.add(layers.Dense(64))
    autoencoder = skrnn.Autoencoder(
        N_COMPONENTS, hidden_layer_sizes=hidden, noise=noise, standardize=False
    )
    return autoencoder, model


def of_windows(n_steps):
    """Give skrnn's autoencoder of windows and the same network in Keras."""
    model = keras.Sequential(
        [
            keras.Input((n_steps, 1)),
            keras.layers.LSTM(UNITS),
            keras.layers.Dense(N_COMPONENTS),
            keras.layers.RepeatVector(n_steps),
            keras.layers.LSTM(UNITS, return_sequences=True),
            keras.layers.Dense(1),
        ]
    )
    return skrnn.RecurrentAutoencoder(N_COMPONENTS, units=UNITS), model


def rivals(X, autoencoder, model, epochs):
    model.compile(optimizer="adam", loss="mse")
    autoencoder.set_params(batch_size=BATCH_SIZE, epochs=epochs, random_state=0)

    def by_skrnn(callbacks):
        autoencoder.set_params(callbacks=callbacks).fit(X)

    def by_keras(callbacks):
        model.fit(X, X, BATCH_SIZE, epochs, verbose=0, callbacks=callbacks)

    fits = {"skrnn": by_skrnn, "Keras": by_keras}
    for fit in fits.values():
        fit([])  # Compiles.
    return {name: timed_epochs(fit, EpochClock(skip=1)) for name, fit in fits.items()}


if __name__ == "__main__":
    main()
