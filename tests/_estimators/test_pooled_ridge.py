import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import PooledRidgeCV
from skrnn._estimators.pooled_ridge import fit_groups

ALPHAS = (0.1, 10.0, 1000.0)


@parametrize_with_checks([PooledRidgeCV(), PooledRidgeCV(pooling=0)])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def samples(n_groups=3, n_samples=36, random_state=0):
    """Return inputs whose first column is the group, and two targets."""
    random = np.random.default_rng(random_state)
    codes = random.permutation(np.arange(n_samples) % n_groups)
    inputs = random.normal(size=(n_samples, 4)) * [1, 10, 0.1, 3] + codes[:, None]
    slopes = random.normal(size=(4, 2)) + random.normal(size=(n_groups, 4, 2))
    y = np.einsum("si,sit->st", inputs, slopes[codes]) + 5 * codes[:, None]
    y += random.normal(size=y.shape)
    return np.column_stack([codes, inputs]), y


def centred(values, codes, rows=slice(None)):
    """Subtract the mean of those rows that are in the same group."""
    means = [
        values[rows][codes[rows] == code].mean(axis=0) for code in np.unique(codes)
    ]
    return values - np.array(means)[codes]


def with_own_copies(inputs, codes, pooling):
    """Return columns that all groups share, and as many more for each group.

    A plain ridge on these is what the class says it learns.
    """
    own = [np.where(codes[:, None] == code, inputs, 0) for code in np.unique(codes)]
    return np.hstack(
        [np.sqrt(pooling) * inputs, *(np.sqrt(1 - pooling) * each for each in own)]
    )


@pytest.mark.parametrize("n_samples", [5, 40])
def test_without_groups_it_is_the_ridge_of_scikit_learn(n_samples):
    X, y = samples(n_samples=n_samples)
    ridge = PooledRidgeCV(ALPHAS).fit(X, y)
    other = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(X, y)
    assert ridge.alpha_ == other[-1].alpha_
    assert_allclose(ridge.predict(X), other.predict(X))
    assert_allclose(ridge.coef_[0], other[-1].coef_ / other[0].scale_)


def test_a_sample_far_from_all_others_counts_with_every_penalty():
    random = np.random.default_rng(0)
    X = random.normal(size=(500, 400))
    X[0] += 1000
    y = X @ random.normal(size=400)
    y[0] = 0
    ridge = PooledRidgeCV().fit(X, y)
    expected = RidgeCV(ridge.alphas).fit(StandardScaler().fit_transform(X), y).alpha_
    assert ridge.alpha_ == expected > 1


def test_small_penalties_are_compared_where_inputs_outnumber_samples():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(30, 70)), random.normal(size=30)
    alphas = (1e-6, 1.0)
    expected = RidgeCV(alphas).fit(StandardScaler().fit_transform(X), y).alpha_
    assert PooledRidgeCV(alphas).fit(X, y).alpha_ == expected


def test_the_unit_and_the_level_of_inputs_do_not_matter():
    step = np.linspace(0, 1, 50)
    X = np.column_stack([step, np.random.default_rng(0).normal(size=50)])
    y = 5 * step
    expected = PooledRidgeCV().fit(X, y).predict(X)
    moved = X * [1e-7, 1e9] + [1, 1e9]
    assert_allclose(PooledRidgeCV().fit(moved, y).predict(moved), expected, atol=1e-6)


@pytest.mark.parametrize("pooling", [0, 0.3, 1])
@pytest.mark.parametrize("alpha", [0.5, 50.0])
def test_groups_share_what_a_ridge_on_copies_of_the_inputs_shares(pooling, alpha):
    X, y = samples()
    codes, inputs = X[:, 0].astype(int), X[:, 1:]
    ridge = PooledRidgeCV([alpha], pooling=pooling, groups=[0]).fit(X, y)
    around = centred(inputs, codes)
    scale = around.std(axis=0)
    copies = with_own_copies(around / scale, codes, pooling)
    plain = Ridge(alpha, fit_intercept=False).fit(copies, centred(y, codes))
    expected = plain.predict(copies) + y - centred(y, codes)
    assert_allclose(ridge.predict(X), expected)
    assert_array_equal(ridge.groups_[:, 0], [0, 1, 2])
    # The share in common is also what is predicted for a group that is not known.
    common = np.sqrt(pooling) * plain.coef_[:, :4] / scale
    assert_allclose(ridge.common_coef_, common, atol=1e-12)
    later = np.column_stack([np.full(len(X), 9), inputs])
    expected = (inputs - inputs.mean(axis=0)) @ common.T + y.mean(axis=0)
    assert_allclose(ridge.predict(later), expected)


def test_nothing_in_common_is_a_ridge_for_each_group():
    X, y = samples()
    ridge = PooledRidgeCV([1.0], pooling=0, groups=[0]).fit(X, y)
    scale = centred(X[:, 1:], X[:, 0].astype(int)).std(axis=0)
    for code in range(3):
        own = X[:, 0] == code
        alone = Ridge(1.0).fit(X[own, 1:] / scale, y[own])
        assert_allclose(ridge.predict(X[own]), alone.predict(X[own, 1:] / scale))


@pytest.mark.parametrize("pooling", [0, 0.3, 1])
def test_the_penalty_is_chosen_by_samples_that_are_left_out(pooling):
    X, y = samples()
    codes, inputs = X[:, 0].astype(int), X[:, 1:]
    scale = centred(inputs, codes).std(axis=0)
    predicted = {}
    for alpha in ALPHAS:
        predicted[alpha] = np.empty_like(y)
        for left_out in range(len(X)):
            rows = np.delete(np.arange(len(X)), left_out)
            around = centred(inputs, codes, rows) / scale
            copies = with_own_copies(around, codes, pooling)
            plain = Ridge(alpha, fit_intercept=False)
            plain.fit(copies[rows], centred(y, codes, rows)[rows])
            mean = (y - centred(y, codes, rows))[left_out]
            predicted[alpha][left_out] = plain.predict(copies[[left_out]])[0] + mean
    errors = {alpha: np.mean((y - each) ** 2) for alpha, each in predicted.items()}
    best = min(errors, key=errors.get)
    learned = fit_groups(inputs, y, codes, np.array(ALPHAS), pooling)
    assert learned.alpha == best
    assert_allclose(learned.left_out, predicted[best])
    assert PooledRidgeCV(ALPHAS, pooling=pooling, groups=[0]).fit(X, y).alpha_ == best


def test_what_is_drawn_together_errs_less_than_either_extreme():
    random = np.random.default_rng(0)
    errors = dict.fromkeys([0, 0.5, 1], 0.0)
    for _ in range(20):
        slopes = random.normal(size=5) + 0.8 * random.normal(size=(6, 5))
        codes = np.repeat(np.arange(6), 20)
        inputs = random.normal(size=(120, 5))
        truth = (inputs * slopes[codes]).sum(axis=1)
        X, y = np.column_stack([codes, inputs]), truth + random.normal(size=120)
        few = np.arange(120) % 20 < 8
        for pooling in errors:
            ridge = PooledRidgeCV(pooling=pooling, groups=[0]).fit(X[few], y[few])
            errors[pooling] += np.mean((ridge.predict(X[~few]) - truth[~few]) ** 2)
    assert errors[0.5] < 0.95 * min(errors[0], errors[1])


def test_several_columns_and_negative_places_name_groups():
    X, y = samples(n_groups=4)
    codes = X[:, 0].astype(int)
    two = np.column_stack([codes // 2, X[:, 1:], codes % 2])
    one = PooledRidgeCV(groups=[0]).fit(X, y)
    both = PooledRidgeCV(groups=[-1, 0, 5]).fit(two, y)
    assert_allclose(both.predict(two), one.predict(X))
    assert len(both.groups_) == 4


@pytest.mark.parametrize("pooling", [0, 0.5])
def test_a_group_of_one_sample_has_its_mean_and_does_not_choose(pooling):
    X, y = samples(n_groups=2)
    lonely = np.vstack([X, [7, 1, 1, 1, 1]])
    ridge = PooledRidgeCV(pooling=pooling, groups=[0])
    more = clone(ridge).fit(lonely, np.vstack([y, [100, 200]]))
    assert_allclose(more.predict(lonely[-1:]), [[100, 200]])
    assert more.alpha_ == ridge.fit(X, y).alpha_


def test_targets_of_one_axis_have_predictions_of_one_axis():
    X, y = samples()
    flat = PooledRidgeCV([1.0], groups=[0]).fit(X, y[:, 0])
    wide = PooledRidgeCV([1.0], groups=[0]).fit(X, y[:, :1])
    assert flat.predict(X).shape == (len(X),)
    assert wide.predict(X).shape == (len(X), 1)
    assert_allclose(flat.predict(X), wide.predict(X)[:, 0])
    assert (flat.coef_.shape, flat.intercept_.shape) == ((3, 4), (3,))
    assert (wide.coef_.shape, wide.intercept_.shape) == ((3, 1, 4), (3, 1))


def test_constant_inputs_say_nothing():
    X, y = samples()
    more = np.column_stack([X, np.full(len(X), 0.1), 3 * X[:, 0]])
    ridge = PooledRidgeCV([1.0], groups=[0])
    found, expected = clone(ridge).fit(more, y), ridge.fit(X, y)
    assert_allclose(found.predict(more), expected.predict(X))


def test_a_copy_predicts_the_same():
    X, y = samples()
    ridge = PooledRidgeCV(groups=[0]).fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(ridge)).predict(X), ridge.predict(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alphas": []}, "alphas must be finite numbers above 0"),
        ({"alphas": [1.0, 0.0]}, "alphas must be finite numbers above 0"),
        ({"alphas": [np.nan]}, "alphas must be finite numbers above 0"),
        ({"groups": [5]}, "groups must be columns of X by place, from 0 to 4. Got 5"),
        ({"groups": [True, False]}, "groups must be columns of X by place"),
        ({"groups": ["shop"]}, "groups must be columns of X by place"),
        ({"groups": [0, 1, 2, 3, 4]}, "groups must leave a column of X"),
        ({"groups": [1]}, r"36 groups of one sample each; .*set groups=\[\]"),
        ({"pooling": 1.5}, "pooling"),
    ],
)
def test_what_it_cannot_learn_from_is_refused_by_name(parameters, message):
    X, y = samples()
    with pytest.raises(ValueError, match=message):
        PooledRidgeCV(**parameters).fit(X, y)


def test_no_columns_of_groups_are_one_group():
    X, y = samples()
    found, expected = PooledRidgeCV(groups=[]).fit(X, y), PooledRidgeCV().fit(X, y)
    assert_array_equal(found.predict(X), expected.predict(X))


def test_a_fit_that_fails_leaves_what_was_learned():
    X, y = samples()
    ridge = PooledRidgeCV(groups=[0]).fit(X, y)
    before = ridge.predict(X)
    with pytest.raises(ValueError, match="groups must"):
        ridge.set_params(groups=[1]).fit(X, y)
    assert_array_equal(ridge.predict(X), before)
