"""Imitations of a GPU on a CPU, which has no kernel of cuDNN.

Keras believes in a GPU if one of its functions says so. TensorFlow can split the CPU
into two devices, of which the default one stands for the GPU.
"""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import skrnn
from skrnn import AutoregressiveForecaster, GRURegressor, LSTMRegressor
from skrnn._engine import placement
from skrnn._engine.models import build_model
from skrnn._engine.placement import Placement, choose_placement
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.tensorflow import keras, tf
from skrnn._networks.autoencoders import RowAutoencoderNetwork, WindowAutoencoderNetwork
from skrnn._networks.description import RecurrentNetwork
from tests.support.autoencoders import GAPPY, windows_autoencoder
from tests.support.exhaustive import first_of_many
from tests.support.samples import (
    a_batch_callback,
    assert_same_training,
    make_samples,
    network_for,
    summed_windows,
)

SETTINGS = {"epochs": 1, "random_state": 0, "predict_backend": "tensorflow"}


@pytest.fixture
def settings_restored():
    before = skrnn.get_config()
    yield
    skrnn.set_config(device=before["device"], execution=before["execution"])


def let_keras_see_a_gpu(monkeypatch):
    rnn = sys.modules["keras.src.backend.tensorflow.rnn"]
    monkeypatch.setattr(rnn, "_is_gpu_available", lambda: True)
    PROGRAMS.clear()


def record_compiled(monkeypatch):
    """Return the list to which the graphs of all that XLA compiles are added."""
    graphs, keep = [], placement.keep_compiled

    def recorded(concrete):
        graphs.append(str(concrete.graph.as_graph_def()))
        return keep(concrete)

    monkeypatch.setattr(placement, "keep_compiled", recorded)
    return graphs


def gappy_windows(n_targets=1):
    X, y = summed_windows(n_targets=n_targets)
    X[1, :2] = X[2, :4] = X[4, 3] = np.nan
    return X, y


def fit_masked():
    X, y = gappy_windows()
    model = LSTMRegressor(2, incomplete="mask", **SETTINGS)
    return model.fit(X, y).predict(X)


def fit_parallel():
    X, y = summed_windows(n_targets=4)
    model = LSTMRegressor(2, decoder="parallel", segment=2, **SETTINGS)
    return model.fit(X, y).predict(X)


def fit_and_roll_out():
    inner = GRURegressor(2, **SETTINGS)
    return (
        AutoregressiveForecaster(inner, window=4)
        .fit(None, GAPPY[:, 0, 0] * 1e-3)
        .forecast(6)
    )


def fit_copies():
    model = windows_autoencoder("gru").set_params(epochs=1).fit(GAPPY)
    return model.inverse_transform(model.transform(GAPPY))


@pytest.mark.usefixtures("compiled_only")
@pytest.mark.parametrize(
    "run", first_of_many([fit_masked, fit_copies, fit_parallel, fit_and_roll_out], 2)
)
def test_nothing_that_xla_compiles_calls_cudnn(run, monkeypatch):
    let_keras_see_a_gpu(monkeypatch)
    graphs = record_compiled(monkeypatch)
    assert np.isfinite(run()).all()
    assert len(graphs) > 1
    assert not any("CudnnRNN" in graph for graph in graphs)


def test_masks_that_begin_with_missing_steps_pass_keras_on_a_gpu(monkeypatch):
    X, y = gappy_windows()

    def fit():
        model = LSTMRegressor(2, stateful=True, incomplete="mask", **SETTINGS)
        model.set_params(batch_size=10, callbacks=[a_batch_callback()])
        return model.fit(X, y).predict(X)

    expected = fit()
    let_keras_see_a_gpu(monkeypatch)
    assert_array_equal(fit(), expected)


@pytest.mark.untrained
def test_exported_models_read_missing_steps_on_a_gpu(tmp_path, monkeypatch):
    X, y = gappy_windows(n_targets=4)
    model = LSTMRegressor(2, bidirectional=True, incomplete="mask", **SETTINGS)
    model.fit(X, y).to_keras().save(tmp_path / "model.keras")
    let_keras_see_a_gpu(monkeypatch)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_allclose(loaded(X), model.predict(X), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cudnn", [True, False])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_cudnn_is_in_the_graph_where_it_is_allowed(cell, cudnn, monkeypatch):
    let_keras_see_a_gpu(monkeypatch)
    network = RecurrentNetwork(cell, 4, 3, 1, (2,), bidirectional=True)
    model = build_model(network, cudnn=cudnn)
    traced = tf.function(model).get_concrete_function(tf.TensorSpec((5, 4, 3)))
    assert ("CudnnRNN" in str(traced.graph.as_graph_def())) is cudnn


LARGE = RecurrentNetwork("lstm", 96, 8, 1, (256,))
CUDNN, XLA = Placement(True, False, True), Placement(True, True, False)


def pretend_a_gpu(monkeypatch):
    monkeypatch.setattr(placement, "_has_gpu", lambda: True)


@pytest.mark.parametrize(
    ("network", "others", "expected"),
    [
        (LARGE, {}, CUDNN),
        (LARGE, {"masked": True}, XLA),
        (LARGE, {"masked": True, "compiles": False}, Placement(True, False, False)),
        (LARGE, {"compiles": False}, CUDNN),
        (replace(LARGE, cell="rnn"), {}, XLA),
        (replace(LARGE, activation="relu"), {}, XLA),
        (replace(LARGE, recurrent_dropout=0.1), {}, XLA),
        (replace(LARGE, n_targets=9, decoder="parallel", segment=3), {}, CUDNN),
        (WindowAutoencoderNetwork(
            n_steps=96, n_features=8, n_components=3, cell="gru", units=(256,)
        ), {}, CUDNN),
        (RowAutoencoderNetwork(
            n_steps=1, n_features=4096, n_components=64
        ), {}, XLA),
        (replace(LARGE, n_steps=2, units=(200,)), {"batch_size": 16}, Placement()),
    ],
)  # fmt: skip
def test_size_and_cells_choose_the_device_and_the_kernels(
    network, others, expected, monkeypatch
):
    pretend_a_gpu(monkeypatch)
    others = {"batch_size": 256, "masked": False, **others}
    assert choose_placement(network, **others) == expected


def test_updates_count_three_times_for_the_device(monkeypatch):
    pretend_a_gpu(monkeypatch)
    network = RecurrentNetwork("lstm", 24, 4, 1, (64,))
    few = choose_placement(network, 32, masked=False)
    assert (few.on_gpu, choose_placement(network, 32, masked=False, training=True)) == (
        False,
        CUDNN,
    )


@pytest.mark.usefixtures("settings_restored")
@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"device": "cpu"}, Placement()),
        ({"device": "cpu", "execution": "graph"}, Placement(False, False, False)),
        ({"execution": "xla"}, XLA),
        ({"execution": "graph"}, CUDNN),
    ],
)
def test_settings_force_the_device_and_the_kernels(setting, expected, monkeypatch):
    pretend_a_gpu(monkeypatch)
    skrnn.set_config(**setting)
    assert choose_placement(LARGE, 256, masked=False) == expected


@pytest.mark.usefixtures("settings_restored")
def test_a_small_network_is_on_the_gpu_if_that_is_asked_for(monkeypatch):
    pretend_a_gpu(monkeypatch)
    skrnn.set_config(device="gpu")
    small = RecurrentNetwork("gru", 2, 1, 1, (2,))
    assert choose_placement(small, 2, masked=False) == CUDNN


@pytest.mark.usefixtures("settings_restored")
@pytest.mark.parametrize("hidden", [False, True])
def test_a_gpu_that_is_not_there_is_refused(hidden, monkeypatch):
    if hidden:
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    skrnn.set_config(device="gpu")
    words = "were hidden when TensorFlow" if hidden else r"install skrnn\[gpu\]"
    with pytest.raises(RuntimeError, match=f"device='gpu' needs a GPU .*{words}"):
        LSTMRegressor(2, epochs=1).fit(*summed_windows())


@pytest.mark.usefixtures("settings_restored", "compiled_only")
def test_epochs_of_one_graph_equal_keras():
    skrnn.set_config(execution="graph")
    samples, held_out = make_samples(missing=True), np.array([1, 5, 3, 8, 2, 0, 9])
    network = network_for(samples, "gru", l2=0.1)
    assert_same_training(samples, network, held_out=held_out)


@pytest.mark.usefixtures("settings_restored", "compiled_only")
@pytest.mark.parametrize("run", first_of_many([fit_and_roll_out, fit_copies]))
def test_graphs_give_the_numbers_of_xla(run):
    xla = run()
    skrnn.set_config(execution="graph")
    graph = run()
    assert_allclose(graph, xla, rtol=1e-5, atol=1e-5)


TWO_DEVICES = """
import numpy as np, tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
one = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(cpu, [one, one])
from skrnn import AutoregressiveForecaster, RNNRegressor
from skrnn._engine import placement
from skrnn._engine.programs import PROGRAMS
placement._has_gpu = lambda: True
placement.on_cpu = lambda: tf.device("/CPU:1")
y = np.arange(40.0)
inner = RNNRegressor(2, epochs=1, predict_backend="tensorflow", metrics=["mae"])
inner.set_params(validation_split=0.2)
AutoregressiveForecaster(inner, window=4).fit(None, y).forecast(2)
X = y.reshape(10, 2, 2)
inner.set_params(stateful=True, batch_size=5, validation_split=0).fit(X, y[:10])
inner.predict(X)
for key, program in PROGRAMS._free.values():
    models = getattr(program, "models", None) or [program.model]
    places = {v.value.device[-5:] for model in models for v in model.variables}
    print(key[0][0], places)
"""


def test_what_is_small_is_on_the_cpu_beside_a_gpu_throughout():
    finished = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    assert sorted(lines) == sorted(
        f"{use} {{'CPU:1'}}" for use in ("train", "roll-out", "train", "predict")
    )
