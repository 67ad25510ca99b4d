"""Training as an optimizer says that was given as an instance or by a function."""

import pickle
from functools import partial

import cloudpickle
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from skrnn import Autoencoder, AutoregressiveForecaster, RNNRegressor
from skrnn._engine.tensorflow import keras

pytestmark = pytest.mark.short_fits

N_SAMPLES, N_STEPS = 32, 3
X = np.random.RandomState(0).normal(size=(N_SAMPLES, N_STEPS, 1))
y = X.sum(axis=(1, 2))

# In the order of the samples, so that chunks of whole batches are an epoch.
SETTINGS = {
    "units": 2,
    "batch_size": 16,
    "epochs": 2,
    "shuffle": False,
    "standardize": False,
    "random_state": 0,
}


def excluding():
    """Decay nothing but biases, by so much that it shows after an epoch."""
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=20.0)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    return optimizer


def averaging():
    return keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.9)


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    """Not registered, so that Keras does not know it by its configuration."""

    def __call__(self, step):
        return 0.1 / (keras.ops.cast(step, "float32") + 1.0)


class EveryBatch(keras.callbacks.Callback):
    """Makes Keras's own loop train."""

    def on_train_batch_end(self, batch, logs=None):
        pass


def falling():
    return keras.optimizers.SGD(Falling())


def train_by_keras(model, optimizer, n_epochs=2):
    """Train the network of a fitted model by Keras, from the weights it started with.

    Those are what a training without any learning rate leaves.
    """
    start = clone(model).set_params(
        optimizer=partial(keras.optimizers.SGD, 1e-30), epochs=1
    )
    net = start.fit(X, y).to_keras()
    net.compile(optimizer, "mse", run_eagerly=True)
    optimizer.build(net.trainable_variables)
    net.fit(X, y, batch_size=16, epochs=n_epochs, shuffle=False, verbose=0)
    return np.asarray(net(X))[:, 0]


@pytest.mark.parametrize(
    ("make", "as_function"),
    [
        (excluding, False),
        (falling, True),
        pytest.param(falling, False, marks=pytest.mark.exhaustive),
        pytest.param(averaging, False, marks=pytest.mark.exhaustive),
        pytest.param(excluding, True, marks=pytest.mark.exhaustive),
    ],
)
def test_training_is_that_of_keras(make, as_function):
    model = RNNRegressor(**SETTINGS, optimizer=make if as_function else make())
    expected = train_by_keras(RNNRegressor(**SETTINGS), make())
    np.testing.assert_allclose(model.fit(X, y).predict(X), expected, atol=1e-5)
    first = model.predict(X)
    np.testing.assert_array_equal(model.fit(X, y).predict(X), first)


@pytest.mark.parametrize(
    ("make", "callbacks"),
    [
        (averaging, None),
        (averaging, keras.callbacks.SwapEMAWeights(swap_on_epoch=True)),
        pytest.param(averaging, EveryBatch, marks=pytest.mark.exhaustive),
        pytest.param(excluding, None, marks=pytest.mark.exhaustive),
    ],
)
def test_chunks_of_whole_batches_are_the_epochs_of_keras(make, callbacks):
    model = RNNRegressor(**SETTINGS, optimizer=make, callbacks=callbacks)
    for _ in range(2):
        for chunk in np.split(np.arange(N_SAMPLES), 2):
            model.partial_fit(X[chunk], y[chunk])
            model = pickle.loads(pickle.dumps(model)) if callbacks is None else model
    expected = train_by_keras(RNNRegressor(**SETTINGS), make())
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-5)


def test_partial_fit_after_fit_goes_on_from_weights_that_are_not_averaged():
    whole = RNNRegressor(**SETTINGS, optimizer=averaging).fit(X, y)
    parts = clone(whole).set_params(epochs=1).fit(X, y).partial_fit(X, y)
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), atol=1e-6)


def test_warm_start_begins_with_the_averages():
    model = RNNRegressor(**SETTINGS, optimizer=averaging, warm_start=True)
    averages = model.fit(X, y).partial_fit(X, y).weights_
    model.set_params(optimizer=partial(keras.optimizers.SGD, 1e-30)).fit(X, y)
    for weight, average in zip(model.weights_, averages, strict=True):
        np.testing.assert_allclose(weight, average, atol=1e-6)


def test_autoencoders_go_on_from_weights_that_are_not_averaged():
    rows = X[..., 0]
    settings = {"n_components": 1, "batch_size": 16, "shuffle": False}
    made = Autoencoder(
        **settings, epochs=2, random_state=0, standardize=False, optimizer=averaging
    )
    whole = clone(made).fit(rows)
    for _ in range(2):
        for chunk in np.split(rows, 2):
            made.partial_fit(chunk)
    np.testing.assert_allclose(
        made.score_samples(rows), whole.score_samples(rows), atol=1e-6
    )


def test_schedule_free_training_starts_from_the_weights():
    kind = getattr(keras.optimizers, "ScheduleFreeAdamW", None)
    if kind is None:
        pytest.skip("Keras has it since 3.15.")
    model = RNNRegressor(**SETTINGS, optimizer=kind)
    model.set_params(learning_rate=0.01).fit(X, y)
    expected = train_by_keras(RNNRegressor(**SETTINGS), kind(0.01))
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-5)


COPIES = [
    clone,
    lambda model: pickle.loads(pickle.dumps(model)),
    lambda model: cross_val_score(model, X, y, cv=2),
    lambda model: GridSearchCV(model, {"units": [1, 2]}, cv=2).fit(X, y),
    lambda model: AutoregressiveForecaster(model, window=3).fit(None, y),
]


@pytest.mark.parametrize("make", [excluding, falling])
@pytest.mark.parametrize("copy", COPIES)
def test_copies_that_would_lose_a_part_of_an_optimizer_are_refused(make, copy):
    model = RNNRegressor(**SETTINGS, optimizer=make())
    message = "optimizer must keep all .* pass a function without arguments"
    with pytest.raises(ValueError, match=message):
        copy(model)


@pytest.mark.parametrize(
    "make",
    [
        excluding,
        pytest.param(
            partial(keras.optimizers.AdamW, 0.01), marks=pytest.mark.exhaustive
        ),
    ],
)
def test_functions_lose_nothing_in_grids_and_workers(make):
    expected = RNNRegressor(**SETTINGS, optimizer=make).fit(X, y)
    grid = GridSearchCV(RNNRegressor(**SETTINGS), {"optimizer": [make]}, cv=2)
    # As workers get it.
    grid = pickle.loads(cloudpickle.dumps(grid))
    np.testing.assert_array_equal(grid.fit(X, y).predict(X), expected.predict(X))
    restored = pickle.loads(pickle.dumps(grid.best_estimator_))
    np.testing.assert_array_equal(restored.predict(X), expected.predict(X))


def test_values_of_a_grid_that_have_lost_something_are_refused():
    grid = GridSearchCV(RNNRegressor(**SETTINGS), {"optimizer": [excluding()]}, cv=2)
    with pytest.raises(ValueError, match=r"a copy that lacks .*exclude_from_weight"):
        grid.fit(X, y)


def test_values_of_a_grid_that_are_whole_are_trained_with():
    # Of other settings than `excluding`: Keras 3.6 does not number names.
    given = keras.optimizers.AdamW(0.01, weight_decay=0.5)
    grid = GridSearchCV(RNNRegressor(**SETTINGS), {"optimizer": [given]}, cv=2)
    expected = RNNRegressor(**SETTINGS, optimizer=given).fit(X, y).predict(X)
    np.testing.assert_array_equal(grid.fit(X, y).predict(X), expected)


def test_a_fitted_estimator_is_stored_once_its_optimizer_has_a_name():
    model = RNNRegressor(**SETTINGS, optimizer=excluding()).fit(X, y)
    restored = pickle.loads(pickle.dumps(model.set_params(optimizer="adamw")))
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))


def test_functions_that_make_no_optimizer_are_refused():
    with pytest.raises(ValueError, match=r"optimizer must be .* which returned 'adam'"):
        RNNRegressor(**SETTINGS, optimizer=lambda: "adam").fit(X, y)
