"""The default set-up: time of the processor to choose and to train, by size.

`AutoregressiveForecaster()` compares set-ups and trains by a budget of updates, so that
its time grows slowly with the rows. The series are made: a season, a week, a level that
drifts, and noise, all of which are multiplied. The aims are 150 s for 414 series of
hours and 600 s for 10 000 series of months.
"""

import time

import numpy as np
import pandas as pd
from side_by_side import in_fresh_process, parse_arguments, print_aims, print_table

import skrnn

# Number of series, their lengths, freq, rows of a season, steps ahead, and seconds.
PANELS = {
    "120 months": (1, [120], "MS", 12, 12, None),
    "414 series of 700 to 960 hours": (414, [700, 748, 960, 960], "h", 24, 48, 150.0),
    "10 000 series of 60 to 100 months": (
        10_000,
        [60, 72, 84, 100],
        "MS",
        12,
        12,
        600.0,
    ),
}


def main():
    options = parse_arguments(__doc__)
    panels = dict(list(PANELS.items())[: 1 if options.quick else None])
    rows, aims = [], []
    for name, (*panel, n_steps, aim) in panels.items():
        measured = in_fresh_process(learn_and_forecast, panel, n_steps)
        rows.append((name, *measured))
        if aim:
            aims.append((f"aim / fit, {name}", aim / measured[0], 1.0))
    print_table(("", "fit, s", "forecast, s", "window", "estimator"), rows)
    print_aims(aims)


def learn_and_forecast(panel, n_steps):
    """Return seconds of the processor for a fit and a forecast, and what was chosen."""
    y = make_panel(*panel)
    forecaster = skrnn.AutoregressiveForecaster(random_state=0)
    start = time.process_time()
    forecaster.fit(None, y)
    fitted = time.process_time()
    forecaster.forecast(n_steps)
    seconds = fitted - start, time.process_time() - fitted
    return *seconds, forecaster.window_, type(forecaster.estimator_).__name__


def make_panel(n_series, lengths, freq, season):
    """Return series below one another, on an index of their names and of time."""
    random = np.random.default_rng(0)
    series = {}
    for number in range(n_series):
        step = np.arange(lengths[number % len(lengths)])
        phase, size = random.uniform(0, 6), np.exp(random.normal(scale=0.5))
        wave = size * np.sin(2 * np.pi * step / season + phase)
        week = 0.3 * random.normal(size=7).cumsum()[step // season % 7]
        level = 0.02 * random.normal(size=len(step)).cumsum()
        noise = 0.3 * random.normal(size=len(step))
        values = np.exp(random.normal(3, 1) + 0.3 * (wave + week + level + noise))
        index = pd.date_range("2015-07-01", periods=len(step), freq=freq)
        series[f"series {number}"] = pd.Series(values, index)
    return pd.concat(series)


if __name__ == "__main__":
    main()
