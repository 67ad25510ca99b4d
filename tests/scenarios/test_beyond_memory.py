"""Rows that do not fit into memory: chunk by chunk they are what they are at once."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import (
    Autoencoder,
    AutoregressiveForecaster,
    LSTMRegressor,
    RecurrentAutoencoder,
    RNNRegressor,
    iter_windows,
    make_windows,
)
from skrnn._engine.tensorflow import keras
from tests.support.networks import ESTIMATORS, assert_same_weights, differ, network

pytestmark = pytest.mark.short_fits

ROWS = np.random.RandomState(0).normal([9.0, -0.2], size=(52, 2)).cumsum(axis=0)
WINDOW, BATCH = 4, 8
X, Y = make_windows(ROWS, WINDOW)
MOMENTUM = keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)
IN_ORDER = {"epochs": 1, "shuffle": False, "batch_size": BATCH, "learning_rate": 0.05}


def chunks(size, rows=ROWS):
    return iter_windows(rows, WINDOW, chunk_size=size)


def assert_same_training(one, other):
    """The same bits of weights and of all that the optimizer keeps."""
    assert_same_weights(one, other)
    states = one._optimizer_state, other._optimizer_state
    for ours, theirs in zip(*states, strict=True):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("cls", "optimizer"),
    [*((cls, "adam") for cls in ESTIMATORS), (RNNRegressor, MOMENTUM)],
)
def test_chunks_of_whole_batches_train_as_one_epoch_in_order(cls, optimizer):
    settings = {**IN_ORDER, "optimizer": optimizer, "standardize": False}
    scaled = (ROWS - ROWS.mean(axis=0)) / ROWS.std(axis=0)
    whole = network(cls, **settings).fit(*make_windows(scaled, WINDOW))
    parts = network(cls, **settings)
    for part in chunks(4 * BATCH, scaled):
        parts.partial_fit(*part)
    assert_same_training(parts, whole)
    sizes = [32, 16]
    assert_allclose(np.average(parts.loss_curve_, weights=sizes), whole.loss_curve_[0])


@pytest.mark.parametrize(
    "model",
    [Autoencoder(1, random_state=0), RecurrentAutoencoder(2, units=2, random_state=0)],
    ids=["rows", "windows"],
)
def test_autoencoders_train_on_chunks_as_in_one_epoch(model):
    settings = {**IN_ORDER, "standardize": False}
    data = (ROWS if model.n_components == 1 else X)[:48] / 1e3
    whole = model.set_params(**settings).fit(data)
    parts = type(model)(**model.get_params())
    for first in range(0, len(data), 2 * BATCH):
        parts.partial_fit(data[first : first + 2 * BATCH])
    assert_same_training(parts, whole)


@pytest.mark.untrained
@pytest.mark.parametrize("size", [2, 5, 24, 100])
def test_running_scaling_is_that_of_one_fit_whatever_the_chunks(size):
    whole, parts = (network(RNNRegressor, **IN_ORDER) for _ in range(2))
    whole.fit(X, Y)
    for part in chunks(size):
        parts.partial_fit(*part)
    for name, value in vars(whole.scaling_).items():
        assert_allclose(getattr(parts.scaling_, name), value, rtol=1e-12)


@pytest.mark.untrained
def test_partial_fit_goes_on_with_the_statistics_of_fit():
    whole, parts = (network(RNNRegressor, **IN_ORDER) for _ in range(2))
    whole.fit(X, Y)
    kept = pickle.loads(pickle.dumps(parts.fit(X[:40], Y[:40])))
    for model in (parts, kept):
        model.partial_fit(X[40:], Y[40:])
        assert_allclose(model.scaling_.x_scale, whole.scaling_.x_scale, rtol=1e-12)
        assert_allclose(model.scaling_.y_mean, whole.scaling_.y_mean, rtol=1e-12)


def test_first_chunk_draws_the_weights_that_fit_draws():
    still = {**IN_ORDER, "learning_rate": 1e-30, "optimizer": "sgd"}
    first = network(LSTMRegressor, **still).partial_fit(X[:8], Y[:8])
    assert_same_weights(first, network(LSTMRegressor, **still).fit(X, Y), atol=1e-25)


def test_a_call_shuffles_its_chunk_as_an_epoch_of_fit_does():
    settings = {**IN_ORDER, "shuffle": True}
    mixed = network(RNNRegressor, **settings).partial_fit(X[:24], Y[:24])
    assert_same_weights(mixed, network(RNNRegressor, **settings).fit(X[:24], Y[:24]))
    in_order = network(RNNRegressor, **IN_ORDER).partial_fit(X[:24], Y[:24])
    assert differ(mixed, in_order)


@pytest.mark.untrained
def test_column_without_a_value_in_early_chunks_counts_when_it_has_some():
    rows = ROWS.copy()
    rows[:20, 1] = np.nan
    windows = sliding(rows)
    parts = network(RNNRegressor, **IN_ORDER)
    for some in (slice(0, 16), slice(16, None)):
        parts.partial_fit(windows[some], Y[some])
    whole = network(RNNRegressor, **IN_ORDER).fit(windows, Y)
    assert_allclose(parts.scaling_.x_mean, whole.scaling_.x_mean, rtol=1e-12)
    assert np.isfinite(parts.predict(windows)).all()


def sliding(rows):
    view = np.lib.stride_tricks.sliding_window_view(rows[:-1], WINDOW, axis=0)
    return view.transpose(0, 2, 1)


@pytest.mark.untrained
def test_last_chunk_may_hold_a_single_window():
    parts = network(RNNRegressor, **IN_ORDER)
    for part in chunks(47):
        parts.partial_fit(*part)
    assert_allclose(parts.scaling_.y_mean, Y.mean(axis=0), rtol=1e-12)


@pytest.mark.untrained
def test_warm_start_keeps_the_scaling_unless_a_constant_target_varies():
    warm = network(RNNRegressor, **IN_ORDER, warm_start=True).fit(X, np.ones(len(X)))
    kept = warm.scaling_
    assert_array_equal(warm.fit(X + 1, np.ones(len(X))).scaling_.x_mean, kept.x_mean)
    assert warm.scaling_.y_scale == 0
    assert warm.fit(X + 1, Y[:, 0]).scaling_.y_scale == 1
    # Forgotten, a chunk in which it is constant would make it a constant again.
    warm.partial_fit(X, np.ones(len(X)))
    assert warm.scaling_.y_scale > 0


@pytest.mark.untrained
def test_standardize_means_what_it_meant_at_the_start():
    parts = network(RNNRegressor, **IN_ORDER, standardize=False).partial_fit(X, Y)
    parts.set_params(standardize=True).partial_fit(X, Y)
    assert_array_equal(parts.scaling_.x_scale, np.ones(2))


@pytest.mark.untrained
def test_inputs_stay_scaled_as_those_of_the_pretrained_network():
    given = RecurrentAutoencoder(2, cell="rnn", units=2, epochs=1).fit(X)
    parts = network(RNNRegressor, **IN_ORDER, pretrained=given)
    parts.partial_fit(X[:24], Y[:24]).partial_fit(3 * X[24:], Y[24:])
    assert_array_equal(parts.scaling_.x_mean, given.scaling_.x_mean)
    assert_allclose(parts.scaling_.y_scale, Y.std(axis=0), rtol=1e-12)


@pytest.mark.untrained
def test_network_of_a_forecaster_goes_on_with_its_statistics():
    y = ROWS[:, 0]
    inner = RNNRegressor(2, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(inner, window=3, normalize=None)
    forecaster.fit(None, y[:40]).partial_fit(None, y[40:])
    windows, _ = make_windows(y, 3)
    scale = forecaster._origin.scale
    x_mean = (windows.mean() - scale.centre[0]) / scale.spread[0]
    assert_allclose(forecaster.estimator_.scaling_.x_mean, x_mean[0], rtol=1e-9)


@pytest.mark.untrained
def test_many_windows_are_predicted_in_pieces_with_the_same_bits():
    model = network(RNNRegressor, **IN_ORDER).fit(X, Y)
    rows = np.random.default_rng(0).normal(size=(70_000, 2)).astype(np.float32)
    rows[69_000] = np.nan
    windows = sliding(rows)
    assert len(windows) > 65_536
    predicted = model.predict(windows)
    # The network skips missing steps in both, so that it is the same one.
    last = model.predict(windows[65_536:])
    assert_array_equal(predicted[65_536:], last)
    assert_allclose(predicted[:1024], model.predict(windows[:1024]), rtol=1e-6)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_resident_memory_is_that_of_chunks_and_not_of_the_file(tmp_path, monkeypatch):
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("The benchmarks read memory as Linux shows it.")
    monkeypatch.syspath_prepend(benchmarks)
    from bench_beyond_memory import train_and_predict, write_rows
    from side_by_side import in_fresh_process

    path = tmp_path / "rows"
    # What the allocator keeps differs by 50 MB from run to run, so the file is large.
    n_rows = write_rows(path, 300)
    measured = in_fresh_process(train_and_predict, path, n_rows, 16_384)
    megabytes = path.stat().st_size / 1e6
    for part in ("training", "prediction"):
        assert measured[part]["peak"] < megabytes / 2
    assert measured["error"] < 0.9
