"""Several networks in one estimator: their random numbers, histories, and refusals."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skrnn._networks.several import stack_networks
from skrnn._serialization.plain import stored

__all__ = ["NetworkSeeds", "check_same_number", "join_states", "mean_history"]

History = dict[str, list[float]]


@stored("NetworkSeeds", {"seeds": "seeds", "generators": "generators"})
@dataclass(frozen=True)
class NetworkSeeds:
    """The random numbers of each of several networks.

    Parameters
    ----------
    seeds : list of int
        Seeds of the networks.
    generators : list of RandomState
        What is left over of the random numbers from these seeds.
    """

    seeds: list[int]
    generators: list[np.random.RandomState]

    @classmethod
    def draw(cls, random_state: Any, n_networks: int) -> NetworkSeeds:
        """Draw seeds as ensembles of scikit-learn's do for their estimators."""
        random = check_random_state(random_state)
        most = np.iinfo(np.int32).max
        seeds = [int(random.randint(most)) for _ in range(n_networks)]
        return cls(seeds, [np.random.RandomState(seed) for seed in seeds])

    def copy(self) -> NetworkSeeds:
        """Return a copy, so that a training that fails uses up nothing."""
        return copy.deepcopy(self)


def check_same_number(n_fitted: int, n_networks: int) -> None:
    """Raise if training cannot go on because there are more or fewer networks."""
    if n_networks != n_fitted:
        raise ValueError(
            "n_networks must stay the same when training goes on from fitted weights. "
            f"Got {n_networks} after {n_fitted}; set warm_start=False and call fit to "
            "start afresh."
        )


def join_states(states: Sequence[Any]) -> dict[str, Any]:
    """Return the fitted attributes that follow from the `State` of each network."""
    averages = None
    if any(state.not_averaged is not None for state in states):
        # Without averages the optimizer goes on from the weights.
        averages = [state.not_averaged or state.weights for state in states]
    return {
        "weights_": stack_networks([state.weights for state in states]),
        "_optimizer_state": stack_networks([state.optimizer for state in states]),
        "_weights_not_averaged": averages and stack_networks(averages),
    }


def mean_history(histories: Sequence[History]) -> History:
    """Return the means of each epoch, over the networks that have one of its number."""
    if len(histories) == 1:
        return histories[0]
    longest = max(histories, key=lambda history: len(history["loss"]))
    names = [name for name in longest if all(name in each for each in histories)]
    return {
        name: [
            float(np.mean([h[name][i] for h in histories if i < len(h[name])]))
            for i in range(len(longest["loss"]))
        ]
        for name in names
    }
