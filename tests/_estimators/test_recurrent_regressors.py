import os
import pickle
import subprocess
import sys

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skrnn import GRURegressor, LSTMRegressor
from skrnn._engine.tensorflow import keras
from tests.support.cells import predict_by_hand, run_estimator, run_layer
from tests.support.exhaustive import crossed, first_of_many
from tests.support.networks import (
    ESTIMATORS,
    ONE_STEP,
    RNG,
    STILL,
    Recorder,
    X,
    Y,
    assert_same_weights,
    differ,
    error_in_scale,
    fitted,
    network,
)

pytestmark = pytest.mark.short_fits

# --------------------------------------------------------------------------------------
# The network
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("cls", first_of_many(ESTIMATORS))
def test_fitted_attributes_describe_the_data(cls):
    model = fitted(cls, epochs=1)
    assert (model.n_features_in_, model.n_steps_in_, model.n_targets_) == (2, 4, 1)
    assert model.predict(X).shape == (18,)
    assert model.predict(X).dtype == np.float64
    assert not hasattr(model, "feature_names_in_")


def test_two_axes_are_one_feature_of_each_step():
    flat, deep = fitted(X=X[:, :, 0]), fitted(X=X[:, :, :1])
    assert_same_weights(flat, deep)
    assert flat.n_steps_in_ == 4
    assert_array_equal(flat.predict(X[:, :, 0]), deep.predict(X[:, :, :1]))


def test_columns_of_a_frame_are_steps_with_names():
    frame = pd.DataFrame(X[:, :, 0], columns=["a", "b", "c", "d"])
    model = fitted(X=frame)
    assert_same_weights(model, fitted(X=X[:, :, 0]))
    assert list(model.feature_names_in_) == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["b", "a", "c", "d"]])


def test_l2_adds_the_squares_of_all_kernels_to_the_loss():
    model = fitted(GRURegressor, dense_before=(3,), l2=0.25, **STILL)
    # Dense, then the kernels of the cell and its two biases, then the output.
    kernels = [model.weights_[i] for i in (0, 2, 3, 5)]
    squares = sum((kernel**2).sum() for kernel in kernels)
    expected = (error_in_scale(model) ** 2).mean() + 0.25 * squares
    assert_allclose(model.history_["loss"], [expected], rtol=1e-5)


@pytest.mark.parametrize("parameter", ["dropout", "recurrent_dropout"])
def test_dropout_acts_in_training_only(parameter):
    plain, dropping = fitted(**STILL), fitted(**STILL, **{parameter: 0.5})
    assert abs(dropping.loss_curve_[0] / plain.loss_curve_[0] - 1) > 1e-3
    assert_allclose(dropping.predict(X), plain.predict(X), rtol=1e-6)
    assert_array_equal(dropping.predict(X), dropping.predict(X))


# Where reading the window has nothing to drop: no inputs, no state before its one step.
@pytest.mark.parametrize(
    ("parameter", "windows"), [("dropout", 0 * X), ("recurrent_dropout", X[:, :1])]
)
def test_dropout_acts_on_the_step_of_a_parallel_decoder(parameter, windows):
    data = {"X": windows, "y": np.column_stack([Y, -Y])}
    for decoder in ("dense", "parallel"):
        plain = fitted(**data, decoder=decoder, **STILL)
        dropping = fitted(**data, decoder=decoder, **STILL, **{parameter: 0.5})
        changed = abs(dropping.loss_curve_[0] / plain.loss_curve_[0] - 1) > 1e-4
        assert changed == (decoder == "parallel")
        assert_allclose(dropping.predict(windows), plain.predict(windows), rtol=1e-6)


def test_dropout_follows_the_seed():
    assert_same_weights(fitted(dropout=0.5), fitted(dropout=0.5))
    one, other = (fitted(dropout=share, **STILL) for share in (0.5, 0.4))
    assert one.loss_curve_ != other.loss_curve_


def stateful_by_hand(model, X, batch_size):
    """Predict batch by batch, each sample going on from the state of the last batch."""
    X = (X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1))
    kernel, bias = model.weights_[-2:]
    state, y = None, []
    for first in range(0, len(X), batch_size):
        batch = X[first : first + batch_size]
        padded = np.zeros((batch_size, *X.shape[1:]))
        padded[: len(batch)] = batch
        seen = np.ones(padded.shape[:2], dtype=bool)
        steps, state = run_layer(
            model._cell, padded, seen, model.weights_[:-2], state=state
        )
        y.append((steps[:, -1] @ kernel + bias)[: len(batch), 0])
    return np.concatenate(y) * Y.std() + Y.mean()


@pytest.mark.parametrize(("cls", "batch_size"), crossed(ESTIMATORS, [6, 5]))
def test_stateful_network_goes_on_from_the_batch_before(cls, batch_size):
    model = fitted(cls, stateful=True, batch_size=batch_size, **STILL)
    by_hand = stateful_by_hand(model, X, batch_size)
    assert_allclose(model.predict(X), by_hand, rtol=1e-5)
    assert_allclose(model.predict(X), by_hand, rtol=1e-5)  # It starts at zero again.
    if len(X) % batch_size == 0:
        loss = np.mean(((by_hand - Y) / Y.std()) ** 2)
        assert_allclose(model.loss_curve_, [loss], rtol=1e-4)


def test_stateful_network_starts_each_epoch_at_zero_and_keeps_the_order():
    parameters = {"stateful": True, "batch_size": 5, "learning_rate": 1e-12}
    model = fitted(**parameters, epochs=3, shuffle=True)
    assert_allclose(model.loss_curve_, [model.loss_curve_[0]] * 3, rtol=1e-6)


# --------------------------------------------------------------------------------------
# Scaling and units
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", first_of_many(ESTIMATORS))
def test_predictions_follow_a_change_of_units(cls):
    X_new, y_new = X * [1e3, 0.5] + [5, 7], -4 * Y - 1e3
    model, other = fitted(cls), fitted(cls, X=X_new, y=-y_new)
    assert_allclose(other.predict(X_new), 4 * model.predict(X) + 1e3, rtol=1e-5)


@pytest.mark.untrained
def test_without_standardize_the_network_sees_the_data_as_they_are():
    model = fitted(standardize=False)
    assert_allclose(model.predict(X), run_estimator(model, X)[:, 0], rtol=1e-5)


def test_training_does_not_write_into_the_data():
    X_own, y_own, weight = X.copy(), Y.copy(), np.arange(18.0)
    fitted(X=X_own, y=y_own, sample_weight=weight).predict(X_own)
    assert_array_equal(X_own, X)
    assert_array_equal(y_own, Y)
    assert_array_equal(weight, np.arange(18))


@pytest.mark.untrained
def test_several_targets_have_units_of_their_own():
    y = np.column_stack([Y, 1e6 * X[:, 0, 0], np.full(18, 3.0)])
    model = fitted(y=y)
    assert model.predict(X).shape == (18, 3)
    y_by_hand = predict_by_hand(model, X, X, y)
    assert_allclose(model.predict(X), y_by_hand, rtol=1e-5)
    assert_array_equal(model.predict(X)[:, 2], 3.0)


@pytest.mark.untrained
def test_a_column_as_target_gives_a_column():
    assert_array_equal(fitted(y=Y[:, None]).predict(X), fitted(y=Y).predict(X)[:, None])


@pytest.mark.untrained
def test_constant_target_is_predicted_without_error():
    predicted = fitted(y=np.full(18, 0.1)).predict(X)
    assert_allclose(predicted, 0.1, rtol=1e-15)


def test_training_goes_on_when_a_constant_target_begins_to_vary():
    model = network(learning_rate=0.1).fit(X, np.full(18, 5.0))
    model.partial_fit(X, Y)
    assert np.ptp(model.predict(X)) > 0


# --------------------------------------------------------------------------------------
# Loss, optimizer, epochs, batches
# --------------------------------------------------------------------------------------


def absolute_error(y, predicted):
    return keras.ops.mean(keras.ops.abs(y - predicted), axis=-1)


@pytest.mark.parametrize(
    "loss",
    [
        "mae",
        keras.losses.MeanAbsoluteError,
        keras.losses.MeanAbsoluteError(),
        absolute_error,
    ],
)
def test_loss_is_the_one_that_was_asked_for(loss):
    model = fitted(loss=loss, **STILL)
    expected = np.abs(error_in_scale(model)).mean()
    assert_allclose(model.history_["loss"], [expected], rtol=1e-5)


@pytest.mark.parametrize(
    ("optimizer", "step"),
    [
        ("sgd", 0.01),
        (keras.optimizers.SGD, 0.01),
        (keras.optimizers.SGD(0.5), 0.5),
        (
            keras.optimizers.SGD(
                keras.optimizers.schedules.ExponentialDecay(0.5, 1, 1)
            ),
            0.5,
        ),
    ],
    ids=["name", "class", "instance", "schedule"],
)
def test_optimizer_takes_steps_of_its_learning_rate(optimizer, step):
    before = fitted(**STILL)
    after = fitted(**{**ONE_STEP, "optimizer": optimizer}, learning_rate=0.01)
    # The gradient of the mean squared error with respect to the bias of the output.
    gradient = 2 * error_in_scale(before).mean()
    assert_allclose(after.weights_[-1], [-step * gradient], rtol=1e-4)


@pytest.mark.parametrize(
    "optimizer", [keras.optimizers.SGD(0.1), keras.optimizers.Adam(clipnorm=1.0)]
)
def test_optimizer_given_as_instance_stays_as_it_was(optimizer):
    config = optimizer.get_config()
    one, other = (
        fitted(optimizer=optimizer),
        fitted(optimizer=clone(optimizer, safe=False)),
    )
    assert_same_weights(one, other)
    assert not optimizer.built
    assert optimizer.get_config() == config


def test_every_epoch_is_in_the_history():
    model = fitted(epochs=3, metrics=["mae", "mse"], validation_split=0.25)
    names = {"loss", "mae", "mse", "val_loss", "val_mae", "val_mse"}
    assert set(model.history_) == names
    assert {len(values) for values in model.history_.values()} == {model.n_iter_} == {3}
    assert model.loss_curve_ == model.history_["loss"]
    assert all(type(value) is float for value in model.loss_curve_)


@pytest.mark.parametrize(
    "metrics", [["mae"], "mae", [keras.metrics.MeanAbsoluteError(name="mae")]]
)
def test_metric_is_computed_in_the_scale_of_training(metrics):
    model = fitted(metrics=metrics, **STILL)
    expected = np.abs(error_in_scale(model)).mean()
    assert_allclose(model.history_["mae"], [expected], rtol=1e-5)


@pytest.mark.parametrize(("batch_size", "n_steps"), [(18, 2), (7, 6), (1, 36)])
def test_batch_size_sets_the_number_of_steps(batch_size, n_steps):
    seen = []
    counter = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(
            int(counter.model.optimizer.iterations)
        )
    )
    fitted(batch_size=batch_size, callbacks=counter)
    assert seen[-1] == n_steps


def test_batch_larger_than_the_data_holds_all_of_them():
    whole = fitted(optimizer="sgd", batch_size=18, shuffle=False)
    assert_same_weights(
        fitted(optimizer="sgd", batch_size=1000, shuffle=False), whole, atol=1e-6
    )


def test_shuffling_changes_the_batches_and_nothing_else():
    small = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 2}
    assert differ(fitted(**small), fitted(**small, shuffle=False))
    whole = {**small, "batch_size": 18}
    assert_same_weights(fitted(**whole), fitted(**whole, shuffle=False), atol=1e-6)


def test_without_shuffling_batches_come_in_the_order_of_rows():
    small = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 9}
    small |= {"shuffle": False, "epochs": 1}
    order = np.concatenate([RNG.permutation(9), 9 + RNG.permutation(9)])
    in_order = fitted(**small)
    assert_same_weights(in_order, fitted(X=X[order], y=Y[order], **small), atol=1e-6)
    reverse = fitted(X=X[::-1].copy(), y=Y[::-1], **small)
    assert max(abs(reverse.weights_[-1] - in_order.weights_[-1])) > 1e-5


# --------------------------------------------------------------------------------------
# Missing values
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("cls", ESTIMATORS)
def test_missing_first_steps_make_a_shorter_window(cls):
    model, X_new = fitted(cls), X[:3].copy()
    X_new[:, :2] = np.nan
    shorter = predict_by_hand(model, X[:3, 2:], X, Y)
    assert_allclose(model.predict(X_new), shorter, rtol=1e-5)


@pytest.mark.untrained
def test_hole_in_a_step_counts_as_the_mean_of_training():
    X_hole, X_mean = X.copy(), X.copy()
    X_hole[2, 1, 0], X_mean[2, 1, 0] = np.nan, X[..., 0].mean()
    model = fitted()
    assert_allclose(model.predict(X_hole), model.predict(X_mean), rtol=1e-6)


@pytest.mark.untrained
def test_window_with_nothing_observed_is_predicted_from_biases_alone():
    model = fitted(learning_rate=0.1)
    expected = model.weights_[-1] * Y.std() + Y.mean()
    assert_allclose(model.predict(np.full((1, 4, 2), np.nan)), expected, rtol=1e-6)


@pytest.mark.parametrize("batch_size", [5, 7, 32])
def test_windows_that_begin_missing_are_predicted_and_not_trained_on(batch_size):
    X_new = X.copy()
    X_new[:3, :2] = np.nan
    # A last short batch must not be filled up with what is left out.
    model = fitted(X=X_new, batch_size=batch_size)
    whole = fitted(X=X_new[3:], y=Y[3:], batch_size=batch_size)
    assert_same_weights(model, whole)
    assert model.loss_curve_ == whole.loss_curve_
    assert np.isfinite(model.predict(X_new)).all()


def test_incomplete_windows_are_trained_on_if_asked_for():
    X_new = X.copy()
    X_new[:3, :2] = np.nan
    model = fitted(X=X_new, incomplete="mask", **STILL)
    by_hand = predict_by_hand(model, X_new, X_new, Y)
    assert_allclose(model.predict(X_new), by_hand, rtol=1e-5)
    loss = np.mean(((by_hand - Y) / Y.std()) ** 2)
    assert_allclose(model.loss_curve_, [loss], rtol=1e-5)


# --------------------------------------------------------------------------------------
# Sample weights
# --------------------------------------------------------------------------------------


def test_sample_of_no_weight_is_as_good_as_absent():
    X_wild, y_wild, weight = X.copy(), Y.copy(), np.ones(18)
    X_wild[[2, 7]], y_wild[[2, 7]], weight[[2, 7]] = 1e6, -1e6, 0
    absent = np.delete(X, [2, 7], axis=0), np.delete(Y, [2, 7])
    model = fitted(X=X_wild, y=y_wild, sample_weight=weight, batch_size=5)
    assert_same_weights(model, fitted(X=absent[0], y=absent[1], batch_size=5))


@pytest.mark.parametrize("weight", [5, np.full(18, 0.25), [1e-3] * 18])
def test_weights_count_relative_to_each_other(weight):
    assert_same_weights(fitted(sample_weight=weight), fitted(), atol=1e-6)


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_weights_mean_repetition_in_a_full_batch(l2):
    weight = np.tile([1, 2, 4], 6)
    settings = {"batch_size": 100, "learning_rate": 0.05, "l2": l2}
    weighted = fitted(sample_weight=weight, **settings)
    repeated = fitted(X=X.repeat(weight, axis=0), y=Y.repeat(weight), **settings)
    assert_same_weights(weighted, repeated, atol=1e-5)
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-5)


def test_validation_loss_is_weighted():
    weight = np.arange(1.0, 19.0)
    model = fitted(sample_weight=weight, validation_split=0.25)
    mean = np.average(Y[:13], weights=weight[:13])
    scale = np.sqrt(np.average((Y[:13] - mean) ** 2, weights=weight[:13]))
    squares = ((model.predict(X[13:]) - Y[13:]) / scale) ** 2
    expected = np.average(squares, weights=weight[13:])
    assert_allclose(model.history_["val_loss"][-1], expected, rtol=1e-5)


# --------------------------------------------------------------------------------------
# Copies and other processes
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("library", [pickle, cloudpickle])
def test_pickle_is_small_and_predicts_the_same(library):
    model = fitted(LSTMRegressor, loss="mae")
    pickled = library.dumps(model)
    assert b"keras" not in pickled
    assert len(pickled) < 8_000 + sum(weight.nbytes for weight in model.weights_)
    assert_array_equal(library.loads(pickled).predict(X), model.predict(X))


def test_clone_is_unfitted_and_fits_the_same():
    model = fitted(optimizer=keras.optimizers.SGD(0.1), callbacks=[Recorder()])
    copied = clone(model)
    with pytest.raises(NotFittedError):
        copied.predict(X)
    assert_same_weights(copied.fit(X, Y), model)


@pytest.fixture(scope="module")
def other_process(tmp_path_factory):
    """Load a pickle, predict, and fit again in a fresh interpreter."""
    folder = tmp_path_factory.mktemp("other_process")
    model = fitted(dropout=0.2, batch_size=5)
    (folder / "model.pickle").write_bytes(pickle.dumps(model))
    np.savez(folder / "data.npz", X=X, Y=Y)
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    code = (
        "import pickle, numpy as np, os\n"
        "data = np.load('data.npz')\n"
        "model = pickle.load(open('model.pickle', 'rb'))\n"
        "predicted = model.predict(data['X'])\n"
        "again = model.fit(data['X'], data['Y']).predict(data['X'])\n"
        "np.savez('result.npz', predicted=predicted, again=again)\n"
        "os.write(2, b'stderr still works')"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert finished.returncode == 0, finished.stderr
    return model, np.load(folder / "result.npz"), finished


@pytest.mark.compiled
def test_pickle_predicts_the_same_in_another_process(other_process):
    model, result, _ = other_process
    assert_array_equal(result["predicted"], model.predict(X))


@pytest.mark.compiled
def test_same_seed_gives_the_same_bits_in_another_process(other_process):
    model, result, _ = other_process
    assert_array_equal(result["again"], model.predict(X))


def test_training_in_a_fresh_process_prints_nothing(other_process):
    _, _, finished = other_process
    assert (finished.stdout, finished.stderr) == ("", "stderr still works")


# --------------------------------------------------------------------------------------
# Learning
# --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("cls", first_of_many(ESTIMATORS))
def test_default_network_learns_a_noisy_wave(cls):
    t = np.arange(600)
    series = 50 + 10 * np.sin(t / 5) + np.random.RandomState(0).normal(size=600)
    windows = np.lib.stride_tricks.sliding_window_view(series, 12)[:-1]
    model = cls(random_state=0).fit(windows[:400], series[12:412])
    assert model.score(windows[400:], series[412:]) > 0.9
