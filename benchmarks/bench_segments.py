"""Time per epoch on long windows, read in segments and step by step.

A GRU of 128 units trains on windows of 720 steps of one long series, which share their
rows: with segment=24 in 30 recurrent steps, with segment=1 in 720. Each runs in a
process of its own, in turn; nothing is counted but epochs. An epoch grows in proportion
to the number of windows (`bench_growth.py`), so that the one step by step trains on a
part of them, and its time is multiplied accordingly; `--all` trains on all.
"""

import numpy as np
from keras_side import EpochClock, skrnn_regressor
from side_by_side import (
    in_fresh_process,
    parse_arguments,
    print_aims,
    print_table,
    take_turns,
)

from skrnn import make_windows

CELL, UNITS, WINDOW, SEGMENT, BATCH_SIZE = "GRU", 128, 720, 24, 32
AIM = 10


def main():
    options = parse_arguments(
        __doc__,
        windows={"type": int, "default": 50_000, "help": "how many"},
        all={"action": "store_true", "help": "step by step, too"},
    )
    n_windows = min(options.windows, 5_000) if options.quick else options.windows
    part = n_windows if options.all else n_windows // 25
    trained = {SEGMENT: n_windows, 1: part}
    best = take_turns(
        {segment: way(segment, n) for segment, n in trained.items()},
        1 if options.quick else 2,
    )
    seconds = {segment: best[segment] * n_windows / n for segment, n in trained.items()}
    header = ("segment", "recurrent steps", "windows", "s", f"s, {n_windows} windows")
    rows = [
        (segment, WINDOW // segment, n, best[segment], seconds[segment])
        for segment, n in trained.items()
    ]
    print_table(header, rows)
    what = f"epoch: segment=1 / segment={SEGMENT}"
    print_aims([(what, seconds[1] / seconds[SEGMENT], AIM)])


def way(segment, n_windows):
    return lambda: in_fresh_process(seconds_per_epoch, segment, n_windows)


def seconds_per_epoch(segment, n_windows):
    rng = np.random.default_rng(0)
    series = rng.standard_normal(n_windows + WINDOW, dtype=np.float32)
    X, y = make_windows(series, window=WINDOW)
    clock = EpochClock()
    skrnn_regressor(
        CELL, UNITS, segment=segment, epochs=1, batch_size=BATCH_SIZE, callbacks=clock
    ).fit(X, y)
    return clock.seconds_per_epoch


if __name__ == "__main__":
    main()
