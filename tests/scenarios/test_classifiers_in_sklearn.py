import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    StratifiedKFold,
    TimeSeriesSplit,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import (
    LossCurveDisplay,
    LSTMClassifier,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
)
from tests.support.classes import CLASSIFIERS, THREE, TWO, classifier
from tests.support.networks import X
from tests.support.untrained import run_check

pytestmark = pytest.mark.short_fits

N_ROWS = 80
WAVE = np.sin(np.arange(N_ROWS) / 3)
FRAME = pd.DataFrame(
    {"wave": WAVE, "noise": np.random.default_rng(0).normal(size=N_ROWS)},
    index=pd.date_range("2026-01-01", periods=N_ROWS, freq="h"),
)
HIGH = FRAME["wave"].rolling(3, min_periods=1).mean() > 0
STATE = pd.Series(np.where(HIGH, "high", "low"), FRAME.index)


def windowed(**parameters):
    return make_pipeline(SlidingWindow(3), classifier(**parameters))


# --------------------------------------------------------------------------------------
# The checks of scikit-learn
# --------------------------------------------------------------------------------------

# In minibatches repeated rows are others than weighted ones, and some checks ask for
# classes to be learned. The checks that compare repetition with weights do so to seven
# digits, but sums of float32 round otherwise over repeated rows, which many steps
# magnify.
LEARNING = {"units": 4, "epochs": 30, "learning_rate": 0.05, "batch_size": 1000}
FEW_STEPS = {"epochs": 2, "learning_rate": 0.001}


# The gated cells are checked with the regressors, of which these are the networks.
@parametrize_with_checks([classifier(**LEARNING)])
def test_every_check_of_sklearn_holds(estimator, check, everyday):
    if "sample_weight_equivalence" in check.func.__name__:
        estimator = clone(estimator).set_params(**FEW_STEPS)  # All checks share one.
    run_check(estimator, check, everyday=everyday)


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_is_a_classifier_of_windows(cls):
    tags = classifier(cls).__sklearn_tags__()
    assert is_classifier(classifier(cls))
    assert not is_regressor(classifier(cls))
    assert tags.input_tags.three_d_array
    assert tags.input_tags.allow_nan
    assert tags.classifier_tags.multi_class
    assert not tags.classifier_tags.multi_label
    assert not tags.target_tags.multi_output
    assert cls().__sklearn_tags__().non_deterministic


def test_diagram_shows_the_classifier():
    assert "RNNClassifier" in windowed()._repr_html_()


# --------------------------------------------------------------------------------------
# Model selection
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
def test_folds_are_stratified_by_default():
    order = np.argsort(TWO, kind="stable")  # Without, each half would be one class.
    windows, labels = X[order], TWO[order]
    ours = cross_val_predict(classifier(), windows, labels, cv=2)
    split = StratifiedKFold(2)
    assert_array_equal(ours, cross_val_predict(classifier(), windows, labels, cv=split))
    scores = cross_val_score(classifier(), windows, labels, cv=2)
    parts = [np.mean(ours[i] == labels[i]) for _, i in split.split(windows, labels)]
    assert_allclose(scores, parts)


@pytest.mark.compiled
def test_grid_search_over_window_weights_and_rates():
    grid = {
        "slidingwindow__window": [2, 3],
        "rnnclassifier__class_weight": [None, "balanced"],
        "rnnclassifier__learning_rate": [0.001, 0.1],
    }
    search = GridSearchCV(
        windowed(), grid, cv=TimeSeriesSplit(2), scoring="neg_log_loss"
    ).fit(FRAME, STATE)
    best = search.best_params_
    assert best["rnnclassifier__learning_rate"] == 0.1
    by_hand = clone(windowed().set_params(**best)).fit(FRAME, STATE)
    assert_array_equal(by_hand.predict_proba(FRAME), search.predict_proba(FRAME))
    again = pickle.loads(pickle.dumps(search))
    assert_array_equal(again.predict_proba(FRAME), search.predict_proba(FRAME))


# --------------------------------------------------------------------------------------
# Pipelines: one prediction a row
# --------------------------------------------------------------------------------------


def test_pipeline_classifies_every_row_and_learns_from_whole_windows():
    model = windowed(learning_rate=0.1).fit(FRAME, STATE)
    assert model.predict(FRAME).shape == (N_ROWS,)
    assert_array_equal(model.classes_, ["high", "low"])
    windows = SlidingWindow(3).fit_transform(FRAME)[2:]
    alone = classifier(learning_rate=0.1).fit(windows, STATE[2:])
    assert_array_equal(model.predict_proba(FRAME)[2:], alone.predict_proba(windows))


@pytest.mark.untrained
def test_test_fold_starts_warm():
    model = windowed(learning_rate=0.1).fit(FRAME[:60], STATE[:60])
    windows = SlidingWindow(3).fit_transform(FRAME)[60:]
    expected = model[-1].predict_proba(windows)
    assert_allclose(model.predict_proba(FRAME[60:]), expected, rtol=1e-6)


def test_permutation_importance_finds_the_column_that_matters():
    model = windowed(learning_rate=0.05, epochs=40).fit(FRAME, STATE)
    assert model.score(FRAME, STATE) > 0.9
    result = permutation_importance(model, FRAME, STATE, n_repeats=2, random_state=0)
    wave, noise = result.importances_mean
    assert wave > 0.2 > 0.1 > noise


# --------------------------------------------------------------------------------------
# Estimators around ours
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
def test_calibration_learns_from_left_out_probabilities(y):
    calibrated = CalibratedClassifierCV(classifier(), cv=2, ensemble=False)
    proba = calibrated.fit(X, y).predict_proba(X)
    assert_allclose(proba.sum(axis=1), 1)
    (inner,) = calibrated.calibrated_classifiers_
    alone = classifier().fit(X, y)
    assert_array_equal(inner.estimator.predict_proba(X), alone.predict_proba(X))


@pytest.mark.untrained
def test_thresholds_are_tuned_and_fixed():
    fixed = FixedThresholdClassifier(classifier(), threshold=0.7, pos_label="up")
    proba = classifier().fit(X, TWO).predict_proba(X)[:, 1]
    expected = np.where(proba >= 0.7, "up", "down")
    assert_array_equal(fixed.fit(X, TWO).predict(X), expected)
    tuned = TunedThresholdClassifierCV(classifier(), cv=2, thresholds=5).fit(X, TWO)
    assert set(tuned.predict(X)) <= {"down", "up"}


@pytest.mark.untrained
def test_voting_takes_the_mean_of_probabilities():
    members = [("a", classifier()), ("b", classifier(learning_rate=0.1))]
    voting = VotingClassifier(members, voting="soft").fit(X, THREE)
    alone = [clone(member).fit(X, THREE).predict_proba(X) for _, member in members]
    assert_allclose(voting.predict_proba(X), np.mean(alone, axis=0))


@pytest.mark.untrained
def test_stacking_learns_from_probabilities_of_left_out_rows():
    regression = LogisticRegression(solver="newton-cg")
    stacking = StackingClassifier([("rnn", classifier())], regression, cv=3)
    stacking.fit(X, THREE)
    proba = cross_val_predict(classifier(), X, THREE, cv=3, method="predict_proba")
    by_hand = clone(regression).fit(proba, THREE)
    inner = classifier().fit(X, THREE)
    expected = by_hand.predict(inner.predict_proba(X))
    assert_array_equal(stacking.predict(X), expected)


@pytest.mark.untrained
def test_several_labels_a_row_are_for_one_network_each():
    labels = np.column_stack([TWO, THREE])
    model = MultiOutputClassifier(classifier()).fit(X, labels)
    expected = [classifier().fit(X, each).predict(X) for each in (TWO, THREE)]
    assert_array_equal(model.predict(X), np.column_stack(expected))


def test_loss_curve_of_a_classifier():
    model = classifier(validation_split=0.25).fit(X, TWO)
    display = LossCurveDisplay.from_estimator(model)
    assert_array_equal(display.line_.get_ydata(), model.loss_curve_)
    assert len(display.lines_) == 2


def test_parameters_are_those_of_the_regressors_but_for_the_target():
    ours = set(RNNClassifier().get_params())
    assert ours == set(LSTMClassifier().get_params())
    theirs = set(RNNRegressor().get_params())
    assert ours - theirs == {"class_weight"}
    of_targets = {"decoder", "linear_path", "output_activation"}
    assert theirs - ours == of_targets | {"distribution", "quantiles"}
