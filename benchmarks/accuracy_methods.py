"""The methods that `accuracy.py` compares: skrnn and its rivals.

A method is a function of the set of series, the rows before the origin, a column a
series, and a seed. It returns the forecast: an array, a row a step, a column a series.
"""

from __future__ import annotations

import json
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster, GRURegressor, LSTMRegressor

# Seasons of the windows of "Ridge" and "boosting"; of hours they make a week.
SEASONS_OF_WINDOW = {"h": 7, "30min": 7}
LONGEST_HORIZON = 24


def season_of(data, past):
    """Give the rows of a season, 1 if there are too few to learn it from."""
    return data.season if len(past) > 2 * data.season else 1


def window_of(data, past):
    """Give the rows that a forecast sees: three seasons, or twelve rows."""
    season = season_of(data, past)
    if season == 1:
        return min(12, (len(past) - 1) // 2)
    most = len(past) // season - 2
    return season * max(1, min(SEASONS_OF_WINDOW.get(data.frequency, 3), most))


def part_of(data, past):
    """Give the largest part of a season that is not too long."""
    season = season_of(data, past)
    return max(n for n in range(1, LONGEST_HORIZON + 1) if season % n == 0)


def continued(make, data, past, seed):
    """Forecast with one of skrnn's forecasters, one for all series of a set."""
    forecaster = make(data, past, seed).set_params(columns="series")
    return forecaster.fit(None, past).forecast(data.horizon).to_numpy()


def recommended(data, past, seed):
    """Give the forecaster that skrnn sets up by itself."""
    return AutoregressiveForecaster(random_state=seed)


def ridge(data, past, seed):
    return AutoregressiveForecaster(Ridge(), window=window_of(data, past))


def boosting(data, past, seed):
    """Give one that predicts distances from the last value: trees know no trend."""
    trees = HistGradientBoostingRegressor(random_state=seed)
    return AutoregressiveForecaster(
        trees, window=window_of(data, past), normalize="last"
    )


def network(data, past, seed, *, linear_path):
    """Give the small network of the default set-up, on values as they are."""
    part = part_of(data, past)
    net = GRURegressor(
        segment=part,
        loss="mae",
        dense_activation="linear",
        dropout=0.2,
        batch_size=16,
        linear_path=linear_path,
        random_state=seed,
    )
    return AutoregressiveForecaster(net, window=window_of(data, past), horizon=part)


def plain_lstm(data, past, seed):
    lstm = LSTMRegressor(random_state=seed)
    return AutoregressiveForecaster(lstm, window=window_of(data, past))


def lecture(data, past, seed, *, cell, **layers):
    settings = {"epochs": 150, "validation_split": 0.05, "standardize": False}
    net = cell((250, 250), **layers, **settings, random_state=seed)
    return AutoregressiveForecaster(net, window=2)


def repeat_last(data, past, seed):
    return np.repeat(past.to_numpy()[-1:], data.horizon, axis=0)


def repeat_season(data, past, seed):
    last = past.to_numpy()[-season_of(data, past) :]
    return last[np.arange(data.horizon) % len(last)]


def classical(name, data, past, seed):
    """Forecast each series alone with a model of statsforecast.

    Seasons of more than twelve rows are taken out before and added again (MSTL), a week
    of hours beside the day, because the models take them badly or not at all.
    """
    return np.column_stack(
        [
            classical_model(name, data, past).forecast(series, data.horizon)["mean"]
            for series in past.to_numpy().T
        ]
    )


def classical_model(name, data, past):
    """Give a model with the settings of R's packages: ARIMA is quick on long series."""
    from statsforecast import models

    season = season_of(data, past)
    settings = {"approximation": len(past) > 150} if name == "AutoARIMA" else {}
    if season <= 12:
        return getattr(models, name)(season_length=season, **settings)
    week = [7 * season] if data.frequency in SEASONS_OF_WINDOW else []
    seasons = [n for n in (season, *week) if len(past) > 2 * n]
    settings |= {"model": "ZZN"} if name == "AutoETS" else {}
    return models.MSTL(seasons, trend_forecaster=getattr(models, name)(**settings))


class NeuralForecast:
    """A model of neuralforecast, as it comes, in a process of another Python."""

    def __init__(self, python, model):
        script = Path(__file__).with_name("neuralforecast_side.py")
        self.process = subprocess.Popen(
            [python, script, model],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.seconds = 0.0

    def __call__(self, data, past, seed):
        task = {"values": past.to_numpy().T.tolist(), "horizon": data.horizon}
        print(json.dumps(task | {"seed": seed}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        self.seconds = answer["seconds"]
        return np.array(answer["forecast"]).T


METHODS = {
    "last": repeat_last,
    "seasonal": repeat_season,
    "AutoETS": partial(classical, "AutoETS"),
    "AutoARIMA": partial(classical, "AutoARIMA"),
    "Theta": partial(classical, "Theta"),
    "Ridge": partial(continued, ridge),
    "boosting": partial(continued, boosting),
    "skrnn": partial(continued, recommended),
}
# Compared on request: `--methods`.
FURTHER_METHODS = {
    "network": partial(continued, partial(network, linear_path=False)),
    "linear path": partial(continued, partial(network, linear_path=True)),
    "plain LSTM": partial(continued, plain_lstm),
    "lecture LSTM": partial(continued, partial(lecture, cell=LSTMRegressor)),
    "lecture GRU": partial(
        continued, partial(lecture, cell=GRURegressor, dense_before=(125, 125))
    ),
}
