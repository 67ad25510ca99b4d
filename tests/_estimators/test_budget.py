from math import inf

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import Autoencoder, RNNClassifier, RNNRegressor
from skrnn._estimators.budget import choose_batch_size, choose_epochs
from tests.support.networks import X, Y, assert_same_weights, fitted, network

pytestmark = pytest.mark.short_fits


@pytest.mark.parametrize(
    ("n_samples", "batch_size", "epochs"),
    [
        (1, 16, 500),  # As many as for two samples, in batches of one sample.
        (16, 16, 2000),
        (1024, 16, 78),  # 5000 updates by 64 in an epoch.
        (2**14, 64, 27),  # 7000 updates by 256 in an epoch.
        (250_000, 128, 5),
        (10**7, 512, 1),
    ],
)
def test_auto_follows_from_the_number_of_samples(n_samples, batch_size, epochs):
    assert choose_batch_size("auto", n_samples) == batch_size
    assert choose_epochs("auto", n_samples, batch_size, at_most=inf) == epochs
    few = choose_epochs("auto", n_samples, batch_size, at_most=100)
    assert few == min(epochs, 100)


def test_numbers_of_updates_grow_slowly_and_batches_are_powers_of_two():
    sizes = np.unique(np.geomspace(2, 10**6, 200).astype(int))
    batches = [choose_batch_size("auto", size) for size in sizes]
    assert all(batch & (batch - 1) == 0 for batch in batches)
    assert batches == sorted(batches)
    updates = [
        choose_epochs("auto", size, batch, at_most=inf) * -(-size // batch)
        for size, batch in zip(sizes, batches, strict=True)
    ]
    assert_allclose(updates, 500 * np.log2(sizes), rtol=0.2)


@pytest.mark.parametrize(
    ("n_samples", "epochs"),
    [
        (178, 623),  # 3738 updates by 6 in an epoch, more than a hundred epochs make.
        (5_000, 100),  # 15 700 updates, between 6144 and eight times as many.
        (20_000, 91),  # 57 000 updates, eight times 7144.
        (10**7, 1),
    ],
)
def test_usual_number_of_epochs_lies_between_few_updates_and_many(n_samples, epochs):
    auto = choose_epochs("auto", n_samples, 32, at_most=inf, usual=100)
    assert auto == epochs


def test_numbers_that_are_given_are_kept():
    assert choose_batch_size(np.int8(100), 10**6) == 100
    assert choose_epochs(np.int8(100), 10**6, np.int8(100), at_most=50) == 100


@pytest.mark.parametrize("cls", [RNNRegressor, RNNClassifier])
def test_a_fit_by_auto_is_the_fit_by_the_numbers_that_follow(cls, monkeypatch):
    monkeypatch.setattr("skrnn._estimators.budget.UPDATES_PER_DOUBLING", 1)
    y = Y if cls is RNNRegressor else Y > 30
    settings = {"learning_rate": 0.05, "validation_split": 0.1}
    auto = network(cls, epochs="auto", batch_size="auto", **settings).fit(X, y)
    # Of 18 samples 16 are trained on: 4 updates by a single batch.
    assert (auto.n_iter_, auto.batch_size_, auto.n_updates_) == (4, 16, 4)
    assert_same_weights(
        auto, network(cls, epochs=4, batch_size=16, **settings).fit(X, y)
    )


def test_few_windows_are_seen_at_most_a_hundred_times():
    assert fitted(epochs="auto", batch_size=18).n_iter_ == 100


def test_updates_are_those_made_when_training_stops_early():
    stopped = fitted(
        epochs=9, batch_size=6, early_stopping=True, patience=1, learning_rate=1e-12
    )
    assert stopped.n_iter_ < 9
    assert stopped.n_updates_ == 3 * stopped.n_iter_


def test_the_learning_rate_falls_anew_in_each_fit_and_stays_in_partial_fit():
    settings = {"learning_rate": 0.4, "learning_rate_decay": "linear"}
    model = fitted(batch_size=9, warm_start=True, **settings)
    # Two epochs of two updates: 0.4, 0.3, 0.2, 0.1.
    assert_allclose(model.history_["learning_rate"], [0.3, 0.1])
    assert_allclose(model.fit(X, Y).history_["learning_rate"], [0.3, 0.1])
    model.partial_fit(X, Y)
    assert_allclose(model.history_["learning_rate"], [0.3, 0.1, 0.4])


def test_partial_fit_keeps_the_optimizer_where_the_learning_rate_falls():
    settings = {"learning_rate_decay": "cosine", "shuffle": False, "batch_size": 5}
    parts = network(**settings).partial_fit(X, Y).partial_fit(X, Y)
    plain = network(shuffle=False, batch_size=5).partial_fit(X, Y).partial_fit(X, Y)
    assert_same_weights(parts, plain, atol=1e-6)


def test_partial_fit_starts_an_optimizer_afresh_whose_learning_rate_begins_to_fall():
    model = fitted(shuffle=False).set_params(learning_rate_decay="cosine")
    warm = fitted(shuffle=False, warm_start=True).set_params(epochs=1)
    assert_same_weights(model.partial_fit(X, Y), warm.fit(X, Y), atol=1e-6)


def test_a_stateful_network_needs_a_size_of_its_batches():
    with pytest.raises(ValueError, match="batch_size must be an integer with stateful"):
        fitted(stateful=True, batch_size="auto")
    model = fitted(stateful=True, batch_size=9, learning_rate_decay="linear")
    assert_allclose(model.history_["learning_rate"], [7.5e-4, 2.5e-4])


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", "many"), ("learning_rate_decay", "step"), ("clipnorm", 0.0)],
)
def test_other_words_and_numbers_are_refused(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        fitted(**{name: value})


def test_gradients_are_clipped():
    # An outlier whose gradient would be the whole step.
    y = Y.copy()
    y[3] += 1e6
    steps = [
        fitted(y=y, optimizer="sgd", epochs=1, clipnorm=norm, warm_start=True)
        for norm in (None, 1e-9)
    ]
    still = fitted(y=y, optimizer="sgd", epochs=1, learning_rate=1e-12)
    assert_same_weights(steps[1], still, atol=1e-8)
    assert not np.allclose(steps[0].weights_[0], still.weights_[0], atol=1e-8)


def test_a_linear_autoencoder_as_it_comes_finds_the_principal_components():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(150, 3)) @ rng.normal(size=(3, 6))
    rows += 0.3 * rng.normal(size=rows.shape)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    left = np.linalg.svd(rows, compute_uv=False)[2:]
    by_components = (left**2).sum() / rows.size
    copier = Autoencoder(2, random_state=0).fit(rows)
    error = np.square(rows - copier.reconstruct(rows)).mean()
    assert by_components < error < 1.02 * by_components
