"""The columns of X as `fit` has seen them: which are categories, which are observed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from skrnn._serialization.plain import stored

from .categories import Categories
from .embeddings import Embeddings
from .past_columns import find_past

__all__ = ["InputColumns"]


@stored(
    "InputColumns",
    {
        "past": "past",
        "past_inputs": "past_inputs",
        "categories": "categories",
        "labels": "labels",
    },
)
@dataclass(frozen=True)
class InputColumns:
    """What is done with the columns of X.

    Parameters
    ----------
    past, past_inputs : tuple of int
        Places of the columns that are not known in advance, in X and behind the
        encoding of categories.
    categories : Categories
        Columns of X that are encoded.
    labels : list of hashable or None
        Labels of the columns if X is a frame with columns.
    """

    past: tuple[int, ...] = ()
    past_inputs: tuple[int, ...] = ()
    categories: Categories = field(default_factory=Categories)
    labels: list[Hashable] | None = None

    @classmethod
    def find(
        cls, past: Any, X: Any, embeddings: Embeddings | None = None
    ) -> InputColumns:
        """Find them in X; None has no columns."""
        places = find_past(past, X)
        categories = Categories.learn(X, embeddings=embeddings)
        labels: list[Hashable] | None = None
        if isinstance(X, pd.DataFrame):
            labels = list(X.columns.tolist())
        if not categories.columns:
            return cls(places, places, labels=labels)
        names = list(X.columns)
        in_inputs = categories.encoded_places(names, places)
        return cls(places, in_inputs, categories, labels)

    def places_of_codes(self) -> list[tuple[Hashable, int]]:
        """Return the columns of X that are codes, and their places after encoding."""
        return self.categories.places_of_codes(self.labels or [])

    def known_codes(self) -> tuple[int, ...]:
        """Return the places of codes among the encoded columns known in advance."""
        return tuple(
            place - sum(each < place for each in self.past_inputs)
            for _, place in self.places_of_codes()
            if place not in self.past_inputs
        )

    def check_labels(self, X: Any) -> None:
        """Raise if the columns of a frame are not labelled as in `fit`.

        scikit-learn compares names of text alone, and reads others by their places.
        """
        if self.labels is None or not isinstance(X, pd.DataFrame):
            return
        got = X.columns.tolist()
        if got != self.labels:
            raise ValueError(
                f"X must have the columns {self.labels} that fit saw, in this order. "
                f"Got {got} instead; select them by their names, X[{self.labels}]."
            )

    def encode(self, X: Any) -> Any:
        """Return X with columns of zeros and ones in place of its categories.

        Raises
        ------
        TypeError
            If there are categories, and X is no frame that names their columns.
        """
        if self.categories.columns and not isinstance(X, pd.DataFrame):
            raise TypeError(
                "X must be a DataFrame, because fit saw categories in its columns "
                f"{self.categories.columns}. Got {type(X).__name__} instead; pass a "
                "frame with these columns."
            )
        may_miss = [self.labels[place] for place in self.past] if self.labels else []
        return self.categories.encode(X, may_miss)
