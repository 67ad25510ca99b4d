import numpy as np
from numpy.testing import assert_allclose

from skrnn._engine.losses import loss_of_samples
from skrnn._engine.sequences import loss_of_steps
from skrnn._engine.tensorflow import keras, tf
from skrnn._networks.description import RecurrentNetwork

NETWORK = RecurrentNetwork("rnn", 3, 1, 1, (2,), return_sequences=True)


def test_crossentropies_of_steps_are_exact_close_to_zero():
    # From probabilities, which are 1 in float32, they would be 16 at most.
    outputs = keras.activations.sigmoid(tf.constant([[[60.0], [-50.0], [0.0]]]))
    loss = loss_of_steps(
        loss_of_samples(keras.losses.BinaryCrossentropy()), NETWORK, "crossentropy"
    )
    targets = tf.constant([[[0.0], [1.0], [1.0]]])
    assert_allclose(loss(targets, outputs), [[60, 50, np.log(2)]], rtol=1e-6)


def test_steps_without_a_label_have_a_loss_and_a_slope_that_are_numbers():
    outputs = tf.constant([[[1.0], [2.0], [0.5]]])
    targets = tf.constant([[[1.0], [np.nan], [np.nan]]])
    for name in ("mape", "msle", "poisson", "kl_divergence", "cosine_similarity"):
        loss = loss_of_steps(loss_of_samples(keras.losses.get(name)), NETWORK, name)
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            values = loss(targets, outputs)
        assert np.isfinite(values).all()
        assert np.isfinite(tape.gradient(values, outputs)).all()
