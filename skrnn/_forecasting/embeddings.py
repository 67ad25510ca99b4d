"""Categories that the network inside a forecaster embeds, by names of columns."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import BaseEstimator

from skrnn._estimators.inside import find_embedding

__all__ = ["Embeddings", "set_embeddings"]


@dataclass(frozen=True)
class Embeddings:
    """Columns that a network embeds.

    Parameters
    ----------
    allowed : bool
        Whether there is a network, which then embeds columns of many levels as well.
    sizes : dict
        Sizes of embeddings by the names of columns, as its `categories` has them.
    """

    allowed: bool = False
    sizes: dict[Hashable, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, estimator: BaseEstimator | None) -> Embeddings:
        """Return what the estimator of a forecaster embeds."""
        network = find_embedding(estimator)
        return cls() if network is None else cls(True, dict(network.categories or {}))

    def check_columns(self, columns: Sequence[Hashable]) -> None:
        """Raise if a column that is to be embedded is none of the inputs."""
        unknown = [name for name in self.sizes if name not in columns]
        if unknown:
            raise ValueError(
                "categories of the estimator in a forecaster must name columns of X or "
                f"static, which are DataFrames. Got {unknown[0]!r}, but the columns "
                f"are {list(columns)}; correct the name."
            )


def set_embeddings(
    estimator: BaseEstimator,
    places: Sequence[tuple[Hashable, tuple[int, ...]]],
) -> None:
    """Let the network in an estimator embed features of its windows.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    places : sequence of tuple
        Names of columns, and the features that hold their codes.
    """
    network = find_embedding(estimator)
    if network is None:
        return
    sizes = network.categories or {}
    named = {
        features[0] if len(features) == 1 else ",".join(map(str, features)): sizes.get(
            name, "auto"
        )
        for name, features in places
    }
    network.set_params(categories=named or None)
