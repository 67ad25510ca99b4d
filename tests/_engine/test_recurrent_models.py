import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import r2_score

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, make_windows
from skrnn._engine.models import build_model
from skrnn._engine.tensorflow import keras
from skrnn._networks.description import RecurrentNetwork
from skrnn._windows.windows import windows_of
from tests.support.cells import predict_by_hand
from tests.support.samples import build_recurrent_model, summed_windows

ESTIMATORS = {"rnn": RNNRegressor, "lstm": LSTMRegressor, "gru": GRURegressor}
LAYERS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
VARIABLES = {"rnn": "simple_rnn_cell", "lstm": "lstm_cell", "gru": "gru_cell"}


def network_of(estimator, n_steps, n_features, n_targets=1):
    windows = windows_of(np.zeros((2, n_steps, n_features)))
    return build_model(estimator._describe_network(windows, 1))


def layers_named(model, beginning):
    return [layer for layer in model.layers if layer.name.startswith(beginning)]


@pytest.mark.parametrize(
    ("estimator", "n_steps", "n_weights"),
    [
        (RNNRegressor(200), 2, 40_601),
        (RNNRegressor((500, 500), activation="sigmoid"), 2, 752_001),
        (LSTMRegressor((250, 250)), 2, 753_251),
        (GRURegressor((250, 250), dense_before=(125, 125)), 2, 675_501),
        (RNNRegressor(200), 1, 40_601),
    ],
)
def test_networks_of_the_lecture_have_its_numbers_of_weights(
    estimator, n_steps, n_weights
):
    assert network_of(estimator, n_steps, n_features=1).count_params() == n_weights


@pytest.mark.parametrize("cell", LAYERS)
def test_each_width_is_a_layer_of_its_kind(cell):
    model = build_recurrent_model(
        cell, units=(5, 3), dense_before=(7, 6), dense_after=(4,)
    )
    cells = [layer.cell for layer in layers_named(model, "recurrent")]
    assert [type(each).__name__ for each in cells] == [f"{LAYERS[cell]}Cell"] * 2
    assert [each.units for each in cells] == [5, 3]
    assert [layer.output.shape for layer in layers_named(model, "dense")] == [
        (None, 4, 7),
        (None, 4, 6),
        (None, 4),
    ]
    assert model.output_shape == (None, 1)


def test_bidirectional_layers_put_both_directions_side_by_side():
    recurrent = layers_named(
        build_recurrent_model(units=(5, 3), bidirectional=True), "recurrent"
    )
    assert all(isinstance(layer, keras.layers.Bidirectional) for layer in recurrent)
    assert [layer.output.shape for layer in recurrent] == [(None, 4, 10), (None, 6)]


@pytest.mark.parametrize(
    ("parameters", "shape"),
    [
        ({"segment": 1}, (None, 6, 3)),
        ({"segment": 2}, (None, 3, 5)),
        ({"segment": 6, "units": (4, 5)}, (None, 1, 4)),
        ({"segment": 2, "dense_before": (7, 2)}, (None, 3, 2)),
    ],
    ids=str,
)
def test_segments_are_projected_to_the_width_of_the_recurrent_layer(parameters, shape):
    layer = layers_named(build_recurrent_model(n_steps=6, **parameters), "recurrent")[0]
    assert layer.input.shape == shape


def test_segments_pass_one_projection_with_the_settings_of_dense_layers():
    settings = {"dense_activation": "selu", "l2": 0.1}
    layer = build_recurrent_model(segment=2, **settings).get_layer("segment_projection")
    assert layer.activation is keras.activations.selu
    assert layer.input.shape == (None, 2, 2 * 3)
    assert float(layer.kernel_regularizer.l2) == pytest.approx(0.1)
    assert not layers_named(
        build_recurrent_model(segment=2, dense_before=(7,)), "segment_proj"
    )
    assert not layers_named(build_recurrent_model(segment=1), "segment_proj")


@pytest.mark.parametrize(
    ("segment", "decoder", "sizes"),
    [
        (1, "dense", [8] * 6),
        (2, "dense", [8] * 3),
        (6, "dense", [8]),
        # One further step, which three segments of five outputs take side by side.
        (2, "parallel", [8] * 3 + [24]),
    ],
)
def test_cell_runs_once_for_each_segment(segment, decoder, sizes):
    seen = []

    def spying(x):
        seen.append(len(x))
        return keras.ops.tanh(x)

    settings = {"segment": segment, "decoder": decoder, "activation": spying}
    model = build_recurrent_model(n_steps=6, n_targets=5, **settings)
    seen.clear()  # Building has traced the steps.
    model(np.zeros((8, 6, 3)))
    for size in set(sizes):
        seen.remove(size)  # Keras tries each loop on one step, for the shapes.
    assert seen == sizes


def test_activations_are_those_of_their_layers_and_the_output_is_linear():
    model = build_recurrent_model(
        activation="elu", dense_activation="selu", dense_after=(2,)
    )
    recurrent, dense, targets = model.layers[1:]
    assert recurrent.cell.activation is keras.activations.elu
    assert dense.activation is keras.activations.selu
    assert targets.activation is keras.activations.linear


def test_l2_penalises_every_kernel_and_no_bias():
    model = build_recurrent_model("gru", dense_before=(2,), dense_after=(2,), l2=0.1)
    model.set_weights([np.full(w.shape, 2.0) for w in model.weights])
    kernels = sum(np.prod(w.shape) for w in model.weights if "kernel" in w.name)
    assert_allclose(sum(map(float, model.losses)), 0.1 * 4 * kernels, rtol=1e-6)
    assert build_recurrent_model(l2=0.0).losses == []


def test_dropout_is_that_of_the_recurrent_layers():
    for layer in layers_named(
        build_recurrent_model(units=(5, 3), dropout=0.3, recurrent_dropout=0.2),
        "recurrent",
    ):
        assert (layer.cell.dropout, layer.cell.recurrent_dropout) == (0.3, 0.2)


@pytest.mark.parametrize("cell", LAYERS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_layers_for_cudnn_have_the_variables_and_the_outputs_of_those_of_cells(
    cell, bidirectional
):
    settings = {"bidirectional": bidirectional, "activation": "elu", "units": (5, 3)}
    network = RecurrentNetwork(cell, 4, 3, 1, **settings)
    models = [build_model(network, cudnn=cudnn) for cudnn in (False, True)]
    for model in models:
        keras.utils.set_random_seed(0)
        model.set_weights(
            [np.sin(np.arange(w.size)).reshape(w.shape) for w in model.get_weights()]
        )
    ours, theirs = ([w.path for w in model.weights] for model in models)
    assert ours == theirs
    X = np.random.RandomState(0).normal(size=(6, 4, 3))
    assert_allclose(*(model(X) for model in models), rtol=1e-6)


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("cell", "parameters"),
    [
        ("rnn", {"segment": 3}),
        ("lstm", {"segment": 3, "dense_before": (4,), "dense_after": (3, 2)}),
        ("gru", {"units": (3, 2), "bidirectional": True}),
    ],
    ids=str,
)
def test_predictions_follow_from_the_equations(cell, parameters):
    X, y = summed_windows()
    model = ESTIMATORS[cell](3, epochs=1, learning_rate=0.1, random_state=0)
    model.set_params(predict_backend="tensorflow", **parameters).fit(X, y)
    X_new = summed_windows(seed=1)[0]
    X_new[:3, :2] = np.nan  # Nothing observed at first,
    X_new[3, 1] = np.nan  # in between,
    X_new[4, -1] = np.nan  # and at last.
    X_new[5, 2, 0] = np.nan  # A hole in a step.
    X_new[6, 3:] = np.nan  # A whole segment.
    by_hand = predict_by_hand(model, X_new, X, y)
    assert_allclose(model.predict(X_new), by_hand, rtol=1e-5, atol=1e-5 * y.std())


DEEP = {"units": (3, 2), "dense_before": (4,), "dense_after": (3,)}


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("cell", "parameters", "n_features", "missing"),
    [
        ("rnn", {"segment": 2}, 2, False),
        ("lstm", {"segment": 3, **DEEP}, 2, True),
        ("gru", {"segment": 6}, 1, True),  # More than there are outputs.
        # Prediction pads the only feature by another one.
        ("gru", {"segment": 1}, 1, False),
    ],
    ids=str,
)
def test_parallel_decoder_follows_from_the_equations(
    cell, parameters, n_features, missing
):
    X, y = summed_windows(n_features, n_targets=5)
    model = ESTIMATORS[cell](3, epochs=1, learning_rate=0.1, random_state=0)
    model.set_params(
        predict_backend="tensorflow", decoder="parallel", **parameters
    ).fit(X, y)
    X_new = summed_windows(n_features, seed=1)[0]
    if missing:
        X_new[:3, :2] = X_new[3, -3:] = X_new[4] = np.nan
    assert_allclose(
        model.predict(X_new), predict_by_hand(model, X_new, X, y), rtol=1e-4
    )


@pytest.mark.slow
def test_parallel_decoder_learns_a_horizon():
    X, y = make_windows(np.sin(np.arange(300) / 5), window=12, horizon=7)
    model = GRURegressor(
        8,
        segment=3,
        decoder="parallel",
        epochs=60,
        learning_rate=0.01,
        random_state=0,
    ).fit(X[:200], y[:200])
    scores = r2_score(y[200:], model.predict(X[200:]), multioutput="raw_values")
    assert scores.shape == (7,)
    assert scores.min() > 0.95


@pytest.mark.untrained
def test_dense_activation_may_be_a_function():
    X, y = summed_windows()
    model = RNNRegressor(
        3, dense_after=(4,), dense_activation=keras.ops.sin, epochs=1, random_state=0
    ).fit(X, y)
    by_hand = predict_by_hand(model, X, X, y, dense_activation=np.sin)
    assert_allclose(model.predict(X), by_hand, rtol=1e-5, atol=1e-5 * y.std())
