import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import (
    Autoencoder,
    RNNRegressor,
    VariationalAutoencoder,
)
from skrnn._engine.tensorflow import keras
from tests.support.autoencoders import (
    GAPPY,
    ROWS,
    SETTINGS,
    STILL,
    WINDOWS,
    rows_autoencoder,
    windows_autoencoder,
)
from tests.support.exhaustive import first_of_many
from tests.support.samples import a_batch_callback

RNG = np.random.default_rng(0)


def r_squared(true, predicted):
    """Mean over columns of the share of the variance that is explained."""
    residuals = ((true - predicted) ** 2).sum(axis=0)
    return (1 - residuals / ((true - true.mean(axis=0)) ** 2).sum(axis=0)).mean()


LOOPS = pytest.mark.parametrize(
    "callbacks", [None, a_batch_callback()], ids=["compiled", "Keras"]
)


@pytest.mark.parametrize(
    ("missing", "callbacks"),
    [(False, None), (True, None), (True, a_batch_callback())],
    ids=["whole", "missing", "missing, by Keras"],
)
def test_metrics_compare_whole_steps_with_their_copies(missing, callbacks):
    X = GAPPY if missing else WINDOWS
    settings = {**SETTINGS, **STILL, "epochs": 1}
    model = windows_autoencoder("rnn", metrics=["mae", keras.metrics.R2Score()])
    model.set_params(**settings, callbacks=callbacks).fit(X)
    rows, copies = X.reshape(-1, 2), model.reconstruct(X).reshape(-1, 2)
    whole = ~np.isnan(rows).any(axis=1)
    rows, copies = rows[whole], copies[whole]
    assert_allclose(model.history_["mae"], [np.abs(rows - copies).mean()], rtol=1e-5)
    assert_allclose(model.history_["r2_score"], [r_squared(rows, copies)], rtol=1e-4)


def test_metrics_of_rows_are_those_of_tables():
    metrics = ["r2_score", keras.metrics.CosineSimilarity()]
    settings = {**STILL, "epochs": 1, "validation_split": 0.25, "metrics": metrics}
    history = (model := rows_autoencoder().set_params(**settings)).fit(ROWS).history_
    held_out, copies = ROWS[16:], model.reconstruct(ROWS[16:])
    assert_allclose(history["val_r2_score"], [r_squared(held_out, copies)], rtol=1e-3)
    cosines = (held_out * copies).sum(axis=1)
    cosines /= np.linalg.norm(held_out, axis=1) * np.linalg.norm(copies, axis=1)
    assert_allclose(history["val_cosine_similarity"], [cosines.mean()], rtol=1e-4)


def test_functions_are_metrics_of_copies():
    def largest(true, predicted):
        return keras.ops.max(keras.ops.abs(true - predicted), axis=-1)

    model = rows_autoencoder(metrics=[largest]).set_params(**STILL, epochs=1).fit(ROWS)
    errors = np.abs(ROWS - model.reconstruct(ROWS)).max(axis=1)
    assert_allclose(model.history_["largest"], [errors.mean()], rtol=1e-5)


def test_metrics_without_a_whole_step_are_refused():
    holed = WINDOWS.copy()
    holed[::2, :, 0] = holed[1::2, :, 1] = np.nan
    with pytest.raises(ValueError, match="metrics compare steps"):
        windows_autoencoder("rnn", metrics=["mae"]).fit(holed)
    model = windows_autoencoder("rnn").set_params(**STILL).fit(holed)
    assert np.isfinite(model.loss_curve_).all()


@pytest.mark.usefixtures("eager_keras_loop")
@LOOPS
def test_weighted_samples_count_by_their_weights(callbacks):
    weights = np.arange(22.0) % 4
    model = rows_autoencoder(sparsity=0.3, callbacks=callbacks)
    model.set_params(**STILL, epochs=1).fit(ROWS, sample_weight=weights)
    errors = ((ROWS - model.reconstruct(ROWS)) ** 2).mean(axis=1)
    history, codes = model.history_, np.abs(model.transform(ROWS)).sum(axis=1)
    expected = [np.average(each, weights=weights) for each in (errors, codes)]
    assert_allclose(history["reconstruction_loss"], expected[:1], rtol=1e-5)
    assert_allclose(history["sparsity_loss"], expected[1:], rtol=1e-5)


def test_loss_is_error_and_sparsity_and_squares_of_kernels():
    model = rows_autoencoder(sparsity=0.3, l2=0.1).set_params(**STILL, epochs=1)
    history = model.fit(ROWS).history_
    error = ((ROWS - model.reconstruct(ROWS)) ** 2).mean()
    absolute = np.abs(model.transform(ROWS)).sum(axis=1).mean()
    squares = sum((kernel**2).sum() for kernel in model.weights_[::2])
    assert_allclose(history["reconstruction_loss"], [error], rtol=1e-5)
    assert_allclose(history["sparsity_loss"], [absolute], rtol=1e-5)
    assert_allclose(history["loss"], [error + 0.3 * absolute + 0.1 * squares], 1e-5)


def test_loss_of_windows_counts_what_is_observed_of_each():
    settings = {**SETTINGS, **STILL, "epochs": 1}
    model = windows_autoencoder("rnn").set_params(**settings).fit(GAPPY)
    errors = np.nanmean((GAPPY - model.reconstruct(GAPPY)) ** 2, axis=(1, 2))
    assert_allclose(model.loss_curve_, [errors.mean()], rtol=1e-5)


def mean_over_epochs(model, X, callbacks, term="loss"):
    history = model.set_params(**STILL, epochs=6, callbacks=callbacks).fit(X).history_
    assert len(set(history["loss"])) == 6
    return np.mean(history[term])


@LOOPS
@pytest.mark.usefixtures("eager_keras_loop")
@pytest.mark.parametrize(
    ("spoilt", "variance"),
    [
        ({"noise": 0.5}, lambda X: 0.25 * np.ones(5)),
        ({"input_dropout": 0.2}, lambda X: 0.25 * (X**2).mean(axis=0)),
    ],
    ids=["noise", "dropout"],
)
def test_inputs_are_spoilt_in_training_only(spoilt, variance, callbacks):
    # A linear network passes on the variance that is added to each of its inputs.
    X = np.random.RandomState(0).normal(size=(2000, 5))
    model = Autoencoder(2, batch_size=1000, random_state=0, **spoilt)
    mean = mean_over_epochs(model, X, callbacks)
    passed_on = (model.weights_[0] @ model.weights_[2]) ** 2
    clean = ((X - model.reconstruct(X)) ** 2).mean()
    assert_allclose(mean, clean + variance(X) @ passed_on.mean(axis=1), rtol=0.01)


@LOOPS
@pytest.mark.usefixtures("eager_keras_loop")
def test_variational_loss_is_minus_the_bound_on_the_likelihood(callbacks):
    X = np.random.RandomState(0).normal(size=(2000, 5))
    model = VariationalAutoencoder(2, beta=3.0, batch_size=1000, random_state=0)
    expected = mean_over_epochs(model, X, callbacks, "reconstruction_loss")
    mean, std = model.transform(X, return_std=True)
    # The spread of the code, which a linear decoder passes on, is part of the error.
    passed_on = std**2 @ (model.weights_[2] ** 2).sum(axis=1)
    errors = ((X - model.reconstruct(X)) ** 2).sum(axis=1) + passed_on
    s = model.noise_variance_
    assert_allclose(
        expected, ((errors / s + 5 * np.log(2 * np.pi * s)) / 2).mean(), rtol=0.01
    )
    kl = (mean**2 + std**2 - 1 - np.log(std**2)).sum(axis=1) / 2
    assert_allclose(model.history_["kl_loss"], kl.mean(), rtol=1e-4)
    total = np.add(model.history_["reconstruction_loss"], 3 * kl.mean())
    assert_allclose(model.history_["loss"], total, rtol=1e-4)


@pytest.mark.parametrize(
    ("autoencoder", "X"),
    [
        (
            rows_autoencoder(
                hidden_layer_sizes=4, sparsity=0.1, loss=keras.losses.Huber(0.5)
            ),
            ROWS,
        ),
        (VariationalAutoencoder(2, **SETTINGS), ROWS),
        (windows_autoencoder("rnn"), GAPPY),
        (
            rows_autoencoder(tied=True, loss="binary_crossentropy"),
            (ROWS > 0).astype(float),
        ),
    ],
    ids=["sparse, by a loss of Keras", "variational", "recurrent", "tied"],
)
def test_what_is_saved_in_training_copies_on_the_scale_of_training(
    autoencoder, X, tmp_path
):
    path = tmp_path / "last.keras"
    save = keras.callbacks.ModelCheckpoint(path, save_weights_only=False)
    autoencoder.set_params(callbacks=save, standardize=False, epochs=1).fit(X)
    # None of its layers is one of ours, which Keras would not find.
    loaded = keras.models.load_model(path)
    copied = loaded(X.reshape(22, -1, X.shape[-1]).astype(np.float32))
    missing = np.isnan(X)
    copies = np.where(missing, 0, autoencoder.reconstruct(X))
    copied = np.where(missing, 0, np.reshape(copied, X.shape))
    assert_allclose(copied, copies, rtol=1e-4)


@pytest.mark.parametrize("decay", first_of_many([None, "cosine"]))
def test_recurrent_networks_that_are_saved_in_training_can_be_loaded(decay, tmp_path):
    path = tmp_path / "last.keras"
    model = RNNRegressor(
        2,
        epochs=1,
        standardize=False,
        learning_rate_decay=decay,
        callbacks=keras.callbacks.ModelCheckpoint(path),
    )
    X = RNG.normal(size=(20, 3, 2))
    predicted = model.fit(X, X[:, -1]).predict(X)
    loaded = keras.models.load_model(path)
    assert_allclose(loaded.predict(X, verbose=0), predicted, rtol=1e-4, atol=1e-5)
