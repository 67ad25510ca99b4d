import random

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._engine.models import draw_weights
from tests.support.samples import build_recurrent_model

LAYERS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}


def global_random_numbers():
    """Return the states of the generators from which a user may draw."""
    return random.getstate(), str(np.random.get_state())  # noqa: NPY002


def starting_weights(seed=0, **parameters):
    return draw_weights(
        build_recurrent_model(**parameters), np.random.RandomState(seed)
    )


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", LAYERS)
def test_starting_weights_are_distributed_as_keras_draws_them(cell, bidirectional):
    model = build_recurrent_model(cell, units=(40,), bidirectional=bidirectional)
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
    draw_weights(build_recurrent_model(dropout=0.5), np.random.RandomState(0))
    assert global_random_numbers() == before
