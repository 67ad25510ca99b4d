import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.utils import compute_class_weight

from skrnn import RecurrentAutoencoder, RNNClassifier
from skrnn._engine import training
from skrnn._engine.tensorflow import keras
from tests.support.cells import run_layer
from tests.support.classes import (
    CLASSIFIERS,
    KINDS,
    THREE,
    TWO,
    classifier,
    fitted,
    indicators,
    logits_of_all,
    softmax,
)
from tests.support.exhaustive import crossed, first_of_many
from tests.support.networks import (
    ONE_STEP,
    STILL,
    Recorder,
    X,
    assert_same_weights,
    differ,
)

pytestmark = pytest.mark.short_fits

FULL_BATCH = {"batch_size": 100, "learning_rate": 0.05}
each_kind = pytest.mark.parametrize("y", KINDS.values(), ids=KINDS)

# --------------------------------------------------------------------------------------
# Probabilities
# --------------------------------------------------------------------------------------


def last_state(model, X):
    """What the recurrent layer says of windows, from the equations of the cell."""
    scaled = (X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1))
    seen = np.ones(scaled.shape[:2], dtype=bool)
    return run_layer(model._cell, scaled, seen, model.weights_[:-2])[0][:, -1]


@pytest.mark.untrained
@pytest.mark.parametrize(("cls", "y"), crossed(CLASSIFIERS, KINDS.values()))
def test_probabilities_are_the_softmax_of_the_outputs(cls, y):
    model = fitted(cls, y=y)
    kernel, bias = model.weights_[-2:]
    # By construction two classes are those of which the first has the output 0.
    expected = softmax(logits_of_all(last_state(model, X) @ kernel + bias))
    proba = model.predict_proba(X)
    assert_allclose(proba, expected, rtol=1e-5)
    assert proba.dtype == np.float64
    assert_allclose(proba.sum(axis=1), 1, rtol=1e-15)
    assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    assert_array_equal(model.classes_, np.unique(y))


@each_kind
@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_of_gradient_descent_is_the_one_done_by_hand(y, weighted):
    class_weight = dict(zip(np.unique(y), [1.0, 4.0, 0.5], strict=False))
    settings = {"class_weight": class_weight} if weighted else {}
    sample_weight = np.arange(1.0, 19.0) if weighted else np.ones(18)
    data = {"y": y, "sample_weight": sample_weight, **settings}
    before = fitted(**data, **{**ONE_STEP, "learning_rate": 1e-12})
    after = fitted(**data, **ONE_STEP, learning_rate=0.5)

    share = sample_weight * [class_weight[label] if weighted else 1 for label in y]
    share = (share / share.sum())[:, None]
    # Scaling is weighted as well.
    mean = (share * X.mean(axis=1)).sum(axis=0)
    scale = np.sqrt((share * ((X - mean) ** 2).mean(axis=1)).sum(axis=0))
    seen = np.ones(X.shape[:2], dtype=bool)
    state = run_layer("rnn", (X - mean) / scale, seen, before.weights_[:-2])[0][:, -1]
    kernel, bias = before.weights_[-2:]
    proba = softmax(logits_of_all(state @ kernel + bias))
    slope = (share * (proba - indicators(y)))[:, -kernel.shape[1] :]

    loss = -(share[:, 0] * np.log(proba[indicators(y) == 1])).sum()
    assert_allclose(after.loss_curve_, [loss], rtol=1e-5)
    assert_allclose(after.weights_[-2], kernel - 0.5 * state.T @ slope, atol=1e-6)
    assert_allclose(after.weights_[-1], bias - 0.5 * slope.sum(axis=0), atol=1e-6)


# Where a window is one step and all activations are linear, the outputs are a linear
# function of the inputs, and the crossentropy has the minimum of a logistic regression.
@pytest.mark.parametrize("names", first_of_many(["cab", "ba", "abc", "ab"], 2))
def test_network_without_a_past_is_a_logistic_regression(names):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(120, 2))
    noisy = rows @ [1.0, -2.0] + rng.logistic(size=120)
    borders = [-1, 1] if len(names) == 3 else [0]
    y = np.array(list(names))[np.digitize(noisy, borders)]
    network = RNNClassifier(
        3, activation="linear", learning_rate=0.05, epochs=500, batch_size=128
    ).set_params(random_state=0)
    regression = LogisticRegression(C=np.inf, tol=1e-8, solver="newton-cg").fit(rows, y)
    ours = network.fit(rows[:, None], y).predict_proba(rows[:, None])
    assert_allclose(ours, regression.predict_proba(rows), atol=2e-3)


@each_kind
@pytest.mark.parametrize("stateful", [False, True], ids=["compiled", "keras"])
def test_loss_is_exact_where_a_probability_is_zero(y, stateful):
    settings = {**STILL, "stateful": stateful, "batch_size": 18}
    model = fitted(y=y, **settings, warm_start=True)
    model.weights_ = [0 * weight for weight in model.weights_]
    model.weights_[-1][-1] = 200.0  # All are said to be of the last class, for sure.
    model.fit(X, y)
    assert_allclose(
        model.loss_curve_, [200 * np.mean(y != np.unique(y)[-1])], rtol=1e-6
    )


# --------------------------------------------------------------------------------------
# Labels
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "convert",
    [
        lambda codes: codes,
        lambda codes: codes.astype(bool),
        lambda codes: codes - 7.0,
        lambda codes: list(np.array(["no", "yes"])[codes]),
        lambda codes: pd.Series(np.array(["no", "yes"])[codes], dtype="category"),
        lambda codes: pd.Series(codes, dtype="Int64"),
    ],
    ids=["int", "bool", "float", "text", "categorical", "nullable"],
)
def test_other_names_of_the_labels_change_nothing_else(convert):
    codes = (TWO == "up").astype(int)
    names = convert(codes)
    model, reference = fitted(y=names), fitted()
    assert_same_weights(model, reference)
    named = dict(zip(reference.classes_, model.classes_, strict=True))
    expected = [named[label] for label in reference.predict(X)]
    assert_array_equal(model.predict(X), expected)
    assert model.score(X, names) == reference.score(X, TWO)


@pytest.mark.untrained
def test_classes_are_in_the_order_of_their_labels():
    assert list(fitted(y=THREE[::-1]).classes_) == ["low", "mid", "top"]
    assert fitted(y=LIKE_A_TARGET).classes_.tolist() == [-1, 10]


LIKE_A_TARGET = np.where(TWO == "up", 10, -1)


@pytest.mark.untrained
def test_targets_are_not_scaled_but_inputs_are():
    scaling = fitted(y=THREE).scaling_
    assert_array_equal([scaling.y_mean, scaling.y_scale], [[0] * 3, [1] * 3])
    assert_allclose(scaling.x_mean, X.mean(axis=(0, 1)))
    assert_array_equal(fitted(standardize=False).scaling_.x_mean, [0, 0])


# --------------------------------------------------------------------------------------
# Weights of classes
# --------------------------------------------------------------------------------------


def test_weights_of_classes_are_multiplied_with_those_of_samples():
    by_class = {"low": 3.0, "top": 0.5}
    sample_weight = np.arange(1.0, 19.0)
    product = sample_weight * [by_class.get(label, 1.0) for label in THREE]
    model = fitted(y=THREE, sample_weight=sample_weight, class_weight=by_class)
    assert_same_weights(model, fitted(y=THREE, sample_weight=product))


def test_weights_of_classes_mean_repetition_in_a_full_batch():
    weighted = fitted(y=THREE, class_weight={"low": 3, "mid": 2}, **FULL_BATCH)
    times = np.select([THREE == "low", THREE == "mid"], [3, 2], 1)
    repeated = fitted(X=X.repeat(times, axis=0), y=THREE.repeat(times), **FULL_BATCH)
    assert_same_weights(weighted, repeated, atol=1e-5)
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-5)


def test_balanced_classes_weigh_alike():
    classes = np.unique(THREE)
    weights = compute_class_weight("balanced", classes=classes, y=THREE)
    by_hand = dict(zip(classes, weights, strict=True))
    assert_same_weights(
        fitted(y=THREE, class_weight="balanced"), fitted(y=THREE, class_weight=by_hand)
    )
    assert differ(fitted(y=THREE, class_weight="balanced"), fitted(y=THREE))


def test_class_of_no_weight_is_as_good_as_absent():
    without = THREE != "mid"
    model = fitted(y=THREE, class_weight={"mid": 0}, **FULL_BATCH)
    alone = classifier(**FULL_BATCH, epochs=1).partial_fit(
        X[without], THREE[without], classes=np.unique(THREE)
    )
    alone.partial_fit(X[without], THREE[without])
    assert_allclose(alone.loss_curve_, model.loss_curve_, rtol=1e-5)


# --------------------------------------------------------------------------------------
# Losses, metrics, validation
# --------------------------------------------------------------------------------------


def brier(y, proba):
    return keras.ops.mean(keras.ops.square(y - proba), axis=-1)


@each_kind
def test_loss_is_the_one_that_was_asked_for(y):
    mse, focal, log = (
        fitted(y=y, loss=loss, **STILL).loss_curve_[0]
        for loss in ("mse", "focal_crossentropy", "crossentropy")
    )
    proba = fitted(y=y, **STILL).predict_proba(X)
    right = proba[indicators(y) == 1]
    squares = (proba - indicators(y))[:, 1 if y is TWO else 0 :] ** 2
    assert_allclose(log, log_loss(y, proba), rtol=1e-5)
    assert_allclose(mse, squares.mean(), rtol=1e-5)
    easy = -np.log(right) * (1 - right) ** 2  # Lin et al. 2017, with gamma = 2.
    scale = 1 if y is TWO else 0.25  # Keras balances several classes by alpha = 0.25.
    assert_allclose(focal, scale * easy.mean(), rtol=1e-4)


@pytest.mark.parametrize("loss", [brier, keras.losses.BinaryCrossentropy()])
def test_loss_may_be_a_function_or_an_instance(loss):
    name = "mse" if loss is brier else "crossentropy"
    own, named = fitted(loss=loss), fitted(loss=name)
    assert_allclose(own.loss_curve_, named.loss_curve_, rtol=1e-6)


@each_kind
def test_accuracy_is_recorded_by_compiled_epochs(y, monkeypatch):
    monkeypatch.setattr(training, "keras_fit", None)  # Nobody may call it.
    settings = {"validation_split": 0.25, "learning_rate": 0.05}
    model = fitted(y=y, metrics=["accuracy"], **settings)
    assert set(model.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    expected = accuracy_score(y[13:], model.predict(X[13:]))
    assert_allclose(model.history_["val_accuracy"][-1], expected, rtol=1e-6)
    expected = log_loss(y[13:], model.predict_proba(X[13:]), labels=model.classes_)
    assert_allclose(model.history_["val_loss"][-1], expected, rtol=1e-5)


def test_metric_of_each_class_is_refused_before_training():
    recorder = Recorder()
    with pytest.raises(ValueError, match=r"'f1_score'.*F1Score\(average='macro'\)"):
        fitted(y=THREE, metrics=["f1_score"], callbacks=recorder)
    assert recorder.starts == 0
    macro = keras.metrics.F1Score(average="macro", name="f1")
    model = fitted(y=THREE, metrics=[macro], validation_split=0.25)
    expected = f1_score(THREE[13:], model.predict(X[13:]), average="macro")
    assert_allclose(model.history_["val_f1"][-1], expected, rtol=1e-5)


def test_callbacks_watch_the_accuracy_that_was_asked_for():
    stop = keras.callbacks.EarlyStopping(monitor="accuracy", mode="min", patience=1)
    model = fitted(metrics="accuracy", callbacks=stop, epochs=50)
    assert model.n_iter_ < 50


@each_kind
def test_callbacks_know_whether_more_of_a_metric_is_better(y):
    stop = keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=2)
    settings = {"metrics": ["accuracy"], "validation_split": 0.3, "learning_rate": 0.03}
    model = fitted(y=y, callbacks=stop, epochs=30, **settings)
    accuracy = model.history_["val_accuracy"]
    assert model.n_iter_ == np.argmax(accuracy) + 1 + 2 < 30
    assert_allclose(
        accuracy[0], fitted(y=y, epochs=30, **settings).history_["val_accuracy"][0]
    )


def test_early_stopping_goes_back_to_the_best_weights():
    settings = {"optimizer": "sgd", "learning_rate": 3.0, "batch_size": 3}
    model = fitted(
        epochs=40, early_stopping=True, patience=3, validation_split=0.25, **settings
    )
    losses = model.history_["val_loss"]
    assert model.n_iter_ == np.argmin(losses) + 1 + 3 < 40
    proba = model.predict_proba(X[13:])
    expected = log_loss(TWO[13:], proba, labels=model.classes_)
    assert_allclose(min(losses), expected, rtol=1e-4)


# --------------------------------------------------------------------------------------
# Going on
# --------------------------------------------------------------------------------------


@each_kind
def test_three_calls_of_partial_fit_are_three_epochs(y):
    settings = {"shuffle": False, "learning_rate": 0.05}
    parts = classifier(**settings).partial_fit(X, y, classes=np.unique(y))
    parts.partial_fit(X, y, np.unique(y)).partial_fit(X, y)
    assert_same_weights(parts, fitted(y=y, epochs=3, **settings), atol=1e-6)


def test_chunks_need_not_hold_all_classes():
    model = classifier(learning_rate=0.05)
    for label in np.unique(THREE):
        chunk = label == THREE
        model.partial_fit(X[chunk], THREE[chunk], classes=np.unique(THREE))
    assert model.predict_proba(X).shape == (18, 3)
    assert model.n_iter_ == 3


def test_warm_start_goes_on_from_the_weights():
    settings = {"optimizer": "sgd", "shuffle": False}
    warm = classifier(warm_start=True, **settings).fit(X, TWO).fit(X, TWO)
    assert_same_weights(warm, fitted(epochs=4, **settings), atol=1e-6)


def test_fit_without_warm_start_forgets_the_classes():
    model = fitted().fit(X, THREE)
    assert_same_weights(model, fitted(y=THREE))
    assert len(model.classes_) == 3


@pytest.mark.untrained
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_training_does_not_go_on_with_labels_never_seen(method):
    model = fitted(warm_start=True)
    weights = model.weights_
    with pytest.raises(ValueError, match=r"'down', 'up'\. Got 'low', 'mid', 'top'"):
        getattr(model, method)(X, THREE)
    assert model.weights_ is weights


# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "settings", "message"),
    [
        (np.full(18, "up"), {}, "at least two classes. Got one class, 'up'"),
        (np.where(TWO == "up", None, TWO), {}, "contains NaN or None"),
        (np.where(TWO == "up", np.nan, 1.0), {}, "contains NaN or None"),
        (X[:, 0, 0], {}, "Unknown label type: continuous"),
        (X[:, 0], {}, r"MultiOutputClassifier"),
        (TWO[:-1], {}, "inconsistent numbers of samples"),
        (TWO, {"class_weight": {"left": 2}}, "class_weight must name labels of y"),
        (TWO, {"class_weight": {"up": -1}}, "class_weight must hold weights"),
        (TWO, {"class_weight": "even"}, "class_weight"),
        (TWO, {"class_weight": {"up": 0}}, "Only samples of a single class"),
        (np.sort(TWO), {"validation_split": 0.5}, "validation_split sets aside"),
        (TWO, {"loss": "binary_crossentropy"}, "loss.*'crossentropy'"),
        (TWO, {"loss": "hinge"}, "loss"),
        (TWO, {"segment": 3}, "segment must divide"),
        (TWO, {"metrics": ["acuracy"]}, "metrics"),
    ],
)
def test_what_cannot_be_learned_is_refused_before_training(y, settings, message):
    recorder = Recorder()
    model = classifier(callbacks=recorder, **settings)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert recorder.starts == 0
    assert vars(model) == vars(classifier(callbacks=recorder, **settings))


@pytest.mark.parametrize(
    ("loss", "y", "way_out"),
    [
        (keras.losses.BinaryCrossentropy(from_logits=True), TWO, "from_logits=False"),
        (keras.losses.CategoricalCrossentropy, TWO, "take the binary form"),
        (keras.losses.categorical_crossentropy, TWO, "take the binary form"),
        (keras.losses.SparseCategoricalCrossentropy(), THREE, "without 'sparse'"),
    ],
)
def test_losses_that_compare_something_else_are_refused(loss, y, way_out):
    with pytest.raises(ValueError, match=f"loss must compare .*{way_out}"):
        fitted(y=y, loss=loss)


@pytest.mark.parametrize(
    ("settings", "classes", "message"),
    [
        ({}, None, "classes must be passed on the first call"),
        ({}, ["up"], "classes must hold at least two classes"),
        ({}, ["left", "up"], r"'left', 'up'\. Got 'down' as well"),
        ({"class_weight": "balanced"}, ["down", "up"], "compute_class_weight"),
    ],
)
def test_first_partial_fit_must_know_the_classes(settings, classes, message):
    model = classifier(**settings)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, TWO, classes)
    assert vars(model) == vars(classifier(**settings))


@pytest.mark.untrained
def test_classes_do_not_change_between_calls():
    model = fitted()
    with pytest.raises(ValueError, match="classes must be the same in every call"):
        model.partial_fit(X, TWO, classes=["down", "left", "up"])


def test_there_is_no_decoder_of_a_horizon():
    with pytest.raises(TypeError, match="decoder"):
        RNNClassifier(decoder="parallel")


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_an_unfitted_classifier_says_so(method):
    with pytest.raises(NotFittedError):
        getattr(classifier(), method)(X)


# --------------------------------------------------------------------------------------
# Copies, Keras, pretraining
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@each_kind
def test_keras_model_gives_all_probabilities_and_loads_alone(y, tmp_path):
    model, X_new = fitted(y=y), X.copy()
    X_new[3, :2], X_new[5, 1, 0] = np.nan, np.nan
    model.to_keras().save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert "skrnn" not in loaded.to_json()
    assert_allclose(loaded(X_new), model.predict_proba(X_new), atol=1e-6)


def test_pickle_and_clone_of_a_classifier():
    model = fitted(y=THREE, class_weight={"low": 2})
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert_array_equal(again.predict(X), model.predict(X))
    assert_same_weights(clone(model).fit(X, THREE), model)


def test_classifier_starts_from_the_encoder_of_an_autoencoder():
    encoder = RecurrentAutoencoder(2, cell="rnn", units=2, epochs=1, random_state=7)
    encoder.fit(X)
    model = fitted(pretrained=encoder, freeze_pretrained=True, learning_rate=0.1)
    for ours, theirs in zip(model.weights_, encoder.recurrent_weights(), strict=False):
        assert_array_equal(ours, theirs)
    assert_array_equal(model.scaling_.y_scale, [1])
