"""How well forecasts of real series come out, beside ETS, ARIMA, Theta and others.

Not a speed benchmark: it prints errors of forecasts, and the seconds of the processor
only say what they cost. The package `real_series` reads the sets of series, single ones
and panels, out of packages whose files carry them. Half of the sets have shaped the
default set-up, "tuning"; the tables of the other half, "report", are what counts.

Each set is forecast from some origins, half a horizon apart, the last of which leaves
just the rows to forecast. Every method is fitted anew at every origin, on all rows
before it. The results of each are added to a file, and a run that is started again with
that file goes on where it was.

MASE is the mean absolute error in units of the mean absolute step from one season to
the next (where no season is known: from row to row) of the rows before the origin;
sMAPE is in per cent of the mean of truth and forecast, at most 200. Both are means over
steps and series. A rank is that among the methods on one set. The methods, with the
same settings on all sets:

- AutoETS, AutoARIMA and Theta are statsforecast's, behind MSTL for long seasons.
- "Ridge" and "boosting" are `AutoregressiveForecaster` around `Ridge()` and
  `HistGradientBoostingRegressor()`, on windows of three seasons, or of a week of hours.
- "skrnn" is `AutoregressiveForecaster()`, which chooses everything from the rows.
- "network" and "linear path" are the GRU of that set-up on the windows of "Ridge", on
  values as they are, without and with ``linear_path=True``. "plain LSTM" has skrnn's
  defaults there, and the networks of the lecture see two raw values.
- "neuralforecast" is its GRU as it comes, in an environment of its own, whose Python is
  ``--neuralforecast PATH``.
"""

import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy_methods import FURTHER_METHODS, METHODS, NeuralForecast, season_of
from accuracy_report import print_report
from real_series import load_sets
from side_by_side import parse_arguments

QUICK = ("airline passengers", "inflation, Germany", "lynx", "wine", "tourism")


def origins(n_rows, horizon, n_origins):
    """Give the rows after which forecasts begin, latest first."""
    return [n_rows - horizon - i * max(1, horizon // 2) for i in range(n_origins)]


def mase(truth, forecast, past, season):
    """Give the mean over series, leaving out those that have been constant."""
    steps = np.abs(past[season:] - past[:-season]).mean(axis=0)
    errors = np.abs(truth - forecast).mean(axis=0)
    return np.mean(errors[steps > 0] / steps[steps > 0])


def smape(truth, forecast):
    sizes = np.abs(truth) + np.abs(forecast)
    errors = 200 * np.abs(truth - forecast)
    return np.mean(np.divide(errors, sizes, where=sizes > 0, out=np.zeros_like(sizes)))


def judge(method, data, origin, seed):
    """Give MASE, sMAPE and seconds of the processor of one forecast."""
    past = data.values.iloc[:origin]
    truth = data.values.iloc[origin : origin + data.horizon].to_numpy()
    start = time.process_time()
    forecast = method(data, past, seed)
    seconds = getattr(method, "seconds", time.process_time() - start)
    error = mase(truth, forecast, past.to_numpy(), season_of(data, past))
    return {"MASE": error, "sMAPE": smape(truth, forecast), "seconds": seconds}


def measure(sets, methods, options, results):
    """Add what `results` lacks, the latest origin of all sets first."""
    for i in range(options.origins):
        for name, data in sets.items():
            origin = origins(len(data.values), data.horizon, options.origins)[i]
            for method in methods:
                place = (name, method, i)
                if place not in results:
                    results[place] = judge(methods[method], data, origin, options.seed)
                    write(options.results, place, results[place])


def write(path, place, found):
    if path:
        row = pd.DataFrame([[*place, *found.values()]])
        row.to_csv(path, mode="a", header=False, index=False)


def read(path):
    if not path or not path.exists():
        return {}
    names = ["set", "method", "origin", "MASE", "sMAPE", "seconds"]
    table = pd.read_csv(path, names=names).set_index(names[:3])
    return table.to_dict(orient="index")


def choose_sets(options):
    """Give the sets by name, those to tune by first."""
    sets = load_sets()
    names = options.sets or (QUICK if options.quick else sets)
    return {
        name: data
        for name, data in sets.items()
        if name in names and options.half in (None, data.half)
    }


def choose_methods(options):
    """Give the methods by name, that of neuralforecast where its Python is known."""
    found = {name: (METHODS | FURTHER_METHODS)[name] for name in options.methods}
    if options.neuralforecast:
        found["neuralforecast"] = NeuralForecast(options.neuralforecast, "GRU")
    return found


def main():
    options = parse_arguments(
        __doc__,
        origins={"type": int, "default": 2, "help": "forecasts of each set"},
        seed={"type": int, "default": 0, "help": "random_state of the networks"},
        half={"choices": ["tuning", "report"], "help": "sets of that half only"},
        sets={"nargs": "+", "help": "names of the sets, in place of all"},
        methods={
            "nargs": "+",
            "choices": METHODS | FURTHER_METHODS,
            "default": list(METHODS),
        },
        neuralforecast={"help": "the Python of an environment with neuralforecast"},
        results={"type": Path, "help": "CSV file to go on with"},
    )
    warnings.simplefilter("ignore")  # Models tell of fits that did not converge.
    sets = choose_sets(options)
    methods, results = choose_methods(options), read(options.results)
    measure(sets, methods, options, results)
    print_report(sets, results)


if __name__ == "__main__":
    main()
