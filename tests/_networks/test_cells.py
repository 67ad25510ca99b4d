import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn._engine.tensorflow import keras
from skrnn._networks.cells import ACTIVATIONS


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_those_of_keras(name):
    x = np.random.default_rng(0).normal(size=(40, 5), scale=4)
    expected = keras.activations.get(name)(keras.ops.convert_to_tensor(x)).numpy()
    assert_allclose(ACTIVATIONS[name](x), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["sigmoid", "elu", "selu", "softmax", "softplus"])
def test_activations_of_large_values_overflow_nowhere(name):
    assert np.isfinite(ACTIVATIONS[name](np.array([[-1e4, 0.0, 1e4]]))).all()
