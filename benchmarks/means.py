"""Whether forecasts of skewed series are means: losses, a logarithm, distributions.

Not a speed benchmark. The series are made, 40 monthly ones of ten years with a season,
so that the mean of each row to forecast is known: amounts (lognormal, around a level
that drifts and returns), counts (negative binomial, whose variance is far above the
mean), and intermittent demand (0 in 70 of 100 months). A forecast of the last twelve
months is compared with these means:

- "sum" is the sum of all forecasts in units of the sum of the means. 1 is right, less
  is too low, as medians of skewed series are. It is the mean over panels; "from" and
  "to" are the lowest and the highest.
- "RMSSE" is the root mean squared error beside the observations, in units of that of
  the means themselves: 1 is the best that can be reached.

All networks are the same GRU, which reads and forecasts a year at once, but for the
loss or the likelihood. Series are scaled by their sizes alone, unless "meanstd" says
``normalize="meanstd"``. "mse, log" learns logarithms, of y + 1 if there are zeros.
"likelihood" is ``distribution="negative_binomial"`` of counts, and "normal" with
``log=True`` of amounts; of "paths", 500, the mean is taken. "default" is
`AutoregressiveForecaster()`, whose network learns medians, and "default, mse" the same
with ``loss="mse"``.
"""

import time
import warnings
from functools import partial

import numpy as np
import pandas as pd
from side_by_side import parse_arguments, print_table
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster, GRURegressor

N_SERIES, N_ROWS, HORIZON = 40, 120, 12


def levels(random):
    """Return the logarithm of a level and a season for each row and series."""
    season = 2 * np.pi * np.arange(N_ROWS)[:, np.newaxis] / 12
    phases = random.uniform(0, 2 * np.pi, size=N_SERIES)
    waves = random.uniform(0.2, 0.6, size=N_SERIES) * np.sin(season + phases)
    return waves + random.normal(1.5, 1.0, size=N_SERIES)


def amounts(random):
    """Return lognormal series, and the means of the last rows given those before.

    The logarithms return to their level: u[t] = 0.6 u[t-1] + e[t], where the standard
    deviation of e is 0.6.
    """
    level, rest = levels(random), np.zeros((N_ROWS, N_SERIES))
    for row in range(1, N_ROWS):
        rest[row] = 0.6 * rest[row - 1] + random.normal(0, 0.6, size=N_SERIES)
    weights = 0.6 ** np.arange(1, HORIZON + 1)[:, np.newaxis]
    variances = 0.6**2 * (1 - weights**2) / (1 - 0.6**2)
    means = level[-HORIZON:] + weights * rest[-HORIZON - 1] + variances / 2
    return np.exp(level + rest), np.exp(means)


def counts(random):
    """Return counts with the variance m + 2 m**2 around means m."""
    means = np.exp(levels(random))
    return random.negative_binomial(0.5, 0.5 / (0.5 + means)), means[-HORIZON:]


def intermittent(random):
    """Return counts that are 0 in 70 of 100 rows, and 1 or more in the others."""
    sizes = np.exp(levels(random))
    sold = random.uniform(size=sizes.shape) < 0.3
    return sold * (1 + random.poisson(sizes)), 0.3 * (1 + sizes[-HORIZON:])


def network(seed, **settings):
    """Return the GRU of the default set-up, with another loss or distribution."""
    return GRURegressor(
        segment=12,
        dense_activation="linear",
        dropout=0.2,
        epochs="auto",
        batch_size="auto",
        learning_rate_decay="cosine",
        clipnorm=1.0,
        random_state=seed,
        **settings,
    )


def forecast(estimator, past, **settings):
    forecaster = AutoregressiveForecaster(
        estimator, window=24, horizon=12, columns="series", **settings
    )
    return forecaster.fit(None, past).forecast(HORIZON).to_numpy()


def default(past, seed, **settings):
    forecaster = AutoregressiveForecaster(
        columns="series", random_state=seed, **settings
    )
    return forecaster.fit(None, past).forecast(HORIZON).to_numpy()


def ridge(past, seed, **settings):
    return forecast(Ridge(), past, **settings)


def by_loss(past, seed, *, loss, **settings):
    return forecast(network(seed, loss=loss), past, **settings)


def by_logarithm(past, seed):
    log = "log1p" if has_zeros(past) else True
    return forecast(network(seed, loss="mse"), past, log=log)


def by_likelihood(past, seed):
    """Forecast with a distribution of counts, or a normal one of logarithms."""
    if has_zeros(past):
        return forecast(network(seed, distribution="negative_binomial"), past)
    return forecast(network(seed, distribution="normal"), past, log=True)


def by_paths(past, seed):
    """Take the mean of paths, for which amounts have a normal one of logarithms."""
    counted = has_zeros(past)
    distribution = "negative_binomial" if counted else "normal"
    forecaster = AutoregressiveForecaster(
        network(seed, distribution=distribution),
        window=24,
        horizon=12,
        columns="series",
        log=not counted,
    )
    paths = forecaster.fit(None, past).sample_paths(HORIZON, 500, random_state=0)
    return paths.to_numpy().reshape(HORIZON, N_SERIES, 500).mean(axis=-1)


def has_zeros(past):
    return bool((past == 0).any(axis=None))


METHODS = {
    "default": default,
    "default, mse": partial(default, loss="mse"),
    "Ridge": ridge,
    "Ridge, meanstd": partial(ridge, normalize="meanstd"),
    "mae, meanstd": partial(by_loss, loss="mae", normalize="meanstd"),
    "mse": partial(by_loss, loss="mse"),
    "mse, meanstd": partial(by_loss, loss="mse", normalize="meanstd"),
    "mse, log": by_logarithm,
    "poisson": partial(by_loss, loss="poisson"),
    "likelihood": by_likelihood,
    "likelihood, paths": by_paths,
}


def judge(method, make, seed):
    """Return the sum of forecasts, their RMSSE, and seconds of the processor."""
    values, means = make(np.random.default_rng(seed))
    months = pd.period_range("2015-01", periods=N_ROWS, freq="M")
    past = pd.DataFrame(values[:-HORIZON], months[:-HORIZON])
    start = time.process_time()
    predicted = method(past, seed)
    seconds = time.process_time() - start
    of_means = rmsse(values[-HORIZON:], means, past)
    error = rmsse(values[-HORIZON:], predicted, past) / of_means
    return predicted.sum() / means.sum(), error, seconds


def rmsse(truth, predicted, past):
    """Return the mean over series of errors in units of the steps of the past."""
    steps = np.sqrt(np.mean(np.diff(past, axis=0) ** 2, axis=0))
    return np.mean(np.sqrt(np.mean((truth - predicted) ** 2, axis=0)) / steps)


def summary(name, measured):
    sums, errors, seconds = np.transpose(measured)
    return name, sums.mean(), sums.min(), sums.max(), errors.mean(), seconds.mean()


def main():
    options = parse_arguments(
        __doc__, seeds={"type": int, "default": 3, "help": "panels of each kind"}
    )
    warnings.simplefilter("ignore")  # Of counts that a loss for amounts learns.
    seeds = range(1 if options.quick else options.seeds)
    for make in (amounts, counts, intermittent):
        rows = [
            summary(name, [judge(method, make, seed) for seed in seeds])
            for name, method in METHODS.items()
        ]
        header = (make.__name__, "sum", "from", "to", "RMSSE", "seconds")
        print_table(header, rows)


if __name__ == "__main__":
    main()
