"""Weights of several networks of one description, kept in arrays with a leading axis.

What training changes of each network - weights, variables of its optimizer - is a list
of arrays. Those of several networks are stacked, and those of a single one stay as they
are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["part_networks", "stack_networks"]

Arrays = list[NDArray[Any]]


def stack_networks(networks: Sequence[Arrays]) -> Arrays:
    """Return arrays of shape (n_networks, ...), or those of a single network."""
    if len(networks) == 1:
        return networks[0]
    return [np.stack(arrays) for arrays in zip(*networks, strict=True)]


def part_networks(arrays: Arrays, n_networks: int) -> list[Arrays]:
    """Return the arrays of each network: the inverse of `stack_networks`."""
    if n_networks == 1:
        return [arrays]
    return [[np.asarray(array[i]) for array in arrays] for i in range(n_networks)]
