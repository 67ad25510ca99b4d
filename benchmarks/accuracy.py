"""How well forecasts of real series come out, beside ETS, Theta and simple baselines.

Not a speed benchmark: it prints errors of forecasts, and the seconds only say what they
cost. `real_series.py` has the series. Each is forecast from five origins, a third of
the horizon apart, the last of which leaves just the rows to forecast: 18 months, 8
quarters or 6 years. Every method is fitted anew at every origin, on all rows before it.

MASE is the mean absolute error in units of the mean absolute step from one year to the
next (where rows are years: from row to row) of the rows before the origin. sMAPE is in
per cent of the mean of truth and forecast, at most 200; it says little about inflation,
which is near zero and changes its sign. A rank is that among the methods on one series.

The methods have the same settings on all series:

- ETS is the one with the lowest AICc of statsmodels' `ETSModel`, among errors, seasons
  and trends (damped or not) of each kind but additive errors with multiplicative
  seasons; multiplicative ones where all values are positive. Theta is its `ThetaModel`.
- "Ridge" is `AutoregressiveForecaster(Ridge())` on the same window as skrnn's.
- "lecture" are the LSTM and the GRU of the lecture that skrnn has begun with: 250 and
  250 units on two raw values, 150 epochs. "plain" is the LSTM with skrnn's defaults,
  which standardizes: ``AutoregressiveForecaster(LSTMRegressor(), window=...)``.
- "skrnn" is `AutoregressiveForecaster()`, which chooses a window, logarithm,
  normalisation, and a network or a ridge by errors on the last training rows.

What it keeps unless something else is clearly better, windows of three seasons that are
centred and scaled by themselves, was chosen by the same errors, from five origins of
each series of which the last one leaves just the rows before the first origin here: no
row that is forecast here has been forecast there.
"""

import time
import warnings
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from real_series import load_series
from side_by_side import parse_arguments, print_aims, print_table
from sklearn.linear_model import Ridge
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel

from skrnn import AutoregressiveForecaster, GRURegressor, LSTMRegressor

QUICK = ("airline passengers", "inflation, Germany", "lynx")


def window_of(season):
    """Give the rows that a forecast sees: three years, or twelve rows."""
    return 3 * season if season > 1 else 12


def recommended(season, seed):
    """Give the forecaster that skrnn sets up by itself."""
    return AutoregressiveForecaster(random_state=seed)


def ridge(season, seed):
    return AutoregressiveForecaster(Ridge(), window=window_of(season))


def plain_lstm(season, seed):
    network = LSTMRegressor(random_state=seed)
    return AutoregressiveForecaster(network, window=window_of(season))


def lecture(season, seed, *, network, **layers):
    settings = {"epochs": 150, "validation_split": 0.05, "standardize": False}
    network = network((250, 250), **layers, **settings, random_state=seed)
    return AutoregressiveForecaster(network, window=2)


def continued(make, past, season, horizon, seed):
    """Forecast with one of skrnn's forecasters."""
    return make(season, seed).fit(None, past).forecast(horizon)


def repeat_last(past, season, horizon, seed):
    return np.full(horizon, past.iloc[-1])


def repeat_season(past, season, horizon, seed):
    return np.resize(past.iloc[-season:], horizon)


def theta(past, season, horizon, seed):
    way = "auto" if past.min() > 0 else "additive"
    seasons = {"period": season, "deseasonalize": season > 1, "method": way}
    return ThetaModel(past.to_numpy(), **seasons).fit().forecast(horizon)


def ets(past, season, horizon, seed):
    """Forecast with the kind of exponential smoothing that AICc prefers."""
    fitted = []
    for error, (trend, damped), seasonal in ets_kinds(past, season):
        model = ETSModel(
            past.to_numpy(),
            error=error,
            trend=trend,
            damped_trend=damped,
            seasonal=seasonal,
            seasonal_periods=season if seasonal else None,
        )
        fitted.append(model.fit(disp=False))
    return min(fitted, key=lambda model: model.aicc).forecast(horizon)


def ets_kinds(past, season):
    ways = ("add", "mul") if past.min() > 0 else ("add",)
    trends = ((None, False), ("add", False), ("add", True))
    seasons = (None, *ways) if season > 1 else (None,)
    kinds = product(ways, trends, seasons)
    return [kind for kind in kinds if (kind[0], kind[2]) != ("add", "mul")]


METHODS = {
    "last": repeat_last,
    "seasonal": repeat_season,
    "ETS": ets,
    "Theta": theta,
    "Ridge": partial(continued, ridge),
    "lecture LSTM": partial(continued, partial(lecture, network=LSTMRegressor)),
    "lecture GRU": partial(
        continued, partial(lecture, network=GRURegressor, dense_before=(125, 125))
    ),
    "plain LSTM": partial(continued, plain_lstm),
    "skrnn": partial(continued, recommended),
}
SEEDED = ("lecture LSTM", "lecture GRU", "plain LSTM", "skrnn")
SLOW = ("lecture LSTM", "lecture GRU")  # Most of the time of all of them.


def origins(n_rows, horizon):
    """Give the rows after which forecasts begin, earliest first."""
    return [n_rows - horizon - i * (horizon // 3) for i in reversed(range(5))]


def mase(truth, forecast, past, season):
    steps = np.abs(past[season:] - past[:-season])
    return np.mean(np.abs(truth - forecast)) / np.mean(steps)


def smape(truth, forecast):
    sizes = np.abs(truth) + np.abs(forecast)
    return 200 * np.mean(np.abs(truth - forecast) / sizes)


def judge(method, series, n_rows, seed):
    """Give MASE and sMAPE of one method on the first rows of a series, and seconds."""
    values, season, horizon = series.values[:n_rows], series.season, series.horizon
    found = []
    for origin in origins(n_rows, horizon):
        start = time.perf_counter()
        forecast = np.asarray(method(values[:origin], season, horizon, seed))
        seconds = time.perf_counter() - start
        truth = values[origin : origin + horizon].to_numpy()
        past = values[:origin].to_numpy()
        error = mase(truth, forecast, past, season)
        found.append((error, smape(truth, forecast), seconds))
    return np.mean(found, axis=0)


def compare(series, n_rows, methods, seeds):
    """Give the three numbers of each method, means over origins and seeds."""
    measured = {}
    for name in methods:
        repeats = range(seeds if name in SEEDED else 1)
        runs = [judge(METHODS[name], series, n_rows, seed) for seed in repeats]
        measured[name] = np.mean(runs, axis=0)
    return measured


def rows_of(series, tuning):
    """Give the rows in use: all, or in tuning those before the first forecast."""
    n_rows = len(series.values)
    return origins(n_rows, series.horizon)[0] if tuning else n_rows


def main():
    options = parse_arguments(
        __doc__,
        seeds={"type": int, "default": 1, "help": "fits of each network, averaged"},
        tuning={"action": "store_true", "help": "judge on the rows set-ups came from"},
        methods={"nargs": "+", "choices": METHODS},
    )
    warnings.simplefilter("ignore")  # statsmodels tells of fits that did not converge.
    found = load_series()
    names = QUICK if options.quick else found
    methods = options.methods or (
        [name for name in METHODS if name not in SLOW] if options.quick else METHODS
    )
    results = {}
    for name in names:
        n_rows = rows_of(found[name], options.tuning)
        results[name] = compare(found[name], n_rows, methods, options.seeds)
    seasonal = [name for name in names if found[name].seasonal]
    for i, measure in enumerate(("MASE", "sMAPE", "seconds of a forecast")):
        print_measure(measure, results, i)
    if {"seasonal", "skrnn"} <= set(methods):
        print_verdicts(results, seasonal)


def print_measure(measure, results, i):
    table = pd.DataFrame(results).map(lambda found: found[i]).T
    rows = [(name, *row) for name, *row in table.itertuples()]
    rows.append(("mean", *table.mean()))
    if measure != "seconds of a forecast":
        rows.append(("mean rank", *table.rank(axis=1).mean()))
    print_table((measure, *table.columns), rows)


def print_verdicts(results, seasonal):
    """Print what the recommended set-up should reach, and whether it does."""
    table = pd.DataFrame(results).map(lambda found: found[0]).T
    ranks, means = table.rank(axis=1).mean(), table.mean()
    won = (table["skrnn"] < table["seasonal"])[seasonal]
    aims = [("seasonal series, share won from seasonal", won.mean(), 1.0)]
    for rival, aim in (("lecture LSTM", 2.0), ("plain LSTM", None)):
        if rival in table:
            aims.append((f"mean MASE, {rival}", means[rival] / means["skrnn"], aim))
    if "ETS" in table:
        aims.append(("mean rank, ETS", ranks["ETS"] / ranks["skrnn"], 1.0))
    print_aims(aims)


if __name__ == "__main__":
    main()
