from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import (
    Autoencoder,
    AutoencoderDetector,
    AutoregressiveForecaster,
    RNNRegressor,
    make_windows,
)

pytestmark = pytest.mark.untrained
SERIES = np.sin(np.arange(40.0) / 3)
X, Y = make_windows(np.column_stack([SERIES, SERIES**2]), window=6)
SHORT = {"epochs": 1, "random_state": 0}


def fitted(estimator, data=X):
    return estimator.set_params(**SHORT).fit(data, Y)


def summary_of(estimator):
    printed = []
    estimator.summary(print_fn=printed.append)
    (text,) = printed
    return text


def test_summary_counts_the_weights_of_the_fitted_keras_model():
    estimator = fitted(RNNRegressor(3))
    n_weights = estimator.to_keras().count_params()
    assert f"{n_weights} trained, 0 frozen\n" in summary_of(estimator)


def test_summary_has_a_line_for_each_layer():
    lines = summary_of(fitted(RNNRegressor(3))).splitlines()
    assert lines[0] == "RNNRegressor"
    names, shape = ["windows", "recurrent_0", "targets"], ["(n_samples,", "3)"]
    rows = [line.split() for line in lines[4:-3]]
    assert [row[0] for row in rows] == names
    # Three units read two features, their own three states and a bias.
    assert rows[1][1:] == ["SimpleRNN", *shape, "18", "tanh", "trained"]


def test_summary_says_how_long_the_network_was_trained():
    estimator = RNNRegressor(3, batch_size=16, **{**SHORT, "epochs": 2}).fit(X, Y)
    # 34 windows make three batches, the last one short.
    assert summary_of(estimator).endswith("\n6 updates: epochs=2, batch_size=16")
    estimator.partial_fit(X[:16], Y[:16])
    assert summary_of(estimator).endswith("\n7 updates: epochs=3, batch_size=16")


def test_summary_is_printed_and_nothing_is_returned(capsys):
    assert fitted(RNNRegressor(3)).summary() is None
    printed = capsys.readouterr()
    assert "recurrent_0  SimpleRNN" in printed.out
    assert printed.err == ""


def test_frozen_layers_are_marked_and_counted():
    estimator = fitted(RNNRegressor(3))
    estimator._network = replace(estimator._network, frozen=True)
    text = summary_of(estimator)
    assert "26 weights: 8 trained, 18 frozen\n" in text
    (line,) = [line for line in text.splitlines() if line.startswith("recurrent_0")]
    assert line.endswith("frozen")


@pytest.mark.parametrize("estimator", [RNNRegressor(), Autoencoder()], ids=str)
def test_summary_of_what_is_not_fitted_is_refused(estimator):
    with pytest.raises(NotFittedError):
        estimator.summary()


def diagram(estimator):
    return estimator._repr_html_()


ROWS = SERIES.reshape(-1, 1)
NETWORK = RNNRegressor(3, **SHORT)
AROUND = {
    "estimator": (NETWORK, X, "recurrent_0: SimpleRNN"),
    "pipeline": (make_pipeline(FunctionTransformer(), NETWORK), X, "recurrent_0"),
    "search": (GridSearchCV(NETWORK, {"units": [3]}, cv=2), X, "recurrent_0"),
    "forecaster": (AutoregressiveForecaster(NETWORK, window=3), None, "recurrent_0"),
    "autoencoder": (Autoencoder(1, hidden_layer_sizes=3, **SHORT), ROWS, "encoder_0"),
    "detector": (
        AutoencoderDetector(Autoencoder(1, hidden_layer_sizes=3, **SHORT)),
        ROWS,
        "encoder_0: Dense",
    ),
}


@pytest.mark.parametrize("name", AROUND)
def test_diagram_shows_the_layers_of_the_network_inside(name):
    estimator, data, layer = AROUND[name]
    estimator = clone(estimator)
    before = diagram(estimator)
    assert layer not in before
    assert "layers are listed after fit" in before
    assert layer in diagram(estimator.fit(data, Y if data is X else SERIES))


def test_diagram_shows_shapes_and_counts():
    html = diagram(fitted(RNNRegressor(3)))
    assert "(n_samples, 3), 18 weights" in html
    assert "activation: tanh" in html


@pytest.mark.parametrize("holder", [AutoregressiveForecaster, AutoencoderDetector])
def test_diagram_of_an_estimator_that_was_given_none_shows_it_alone(holder):
    assert holder.__name__ in diagram(holder())
