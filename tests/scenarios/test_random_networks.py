"""Compiled predictions and epochs of random networks, beside Keras and NumPy."""

from functools import cache
from itertools import cycle

import numpy as np
import pytest

from tests.support.cells import run_by_hand

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from skrnn import set_config
from skrnn._engine.models import build_model
from skrnn._engine.prediction import predict
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.settings import Recipe
from skrnn._networks.categories import CodedFeatures
from skrnn._networks.description import RecurrentNetwork
from skrnn._windows.windows import Windows
from tests.support.samples import CELLS, assert_same_training, make_samples, network_for
from tests.support.strategies import FEWER, REPEATABLE, tried_often

pytestmark = pytest.mark.slow

# Each shape for each kind of cell: few enough to be compiled once and kept.
SHAPES = [
    {"n_steps": 4, "n_features": 1, "n_targets": 1, "units": (3,)},
    {"n_steps": 1, "n_features": 3, "n_targets": 2, "units": (2,)},
    {"n_steps": 5, "n_features": 2, "n_targets": 1, "units": (3, 2)},
    {
        "n_steps": 3,
        "n_features": 2,
        "n_targets": 2,
        "units": (2,),
        "bidirectional": True,
    },
    {
        "n_steps": 4,
        "n_features": 1,
        "n_targets": 1,
        "units": (2, 3),
        "bidirectional": True,
        "dense_after": (3,),
    },
    {
        "n_steps": 4,
        "n_features": 2,
        "n_targets": 3,
        "units": (2,),
        "dense_before": (3, 2),
        "dense_after": (4,),
    },
    {"n_steps": 6, "n_features": 1, "n_targets": 1, "units": (3,), "segment": 3},
    {
        "n_steps": 6,
        "n_features": 2,
        "n_targets": 5,
        "units": (3,),
        "segment": 2,
        "decoder": "parallel",
    },
    {
        "n_steps": 4,
        "n_features": 1,
        "n_targets": 3,
        "units": (2, 2),
        "decoder": "parallel",
        "dense_after": (3,),
    },
    {"n_steps": 4, "n_features": 2, "n_targets": 3, "units": (2,), "linear_path": True},
    {
        "n_steps": 4,
        "n_features": 4,
        "n_targets": 1,
        "units": (2,),
        "segment": 2,
        "linear_path": True,
        # Of random numbers the whole part is the code, and most of them have none.
        "categories": (CodedFeatures((0, 3), 2, 2), CodedFeatures((1,), 1, 3)),
    },
]
# Outputs of every step, which samples of windows cannot train.
OF_STEPS = {
    "n_steps": 4,
    "n_features": 2,
    "n_targets": 2,
    "units": (2, 3),
    "dense_after": (2,),
    "bidirectional": True,
    "return_sequences": True,
}
ALL_SHAPES = [*SHAPES, OF_STEPS]
NETWORKS = [RecurrentNetwork(cell, **shape) for cell in CELLS for shape in ALL_SHAPES]
# Each shape once, and each kind of cell in turn.
EVERYDAY = [
    RecurrentNetwork(cell, **shape)
    for cell, shape in zip(cycle(CELLS), ALL_SHAPES, strict=False)
]


@cache
def built(network, masked):
    return build_model(network, masked=masked)


@pytest.fixture(scope="module", autouse=True)
def _keep_all_programs():
    set_config(program_cache_size=len(NETWORKS) * 4)
    yield
    set_config(program_cache_size=32)
    PROGRAMS.clear()


@st.composite
def windows_for(draw, network):
    """Windows that overlap or not, perhaps with steps of which nothing is known."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_samples, steps = draw(st.integers(1, 40)), network.n_steps
    dilation, stride = draw(st.integers(1, 2)), draw(st.integers(0, 3))
    starts = random.permutation(n_samples) * stride
    n_rows = int(starts.max()) + (steps - 1) * dilation + 1
    size = draw(st.sampled_from([0.0, 0.1, 1.0, 10.0, 1e4]))
    rows = (size * random.normal(size=(n_rows, network.n_features))).astype(np.float32)
    if draw(st.booleans()):
        rows[random.random(size=n_rows) < draw(st.sampled_from([0.1, 0.5, 1.0]))] = (
            np.nan
        )
    return Windows(rows, starts.astype(np.intp), steps, dilation)


@settings(REPEATABLE, max_examples=30)
@given(st.sampled_from(EVERYDAY), st.data())
def test_compiled_predictions_equal_keras_and_the_equations(network, data):
    assert_predictions_equal_keras_and_the_equations(network, data)


@pytest.mark.exhaustive
@FEWER
@given(st.sampled_from(NETWORKS), st.data())
def test_compiled_predictions_of_all_networks_equal_those(network, data):
    assert_predictions_equal_keras_and_the_equations(network, data)


def assert_predictions_equal_keras_and_the_equations(network, data):
    windows = data.draw(windows_for(network))
    missing = windows.any_missing()
    model = built(network, missing)
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    scale = data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    weights = [
        (scale * random.normal(size=each.shape)).astype(np.float32)
        for each in model.weights
    ]
    got = predict(network, weights, windows)
    model.set_weights(weights)
    laid_out = windows.gather()
    close = {"rtol": 1e-3, "atol": 1e-5 * max(1.0, np.abs(got).max())}
    np.testing.assert_allclose(got, model(laid_out, training=False), **close)
    by_hand = run_by_hand(network, weights, laid_out.astype(float))
    np.testing.assert_allclose(got, by_hand, **close)


@tried_often(4, 2)
def test_compiled_epochs_equal_keras(data):
    cell, shape = data.draw(st.sampled_from(CELLS)), data.draw(st.sampled_from(SHAPES))
    missing = data.draw(st.booleans())
    sizes = {k: shape[k] for k in ("n_steps", "n_features", "n_targets")}
    samples = make_samples(data.draw(st.integers(9, 40)), **sizes, missing=missing)
    others = {k: v for k, v in shape.items() if k not in sizes}
    l2 = data.draw(st.sampled_from([0.0, 0.01]))
    network = network_for(samples, cell, **others, l2=l2)
    optimizer = data.draw(st.sampled_from(["adam", "sgd", "rmsprop"]))
    loss = data.draw(st.sampled_from(["mse", "mae", "huber"]))
    assert_same_training(samples, network, Recipe(loss, optimizer, 0.01))
