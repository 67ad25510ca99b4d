import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn._engine.losses import loss_of_samples
from skrnn._engine.missing_labels import loss_of_labels, metrics_of_labels
from skrnn._engine.point_metrics import OfPoints
from skrnn._engine.quantiles import pinball
from skrnn._engine.tensorflow import keras, tf

RNG = np.random.RandomState(0)
LEVELS = (0.1, 0.5, 0.7)
Y = RNG.uniform(0.2, 0.8, size=(6, 3)).astype(np.float32)
PREDICTED = RNG.uniform(0.2, 0.8, size=(6, 3)).astype(np.float32)
QUANTILES = RNG.uniform(0.2, 0.8, size=(6, 3, 3)).astype(np.float32)
HOLED = np.where(RNG.uniform(size=Y.shape) < 0.4, np.nan, Y)
KNOWN = ~np.isnan(HOLED)


def together(y_true, y_pred):
    return keras.ops.mean((y_true[:, :1] - y_pred[:, 1:]) ** 2, axis=-1)


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.mean_squared_error,
        keras.losses.MeanAbsolutePercentageError(),
        keras.losses.Huber(delta=0.1),
        keras.losses.Poisson(),
        keras.losses.binary_crossentropy,
        lambda t, p: (
            keras.ops.sqrt(keras.ops.mean((t - p) ** 4, axis=-1) + 1.0)
            if t.shape[-1] == 1
            else keras.ops.mean(keras.ops.sqrt((t - p) ** 4 + 1.0), axis=-1)
        ),
    ],
)
def test_missing_labels_have_no_loss_and_no_slope(loss):
    predicted = tf.constant(PREDICTED)
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        values = loss_of_labels(loss, (3,))(tf.constant(HOLED), predicted)
    by_column = [
        loss_of_samples(loss)(Y[:, [i]], PREDICTED[:, [i]]).numpy() for i in range(3)
    ]
    expected = np.where(KNOWN, np.stack(by_column, axis=1), 0).mean(axis=1)
    assert_allclose(values, expected, rtol=1e-5)
    slopes = tape.gradient(values, predicted).numpy()
    assert (slopes[~KNOWN] == 0).all()
    assert (slopes[KNOWN] != 0).all()


def test_quantiles_of_missing_labels_have_no_loss():
    loss = pinball(LEVELS)
    got = loss_of_labels(loss, (3, 3))(tf.constant(HOLED), tf.constant(QUANTILES))
    above = Y[..., None] - QUANTILES
    values = np.maximum(above * LEVELS, above * (np.array(LEVELS) - 1)).mean(axis=2)
    assert_allclose(got, np.where(KNOWN, values, 0).mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.cosine_similarity,
        keras.losses.KLDivergence(),
        keras.losses.MeanSquaredError(reduction="sum"),
        together,
        lambda t, p: keras.ops.mean((t - p) ** 2),
    ],
)
def test_a_loss_of_all_targets_together_is_refused(loss):
    with pytest.raises(ValueError, match=r"^loss must be a mean over the targets"):
        loss_of_labels(loss, (3,))


def test_metrics_compare_the_labels_that_are_known():
    mean = keras.metrics.MeanMetricWrapper(keras.losses.mean_absolute_error, "mae")
    root = keras.metrics.RootMeanSquaredError(name="root")
    counts = tf.constant([1.0, 1, 1, 1, 0, 0])
    differences = (HOLED - PREDICTED)[:4]
    metrics = metrics_of_labels([mean, root], (3,))
    for metric in metrics:
        metric.update_state(tf.constant(HOLED), tf.constant(PREDICTED), counts)
    expected = [
        np.nanmean(np.abs(differences)),
        np.sqrt(np.nanmean(np.square(differences))),
    ]
    assert_allclose([metric.result() for metric in metrics], expected, rtol=1e-5)
    for metric in metrics:
        metric.reset_state()
        metric.update_state(tf.constant(HOLED), tf.constant(Y))
    assert_allclose([metric.result() for metric in metrics], 0)


def test_metrics_of_medians_compare_the_labels_that_are_known():
    mean = keras.metrics.MeanMetricWrapper(keras.losses.mean_absolute_error, "mae")
    metric = metrics_of_labels([OfPoints(mean, 1)], (3, 3))[0]
    metric.update_state(tf.constant(HOLED), tf.constant(QUANTILES))
    expected = np.nanmean(np.abs(HOLED - QUANTILES[..., 1]))
    assert_allclose(metric.result(), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "metric",
    ["accuracy", keras.metrics.R2Score(), keras.metrics.CosineSimilarity()],
)
def test_a_metric_of_all_targets_together_is_refused(metric):
    with pytest.raises(ValueError, match=r"^metrics must be a mean over the targets"):
        metrics_of_labels([metric], (3,))
