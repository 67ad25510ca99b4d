import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import RNNRegressor
from skrnn._scaling.normalization import Normalization
from skrnn._scaling.scaling import Statistics
from skrnn._windows.windows import Windows
from tests.support.exhaustive import crossed
from tests.support.samples import a_batch_callback

each_mode = pytest.mark.parametrize("mode", ["last", "meanstd"])
N_STEPS = 5


def make_windows(*, missing=False, n_known=1):
    """Windows of two targets and known columns, on rows far from zero."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(60, 2 + n_known)).cumsum(axis=0) + 1000
    if missing:
        rows[[7, 8, 20], :2] = np.nan
        rows[30, 1] = np.nan
    starts = np.append(np.arange(20), np.arange(30, 50))
    return Windows(rows, starts, N_STEPS)


def statistics_by_hand(window, mode):
    """Shift and scale of one target in one window."""
    observed = [value for value in window if not np.isnan(value)]
    if mode == "last":
        return observed[-1], 1.0
    mean = sum(observed) / len(observed)
    return mean, (sum((x - mean) ** 2 for x in observed) / len(observed)) ** 0.5


def normalised_by_hand(windows, mode, n_targets=2):
    normalised = windows.gather().copy()
    for window in normalised:
        for target in range(n_targets):
            shift, scale = statistics_by_hand(window[:, target], mode)
            window[:, target] = (window[:, target] - shift) / scale
    return normalised


def with_own_scale(windows, mode):
    rows = windows.rows[:, :2]
    own = Normalization.learn(mode, rows).scale_of(windows)
    return Windows(windows.rows, windows.starts, windows.n_steps, 1, own)


@each_mode
@pytest.mark.parametrize("missing", [False, True])
def test_each_window_is_normalised_by_itself(mode, missing):
    windows = make_windows(missing=missing)
    normalised = with_own_scale(windows, mode)
    expected = normalised_by_hand(windows, mode)
    assert_allclose(normalised.gather(), expected, rtol=1e-9, atol=1e-9)
    assert_allclose(normalised.materialise(), expected, rtol=1e-9, atol=1e-9)
    assert_allclose(normalised.take(slice(3, 9)).gather(), expected[3:9], atol=1e-9)


@each_mode
def test_normalisation_is_taken_back(mode):
    windows = make_windows()
    own = with_own_scale(windows, mode).own_scale
    rows = windows.gather()[:, :, :2]
    assert_allclose(own.restore(own.apply(rows.copy())), rows, rtol=1e-12)


@each_mode
def test_constant_windows_are_shifted_and_get_the_scale_of_the_series(mode):
    rows = np.append(np.full(10, 0.1), [5.0, 9.0])[:, None]
    normalization = Normalization.learn(mode, rows)
    windows = Windows(rows, np.arange(6), N_STEPS)
    own = normalization.scale_of(windows)
    assert_allclose(own.apply(windows.gather()), 0, atol=1e-15)
    if mode == "meanstd":
        assert_allclose(own.scale, rows.std())
        assert_array_equal(Normalization.learn(mode, np.ones((4, 1))).reference, 1)


@each_mode
@pytest.mark.parametrize("missing", [False, True])
def test_scaling_is_learned_from_normalised_steps(mode, missing):
    normalised = with_own_scale(make_windows(missing=missing), mode)
    laid_out = normalised.gather()
    weight = np.random.default_rng(1).uniform(size=len(laid_out))
    y = np.zeros((len(laid_out), 1))
    scaling = Statistics.of(normalised, y, weight, standardize=True).scaling()
    parts = [
        Statistics.of(normalised.take(some), y[some], weight[some], standardize=True)
        for some in (slice(0, 1), slice(1, 17), slice(17, None))
    ]
    running = parts[0].merge(parts[1]).merge(parts[2]).scaling()
    assert_allclose(running.x_scale, scaling.x_scale, rtol=1e-12)
    steps = laid_out.reshape(-1, 3)
    repeated = np.repeat(weight, N_STEPS)
    for column in range(3):
        observed = ~np.isnan(steps[:, column])
        values, weights = steps[observed, column], repeated[observed]
        mean = np.average(values, weights=weights)
        assert_allclose(scaling.x_mean[column], mean, atol=1e-9)
        expected = np.average((values - mean) ** 2, weights=weights) ** 0.5
        assert_allclose(scaling.x_scale[column], expected, rtol=1e-6)


@each_mode
@pytest.mark.parametrize("missing", [False, True])
def test_scaled_rows_give_the_windows_that_scaled_windows_give(mode, missing):
    normalised = with_own_scale(make_windows(missing=missing), mode)
    weight, y = np.ones(len(normalised)), np.zeros((len(normalised), 1))
    scaling = Statistics.of(normalised, y, weight, standardize=True).scaling()
    laid_out = normalised.gather()
    partly = np.isnan(laid_out) & ~np.isnan(laid_out).all(axis=2, keepdims=True)
    expected = np.where(partly, scaling.fill, laid_out)
    expected = (expected - scaling.x_mean) / scaling.x_scale
    got = scaling.scale_windows(normalised)
    assert got.rows.dtype == np.float32
    assert_allclose(got.gather(), expected, atol=2e-4)


@pytest.mark.parametrize(
    ("mode", "missing"), crossed(["last", "meanstd"], [False, True])
)
def test_network_learns_the_same_from_windows_that_were_laid_out(mode, missing):
    normalised = with_own_scale(make_windows(missing=missing), mode)
    y = np.random.default_rng(2).normal(size=len(normalised))
    settings = {"units": 3, "epochs": 3, "random_state": 0, "validation_split": 0.2}
    model = RNNRegressor(**settings).fit(normalised, y)
    laid_out = RNNRegressor(**settings).fit(normalised.gather(), y)
    assert_allclose(model.loss_curve_, laid_out.loss_curve_, rtol=1e-3)
    for mine, other in zip(model.weights_, laid_out.weights_, strict=True):
        assert_allclose(mine, other, atol=1e-3)
    assert_allclose(
        model.predict(normalised), laid_out.predict(normalised.gather()), atol=2e-3
    )
    by_keras = RNNRegressor(**settings, callbacks=a_batch_callback()).fit(normalised, y)
    assert_allclose(by_keras.loss_curve_, laid_out.loss_curve_, rtol=1e-3)
