import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from skrnn._networks.quantiles import spread, starting_outputs, weighted_quantiles

LEVELS = (0.05, 0.2, 0.5, 0.6, 0.99)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e3, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_outputs_make_quantiles_that_cross(scale, dtype):
    random = np.random.RandomState(0)
    outputs = list((scale * random.normal(size=(5, 2000, 3))).astype(dtype))
    levels = np.stack(spread(outputs, LEVELS), axis=-1)
    assert (np.diff(levels, axis=-1) >= 0).all()
    assert_allclose(levels[..., 2], outputs[0])


def test_distances_are_counted_from_the_median_outwards():
    levels = spread([10.0, *np.log(np.expm1([1.0, 2.0, 4.0, 8.0]))], LEVELS)
    assert_allclose(levels, [7.0, 9.0, 10.0, 14.0, 22.0])


def test_every_output_has_a_slope():
    x = tf.constant(np.full((5, 1), -20.0, dtype=np.float32))
    with tf.GradientTape() as tape:
        tape.watch(x)
        levels = spread(tf.unstack(x), LEVELS, keras.ops.softplus)
        last = tf.add_n([levels[-1], -levels[0]])
    assert (tape.gradient(last, x).numpy()[1:] > 0).all()


def test_starting_outputs_make_the_quantiles_of_the_targets():
    targets = np.random.RandomState(0).normal(size=(301, 2)) ** 3
    outputs = starting_outputs(targets, np.ones(301), LEVELS)
    expected = np.quantile(targets, LEVELS, axis=0, method="inverted_cdf")
    assert_allclose(spread(list(outputs), LEVELS), expected, rtol=1e-9)


def test_constant_targets_start_with_a_slope():
    outputs = starting_outputs(np.zeros((9, 1)), np.ones(9), LEVELS)
    assert_allclose(outputs[0], 0)
    assert (outputs[1:] > -8).all()


def test_weighted_quantiles_are_those_of_repeated_values():
    random = np.random.RandomState(0)
    values, times = random.normal(size=(40, 2)), random.randint(0, 5, size=40)
    got = weighted_quantiles(values, times.astype(float), LEVELS)
    repeated = values.repeat(times, axis=0)
    expected = np.quantile(repeated, LEVELS, axis=0, method="inverted_cdf")
    assert_allclose(got, expected)


def test_weighted_quantiles_are_those_of_values_that_are_known():
    random = np.random.RandomState(0)
    values, weights = random.normal(size=(40, 2)), random.uniform(size=40)
    values[random.uniform(size=values.shape) < 0.4] = np.nan
    got = weighted_quantiles(values, weights, LEVELS)
    for column in range(2):
        known = ~np.isnan(values[:, column])
        alone = weighted_quantiles(values[known][:, [column]], weights[known], LEVELS)
        assert_allclose(got[:, [column]], alone)
