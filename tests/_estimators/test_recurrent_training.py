import copy
import pickle
import random

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from skrnn import LSTMRegressor
from skrnn._engine.tensorflow import keras
from tests.support.exhaustive import first_of_many
from tests.support.networks import (
    ESTIMATORS,
    ONE_STEP,
    STILL,
    Recorder,
    X,
    Y,
    assert_same_weights,
    differ,
    fitted,
    network,
)

pytestmark = pytest.mark.short_fits

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
    ("share", "n_samples", "n_train"), [(0.25, 18, 13), (0.05, 18, 17), (0.8, 15, 3)]
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


@pytest.mark.compiled  # Parts and the whole, of which only parts are short.
@pytest.mark.parametrize("cls", first_of_many(ESTIMATORS[::-1]))
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


@pytest.mark.untrained
def test_partial_fit_keeps_names():
    frame = pd.DataFrame(X[:, :, 0], columns=["a", "b", "c", "d"])
    model = network().partial_fit(frame, Y).partial_fit(frame * 10, Y)
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


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("units", 3),
        ("bidirectional", True),
        ("segment", 2),
        ("decoder", "parallel"),
        ("linear_path", True),
    ],
)
def test_training_cannot_go_on_with_another_network(parameter, value):
    model = fitted(warm_start=True, epochs=1).set_params(**{parameter: value})
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"{parameter} must stay the same"):
            go_on(X, Y)


# --------------------------------------------------------------------------------------
# Losses and weights of samples
# --------------------------------------------------------------------------------------


def square_of_batch(targets, predicted):
    return keras.ops.mean((targets - predicted) ** 2)


def square_of_samples(targets, predicted):
    return keras.ops.mean((targets - predicted) ** 2, axis=-1)


class SquareOfBatch(keras.losses.Loss):
    def call(self, targets, predicted):
        return square_of_batch(targets, predicted)


@pytest.mark.parametrize("loss", [square_of_batch, SquareOfBatch, SquareOfBatch()])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_loss_of_whole_batches_is_refused_beside_weights(method, loss):
    model = network(loss=loss)
    message = "loss must give one number for each sample .* axis=-1"
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, Y, np.arange(1.0, 1 + len(X)))
    assert not hasattr(model, "weights_")


@pytest.mark.compiled  # Which shows that the loss is not one of samples.
@pytest.mark.parametrize("weights", [None, np.full(len(X), 3.0)])
def test_a_loss_of_whole_batches_is_that_of_samples_where_weights_are_equal(weights):
    got = fitted(loss=square_of_batch, sample_weight=weights)
    assert_same_weights(got, fitted(), rtol=1e-4, atol=1e-6)


def test_a_loss_of_samples_takes_weights_into_account():
    weights = np.arange(1.0, 1 + len(X))
    got = fitted(loss=square_of_samples, sample_weight=weights)
    assert_same_weights(got, fitted(sample_weight=weights), rtol=1e-4, atol=1e-6)
    assert differ(got, fitted())


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


class Counter(keras.callbacks.Callback):
    """Counts epochs, and never starts again."""

    n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1


def test_fit_trains_with_copies_of_callbacks():
    counter = Counter()
    before = dict(vars(counter))
    model = fitted(epochs=3, callbacks=[counter])
    for n_epochs in (3, 2):
        assert model.callbacks_[0] is not counter
        assert model.callbacks_[0].n_epochs == n_epochs
        assert model.callbacks_[0].model is None
        model.set_params(epochs=2).fit(X, Y)
    assert model.partial_fit(X, Y).callbacks_[0].n_epochs == 1
    assert vars(counter) == before
    assert not hasattr(model.set_params(callbacks=None).fit(X, Y), "callbacks_")


def test_a_callback_from_a_function_is_shared():
    counter = Counter()
    model = fitted(callbacks=lambda: counter)
    assert model.callbacks_ == [counter]
    clone(model).fit(X, Y)
    assert counter.n_epochs == 4


def test_early_stopping_of_keras_serves_many_fits():
    # Keras 3.12 finds out only once whether less or more of what it watches is better.
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=2, min_delta=0.01)
    settings = {"epochs": 40, "learning_rate": 0.1}
    model = fitted(callbacks=stop, **settings)
    weights, n_epochs = model.weights_, model.n_iter_
    assert 3 < n_epochs < 40
    assert model.fit(X, Y).n_iter_ == clone(model).fit(X, Y).n_iter_ == n_epochs
    for mine, theirs in zip(weights, model.weights_, strict=True):
        assert_array_equal(mine, theirs)


def test_a_callback_with_a_file_leaves_the_estimator_to_be_copied_and_stored(tmp_path):
    log = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"), append=True)
    model = fitted(callbacks=log)
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert not hasattr(loaded, "callbacks_")
    for again in (loaded, clone(model), copy.deepcopy(model)):
        assert_same_weights(again.fit(X, Y), model)
    search = GridSearchCV(model, {"units": [1, 2]}, cv=2, scoring="r2").fit(X, Y)
    pickle.dumps(search)
    cross_val_score(search.best_estimator_, X, Y, cv=2)
    # A line for each of two epochs: four fits, a search, and two folds.
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * (4 + 5 + 2)


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


def test_a_narrow_integer_of_numpy_is_a_batch_size():
    assert_same_weights(fitted(batch_size=np.uint8(7)), fitted(batch_size=7))
