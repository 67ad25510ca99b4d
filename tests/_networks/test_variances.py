import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from skrnn._networks.variances import bound_code, bound_noise

FAR = np.array([-1e6, -300.0, -30.0, 30.0, 300.0, 1e6], dtype=np.float32)


def slopes(bound, values):
    x = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = bound(x)
    return tape.gradient(y, x).numpy()


def test_log_variances_of_codes_hardly_change_near_zero_and_never_exceed_20():
    near = np.linspace(-1, 1, 9)
    assert_allclose(bound_code(near), near, rtol=3e-3)
    assert_allclose(bound_code(np.array([-1e9, 1e9])), [-20, 20], rtol=1e-6)


def test_bounded_log_variances_of_codes_have_a_slope_everywhere():
    assert (slopes(lambda x: bound_code(x, keras.ops.arctan), FAR) > 0).all()


def test_log_variances_of_noise_change_only_near_their_bound():
    assert_allclose(bound_noise(np.array([-5.0, 0.0, 5.0])), [-5, 0, 5], atol=2e-4)
    assert_allclose(bound_noise(-1e9), -14)


def test_bounded_log_variance_of_noise_has_a_slope_below_its_bound():
    low = np.array([-14.0, -20.0, -30.0], dtype=np.float32)
    assert (slopes(lambda x: bound_noise(x, keras.ops.softplus), low) > 0).all()


@pytest.mark.parametrize("value", [-30.0, -14.0, 0.3, 9.0])
def test_numpy_and_keras_bound_the_same(value):
    in_keras = bound_noise(tf.constant(value), keras.ops.softplus)
    assert_allclose(bound_noise(value), in_keras, atol=1e-6)
    in_keras = bound_code(tf.constant(value), keras.ops.arctan)
    assert_allclose(bound_code(value), in_keras, atol=1e-5)
