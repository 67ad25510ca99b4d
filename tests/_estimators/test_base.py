import random

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import Autoencoder, RecurrentAutoencoder, VariationalAutoencoder
from tests.support.exhaustive import crossed
from tests.support.networks import Raise, Recorder, assert_same_weights, differ

pytestmark = pytest.mark.short_fits

RNG = np.random.RandomState(0)
ROWS = RNG.normal(size=(18, 3)) @ RNG.normal(size=(3, 5)) + 7
WINDOWS = RNG.normal(size=(18, 4, 2)) * [3.0, 0.2] + [10.0, -1.0]
SETTINGS = {"epochs": 1, "batch_size": 10, "random_state": 0}
ROW = Autoencoder(2, **SETTINGS)
VARIATIONAL = VariationalAutoencoder(2, **SETTINGS)
WINDOW = RecurrentAutoencoder(2, cell="rnn", units=2, **SETTINGS)

MODELS = [(ROW, ROWS), (VARIATIONAL, ROWS), (WINDOW, WINDOWS)]

each = pytest.mark.parametrize(
    ("model", "X"), MODELS, ids=["rows", "variational", "windows"]
)
# A variational network draws its codes anew in each call.
exact = pytest.mark.parametrize(
    ("model", "X"), [(ROW, ROWS), (WINDOW, WINDOWS)], ids=["rows", "windows"]
)


def fitted(model, X, **parameters):
    return clone(model).set_params(**parameters).fit(X)


# --------------------------------------------------------------------------------------
# Validation, early stopping and going on
# --------------------------------------------------------------------------------------


@exact
def test_last_rows_are_for_validation_and_nothing_is_learned_from_them(model, X):
    wild = X.copy()
    wild[-5:] *= 100
    mine = fitted(model, X, validation_split=0.25)
    assert_same_weights(mine, fitted(model, wild, validation_split=0.25))
    assert_same_weights(mine, fitted(model, X[:13]))
    assert_allclose(-mine.score(X[13:]), mine.history_["val_loss"][-1], rtol=1e-5)


@pytest.mark.parametrize(
    ("validation_split", "data"),
    crossed([0.0, 0.25], MODELS),
)
def test_early_stopping_goes_back_to_the_best_weights(data, validation_split):
    model, X = data
    recorder = Recorder()
    stopped = fitted(
        model, X, learning_rate=0.1, epochs=40, patience=2,
        early_stopping=True, validation_split=validation_split, callbacks=recorder,
    )  # fmt: skip
    watched = stopped.history_["val_loss" if validation_split else "loss"]
    best = int(np.argmin(watched))
    assert stopped.n_iter_ == min(best + 1 + 2, 40)
    recorded = recorder.weights[best][: len(stopped.weights_)]
    for ours, theirs in zip(stopped.weights_, recorded, strict=True):
        assert_array_equal(ours, theirs)


@exact
def test_three_calls_of_partial_fit_are_three_epochs(model, X):
    settings = {"shuffle": False, "learning_rate": 0.05}
    whole = fitted(model, X, epochs=3, **settings)
    parts = clone(model).set_params(epochs=100, **settings)
    for n_calls in (1, 2, 3):
        assert parts.partial_fit(X).n_iter_ == n_calls
    assert_same_weights(parts, whole, atol=1e-6)
    assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-5)


@pytest.mark.untrained
@each
def test_partial_fit_goes_on_with_the_statistics_of_the_scaling(model, X):
    parts = clone(model).partial_fit(X[:11]).partial_fit(1.1 * X[11:])
    seen = np.concatenate([X[:11], 1.1 * X[11:]]).reshape(-1, X.shape[-1])
    assert_allclose(parts.scaling_.x_mean, seen.mean(axis=0), rtol=1e-12)
    assert_allclose(parts.scaling_.x_scale, seen.std(axis=0), rtol=1e-12)
    assert len(parts.history_["loss"]) == 2


@pytest.mark.untrained
@each
def test_warm_start_keeps_the_scaling(model, X):
    warm = fitted(model, X, warm_start=True)
    scaling = warm.scaling_
    assert_array_equal(warm.fit(1.1 * X).scaling_.x_mean, scaling.x_mean)


@exact
def test_warm_start_goes_on_from_the_weights(model, X):
    settings = {"optimizer": "sgd", "shuffle": False}
    warm = fitted(model, X, warm_start=True, epochs=1, **settings).fit(X)
    assert warm.n_iter_ == 1
    assert_same_weights(warm, fitted(model, X, epochs=2, **settings), atol=1e-6)


@pytest.mark.untrained
@each
def test_training_cannot_go_on_with_another_network(model, X):
    mine = fitted(model, X, warm_start=True).set_params(n_components=1)
    for go_on in (mine.fit, mine.partial_fit):
        with pytest.raises(ValueError, match="n_components must stay the same"):
            go_on(X)


@pytest.mark.parametrize(
    ("parameter", "value"), [("noise", 0.1), ("sparsity", 0.1), ("l2", 0.1)]
)
def test_training_goes_on_with_another_constraint(parameter, value):
    mine = fitted(ROW, ROWS, warm_start=True).set_params(**{parameter: value})
    assert mine.fit(ROWS).partial_fit(ROWS).n_iter_ == 2
    if parameter == "sparsity":
        assert mine.history_["sparsity_loss"][0] > 0


# --------------------------------------------------------------------------------------
# Random numbers
# --------------------------------------------------------------------------------------


@each
def test_same_seed_gives_the_same_bits_whatever_was_trained_in_between(model, X):
    settings = {"noise": 0.1, "input_dropout": 0.2}
    first = fitted(model, X, **settings)
    fitted(model, X, random_state=7, **settings)
    fitted(model, X)
    again = fitted(model, X, **settings)
    assert_same_weights(first, again)
    assert_array_equal(first.transform(X), again.transform(X))
    assert_array_equal(first.score_samples(X), again.score_samples(X))
    assert differ(first, fitted(model, X, random_state=1, **settings))


@each
def test_global_random_numbers_stay_untouched(model, X):
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    fitted(model, X, noise=0.5).partial_fit(X).transform(X)
    assert (random.getstate(), str(np.random.get_state())) == before  # noqa: NPY002


# --------------------------------------------------------------------------------------
# A training that fails leaves the estimator as it was
# --------------------------------------------------------------------------------------

FAILURES = [
    ({"callbacks": Raise(RuntimeError("mine"))}, RuntimeError, "mine"),
    ({"optimizer": "sgd", "learning_rate": 1e25}, FloatingPointError, "learning_rate"),
]


@pytest.mark.parametrize(("data", "failure"), crossed(MODELS, FAILURES))
def test_failed_first_fit_leaves_nothing(data, failure):
    (model, X), (settings, error, message) = data, failure
    mine = clone(model).set_params(epochs=2, **settings)
    with pytest.raises(error, match=message):
        mine.fit(X)
    assert vars(mine) == mine.get_params()


@pytest.mark.parametrize(
    ("data", "failure", "warm_start"), crossed(MODELS, FAILURES, [False, True])
)
def test_failed_later_fit_leaves_what_was_learned(data, failure, warm_start):
    (model, X), (settings, error, message) = data, failure
    mine = fitted(model, X, warm_start=warm_start)
    known, codes, history = set(vars(mine)), mine.transform(X), mine.history_
    with pytest.raises(error, match=message):
        mine.set_params(epochs=2, **settings).fit(1.1 * X)
    assert set(vars(mine)) == known
    assert mine.history_ is history
    assert_array_equal(mine.transform(X), codes)


@each
def test_failed_partial_fit_uses_up_no_random_numbers_and_adds_no_statistics(model, X):
    stop = Raise(RuntimeError("mine"), epoch=0)
    mine, other = (clone(model).set_params(noise=0.5).partial_fit(X) for _ in range(2))
    with pytest.raises(RuntimeError, match="mine"):
        mine.set_params(callbacks=stop).partial_fit(3 * X)
    assert_array_equal(mine.scaling_.x_mean, other.scaling_.x_mean)
    mine.set_params(callbacks=None).partial_fit(X)
    assert_same_weights(mine, other.partial_fit(X))
