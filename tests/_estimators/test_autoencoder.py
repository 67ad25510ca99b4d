import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import subspace_angles
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skrnn import Autoencoder
from skrnn._engine.tensorflow import keras
from tests.support.cells import relu, sigmoid

pytestmark = pytest.mark.short_fits

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 3)) @ RNG.normal(size=(3, 5)) * [1, 10, 1, 0.1, 1] + 7
FRAME = pd.DataFrame(
    X, columns=list("abcde"), index=pd.date_range("2026-01-01", periods=40, tz="UTC")
)


def fitted(X=X, n_components=2, **parameters):
    settings = {"epochs": 2, "random_state": 0, **parameters}
    return Autoencoder(n_components, **settings).fit(X)


# --------------------------------------------------------------------------------------
# Codes and copies, by matrix products
# --------------------------------------------------------------------------------------


def scaled(X_train, X):
    return (X - X_train.mean(axis=0)) / X_train.std(axis=0)


def layers(rows, weights, activations):
    pairs = zip(weights[::2], weights[1::2], strict=True)
    for (kernel, bias), activation in zip(pairs, activations, strict=True):
        rows = activation(rows @ kernel + bias)
    return rows


def linear(rows):
    return rows


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("parameters", "encoding", "decoding"),
    [
        ({}, [linear], [linear]),
        ({"code_activation": "sigmoid"}, [sigmoid], [linear]),
        ({"hidden_layer_sizes": 4}, [relu, linear], [relu, linear]),
        (
            {"hidden_layer_sizes": (4, 3), "activation": "tanh"},
            [np.tanh, np.tanh, linear],
            [np.tanh, np.tanh, linear],
        ),
    ],
    ids=["linear", "sigmoid code", "a hidden layer", "two hidden layers"],
)
def test_codes_and_copies_are_matrix_products(parameters, encoding, decoding):
    model = fitted(learning_rate=0.1, **parameters)
    weights = [weight.astype(float) for weight in model.weights_]
    half = 2 * len(encoding)
    codes = layers(scaled(X, X), weights[:half], encoding)
    copies = layers(codes, weights[half:], decoding)
    assert_allclose(model.transform(X), codes, rtol=1e-4, atol=1e-5)
    assert_allclose(scaled(X, model.reconstruct(X)), copies, rtol=1e-4, atol=1e-5)
    widths = [weight.shape[1] for weight in weights[::2]]
    assert widths == [*widths[: half // 2 - 1], 2, *widths[: half // 2 - 1][::-1], 5]


@pytest.mark.untrained
def test_tied_decoder_uses_the_transposed_kernels():
    model = fitted(hidden_layer_sizes=(4, 3), tied=True, learning_rate=0.1)
    kernels, biases = model.weights_[:6:2], model.weights_[6:]
    assert [kernel.shape for kernel in kernels] == [(5, 4), (4, 3), (3, 2)]
    assert [bias.shape for bias in biases] == [(3,), (4,), (5,)]
    codes = model.transform(X)
    steps = codes
    for kernel, bias, activation in zip(
        kernels[::-1], biases, [relu, relu, linear], strict=True
    ):
        steps = activation(steps @ kernel.T + bias)
    copies = steps * X.std(axis=0) + X.mean(axis=0)
    assert_allclose(model.inverse_transform(codes), copies, rtol=1e-5)


@pytest.mark.untrained
def test_copies_are_decoded_codes():
    model = fitted()
    decoded = model.inverse_transform(model.transform(X))
    assert_allclose(model.reconstruct(X), decoded, rtol=1e-5)


@pytest.mark.untrained
@pytest.mark.parametrize("standardize", [True, False])
def test_score_is_minus_the_squared_error_on_the_scale_of_training(standardize):
    model = fitted(standardize=standardize)
    scale = X.std(axis=0) if standardize else 1
    errors = (((X - model.reconstruct(X)) / scale) ** 2).mean(axis=1)
    assert_allclose(model.score_samples(X), -errors, rtol=1e-4)
    assert_allclose(model.score(X), -errors.mean(), rtol=1e-4)


def test_a_constant_column_is_copied():
    constant = X.copy()
    constant[:, 1] = 3.0
    model = fitted(constant, learning_rate=0.02, epochs=200)
    assert_allclose(model.reconstruct(constant)[:, 1], 3, atol=0.1)


@pytest.mark.untrained
def test_large_values_lose_nothing():
    model, far = fitted(), fitted(X + 1e7)
    assert_allclose(far.transform(X + 1e7), model.transform(X), atol=1e-4)
    assert_allclose(far.reconstruct(X + 1e7) - 1e7, model.reconstruct(X), atol=1e-3)


# --------------------------------------------------------------------------------------
# Containers
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_codes_have_the_precision_of_the_rows(dtype):
    codes = fitted(X.astype(dtype)).transform(X.astype(dtype))
    assert (codes.shape, codes.dtype) == ((40, 2), dtype)


@pytest.mark.untrained
def test_frames_have_names_and_the_index_of_the_rows():
    model = Autoencoder(2, epochs=1, random_state=0).set_output(transform="pandas")
    codes = model.fit_transform(FRAME)
    assert list(codes.columns) == ["autoencoder0", "autoencoder1"]
    assert list(model.get_feature_names_out()) == list(codes.columns)
    pd.testing.assert_index_equal(codes.index, FRAME.index)
    shuffled = FRAME.sample(frac=0.5, random_state=0)
    again = model.transform(shuffled)
    pd.testing.assert_frame_equal(again, codes.loc[shuffled.index], check_freq=False)


# --------------------------------------------------------------------------------------
# Keras models
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("parameters", [{}, {"tied": True, "hidden_layer_sizes": 4}])
def test_keras_models_read_and_give_the_units_of_the_data(parameters):
    model = fitted(X + 1e6, **parameters)
    copies, codes = model.reconstruct(X + 1e6), model.transform(X + 1e6)
    whole = model.to_keras()
    # Called, because Keras's own `predict` rounds its input to float32.
    assert_allclose(whole(X + 1e6), copies, rtol=0, atol=1e-4)
    assert_allclose(model.encoder_(X + 1e6), codes, rtol=1e-4, atol=1e-5)
    assert_allclose(model.decoder_(codes), copies, rtol=0, atol=1e-4)
    encoded = whole.get_layer("encoder")(X + 1e6)
    assert_allclose(whole.get_layer("decoder")(encoded), copies, rtol=0, atol=1e-4)


# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------


def replaced(value):
    array = FRAME.copy()
    array.iloc[3, 1] = value
    return array


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (replaced(np.nan), "contains NaN in column 'b'.*SimpleImputer"),
        (replaced(np.inf), "infinity .*column 'b'"),
        (replaced(np.nan).to_numpy(), "contains NaN in column 1"),
        (FRAME["a"], "use X.to_frame"),
        (X[:1], "minimum of 2 is required"),
        (X[:, None, :], "dim 3"),
        (FRAME.assign(b="text"), "Column 'b' of X has dtype"),
    ],
    ids=["NaN", "infinity", "NaN of an array", "Series", "one row", "windows", "text"],
)
def test_rows_that_cannot_be_learned_from(rows, message):
    model = Autoencoder(2, epochs=1)
    with pytest.raises(ValueError, match=message):
        model.fit(rows)
    assert vars(model) == model.get_params()


@pytest.mark.untrained
def test_rows_of_another_kind_are_not_encoded():
    model = fitted(FRAME)
    for method in (model.transform, model.reconstruct, model.score_samples):
        with pytest.raises(ValueError, match="contains NaN in column 'b'"):
            method(replaced(np.nan))
        with pytest.raises(ValueError, match="feature names"):
            method(FRAME.rename(columns={"b": "z"}))
    with pytest.raises(ValueError, match="X has 4 features, but Autoencoder"):
        fitted().transform(X[:, :4])


@pytest.mark.untrained
@pytest.mark.parametrize("n_columns", [1, 3])
def test_codes_of_another_length_are_not_decoded(n_columns):
    with pytest.raises(ValueError, match="n_components=2 columns, as transform"):
        fitted().inverse_transform(np.zeros((3, n_columns)))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("n_components", 0),
        ("n_components", 1.5),
        ("hidden_layer_sizes", 0),
        ("hidden_layer_sizes", (3, 0)),
        ("hidden_layer_sizes", ("a",)),
        ("activation", "than"),
        ("code_activation", "than"),
        ("noise", -0.1),
        ("input_dropout", 1.0),
        ("sparsity", -1),
        ("tied", "yes"),
        ("l2", -1),
        ("standardize", 2),
        ("loss", "meen"),
        ("learning_rate", 0),
        ("epochs", 0),
        ("validation_split", 0.99),
    ],
)
def test_parameters_that_cannot_work_are_named(parameter, value):
    model = Autoencoder(2, epochs=1).set_params(**{parameter: value})
    with pytest.raises(ValueError, match=parameter):
        model.fit(X)
    assert not hasattr(model, "weights_")


# --------------------------------------------------------------------------------------
# What is learned, beside principal components
# --------------------------------------------------------------------------------------

# For a linear autoencoder of unscaled rows, in seconds: larger batches and steps than
# the default, and more of them.
LINEAR = {
    "standardize": False,
    "batch_size": 128,
    "learning_rate": 3e-3,
    "epochs": 1000,
    "random_state": 0,
}
PCA_ERRORS = {8: 0.0249, 16: 0.0119}


@pytest.fixture(scope="module")
def digits():
    return train_test_split(load_digits().data / 16, test_size=0.25, random_state=0)


def pca_error(n_components, train, test, spoilt=None):
    pca = PCA(n_components).fit(train)
    codes = pca.transform(test if spoilt is None else spoilt)
    return ((test - pca.inverse_transform(codes)) ** 2).mean()


def largest_angle(model, train):
    """Angle in degrees between what the decoder and the components span."""
    kernel = model.weights_[0] if model.tied else model.weights_[2].T
    pca = PCA(model.n_components).fit(train)
    return np.degrees(subspace_angles(kernel, pca.components_.T)).max()


@pytest.mark.slow
@pytest.mark.exhaustive  # Of few points in the plane below in each run.
@pytest.mark.parametrize(("n_components", "tied"), [(8, True), (16, False)])
def test_linear_autoencoder_is_as_good_as_principal_components(
    n_components, tied, digits
):
    train, test = digits
    model = Autoencoder(n_components, tied=tied, **LINEAR).fit(train)
    expected = pca_error(n_components, train, test)
    assert_allclose(expected, PCA_ERRORS[n_components], atol=5e-5)
    assert_allclose(-model.score(test), expected, rtol=0.01)
    assert largest_angle(model, train) < 5


@pytest.mark.parametrize("tied", [False, True])
def test_points_near_a_plane_are_projected_onto_it(tied):
    rng = np.random.default_rng(4)
    plane, _ = np.linalg.qr(rng.normal(size=(3, 2)))
    points = rng.normal(size=(60, 2)) @ plane.T + 0.05 * rng.normal(size=(60, 3))
    settings = {**LINEAR, "learning_rate": 0.1, "batch_size": 60, "tied": tied}
    model = Autoencoder(2, **settings).fit(points)
    assert_allclose(-model.score(points), pca_error(2, points, points), rtol=0.01)
    assert largest_angle(model, points) < 0.1


@pytest.mark.slow
def test_deep_autoencoder_halves_the_error_of_principal_components(digits):
    train, test = digits
    model = Autoencoder(
        8, hidden_layer_sizes=(256, 128), standardize=False, epochs=100, random_state=0
    ).fit(train)
    assert -model.score(test) < 0.5 * pca_error(8, train, test)


@pytest.mark.slow
def test_denoising_brings_noisy_rows_closer_to_the_clean_ones(digits):
    train, test = digits
    noisy = test + np.random.default_rng(0).normal(scale=0.3, size=test.shape)
    settings = {"hidden_layer_sizes": 64, "standardize": False, "random_state": 0}
    model = Autoencoder(16, noise=0.3, epochs=60, **settings).fit(train)
    error = ((test - model.reconstruct(noisy)) ** 2).mean()
    assert error < 0.35 * ((test - noisy) ** 2).mean()
    pca = min(pca_error(k, train, test, noisy) for k in range(2, 40, 2))
    assert error < 0.85 * pca


@pytest.mark.slow
def test_sparsity_leaves_few_entries_of_a_code_far_from_zero(digits):
    train, test = digits
    shares = []
    for sparsity in (0.0, 1e-3, 1e-2):
        model = Autoencoder(
            16, code_activation="relu", sparsity=sparsity, standardize=False,
            epochs=20, random_state=0,
        )  # fmt: skip
        codes = model.fit(train).transform(test)
        shares.append((np.abs(codes) < 0.01).mean())
    assert (np.diff(shares) > 0.05).all()
    assert shares[2] > 0.5


@pytest.mark.compiled  # Fits of more and of fewer updates are compared.
def test_a_schedule_of_learning_rates_comes_with_an_optimizer():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=3 * 2)
    settings = {"optimizer": keras.optimizers.Adam(schedule), "shuffle": False}
    three = fitted(epochs=3, **settings)
    # At the end of the schedule the learning rate is 0.
    four = fitted(epochs=4, **settings)
    for one, other in zip(three.weights_, four.weights_, strict=True):
        assert_array_equal(one, other)


# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({}, (9, 4, 3), "pass windows to RecurrentAutoencoder"),
        ({"metrics": ["accuracy"]}, (9, 4), "metrics must compare numbers"),
        (
            {"loss": keras.losses.MeanSquaredError(reduction="sum")},
            (9, 4),
            "loss must give one number for each sample",
        ),
    ],
)
def test_what_cannot_be_copied_or_compared_is_refused(settings, shape, message):
    autoencoder = Autoencoder(epochs=1, **settings)
    with pytest.raises(ValueError, match=message):
        autoencoder.fit(np.random.default_rng(0).normal(size=shape))
    assert not hasattr(autoencoder, "weights_")
