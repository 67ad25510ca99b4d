import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import (
    Autoencoder,
    AutoencoderDetector,
    RecurrentAutoencoder,
    SlidingWindow,
    VariationalAutoencoder,
)
from tests.support.exhaustive import first_of_many
from tests.support.untrained import run_check

pytestmark = pytest.mark.short_fits

RNG = np.random.RandomState(0)
N_ROWS = 40
STAMPS = pd.date_range("2026-01-01", periods=N_ROWS, freq="D")
FRAME = pd.DataFrame(
    RNG.normal(size=(N_ROWS, 3)) @ RNG.normal(size=(3, 3)),
    index=STAMPS,
    columns=["a", "b", "c"],
)
SETTINGS = {"epochs": 1, "random_state": 0}
ROW = Autoencoder(1, **SETTINGS)
VARIATIONAL = VariationalAutoencoder(1, **SETTINGS)
WINDOW = RecurrentAutoencoder(1, cell="rnn", units=2, **SETTINGS)
IN_FULL_BATCHES = [
    clone(model).set_params(batch_size=1000) for model in (ROW, WINDOW, VARIATIONAL)
]


def windowed(**parameters):
    return make_pipeline(SlidingWindow(4), clone(WINDOW).set_params(**parameters))


def check_to_rounding(estimator, check, everyday):
    """Run a check; equal weights and repetitions may differ in the fifth digit.

    Networks compute in single precision, sums over repeated rows are rounded otherwise,
    and Adam magnifies it; test_weights_of_copies.py compares them as far as they are
    equal. scikit-learn asks for seven digits.
    """
    try:
        run_check(estimator, check, everyday=everyday)
    except AssertionError as error:
        if "fitting with `sample_weight` is not equivalent" not in str(error):
            raise
        pytest.xfail("sums over repeated rows are rounded otherwise")


@parametrize_with_checks(IN_FULL_BATCHES[:2])
def test_every_check_of_sklearn_holds(estimator, check, everyday):
    check_to_rounding(estimator, check, everyday)


@pytest.mark.exhaustive
@parametrize_with_checks([*IN_FULL_BATCHES[2:], AutoencoderDetector(ROW)])
def test_every_check_of_sklearn_holds_for_what_shares_a_base(
    estimator, check, everyday
):
    check_to_rounding(estimator, check, everyday)


# --------------------------------------------------------------------------------------
# Fitted estimators
# --------------------------------------------------------------------------------------

each = pytest.mark.parametrize(
    ("model", "X"),
    [
        (ROW, FRAME.to_numpy()),
        (VARIATIONAL, FRAME.to_numpy()),
        (WINDOW, SlidingWindow(4).fit_transform(FRAME)[3:]),
    ],
    ids=["rows", "variational", "windows"],
)


@pytest.mark.untrained
@each
def test_fit_transform_is_fit_and_transform(model, X):
    codes = clone(model).fit_transform(X)
    assert_array_equal(codes, clone(model).fit(X).transform(X))


@pytest.mark.untrained
@each
def test_score_is_the_mean_of_the_scores_of_samples(model, X):
    model = clone(model).fit(X)
    scores = model.score_samples(X)
    assert scores.shape == (len(X),)
    assert (scores <= 0).all()
    assert_allclose(model.score(X), scores.mean())


@each
def test_clones_are_not_fitted_and_learn_the_same(model, X):
    fitted = clone(model).fit(X)
    again = clone(fitted)
    assert not hasattr(again, "weights_")
    assert_array_equal(again.fit(X).transform(X), fitted.transform(X))


@pytest.mark.untrained
@each
def test_pickles_are_small_and_encode_the_same(model, X):
    fitted = clone(model).fit(X)
    pickled = pickle.dumps(fitted)
    assert len(pickled) < 10_000
    assert_array_equal(pickle.loads(pickled).transform(X), fitted.transform(X))


# --------------------------------------------------------------------------------------
# Model selection
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", first_of_many([ROW, VARIATIONAL]))
def test_grid_without_y_and_scoring_picks_the_larger_code(model):
    # Two sources behind six columns, which two numbers copy and one does not.
    sources = np.random.default_rng(0).normal(size=(120, 2))
    X = sources @ [[1, 1, 0, 0, 1, -1], [0, 0, 1, 1, 1, 1]]
    settings = {"learning_rate": 0.02, "epochs": 60}
    grid = {"n_components": [1, 2]}
    search = GridSearchCV(clone(model).set_params(**settings), grid, cv=2).fit(X)
    assert search.best_params_ == {"n_components": 2}
    assert (search.cv_results_["mean_test_score"] < 0).all()
    by_hand = clone(search.best_estimator_)
    assert_allclose(search.best_score_, cross_val_score(by_hand, X, cv=2).mean())


@pytest.mark.untrained
def test_codes_are_columns_for_a_linear_model():
    y = FRAME["a"].to_numpy()
    model = make_pipeline(ROW, Ridge()).fit(FRAME, y)
    codes = clone(ROW).fit_transform(FRAME)
    assert_allclose(model.predict(FRAME), Ridge().fit(codes, y).predict(codes))
    folds = KFold(2, shuffle=True, random_state=0)
    assert np.isfinite(cross_val_score(model, FRAME, y, cv=folds)).all()


@pytest.mark.untrained
def test_pipeline_decodes_codes_through_its_steps():
    model = make_pipeline(StandardScaler(), ROW).fit(FRAME)
    decoded = model.inverse_transform(model.transform(FRAME))
    copies = model[0].inverse_transform(model[1].reconstruct(model[0].transform(FRAME)))
    assert_allclose(decoded, copies, rtol=1e-5, atol=1e-6)


# --------------------------------------------------------------------------------------
# The index of the rows
# --------------------------------------------------------------------------------------

PARTS = {
    "all": FRAME,
    "a slice": FRAME[10:30],
    "every other row": FRAME[::2],
    "a fold": FRAME.iloc[np.r_[0:10, 25:40]],
}
each_part = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)


@pytest.mark.untrained
@each_part
def test_windows_of_a_series_have_codes_on_its_index(part):
    model = windowed().set_output(transform="pandas").fit(FRAME)
    codes = model.transform(part)
    assert list(codes.columns) == ["recurrentautoencoder0"]
    pd.testing.assert_index_equal(codes.index, part.index)
    # Each row has the code of its own window.
    windows = model[0].transform(part)
    alone = model[1].set_output(transform="default").transform(np.array(windows))
    assert_array_equal(codes.to_numpy(), alone)
    assert model.score_samples(part).shape == (len(part),)


@pytest.mark.untrained
@each_part
def test_codes_stand_beside_other_columns_of_their_rows(part):
    same = FunctionTransformer(feature_names_out="one-to-one")
    union = FeatureUnion([("codes", windowed()), ("rows", same)])
    table = union.set_output(transform="pandas").fit(FRAME).transform(part)
    pd.testing.assert_index_equal(table.index, part.index)
    assert_array_equal(table.iloc[:, 1:], part)
    assert_allclose(table.iloc[:, :1], union["codes"].transform(part))


@pytest.mark.untrained
@each_part
def test_codes_of_some_columns_stand_beside_the_others(part):
    columns = ColumnTransformer(
        [("codes", windowed(), ["a", "b"])], remainder="passthrough"
    ).set_output(transform="pandas")
    table = columns.fit(FRAME).transform(part)
    pd.testing.assert_index_equal(table.index, part.index)
    assert_array_equal(table.iloc[:, 1], part["c"])


@pytest.mark.untrained
def test_shuffled_rows_have_no_windows():
    with pytest.raises(ValueError, match="must be sorted"):
        windowed().fit(FRAME).transform(FRAME.sample(frac=1, random_state=0))


@pytest.mark.untrained
def test_windows_that_are_taken_from_others_have_no_index():
    # An array of windows forgets the index of all rows when some are taken.
    model = windowed().set_output(transform="pandas").fit(FRAME)
    windows = model[0].transform(FRAME)
    codes = model[1].transform(windows[5:9])
    assert list(codes.index) == [0, 1, 2, 3]
    order = RNG.permutation(N_ROWS)
    assert_array_equal(
        model[1].transform(windows[order]).to_numpy(),
        model[1].transform(windows).to_numpy()[order],
    )


@pytest.mark.untrained
def test_codes_behind_windows_have_names_in_pipelines_unions_and_column_transformers():
    codes = windowed(n_components=2)
    names = ["recurrentautoencoder0", "recurrentautoencoder1"]
    assert list(codes.fit(FRAME).get_feature_names_out()) == names
    union = FeatureUnion([("codes", codes), ("rows", StandardScaler())])
    columns = ColumnTransformer([("codes", codes, ["a", "b"])], remainder="passthrough")
    for both in (union, columns):
        frame = both.set_output(transform="pandas").fit_transform(FRAME)
        assert list(frame) == list(both.get_feature_names_out())
        assert list(frame)[:2] == [f"codes__{name}" for name in names]
        assert frame.index.equals(FRAME.index)
