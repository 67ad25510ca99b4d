"""Time per epoch on ten samples: what the machinery around the arithmetic costs.

Ten windows of 2 steps, 200 units, batch 32: the size of a lecture's example, and of
what people try first. skrnn, `Model.fit` and scikeras train the same network in turn;
the time is that of an epoch, without building and compiling.
"""

from keras_side import (
    EpochClock,
    build_model,
    random_windows,
    scikeras_regressor,
    skrnn_regressor,
    timed_epochs,
)
from side_by_side import parse_arguments, print_aims, print_table, take_turns

AIM = 20
UNITS, BATCH_SIZE = 200, 32


def main():
    options = parse_arguments(__doc__)
    rounds, few, many = (2, 10, 100) if options.quick else (4, 30, 300)
    X, y = random_windows(10, 2, 1)
    rows, ratios = [], []
    for cell in ("LSTM", "GRU", "RNN"):
        best = take_turns(rivals(cell, X, y, few, many), rounds)
        rows.append((cell, *(1e3 * seconds for seconds in best.values())))
        for rival in ("Keras", "scikeras"):
            aim = AIM if rival == "Keras" else None
            ratios.append(
                (f"{cell}, {rival} / skrnn", best[rival] / best["skrnn"], aim)
            )
    print_table(("ms per epoch", *best), rows)
    print_aims(ratios)


def rivals(cell, X, y, few, many):
    model = build_model(*X.shape[1:], cell, UNITS)
    ours = skrnn_regressor(cell, UNITS, batch_size=BATCH_SIZE, epochs=many)
    theirs = scikeras_regressor(cell, UNITS, batch_size=BATCH_SIZE, epochs=few)

    def by_keras(callbacks):
        model.fit(X, y, BATCH_SIZE, few, verbose=0, callbacks=callbacks)

    def by_skrnn(callbacks):
        ours.set_params(callbacks=callbacks).fit(X, y)

    def by_scikeras(callbacks):
        theirs.set_params(callbacks=callbacks).fit(X, y)

    fits = {"skrnn": by_skrnn, "Keras": by_keras, "scikeras": by_scikeras}
    for fit in fits.values():
        fit([])  # Compiles.
    return {name: timed_epochs(fit, EpochClock(skip=1)) for name, fit in fits.items()}


if __name__ == "__main__":
    main()
