import keras

from skrnn._engine.programs import PROGRAMS
from skrnn._engine.settings import Recipe
from tests.support.samples import (
    fit_in_order,
    make_samples,
    network_for,
    weights_for,
)


def test_equal_optimizers_share_a_program_and_others_do_not():
    samples = make_samples()
    network = network_for(samples, "rnn")
    weights, built = weights_for(network), PROGRAMS.n_built
    for clipnorm in (0.7, 0.7, 0.8):
        recipe = Recipe(optimizer=keras.optimizers.Adam(0.02, clipnorm=clipnorm))
        fit_in_order(network, recipe, weights, samples, epochs=1)
    assert PROGRAMS.n_built - built == 2
