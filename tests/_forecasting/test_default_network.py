import numpy as np
import pandas as pd
import pytest

from skrnn import AutoregressiveForecaster, GRURegressor
from skrnn._estimators.budget import choose_batch_size, choose_epochs
from skrnn._forecasting.default_network import (
    count_networks,
    default_network,
    trial_network,
)
from skrnn._forecasting.differencing import Differencing
from skrnn._forecasting.plan import ForecastPlan
from skrnn._forecasting.series import series_from_arrays
from tests.support.untrained import untrained


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


@pytest.mark.parametrize("linear_path", [True, False])
@pytest.mark.parametrize(
    ("n_samples", "n_networks"), [(1_999, 1), (2_000, 3), (19_999, 3), (20_000, 1)]
)
def test_several_networks_learn_from_samples_of_middle_number(
    n_samples, n_networks, linear_path
):
    network = default_network(12, n_samples, linear_path=linear_path, n_networks=3)
    assert network.n_networks == n_networks
    # The mean of several would choose the same, in three times the time.
    assert trial_network(network, n_samples).n_networks == 1


@pytest.mark.parametrize(
    ("window", "segment", "n_columns", "n_networks"),
    [
        (384, 24, 0, 3),  # In 16 steps.
        (385, 24, 0, 1),
        (17, 1, 0, 1),  # A window of the user, which no segment divides.
        (1024, 64, 0, 3),
        (1088, 68, 0, 1),
        (21, 7, 5, 3),  # Of 21 * (1 + 7 * 5) values.
        (21, 7, 7, 1),
    ],
)
def test_costly_windows_have_one_network(window, segment, n_columns, n_networks):
    rows = series_from_arrays([np.zeros((5, 1))], [np.zeros((5, n_columns))])
    plan = ForecastPlan(window, 7, Differencing(()), None)
    assert count_networks(plan, rows, segment) == n_networks


@pytest.mark.parametrize(("n_rows", "n_networks"), [(2_060, 3), (1_500, 1)])
def test_networks_that_learn_are_those_of_the_set_up(n_rows, n_networks):
    days = pd.date_range("2015-01-01", periods=n_rows, freq="D")
    week = np.arange(n_rows) % 7 + np.random.default_rng(0).normal(size=n_rows)
    forecaster = AutoregressiveForecaster(random_state=0)
    with untrained():
        forecaster.partial_fit(None, pd.Series(week, days))
    assert forecaster.set_up_.estimator.n_networks == n_networks
    assert len(forecaster.estimator_.estimators_) == n_networks
    assert forecaster.forecast(14).notna().all()
