"""What the guide says of windows in other meta-estimators, line by line."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    StackingRegressor,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    HalvingGridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_score,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline

from skrnn import ColdStartWarning, SlidingWindow

U = np.random.default_rng(0).normal(size=240)
# Missing steps count as 0, so that a linear model has no error unless rows that are
# known are missing from a window.
Y = np.convolve(U, np.ones(4) / 4)[:240]
X = pd.DataFrame({"u": U, "v": U**2}, pd.date_range("2025", periods=240, freq="h"))
CV = TimeSeriesSplit(3)
ZEROS = SimpleImputer(strategy="constant", fill_value=0.0)
WINDOWS = SlidingWindow(4, flatten=True)


def model(**settings):
    windows = SlidingWindow(4, flatten=True, **settings)
    return make_pipeline(windows, ZEROS, Ridge(1e-6))


def worst(estimator, y=Y, cv=CV, X=X):
    return cross_val_score(estimator, X, y, cv=cv, error_score="raise").min()


@pytest.mark.parametrize(
    "estimator",
    [
        model(),
        VotingRegressor([("one", model())]),
        StackingRegressor([("one", model())], Ridge(1e-6), cv=KFold(5)),
    ],
    ids=["alone", "voting", "stacking"],
)
def test_windows_are_whole_where_frames_are_handed_on(estimator):
    # Folds in the middle, of which stacking has some, begin a run of training rows.
    assert worst(estimator) > 0.95


@pytest.mark.parametrize("ensemble", [BaggingRegressor, AdaBoostRegressor])
def test_ensembles_that_draw_rows_stand_behind_the_windows(ensemble):
    settings = {"n_estimators": 3, "random_state": 0}
    assert worst(ensemble(model(), **settings)) < 0.9
    behind = make_pipeline(WINDOWS, ZEROS, ensemble(Ridge(1e-6), **settings))
    assert worst(behind) > 0.9999


def test_chain_loses_the_index_and_one_estimator_for_each_target_does_not():
    both = np.column_stack([Y, -Y])
    assert worst(RegressorChain(model()), both) < 0.9999
    assert worst(MultiOutputRegressor(model()), both) > 0.9999
    assert worst(model(), both) > 0.9999


def test_selection_of_features_needs_arrays_that_continue_one_another():
    settings = {"n_features_to_select": 1, "cv": CV}
    always = model(context="always")
    select = SequentialFeatureSelector(always, **settings).fit(X, Y)
    assert list(select.get_feature_names_out()) == ["u"]
    assert worst(always, X=X[["u"]].to_numpy()) > 0.9999
    assert worst(model(), X=X[["u"]].to_numpy()) < 0.9999


def test_halving_over_rows_is_refused_with_frames_and_halving_over_updates_is_right():
    settings = {"cv": CV, "random_state": 0, "error_score": "raise"}
    grid = {"slidingwindow__window": [2, 4]}
    rows = HalvingGridSearchCV(model(), grid, min_resources=60, **settings)
    with pytest.raises(ValueError, match="must be sorted and without duplicates"):
        rows.fit(X, Y)
    updates = HalvingGridSearchCV(
        model(), grid, resource="ridge__max_iter", max_resources=9, **settings
    )
    assert updates.fit(X, Y).best_params_["slidingwindow__window"] == 4
    assert updates.best_score_ > 0.9999


def test_learning_curve_starts_cold_and_shorter_folds_do_not():
    with pytest.warns(ColdStartWarning):
        *_, scores = learning_curve(model(), X, Y, cv=CV, train_sizes=[0.5])
    assert scores.max() < 0.9999
    for n_rows in (30, 60):
        # The first training rows of a fold that is cut off are cold, no test row is.
        assert worst(model(), cv=TimeSeriesSplit(3, max_train_size=n_rows)) > 0.95


@pytest.mark.parametrize(("first", "warns"), [(0, False), (120, False), (130, True)])
def test_rows_for_fitted_estimators_follow_theirs(first, warns):
    fitted = model().fit(X[:120], Y[:120])
    stack = StackingRegressor([("one", fitted)], Ridge(1e-6), cv="prefit")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stack.fit(X[first:], Y[first:])
    assert [each.category for each in caught] == [ColdStartWarning] * warns
