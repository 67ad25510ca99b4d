import numpy as np
import pytest

from skrnn._engine.models import build_model
from skrnn._engine.prediction import predict
from tests.support.cells import run_by_hand
from tests.support.samples import (
    make_samples,
    network_for,
    weights_for,
)


@pytest.mark.parametrize("n_samples", [1, 32, 33, 600, 2100])
def test_predictions_do_not_depend_on_the_batch(n_samples):
    samples = make_samples(n_samples, missing=n_samples > 20)
    network = network_for(samples, "gru")
    weights = weights_for(network)
    model = build_model(network, masked=True)
    model.set_weights(weights)
    expected = model(samples.windows.gather())
    got = predict(network, weights, samples.windows)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("cell", "bidirectional"), [("rnn", False), ("lstm", True), ("gru", False)]
)
def test_predictions_of_one_feature_equal_those_by_hand(cell, bidirectional):
    # A column of zeros stands beside a single feature, which must change nothing.
    samples = make_samples(n_features=1, n_targets=2, missing=True)
    network = network_for(samples, cell, bidirectional=bidirectional)
    weights = weights_for(network)
    got = predict(network, weights, samples.windows)
    expected = run_by_hand(network, weights, samples.windows.gather())
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_samples", [3, 32])
def test_a_batch_may_be_as_large_as_a_layer_or_as_the_segments_ahead(n_samples):
    # Predictions of few windows have a batch of 32, which is also the default width.
    samples = make_samples(n_samples, n_steps=6, n_targets=5)
    settings = {"units": (32,), "segment": 2, "decoder": "parallel"}
    network = network_for(samples, "rnn", **settings)
    weights = weights_for(network)
    expected = run_by_hand(network, weights, samples.windows.gather())
    got = predict(network, weights, samples.windows)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    model = build_model(network)
    model.set_weights(weights)
    called = model(samples.windows.gather())
    np.testing.assert_allclose(called, expected, rtol=1e-4, atol=1e-5)
