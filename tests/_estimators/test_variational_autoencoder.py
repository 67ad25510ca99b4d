import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from skrnn import VariationalAutoencoder
from tests.support.cells import relu

pytestmark = pytest.mark.short_fits

RNG = np.random.default_rng(0)
# Three sources behind six columns, and noise.
X = 5 + RNG.normal(size=(2000, 3)) @ RNG.normal(size=(3, 6))
X += 0.5 * RNG.normal(size=(2000, 6))
FEW = X[:40]


def fitted(X=FEW, n_components=2, **parameters):
    settings = {"epochs": 2, "random_state": 0, **parameters}
    return VariationalAutoencoder(n_components, **settings).fit(X)


@pytest.fixture(scope="module")
def linear():
    """A linear network that has learned X."""
    settings = {"learning_rate": 0.01, "batch_size": 128, "epochs": 100}
    return fitted(X, 3, **settings)


# --------------------------------------------------------------------------------------
# Codes, copies and their spread
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
def test_codes_have_a_mean_and_a_spread_from_the_encoder():
    model = fitted(hidden_layer_sizes=4, learning_rate=0.1)
    W, b, V, c, *decoder, log_variance = model.weights_
    rows = (FEW - FEW.mean(axis=0)) / FEW.std(axis=0)
    both = relu(rows @ W + b) @ V + c
    mean, std = model.transform(FEW, return_std=True)
    assert_allclose(mean, both[:, :2], rtol=1e-4, atol=1e-5)
    bounded = 40 / np.pi * np.arctan(np.pi / 40 * both[:, 2:])
    assert_allclose(std, np.exp(bounded / 2), rtol=1e-4)
    assert_array_equal(model.transform(FEW), mean)
    assert_allclose(model.noise_variance_, np.exp(log_variance), rtol=1e-6)
    assert len(decoder) == 4


@pytest.mark.untrained
def test_the_spread_of_far_codes_is_the_largest_that_the_network_draws_with():
    model = fitted(hidden_layer_sizes=4, learning_rate=0.1)
    _, std = model.transform(FEW * 1e9, return_std=True)
    assert (std >= np.exp(-10)).all()
    assert (std <= np.exp(10)).all()


@pytest.mark.untrained
def test_copies_are_those_of_the_means():
    model = fitted(learning_rate=0.1)
    decoded = model.inverse_transform(model.transform(FEW))
    assert_allclose(model.reconstruct(FEW), decoded, rtol=1e-5)
    assert_array_equal(model.reconstruct(FEW), model.reconstruct(FEW))


@pytest.mark.untrained
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_means_and_spreads_have_the_precision_of_the_rows(dtype):
    for codes in fitted().transform(FEW.astype(dtype), return_std=True):
        assert (codes.shape, codes.dtype) == ((40, 2), dtype)


@pytest.mark.untrained
def test_frames_of_means_are_on_the_index_of_the_rows():
    index = pd.date_range("2026-01-01", periods=40)
    model = VariationalAutoencoder(2, epochs=1).set_output(transform="pandas")
    codes = model.fit_transform(pd.DataFrame(FEW, index=index, columns=list("abcdef")))
    names = ["variationalautoencoder0", "variationalautoencoder1"]
    assert list(codes.columns) == names
    pd.testing.assert_index_equal(codes.index, index)


@pytest.mark.untrained
def test_keras_models_encode_by_the_mean():
    model = fitted()
    assert_allclose(model.encoder_(FEW), model.transform(FEW), rtol=1e-4, atol=1e-5)
    assert_allclose(model.to_keras()(FEW), model.reconstruct(FEW), rtol=1e-5)


# --------------------------------------------------------------------------------------
# The loss
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_terms_of_the_loss_add_up(beta):
    history = fitted(beta=beta, validation_split=0.25, epochs=3).history_
    terms = {"loss", "reconstruction_loss", "kl_loss"}
    assert history.keys() == terms | {f"val_{term}" for term in terms}
    for prefix in ("", "val_"):
        reconstruction = np.array(history[f"{prefix}reconstruction_loss"])
        kl = np.array(history[f"{prefix}kl_loss"])
        assert_allclose(history[f"{prefix}loss"], reconstruction + beta * kl, rtol=1e-5)
        assert (kl > 0).all()


def test_l2_counts_beside_the_terms():
    settings = {"l2": 0.1, "learning_rate": 1e-12, "optimizer": "sgd", "epochs": 1}
    model = fitted(**settings)
    history = {name: values[0] for name, values in model.history_.items()}
    squares = sum((kernel**2).sum() for kernel in model.weights_[:4:2])
    terms = history["reconstruction_loss"] + history["kl_loss"]
    assert_allclose(history["loss"], terms + 0.1 * squares, rtol=1e-5)


def test_more_beta_makes_codes_that_say_less():
    settings = {"learning_rate": 0.02, "epochs": 30}
    small, large = (
        fitted(X[:200], beta=beta, **settings).history_["kl_loss"][-1]
        for beta in (0.1, 10.0)
    )
    assert small > 2 * large


def test_training_comes_back_from_codes_of_extreme_spread():
    # Far from 0 the first codes have log variances beyond the bound, of either sign.
    far = 100 + 2 * RNG.normal(size=(200, 6))
    settings = {"standardize": False, "learning_rate": 0.01, "epochs": 60}
    divergences = fitted(far, **settings).history_["kl_loss"]
    assert divergences[0] > 1e6
    assert divergences[-1] < 1e-3 * divergences[0]


def test_exact_copies_do_not_send_the_loss_to_minus_infinity():
    same = np.tile(FEW[:1], (40, 1))
    model = fitted(same, learning_rate=0.5, epochs=100)
    assert np.isfinite(model.loss_curve_).all()
    assert 5e-7 < model.noise_variance_ < 1e-2


# --------------------------------------------------------------------------------------
# The linear network is probabilistic principal component analysis
# --------------------------------------------------------------------------------------


def test_linear_decoder_spans_the_principal_components(linear):
    pca = PCA(3).fit((X - X.mean(axis=0)) / X.std(axis=0))
    angles = subspace_angles(linear.weights_[2].T, pca.components_.T)
    assert np.degrees(angles).max() < 2
    assert_allclose(linear.noise_variance_, pca.noise_variance_, rtol=0.04)


def test_loss_is_near_the_likelihood_of_principal_components(linear):
    rows = (X - X.mean(axis=0)) / X.std(axis=0)
    # The bound is tight for a linear network; codes are drawn once for each row.
    expected = -PCA(3).fit(rows).score(rows)
    assert_allclose(np.mean(linear.loss_curve_[-10:]), expected, atol=0.05)


def test_samples_have_the_mean_and_the_covariance_of_the_rows(linear):
    new = linear.sample(20_000, random_state=0)
    assert (np.abs(new.mean(axis=0) - X.mean(axis=0)) < 0.05 * X.std(axis=0)).all()
    covariance = np.cov(X.T)
    difference = np.linalg.norm(np.cov(new.T) - covariance)
    assert difference < 0.08 * np.linalg.norm(covariance)


def test_samples_without_noise_vary_by_the_noise_less(linear):
    with_noise = linear.sample(20_000, random_state=0)
    without = linear.sample(20_000, random_state=0, add_noise=False)
    noise = (with_noise - without) / X.std(axis=0)
    assert_allclose(noise.var(axis=0), linear.noise_variance_, rtol=0.05)
    # They lie in the space of the three components.
    singular = np.linalg.svd(without - without.mean(axis=0), compute_uv=False)
    assert (singular[3:] < 1e-4 * singular[0]).all()


# --------------------------------------------------------------------------------------
# Drawing rows
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
def test_samples_depend_on_the_seed_alone():
    model = fitted()
    first = model.sample(5, random_state=3)
    assert first.shape == (5, 6)
    model.sample(7)
    assert_array_equal(model.sample(5, random_state=3), first)
    generator = np.random.RandomState(3)
    assert_array_equal(model.sample(5, generator), first)
    assert (model.sample(5, generator) != first).all()
    assert model.sample().shape == (1, 6)


@pytest.mark.untrained
@pytest.mark.parametrize("standardize", [True, False])
def test_constant_columns_stay_constant_in_samples(standardize):
    constant = np.column_stack([FEW, np.full(len(FEW), 0.1), np.zeros(len(FEW))])
    model = fitted(constant, standardize=standardize)
    for add_noise in (True, False):
        new = model.sample(5, random_state=0, add_noise=add_noise)
        assert_array_equal(new[:, -2:], [[0.1, 0.0]] * 5)
        assert (new[:, :-2].std(axis=0) > 0).all()


@pytest.mark.untrained
@pytest.mark.parametrize("n_samples", [0, -1, 2.0, "a"])
def test_number_of_samples_is_a_count(n_samples):
    with pytest.raises(ValueError, match="n_samples must be an integer of at least 1"):
        fitted().sample(n_samples)


@pytest.mark.parametrize(("parameter", "value"), [("beta", -1), ("beta", "a")])
def test_parameters_that_cannot_work_are_named(parameter, value):
    with pytest.raises(ValueError, match=parameter):
        fitted(**{parameter: value})


def test_missing_values_are_refused_with_a_way_out():
    holed = FEW.copy()
    holed[0, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN in column 2 .*SimpleImputer"):
        fitted(holed)
