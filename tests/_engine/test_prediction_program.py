import numpy as np

from skrnn._engine import prediction_program
from skrnn._engine.models import call_model
from skrnn._engine.prediction import predict
from skrnn._engine.programs import PROGRAMS
from tests.support.samples import (
    make_samples,
    network_for,
    weights_for,
)


def test_predictions_see_weights_changed_in_place():
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights = weights_for(network)
    before = predict(network, weights, samples.windows)
    weights[-1] += 100
    after = predict(network, weights, samples.windows)
    np.testing.assert_allclose(after, before + 100, rtol=1e-5)


def test_small_predictions_after_the_first_build_and_trace_nothing(monkeypatch):
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights, traces = weights_for(network), []

    def counted(*args):
        traces.append(args)
        return call_model(*args)

    monkeypatch.setattr(prediction_program, "call_model", counted)
    PROGRAMS.clear()
    predict(network, weights, samples.windows)
    n_traced, n_built = len(traces), PROGRAMS.n_built
    assert n_traced > 0
    for n_samples in range(1, 21):
        predict(network, weights, samples.windows.take(slice(n_samples)))
    assert (len(traces), PROGRAMS.n_built) == (n_traced, n_built)
