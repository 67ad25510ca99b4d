import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    AutoregressiveForecaster,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindow,
    make_windows,
)
from skrnn.inspection import step_importance

RNG = np.random.default_rng(0)
N_ROWS = 300
ROWS = pd.DataFrame(
    RNG.normal(size=(N_ROWS, 2)),
    columns=["load", "temp"],
    index=pd.date_range("2026-01-01", periods=N_ROWS, freq="h"),
)


def lagged(column, lag, noise=0.1):
    y = np.roll(ROWS[column], lag) + noise * np.random.default_rng(1).normal(
        size=N_ROWS
    )
    return pd.Series(y, index=ROWS.index)


def flat(window=4, gap=1, dilation=1):
    slider = SlidingWindow(window, gap=gap, dilation=dilation, flatten=True)
    return make_pipeline(slider, SimpleImputer(), Ridge())


class Sum(RegressorMixin, BaseEstimator):
    """Predicts a weighted sum of windows with three axes; records their shapes."""

    def __init__(self, weights=None):
        self.weights = weights

    def fit(self, X, y):
        self.n_features_in_ = X.shape[-1]
        return self

    def predict(self, X):
        assert X.ndim == 3
        return np.tensordot(X, self.weights, 2)


def top(frame):
    """Lag and feature of the largest importance."""
    return frame.stack().idxmax()


@pytest.mark.parametrize(
    ("gap", "dilation", "lags"),
    [(0, 1, [3, 2, 1, 0]), (1, 1, [4, 3, 2, 1]), (2, 3, [11, 8, 5, 2])],
)
def test_lags_are_those_of_the_sliding_window(gap, dilation, lags):
    y = lagged("temp", lags[1])
    model = flat(gap=gap, dilation=dilation).fit(ROWS, y)
    importance = step_importance(model, ROWS, y, random_state=0)
    assert_array_equal(importance.lags, lags)
    frame = importance.to_frame()
    assert list(frame.index) == lags
    assert list(frame.columns) == ["load", "temp"]
    assert top(frame) == (lags[1], "temp")
    others = frame.to_numpy().ravel()
    assert np.sort(others)[-2] < 0.05 * others.max()


def test_importance_of_a_term_is_twice_its_share_of_the_variance():
    """A permuted term w * x adds the variance of w * (x - x') to the error."""
    X = np.random.default_rng(0).normal(size=(20_000, 3, 2))
    weights = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 0.5]])
    y = np.tensordot(X, weights, 2)
    importance = step_importance(Sum(weights).fit(X, y), X, y, random_state=0)
    expected = 2 * weights**2 / (weights**2).sum()
    assert importance.importances.shape == (3, 2, 5)
    assert_allclose(importance.importances_mean, expected, atol=0.03)
    of_steps = step_importance(
        Sum(weights).fit(X, y), X, y, permute="step", random_state=0
    )
    assert_allclose(of_steps.importances_mean, expected.sum(axis=1), atol=0.03)
    of_features = step_importance(
        Sum(weights).fit(X, y), X, y, permute="feature", random_state=0
    )
    assert_allclose(of_features.importances_mean, expected.sum(axis=0), atol=0.03)


def test_numbers_are_those_of_sklearn_on_the_flat_table():
    X, y = make_windows(ROWS["load"].to_numpy(), window=5)
    X = X[:, :, 0]
    ridge = Ridge().fit(X, y)
    ours = step_importance(ridge, X, y, n_repeats=3, random_state=0)
    theirs = permutation_importance(ridge, X, y, n_repeats=3, random_state=0)
    assert_allclose(ours.importances[:, 0], theirs.importances, atol=1e-12)
    assert_allclose(ours.importances_std[:, 0], theirs.importances_std, atol=1e-12)


@pytest.mark.parametrize(("permute", "shape"), [("step", (4, 1)), ("feature", (1, 2))])
def test_frames_of_whole_steps_and_features(permute, shape):
    y = lagged("temp", 2)
    importance = step_importance(
        flat().fit(ROWS, y), ROWS, y, permute=permute, random_state=0
    )
    assert importance.importances.shape == (max(shape), 5)
    frame = importance.to_frame()
    assert frame.shape == shape
    assert top(frame) == ((2, "all") if permute == "step" else ("all", "temp"))


def test_lags_of_windows_count_from_the_row_behind_them():
    X, y = make_windows(ROWS["load"].to_numpy(), window=3)
    ridge = Ridge().fit(X[:, :, 0], y)
    assert_array_equal(step_importance(ridge, X[:, :, 0], y).lags, [3, 2, 1])
    named = step_importance(ridge, X[:, :, 0], y, gap=0, feature_names=["load"])
    assert_array_equal(named.lags, [2, 1, 0])
    assert list(named.to_frame().columns) == ["load"]


def test_rows_pass_the_steps_around_the_windows():
    y = lagged("temp", 2)
    inner = flat()
    outer = make_pipeline(SimpleImputer(), *inner).fit(ROWS, y)
    outer.set_output(transform="pandas")
    ours, theirs = (
        step_importance(model, ROWS, y, random_state=0).importances
        for model in (outer.fit(ROWS, y), inner.fit(ROWS, y))
    )
    assert_allclose(ours, theirs)


def test_classifiers_of_flat_windows_lose_accuracy():
    label = np.where(np.roll(ROWS["load"], 3) > 0, "up", "down")
    steps = [step for _, step in flat().steps[:-1]]
    model = make_pipeline(*steps, RidgeClassifier()).fit(ROWS, label)
    importance = step_importance(model, ROWS, label, random_state=0)
    assert top(importance.to_frame()) == (3, "load")
    assert importance.importances_mean.max() > 0.3


def test_search_is_scored_by_what_it_searched_by():
    y = lagged("temp", 2)
    scoring = "neg_mean_absolute_error"
    search = GridSearchCV(flat(), {"ridge__alpha": [1.0]}, cv=2, scoring=scoring)
    search.fit(ROWS, y)
    ours = step_importance(search, ROWS, y, random_state=0)
    model = search.best_estimator_
    theirs = step_importance(model, ROWS, y, scoring=scoring, random_state=0)
    assert_array_equal(ours.importances, theirs.importances)
    default = step_importance(model, ROWS, y, random_state=0)
    assert not np.allclose(default.importances, ours.importances)


def test_weights_and_scorers_reach_the_score():
    y = lagged("load", 1)
    weight = np.zeros(N_ROWS)
    weight[200:] = 1.0
    model = flat().fit(ROWS, y)

    def mean_error(y, y_pred, sample_weight=None):
        return np.average(np.abs(y - y_pred), weights=sample_weight)

    scorer = make_scorer(mean_error, greater_is_better=False)
    settings = {"scoring": scorer, "random_state": 0}
    weighted = step_importance(model, ROWS, y, sample_weight=weight, **settings)
    plain = step_importance(model, ROWS, y, **settings)
    assert not np.allclose(weighted.importances, plain.importances)
    assert top(weighted.to_frame()) == (1, "load")


def test_same_random_state_gives_the_same_numbers_in_any_number_of_jobs():
    y = lagged("temp", 2)
    model = flat().fit(ROWS, y)
    with joblib.parallel_config("threading"):
        one, other = (
            step_importance(model, ROWS, y, n_repeats=2, random_state=3, n_jobs=n_jobs)
            for n_jobs in (None, 2)
        )
    assert_array_equal(one.importances, other.importances)


@pytest.mark.untrained
def test_windows_and_the_estimator_stay_as_they_are():
    X, y = make_windows(ROWS.to_numpy(), window=4)
    y, before = y[:, 0], X.copy()
    network = RNNRegressor(2, epochs=1, random_state=0).fit(X, y)
    weights = [weight.copy() for weight in network.weights_]
    step_importance(network, X, y, n_repeats=1)
    assert_array_equal(X, before)
    assert all(map(np.array_equal, network.weights_, weights))


# --------------------------------------------------------------------------------------
# Columns, by scikit-learn itself
# --------------------------------------------------------------------------------------


def test_columns_of_a_pipeline_are_permuted_by_sklearn_itself():
    y = lagged("temp", 2)
    model = flat().fit(ROWS, y)
    of_columns = permutation_importance(model, ROWS, y, random_state=0)
    load, temp = of_columns.importances_mean
    assert temp > 1 > 0.05 > abs(load)
    # The order of a column in time is lost as a whole, so all of its lags are.
    whole = step_importance(model, ROWS, y, permute="feature", random_state=0)
    assert_allclose(whole.importances_mean, [load, temp], atol=0.2)


@pytest.mark.untrained
def test_columns_of_a_recurrent_pipeline_are_permuted_by_sklearn_itself():
    network = RNNRegressor(2, epochs=1, random_state=0)
    model = make_pipeline(SlidingWindow(4), network).fit(ROWS, lagged("load", 0))
    found = permutation_importance(model, ROWS, lagged("load", 0), n_repeats=2)
    assert np.isfinite(found.importances).all()


# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------

WINDOWS, TARGETS = make_windows(ROWS["load"].to_numpy(), window=3)
FITTED = Sum(np.ones((3, 1))).fit(WINDOWS, TARGETS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"permute": "lag"}, "permute must be 'value', 'step' or 'feature'. Got 'lag'"),
        ({"gap": -1}, "gap must be an integer of at least 0. Got -1 instead"),
        ({"gap": 0.5}, "gap must be an integer of at least 0. Got 0.5 instead"),
        ({"y": TARGETS[1:]}, "same length. Got 297 samples and 296 targets"),
        ({"y": None}, "y must have a target for each sample. Got None instead"),
        ({"X": TARGETS}, "X must hold windows of shape .* Got 1 axes"),
    ],
)
def test_wrong_values_are_refused(settings, message):
    given = {"X": WINDOWS, "y": TARGETS, **settings}
    with pytest.raises(ValueError, match=message):
        step_importance(FITTED, **given)


@pytest.mark.parametrize(
    "scoring",
    [["r2"], {"r2": "r2"}, lambda model, X, y: {"r2": r2_score(y, model.predict(X))}],
    ids=["list", "dict", "callable"],
)
def test_several_scores_are_refused(scoring):
    with pytest.raises(TypeError, match="scoring must be one score"):
        step_importance(FITTED, WINDOWS, TARGETS, scoring=scoring)


def test_what_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        step_importance(Sum(), WINDOWS, TARGETS)


# --------------------------------------------------------------------------------------
# For real
# --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_lag_that_alone_matters_stands_out():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(800, 2)), columns=["x", "other"])
    y = rows["x"].shift(7, fill_value=0.0) + 0.1 * rng.normal(size=800)
    lstm = LSTMRegressor(8, epochs=30, learning_rate=0.03, random_state=0)
    model = make_pipeline(SlidingWindow(10, gap=1), lstm).fit(rows[:600], y[:600])
    frame = step_importance(model, rows[600:], y[600:], random_state=0).to_frame()
    assert top(frame) == (7, "x")
    assert frame.loc[7, "x"] > 1
    others = frame.to_numpy().ravel()
    assert np.sort(others)[-2] < 0.1 * frame.loc[7, "x"]


AROUND = {
    "target": lambda inner: TransformedTargetRegressor(
        inner, transformer=StandardScaler()
    ),
    "frozen": lambda inner: FrozenEstimator(inner.fit(ROWS, lagged("load", 3))),
    "nested": lambda inner: make_pipeline(
        StandardScaler().set_output(transform="pandas"), inner
    ),
    "search in a pipeline": lambda inner: make_pipeline(
        "passthrough", GridSearchCV(inner, {"ridge__alpha": [1.0]}, cv=2)
    ),
    "search around a target": lambda inner: GridSearchCV(
        TransformedTargetRegressor(inner), {"regressor__ridge__alpha": [1.0]}, cv=2
    ),
}


@pytest.mark.parametrize("name", AROUND)
def test_windows_made_further_inside_are_found(name):
    y = lagged("load", 3)
    settings = {"n_repeats": 2, "random_state": 0}
    expected = step_importance(flat().fit(ROWS, y), ROWS, y, **settings)
    got = step_importance(AROUND[name](flat()).fit(ROWS, y), ROWS, y, **settings)
    assert top(got.to_frame()) == (3, "load")
    assert_array_equal(got.lags, expected.lags)
    assert_allclose(got.importances, expected.importances, atol=0.05)


def test_windows_behind_a_threshold_are_found():
    y = np.asarray(lagged("load", 2)) > 0
    classifier = make_pipeline(
        SlidingWindow(4, gap=1, flatten=True), SimpleImputer(), RidgeClassifier()
    )
    tuned = TunedThresholdClassifierCV(classifier, cv=2).fit(ROWS, y)
    got = step_importance(tuned, ROWS, y, n_repeats=2, random_state=0)
    assert top(got.to_frame()) == (2, "load")


@pytest.mark.parametrize(
    "around",
    [
        MultiOutputRegressor(flat()),
        AutoregressiveForecaster(Ridge(), window=3),
    ],
    ids=["several", "forecaster"],
)
def test_rows_are_never_read_as_windows(around):
    y = lagged("load", 3)
    X, targets = (ROWS, y.to_frame()) if hasattr(around, "n_jobs") else (None, y)
    around.fit(X, targets)
    with pytest.raises(TypeError, match="does not see the windows that"):
        step_importance(around, ROWS, y)


@pytest.mark.untrained
def test_steps_behind_the_labels_of_a_network_of_every_step_do_not_matter():
    X = np.random.default_rng(0).normal(size=(30, 4, 1))
    y = np.full((30, 4), np.nan)
    y[:, 1] = X[:, :2, 0].sum(axis=1)
    rnn = RNNRegressor(2, epochs=2, return_sequences=True, random_state=0).fit(X, y)
    drops = step_importance(rnn, X, y, random_state=0).importances_mean
    assert (drops[:2] != 0).all()
    assert (drops[2:] == 0).all()
