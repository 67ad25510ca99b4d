import numpy as np
import pytest

from skrnn import (
    Autoencoder,
    GRURegressor,
    LSTMRegressor,
    RecurrentAutoencoder,
    RNNRegressor,
    VariationalAutoencoder,
    make_windows,
)
from skrnn._engine.models import build_model
from skrnn._windows.windows import windows_of

SERIES = np.sin(np.arange(40.0) / 3)
X, Y = make_windows(np.column_stack([SERIES, SERIES**2]), window=6)
PREDICTORS = {
    "plain": RNNRegressor(3),
    "deep": GRURegressor((4, 3), dense_before=5, dense_after=(6, 2)),
    "both ways": LSTMRegressor((4, 3), bidirectional=True),
    "segments": LSTMRegressor(3, segment=2),
    "segments of Dense": LSTMRegressor(3, segment=3, dense_before=(5, 4)),
    "parallel": LSTMRegressor((4, 3), segment=2, decoder="parallel", dense_after=5),
    "linear path": GRURegressor(3, linear_path=True),
}
COPIERS = {
    "rows": Autoencoder(2, hidden_layer_sizes=(5, 3)),
    "tied": Autoencoder(2, hidden_layer_sizes=(5, 3), tied=True),
    "variational": VariationalAutoencoder(2, hidden_layer_sizes=4),
    "windows": RecurrentAutoencoder(2, units=(4, 3), cell="gru"),
}


def build(estimator):
    """Return the description of a network and its Keras model, not trained."""
    windows = windows_of(X)
    network = estimator._describe_network(windows, Y.shape[1])
    loss = "mse" if hasattr(estimator, "transform") else None
    return network, build_model(network, loss=loss)


def with_weights(model):
    """Yield the layers with weights of a Keras model and of the models in it."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from with_weights(layer)
        elif layer.weights:
            yield layer


def of_keras(model):
    """Return name, shape and weights of layers; shared weights count once."""
    met, found = set(), []
    for layer in with_weights(model):
        own = [weight for weight in layer.weights if id(weight) not in met]
        met |= {id(weight) for weight in own}
        output = layer.output[0] if isinstance(layer.output, list) else layer.output
        size = sum(int(np.prod(weight.shape)) for weight in own)
        found.append((layer.name, output.shape[1:], size))
    return found


@pytest.mark.parametrize("name", [*PREDICTORS, *COPIERS])
def test_layers_their_shapes_and_weights_are_those_of_the_keras_model(name):
    network, model = build({**PREDICTORS, **COPIERS}[name])
    # Places in the horizon are samples to the layers behind a parallel decoder.
    last = slice(-1, None) if name == "parallel" else slice(None)
    listed = [
        (layer.name, layer.shape[last], layer.n_weights)
        for layer in network.layers
        if layer.weights
    ]
    expected = [(name, shape[last], size) for name, shape, size in of_keras(model)]
    # A layer that another one refers to may stand behind it in Keras's list.
    assert sorted(listed) == sorted(expected)
    assert network.n_weights == model.count_params()
