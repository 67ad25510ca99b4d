"""Forecasts on indexes as people have them, beside a loop that knows the true grid.

A forecast equals that of the loop, or what cannot be forecast is an error that says
why. Values, settings and calendars are drawn; every seed of a case can be repeated.
"""

import os
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from skrnn import AutoregressiveForecaster, SkippedSeriesWarning
from tests.support.calendars import GRIDS, ticks_with_holes

# Of each grid, and of each claim; the everyday run tries the first of them.
# RANDOM_CASES=200 tries ten times as many; with -rP each test says how many.
N_CASES, N_EVERYDAY = int(os.environ.get("RANDOM_CASES", "20")), 6
MOST_AHEAD = 12
TOO_SHORT = re.compile(
    "No window to learn from|rows without a hole|a forecast starts from the last|"
    "a forecast starts, hold NaN"
)


class FixedLine(RegressorMixin, BaseEstimator):
    """A linear function that nobody has learned; `fit` keeps what it was shown."""

    def fit(self, X, y):
        self.seen_ = np.column_stack([X, y])
        self.shape_ = y.shape[1:]
        self.coef_ = coefficients(X.shape[1], int(np.prod(self.shape_)))
        return self

    def predict(self, X):
        return (X @ self.coef_ + 0.1).reshape(len(X), *self.shape_)


def coefficients(n_in, n_out):
    return np.cos(np.arange(n_in * n_out)).reshape(n_in, n_out) / n_in


def draw_values(random, ticks, *, holes=True):
    """Values by tick, some of them missing, those at the end perhaps all."""
    y = random.normal(size=len(ticks))
    if holes and random.random() < 0.3:
        y[random.integers(0, len(y), size=2)] = np.nan
    if random.random() < 0.3:
        y[-random.integers(1, 5) :] = np.nan
    return dict(zip(ticks.tolist(), y.tolist(), strict=True))


def observed(values, tick):
    return not np.isnan(values.get(tick, np.nan))


def windows_by_hand(values, window, horizon):
    """Every stretch of ticks without a hole or missing value, as the loop sees it."""
    rows = []
    for tick in values:
        stretch = range(tick, tick + window + horizon)
        if all(observed(values, each) for each in stretch):
            rows.append([values[each] for each in stretch])
    return rows


def forecast_by_hand(values, window, horizon, n_steps):
    """Values of the ticks after the last observed one; None if there is no window."""
    origin = max((tick for tick in values if observed(values, tick)), default=0)
    past = [values.get(tick, np.nan) for tick in range(origin - window + 1, origin + 1)]
    if np.isnan(past).any():
        return origin, None
    weights = coefficients(window, horizon)
    while len(past) < window + n_steps:
        past.extend(np.array(past[-window:]) @ weights + 0.1)
    return origin, past[window : window + n_steps]


def draw_case(random, kind):
    make, freq = GRIDS[kind]
    window, horizon = random.integers(1, 5), random.integers(1, 6)
    ticks = ticks_with_holes(random, random.integers(25, 60))
    grid = make(ticks[-1] + 1 + MOST_AHEAD)
    forecaster = AutoregressiveForecaster(
        FixedLine(), window=window, horizon=horizon, freq=freq
    )
    return grid, ticks, forecaster


def series_of(values, grid):
    return pd.Series(list(values.values()), grid[list(values)])


def ahead_of(random, last):
    """Some ticks after the last row, in order, not all of them."""
    n = random.integers(1, MOST_AHEAD)
    return last + 1 + np.sort(random.choice(MOST_AHEAD, size=n, replace=False))


def check_forecast(forecaster, values, grid, asked):
    """Compare predictions with those by hand, or check that both refuse."""
    window, horizon = forecaster.window, forecaster.horizon
    X = pd.DataFrame(index=grid[asked])
    n_steps = max(MOST_AHEAD + len(grid), 1)
    origin, expected = forecast_by_hand(values, window, horizon, n_steps)
    if expected is None:
        with pytest.raises(ValueError, match=TOO_SHORT):
            forecaster.predict(X)
        return "refused"
    got = forecaster.predict(X)
    assert got.index.equals(X.index)
    np.testing.assert_allclose(
        got, [expected[tick - origin - 1] for tick in asked], rtol=1e-9, atol=1e-12
    )
    return "equal"


def fit_or_refuse(forecaster, values, grid):
    """Fit, and compare what was learned from; None if both refuse."""
    y = series_of(values, grid)
    learned = windows_by_hand(values, forecaster.window, forecaster.horizon)
    _, ahead = forecast_by_hand(values, forecaster.window, 1, 1)
    try:
        forecaster.fit(None, y)
    except ValueError as error:
        refuse_only(error, not learned or ahead is None)
        return None
    np.testing.assert_allclose(
        sorted(forecaster.estimator_.seen_.tolist()), sorted(learned), rtol=1e-12
    )
    return forecaster


def refuse_only(error, is_right):
    """Raise an error that is not one of those that a user is told of."""
    if not is_right or not TOO_SHORT.search(str(error)):
        raise error


def one_fit(random, kind):
    grid, ticks, forecaster = draw_case(random, kind)
    values = draw_values(random, ticks)
    if fit_or_refuse(forecaster, values, grid) is None:
        return "refused"
    return check_forecast(forecaster, values, grid, ahead_of(random, ticks[-1]))


def updates_in_pieces(random, kind):
    grid, ticks, forecaster = draw_case(random, kind)
    values = draw_values(random, ticks, holes=False)
    n_first = random.integers(len(ticks) // 2, len(ticks))
    first = {tick: values[tick] for tick in ticks[:n_first].tolist()}
    if not any(observed(first, tick) for tick in first):
        return "refused"
    if fit_or_refuse(forecaster, first, grid) is None:
        return "refused"
    y, row = series_of(values, grid), n_first
    while row < len(ticks):
        stop = row + random.integers(1, len(ticks) - row + 1)
        forecaster.update(None, y.iloc[row:stop])
        row = stop
    return check_forecast(forecaster, values, grid, ahead_of(random, ticks[-1]))


def history_of_others(random, kind):
    grid, ticks, forecaster = draw_case(random, kind)
    learned = dict(zip(range(20), random.normal(size=20), strict=True))
    forecaster.fit(None, series_of(learned, grid))
    values = draw_values(random, ticks)
    history, asked = series_of(values, grid), ahead_of(random, ticks[-1])
    X = pd.DataFrame(index=grid[asked])
    origin, expected = forecast_by_hand(
        values, forecaster.window, forecaster.horizon, len(grid)
    )
    if expected is None:
        with pytest.raises(ValueError, match=TOO_SHORT):
            forecaster.predict(X, history=history)
        return "refused"
    got = forecaster.predict(X, history=history)
    expected = [expected[tick - origin - 1] for tick in asked]
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    return "equal"


def panel(random, kind):
    """Series that begin late, end early or are short, each beside a loop of its own."""
    grid, _, forecaster = draw_case(random, kind)
    window, horizon = forecaster.window, forecaster.horizon
    series = {name: draw_member(random, len(grid) - MOST_AHEAD) for name in "abcd"}
    learns = {n: bool(windows_by_hand(v, window, horizon)) for n, v in series.items()}
    starts = {
        n: forecast_by_hand(v, window, 1, 1)[1] is not None for n, v in series.items()
    }
    stacked = pd.concat({name: series_of(v, grid) for name, v in series.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkippedSeriesWarning)
        try:
            forecaster.fit(None, stacked)
        except ValueError as error:
            refuse_only(error, not any(learns.values()) or not any(starts.values()))
            return "refused"
    left_out = forecaster.skipped_series_
    for name, values in series.items():
        assert (name in left_out.index) == (not learns[name] or not starts[name])
        X = pd.DataFrame(index=grid[max(values) + 1 : max(values) + 1 + MOST_AHEAD])
        X = pd.concat({name: X})
        if not starts[name]:
            with pytest.raises(ValueError, match=f"'{name}'"):
                forecaster.predict(X)
        elif learns[name]:
            expected = scaled_by_hand(values, forecaster, len(X))
            np.testing.assert_allclose(forecaster.predict(X), expected, rtol=1e-9)
        else:
            assert np.isfinite(forecaster.predict(X)).all()
    return "equal"


def draw_member(random, n_ticks):
    first = random.choice([0, 0, random.integers(n_ticks)])
    stop = random.choice([n_ticks, n_ticks, random.integers(first, n_ticks) + 1])
    ticks = ticks_with_holes(random, n_ticks)
    ticks = ticks[(ticks >= first) & (ticks < stop)]
    return draw_values(random, ticks if len(ticks) else np.array([first]), holes=False)


def scaled_by_hand(values, forecaster, n_steps):
    """The forecast of a series that is learned with a mean of 0 and a variance of 1."""
    seen = np.array([v for v in values.values() if not np.isnan(v)])
    centre, spread = seen.mean(), seen.std()
    scaled = {tick: (v - centre) / spread for tick, v in values.items()}
    window, horizon = forecaster.window, forecaster.horizon
    origin, ahead = forecast_by_hand(scaled, window, horizon, n_steps + max(values) + 1)
    skipped = max(values) - origin
    return np.array(ahead[skipped : skipped + n_steps]) * spread + centre


def known_columns(random, kind):
    """A column that is known in advance; rows of blocks that it fills are compared."""
    grid, ticks, forecaster = draw_case(random, kind)
    window, horizon = int(forecaster.window), int(forecaster.horizon)
    known = dict(enumerate(random.normal(size=len(grid)).tolist()))
    y = dict(zip(ticks.tolist(), random.normal(size=len(ticks)).tolist(), strict=True))
    last, n_steps = int(ticks[-1]), int(random.integers(1, MOST_AHEAD))
    X = pd.DataFrame({"known": known.values()}, grid)
    past = [y.get(tick) for tick in range(last - window + 1, last + 1)]
    try:
        forecaster.fit(X.iloc[ticks], series_of(y, grid))
    except ValueError as error:
        refuse_only(error, None in past or not windows_by_hand(y, window, horizon))
        return "refused"
    weights = coefficients(window * (1 + horizon), horizon)
    ahead = X.iloc[last + 1 : last + 1 + n_steps]
    got = forecaster.predict(ahead)
    assert got.index.equals(ahead.index)
    n_whole = n_steps // horizon * horizon
    got = got.to_numpy()
    for first in range(last + 1, last + 1 + n_whole, horizon):
        inputs = []
        for step in range(window):
            tick = first - window + step
            inputs += [past[tick - last - 1 + window]]
            inputs += [known[tick + lead] for lead in range(1, horizon + 1)]
        past.extend(np.array(inputs) @ weights + 0.1)
    expected = past[window : window + n_whole]
    np.testing.assert_allclose(got[:n_whole], expected, rtol=1e-9, atol=1e-12)
    assert np.isfinite(got).all()
    return "equal"


CLAIMS = [one_fit, updates_in_pieces, history_of_others, panel, known_columns]


def count_outcomes(claim, kind, seeds):
    outcomes = []
    for seed in seeds:
        random = np.random.default_rng([seed, *map(ord, kind)])
        try:
            outcomes.append(claim(random, kind))
        except BaseException as error:
            error.add_note(f"{claim.__name__}, {kind}, seed {seed}")
            raise
    return len(outcomes), outcomes.count("equal")


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("claim", CLAIMS, ids=[claim.__name__ for claim in CLAIMS])
@pytest.mark.parametrize(
    "seeds",
    [
        range(N_EVERYDAY),
        pytest.param(range(N_EVERYDAY, N_CASES), marks=pytest.mark.exhaustive),
    ],
    ids=["some", "others"],
)
def test_forecasts_equal_a_loop_that_knows_the_grid_or_say_why_not(claim, kind, seeds):
    n_cases, n_equal = count_outcomes(claim, kind, seeds)
    print(f"{n_cases} cases: {n_equal} equal, {n_cases - n_equal} refused")
    # Refusals must not be all that is tried.
    assert n_equal > n_cases / 4


@pytest.mark.parametrize("kind", ["days", "hours", "weeks", "tenths", "fives"])
def test_one_stray_stamp_is_named(kind):
    for seed in range(10):
        random = np.random.default_rng(seed)
        grid, ticks, forecaster = draw_case(random, kind)
        stamps = grid[ticks]
        place = random.integers(4, len(stamps) - 2)
        stray = stamps[place - 1] + (stamps[place] - stamps[place - 1]) / 3
        with_stray = [*stamps[:place], stray, *stamps[place:]]
        index = pd.Index(np.array(with_stray, dtype=object)).infer_objects()
        with pytest.raises(ValueError, match=re.escape(str(stray))):
            forecaster.fit(None, pd.Series(random.normal(size=len(index)), index))
