import keras
import pytest

from skrnn._engine.settings import Recipe
from tests.support.autoencoders import ROWS, rows_autoencoder
from tests.support.samples import (
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)


def test_a_used_metric_starts_afresh():
    metric = keras.metrics.MeanAbsoluteError(name="mae")
    metric.update_state([1e6], [0.0])
    samples = make_samples()
    network = network_for(samples, "rnn")
    recipe, weights = Recipe(metrics=[metric]), weights_for(network)
    _, history = fit_in_order(network, recipe, weights, samples)
    assert history["mae"][0] < 100


def test_a_loss_without_a_number_for_each_sample_is_refused():
    loss = keras.losses.MeanSquaredError(reduction="sum")
    with pytest.raises(ValueError, match="loss must give one number for each sample"):
        rows_autoencoder(loss=loss).fit(ROWS)
