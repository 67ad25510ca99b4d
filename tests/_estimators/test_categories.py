import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    RecurrentAutoencoder,
    RNNRegressor,
    SlidingWindow,
)
from skrnn._networks.description import RecurrentNetwork
from skrnn._windows.windows import windows_of
from tests.support.cells import run_by_hand
from tests.support.exhaustive import first_of_many
from tests.support.networks import STILL, assert_same_weights, fitted, network

pytestmark = pytest.mark.short_fits

RNG = np.random.RandomState(0)
N = 60
NUMBERS = RNG.normal(size=(N, 4, 2)) * [3.0, 0.2] + [10.0, -1.0]
OF_SAMPLES = RNG.randint(4, size=(N, 1, 1)).repeat(4, axis=1)
OF_STEPS = RNG.randint(3, size=(N, 4, 1))
# Features in this order: a code, a number, another code, another number.
X = np.concatenate([OF_SAMPLES, NUMBERS[:, :, :1], OF_STEPS, NUMBERS[:, :, 1:]], axis=2)
Y = NUMBERS[:, -1, 0] * np.array([1.0, -1.0, 2.0, 0.5])[OF_SAMPLES[:, 0, 0]]


def coded(cls=RNNRegressor, *, X=X, y=Y, **parameters):
    settings = {"categories": {0: 2, 2: 3}, "epochs": 1, "predict_backend": "numpy"}
    return fitted(cls, X=X, y=y, **settings | parameters)


def one_hot(X):
    """Scaled numbers, then a column of zeros and ones for each code and for others."""
    numbers = (NUMBERS - NUMBERS.mean(axis=(0, 1))) / NUMBERS.std(axis=(0, 1))
    first, second = (
        np.eye(n + 1)[np.where((codes >= 0) & (codes < n), codes, n).astype(int)]
        for n, codes in ((4, X[:, :, 0]), (3, X[:, :, 2]))
    )
    return np.concatenate([numbers, first, second], axis=2)


@pytest.mark.untrained
@pytest.mark.parametrize("backend", ["numpy", "tensorflow"])
@pytest.mark.parametrize(
    "cls", first_of_many([GRURegressor, RNNRegressor, LSTMRegressor])
)
def test_embeddings_are_kernels_of_one_hot_columns(cls, backend):
    model = coded(cls, predict_backend=backend)
    other = X.copy()
    other[:5, :, 0], other[3:8, 1, 2], other[7:9, 2, 2] = 9, np.nan, -1
    first, second, kernel, *others = model.weights_
    joined = [kernel[:2], first @ kernel[2:4], second @ kernel[4:]]
    cell = {RNNRegressor: "rnn", LSTMRegressor: "lstm", GRURegressor: "gru"}[cls]
    plain = RecurrentNetwork(cell, 4, 2 + 5 + 4, 1, (2,))
    expected = run_by_hand(plain, [np.concatenate(joined), *others], one_hot(other))
    expected = expected[:, 0] * Y.std() + Y.mean()
    assert_allclose(model.predict(other), expected, rtol=0, atol=1e-5 * Y.std())


def test_the_code_alone_can_decide_the_target():
    data = (
        OF_SAMPLES.astype(float),
        np.array([3.0, -2.0, 0.0, 1.0])[OF_SAMPLES[:, 0, 0]],
    )
    settings = {"epochs": 60, "learning_rate": 0.05, "random_state": 0}
    model = GRURegressor(2, **settings, categories={0: "auto"})
    assert model.fit(*data).score(*data) > 0.99
    labels = np.array(["b", "a", "b", "a"])[OF_SAMPLES[:, 0, 0]]
    classifier = GRUClassifier(2, **settings, categories={0: "auto"})
    assert classifier.fit(data[0], labels).score(data[0], labels) == 1.0


def test_gradients_of_an_embedding_are_summed_before_they_are_clipped():
    # One step of plain gradient descent, of which the rate and the limit are known.
    settings = {"optimizer": "sgd", "batch_size": N, "epochs": 1, "learning_rate": 1.0}
    still = coded(**STILL, batch_size=N).weights_[:2]
    free = coded(**settings).weights_[:2]
    clipped = coded(**settings, clipnorm=1e-3).weights_[:2]
    for start, ours, theirs in zip(still, clipped, free, strict=True):
        # The last row, of codes not seen, follows the others.
        step, gradient = (ours - start)[:-1], (theirs - start)[:-1]
        expected = 1e-3 * gradient / np.linalg.norm(gradient)
        assert_allclose(step, expected, rtol=0, atol=1e-7)


def test_codes_that_were_not_seen_get_the_mean_of_the_embedding():
    seen = X.copy()
    seen[:, :, 0] = np.where(seen[:, :, 0] == 1, 5, seen[:, :, 0])
    model = coded(X=seen, epochs=3)
    table = model.weights_[0]
    assert table.shape == (7, 2)
    mean = table[[0, 2, 3, 5]].mean(axis=0)
    assert_allclose(table[[1, 4, 6]], np.broadcast_to(mean, (3, 2)), rtol=1e-6)
    answers = []
    for code in (1, 4, 6, 1000, -1, np.nan):
        seen[:, :, 0] = code
        answers.append(model.predict(seen))
    for answer in answers[1:]:
        assert_array_equal(answer, answers[0])


def test_codes_of_samples_without_weight_do_not_count():
    left_out = X[:2].copy()
    left_out[..., 0] = 2**30
    models = [
        coded(X=windows, y=y, categories={0: "auto"}, sample_weight=weights)
        for windows, y, weights in (
            (X, Y, np.ones(N)),
            (np.concatenate([X, left_out]), [*Y, 0, 0], [*np.ones(N), 0, 0]),
        )
    ]
    assert_same_weights(*models)


def test_missing_codes_that_were_trained_on_keep_what_they_learned():
    missing = X.copy()
    missing[::3, :, 0] = np.nan
    table = coded(X=missing, epochs=3, learning_rate=0.05).weights_[0]
    assert np.abs(table[-1] - table[:-1].mean(axis=0)).max() > 1e-3


@pytest.mark.untrained
def test_a_step_with_a_code_alone_is_observed_and_one_without_is_skipped():
    model = coded()
    alone, empty = X[:1].copy(), X[:1].copy()
    alone[0, 2] = [1, np.nan, np.nan, np.nan]
    empty[0, 2] = np.nan
    filled = alone.copy()
    filled[0, 2, [1, 3]] = NUMBERS.mean(axis=(0, 1))
    assert_allclose(model.predict(alone), model.predict(filled), rtol=1e-6)
    for X_one in (alone, filled, empty):
        compiled = model.set_params(predict_backend="tensorflow").predict(X_one)
        by_numpy = model.set_params(predict_backend="numpy").predict(X_one)
        assert_allclose(compiled, by_numpy, rtol=1e-5)
    # A step that is skipped is as if it were not there.
    shorter = np.delete(empty, 2, axis=1)
    steps = model._network, model.weights_
    outputs = [
        run_by_hand(*steps, model.scaling_.scale_windows(windows_of(each)).gather())
        for each in (empty, shorter)
    ]
    assert_allclose(*outputs)


def test_codes_are_neither_scaled_nor_part_of_the_linear_map():
    model = coded(linear_path=True, **STILL)
    assert_array_equal(model.scaling_.x_mean[[0, 2]], 0)
    assert_array_equal(model.scaling_.x_scale[[0, 2]], 1)
    plain = fitted(X=NUMBERS, y=Y, linear_path=True, **STILL)
    assert_allclose(model.weights_[-2], plain.weights_[-2], rtol=1e-4, atol=1e-6)
    assert model.weights_[-2].shape == (8, 1)


def test_later_chunks_keep_what_earlier_ones_learned_of_other_codes():
    model = network(categories={0: 2, 2: "auto"})
    parts = [np.isin(X[:, 0, 0], codes) for codes in ([0, 1, 3], [0], [2, 3])]
    model.partial_fit(X[parts[0]], Y[parts[0]])
    before = model.weights_[0].copy()
    assert_allclose(before[2], before[[0, 1, 3]].mean(axis=0), rtol=1e-6)
    model.partial_fit(X[parts[1]], Y[parts[1]])
    # The optimizer's momentum moves all rows that have moved before.
    assert np.abs(model.weights_[0][1] - before[1]).max() < 0.01
    model.partial_fit(X[parts[2]], Y[parts[2]])
    assert model.weights_[0].shape == before.shape
    assert model._seen_codes[0].tolist() == [True] * 4 + [False]


@pytest.mark.parametrize(
    "parameters", first_of_many([{}, {"segment": 2}, {"n_networks": 2}])
)
def test_windows_that_share_rows_train_the_same(parameters):
    rows = np.column_stack([np.arange(30) // 5, np.sin(np.arange(30))])
    views = SlidingWindow(4).fit_transform(rows)
    laid_out = np.array(views)
    models = [
        network(categories={0: 2}, **parameters).fit(windows, rows[:, 1])
        for windows in (views, laid_out)
    ]
    for ours, theirs in zip(models[0].weights_, models[1].weights_, strict=True):
        assert_array_equal(ours, theirs)


def test_features_can_share_an_embedding():
    both = np.concatenate([OF_STEPS, NUMBERS, OF_STEPS + 1], axis=2).astype(float)
    model = fitted(X=both, y=Y, categories={(3, 0): 2})
    assert model.weights_[0].shape == (5, 2)
    assert model._network.layers[1].shape == (4, 4)
    swapped = fitted(X=both[:, :, [3, 1, 2, 0]], y=Y, categories={(0, 3): 2})
    assert_array_equal(model.predict(both), swapped.predict(both[:, :, [3, 1, 2, 0]]))


@pytest.mark.parametrize(
    ("categories", "error", "words"),
    [
        ({4: 2}, ValueError, "from 0 to 3. Got 4"),
        ({-1: 2}, ValueError, "from 0 to 3. Got -1"),
        ({0: 2, (0, 2): 2}, ValueError, "each feature once. Got 0 again"),
        ({(0, 0): 2}, ValueError, "each feature once. Got 0 again"),
        ({0: 0}, ValueError, "Got 0 for feature 0"),
        ({0: "wide"}, ValueError, "Got 'wide' for feature 0"),
        ({"store": 2}, TypeError, "Got 'store' instead"),
        ({1: 2}, ValueError, "names feature 1 of X, which must hold codes"),
    ],
)
def test_categories_that_are_none_are_refused(categories, error, words):
    with pytest.raises(error, match=words):
        coded(categories=categories)


@pytest.mark.untrained
def test_codes_to_predict_must_be_whole_numbers():
    halves = X.copy()
    halves[3, 1, 2] = 0.5
    with pytest.raises(ValueError, match=r"feature 2 of X.* Got 0\.5"):
        coded().predict(halves)


@pytest.mark.untrained
def test_what_cannot_read_codes_is_refused():
    with pytest.raises(ValueError, match="linear_path must be False if all features"):
        coded(X=X[:, :, [0]], categories={0: 2}, linear_path=True)
    encoder = RecurrentAutoencoder(1, units=2, cell="rnn", epochs=1).fit(X)
    with pytest.raises(ValueError, match="categories must be None with pretrained"):
        coded(pretrained=encoder)
    with pytest.raises(ValueError, match="Got 3000000"):
        coded(X=np.where(X == 3, 3e6, X))
