"""Targets of several columns in which some labels are missing."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score

from skrnn import GRURegressor, RNNRegressor
from skrnn._engine.tensorflow import keras
from skrnn._networks.quantiles import weighted_quantiles
from tests.support import networks
from tests.support.networks import STILL, X, Y, assert_same_weights

pytestmark = pytest.mark.short_fits

TARGETS = np.column_stack([Y, X[:, 1, 0] * 7, X.sum(axis=(1, 2))])
HOLED = TARGETS.copy()
HOLED[np.arange(18) % 3 == 0, 0] = np.nan
HOLED[np.arange(18) % 4 == 1, 1] = np.nan
WEIGHTS = np.arange(1.0, 19.0)


def network(**parameters):
    return networks.network(predict_backend="numpy", **parameters)


class EveryBatch(keras.callbacks.Callback):
    """Makes Keras's own loop train."""

    def on_train_batch_end(self, batch, logs=None):
        """Do nothing."""


def weighted_mean(values, weights):
    """Return the mean over the labels that are known."""
    known = ~np.isnan(values)
    return np.nansum(values * weights[:, None]) / (known * weights[:, None]).sum()


@pytest.mark.parametrize("callbacks", [None, EveryBatch()])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_loss_and_metrics_are_means_over_the_labels_that_are_known(callbacks, weights):
    model = network(
        callbacks=callbacks, validation_split=0.3, metrics=["mae"], **STILL
    ).fit(X, HOLED, weights)
    weights = np.ones(18) if weights is None else weights
    differences = (model.predict(X) - HOLED) / model.scaling_.y_scale
    for part, prefix in ((slice(12), ""), (slice(12, None), "val_")):
        squares = weighted_mean(differences[part] ** 2, weights[part])
        assert_allclose(model.history_[f"{prefix}loss"], squares, rtol=1e-5)
        # Keras's metrics do not see weights.
        sizes = weighted_mean(np.abs(differences[part]), np.ones(18)[part])
        assert_allclose(model.history_[f"{prefix}mae"], sizes, rtol=1e-5)


def test_pinball_loss_is_a_mean_over_the_labels_that_are_known():
    levels = np.array([0.1, 0.5, 0.8])
    model = network(quantiles=levels, **STILL).fit(X, HOLED, WEIGHTS)
    above = HOLED[..., None] - model.predict_quantiles(X)
    above = above / model.scaling_.y_scale[:, None]
    losses = np.maximum(above * levels, above * (levels - 1)).mean(axis=-1)
    assert_allclose(model.loss_curve_[0], weighted_mean(losses, WEIGHTS), rtol=1e-5)


@pytest.mark.untrained
def test_targets_are_scaled_by_the_labels_that_are_known():
    scaling = network(**STILL).fit(X, HOLED, WEIGHTS).scaling_
    for column in range(3):
        known = ~np.isnan(HOLED[:, column])
        y, weights = HOLED[known, column], WEIGHTS[known]
        mean = np.average(y, weights=weights)
        variance = np.average((y - mean) ** 2, weights=weights)
        assert_allclose(scaling.y_mean[column], mean)
        assert_allclose(scaling.y_scale[column], np.sqrt(variance))


@pytest.mark.parametrize("callbacks", [None, EveryBatch()])
def test_training_is_that_of_a_loss_which_knows_a_mark_for_missing_labels(callbacks):
    # As a user of Keras would write it.
    share = (~np.isnan(HOLED)).mean()

    def marked(y_true, y_pred):
        known = keras.ops.cast(y_true != -999.0, "float32")
        return keras.ops.mean(known * (y_true - y_pred) ** 2, axis=-1) / share

    settings = {"standardize": False, "epochs": 3, "callbacks": callbacks}
    settings |= {"batch_size": 10, "learning_rate": 0.01}
    ours = network(**settings).fit(X, HOLED)
    theirs = network(loss=marked, **settings).fit(X, np.nan_to_num(HOLED, nan=-999.0))
    assert_same_weights(ours, theirs, rtol=1e-4, atol=1e-5)
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-5)


def test_linear_path_of_each_target_is_the_ridge_of_its_own_labels():
    settings = {"linear_path": True, **STILL}
    model = network(**settings).fit(X, HOLED)
    for column in range(3):
        known = ~np.isnan(HOLED[:, column])
        alone = network(**settings, standardize=False)
        # The same scale of the windows, which those of one target alone would change.
        scaled = (X - model.scaling_.x_mean) / model.scaling_.x_scale
        alone.fit(scaled[known], HOLED[known, column])
        assert_allclose(
            model.predict(X)[:, column], alone.predict(scaled), rtol=1e-4, atol=1e-4
        )


def test_outputs_start_at_the_mean_of_the_labels_that_are_known():
    counts = np.abs(HOLED)
    model = network(output_activation="softplus", **STILL).fit(X, counts, WEIGHTS)
    means = [weighted_mean(counts[:, [i]], WEIGHTS) for i in range(3)]
    start = np.log1p(np.exp(model.weights_[-1])) * model.scaling_.y_scale
    assert_allclose(start, means, rtol=1e-5)


@pytest.mark.parametrize("linear_path", [False, True])
def test_quantiles_start_at_those_of_the_labels_that_are_known(linear_path):
    # Without anything to tell windows apart.
    windows, settings = np.zeros_like(X), {"quantiles": (0.2, 0.5, 0.9), **STILL}
    model = network(linear_path=linear_path, **settings).fit(windows, HOLED, WEIGHTS)
    levels = model.predict_quantiles(windows[:1])[0]
    for column in range(3):
        known = ~np.isnan(HOLED[:, column])
        expected = weighted_quantiles(
            HOLED[known][:, [column]], WEIGHTS[known], (0.2, 0.5, 0.9)
        )[:, 0]
        assert_allclose(levels[column], expected, rtol=1e-4)


def test_each_of_several_networks_is_that_of_its_seed():
    settings = {"epochs": 2, "random_state": 3, "units": 2}
    several = GRURegressor(n_networks=2, **settings).fit(X, HOLED)
    for seed, one in zip(several.seeds_, several.estimators_, strict=True):
        alone = GRURegressor(**settings | {"random_state": seed}).fit(X, HOLED)
        assert_same_weights(one, alone)


def test_chunks_may_lack_a_label_after_the_first_one():
    model = network().partial_fit(X[:9], HOLED[:9])
    later = TARGETS[9:].copy()
    later[:, 2] = np.nan
    model.partial_fit(X[9:], later)
    assert np.isfinite(model.predict(X)).all()
    statistics = np.concatenate([HOLED[:9], later])
    assert_allclose(model.scaling_.y_mean, np.nanmean(statistics, axis=0))


def test_a_chunk_is_learned_as_by_an_epoch_of_fit():
    settings = {"epochs": 1, "batch_size": 4}
    one = network(**settings).partial_fit(X, HOLED)
    assert_same_weights(one, network(**settings).fit(X, HOLED))


def test_a_sample_of_weight_zero_needs_no_label():
    holed = HOLED.copy()
    holed[0] = np.nan
    with pytest.raises(ValueError, match=r"sample_weight=~np\.isnan\(y\)\.all\(axis=1"):
        network().fit(X, holed)
    weights = ~np.isnan(holed).all(axis=1)
    assert_same_weights(
        network(batch_size=5).fit(X, holed, weights),
        network(batch_size=5).fit(X[1:], holed[1:]),
    )


def test_missing_values_of_pandas_are_missing_labels():
    frame = pd.DataFrame(HOLED, columns=list("abc")).convert_dtypes()
    assert isinstance(frame.dtypes["a"], pd.Float64Dtype)
    model = network(epochs=1)
    expected = model.fit(X, HOLED).predict(X)
    assert_array_equal(model.fit(X, frame).predict(X), expected)


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_a_target_without_a_label_is_refused(fit):
    holed = HOLED.copy()
    holed[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"y is NaN in column 1 .* every sample to tr"):
        getattr(network(), fit)(X, holed)


def test_a_target_whose_labels_are_all_held_out_is_refused():
    holed = HOLED.copy()
    holed[:12, 1] = np.nan
    with pytest.raises(ValueError, match=r"y is NaN in column 1 .* every sample to tr"):
        network(validation_split=0.3).fit(X, holed)


@pytest.mark.parametrize("distribution", ["normal", "poisson"])
def test_missing_labels_are_refused_beside_a_distribution(distribution):
    message = rf"all targets of a sample for distribution='{distribution}'\. Got NaN in"
    with pytest.raises(ValueError, match=message):
        network(distribution=distribution).fit(X, np.abs(HOLED).round())


def test_missing_labels_need_a_loss_of_single_targets():
    with pytest.raises(ValueError, match=r"^loss must be a mean over the targets"):
        network(loss="cosine_similarity").fit(X, HOLED)
    shares = np.where(np.isnan(HOLED), np.nan, 1 / 3)
    with pytest.raises(ValueError, match=r"^loss must be a mean over the targets"):
        network(loss="kl_divergence").fit(X, shares)
    with pytest.raises(ValueError, match=r"^metrics must be a mean over the targets"):
        network(metrics=[keras.metrics.R2Score()]).fit(X, HOLED)


def test_a_hole_in_samples_to_validate_on_alone_is_left_out():
    model = RNNRegressor(2, random_state=0, **STILL)
    model.fit(X[:12], TARGETS[:12], X_val=X[12:], y_val=HOLED[12:])
    differences = (model.predict(X[12:]) - HOLED[12:]) / model.scaling_.y_scale
    assert_allclose(model.history_["val_loss"], np.nanmean(differences**2), rtol=1e-5)


def test_a_step_may_lack_some_of_its_targets():
    y = np.random.RandomState(0).normal(size=(18, 4, 2))
    y[:5, 1:], y[3:, 2, 0], y[7:, 1, 1] = np.nan, np.nan, np.nan
    weights = np.random.RandomState(1).uniform(1, 2, size=(18, 4))
    model = network(return_sequences=True, metrics=["mae"], **STILL)
    differences = (model.fit(X, y, weights).predict(X) - y) / model.scaling_.y_scale
    flat, weights = differences.reshape(-1, 2), weights.ravel()
    assert_allclose(model.loss_curve_, weighted_mean(flat**2, weights), rtol=1e-5)
    assert_allclose(model.history_["mae"], np.nanmean(np.abs(flat)), rtol=1e-5)
    known = ~np.isnan(flat)
    expected = [
        r2_score(
            y.reshape(-1, 2)[known[:, i], i],
            model.predict(X).reshape(-1, 2)[known[:, i], i],
            sample_weight=weights[known[:, i]],
        )
        for i in range(2)
    ]
    assert_allclose(model.score(X, y, weights.reshape(18, 4)), np.mean(expected))


@pytest.mark.untrained
def test_score_is_the_mean_r2_of_the_labels_of_each_target():
    model = network(epochs=1).fit(X, HOLED)
    predicted = model.predict(X)
    pairs = [(HOLED[k, i], predicted[k, i]) for i, k in enumerate(~np.isnan(HOLED.T))]
    assert_allclose(model.score(X, HOLED), np.mean([r2_score(*p) for p in pairs]))
    assert_allclose(model.score(X, TARGETS), r2_score(TARGETS, predicted))
    scores = cross_val_score(network(epochs=1), X, HOLED, cv=3)
    assert np.isfinite(scores).all()


@pytest.mark.untrained
def test_score_leaves_out_samples_of_weight_zero_without_a_label():
    y = np.r_[np.nan, Y[1:]]
    model = network(epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match="Input y contains NaN in column 0"):
        model.score(X, y)
    expected = r2_score(Y[1:], model.predict(X[1:]))
    assert_allclose(model.score(X, y, ~np.isnan(y)), expected)
    # As scikit-learn takes it, whose columns of one target have one or two axes.
    assert_allclose(model.score(X[1:], Y[1:, None]), expected)
    no_labels = np.column_stack([Y, np.full(18, np.nan)])
    two = network(epochs=1).fit(X, TARGETS[:, :2])
    with pytest.raises(ValueError, match=r"Got NaN throughout in column 1 \(counted"):
        two.score(X, no_labels)
