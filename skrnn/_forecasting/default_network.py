"""The network of the default set-up, by the number of windows to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone

from skrnn._estimators.budget import choose_batch_size, choose_epochs
from skrnn._estimators.gru_regressor import GRURegressor

from .plan import ForecastPlan
from .ridge_errors import LONGEST_COMPARED, count_inputs
from .series import SeriesRows

__all__ = [
    "N_SAMPLES_OF_SMALL",
    "count_networks",
    "count_samples",
    "default_network",
    "trial_network",
]

# Numbers of windows from which networks have a budget, and from which they are larger.
N_SAMPLES_OF_SMALL, N_SAMPLES_OF_LARGE = 2_000, 20_000
# Passes over few windows that a network beside a ridge needs.
EPOCHS_BESIDE_RIDGE = 20
# The trial of a network that has a budget makes this share of its updates.
SHARE_OF_BUDGET = 3
# Networks whose mean is forecast, and recurrent steps of the longest windows from which
# they learn in less than a minute of the processor.
N_NETWORKS, MOST_STEPS = 3, 16


def default_network(
    segment: int,
    n_samples: int,
    *,
    linear_path: bool,
    n_networks: int = 1,
    loss: str = "mae",
    verbose: int = 0,
) -> GRURegressor:
    """Return the network that was best over series of a size (benchmarks/accuracy.py).

    Few samples are passed as often as was best for them, which takes no longer than the
    budget of "auto": a network that starts as a ridge stays near it, which does what a
    mean of the two would. Many leave nothing to be learned by heart, so that a larger
    network needs no dropout. Between the two, the mean of `n_networks` has errors that
    are about 1 % lower; beside a ridge few samples gained nothing by it, and of many
    samples it would take minutes.
    """
    budget: dict[str, Any] = {
        "epochs": "auto",
        "batch_size": "auto",
        "learning_rate_decay": "cosine",
        "clipnorm": 1.0,
    }
    if linear_path:  # From its start as a ridge it can learn faster.
        budget |= {"linear_path": True, "learning_rate": 3e-3}
    if n_samples < N_SAMPLES_OF_SMALL:
        size: dict[str, Any] = {"dropout": 0.2, "batch_size": 16}
        if linear_path:
            size |= {"linear_path": True, "epochs": EPOCHS_BESIDE_RIDGE}
    elif n_samples < N_SAMPLES_OF_LARGE:
        size = {"dropout": 0.2, **budget, "n_networks": n_networks}
    else:
        size = {"units": 64, **budget, "learning_rate": 3e-3}
    return GRURegressor(
        segment=segment,
        loss=loss,
        dense_activation="linear",
        verbose=verbose,
        **size,
    )


def count_networks(plan: ForecastPlan, rows: SeriesRows, segment: int) -> int:
    """Return how many networks may learn side by side, one where windows are costly."""
    is_small = count_inputs(plan, rows) <= LONGEST_COMPARED
    return N_NETWORKS if is_small and plan.window <= MOST_STEPS * segment else 1


def count_samples(plan: ForecastPlan, rows: SeriesRows) -> int:
    """Return the number of windows to learn from, if no value is missing."""
    n_before = plan.n_lost + plan.window + plan.horizon - 1
    return int(np.maximum(rows.lengths - n_before, 0).sum())


def trial_network(network: GRURegressor, n_samples: int) -> GRURegressor:
    """Return the network with a part of its budget, if it has one.

    A single one chose the same as three, in a third of the time.
    """
    if network.epochs != "auto":
        return clone(network).set_params(random_state=0)
    n_samples = max(1, n_samples)
    batch_size = choose_batch_size(network.batch_size, n_samples)
    epochs = choose_epochs(
        network.epochs, n_samples, batch_size, at_most=network._most_epochs
    )
    short = -(-epochs // SHARE_OF_BUDGET)
    return clone(network).set_params(
        epochs=short, batch_size=batch_size, n_networks=1, random_state=0
    )
