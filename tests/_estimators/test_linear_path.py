import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster, GRURegressor
from skrnn._estimators import linear_path
from skrnn._estimators.linear_path import ridge_of_windows
from skrnn._windows.windows import windows_of
from tests.support.networks import STILL, fitted, network
from tests.support.samples import a_batch_callback

pytestmark = pytest.mark.short_fits

RNG = np.random.RandomState(0)
X = RNG.normal(size=(30, 4, 2)) * [3.0, 0.2] + [10.0, -1.0]
Y = X[:, :, 0] @ RNG.normal(size=(4, 2)) + 5 + RNG.normal(size=(30, 2))
WEIGHTS = RNG.uniform(0.5, 2.0, size=30)
FLAT = X.reshape(30, 8)


def ridge(targets=Y, weights=WEIGHTS, inputs=X):
    return ridge_of_windows(windows_of(inputs), targets, weights)


@pytest.mark.parametrize("chunk", [7, 4096])
def test_for_a_penalty_the_solution_is_that_of_sklearn(chunk, monkeypatch):
    # Penalties are in units of the mean variance of the inputs.
    shares = WEIGHTS / WEIGHTS.sum()
    mean = shares @ FLAT
    unit = (shares @ (FLAT - mean) ** 2).mean()
    monkeypatch.setattr(linear_path, "PENALTIES", np.array([0.3]))
    monkeypatch.setattr(linear_path, "CHUNK", chunk)
    theirs = Ridge(0.3 * unit).fit(FLAT, Y, sample_weight=shares)
    kernel, bias = ridge()
    assert_allclose(kernel, theirs.coef_.T, rtol=1e-5, atol=1e-7)
    assert_allclose(bias, theirs.intercept_, rtol=1e-5)


def error_of_penalty(ratio, flat, targets):
    """Return the error of generalised cross-validation, by the hat matrix."""
    n_samples, n_inputs = flat.shape
    x = flat - flat.mean(axis=0)
    penalty = ratio * (x**2).mean() * n_samples
    hat = x @ np.linalg.solve(x.T @ x + penalty * np.eye(n_inputs), x.T)
    hat += 1 / n_samples
    left = targets - hat @ targets
    return np.square(left).sum() / (1 - np.trace(hat) / n_samples) ** 2


@pytest.mark.parametrize("noise", [0.1, 30.0])
def test_the_penalty_has_the_least_error_of_generalised_cross_validation(
    noise, monkeypatch
):
    targets = Y + noise * np.random.RandomState(1).normal(size=Y.shape)
    even = np.ones(30)
    kernel, _ = ridge(targets, even)
    errors = [error_of_penalty(ratio, FLAT, targets) for ratio in linear_path.PENALTIES]
    best = int(np.argmin(errors))
    assert 0 < best < len(errors)
    monkeypatch.setattr(linear_path, "PENALTIES", linear_path.PENALTIES[[best]])
    assert_array_equal(kernel, ridge(targets, even)[0])


def test_what_is_linear_without_noise_is_found_exactly():
    targets = FLAT @ RNG.normal(size=(8, 1)) + 3
    kernel, bias = ridge(targets, np.ones(30))
    assert_allclose(FLAT @ kernel + bias, targets, atol=1e-4 * targets.std())


def test_more_values_in_a_window_than_samples_are_no_perfect_fit():
    few = slice(0, 6)
    targets = RNG.normal(size=(6, 1))
    kernel, bias = ridge(targets, np.ones(6), X[few])
    left = targets - FLAT[few] @ kernel - bias
    assert np.square(left).mean() > 1e-3 * targets.var()


def test_constant_windows_give_the_mean_of_the_targets():
    kernel, bias = ridge(inputs=np.ones((30, 4, 2)))
    assert_array_equal(kernel, 0.0)
    assert_allclose(bias, np.average(Y, axis=0, weights=WEIGHTS), rtol=1e-6)


@pytest.mark.parametrize(
    "settings", [{}, {"decoder": "parallel", "segment": 2}, {"stateful": True}], ids=str
)
def test_a_fit_starts_from_the_ridge_on_scaled_windows(settings):
    missing = X.copy()
    missing[3, :2] = missing[5, 2] = missing[7, 1, 0] = np.nan
    model = fitted(
        X=missing, y=Y, linear_path=True, incomplete="mask", **settings, **STILL
    )
    scaled = model.scaling_.scale_windows(windows_of(missing)).gather()
    scaled = np.nan_to_num(scaled)  # Missing values count as the mean.
    kernel, bias = ridge_of_windows(
        windows_of(scaled), model.scaling_.scale_targets(Y), np.ones(30)
    )
    expected = model.scaling_.restore_targets(scaled.reshape(30, 8) @ kernel + bias)
    assert_allclose(model.predict(missing), expected, atol=1e-4 * Y.std())


@pytest.mark.parametrize("callbacks", [None, a_batch_callback])
@pytest.mark.parametrize("learning_rate", [30.0, 0.003])
def test_a_fit_is_never_worse_than_its_start_on_validation_windows(
    learning_rate, callbacks
):
    settings = {"linear_path": True, "validation_split": 0.3}
    start = fitted(X=X, y=Y, **settings, **STILL)
    stopped = fitted(
        X=X,
        y=Y,
        early_stopping=True,
        patience=2,
        epochs=4,
        learning_rate=learning_rate,
        callbacks=callbacks and [callbacks()],
        **settings,
    )
    before, after = (
        np.square(model.predict(X[21:]) - Y[21:]).mean() for model in (start, stopped)
    )
    assert (after < before) == (min(stopped.history_["val_loss"]) < before)
    assert after <= before * (1 + 1e-6)
    if learning_rate == 30.0:
        assert stopped.n_iter_ == 2
        for mine, first in zip(stopped.weights_, start.weights_, strict=True):
            assert_allclose(mine, first, atol=1e-6)


def test_training_on_goes_on_from_the_fitted_path():
    model = network(linear_path=True, **STILL).partial_fit(X, Y)
    before = [weight.copy() for weight in model.weights_]
    model.partial_fit(X, -Y)
    for mine, old in zip(model.weights_, before, strict=True):
        assert_allclose(mine, old, atol=1e-9)


def test_a_linear_path_follows_a_trend_beyond_the_training_rows():
    y = 0.5 * np.arange(60.0) + np.sin(np.arange(60.0))
    inner = GRURegressor(2, linear_path=True, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(inner, window=6).fit(None, y[:48])
    assert_allclose(forecaster.forecast(12), y[48:], atol=0.5)


def test_a_ridge_that_would_not_fit_into_memory_is_refused():
    inputs = np.zeros((2, 2_000_000, 1), np.float32)
    with pytest.raises(MemoryError, match="shorten the window, or set linear_path"):
        ridge_of_windows(windows_of(inputs), np.zeros((2, 1)), np.ones(2))
