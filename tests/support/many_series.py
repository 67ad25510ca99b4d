"""Many series to continue, and the slow answer: each window and each step by itself."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from tests.support.known_columns import whole_blocks_by_hand

DAYS = pd.date_range("2024-02-20", periods=80, freq="D", name="day")

# First row and number of rows of series that begin and end at different times.
SPANS = {"a": (0, 30), "b": (7, 21), "c": (3, 33)}


def make_many(n_targets=1, n_known=0, spans=SPANS, n_ahead=0, seed=0):
    """Frames X and y of series by name, and X of the rows that follow each series."""
    random = np.random.default_rng(seed)
    known = [f"x{i}" for i in range(n_known)]
    targets = [f"y{i}" for i in range(n_targets)]
    X, y, later = {}, {}, {}
    for i, (name, (first, n_rows)) in enumerate(spans.items()):
        index = DAYS[first : first + n_rows + n_ahead]
        columns = pd.DataFrame(
            random.normal(size=(len(index), n_known)), index, columns=known
        )
        if n_known:
            columns["x0"] = float(i * i)  # A static feature of the series.
        values = random.normal(size=(n_rows, n_targets)).cumsum(axis=0)
        y[name] = pd.DataFrame(
            10 ** (i + 1) * values + 5 * i, index[:n_rows], columns=targets
        )
        X[name], later[name] = columns[:n_rows], columns[n_rows:]
    return X, y, later


def stack(frames, order="by series"):
    """One frame with a MultiIndex; `order` may take the rows of series in turn."""
    stacked = pd.concat(frames, names=["series"])
    if order == "in turn":
        stacked = stacked.iloc[
            np.argsort(stacked.index.get_level_values(-1), kind="stable")
        ]
    return stacked


def window_by_hand(y, x, t, window, horizon):
    values = []
    for s in range(t - window, t):
        values.extend(y[s])
        for h in range(1, horizon + 1):
            values.extend(x[s + h])
    return values


def scale_by_hand(y):
    centre, spread = np.nanmean(y, axis=0), np.nanstd(y, axis=0)
    return centre, np.where(spread > 0, spread, 1)


def times_by_hand(X, y, window, horizon, holes=None):
    """First rows that windows predict, which hold no NaN and no hole, by series.

    `holes` are the places, in rows of a series, before which rows are missing.
    """
    times = {}
    for name in y:
        rows, known = y[name].to_numpy(), X[name].to_numpy()
        edges = (holes or {}).get(name, [])
        times[name] = []
        for t in range(window, len(rows) - horizon + 1):
            if any(t - window < edge < t + horizon for edge in edges):
                continue
            given = window_by_hand(rows, known, t, window, horizon)
            if not np.isnan([*given, *rows[t : t + horizon].ravel()]).any():
                times[name].append(t)
    return times


def windows_by_hand(X, y, window, horizon, holes=None):
    """Windows of all series, and the rows that they predict."""
    inputs, outputs = [], []
    for name, times in times_by_hand(X, y, window, horizon, holes).items():
        centre, spread = scale_by_hand(y[name].to_numpy())
        rows = (y[name].to_numpy() - centre) / spread
        for t in times:
            known = X[name].to_numpy()
            inputs.append(window_by_hand(rows, known, t, window, horizon))
            outputs.append(rows[t : t + horizon].ravel())
    return np.array(inputs), np.array(outputs)


def continue_by_hand(model, y, x, n_steps, window, horizon, scale=None):
    """Continue the rows of one series, in its own units; x has whole blocks."""
    centre, spread = scale_by_hand(y) if scale is None else scale
    rows = [list(row) for row in (y - centre) / spread]
    n_past = len(rows)
    x = np.asarray(x)
    if not x.shape[1]:
        x = np.empty((n_past + n_steps + horizon, 0))
    while len(rows) < n_past + n_steps:
        given = np.array([window_by_hand(rows, x, len(rows), window, horizon)])
        rows.extend(model.predict(given).reshape(horizon, -1).tolist())
    return np.array(rows[n_past : n_past + n_steps]) * spread + centre


def forecast_by_hand(X, y, later, window, horizon, holes=None):
    """Learn from all series by least squares and continue each of them."""
    model = LinearRegression().fit(*windows_by_hand(X, y, window, horizon, holes))
    seen = [
        X[name].to_numpy()[t - window : t + horizon]
        for name, times in times_by_hand(X, y, window, horizon, holes).items()
        for t in times
    ]
    forecasts = {}
    for name in later:
        x, n_steps = np.vstack([X[name], later[name]]), len(later[name])
        x = whole_blocks_by_hand(seen, x, n_steps, window, horizon)
        values = continue_by_hand(
            model, y[name].to_numpy(), x, n_steps, window, horizon
        )
        forecasts[name] = pd.DataFrame(values, later[name].index, y[name].columns)
    return forecasts
