import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster
from skrnn._forecasting.paths import PathDraws
from tests.support.series import refusal

WEEK = 7


def autoregression(random, n_rows, coefficient=0.8):
    """A process whose value is a share of the one before, plus noise of size 1."""
    values = [0.0]
    for noise in random.normal(size=n_rows - 1):
        values.append(coefficient * values[-1] + noise)
    return np.array(values)


def deviation_of_sum(n_steps, coefficient):
    """Standard deviation of the error of a sum, if the process is known."""
    later = [sum(coefficient**i for i in range(n_steps - j)) for j in range(n_steps)]
    return np.sqrt(np.square(later).sum())


@pytest.fixture(scope="module")
def process():
    return autoregression(np.random.default_rng(0), 1300)


@pytest.fixture(scope="module")
def fitted(process):
    forecaster = AutoregressiveForecaster(Ridge(), window=1, calibration=200)
    return forecaster.fit(None, process[:600])


@pytest.mark.parametrize("coefficient", [0.0, 0.8, 1.0])
def test_sums_of_paths_vary_as_those_of_the_process(coefficient):
    noise = np.random.default_rng(1).normal(size=(1, 4000, WEEK, 1))
    errors = noise.copy()
    for step in range(1, WEEK):
        errors[:, :, step] += coefficient * errors[:, :, step - 1]
    draws, codes = PathDraws.draw(1, 20_000, 0), np.array([0])
    paths = draws.choose_errors(errors, codes, 1, codes, WEEK)
    sums = paths[0, :, 0].sum(axis=0)
    assert_allclose(sums.std(), deviation_of_sum(WEEK, coefficient), rtol=0.05)


@pytest.mark.exhaustive
def test_intervals_of_a_weekly_sum_hold_their_share(fitted, process):
    inside = []
    for origin in range(600, 1300 - WEEK, WEEK):
        paths = fitted.sample_paths(WEEK, 300, random_state=0, history=process[:origin])
        lower, upper = np.quantile(paths.sum(axis=0), [0.1, 0.9])
        inside.append(lower <= process[origin : origin + WEEK].sum() <= upper)
    # The share of 99 weeks varies by 0.04, and that of 200 errors by as much.
    assert abs(np.mean(inside) - 0.8) < 0.12


@pytest.mark.parametrize("calibration", [30, 60])
def test_intervals_of_sums_hold_their_share_with_few_rows_held_out(calibration):
    random, inside = np.random.default_rng(2), []
    for _ in range(60):
        y = autoregression(random, 200 + WEEK)
        forecaster = AutoregressiveForecaster(
            Ridge(), window=1, calibration=calibration
        )
        paths = forecaster.fit(None, y[:200]).sample_paths(WEEK, 300, random_state=0)
        lower, upper = np.quantile(paths.sum(axis=0), [0.1, 0.9])
        inside.append(lower <= y[200:].sum() <= upper)
    assert 0.68 < np.mean(inside) < 0.95


def test_few_origins_that_err_to_one_side_give_paths_on_both():
    random = np.random.default_rng(11)
    # Errors of neighbouring origins share their size: about one is independent.
    few = 1 + 0.1 * random.normal(size=(1, 20, WEEK, 1))
    many = 1 + 0.1 * random.normal(size=(1, 2000, WEEK, 1))
    draws, codes = PathDraws.draw(1, 4000, 0), np.array([0])
    below = [
        (draws.choose_errors(errors, codes, 1, codes, WEEK).sum(axis=1) < 0).mean()
        for errors in (few, many)
    ]
    # Half of 10 / (20 + 10), up to what is estimated as dependent.
    assert 0.1 < below[0] < 0.5
    assert below[1] < 0.01


def test_steps_of_paths_lie_in_the_band_of_each_step(fitted):
    paths = fitted.sample_paths(WEEK, 5000, random_state=0)
    lower, upper = fitted.predict_interval(WEEK, coverage=0.9).T
    is_inside = (paths >= lower[:, None]) & (paths <= upper[:, None])
    assert_allclose(is_inside.mean(axis=1), 0.9, atol=0.02)


def test_path_is_the_forecast_and_the_errors_of_one_origin_by_hand():
    y = autoregression(np.random.default_rng(3), 100)
    forecaster = AutoregressiveForecaster(Ridge(), window=1, calibration=30)
    fitted = forecaster.fit(None, y)
    paths = fitted.sample_paths(3, 50, random_state=0)
    errors = fitted.calibration_errors_[0, :28, :3, 0]
    radius = fitted.predict_interval(3, coverage=0.9)
    radius = (radius[:, 1] - radius[:, 0]) / 2
    sizes = []
    for step in range(3):
        of_step = fitted.calibration_errors_[0, : 30 - step, step, 0]
        sizes.append(np.sort(np.abs(of_step))[int(np.ceil(0.9 * len(of_step))) - 1])
    errors = np.concatenate([errors, -errors])  # Some paths are mirrored.
    possible = fitted.forecast(3) + errors * radius / sizes
    for path in paths.T:
        distance = np.abs(possible - path).max(axis=1)
        assert distance.min() < 1e-9


def test_same_seed_gives_the_same_paths(fitted):
    first, again = (fitted.sample_paths(3, 5, random_state=7) for _ in range(2))
    assert_array_equal(first, again)
    assert (fitted.sample_paths(3, 5, random_state=8) != first).any()
    restored = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(restored.sample_paths(3, 5, random_state=7), first)


def test_targets_of_a_path_share_an_origin():
    y = autoregression(np.random.default_rng(4), 300)
    both = np.stack([y, -2 * y], axis=1)
    forecaster = AutoregressiveForecaster(Ridge(), window=1, calibration=60)
    paths = forecaster.fit(None, both).sample_paths(4, 20, random_state=0)
    assert paths.shape == (4, 2, 20)
    assert_allclose(paths[:, 1], -2 * paths[:, 0], atol=0.02)


@pytest.mark.parametrize("wide", [True, False])
def test_series_of_a_path_share_an_origin(wide):
    days = pd.date_range("2025-01-01", periods=400)
    random = np.random.default_rng(5)
    y = pd.Series(autoregression(random, 400), days)
    panel = pd.DataFrame({name: y + 0.01 * random.normal(size=400) for name in "abc"})
    target = panel if wide else panel.T.stack()
    columns = "series" if wide else "targets"
    forecaster = AutoregressiveForecaster(
        Ridge(), window=1, calibration=150, columns=columns
    )
    paths = forecaster.fit(None, target).sample_paths(WEEK, 1000, random_state=0)
    by_series = [paths[name] if wide else paths.loc[name] for name in "abc"]
    alone = by_series[0].sum().std()
    # Alike series add up to three times one of them, not to a root of three.
    assert 2.4 * alone < sum(by_series).sum().std() < 3.2 * alone


def test_paths_of_a_panel_have_the_size_of_each_series():
    random = np.random.default_rng(6)
    days = pd.date_range("2025-01-01", periods=300)
    noise = random.normal(size=(300, 3)) * [1.0, 1.0, 20.0]
    level = np.sin(np.arange(300) / 5)[:, None] * 30
    panel = pd.DataFrame(level + noise, days, list("abc"))
    forecaster = AutoregressiveForecaster(
        Ridge(), window=10, calibration=60, columns="series"
    ).fit(None, panel)
    paths = forecaster.sample_paths(5, 2000, random_state=0)
    band = forecaster.predict_interval(5, coverage=0.9)
    for name in panel:
        above = paths[name].ge(band[name]["lower"], axis=0)
        inside = above & paths[name].le(band[name]["upper"], axis=0)
        assert_allclose(inside.to_numpy().mean(), 0.9, atol=0.05)


def test_series_without_errors_takes_those_of_the_others():
    random = np.random.default_rng(7)
    days = pd.date_range("2025-01-01", periods=120)
    panel = pd.DataFrame(
        {name: autoregression(random, 120) for name in ["old", "older", "new"]}, days
    )
    panel.loc[days[:100], "new"] = np.nan
    forecaster = AutoregressiveForecaster(
        Ridge(), window=2, calibration=30, columns="series"
    )
    with pytest.warns(UserWarning, match="left out"):
        forecaster.fit(None, panel)
    paths = forecaster.sample_paths(4, 200, random_state=0)
    assert paths["new"].std(axis=1).min() > 0


def test_frames_have_paths_as_columns_and_the_index_of_the_rows():
    days = pd.date_range("2025-01-01", periods=80, name="day")
    y = pd.Series(autoregression(np.random.default_rng(8), 80), days, name="load")
    X = pd.DataFrame({"weekend": days.day_of_week >= 5}, days, dtype=float)
    forecaster = AutoregressiveForecaster(Ridge(), window=2, calibration=40, horizon=2)
    forecaster.fit(X[:70], y[:70])
    paths = forecaster.sample_paths(X[70:75], 11, random_state=0)
    assert paths.shape == (5, 11)
    pd.testing.assert_index_equal(paths.index, days[70:75], exact="equiv")
    totals = paths.resample("W").sum()
    assert list(totals.columns) == list(range(11))


def test_too_few_whole_paths_are_refused_with_a_calibration_that_works():
    y = autoregression(np.random.default_rng(9), 90)
    forecaster = AutoregressiveForecaster(Ridge(), window=1, calibration=15).fit(
        None, y
    )
    with refusal(r"10 and more origins that reach 7 .* Got 9 .* to at least 16"):
        forecaster.sample_paths(WEEK)
    forecaster.set_params(calibration=16).fit(None, y).sample_paths(WEEK)
    with refusal("calibration=0"):
        AutoregressiveForecaster(Ridge()).fit(None, y).sample_paths(3)


def test_paths_that_do_not_fit_into_memory_are_refused(fitted):
    with pytest.raises(MemoryError, match="n_paths=1000000000000"):
        fitted.sample_paths(WEEK, 10**12)


def test_series_with_many_errors_of_its_own_draws_nearly_only_these():
    random = np.random.default_rng(10)
    errors = random.normal(size=(2, 500, 1, 1))
    draws = PathDraws.draw(2, 1000, 0)
    codes = np.arange(2)
    paths = draws.choose_errors(errors, codes, 1, codes, 1)[0, 0, 0]
    own = errors[0, :, 0, 0]
    scale = np.abs(paths).max() / np.abs(own).max()
    is_own = np.abs(paths[:, None] / own - scale).min(axis=1) < 1e-6
    assert is_own.mean() > 0.9
