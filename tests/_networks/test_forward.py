import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import (
    AutoregressiveForecaster,
    LSTMRegressor,
    make_windows,
)
from skrnn._engine.models import build_model
from skrnn._engine.prediction import predict
from skrnn._networks.cells import run_layer
from skrnn._networks.forward import trace_network
from tests.support.cells import run_by_hand
from tests.support.samples import CELLS, make_samples, network_for, weights_for

DEEP = {"units": (3, 2), "dense_before": (4,), "dense_after": (3,)}


def by_keras(network, weights, windows):
    """Let Keras's own layers predict, one operation after the other."""
    model = build_model(network, masked=bool(np.isnan(windows).any()))
    model.set_weights(weights)
    return model(windows.astype(np.float32), training=False).numpy()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        DEEP,
        {"units": (3, 2), "bidirectional": True},
        {"segment": 2, "activation": "relu", "dense_activation": "selu"},
        {"segment": 3, "decoder": "parallel", **DEEP},
        {"segment": 2, "decoder": "parallel", "linear_path": True},
        {"segment": 2, "decoder": "parallel", "quantiles": (0.2, 0.5, 0.6)},
        {"linear_path": True, "quantiles": (0.1, 0.2, 0.5)},
        {"segment": 2, "decoder": "parallel", "distribution": "negative_binomial"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("cell", "missing"), [("rnn", False), *((cell, True) for cell in CELLS)]
)
def test_forward_pass_equals_the_layers_of_keras(cell, settings, missing):
    samples = make_samples(n_steps=6, n_targets=5, missing=missing)
    network = network_for(samples, cell, **settings)
    weights, windows = weights_for(network), samples.windows.gather()
    expected = by_keras(network, weights, windows)
    got = run_by_hand(network, weights, windows)
    assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def a_trace(cell, n_units=3, **settings):
    samples = make_samples(missing=True)
    network = network_for(samples, cell, **settings)
    weights, windows = weights_for(network), samples.windows
    return trace_network(network, weights, windows), windows.gather()


def test_hidden_state_of_an_lstm_follows_from_its_traced_gates():
    (trace,), windows = a_trace("lstm")
    seen = ~np.isnan(windows).any(axis=2)
    cell = np.zeros((len(windows), 3))
    for t in range(windows.shape[1]):
        gate = {name: values[:, t] for name, values in trace.items()}
        after = gate["forget"] * cell + gate["input"] * gate["candidate"]
        cell = np.where(seen[:, t, None], after, cell)
        assert_allclose(trace["cell"][:, t], cell)
        hidden = gate["output"] * np.tanh(cell)
        assert_allclose(gate["hidden"][seen[:, t]], hidden[seen[:, t]])


def test_hidden_state_of_a_gru_is_between_the_old_one_and_the_candidate():
    (trace,), windows = a_trace("gru")
    hidden = np.zeros((len(windows), 3))
    for t in range(windows.shape[1]):
        update, new = trace["update"][:, t], trace["candidate"][:, t]
        after = update * hidden + (1 - update) * new
        hidden = np.where(np.isnan(update), hidden, after)
        assert_allclose(trace["hidden"][:, t], hidden)


@pytest.mark.parametrize("cell", CELLS)
def test_steps_with_nothing_observed_have_no_gates_and_keep_the_state(cell):
    (trace,), windows = a_trace(cell)
    missing = np.isnan(windows).all(axis=2)
    missing[:, 0] = False
    assert missing.any()
    sample, step = np.argwhere(missing)[0]
    hidden = trace["hidden"][sample]
    assert_array_equal(hidden[step], hidden[step - 1])
    gates = set(trace) - {"hidden", "cell"}
    assert all(np.isnan(trace[name][sample, step]).all() for name in gates)


def test_each_direction_of_each_layer_has_a_trace_in_the_order_of_the_steps():
    traces, windows = a_trace("gru", units=(3, 2), bidirectional=True)
    assert [trace["hidden"].shape[2] for trace in traces] == [3, 3, 2, 2]
    network = network_for(make_samples(), "gru", units=(3, 2), bidirectional=True)
    weights = [weight.astype(np.float64) for weight in weights_for(network)]
    x, seen = np.nan_to_num(windows.astype(float)), ~np.isnan(windows).all(axis=2)
    back, _ = run_layer("gru", x[:, ::-1], seen[:, ::-1], weights[3:6])
    assert_allclose(traces[1]["hidden"], back[:, ::-1])


def fitted(cls=LSTMRegressor, n_steps=8, **settings):
    X, y = make_windows(50 + np.sin(np.arange(60) / 5), window=n_steps)
    settings = {"epochs": 1, "random_state": 0, "learning_rate": 0.05, **settings}
    return cls(**{"units": 4, **settings}).fit(X, y), X


@pytest.mark.untrained
def test_numpy_lays_out_large_inputs_in_parts():
    model, X = fitted(predict_backend="numpy")
    many = np.concatenate([X] * 50)
    assert len(many) > 2048
    assert_allclose(model.predict(many), np.tile(model.predict(X), 50))


IN_A_FRESH_PROCESS = """
import pickle, sys
model, X, forecaster = pickle.load(sys.stdin.buffer)
results = model.predict(X), forecaster.forecast(12)
model.summary(print_fn=lambda text: None), model._repr_html_()
assert not {"tensorflow", "keras", "scikeras"} & set(sys.modules)
pickle.dump(results, sys.stdout.buffer)
"""


@pytest.mark.untrained
def test_what_predicts_and_shows_its_network_never_imports_tensorflow():
    model, X = fitted()
    y = np.sin(np.arange(80) / 5)
    forecaster = AutoregressiveForecaster(LSTMRegressor(4, epochs=1)).fit(None, y)
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FRESH_PROCESS],
        input=pickle.dumps((model, X, forecaster)),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    predicted, forecast = pickle.loads(done.stdout)
    assert_array_equal(predicted, model.predict(X))
    assert_array_equal(forecast, forecaster.forecast(12))


def test_numpy_predicts_as_the_compiled_program_does():
    samples = make_samples(n_features=1, n_targets=2, missing=True)
    network = network_for(samples, "gru")
    weights = weights_for(network)
    got = predict(network, weights, samples.windows)
    expected = run_by_hand(network, weights, samples.windows.gather())
    assert_allclose(got, expected, rtol=1e-4, atol=1e-6)
