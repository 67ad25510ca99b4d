"""How the time of an epoch grows with samples, steps and units.

One size grows at a time, the others stay at 4096 windows of 24 steps and 64 units. The
slope is that of the time on double logarithmic scales, over all sizes: 1 is
proportional, below 1 is cheaper than that.
"""

import numpy as np
from keras_side import EpochClock, random_windows, skrnn_regressor, timed_epochs
from side_by_side import parse_arguments, print_table, take_turns

BASE = {"n_samples": 4096, "n_steps": 24, "units": 64}
SIZES = {
    "n_samples": (1024, 4096, 16384, 65536),
    "n_steps": (6, 24, 96, 384),
    "units": (16, 64, 256),
}


def main():
    options = parse_arguments(__doc__)
    rounds = 1 if options.quick else 3
    slopes = []
    for name, sizes in SIZES.items():
        sizes = sizes[:-1] if options.quick else sizes
        best = take_turns({size: epoch_of({name: size}) for size in sizes}, rounds)
        print_table((name, *map(str, sizes)), [("s per epoch", *best.values())])
        log_times = np.log(list(best.values()))
        slopes.append((name, float(np.polyfit(np.log(sizes), log_times, 1)[0])))
    print_table(("growth of an epoch with", "slope"), slopes)


def epoch_of(changed):
    sizes = BASE | changed
    X, y = random_windows(sizes["n_samples"], sizes["n_steps"])
    regressor = skrnn_regressor("LSTM", sizes["units"], epochs=1).fit(X, y)
    return timed_epochs(
        lambda callbacks: regressor.set_params(callbacks=callbacks).fit(X, y),
        EpochClock(),
    )


if __name__ == "__main__":
    main()
