import os
import pickle
import random
import subprocess
import sys

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from cells import predict_by_hand, run_layer, run_network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn._tensorflow import keras

ESTIMATORS = [RNNRegressor, LSTMRegressor, GRURegressor]
RNG = np.random.RandomState(0)
X = RNG.normal(size=(18, 4, 2)) * [3.0, 0.2] + [10.0, -1.0]
Y = X[:, -1, 0] + 20 * X[:, 0, 1] + 30

# So small that training shows the loss of the starting weights and leaves them.
STILL = {"learning_rate": 1e-12, "epochs": 1}
# All samples in one step of plain gradient descent: every sum can be done by hand.
ONE_STEP = {"optimizer": "sgd", "batch_size": len(X), "epochs": 1}


def network(cls=RNNRegressor, **parameters):
    return cls(**{"units": 2, "epochs": 2, "random_state": 0, **parameters})


def fitted(cls=RNNRegressor, *, X=X, y=Y, sample_weight=None, **parameters):
    return network(cls, **parameters).fit(X, y, sample_weight)


def assert_same_weights(one, other, **tolerance):
    for ours, theirs in zip(one.weights_, other.weights_, strict=True):
        if tolerance:
            assert_allclose(ours, theirs, **tolerance)
        else:
            assert_array_equal(ours, theirs)


def differ(one, other):
    return any(
        (a != b).any() for a, b in zip(one.weights_, other.weights_, strict=True)
    )


def error_in_scale(model, X=X, y=Y):
    """Errors of predictions as the loss sees them, when Y was trained on."""
    return (model.predict(X) - y) / Y.std()


class Recorder(keras.callbacks.Callback):
    """Counts the starts of training and keeps the weights after each epoch."""

    def __init__(self):
        super().__init__()
        self.starts, self.weights, self.rates = 0, [], []

    def on_train_begin(self, logs=None):
        self.starts += 1

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append([value.copy() for value in self.model.get_weights()])
        self.rates.append(float(self.model.optimizer.learning_rate))


class Raise(keras.callbacks.Callback):
    """Raises an exception at the end of an epoch."""

    def __init__(self, exception, epoch=1):
        super().__init__()
        self.exception, self.epoch = exception, epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise self.exception


# --------------------------------------------------------------------------------------
# The network
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", ESTIMATORS)
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


@pytest.mark.parametrize("batch_size", [6, 5])
@pytest.mark.parametrize("cls", ESTIMATORS)
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


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_predictions_follow_a_change_of_units(cls):
    X_new, y_new = X * [1e3, 0.5] + [5, 7], -4 * Y - 1e3
    model, other = fitted(cls), fitted(cls, X=X_new, y=-y_new)
    assert_allclose(other.predict(X_new), 4 * model.predict(X) + 1e3, rtol=1e-5)


def test_without_standardize_the_network_sees_the_data_as_they_are():
    model = fitted(standardize=False)
    assert_allclose(model.predict(X), run_network(model, X)[:, 0], rtol=1e-5)


def test_training_does_not_write_into_the_data():
    X_own, y_own, weight = X.copy(), Y.copy(), np.arange(18.0)
    fitted(X=X_own, y=y_own, sample_weight=weight).predict(X_own)
    assert_array_equal(X_own, X)
    assert_array_equal(y_own, Y)
    assert_array_equal(weight, np.arange(18))


def test_several_targets_have_units_of_their_own():
    y = np.column_stack([Y, 1e6 * X[:, 0, 0], np.full(18, 3.0)])
    model = fitted(y=y)
    assert model.predict(X).shape == (18, 3)
    y_by_hand = predict_by_hand(model, X, X, y)
    assert_allclose(model.predict(X), y_by_hand, rtol=1e-5)
    assert_array_equal(model.predict(X)[:, 2], 3.0)


def test_a_column_as_target_gives_a_column():
    assert_array_equal(fitted(y=Y[:, None]).predict(X), fitted(y=Y).predict(X)[:, None])


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
# Validation and early stopping
# --------------------------------------------------------------------------------------


def test_last_rows_are_for_validation_and_nothing_is_learned_from_them():
    X_wild, y_wild = X.copy(), Y.copy()
    X_wild[-5:] *= 100
    y_wild[-5:] -= 1e4
    model = fitted(validation_split=0.25)
    wild = fitted(X=X_wild, y=y_wild, validation_split=0.25)
    assert_same_weights(model, wild)
    assert_same_weights(model, fitted(X=X[:13], y=Y[:13]))
    assert wild.history_["val_loss"][0] > 1e3 * model.history_["val_loss"][0]


@pytest.mark.parametrize(
    ("share", "n_samples", "n_train"), [(0.25, 18, 13), (0.05, 18, 17), (0.9, 10, 1)]
)
def test_validation_takes_its_share_rounded_up(share, n_samples, n_train):
    model = fitted(X=X[:n_samples], y=Y[:n_samples], validation_split=share, **STILL)
    assert_allclose(model.scaling_.x_mean, X[:n_train].mean(axis=(0, 1)), rtol=1e-12)


def test_validation_loss_is_that_of_the_last_rows_after_the_epoch():
    model = fitted(validation_split=0.25, learning_rate=0.1)
    error = (model.predict(X[13:]) - Y[13:]) / Y[:13].std()
    assert_allclose(model.history_["val_loss"][-1], (error**2).mean(), rtol=1e-5)


@pytest.mark.parametrize("validation_split", [0.0, 0.25])
def test_early_stopping_waits_and_goes_back_to_the_best_weights(validation_split):
    recorder = Recorder()
    model = fitted(
        optimizer="sgd",
        learning_rate=0.6,
        epochs=40,
        batch_size=3,
        early_stopping=True,
        patience=3,
        validation_split=validation_split,
        callbacks=recorder,
    )
    watched = model.history_["val_loss" if validation_split else "loss"]
    best = int(np.argmin(watched))
    assert model.n_iter_ == best + 1 + 3 < 40
    assert len(recorder.weights) == model.n_iter_
    for ours, recorded in zip(model.weights_, recorder.weights[best], strict=True):
        assert_array_equal(ours, recorded)


# --------------------------------------------------------------------------------------
# Going on: warm_start and partial_fit
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_three_calls_of_partial_fit_are_three_epochs(cls):
    batches = {"batch_size": 5, "shuffle": False, "learning_rate": 0.05}
    whole = fitted(cls, epochs=3, **batches)
    parts = network(cls, epochs=100, **batches)
    for n_calls in (1, 2, 3):
        assert parts.partial_fit(X, Y).n_iter_ == n_calls
    assert_same_weights(parts, whole, atol=1e-6)
    assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-5)


def test_partial_fit_goes_on_after_fit_with_the_state_of_the_optimizer():
    batches = {"batch_size": 5, "shuffle": False, "learning_rate": 0.05}
    parts = fitted(epochs=2, **batches).partial_fit(X, Y)
    assert_same_weights(parts, fitted(epochs=3, **batches), atol=1e-6)


def test_partial_fit_starts_another_optimizer_afresh():
    settings = {"shuffle": False, "epochs": 1}
    model = fitted(**settings).set_params(optimizer="sgd", learning_rate=0.1)
    warm = fitted(**settings, warm_start=True).set_params(**ONE_STEP, learning_rate=0.1)
    assert_same_weights(model.partial_fit(X, Y), warm.fit(X, Y), atol=1e-6)


def test_partial_fit_keeps_scaling_and_names():
    frame = pd.DataFrame(X[:, :, 0], columns=["a", "b", "c", "d"])
    model = network().partial_fit(frame, Y)
    x_mean = model.scaling_.x_mean
    model.partial_fit(frame * 10, Y)
    assert_array_equal(model.scaling_.x_mean, x_mean)
    assert list(model.feature_names_in_) == ["a", "b", "c", "d"]


def test_partial_fit_takes_every_row_whatever_validation_asks_for():
    asks = {"validation_split": 0.5, "early_stopping": True}
    plain, asking = (network(**more).partial_fit(X, Y) for more in ({}, asks))
    assert_same_weights(plain, asking)


@pytest.mark.parametrize("random_state", [None, 3])
def test_partial_fit_goes_on_with_the_random_numbers_left_over(random_state):
    calls = [network(random_state=random_state, dropout=0.5) for _ in range(2)]
    for model in calls:
        model.set_params(learning_rate=1e-12)
        losses = [model.partial_fit(X, Y).loss_curve_[-1] for _ in range(3)]
        assert len(set(losses)) == 3
    assert (calls[0].loss_curve_ == calls[1].loss_curve_) is (random_state == 3)


def test_warm_start_goes_on_from_the_weights():
    settings = {"optimizer": "sgd", "shuffle": False}
    warm = network(warm_start=True, **settings).fit(X, Y).fit(X, Y)
    assert warm.n_iter_ == 2
    assert_same_weights(warm, fitted(epochs=4, **settings), atol=1e-6)
    cold = network(**settings).fit(X, Y).fit(X, Y)
    assert_same_weights(cold, fitted(**settings))


def test_warm_start_takes_a_fresh_optimizer():
    settings = {"shuffle": False, "batch_size": 5, "learning_rate": 0.05}
    warm = network(warm_start=True, **settings).fit(X, Y).fit(X, Y)
    assert differ(warm, fitted(epochs=4, **settings))


@pytest.mark.parametrize(
    ("parameter", "value"), [("units", 3), ("bidirectional", True), ("segment", 2)]
)
def test_training_cannot_go_on_with_another_network(parameter, value):
    model = fitted(warm_start=True, epochs=1).set_params(**{parameter: value})
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"{parameter} must stay the same"):
            go_on(X, Y)


# --------------------------------------------------------------------------------------
# Missing values
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_missing_first_steps_make_a_shorter_window(cls):
    model, X_new = fitted(cls), X[:3].copy()
    X_new[:, :2] = np.nan
    shorter = predict_by_hand(model, X[:3, 2:], X, Y)
    assert_allclose(model.predict(X_new), shorter, rtol=1e-5)


def test_hole_in_a_step_counts_as_the_mean_of_training():
    X_hole, X_mean = X.copy(), X.copy()
    X_hole[2, 1, 0], X_mean[2, 1, 0] = np.nan, X[..., 0].mean()
    model = fitted()
    assert_allclose(model.predict(X_hole), model.predict(X_mean), rtol=1e-6)


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
# Callbacks and progress
# --------------------------------------------------------------------------------------


def test_callback_sees_the_network_that_is_trained():
    recorder = Recorder()
    model = fitted(callbacks=[recorder], learning_rate=0.125)
    assert (recorder.starts, recorder.rates) == (1, [0.125, 0.125])
    for ours, recorded in zip(model.weights_, recorder.weights[-1], strict=True):
        assert_array_equal(ours, recorded)


def test_callback_may_stop_the_training():
    stopper = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(stopper.model, "stop_training", True)
    )
    assert fitted(epochs=5, callbacks=stopper).n_iter_ == 1


def test_callback_may_change_weights_and_learning_rate():
    rate = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 * (epoch == 0))
    recorder = Recorder()
    model = fitted(epochs=3, callbacks=[rate, recorder])
    for first, last in zip(recorder.weights[0], model.weights_, strict=True):
        assert_array_equal(first, last)
    clear = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: clear.model.set_weights(
            [0 * weight for weight in clear.model.get_weights()]
        )
    )
    assert not any(weight.any() for weight in fitted(callbacks=clear).weights_)


def test_callback_may_be_a_class():
    assert fitted(callbacks=keras.callbacks.TerminateOnNaN).n_iter_ == 2


def test_silence_is_the_default(capfd):
    fitted(validation_split=0.25).predict(X)
    assert capfd.readouterr() == ("", "")


def test_verbose_shows_progress(capfd):
    fitted(verbose=1, validation_split=0.25)
    shown = "".join(capfd.readouterr())
    assert "loss" in shown
    assert "2/2" in shown


# --------------------------------------------------------------------------------------
# Random numbers
# --------------------------------------------------------------------------------------


def test_same_seed_gives_the_same_bits_whatever_was_trained_in_between():
    settings = {"batch_size": 5, "dropout": 0.2, "recurrent_dropout": 0.2}
    first = fitted(**settings)
    fitted(**settings, random_state=7)
    fitted(LSTMRegressor)
    again = fitted(**settings)
    assert_same_weights(first, again)
    assert_array_equal(first.predict(X), again.predict(X))
    assert differ(first, fitted(**settings, random_state=1))


def test_random_state_may_be_a_generator_which_moves_on():
    generator = np.random.RandomState(0)
    models = [fitted(random_state=generator) for _ in range(2)]
    assert_same_weights(models[0], fitted(random_state=0))
    assert differ(*models)


def test_global_random_numbers_stay_untouched():
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    fitted(dropout=0.5).partial_fit(X, Y).predict(X)
    assert (random.getstate(), str(np.random.get_state())) == before  # noqa: NPY002


def test_no_seed_draws_from_the_global_numbers_of_numpy():
    models = []
    for _ in range(2):
        np.random.seed(5)  # noqa: NPY002 -- As users of scikit-learn do.
        models.append(fitted(random_state=None))
    assert_same_weights(*models)
    assert differ(models[0], fitted(random_state=None))


# --------------------------------------------------------------------------------------
# Copies and other processes
# --------------------------------------------------------------------------------------


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
    model = fitted(GRURegressor, dropout=0.2, batch_size=5)
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


def test_pickle_predicts_the_same_in_another_process(other_process):
    model, result, _ = other_process
    assert_array_equal(result["predicted"], model.predict(X))


def test_same_seed_gives_the_same_bits_in_another_process(other_process):
    model, result, _ = other_process
    assert_array_equal(result["again"], model.predict(X))


def test_training_in_a_fresh_process_prints_nothing(other_process):
    _, _, finished = other_process
    assert (finished.stdout, finished.stderr) == ("", "stderr still works")


# --------------------------------------------------------------------------------------
# What cannot work is refused before training starts
# --------------------------------------------------------------------------------------


def replaced(place, value, array=X):
    array = array.astype(np.result_type(array, type(value)))
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("windows", "target", "error", "message"),
    [
        (X[:, 0, 0], Y, ValueError, "Expected .*array"),
        (X[..., None], Y, ValueError, r"shape \(n_samples, n_steps, n_features\)"),
        (X[:, :0], Y, ValueError, "none of them 0|minimum of 1"),
        (replaced((3, 2, 1), np.inf), Y, ValueError, "infinity .*column 1"),
        (np.full((18, 4), "a"), Y, ValueError, "could not convert string to float"),
        (np.full((18, 4), {}), Y, TypeError, "must be a string or a real number"),
        (X + 1j, Y, ValueError, "Complex data not supported"),
        (replaced((..., 1), np.nan), Y, ValueError, "Column 1 of X"),
        (replaced((..., 0, slice(None)), np.nan), Y, ValueError, "No whole window"),
        (X, replaced(3, np.nan, Y), ValueError, "y contains NaN"),
        (X, replaced(3, np.inf, Y), ValueError, "y contains infinity"),
        (X, Y[:-1], ValueError, "inconsistent numbers of samples"),
        (X, None, ValueError, "requires y to be passed"),
        (X, X, ValueError, "y should be a 1d array"),
        (X, Y + 1j, ValueError, "Complex data not supported"),
        (X[:1], Y[:1], ValueError, "minimum of 2 is required"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_data_that_cannot_be_learned_from(method, windows, target, error, message):
    recorder = Recorder()
    model = network(callbacks=recorder)
    with pytest.raises(error, match=message):
        getattr(model, method)(windows, target)
    assert recorder.starts == 0
    assert vars(model) == vars(network(callbacks=recorder))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(17), "expected .*18"),
        (np.ones((18, 1)), "must be 1D"),
        (np.zeros(18), "not zero for every sample"),
        (-np.ones(18), "must not be negative"),
        (np.full(18, np.nan), "sample_weight contains NaN"),
    ],
)
def test_weights_that_mean_nothing(weight, message):
    with pytest.raises(ValueError, match=message):
        fitted(sample_weight=weight)


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (X[:, :3], "X has 3 steps, but RNNRegressor is expecting 4 steps"),
        (X[:, :, :1], "X has 1 features, but RNNRegressor is expecting 2 features"),
        (X[0], "expecting"),
        (X[0, 0], "Expected .*array"),
        (replaced((0, 0, 0), -np.inf), "infinity .*column 0"),
        (X[:0], "none of them 0|minimum of 1"),
    ],
)
def test_windows_of_another_kind_are_not_predicted(windows, message):
    with pytest.raises(ValueError, match=message):
        fitted(**STILL).predict(windows)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("units", 0),
        ("units", ()),
        ("units", (2, 0)),
        ("units", 2.0),
        ("dense_before", 0),
        ("dense_before", (0,)),
        ("dense_after", ("a",)),
        ("activation", 3),
        ("dropout", 1.0),
        ("recurrent_dropout", -0.1),
        ("l2", -1),
        ("segment", 0),
        ("segment", 3),
        ("learning_rate", 0),
        ("epochs", 0),
        ("batch_size", 0),
        ("validation_split", 1.0),
        ("validation_split", 0.96),
        ("patience", 0),
        ("incomplete", "drop"),
        ("callbacks", 3),
        ("random_state", "a"),
        ("loss", "meen"),
        ("loss", None),
        ("optimizer", "adamant"),
        ("metrics", ["meen"]),
        ("activation", "than"),
        ("dense_activation", "than"),
    ],
)
def test_parameters_that_cannot_work_are_named_before_training(parameter, value):
    recorder = Recorder()
    model = network(callbacks=recorder)
    with pytest.raises(ValueError, match=parameter):
        model.set_params(**{parameter: value}).fit(X, Y)
    assert recorder.starts == 0
    assert not hasattr(model, "weights_")


@pytest.mark.parametrize("parameter", ["dense_before", "dense_after"])
def test_one_dense_layer_may_be_given_by_its_width(parameter):
    one, other = fitted(**{parameter: 3}), fitted(**{parameter: (3,)})
    assert_same_weights(one, other)


def test_callback_that_is_none_is_refused_by_name():
    with pytest.raises(TypeError, match="callbacks must be a Keras callback or a list"):
        fitted(callbacks=[print])


# --------------------------------------------------------------------------------------
# A training that fails leaves the estimator as it was
# --------------------------------------------------------------------------------------

DIVERGING = {"optimizer": "sgd", "learning_rate": 1e25, "batch_size": 32}
FAILURES = [
    ({"callbacks": Raise(KeyboardInterrupt())}, KeyboardInterrupt, None),
    ({"callbacks": Raise(RuntimeError("mine"))}, RuntimeError, "mine"),
    (DIVERGING, FloatingPointError, r"in epoch 2.*smaller learning_rate.*clipnorm"),
]


@pytest.mark.parametrize(("settings", "error", "message"), FAILURES)
def test_failed_first_fit_leaves_nothing(settings, error, message):
    model = network(epochs=5, **settings)
    with pytest.raises(error, match=message):
        model.fit(X, Y)
    assert vars(model) == network(epochs=5, **settings).get_params()
    model.set_params(callbacks=None, optimizer="adam", learning_rate=1e-3)
    assert_same_weights(model.fit(X, Y), fitted(epochs=5))


@pytest.mark.parametrize(("settings", "error", "message"), FAILURES)
@pytest.mark.parametrize("warm_start", [False, True])
def test_failed_later_fit_leaves_what_was_learned(warm_start, settings, error, message):
    model = fitted(warm_start=warm_start)
    fitted_attributes = set(vars(model))
    predicted, history = model.predict(X), model.history_
    with pytest.raises(error, match=message):
        model.set_params(epochs=5, **settings).fit(X + 100, Y)
    assert set(vars(model)) == fitted_attributes
    assert model.history_ is history
    assert_array_equal(model.predict(X), predicted)


def test_weights_that_the_last_step_spoils_are_not_kept():
    settings = {"optimizer": "sgd", "learning_rate": 3e38, "epochs": 1}
    model = network(**settings)
    with pytest.raises(FloatingPointError, match="infinite in epoch 1, the last one"):
        model.fit(X, Y)
    assert not hasattr(model, "weights_")


def test_failed_partial_fit_uses_up_no_random_numbers():
    stop = Raise(RuntimeError("mine"), epoch=0)
    model, other = (network(dropout=0.5).partial_fit(X, Y) for _ in range(2))
    with pytest.raises(RuntimeError, match="mine"):
        model.set_params(callbacks=stop).partial_fit(X, Y)
    model.set_params(callbacks=None).partial_fit(X, Y)
    assert_same_weights(model, other.partial_fit(X, Y))


# --------------------------------------------------------------------------------------
# Learning
# --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("cls", ESTIMATORS)
def test_default_network_learns_a_noisy_wave(cls):
    t = np.arange(600)
    series = 50 + 10 * np.sin(t / 5) + np.random.RandomState(0).normal(size=600)
    windows = np.lib.stride_tricks.sliding_window_view(series, 12)[:-1]
    model = cls(random_state=0).fit(windows[:400], series[12:412])
    assert model.score(windows[400:], series[412:]) > 0.9
