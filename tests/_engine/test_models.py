import json
import random
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, make_windows
from skrnn._engine.models import build_model, draw_weights
from skrnn._engine.tensorflow import keras
from skrnn._networks.description import RecurrentNetwork
from skrnn._windows.windows import windows_of
from tests.support.cells import predict_by_hand, relu, sigmoid
from tests.support.exhaustive import crossed

ESTIMATORS = {"rnn": RNNRegressor, "lstm": LSTMRegressor, "gru": GRURegressor}
LAYERS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}


def network(cell="rnn", n_steps=4, n_features=3, n_targets=1, units=(5,), **others):
    return build_model(
        RecurrentNetwork(cell, n_steps, n_features, n_targets, units, **others)
    )


def network_of(estimator, n_steps, n_features, n_targets=1):
    windows = windows_of(np.zeros((2, n_steps, n_features)))
    return build_model(estimator._describe_network(windows, 1))


def layers_named(model, beginning):
    return [layer for layer in model.layers if layer.name.startswith(beginning)]


def global_random_numbers():
    """State of Python's and NumPy's generators, from which a user may draw."""
    return random.getstate(), str(np.random.get_state())  # noqa: NPY002


def samples(n_features=2, n_targets=None, n_steps=6, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(20, n_steps, n_features)) * [3.0, 0.2, 1.0][:n_features] + 5
    y = X.sum(axis=1) @ rng.normal(size=(n_features, n_targets or 1))
    return X, y if n_targets else y[:, 0]


# --------------------------------------------------------------------------------------
# Parameters and layers
# --------------------------------------------------------------------------------------


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
    model = network(cell, units=(5, 3), dense_before=(7, 6), dense_after=(4,))
    recurrent = layers_named(model, "recurrent")
    assert [type(layer).__name__ for layer in recurrent] == [LAYERS[cell]] * 2
    assert [layer.units for layer in recurrent] == [5, 3]
    assert [layer.output.shape for layer in layers_named(model, "dense")] == [
        (None, 4, 7),
        (None, 4, 6),
        (None, 4),
    ]
    assert model.output_shape == (None, 1)


def test_bidirectional_layers_put_both_directions_side_by_side():
    recurrent = layers_named(network(units=(5, 3), bidirectional=True), "recurrent")
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
    layer = layers_named(network(n_steps=6, **parameters), "recurrent")[0]
    assert layer.input.shape == shape


def test_segments_pass_one_projection_with_the_settings_of_dense_layers():
    settings = {"dense_activation": "selu", "l2": 0.1}
    layer = network(segment=2, **settings).get_layer("segment_projection")
    assert layer.activation is keras.activations.selu
    assert layer.input.shape == (None, 2, 2 * 3)
    assert float(layer.kernel_regularizer.l2) == pytest.approx(0.1)
    assert not layers_named(network(segment=2, dense_before=(7,)), "segment_proj")
    assert not layers_named(network(segment=1), "segment_proj")


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
    model = network(n_steps=6, n_targets=5, **settings)
    seen.clear()  # Building has traced the steps.
    model(np.zeros((8, 6, 3)))
    for size in set(sizes):
        seen.remove(size)  # Keras tries each loop on one step, for the shapes.
    assert seen == sizes


def test_activations_are_those_of_their_layers_and_the_output_is_linear():
    model = network(activation="elu", dense_activation="selu", dense_after=(2,))
    recurrent, dense, targets = model.layers[1:]
    assert recurrent.activation is keras.activations.elu
    assert dense.activation is keras.activations.selu
    assert targets.activation is keras.activations.linear


def test_l2_penalises_every_kernel_and_no_bias():
    model = network("gru", dense_before=(2,), dense_after=(2,), l2=0.1)
    model.set_weights([np.full(w.shape, 2.0) for w in model.weights])
    kernels = sum(np.prod(w.shape) for w in model.weights if "kernel" in w.name)
    assert_allclose(sum(map(float, model.losses)), 0.1 * 4 * kernels, rtol=1e-6)
    assert network(l2=0.0).losses == []


def test_dropout_is_that_of_the_recurrent_layers():
    for layer in layers_named(
        network(units=(5, 3), dropout=0.3, recurrent_dropout=0.2), "recurrent"
    ):
        assert (layer.dropout, layer.recurrent_dropout) == (0.3, 0.2)


# --------------------------------------------------------------------------------------
# Starting weights
# --------------------------------------------------------------------------------------


def starting_weights(seed=0, **parameters):
    return draw_weights(network(**parameters), np.random.RandomState(seed))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", LAYERS)
def test_starting_weights_are_distributed_as_keras_draws_them(cell, bidirectional):
    model = network(cell, units=(40,), bidirectional=bidirectional)
    drawn = draw_weights(model, np.random.RandomState(0))
    for variable, weight in zip(model.weights, drawn, strict=True):
        if variable.name == "recurrent_kernel":
            assert_allclose(weight @ weight.T, np.eye(40), atol=1e-5)
        elif variable.name == "kernel":
            bound = np.sqrt(6 / sum(weight.shape))
            assert 0.9 * bound < np.abs(weight).max() <= bound
        elif cell == "lstm" and variable.shape == (160,):
            assert_array_equal(weight, np.repeat([0.0, 1.0, 0.0, 0.0], 40))
        else:
            assert not weight.any()


def test_embeddings_of_positions_start_standard_normal():
    settings = {"decoder": "parallel", "segment": 2, "n_targets": 999, "units": (40,)}
    (drawn,) = (w for w in starting_weights(**settings) if w.shape == (500, 40))
    assert abs(drawn.mean()) < 0.05
    assert abs(drawn.std() - 1) < 0.05
    other = starting_weights(seed=1, **settings)
    assert not any((drawn == w).any() for w in other if w.shape == drawn.shape)


def test_starting_weights_depend_on_the_seed_and_no_two_kernels_are_alike():
    drawn = starting_weights(units=(3, 3), bidirectional=True)
    again = starting_weights(units=(3, 3), bidirectional=True)
    other = starting_weights(seed=1, units=(3, 3), bidirectional=True)
    kernels = [i for i, weight in enumerate(drawn) if weight.any()]
    assert len(kernels) == 2 * 2 * 2 + 1
    for i in kernels:
        assert_array_equal(drawn[i], again[i])
        assert (drawn[i] != other[i]).all()
    assert len({drawn[i].tobytes() for i in kernels}) == len(kernels)


def test_building_draws_none_of_the_users_random_numbers():
    before = global_random_numbers()
    draw_weights(network(dropout=0.5), np.random.RandomState(0))
    assert global_random_numbers() == before


# --------------------------------------------------------------------------------------
# Predictions and the equations of the cells
# --------------------------------------------------------------------------------------


NETWORKS = [
    {},
    {"units": (3, 2)},
    {"units": (3, 2), "bidirectional": True},
    {"segment": 3},
    {"segment": 3, "dense_before": (4,), "dense_after": (3, 2)},
]


@pytest.mark.parametrize(("cell", "parameters"), crossed(ESTIMATORS, NETWORKS), ids=str)
def test_predictions_follow_from_the_equations(cell, parameters):
    X, y = samples()
    model = ESTIMATORS[cell](3, epochs=1, learning_rate=0.1, random_state=0)
    model.set_params(predict_backend="tensorflow", **parameters).fit(X, y)
    X_new = samples(seed=1)[0]
    X_new[:3, :2] = np.nan  # Nothing observed at first,
    X_new[3, 1] = np.nan  # in between,
    X_new[4, -1] = np.nan  # and at last.
    X_new[5, 2, 0] = np.nan  # A hole in a step.
    X_new[6, 3:] = np.nan  # A whole segment.
    by_hand = predict_by_hand(model, X_new, X, y)
    assert_allclose(model.predict(X_new), by_hand, rtol=1e-5, atol=1e-5 * y.std())


DEEP = {"units": (3, 2), "dense_before": (4,), "dense_after": (3,)}


@pytest.mark.parametrize(
    ("cell", "parameters", "n_features"),
    [
        ("rnn", {"segment": 2}, 2),
        pytest.param("lstm", {"segment": 2}, 2, marks=pytest.mark.exhaustive),
        pytest.param("gru", {"segment": 2}, 2, marks=pytest.mark.exhaustive),
        ("lstm", {"segment": 3, **DEEP}, 2),
        ("gru", {"segment": 6}, 1),  # More than there are outputs.
        ("gru", {"segment": 1}, 1),  # Prediction pads the only feature by another one.
    ],
    ids=str,
)
def test_parallel_decoder_follows_from_the_equations(cell, parameters, n_features):
    X, y = samples(n_features, n_targets=5)
    model = ESTIMATORS[cell](3, epochs=1, learning_rate=0.1, random_state=0)
    model.set_params(
        predict_backend="tensorflow", decoder="parallel", **parameters
    ).fit(X, y)
    assert_allclose(model.predict(X), predict_by_hand(model, X, X, y), rtol=1e-4)
    X_new = samples(n_features, seed=1)[0]
    X_new[:3, :2] = X_new[3, -3:] = X_new[4] = np.nan
    assert_allclose(
        model.predict(X_new), predict_by_hand(model, X_new, X, y), rtol=1e-4
    )


def test_segments_train_like_windows_that_were_folded_by_hand():
    X, y = samples()
    settings = {"standardize": False, "epochs": 2, "random_state": 0}
    folded = X.reshape(20, 2, 3 * 2)
    model = GRURegressor(3, segment=3, **settings).fit(X, y)
    by_hand = GRURegressor(3, dense_before=3, **settings).fit(folded, y)
    assert_allclose(model.loss_curve_, by_hand.loss_curve_, rtol=1e-6)
    for ours, theirs in zip(model.weights_, by_hand.weights_, strict=True):
        assert_allclose(ours, theirs, rtol=0, atol=1e-6)


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


@pytest.mark.parametrize(("cell", "name"), crossed(ESTIMATORS, ["sigmoid", "relu"]))
def test_activation_replaces_the_hyperbolic_tangent(cell, name):
    X, y = samples()
    model = ESTIMATORS[cell](3, epochs=1, activation=name, random_state=0)
    model.set_params(predict_backend="tensorflow").fit(X, y)
    function = {"sigmoid": sigmoid, "relu": relu}[name]
    by_hand = predict_by_hand(model, X, X, y, activation=function)
    assert_allclose(model.predict(X), by_hand, rtol=1e-5, atol=1e-5 * y.std())


def test_dense_activation_may_be_a_function():
    X, y = samples()
    model = RNNRegressor(
        3, dense_after=(4,), dense_activation=keras.ops.sin, epochs=1, random_state=0
    ).fit(X, y)
    by_hand = predict_by_hand(model, X, X, y, dense_activation=np.sin)
    assert_allclose(model.predict(X), by_hand, rtol=1e-5, atol=1e-5 * y.std())


# --------------------------------------------------------------------------------------
# The plain Keras model
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cell", "offset"), crossed(ESTIMATORS, [1e7, 0.0]))
def test_keras_model_predicts_in_the_units_of_the_data(cell, offset):
    X, y = samples(n_targets=2)
    X, y = X + offset, y - offset
    model = ESTIMATORS[cell](3, epochs=1, random_state=0).fit(X, y)
    X[0, :2] = X[1, 3, 0] = X[2, -1] = np.nan
    # Called, because Keras's own `predict` rounds its input to float32.
    predicted = model.to_keras()(X).numpy()
    assert predicted.shape == (20, 2)
    assert_allclose(predicted, model.predict(X), rtol=0, atol=1e-5 * y.std())


def test_keras_model_holds_the_weights_of_the_estimator():
    X, y = samples()
    model = LSTMRegressor((3, 2), epochs=1, random_state=0).fit(X, y)
    exported = model.to_keras()
    assert exported.count_params() == sum(w.size for w in model.weights_)
    for ours, theirs in zip(model.weights_, exported.get_weights(), strict=True):
        assert_array_equal(ours, theirs)


def test_keras_model_steps_ahead_by_a_copy_of_the_recurrent_layer():
    X, y = samples(n_targets=5)
    settings = {"segment": 2, "decoder": "parallel", "dense_after": 2}
    model = LSTMRegressor((3, 2), epochs=1, random_state=0, **settings).fit(X, y)
    exported = model.to_keras()
    weights = exported.get_weights()
    assert len(weights) == len(model.weights_) + 3
    # Projection, two recurrent layers, embeddings, the copy, and what is behind.
    own, copied = weights[5:8], weights[9:12]
    for one, other in zip(own, copied, strict=True):
        assert_array_equal(one, other)
    X[0, :2] = X[1, 3, 0] = X[2, -2:] = np.nan
    assert_allclose(exported(X), model.predict(X), rtol=0, atol=1e-5 * y.std())


def test_keras_model_of_unscaled_data_fills_holes_with_the_mean():
    X, y = samples()
    model = RNNRegressor(3, epochs=1, standardize=False, random_state=0).fit(X, y)
    filled = X.copy()
    X[0, 2, 1], filled[0, 2, 1] = np.nan, X[..., 1].mean()
    assert_allclose(model.to_keras()(X)[:, 0], model.predict(filled), atol=1e-5)


def test_saved_keras_model_loads_where_skrnn_is_not_installed(tmp_path):
    X, y = samples(n_targets=3)
    X[0, :2] = X[1, 3, 0] = np.nan
    X, y = X + 1e7, y + 1e7
    settings = {"epochs": 1, "random_state": 0, "incomplete": "mask"}
    models = {cell: cls(3, **settings) for cell, cls in ESTIMATORS.items()}
    settings |= {"segment": 2, "decoder": "parallel"}
    models["parallel"] = LSTMRegressor((3, 2), **settings)
    expected = []
    for name, model in models.items():
        model.fit(X, y).to_keras().save(tmp_path / f"{name}.keras")
        expected.append(model.predict(X).tolist())
    np.save(tmp_path / "X.npy", X)
    loader = (
        "import json, sys; sys.modules['skrnn'] = None\n"
        "import keras, numpy as np\n"
        "X = np.load('X.npy')\n"
        "models = [keras.models.load_model(f'{c}.keras') for c in sys.argv[1:]]\n"
        "print(json.dumps([m(X).numpy().tolist() for m in models]))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", loader, *models],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert finished.returncode == 0, finished.stderr
    predicted = json.loads(finished.stdout)
    assert_allclose(predicted, expected, rtol=0, atol=1e-5 * y.std())
