import threading

import numpy as np
import pytest

from skrnn._engine.prediction import predict
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.settings import Course, Recipe
from skrnn._engine.training import train
from tests.support.samples import (
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_same_seed_gives_the_same_bits_whatever_ran_before(dropout):
    samples = make_samples()
    network = network_for(samples, "gru", dropout=dropout)

    def fit(seed):
        course, random_state = Course(2, 8), np.random.RandomState(seed)
        return train(network, Recipe(), None, samples, course, random_state)[0]

    first, other, again = fit(0), fit(1), fit(0)
    for a, b, c in zip(first.weights, other.weights, again.weights, strict=True):
        np.testing.assert_array_equal(a, c)
        assert not np.array_equal(a, b)


def test_threads_train_at_once_and_get_the_bits_of_a_single_one():
    samples = make_samples()
    network = network_for(samples, "rnn")
    results = {}

    def fit(seed):
        course, random_state = Course(3, 8), np.random.RandomState(seed)
        state, _ = train(network, Recipe(), None, samples, course, random_state)
        results.setdefault(seed, []).append(
            (state.weights, predict(network, state.weights, samples.windows))
        )

    threads = [threading.Thread(target=fit, args=(s,), daemon=True) for s in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    fit(0), fit(1)
    for seed in (0, 1):
        weights, predicted = results[seed][-1]
        for other_weights, other_predicted in results[seed]:
            np.testing.assert_array_equal(predicted, other_predicted)
            for mine, theirs in zip(weights, other_weights, strict=True):
                np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("recipe", "match"),
    [
        (Recipe(lambda one: one), "loss must be a function.*TypeError"),
        (Recipe(lambda t, p: None), "loss must be a function.*ValueError"),
        (Recipe(lambda t, p: t), "loss must be.*does not depend on the predictions"),
        (Recipe(metrics=[lambda one: one]), "metrics must be a function.*TypeError"),
    ],
)
def test_a_function_that_fails_is_named_in_place_of_a_trace_through_keras(
    recipe, match
):
    samples = make_samples()
    network = network_for(samples, "rnn")
    with pytest.raises(ValueError, match=match):
        fit_in_order(network, recipe, weights_for(network), samples)


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
