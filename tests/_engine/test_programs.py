import gc
import weakref

import keras
import numpy as np
import pytest

from skrnn._engine.programs import PROGRAMS
from skrnn._engine.settings import Recipe
from skrnn._process import config
from tests.support.samples import (
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
    network = network_for(samples, "rnn")
    fit_in_order(network, Recipe(), weights_for(network), samples)
    ((_, program),) = PROGRAMS._free.values()
    (epoch,) = program._epochs.values()
    graph = weakref.ref(epoch.graph)
    del program, epoch
    PROGRAMS.clear()
    gc.collect()
    assert graph() is None


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
