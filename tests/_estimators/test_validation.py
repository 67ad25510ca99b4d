import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.pipeline import Pipeline
from sklearn.utils import compute_class_weight

from skrnn import (
    Autoencoder,
    GRURegressor,
    RNNClassifier,
    SkippedWindowsWarning,
    SlidingWindow,
)
from skrnn._windows.windows import windows_of
from tests.support.autoencoders import ROWS, rows_autoencoder
from tests.support.networks import STILL, X, Y, assert_same_weights, fitted, network

pytestmark = pytest.mark.short_fits

TRAIN, VAL = slice(0, 13), slice(13, 18)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_passed_samples_validate_as_the_last_ones_do(early_stopping):
    settings = {"epochs": 4, "learning_rate": 0.1, "early_stopping": early_stopping}
    split = fitted(validation_split=0.25, patience=1, **settings)
    passed = network(patience=1, **settings)
    passed.fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL])
    assert_same_weights(passed, split)
    assert_allclose(passed.history_["val_loss"], split.history_["val_loss"], rtol=1e-6)
    assert passed.n_windows_fit_ == 13


def test_classes_of_passed_samples_are_those_of_training():
    labels = np.where(np.median(Y) < Y, "high", "low")
    settings = {"units": 2, "epochs": 2, "random_state": 0}
    split = RNNClassifier(validation_split=0.25, **settings).fit(X, labels)
    passed = RNNClassifier(**settings).fit(
        X[TRAIN], labels[TRAIN], X_val=X[VAL], y_val=labels[VAL]
    )
    assert_allclose(passed.history_["val_loss"], split.history_["val_loss"], rtol=1e-6)


def test_samples_to_validate_on_have_weights():
    weights = np.arange(1.0, 19.0)
    settings = {"epochs": 3, "learning_rate": 0.1}
    split = fitted(validation_split=0.25, sample_weight=weights, **settings)
    given = {"X_val": X[VAL], "sample_weight_val": weights[VAL]}
    passed = network(**settings)
    passed.fit(X[TRAIN], Y[TRAIN], weights[TRAIN], y_val=Y[VAL], **given)
    assert_allclose(passed.history_["val_loss"], split.history_["val_loss"], rtol=1e-6)


def test_samples_without_a_label_are_left_out_of_validation_by_their_weight():
    labels = np.r_[np.nan, Y[VAL][1:]]
    model = network(epochs=2)
    with pytest.raises(ValueError, match="Here sample_weight means sample_weight_val"):
        model.fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=labels)
    weights = ~np.isnan(labels)
    model.fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=labels, sample_weight_val=weights)
    loss = model.history_["val_loss"]
    model.fit(X[TRAIN], Y[TRAIN], X_val=X[VAL][1:], y_val=labels[1:])
    assert_allclose(model.history_["val_loss"], loss, rtol=1e-6)


@pytest.mark.parametrize("passed", [False, True])
def test_balanced_classes_weigh_in_validation_as_in_training(passed):
    labels = np.arange(18) % 3 % 2
    settings = {"units": 2, "random_state": 0, **STILL}
    model = RNNClassifier(class_weight="balanced", **settings)
    if passed:
        model.fit(X[TRAIN], labels[TRAIN], X_val=X[VAL], y_val=labels[VAL])
    else:
        model.set_params(validation_split=0.25).fit(X, labels)
    weights = compute_class_weight("balanced", classes=np.arange(2), y=labels[TRAIN])
    by_sample = weights[labels[VAL]]
    proba = model.predict_proba(X[VAL])[np.arange(5), labels[VAL]]
    expected = np.average(-np.log(proba), weights=by_sample)
    assert_allclose(model.history_["val_loss"][-1], expected, rtol=1e-5)


def test_rows_to_validate_on_are_copied_too():
    split = rows_autoencoder(validation_split=0.25).fit(ROWS)
    passed = rows_autoencoder().fit(ROWS[:16], X_val=ROWS[16:])
    assert_allclose(passed.history_["val_loss"], split.history_["val_loss"], rtol=1e-6)


def test_pipeline_transforms_the_samples_to_validate_on():
    rows = pd.DataFrame({"u": np.sin(np.arange(40.0))})
    windows = SlidingWindow(3)
    settings = {"units": 2, "epochs": 2, "random_state": 0}
    with sklearn.config_context(enable_metadata_routing=True):
        gru = GRURegressor(**settings).set_fit_request(X_val=True, y_val=True)
        model = Pipeline(
            [("windows", windows), ("gru", gru)], transform_input=["X_val"]
        )
        model.fit(rows[:30], rows.u[:30], X_val=rows[30:], y_val=rows.u[30:])
    made = windows.fit_transform(rows)
    alone = GRURegressor(**settings, validation_split=10 / 38).fit(made, rows.u)
    assert_allclose(
        model[-1].history_["val_loss"], alone.history_["val_loss"], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X_val": X[:3, :2], "y_val": Y[:3]}, r"Got steps, .* \(2, 2, 1\) after \(4,"),
        ({"X_val": X[:3], "y_val": np.ones((3, 2))}, r"targets \(4, 2, 2\)"),
        ({"X_val": X[:3]}, "In X_val or y_val: RNNRegressor requires y"),
        ({"y_val": Y[:3]}, "y_val was passed without X_val"),
        ({"sample_weight_val": Y[:3]}, "sample_weight_val was passed without X_val"),
        (
            {"X_val": X, "y_val": Y, "sample_weight_val": Y[:3]},
            r"sample_weight.shape == \(3,\), .* Here sample_weight means sample_w",
        ),
        ({"X_val": X * 1e300, "y_val": Y}, "In X_val or y_val: X holds values too l"),
        ({"X_val": X, "y_val": Y * 1e300}, "In X_val or y_val: y holds values too l"),
        ({"X_val": X[:3], "y_val": Y[:3] * np.nan}, "In X_val or y_val: Input y con"),
    ],
)
def test_samples_unlike_those_to_train_on_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        network().fit(X, Y, **given)


def test_samples_to_validate_on_are_named_once():
    with pytest.raises(ValueError, match=r"validation_split=0\.2; set it to 0"):
        network(validation_split=0.2).fit(X, Y, X_val=X, y_val=Y)


def test_columns_in_another_order_are_refused():
    frame = pd.DataFrame(ROWS, columns=list("abcde"))
    with pytest.raises(ValueError, match=r"Got \['e', 'd', 'c', 'b', 'a'\]"):
        Autoencoder(1, epochs=1).fit(frame, X_val=frame[list("edcba")])


@pytest.mark.parametrize("dilation", [1, 2])
def test_joined_windows_are_those_of_both(dilation):
    rows = np.arange(20.0)[:, None]
    one = SlidingWindow(3, dilation=dilation).fit_transform(rows)[4:]
    for other in (one[:3], one[:3].copy()):
        joined = windows_of(one).join(windows_of(other))
        assert_allclose(joined.gather(), np.concatenate([one, other]))


def test_windows_that_validation_leaves_out_are_warned_of_as_such():
    padded = X.copy()
    padded[:7, :2] = np.nan
    model = network(incomplete="skip")
    with pytest.warns(SkippedWindowsWarning, match="7 of 18 windows out of validation"):
        model.fit(X, Y, X_val=padded, y_val=Y)
    assert model.n_windows_fit_ == 18
    padded[:, :2] = np.nan
    with pytest.raises(ValueError, match=r"^In X_val or y_val: No whole window"):
        model.fit(X, Y, X_val=padded, y_val=Y)
