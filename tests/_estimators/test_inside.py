import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import AutoregressiveForecaster, LSTMRegressor, SlidingWindow
from skrnn._estimators.inside import (
    accepts_missing,
    accepts_windows,
    contains,
    find_fitted,
    find_parameter,
    fitted_attribute,
    last_step,
    open_up,
    predictor_of,
    set_open_seeds,
    thaw,
    transformers_of,
)

X = np.arange(12.0)[:, None]
Y = X[:, 0]
LABELS = np.arange(12) % 2


class Marked(RegressorMixin, BaseEstimator):
    """Takes windows and missing values; has an attribute that others lack."""

    def fit(self, X, y):
        self.mark_ = "found"
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


class MarkedClassifier(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.mark_, self.classes_ = "found", np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)

    def predict_proba(self, X):
        share = np.arange(len(X)) / len(X)
        return np.stack([share, 1 - share], axis=1)


# What scikit-learn wraps around an estimator and hands X to as it is.
AROUND = {
    "nothing": lambda inner: inner,
    "Pipeline": make_pipeline,
    "Pipeline that passes": lambda inner: make_pipeline("passthrough", None, inner),
    "Pipeline in another": lambda inner: make_pipeline(make_pipeline(inner)),
    "GridSearchCV": lambda inner: GridSearchCV(inner, {}, cv=2),
    "RandomizedSearchCV": lambda inner: RandomizedSearchCV(inner, {}, cv=2, n_iter=1),
    "search of a search": lambda inner: GridSearchCV(
        GridSearchCV(inner, {}, cv=2), {}, cv=2
    ),
    "search of a Pipeline": lambda inner: GridSearchCV(make_pipeline(inner), {}, cv=2),
    "TransformedTargetRegressor": lambda inner: TransformedTargetRegressor(
        inner, transformer=StandardScaler()
    ),
}

each_wrapper = pytest.mark.parametrize("name", AROUND)


# --------------------------------------------------------------------------------------
# Before fit
# --------------------------------------------------------------------------------------


@each_wrapper
@pytest.mark.parametrize("accepts", [accepts_windows, accepts_missing])
def test_what_an_estimator_accepts_is_seen_through_what_wraps_it(name, accepts):
    assert accepts(AROUND[name](Marked()))
    assert not accepts(AROUND[name](Ridge()))


@pytest.mark.parametrize(
    "wrapper", [MultiOutputRegressor(Marked()), FrozenEstimator(Marked())], ids=repr
)
@pytest.mark.parametrize("accepts", [accepts_windows, accepts_missing])
def test_other_wrappers_of_one_estimator_accept_what_it_does(wrapper, accepts):
    assert accepts(wrapper)


@pytest.mark.parametrize("ensemble", [BaggingRegressor, AdaBoostRegressor])
def test_ensembles_take_no_windows_whatever_they_are_made_of(ensemble):
    assert not accepts_windows(ensemble(Marked()))


def test_the_first_step_that_is_fitted_decides_over_a_pipeline():
    assert not accepts_windows(make_pipeline(FunctionTransformer(), Marked()))


def test_a_pipeline_takes_missing_values_if_they_do_not_reach_a_step_that_does_not():
    assert accepts_missing(make_pipeline(SimpleImputer(), Ridge()))
    assert accepts_missing(make_pipeline(StandardScaler(), SimpleImputer(), Ridge()))
    assert accepts_missing(make_pipeline(StandardScaler(), Marked()))
    assert not accepts_missing(make_pipeline(StandardScaler(), Ridge()))


def test_a_wrapper_of_nothing_takes_no_windows():
    assert not accepts_windows(TransformedTargetRegressor(None))


@pytest.mark.parametrize("name", ["nothing", "GridSearchCV", "search of a search"])
def test_a_parameter_is_found_in_what_a_search_tunes(name):
    forecaster = AutoregressiveForecaster(columns="series")
    assert find_parameter(AROUND[name](forecaster), "columns") == "series"


@pytest.mark.parametrize("estimator", [Ridge(), GridSearchCV(Ridge(), {})], ids=repr)
def test_a_parameter_that_nobody_has_is_none(estimator):
    assert find_parameter(estimator, "columns") is None


@each_wrapper
def test_what_an_estimator_contains_is_seen_at_any_depth(name):
    windows = SlidingWindow(2, flatten=True)
    wrapped = AROUND[name](make_pipeline(windows, Ridge()))
    assert contains(wrapped, (SlidingWindow,))
    assert not contains(wrapped, (AutoregressiveForecaster,))


def test_what_has_no_parameters_contains_itself_alone():
    assert contains("text", (str,))
    assert not contains("text", (SlidingWindow,))


# --------------------------------------------------------------------------------------
# After fit
# --------------------------------------------------------------------------------------


@each_wrapper
@pytest.mark.parametrize("frozen", [False, True])
def test_the_estimator_that_predicts_is_found(name, frozen):
    fitted = AROUND[name](Marked()).fit(X, Y)
    transformers, last = open_up(FrozenEstimator(fitted) if frozen else fitted)
    assert isinstance(last, Marked)
    assert last.mark_ == "found"
    assert transformers == []


@pytest.mark.parametrize(
    "wrapper",
    [
        FixedThresholdClassifier(MarkedClassifier()),
        TunedThresholdClassifierCV(MarkedClassifier(), cv=2),
    ],
    ids=lambda wrapper: type(wrapper).__name__,
)
def test_the_classifier_behind_a_threshold_is_found(wrapper):
    _, last = open_up(wrapper.fit(X, LABELS))
    assert isinstance(last, MarkedClassifier)
    assert find_fitted(wrapper, "mark_") is last


def test_transformers_are_in_the_order_in_which_rows_pass_them():
    inner = make_pipeline("passthrough", StandardScaler(), Marked())
    fitted = make_pipeline(FunctionTransformer(), AROUND["GridSearchCV"](inner))
    transformers, _ = open_up(fitted.fit(X, Y))
    assert [type(step) for step in transformers] == [
        FunctionTransformer,
        StandardScaler,
    ]
    assert_array_equal(transformers[1].mean_, [5.5])


def test_forecasters_and_regressors_for_each_target_are_not_opened():
    forecaster = AutoregressiveForecaster(Ridge(), window=2).fit(None, Y)
    several = MultiOutputRegressor(Ridge()).fit(X, X)
    assert open_up(forecaster) == ([], forecaster)
    assert open_up(several) == ([], several)


@pytest.mark.parametrize(
    "estimator",
    [TransformedTargetRegressor(Ridge()), GridSearchCV(Ridge(), {}), LSTMRegressor()],
    ids=repr,
)
def test_what_is_not_fitted_is_not_opened(estimator):
    assert open_up(estimator) == ([], estimator)


def test_a_search_without_refit_predicts_with_nothing_else():
    search = GridSearchCV(Ridge(), {}, cv=2, refit=False).fit(X, Y)
    assert predictor_of(search) is search


def test_a_search_predicts_with_its_best_estimator_frozen_or_not():
    search = AROUND["search of a search"](Ridge()).fit(X, Y)
    best = search.best_estimator_.best_estimator_
    assert predictor_of(search) is best
    assert predictor_of(FrozenEstimator(search)) is best
    assert predictor_of(FrozenEstimator(FrozenEstimator(best))) is best


def test_pipelines_predict_themselves():
    pipeline = make_pipeline(Ridge())
    assert predictor_of(pipeline) is pipeline
    assert last_step(pipeline) is pipeline.steps[-1][1]


def test_others_are_returned_as_they_are():
    ridge = Ridge()
    assert predictor_of(ridge) is thaw(ridge) is last_step(ridge) is ridge


def test_a_frozen_estimator_is_thawed():
    ridge = Ridge().fit(X, Y)
    assert thaw(FrozenEstimator(ridge)) is ridge


@each_wrapper
def test_an_attribute_is_found_on_the_fitted_estimator_inside(name):
    fitted = AROUND[name](Marked()).fit(X, Y)
    assert find_fitted(fitted, "mark_").mark_ == "found"
    assert find_fitted(fitted, "history_") is None


def test_an_attribute_is_found_inside_a_forecaster():
    class Regressor(Marked):
        def __sklearn_tags__(self):
            return RegressorMixin.__sklearn_tags__(self)

    forecaster = AutoregressiveForecaster(make_pipeline(Regressor()), window=2)
    search = GridSearchCV(forecaster, {"window": [2]}, cv=2).fit(X, Y)
    assert find_fitted(search, "mark_").mark_ == "found"
    assert isinstance(find_fitted(search, "n_samples_fit_"), AutoregressiveForecaster)


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (TransformedTargetRegressor(), "regressor_"),
        (FixedThresholdClassifier(LogisticRegression()), "estimator_"),
        (TunedThresholdClassifierCV(LogisticRegression()), "estimator_"),
        (GridSearchCV(Ridge(), {}), None),
        (AutoregressiveForecaster(), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_attribute_of_what_changes_targets_or_decisions(estimator, expected):
    assert fitted_attribute(estimator) == expected


def test_transformers_of_a_pipeline_leave_out_what_passes_through():
    scaler = StandardScaler()
    assert transformers_of([None, scaler, "passthrough"]) == [scaler]


def test_seeds_are_drawn_for_what_has_none_in_the_order_of_names():
    open_one, given = RandomForestRegressor(), RandomForestRegressor(random_state=5)
    frozen = FrozenEstimator(RandomForestRegressor())
    inner = TransformedTargetRegressor(
        VotingRegressor([("a", open_one), ("b", given), ("c", frozen), ("d", Ridge())])
    )
    set_open_seeds(inner, 0)
    seeds = np.random.RandomState(0).randint(2**31 - 1, size=2)
    assert open_one.random_state == seeds[0]  # regressor__a is before regressor__d.
    assert inner.regressor.estimators[3][1].random_state == seeds[1]
    assert given.random_state == 5
    assert frozen.estimator.random_state is None


def test_no_seed_leaves_all_as_it_is():
    forest = RandomForestRegressor()
    set_open_seeds(forest, None)
    assert forest.random_state is None
