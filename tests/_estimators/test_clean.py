import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import (
    Autoencoder,
    RecurrentAutoencoder,
    SlidingWindow,
    VariationalAutoencoder,
)
from tests.support.autoencoders import (
    ROWS,
    SETTINGS,
    STILL,
    WINDOWS,
    rows_autoencoder,
    windows_autoencoder,
)
from tests.support.exhaustive import first_of_many
from tests.support.networks import assert_same_weights
from tests.support.samples import a_batch_callback

pytestmark = pytest.mark.short_fits

RNG = np.random.default_rng(0)
SIGNAL = RNG.normal(size=(120, 2)) @ RNG.normal(size=(2, 5)) + 3
NOISY = SIGNAL + RNG.normal(size=SIGNAL.shape) * [0.1, 0.3, 0.5, 1.0, 2.0]
GAPPY = np.where(RNG.random(SIGNAL.shape) < 0.3, np.nan, SIGNAL)
VARIATIONAL = VariationalAutoencoder(2, **SETTINGS)


def reduced_rank_regression(X, targets, rank, weights):
    """Predictions of the best linear map of a rank, with an intercept."""
    weights = weights / weights.sum()
    means = weights @ X, weights @ targets
    root = np.sqrt(weights)[:, None]
    slopes = np.linalg.lstsq(
        root * (X - means[0]), root * (targets - means[1]), rcond=None
    )[0]
    fit = (X - means[0]) @ slopes
    _, _, directions = np.linalg.svd(root * fit, full_matrices=False)
    return fit @ directions[:rank].T @ directions[:rank] + means[1]


@pytest.mark.parametrize("weights", first_of_many([np.arange(120) % 4, np.ones(120)]))
def test_linear_autoencoder_with_clean_rows_is_reduced_rank_regression(weights):
    model = Autoencoder(
        2,
        batch_size=120,
        epochs=1500,
        learning_rate=0.03,
        learning_rate_decay="cosine",
        random_state=0,
    )
    model.fit(NOISY, sample_weight=weights, clean=SIGNAL)
    mean, scale = model.scaling_.x_mean, model.scaling_.x_scale
    scaled = (NOISY - mean) / scale, (SIGNAL - mean) / scale
    expected = reduced_rank_regression(*scaled, 2, weights) * scale + mean
    assert_allclose(model.reconstruct(NOISY), expected, atol=2e-3)
    errors = (((SIGNAL - expected) / scale) ** 2).mean(axis=1)
    score = model.score(NOISY, sample_weight=weights, clean=SIGNAL)
    assert_allclose(-score, np.average(errors, weights=weights), rtol=1e-4)


@pytest.mark.parametrize(
    ("model", "X"),
    first_of_many(
        [
            (windows_autoencoder("rnn"), WINDOWS),
            (VARIATIONAL, ROWS),
            (rows_autoencoder(), ROWS),
            (rows_autoencoder(tied=True, hidden_layer_sizes=3), ROWS),
        ],
        n=2,
    ),
)
def test_rows_that_are_clean_are_copied_as_without_others(model, X):
    model = sklearn.clone(model).set_params(epochs=1)
    alone = sklearn.clone(model).fit(X)
    beside = model.fit(X, clean=X)
    assert_same_weights(beside, alone)
    assert_allclose(beside.score(X, clean=X), alone.score(X))


@pytest.mark.parametrize(
    ("model", "X"), [(rows_autoencoder(), ROWS), (windows_autoencoder("rnn"), WINDOWS)]
)
def test_loss_counts_what_is_known_of_clean_samples(model, X):
    clean = np.where(np.arange(X.size).reshape(X.shape) % 3 == 0, np.nan, X + 1)
    clean[4] = np.nan  # Left out.
    model = sklearn.clone(model).set_params(**STILL, epochs=1).fit(X, clean=clean)
    errors = (clean - model.reconstruct(X)) ** 2
    of_samples = np.nanmean(np.delete(errors, 4, 0).reshape(len(X) - 1, -1), axis=1)
    assert_allclose(model.loss_curve_, [of_samples.mean()], rtol=1e-5)
    assert_allclose(model.score(X, clean=clean), -of_samples.mean(), rtol=1e-5)


def test_variational_likelihood_counts_what_is_known():
    model = sklearn.clone(VARIATIONAL).set_params(optimizer="sgd", learning_rate=1e-12)
    clean = np.where(np.isnan(GAPPY[:22]), np.nan, ROWS)
    model.set_params(epochs=1).fit(ROWS, clean=clean)
    n_known = (~np.isnan(clean)).sum(axis=1).mean()
    # At least the logarithm of the variance, for each value that is known.
    floor = n_known * np.log(2 * np.pi * model.noise_variance_) / 2
    squares = model.history_["reconstruction_loss"][0] - floor
    assert 0 < squares < 10 * n_known


def test_new_rows_keep_what_is_constant_in_clean_rows():
    rows, clean = ROWS.copy(), ROWS.copy()
    rows[:, 0], clean[:, 1] = 4.0, 5.0
    model = pickle.loads(
        pickle.dumps(sklearn.clone(VARIATIONAL).fit(rows, clean=clean))
    )
    new = model.sample(10, random_state=0)
    assert (new[:, 1] == 5).all()
    assert np.ptp(new[:, 0]) > 0
    new = model.partial_fit(rows).sample(10, random_state=0)
    assert np.ptp(new[:, 1]) > 0
    new = sklearn.clone(model).fit(rows).sample(10, random_state=0)
    assert (new[:, 0] == 4).all()


@pytest.mark.parametrize("loop", ["compiled", "keras"])
def test_both_loops_learn_clean_samples_and_validate_on_them(loop):
    callbacks = None if loop == "compiled" else [a_batch_callback()]
    model = rows_autoencoder(validation_split=0.25, callbacks=callbacks)
    model.set_params(**STILL, epochs=1, metrics=["mse"]).fit(ROWS, clean=ROWS + 1)
    errors = (ROWS + 1 - model.reconstruct(ROWS)) ** 2
    history = model.history_
    assert_allclose(history["val_loss"], [errors[16:].mean()], rtol=1e-5)
    assert_allclose(history["val_mse"], [errors[16:].mean()], rtol=1e-5)
    assert_allclose(history["loss"], [errors[:16].mean()], rtol=1e-5)


def test_passed_clean_samples_validate_as_the_last_ones_do():
    split = rows_autoencoder(validation_split=0.25).fit(ROWS, clean=ROWS + 1)
    passed = rows_autoencoder().fit(
        ROWS[:16], clean=ROWS[:16] + 1, X_val=ROWS[16:], clean_val=ROWS[16:] + 1
    )
    assert_allclose(passed.history_["val_loss"], split.history_["val_loss"], rtol=1e-6)


def test_weights_of_passed_samples_count_in_their_loss():
    weights = np.r_[np.ones(16), np.arange(6.0)]
    split = rows_autoencoder(validation_split=0.25).fit(
        ROWS[6:], sample_weight=weights[6:]
    )
    passed = rows_autoencoder().fit(
        ROWS[6:18],
        sample_weight=weights[6:18],
        X_val=ROWS[18:],
        sample_weight_val=weights[18:],
    )
    assert_allclose(passed.history_["val_loss"], split.history_["val_loss"], rtol=1e-5)


def test_views_of_windows_and_copies_of_them_learn_alike():
    noisy, clean = (SlidingWindow(3).fit_transform(each) for each in (NOISY, SIGNAL))
    settings = {"cell": "rnn", "units": 2, **SETTINGS, "epochs": 1, "batch_size": 60}
    models = [
        RecurrentAutoencoder(1, **settings).fit(X, clean=C)
        for X, C in [(noisy, clean), (np.array(noisy), np.array(clean))]
    ]
    assert_same_weights(*models)


def test_partial_fit_takes_clean_samples_of_each_call():
    whole = rows_autoencoder(shuffle=False, standardize=False)
    whole.set_params(epochs=1).fit(ROWS[:20], clean=ROWS[:20] + 1)
    parts = rows_autoencoder(shuffle=False, standardize=False)
    for part in (slice(0, 10), slice(10, 20)):
        parts.partial_fit(ROWS[part], clean=ROWS[part] + 1)
    assert_same_weights(parts, whole, rtol=1e-5)


# --------------------------------------------------------------------------------------
# Pipelines
# --------------------------------------------------------------------------------------


def test_pipeline_ignores_labels_and_passes_clean_rows_on():
    model = rows_autoencoder()
    piped = make_pipeline(FunctionTransformer(), sklearn.clone(model))
    piped.fit(ROWS, np.arange(22), autoencoder__clean=ROWS + 1)
    assert_same_weights(piped[-1], model.fit(ROWS, clean=ROWS + 1))


def test_pipeline_transforms_clean_rows_only_if_it_is_told_to():
    with sklearn.config_context(enable_metadata_routing=True):
        model = rows_autoencoder().set_fit_request(clean=True)
        steps = [("scale", StandardScaler()), ("copy", model)]
        told = Pipeline(steps, transform_input=["clean"]).fit(NOISY, clean=SIGNAL)
        assert_same_weights_of_last(told, scaled_noise(), scaled_signal())
        untold = sklearn.clone(Pipeline(steps)).fit(NOISY, clean=SIGNAL)
        assert_same_weights_of_last(untold, scaled_noise(), SIGNAL)


def test_windows_of_clean_rows_come_from_the_pipeline():
    with sklearn.config_context(enable_metadata_routing=True):
        settings = {"cell": "rnn", "units": 2, **SETTINGS}
        model = RecurrentAutoencoder(1, **settings).set_fit_request(clean=True)
        piped = Pipeline(
            [("windows", SlidingWindow(3)), ("copy", model)], transform_input=["clean"]
        ).fit(NOISY, clean=SIGNAL)
    windows = [SlidingWindow(3).fit_transform(each) for each in (NOISY, SIGNAL)]
    alone = RecurrentAutoencoder(1, **settings).fit(windows[0], clean=windows[1])
    assert_same_weights(piped[-1], alone)


def scaled_noise():
    return StandardScaler().fit_transform(NOISY)


def scaled_signal():
    return StandardScaler().fit(NOISY).transform(SIGNAL)


def assert_same_weights_of_last(pipeline, X, clean):
    assert_same_weights(pipeline[-1], rows_autoencoder().fit(X, clean=clean))


def test_noise_is_added_to_what_is_read_alone():
    model = rows_autoencoder(noise=0.5).fit(NOISY, clean=SIGNAL)
    assert_array_equal(
        model.scaling_.x_mean, rows_autoencoder().fit(NOISY).scaling_.x_mean
    )
    assert np.isfinite(model.loss_curve_).all()


def test_training_goes_on_with_and_without_clean_rows():
    model = rows_autoencoder(warm_start=True).fit(ROWS).fit(ROWS, clean=ROWS + 1)
    assert model.partial_fit(ROWS).n_iter_ == 4
    assert pd.Series(model.loss_curve_).notna().all()


# --------------------------------------------------------------------------------------
# What is refused
# --------------------------------------------------------------------------------------

FRAME = pd.DataFrame(ROWS, columns=list("abcde"))


@pytest.mark.parametrize(
    ("X", "clean", "message"),
    [
        (ROWS, ROWS[:-1], "clean must have the shape of X"),
        (ROWS, ROWS[:, :-1], "clean must have the shape of X"),
        (FRAME, FRAME[list("abced")], "clean must have the columns of X"),
        (FRAME, FRAME[::-1], "clean must have the index of X"),
        (ROWS, np.full_like(ROWS, np.nan), "clean is NaN in column 0"),
        (ROWS, np.where(ROWS.max() - 0.1 < ROWS, np.inf, ROWS), "In clean: .*infinity"),
        (ROWS, WINDOWS, "In clean: "),
        (ROWS, ROWS * 1e200, "In clean: .*too large"),
        (ROWS, ROWS.astype("M8[s]"), "In clean: .*dates"),
    ],
)
def test_clean_rows_that_belong_to_others_are_refused(X, clean, message):
    with pytest.raises((ValueError, TypeError), match=message):
        rows_autoencoder().fit(X, clean=clean)


def test_a_column_that_only_samples_without_weight_know_is_refused():
    clean, weights = ROWS.copy(), np.ones(len(ROWS))
    clean[1:, 2], weights[0] = np.nan, 0
    with pytest.raises(ValueError, match="clean is NaN in column 2"):
        rows_autoencoder().fit(ROWS, clean=clean, sample_weight=weights)


def test_clean_rows_that_do_not_suit_the_loss_are_refused():
    shares = RNG.random((22, 5))
    model = rows_autoencoder(loss="binary_crossentropy")
    with pytest.raises(ValueError, match=r"clean must be .* Got 1"):
        model.fit(shares, clean=shares + 1)
    model.fit(ROWS, clean=shares)  # What is read may be anything.


def test_validation_compares_with_what_training_does():
    with pytest.raises(ValueError, match="Pass clean_val=X_val"):
        rows_autoencoder().fit(ROWS, clean=ROWS, X_val=ROWS)
    with pytest.raises(ValueError, match="without X_val"):
        rows_autoencoder().fit(ROWS, clean=ROWS, clean_val=ROWS)


def test_missing_values_to_be_read_are_still_refused():
    with pytest.raises(ValueError, match="NaN"):
        rows_autoencoder().fit(GAPPY, clean=SIGNAL)
    filled = SimpleImputer().fit_transform(GAPPY)
    assert rows_autoencoder().fit(filled, clean=SIGNAL).n_iter_ == 3
