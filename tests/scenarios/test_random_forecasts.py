"""Forecasts of random settings around a linear function, beside a loop row by row."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge

pytest.importorskip("hypothesis")

from hypothesis import strategies as st

from skrnn import AutoregressiveForecaster
from tests.support.strategies import CLOCKS, tried_often

pytestmark = pytest.mark.slow


class FixedLine(RegressorMixin, BaseEstimator):
    """A linear function that nobody has learned; `fit` keeps what it was shown."""

    def __init__(self, seed=0):
        self.seed = seed

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        n_in, n_out = X.shape[1], 1 if y.ndim == 1 else y.shape[1]
        random = np.random.default_rng(self.seed)
        self.coef_ = random.uniform(-1, 1, size=(n_in, n_out)) / n_in
        return self

    def predict(self, X):
        # Rows of a block that are nearly equal would be a window without a scale.
        y = X @ self.coef_ + np.sin(np.arange(self.coef_.shape[1]) + 1.0)
        return y[:, 0] if self.y_.ndim == 1 else y


def difference(rows, lags):
    """The differences, as long as their shortest: row 0 is the first that has one."""
    for lag in lags:
        rows = [
            [b - a for a, b in zip(*ab, strict=True)]
            for ab in zip(rows, rows[lag:], strict=False)
        ]
    return rows


def window_of(z, x, t, settings):
    """What is seen of the rows before t, normalised, and how to take that back."""
    window, horizon, mode = (settings[n] for n in ("window", "horizon", "normalize"))
    seen = np.array(z[t - window : t])
    shift, scale = np.zeros(seen.shape[1]), np.ones(seen.shape[1])
    if mode == "last":
        shift = seen[-1]
    elif mode == "meanstd":
        shift, spread, reference = (
            seen.mean(axis=0),
            seen.std(axis=0),
            settings["of_all"],
        )
        # What varies by less than that is constant, and has the scale of the series.
        scale = np.where(spread > 1e-7 * reference, spread, reference)
    values = []
    for s in range(t - window, t):
        values.extend((z[s] - shift) / scale)
        for h in range(1, horizon + 1):
            values.extend(x[s + h])
    return values, shift, scale


def learned_by_hand(y, x, settings):
    """All windows and the rows that follow them, of one series."""
    horizon, lags = settings["horizon"], settings["lags"]
    z, x = difference(on_scale(y, settings), lags), x[sum(lags) :]
    inputs, outputs = [], []
    for t in range(settings["window"], len(z) - horizon + 1):
        values, shift, scale = window_of(z, x, t, settings)
        inputs.append(values)
        outputs.append(((np.array(z[t : t + horizon]) - shift) / scale).ravel())
    return np.array(inputs), np.array(outputs)


def on_scale(y, settings):
    return [[np.log(v) if settings["log"] else v for v in row] for row in y]


def scale_of(y, settings):
    """The scale of the series, which windows that are constant get."""
    return np.std(difference(on_scale(y, settings), settings["lags"]), axis=0)


def continued_by_hand(model, y, x, n_steps, settings):
    """Continue one series: predict a block, add up its differences, and go on."""
    horizon, lags = settings["horizon"], settings["lags"]
    rows, n_total = on_scale(y, settings), len(y) + n_steps
    z, skipped = [np.array(row) for row in difference(rows, lags)], sum(lags)
    x = x[skipped:]
    while len(z) < n_total - skipped:
        t = len(z)
        beyond = np.vstack([x, np.zeros((horizon, x.shape[1]))])
        values, shift, scale = window_of(z, beyond, t, settings)
        block = model.predict(np.array([values])).reshape(horizon, -1) * scale + shift
        z.extend(block)
    for i in range(len(rows), n_total):
        rows.append(level_by_hand(rows, lags, z[i - skipped]))
    ahead = np.array(rows[len(y) : n_total])
    with np.errstate(over="ignore"):  # The forecaster has to refuse it.
        return np.exp(ahead) if settings["log"] else ahead


def level_by_hand(rows, lags, change):
    """The level that makes the last of the differences what was predicted."""
    if not lags:
        return list(change)
    *earlier, lag = lags
    before = difference(rows, earlier)
    return level_by_hand(rows, earlier, np.add(before[-lag], change))


@st.composite
def set_ups(draw):
    """Settings of a forecaster, and the sizes of its data."""
    lags = draw(st.sampled_from([(), (1,), (1, 1), (2,), (1, 3)]))
    normalize = draw(st.sampled_from([None, "last", "meanstd"]))
    return {
        "window": draw(st.integers(2 if normalize == "meanstd" else 1, 5)),
        "horizon": draw(st.integers(1, 4)),
        "lags": lags,
        "log": draw(st.booleans()),
        "normalize": normalize,
    }


def data_of(draw, settings, n_series):
    """Rows of y, all above 0, and of x, which goes on for the rows to predict."""
    needed = settings["window"] + 2 * settings["horizon"] + sum(settings["lags"])
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_rows = [needed + draw(st.integers(2, 8)) for _ in range(n_series)]
    n_targets, n_known = draw(st.integers(1, 3)), draw(st.sampled_from([0, 0, 1, 2]))
    n_steps = draw(st.integers(1, 9))
    if n_known:  # Whole blocks; what is known behind the last row is estimated.
        n_steps += -n_steps % settings["horizon"]
    y = [np.exp(random.normal(size=(n, n_targets)) * 0.3 + 1) for n in n_rows]
    x = [random.normal(size=(n + n_steps, n_known)) for n in n_rows]
    return y, x, n_steps


def forecaster_of(settings, estimator):
    names = ("window", "horizon", "log", "normalize")
    given = {name: settings[name] for name in names}
    return AutoregressiveForecaster(estimator, difference=settings["lags"], **given)


@tried_often(300, 80)
def test_forecasts_of_random_settings_equal_a_loop(data):
    settings = data.draw(set_ups())
    (y,), (x,), n_steps = data_of(data.draw, settings, 1)
    settings["of_all"] = scale_of(y, settings)
    index = None
    if data.draw(st.booleans()):
        index = CLOCKS[data.draw(st.sampled_from(list(CLOCKS)))]
        index = index(np.arange(len(x)))
    line = FixedLine() if data.draw(st.booleans()) else Ridge()
    forecaster = forecaster_of(settings, line)
    known = x if index is None else pd.DataFrame(x, index)
    series = y if index is None else pd.DataFrame(y, index[: len(y)])
    forecaster.fit(known[: len(y)] if x.shape[1] else None, series)
    model, (inputs, outputs) = forecaster.estimator_, learned_by_hand(y, x, settings)
    if isinstance(line, FixedLine):
        np.testing.assert_allclose(model.X_, inputs, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(
            model.y_.reshape(len(inputs), -1), outputs, rtol=1e-8, atol=1e-10
        )
    expected = continued_by_hand(model, y, x, n_steps, settings)
    if np.isinf(expected).any():
        with pytest.raises(ValueError, match="grow without bound"):
            forecaster.predict(known[len(y) :])
        return
    got = np.reshape(forecaster.predict(known[len(y) :]), (n_steps, -1))
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)
    # The same rows as history of a forecaster that has seen others.
    later = forecaster_of(settings, line).fit(
        known[: len(y)] if x.shape[1] else None, series
    )
    later.estimator_ = model
    past = series if not x.shape[1] else (known[: len(y)], series)
    again = later.predict(known[len(y) :], history=past)
    np.testing.assert_allclose(np.reshape(again, got.shape), got, rtol=1e-9)


@tried_often(300, 80)
def test_updates_row_by_row_equal_one_fit_on_all_rows(data):
    settings = data.draw(set_ups())
    (y,), (x,), n_steps = data_of(data.draw, settings, 1)
    known = x if x.shape[1] else np.empty((len(x), 0))
    some = len(y) - data.draw(st.integers(1, 3))
    first = known[:some] if x.shape[1] else None
    forecaster = forecaster_of(settings, FixedLine(3))
    needed = settings["window"] + settings["horizon"] + sum(settings["lags"])
    if some < needed + settings["horizon"]:
        return
    forecaster.fit(first, y[:some])
    settings["of_all"] = scale_of(y[:some], settings)
    row = some
    while row < len(y):
        step = data.draw(st.integers(1, len(y) - row))
        rows = slice(row, row + step)
        forecaster.update(known[rows] if x.shape[1] else None, y[rows])
        row += step
    got = np.reshape(forecaster.predict(known[len(y) :]), (n_steps, -1))
    expected = continued_by_hand(forecaster.estimator_, y, x, n_steps, settings)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)


@tried_often(300, 80)
def test_many_series_are_each_continued_as_if_alone(data):
    settings = data.draw(set_ups())
    y, x, n_steps = data_of(data.draw, settings, data.draw(st.integers(2, 4)))
    days = pd.date_range("2024-02-20", periods=60)
    first = [data.draw(st.integers(0, 5)) for _ in y]
    keys = [days[a : a + len(each)] for a, each in zip(first, x, strict=True)]

    def stacked(tables, stamps):
        frames = [pd.DataFrame(*pair) for pair in zip(tables, stamps, strict=True)]
        return pd.concat(frames, keys=range(len(frames)))

    seen = [stamps[: len(each)] for stamps, each in zip(keys, y, strict=True)]
    ahead = [stamps[len(each) :] for stamps, each in zip(keys, y, strict=True)]
    pairs = list(zip(x, y, strict=True))
    X = stacked([a[: len(b)] for a, b in pairs], seen)
    later = stacked([a[len(b) :] for a, b in pairs], ahead)
    forecaster = forecaster_of(settings, FixedLine(5)).fit(X, stacked(y, seen))
    got = forecaster.predict(later)
    for i, (known, rows) in enumerate(pairs):
        expected = alone_by_hand(forecaster.estimator_, rows, known, n_steps, settings)
        values = np.reshape(got.loc[i], (n_steps, -1))
        np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-8)


def alone_by_hand(model, y, x, n_steps, settings):
    """Continue a series whose differences have a mean and deviation taken away.

    That of a log of differences commutes with what comes behind: a series of levels
    whose differences are standardized is continued, and its differences restored.
    """
    lags = settings["lags"]
    rows = on_scale(y, settings)
    z = np.array(difference(rows, lags))
    centre, spread = z.mean(axis=0), z.std(axis=0)
    plain = {**settings, "lags": (), "log": False, "of_all": 1.0}
    known = x[sum(lags) :]
    scaled = continued_by_hand(model, (z - centre) / spread, known, n_steps, plain)
    for change in scaled * spread + centre:
        rows.append(level_by_hand(rows, lags, change))
    ahead = np.array(rows[len(y) :])
    return np.exp(ahead) if settings["log"] else ahead
