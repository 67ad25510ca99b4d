import numpy as np
import pytest

from skrnn import (
    AutoregressiveForecaster,
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
)
from skrnn._engine.models import build_model, draw_weights
from skrnn._engine.roll_out import roll_out
from skrnn._forecasting import plan
from skrnn._networks.description import RecurrentNetwork
from skrnn._scaling.scaling import RollOutScales
from tests.support.cells import run_by_hand

pytestmark = pytest.mark.untrained


def make_series(n_rows=60, n_targets=1):
    rng = np.random.default_rng(0)
    phase = np.arange(n_rows)[:, None] / 4 + np.arange(n_targets)
    y = 100 + 7 * np.sin(phase) + rng.normal(size=(n_rows, n_targets))
    return y[:, 0] if n_targets == 1 else y


def fit_forecaster(regressor=RNNRegressor, horizon=1, n_known=0, n_targets=1):
    y = make_series(n_targets=n_targets)
    known = np.random.default_rng(1).normal(size=(len(y) + 41, n_known))
    # What is small would be rolled out by NumPy, step by step.
    inner = regressor(3, epochs=1, random_state=0, predict_backend="tensorflow")
    forecaster = AutoregressiveForecaster(inner, window=5, horizon=horizon)
    X = known if n_known else np.zeros((len(known), 1))
    forecaster.set_params(exogenous=n_known > 0).fit(X[: len(y)], y)
    return forecaster, X[len(y) :]


def step_by_step(monkeypatch, forecaster):
    monkeypatch.setattr(plan, "compiled_roll_out", lambda estimator: None)
    forecaster.estimator_.set_params(predict_backend="numpy")


@pytest.mark.parametrize(
    ("regressor", "n_targets", "ahead"),
    [
        (RNNRegressor, 1, (1, 0)),
        (RNNRegressor, 2, (1, 2)),
        (RNNRegressor, 1, (3, 2)),
        (RNNRegressor, 2, (7, 1)),
        # The cell plays no part, so one plan is enough to see that.
        (LSTMRegressor, 2, (3, 0)),
        (GRURegressor, 2, (3, 2)),
    ],
)
def test_one_call_equals_the_loop_step_by_step(
    regressor, n_targets, ahead, monkeypatch
):
    horizon, n_known = ahead
    forecaster, X = fit_forecaster(regressor, horizon, n_known, n_targets)
    at_once = [forecaster.predict(X[:n_rows]) for n_rows in (1, 8, 41)]
    step_by_step(monkeypatch, forecaster)
    for predicted in at_once:
        expected = forecaster.predict(X[: len(predicted)])
        np.testing.assert_allclose(predicted, expected, rtol=1e-5)


@pytest.mark.parametrize(("segment", "linear_path"), [(1, False), (2, True)])
def test_one_call_of_a_parallel_decoder_equals_the_loop(
    segment, linear_path, monkeypatch
):
    y = make_series()
    settings = {"segment": segment, "linear_path": linear_path, "epochs": 1}
    settings["predict_backend"] = "tensorflow"
    inner = RNNRegressor(3, decoder="parallel", **settings)
    forecaster = AutoregressiveForecaster(inner, window=6, horizon=3).fit(None, y)
    at_once = forecaster.forecast(8)
    step_by_step(monkeypatch, forecaster)
    np.testing.assert_allclose(at_once, forecaster.forecast(8), rtol=1e-5)


def test_one_call_grows_beyond_the_smallest_table(monkeypatch):
    forecaster, _ = fit_forecaster()
    at_once = forecaster.forecast(700)
    step_by_step(monkeypatch, forecaster)
    np.testing.assert_allclose(at_once, forecaster.forecast(700), rtol=1e-5)


def test_a_forecast_without_bound_is_refused_by_both_forms(monkeypatch):
    forecaster, _ = fit_forecaster()
    weights = forecaster.estimator_.weights_
    forecaster.estimator_.weights_ = [np.full_like(w, np.nan) for w in weights]
    with pytest.raises(ValueError, match="forecast is not finite after 0 steps"):
        forecaster.forecast(5)
    step_by_step(monkeypatch, forecaster)
    with pytest.raises(ValueError, match="forecast is not finite after 0 steps"):
        forecaster.forecast(5)


def test_a_stateful_network_is_rolled_out_step_by_step():
    y = make_series()
    inner = RNNRegressor(3, epochs=1, stateful=True, batch_size=5, random_state=0)
    forecaster = AutoregressiveForecaster(inner, window=5).fit(None, y)
    first = np.array([forecaster.estimator_.predict(y[None, -5:])[0]])
    np.testing.assert_allclose(forecaster.forecast(3)[:1], first, rtol=1e-5)


@pytest.mark.parametrize(
    ("cell", "bidirectional"), [("rnn", False), ("lstm", True), ("gru", False)]
)
def test_several_series_roll_out_as_by_hand(cell, bidirectional):
    window, n_series, n_steps = 4, 3, 9
    network = RecurrentNetwork(cell, window, 1, 1, (3,), bidirectional=bidirectional)
    weights = draw_weights(build_model(network), np.random.RandomState(0))
    past = np.random.default_rng(0).normal(size=(n_series, 6, 1)).astype(np.float32)
    ahead = np.zeros((n_series, 6 + n_steps, 0), dtype=np.float32)
    zero, one = np.zeros(1), np.ones(1)
    out = np.array([[1.5]]), np.array([[0.1]])
    scales = RollOutScales(None, one, zero, zero, *out)
    got = roll_out(network, [weights], past, ahead, scales)
    rows = list(past.transpose(1, 0, 2))
    for _ in range(n_steps):
        windows = np.stack(rows[-window:], axis=1)
        rows.append(run_by_hand(network, weights, windows) * 1.5 + 0.1)
    expected = np.stack(rows[6:], axis=1)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)
