import numpy as np
import pytest

from skrnn import GRURegressor
from skrnn._estimators.budget import choose_batch_size, choose_epochs
from skrnn._forecasting.default_network import default_network, trial_network


@pytest.mark.parametrize("n_samples", [10, 1_999, 2_000, 20_000, 10**6, 5 * 10**6])
def test_updates_grow_slowly_with_the_number_of_windows(n_samples):
    network = default_network(12, n_samples, linear_path=True)
    batch_size = choose_batch_size(network.batch_size, n_samples)
    epochs = choose_epochs(network.epochs, n_samples, batch_size, at_most=np.inf)
    n_updates = epochs * -(-n_samples // batch_size)
    trial = trial_network(network, n_samples)
    n_updates += trial.epochs * -(-n_samples // trial.batch_size)
    assert n_updates <= max(2 * 100 * 125, 1000 * np.log2(n_samples))


def test_the_trial_of_a_budget_is_a_third_of_it():
    network = GRURegressor(epochs="auto", batch_size="auto")
    short = trial_network(network, 4096)  # 500 * 12 updates of 32 samples.
    assert (short.epochs, short.batch_size) == (16, 32)
    assert trial_network(GRURegressor(epochs=7), 4096).epochs == 7
