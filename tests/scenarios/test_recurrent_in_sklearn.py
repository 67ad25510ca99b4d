import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import (
    ColdStartWarning,
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindow,
)
from tests.support.untrained import run_check

pytestmark = pytest.mark.short_fits

ESTIMATORS = [RNNRegressor, LSTMRegressor, GRURegressor]
RNG = np.random.RandomState(0)
N_ROWS = 60
FRAME = pd.DataFrame(
    {"wave": np.sin(np.arange(N_ROWS) / 3), "noise": RNG.normal(size=N_ROWS)},
    index=pd.date_range("2026-01-01", periods=N_ROWS, freq="D"),
)
Y = 10 * FRAME["wave"].shift(-1, fill_value=0.0).rename("next") + 100
WINDOWS = SlidingWindow(3).fit_transform(FRAME)[2:]
TARGET = Y.to_numpy()[2:]


def network(cls=RNNRegressor, **parameters):
    return cls(**{"units": 2, "epochs": 2, "random_state": 0, **parameters})


def windowed(cls=RNNRegressor, *, window=3, **parameters):
    return make_pipeline(SlidingWindow(window), network(cls, **parameters))


# --------------------------------------------------------------------------------------
# The checks of scikit-learn
# --------------------------------------------------------------------------------------

# Minibatches that are drawn from repeated rows are others than those of weighted rows,
# as for every estimator that learns by stochastic gradients; in a full batch they are
# equal, see test_recurrent_regressors.py.
IN_FULL_BATCHES = {"batch_size": 1000}


def fail_with_a_linear_path(estimator):
    """Checks that fail with a linear path, and why."""
    if not estimator.linear_path:
        return {}
    reason = "the penalty of the ridge is chosen by leaving out one of equal rows"
    return {"check_sample_weight_equivalence_on_dense_data": reason}


@parametrize_with_checks([network(**IN_FULL_BATCHES)])
def test_every_check_of_sklearn_holds(estimator, check, everyday):
    run_check(estimator, check, everyday=everyday)


@pytest.mark.exhaustive
@parametrize_with_checks(
    [
        *[network(cls, **IN_FULL_BATCHES) for cls in ESTIMATORS[1:]],
        network(decoder="parallel", linear_path=True, **IN_FULL_BATCHES),
    ],
    expected_failed_checks=fail_with_a_linear_path,
)
def test_every_check_of_sklearn_holds_for_other_cells_and_decoders(
    estimator, check, everyday
):
    run_check(estimator, check, everyday=everyday)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_is_a_regressor_of_windows(cls):
    tags = network(cls).__sklearn_tags__()
    assert is_regressor(network(cls))
    assert tags.input_tags.three_d_array
    assert tags.input_tags.allow_nan
    assert tags.target_tags.multi_output
    assert cls().__sklearn_tags__().non_deterministic
    assert not tags.non_deterministic


# --------------------------------------------------------------------------------------
# Estimators around ours
# --------------------------------------------------------------------------------------


def flat_line():
    """Least squares on windows laid flat."""
    flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    return make_pipeline(flat, LinearRegression())


@pytest.mark.untrained
def test_voting_takes_the_mean_with_other_regressors():
    members = [("rnn", network()), ("gru", network(GRURegressor))]
    voting = VotingRegressor(members).fit(WINDOWS, TARGET)
    alone = [
        clone(member).fit(WINDOWS, TARGET).predict(WINDOWS) for _, member in members
    ]
    assert_allclose(voting.predict(WINDOWS), np.mean(alone, axis=0), rtol=1e-12)


@pytest.mark.untrained
def test_stacking_learns_from_predictions_of_left_out_rows():
    members = [("rnn", network()), ("line", flat_line())]
    stacking = StackingRegressor(members, LinearRegression(), cv=KFold(2))
    stacking.fit(WINDOWS, TARGET)
    left_out = [
        cross_val_predict(member, WINDOWS, TARGET, cv=KFold(2)) for _, member in members
    ]
    final = LinearRegression().fit(np.column_stack(left_out), TARGET)
    assert_allclose(stacking.final_estimator_.coef_, final.coef_, rtol=1e-6)


@pytest.mark.untrained
def test_transformed_target_trains_on_the_transformed_target():
    model = TransformedTargetRegressor(network(), func=np.log, inverse_func=np.exp)
    by_hand = network().fit(WINDOWS, np.log(TARGET)).predict(WINDOWS)
    assert_allclose(model.fit(WINDOWS, TARGET).predict(WINDOWS), np.exp(by_hand))


@pytest.mark.untrained
def test_one_network_for_each_target():
    y = np.column_stack([TARGET, -TARGET])
    model = MultiOutputRegressor(network()).fit(WINDOWS, y)
    alone = [network().fit(WINDOWS, column).predict(WINDOWS) for column in y.T]
    assert_array_equal(model.predict(WINDOWS), np.transpose(alone))


@pytest.mark.untrained
def test_bagging_trains_on_drawn_columns_of_a_table_of_steps():
    # Bagging takes tables only: two axes, the steps of one feature.
    steps = WINDOWS[:, :, 0]
    bagging = BaggingRegressor(network(), n_estimators=2, random_state=0)
    predicted = bagging.fit(steps, TARGET).predict(steps)
    each = [member.predict(steps) for member in bagging.estimators_]
    assert_allclose(predicted, np.mean(each, axis=0), rtol=1e-12)
    assert (each[0] != each[1]).any()


# --------------------------------------------------------------------------------------
# Model selection
# --------------------------------------------------------------------------------------


def test_cross_val_predict_predicts_each_fold_from_the_others():
    predicted = cross_val_predict(network(), WINDOWS, TARGET, cv=KFold(2))
    half = len(TARGET) // 2
    first = network().fit(WINDOWS[half:], TARGET[half:]).predict(WINDOWS[:half])
    assert_array_equal(predicted[:half], first)


# Of a shorter training fold the rows ahead of the test fold are left out.
@pytest.mark.untrained
@pytest.mark.filterwarnings("ignore::skrnn.ColdStartWarning")
def test_learning_curve_of_a_pipeline():
    sizes, train, test = learning_curve(
        windowed(), FRAME, Y, train_sizes=[0.5, 1.0], cv=TimeSeriesSplit(2)
    )
    assert_array_equal(sizes, [10, 20])
    assert np.isfinite([train, test]).all()


@pytest.mark.slow
def test_permutation_importance_finds_the_column_that_matters():
    # Rows in the order of an array: shuffled values, not shuffled stamps.
    model = windowed(learning_rate=0.05, epochs=60).fit(FRAME, Y)
    result = permutation_importance(model, FRAME, Y, n_repeats=3, random_state=0)
    wave, noise = result.importances_mean
    assert wave > 10 * abs(noise)


GRID = {"slidingwindow__window": [2, 3], "lstmregressor__units": [2, 3]}


def test_grid_search_over_window_and_units():
    search = GridSearchCV(windowed(LSTMRegressor), GRID, cv=TimeSeriesSplit(2))
    search.fit(FRAME, Y)
    best, model = search.best_params_, search.best_estimator_
    assert len(search.cv_results_["params"]) == 4
    assert model[-1].n_steps_in_ == best["slidingwindow__window"]
    by_hand = windowed(LSTMRegressor).set_params(**best)
    expected = cross_val_score(by_hand, FRAME, Y, cv=TimeSeriesSplit(2)).mean()
    assert_allclose(search.best_score_, expected, rtol=1e-12)


@pytest.mark.untrained
def test_grid_search_over_segments_and_decoders():
    grid = {"segment": [1, 3], "decoder": ["dense", "parallel"]}
    y = np.column_stack([TARGET, -TARGET])
    search = GridSearchCV(network(), grid, cv=TimeSeriesSplit(2)).fit(WINDOWS, y)
    scores = search.cv_results_["mean_test_score"]
    assert len(set(scores)) == 4
    best = pickle.loads(pickle.dumps(search.best_estimator_))
    assert_array_equal(best.predict(WINDOWS), search.predict(WINDOWS))


def test_halving_grid_search_over_window_and_units():
    search = HalvingGridSearchCV(
        windowed(LSTMRegressor),
        GRID,
        cv=TimeSeriesSplit(2),
        resource="lstmregressor__epochs",
        max_resources=2,
        min_resources=1,
        factor=2,
    )
    assert search.fit(FRAME, Y).n_candidates_ == [4, 2]
    assert search.best_estimator_[-1].n_iter_ == 2


# --------------------------------------------------------------------------------------
# Pipelines
# --------------------------------------------------------------------------------------


def test_pipeline_trains_on_whole_windows_and_predicts_every_row():
    model = windowed().fit(FRAME, Y)
    by_hand = network().fit(WINDOWS, TARGET)
    for ours, theirs in zip(model[-1].weights_, by_hand.weights_, strict=True):
        assert_array_equal(ours, theirs)
    predicted = model.predict(FRAME)
    assert predicted.shape == (N_ROWS,)
    assert_array_equal(predicted[2:], by_hand.predict(WINDOWS))


@pytest.mark.untrained
def test_pipeline_with_a_scaler_starts_warm():
    train, test = FRAME[:50], FRAME[50:]
    model = make_pipeline(StandardScaler(), SlidingWindow(3), network(LSTMRegressor))
    model.set_output(transform="pandas").fit(train, Y[:50])
    rows = ((FRAME - train.mean()) / train.std(ddof=0)).to_numpy()
    windows = np.stack([rows[i - 2 : i + 1] for i in range(2, N_ROWS)])
    by_hand = network(LSTMRegressor).fit(windows[:48], Y[2:50])
    predicted = model.predict(test)
    assert_allclose(predicted, by_hand.predict(windows[48:]), rtol=1e-6)
    rounding = {"rtol": 0, "atol": 1e-5}
    with pytest.warns(ColdStartWarning):
        cold = model.predict(FRAME[51:])
    assert not np.allclose(predicted[:2], cold[:2], **rounding)


@pytest.mark.untrained
def test_pipeline_is_pickled_whole():
    model = windowed(GRURegressor).fit(FRAME, Y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(FRAME), model.predict(FRAME))
