"""Targets of every step: return_sequences of the recurrent estimators."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
)
from skrnn._engine.tensorflow import keras
from tests.support.cells import run_by_hand
from tests.support.exhaustive import first_of_many
from tests.support.networks import STILL, assert_same_weights, network

pytestmark = pytest.mark.short_fits

RNG = np.random.RandomState(0)
N, T = 18, 4
X = RNG.normal(size=(N, T, 2)) * [3.0, 0.2] + [10.0, -1.0]
Y = 5 * X[:, :, 0].cumsum(axis=1) - 20 * X[:, :, 1] + 30
TWO = np.stack([Y, -0.1 * Y + X[:, :, 1]], axis=-1)
# Sequences of different lengths, filled up behind; and labels with holes of their own.
LENGTHS = RNG.randint(2, T + 1, size=N)
BEHIND = np.arange(T) >= LENGTHS[:, None]
PADDED = np.where(BEHIND[..., None], np.nan, X)
HOLES = np.where(BEHIND | (RNG.uniform(size=Y.shape) < 0.2), np.nan, Y)
SEEN = ~np.isnan(HOLES)
ADJUSTED = keras.metrics.R2Score(num_regressors=1)


def sequences(cls=RNNRegressor, **parameters):
    settings = {"predict_backend": "numpy"} | parameters
    return network(cls, return_sequences=True, **settings)


def scaled(X):
    rows = X.reshape(-1, X.shape[2])
    return (X - np.nanmean(rows, axis=0)) / np.nanstd(rows, axis=0)


class EveryBatch(keras.callbacks.Callback):
    """Asks for every batch, so that Keras's own loop trains."""

    def on_train_batch_end(self, batch, logs=None):
        pass


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("cls", "backend"),
    [
        (RNNRegressor, "numpy"),
        (LSTMRegressor, "tensorflow"),
        (GRURegressor, "tensorflow"),
    ],
)
def test_a_step_is_predicted_as_the_last_one_of_the_steps_up_to_it(cls, backend):
    settings = {"units": (2, 3), "dense_before": 2, "dense_after": 3}
    model = sequences(cls, predict_backend=backend, **settings).fit(X, TWO)
    predicted = model.predict(X)
    assert predicted.shape == TWO.shape
    for step in range(T):
        until = replace(model._network, return_sequences=False, n_steps=step + 1)
        y = run_by_hand(until, model.weights_, scaled(X)[:, : step + 1])
        by_hand = y * TWO.std(axis=(0, 1)) + TWO.mean(axis=(0, 1))
        assert_allclose(predicted[:, step], by_hand, rtol=1e-5, atol=1e-4)


@pytest.mark.untrained
def test_codes_of_categories_are_looked_up_at_every_step():
    codes = RNG.randint(3, size=(N, T, 1)).astype(float)
    coded = np.concatenate([X, codes], axis=2)
    model = sequences(categories={2: 2}, predict_backend="tensorflow")
    predicted = model.fit(coded, Y + 10 * codes[..., 0]).predict(coded)
    model.set_params(predict_backend="numpy")
    assert_allclose(model.predict(coded), predicted, rtol=1e-5)
    changed = coded.copy()
    changed[:, 2, 2] = 1 - (changed[:, 2, 2] == 1)
    differs = (model.predict(changed) != model.predict(coded)).any(axis=0)
    assert_array_equal(differs, [False, False, True, True])


@pytest.mark.untrained
@pytest.mark.parametrize("bidirectional", [False, True])
def test_later_steps_change_nothing_unless_the_network_is_bidirectional(bidirectional):
    model = sequences(bidirectional=bidirectional).fit(X, Y)
    changed = X.copy()
    changed[:, 2:] += 1.0
    same = model.predict(changed)[:, :2] == model.predict(X)[:, :2]
    assert same.all() != bidirectional


@pytest.mark.parametrize("callbacks", [None, EveryBatch()], ids=["compiled", "keras"])
def test_labels_of_the_last_step_alone_train_as_targets_of_windows_do(callbacks):
    last = np.full_like(TWO, np.nan)
    last[:, -1] = TWO[:, -1]
    settings = {"callbacks": callbacks, "l2": 0.01, "dropout": 0.2, "epochs": 3}
    weights = RNG.uniform(0.5, 2, size=N)
    ordinary = network(**settings).fit(X, TWO[:, -1], weights)
    of_steps = sequences(**settings).fit(X, last, weights)
    assert_same_weights(of_steps, ordinary, rtol=1e-5, atol=1e-6)
    assert_allclose(of_steps.loss_curve_, ordinary.loss_curve_, rtol=1e-5)
    assert_allclose(of_steps.predict(X)[:, -1], ordinary.predict(X), rtol=1e-4)


@pytest.mark.parametrize("callbacks", [None, EveryBatch()], ids=["compiled", "keras"])
def test_loss_and_metrics_are_means_over_labelled_steps(callbacks):
    still = {**STILL, "callbacks": callbacks, "batch_size": 5}
    model = sequences(metrics=["mae"], **still, shuffle=False)
    model.fit(PADDED, HOLES, X_val=PADDED[:7], y_val=HOLES[:7])
    errors = (model.predict(PADDED) - HOLES) / np.nanstd(HOLES)
    history = {name: values[0] for name, values in model.history_.items()}
    assert_allclose(history["loss"], np.nanmean(errors**2), rtol=1e-4)
    assert_allclose(history["val_loss"], np.nanmean(errors[:7] ** 2), rtol=1e-4)
    assert_allclose(history["mae"], np.nanmean(abs(errors)), rtol=1e-4)
    assert_allclose(history["val_mae"], np.nanmean(abs(errors[:7])), rtol=1e-4)


@pytest.mark.parametrize("callbacks", [None, EveryBatch()], ids=["compiled", "keras"])
def test_weights_of_steps_weigh_the_loss_of_each_step(callbacks):
    weights = RNG.uniform(0, 2, size=Y.shape)
    weights[RNG.uniform(size=Y.shape) < 0.3] = 0
    model = sequences(callbacks=callbacks, **STILL).fit(PADDED, HOLES, weights)
    mean = np.average(HOLES[SEEN], weights=weights[SEEN])
    std = np.sqrt(np.average((HOLES[SEEN] - mean) ** 2, weights=weights[SEEN]))
    assert_allclose([model.scaling_.y_mean[0], model.scaling_.y_scale[0]], [mean, std])
    errors = (model.predict(PADDED) - HOLES)[SEEN] / std
    naive = np.average(errors**2, weights=weights[SEEN])
    assert_allclose(model.loss_curve_[0], naive, rtol=1e-4)


def test_weights_of_samples_are_those_of_their_steps():
    weights = RNG.uniform(0.5, 2, size=N)
    of_samples = sequences().fit(PADDED, HOLES, weights)
    of_steps = sequences().fit(PADDED, HOLES, np.repeat(weights[:, None], T, axis=1))
    assert_same_weights(of_samples, of_steps)


def test_what_has_no_label_changes_nothing():
    # Steps whose weight is 0, windows without a label, values of steps that are padded.
    weights = SEEN.astype(float)
    without = np.vstack([HOLES, np.full((3, T), np.nan)])
    more = np.concatenate([PADDED, 100 * X[:3]])
    model = sequences().fit(PADDED, HOLES)
    assert_same_weights(model, sequences().fit(PADDED, np.nan_to_num(HOLES), weights))
    assert_same_weights(model, sequences().fit(more, without))
    assert model.n_windows_fit_ == N


def test_windows_padded_ahead_are_trained_on_as_the_steps_they_have():
    # A network starts from zero at the first step that is observed.
    ahead, labels = np.full((2, *PADDED.shape), np.nan)[0], np.full_like(HOLES, np.nan)
    for i, n in enumerate(LENGTHS):
        ahead[i, T - n :], labels[i, T - n :] = PADDED[i, :n], HOLES[i, :n]
    behind = sequences().fit(PADDED, HOLES)
    model = sequences(incomplete="mask").fit(ahead, labels)
    assert_same_weights(model, behind, rtol=1e-5, atol=1e-6)
    predicted, expected = model.predict(ahead), behind.predict(PADDED)
    for i, n in enumerate(LENGTHS):
        assert_allclose(predicted[i, T - n :], expected[i, :n], rtol=1e-4)


@pytest.mark.untrained
def test_steps_behind_the_last_observed_one_repeat_its_prediction():
    predicted = sequences().fit(PADDED, HOLES).predict(PADDED)
    for i, n in enumerate(LENGTHS):
        assert_allclose(predicted[i, n - 1 :], predicted[i, n - 1])


@pytest.mark.untrained
def test_score_is_r2_of_labelled_steps_with_weights_of_either_kind():
    model = sequences().fit(PADDED, HOLES)
    predicted = model.predict(PADDED)
    assert model.score(PADDED, HOLES) == r2_score(HOLES[SEEN], predicted[SEEN])
    weights = RNG.uniform(0.5, 2, size=Y.shape)
    expected = r2_score(HOLES[SEEN], predicted[SEEN], sample_weight=weights[SEEN])
    assert model.score(PADDED, HOLES, weights) == expected
    by_sample = np.repeat(weights[:, :1], T, axis=1)
    expected = r2_score(HOLES[SEEN], predicted[SEEN], sample_weight=by_sample[SEEN])
    assert model.score(PADDED, HOLES, weights[:, 0]) == expected
    with pytest.raises(ValueError, match="y must have the shape of predictions"):
        model.score(X, TWO)


@pytest.mark.untrained
def test_searches_and_cross_validation_score_steps():
    scores = cross_val_score(sequences(epochs=1), PADDED, HOLES, cv=KFold(2))
    assert np.isfinite(scores).all()
    search = GridSearchCV(sequences(epochs=1), {"units": [1, 2]}, cv=KFold(2))
    assert search.fit(X, TWO).predict(X).shape == TWO.shape


def test_early_stopping_keeps_the_best_epoch_on_the_last_windows():
    settings = {"learning_rate": 0.3, "epochs": 6, "early_stopping": True}
    model = sequences(validation_split=0.4, patience=2, **settings).fit(PADDED, HOLES)
    n_train = int(0.6 * N)
    held_out = slice(n_train, None)
    mean, scale = model.scaling_.y_mean[0], model.scaling_.y_scale[0]
    errors = (model.predict(PADDED[held_out]) - HOLES[held_out]) / scale
    assert_allclose(np.nanmean(errors**2), min(model.history_["val_loss"]), rtol=1e-4)
    assert_allclose(mean, np.nanmean(HOLES[:n_train]))


def test_quantiles_of_steps_do_not_cross_and_are_learned_by_the_pinball_loss():
    levels = np.array([0.1, 0.5, 0.9])
    model = sequences(quantiles=levels, metrics=["mae"], **STILL).fit(PADDED, HOLES)
    values = model.predict_quantiles(PADDED)
    assert values.shape == (N, T, 3)
    assert (np.diff(values, axis=-1) > 0).all()
    assert_array_equal(values[..., 1], model.predict(PADDED))
    above = (HOLES[..., None] - values) / np.nanstd(HOLES)
    pinball = np.maximum(levels * above, (levels - 1) * above)
    assert_allclose(model.loss_curve_[0], np.nanmean(pinball), rtol=1e-4)
    assert_allclose(model.history_["mae"][0], np.nanmean(abs(above[..., 1])), rtol=1e-4)
    two = sequences(quantiles=levels, **STILL).fit(X, TWO)
    assert two.predict_quantiles(X, [0.5, 0.7]).shape == (N, T, 2, 2)


# As many targets as steps, because Keras looks at the sizes of axes.
AS_MANY = np.stack([Y] * T, axis=-1)


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("levels", "y"), [(None, HOLES), ((0.5,), AS_MANY), ((0.2, 0.5), HOLES)]
)
def test_a_plain_keras_model_gives_every_step_in_units_of_y(levels, y):
    model = sequences(quantiles=levels, epochs=1).fit(PADDED, y + 1000 * np.arange(T))
    expected = model.predict(X) if levels is None else model.predict_quantiles(X)
    given = np.asarray(model.to_keras()(X)).reshape(expected.shape)
    assert_allclose(given, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.untrained
def test_several_networks_predict_the_mean_of_each_step():
    model = sequences(n_networks=2, epochs=1).fit(X, TWO)
    apart = model.predict_networks(X)
    assert apart.shape == (2, *TWO.shape)
    assert_allclose(model.predict(X), apart.mean(axis=0), rtol=1e-6)
    assert_allclose(model.estimators_[1].predict(X), apart[1], rtol=1e-6)


@pytest.mark.untrained
def test_states_are_carried_on_from_batch_to_batch():
    # Two series side by side, cut into windows that follow one another.
    model = sequences(stateful=True, batch_size=2, epochs=1).fit(X, Y)
    long = X.reshape(N // 2, 2, T, 2).transpose(1, 0, 2, 3).reshape(2, -1, 2)
    whole = replace(
        model._network, batch_size=None, n_steps=long.shape[1], return_sequences=True
    )
    x = (long - model.scaling_.x_mean) / model.scaling_.x_scale
    y = run_by_hand(whole, model.weights_, x)[..., 0]
    y = y * model.scaling_.y_scale + model.scaling_.y_mean
    expected = y.reshape(2, N // 2, T).transpose(1, 0, 2).reshape(N, T)
    assert_allclose(model.predict(X), expected, rtol=1e-5)


def test_a_stateful_network_counts_no_steps_of_samples_that_fill_up_a_batch():
    settings = {"stateful": True, "batch_size": 4, "metrics": ["mae"], **STILL}
    model = sequences(**settings).fit(PADDED, HOLES)
    errors = (model.predict(PADDED) - HOLES) / np.nanstd(HOLES)
    # Keras weights batches of losses by their size, and the last one holds 2 of 18.
    assert_allclose(model.history_["mae"][0], np.nanmean(abs(errors)), rtol=1e-4)


def test_training_goes_on_in_chunks_and_by_warm_start():
    whole = sequences().fit(PADDED, HOLES)
    chunks = sequences()
    for part in (slice(0, 7), slice(7, None)):
        chunks.partial_fit(PADDED[part], HOLES[part])
    assert_allclose(chunks.scaling_.y_scale, whole.scaling_.y_scale)
    again = sequences(warm_start=True).fit(PADDED, HOLES)
    assert again.fit(PADDED, HOLES).n_iter_ == 2
    again.set_params(return_sequences=False)
    with pytest.raises(ValueError, match="return_sequences must stay the same"):
        again.fit(X, Y[:, 0])


def test_constant_labels_are_predicted_exactly():
    y = np.where(BEHIND, np.nan, 3.5)
    assert_array_equal(sequences(epochs=1).fit(PADDED, y).predict(PADDED), 3.5)


def test_counts_of_steps_are_learned_by_their_likelihood():
    counts = np.where(SEEN, RNG.poisson(4, size=Y.shape), np.nan)
    model = sequences(loss="poisson", **STILL).fit(PADDED, counts)
    predicted = model.predict(PADDED)
    assert (predicted > 0).all()
    assert abs(np.log(np.nanmean(predicted) / np.nanmean(counts))) < 0.5
    counts[3, 1] = -1
    with pytest.raises(ValueError, match="Got -1 in step 1 of row 3"):
        sequences(loss="poisson").fit(X, counts)


def test_a_loss_of_the_users_sees_each_step_as_a_sample():
    def squares(y_true, y_pred):
        assert y_true.shape[1:] == y_pred.shape[1:] == (2,)
        return keras.ops.sum((y_true - y_pred) ** 2, axis=1) / 2

    usual = sequences().fit(PADDED, np.where(BEHIND[..., None], np.nan, TWO))
    own = sequences(loss=squares).fit(PADDED, np.where(BEHIND[..., None], np.nan, TWO))
    assert_same_weights(own, usual, rtol=1e-4, atol=1e-6)


@pytest.mark.untrained
def test_copies_and_pickles_predict_every_step():
    model = sequences(predict_backend="auto").fit(X, TWO)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict(X), model.predict(X))
    assert clone(model).fit(X, TWO).predict(X).shape == TWO.shape


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"segment": 2}, "segment must be 1 with return_sequences=True"),
        ({"decoder": "parallel"}, "decoder must be 'dense' with return_sequences"),
        ({"linear_path": True}, "linear_path must be False with return_sequences"),
        ({"loss": keras.losses.MeanSquaredError(reduction="sum")}, "for each step"),
        ({"metrics": ["accuracy"]}, "metrics must compare numbers"),
        ({"metrics": [ADJUSTED]}, "num_regressors above 0"),
        ({"metrics": [ADJUSTED], "quantiles": [0.5]}, "num_regressors above 0"),
        (
            {"loss": lambda y_true, y_pred: keras.ops.mean((y_true - y_pred) ** 2)},
            "loss must give one number for each sample",
        ),
    ],
)
def test_what_reads_whole_windows_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        sequences(**parameters).fit(X, Y)


@pytest.mark.parametrize(
    ("y", "weights", "message"),
    [
        (Y[:, 0], None, "y must have targets for every step"),
        (Y[:, :3], None, r"of shape \(n_samples, 4\) or"),
        (np.full_like(Y, np.nan), None, "y must have a label at some step"),
        (Y, np.ones((N, 3)), "sample_weight must have one weight for each sample or"),
        (Y, np.full((N, T), -1.0), "sample_weight must not be negative"),
        (None, None, "the target y is None"),
    ],
)
def test_targets_and_weights_of_another_shape_are_refused(y, weights, message):
    with pytest.raises(ValueError, match=message):
        sequences().fit(X, y, weights)


def test_targets_with_three_axes_need_the_parameter():
    with pytest.raises(ValueError, match="set return_sequences=True"):
        network().fit(X, TWO)


# --------------------------------------------------------------------------------------
# Labels of every step
# --------------------------------------------------------------------------------------

NUMBERS = np.digitize(X[:, :, 0], [9.0, 11.0])
WORDS = np.array(["low", "mid", "up"], dtype=object)[NUMBERS]
SOME = np.where(SEEN, WORDS, None)


def tagger(cls=RNNClassifier, **parameters):
    return sequences(cls, **parameters)


def cross_entropy(proba, numbers):
    return -np.log(np.take_along_axis(proba, numbers[..., None], axis=-1)[..., 0])


@pytest.mark.untrained
@pytest.mark.parametrize(
    "cls", first_of_many([RNNClassifier, LSTMClassifier, GRUClassifier])
)
def test_every_step_has_probabilities_and_the_most_probable_label(cls):
    model = tagger(cls).fit(PADDED, SOME)
    proba = model.predict_proba(PADDED)
    assert proba.shape == (N, T, 3)
    assert_allclose(proba.sum(axis=-1), 1)
    assert model.classes_.tolist() == ["low", "mid", "up"]
    assert_array_equal(model.predict(PADDED), model.classes_[proba.argmax(axis=-1)])
    step = replace(model._network, return_sequences=False, n_steps=1)
    by_hand = run_by_hand(step, model.weights_, scaled(PADDED)[:, :1])
    assert_allclose(proba[:, 0], by_hand, rtol=1e-4)


@pytest.mark.parametrize(("callbacks", "n_classes"), [(None, 2), (EveryBatch(), 3)])
def test_labels_of_the_last_step_alone_train_as_labels_of_windows_do(
    callbacks, n_classes
):
    numbers = np.minimum(NUMBERS, n_classes - 1)
    last = np.full(numbers.shape, np.nan)
    last[:, -1] = numbers[:, -1]
    settings = {"callbacks": callbacks, "class_weight": "balanced", "epochs": 3}
    settings |= {"metrics": ["accuracy"]}
    ordinary = network(RNNClassifier, **settings).fit(X, numbers[:, -1])
    of_steps = tagger(**settings).fit(X, last)
    assert_same_weights(of_steps, ordinary, rtol=1e-4, atol=1e-6)
    for name in ("loss", "accuracy"):
        assert_allclose(of_steps.history_[name], ordinary.history_[name], rtol=1e-5)


@pytest.mark.parametrize("callbacks", [None, EveryBatch()], ids=["compiled", "keras"])
def test_losses_and_accuracies_are_means_over_labelled_steps(callbacks):
    model = tagger(metrics=["accuracy"], callbacks=callbacks, **STILL)
    model.fit(PADDED, SOME, X_val=PADDED[:7], y_val=SOME[:7])
    losses = cross_entropy(model.predict_proba(PADDED), NUMBERS)
    right = model.predict(PADDED) == WORDS
    history = {name: values[0] for name, values in model.history_.items()}
    assert_allclose(history["loss"], losses[SEEN].mean(), rtol=1e-4)
    assert_allclose(history["val_loss"], losses[:7][SEEN[:7]].mean(), rtol=1e-4)
    assert_allclose(history["accuracy"], right[SEEN].mean(), rtol=1e-5)
    assert_allclose(history["val_accuracy"], right[:7][SEEN[:7]].mean(), rtol=1e-5)


def test_balanced_classes_have_the_same_weight_over_all_labelled_steps():
    model = tagger(class_weight="balanced", **STILL).fit(PADDED, SOME)
    losses = cross_entropy(model.predict_proba(PADDED), NUMBERS)
    by_class = [losses[SEEN & (place == NUMBERS)].mean() for place in range(3)]
    assert_allclose(model.loss_curve_[0], np.mean(by_class), rtol=1e-4)


def test_labels_of_weight_zero_may_be_anything_and_are_no_classes():
    numbers = np.where(SEEN, NUMBERS, -1)
    model = tagger().fit(PADDED, numbers, SEEN.astype(float))
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict(PADDED).dtype == numbers.dtype
    assert_same_weights(model, tagger().fit(PADDED, SOME))


@pytest.mark.untrained
def test_score_is_the_accuracy_of_labelled_steps():
    model = tagger().fit(PADDED, SOME)
    right = model.predict(PADDED) == WORDS
    assert model.score(PADDED, SOME) == right[SEEN].mean()
    weights = RNG.uniform(size=SEEN.shape)
    expected = np.average(right[SEEN], weights=weights[SEEN])
    assert_allclose(model.score(PADDED, SOME, weights), expected)
    scores = cross_val_score(tagger(epochs=1), PADDED, SOME, cv=KFold(2))
    assert ((scores >= 0) & (scores <= 1)).all()


def test_labels_in_a_frame_in_lists_and_of_two_classes():
    model = tagger(epochs=1).fit(X, pd.DataFrame(WORDS))
    assert_same_weights(model, tagger(epochs=1).fit(X, WORDS.tolist()))
    flags = pd.DataFrame(NUMBERS > 1).astype("boolean").where(SEEN)
    model = tagger(epochs=1).fit(X, flags)
    assert model.classes_.tolist() == [False, True]
    proba = model.predict_proba(X)
    assert proba.shape == (N, T, 2)
    assert_allclose(np.asarray(model.to_keras()(X)), proba, rtol=1e-4)


def test_labels_come_in_chunks():
    model = tagger()
    for part in (slice(0, 7), slice(7, None)):
        model.partial_fit(PADDED[part], SOME[part], classes=["low", "mid", "up"])
    assert model.predict(PADDED).shape == SEEN.shape


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (WORDS[:, 0], "y must have a label for every step"),
        (WORDS[:, :2], r"of shape \(n_samples, 4\)"),
        (np.full(WORDS.shape, None), "y must have a label at some step"),
        (np.where(SEEN, "low", None), "y must hold at least two classes"),
        (np.where(SEEN, WORDS, 3), "Unknown label type"),
        (Y, "Unknown label type: continuous"),
    ],
)
def test_labels_of_another_shape_or_kind_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        tagger().fit(X, y)


def test_labels_of_every_step_need_the_parameter():
    with pytest.raises(ValueError, match="set return_sequences=True"):
        network(RNNClassifier).fit(X, WORDS)
    with pytest.raises(ValueError, match="segment must be 1"):
        tagger(segment=2).fit(X, WORDS)


@pytest.mark.untrained
@pytest.mark.parametrize("bidirectional", [False, True])
def test_missing_steps_are_predicted_alike_by_numpy_and_compiled(bidirectional):
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 4, 2))
    model = RNNRegressor(
        3, epochs=1, return_sequences=True, bidirectional=bidirectional, random_state=0
    ).fit(X, X[:, :, 0])
    X[0, 3], X[1, :2], X[2, 1] = np.nan, np.nan, np.nan
    few, many = model.predict(X[:3]), model.predict(np.tile(X[:3], (2000, 1, 1)))
    assert_allclose(many[:3], few, atol=1e-6)
    assert_allclose(model.to_keras()(X[:3].astype("float32"))[..., 0], few, atol=1e-6)
