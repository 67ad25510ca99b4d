import gc
import weakref

import keras
import numpy as np
import pytest

from skrnn._engine import prediction_program
from skrnn._engine.models import build_model, call_model
from skrnn._engine.prediction import predict
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.settings import Recipe
from skrnn._process import config
from tests.support.cells import run_by_hand
from tests.support.exhaustive import crossed
from tests.support.samples import (
    CELLS,
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)


def test_folds_and_learning_rates_share_one_program():
    PROGRAMS.clear()
    built = PROGRAMS.n_built
    for n_samples in (11, 22, 300):
        for learning_rate in (0.1, 0.01):
            samples = make_samples(n_samples)
            network = network_for(samples, "rnn")
            recipe = Recipe(learning_rate=learning_rate)
            weights = weights_for(network)
            fit_in_order(network, recipe, weights, samples)
    assert PROGRAMS.n_built - built == 1
    ((_, program),) = PROGRAMS._free.values()
    assert len(program._epochs) == 1


def test_programs_are_given_up_least_recently_used_first(monkeypatch):
    monkeypatch.setitem(config._CONFIG, "program_cache_size", 2)
    cache = type(PROGRAMS)()
    for key in "abac":
        with cache.lend(key, object):
            pass
    assert cache.n_built == 3
    with cache.lend("a", lambda: pytest.fail("a was given up")):
        pass
    with pytest.raises(RuntimeError, match="lost"), cache.lend("c", object):
        raise RuntimeError("lost")
    with cache.lend("c", object):
        assert cache.n_built == 4


def test_a_program_that_is_given_up_leaves_no_graph_behind():
    PROGRAMS.clear()
    samples = make_samples(11)
    network = network_for(samples, "lstm")
    fit_in_order(network, Recipe(), weights_for(network), samples)
    ((_, program),) = PROGRAMS._free.values()
    (epoch,) = program._epochs.values()
    graph = weakref.ref(epoch.graph)
    del program, epoch
    PROGRAMS.clear()
    gc.collect()
    assert graph() is None


@pytest.mark.parametrize("n_samples", [1, 31, 32, 33, 600, 2100])
def test_predictions_do_not_depend_on_the_batch(n_samples):
    samples = make_samples(n_samples, missing=n_samples > 20)
    network = network_for(samples, "gru")
    weights = weights_for(network)
    model = build_model(network, masked=True)
    model.set_weights(weights)
    expected = model.predict(samples.windows.gather(), verbose=0)
    got = predict(network, weights, samples.windows)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_a_precision_set_for_other_models_is_not_inherited():
    samples = make_samples()
    network = network_for(samples, "rnn")
    args = (network, Recipe(), weights_for(network), samples)
    before, _ = fit_in_order(*args)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        fit_in_order(*args)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    after, _ = fit_in_order(*args)
    np.testing.assert_array_equal(before[0], after[0])


def test_equal_optimizers_share_a_program_and_others_do_not():
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights, built = weights_for(network), PROGRAMS.n_built
    for clipnorm in (0.7, 0.7, 0.8):
        recipe = Recipe(optimizer=keras.optimizers.Adam(0.02, clipnorm=clipnorm))
        fit_in_order(network, recipe, weights, samples, epochs=1)
    assert PROGRAMS.n_built - built == 2


def test_a_batch_beyond_the_data_costs_no_more_than_the_data():
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights, built = weights_for(network), PROGRAMS.n_built
    results = [
        fit_in_order(network, Recipe("mae"), weights, samples, batch_size=batch_size)[0]
        for batch_size in (32, 10**9)
    ]
    assert PROGRAMS.n_built - built == 1
    np.testing.assert_array_equal(results[0][0], results[1][0])


def test_a_used_metric_starts_afresh():
    metric = keras.metrics.MeanAbsoluteError(name="mae")
    metric.update_state([1e6], [0.0])
    samples = make_samples()
    network = network_for(samples, "rnn")
    recipe, weights = Recipe(metrics=[metric]), weights_for(network)
    _, history = fit_in_order(network, recipe, weights, samples)
    assert history["mae"][0] < 100


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
    network = network_for(samples)
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


@pytest.mark.parametrize(("cell", "bidirectional"), crossed(CELLS, [False, True]))
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
