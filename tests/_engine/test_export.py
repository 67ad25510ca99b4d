import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from tests.support.samples import summed_windows

pytestmark = pytest.mark.untrained
ESTIMATORS = {"rnn": RNNRegressor, "lstm": LSTMRegressor, "gru": GRURegressor}


@pytest.mark.parametrize(
    ("cell", "offset"), [("rnn", 1e7), ("lstm", 0.0), ("gru", 0.0)]
)
def test_keras_model_predicts_in_the_units_of_the_data(cell, offset):
    X, y = summed_windows(n_targets=2)
    X, y = X + offset, y - offset
    model = ESTIMATORS[cell](3, epochs=1, random_state=0).fit(X, y)
    X[0, :2] = X[1, 3, 0] = X[2, -1] = np.nan
    # Called, because Keras's own `predict` rounds its input to float32.
    predicted = model.to_keras()(X).numpy()
    assert predicted.shape == (20, 2)
    assert_allclose(predicted, model.predict(X), rtol=0, atol=1e-5 * y.std())


def test_keras_model_holds_the_weights_of_the_estimator():
    X, y = summed_windows()
    model = LSTMRegressor((3, 2), epochs=1, random_state=0).fit(X, y)
    exported = model.to_keras()
    assert exported.count_params() == sum(w.size for w in model.weights_)
    for ours, theirs in zip(model.weights_, exported.get_weights(), strict=True):
        assert_array_equal(ours, theirs)


def test_keras_model_steps_ahead_by_a_copy_of_the_recurrent_layer():
    X, y = summed_windows(n_targets=5)
    settings = {"segment": 2, "decoder": "parallel", "dense_after": 2}
    settings["linear_path"] = True
    model = LSTMRegressor((3, 2), epochs=1, random_state=0, **settings).fit(X, y)
    exported = model.to_keras()
    weights = exported.get_weights()
    assert len(weights) == len(model.weights_) + 3
    # Projection, two recurrent layers, embeddings, the copy, and what is behind.
    own, copied = weights[5:8], weights[9:12]
    for one, other in zip(own, copied, strict=True):
        assert_array_equal(one, other)
    X[0, :2] = X[1, 3, 0] = X[2, -2:] = np.nan
    assert_allclose(exported(X), model.predict(X), rtol=0, atol=1e-5 * y.std())


def test_keras_model_of_unscaled_data_fills_holes_with_the_mean():
    X, y = summed_windows()
    model = RNNRegressor(3, epochs=1, standardize=False, random_state=0).fit(X, y)
    filled = X.copy()
    X[0, 2, 1], filled[0, 2, 1] = np.nan, X[..., 1].mean()
    assert_allclose(model.to_keras()(X)[:, 0], model.predict(filled), atol=1e-5)
