"""Features that are codes of categories: their embeddings, described and looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._serialization.plain import stored

from .layer import Layer

__all__ = ["CodedFeatures", "embedding_layers", "rows_of_codes"]


@stored("CodedFeatures", {"places": "places", "n_codes": "n_codes", "size": "size"})
@dataclass(frozen=True)
class CodedFeatures:
    """Features that hold codes of one set of categories, and share an embedding.

    Parameters
    ----------
    places : tuple of int
        Places of the features in a step.
    n_codes : int
        Codes that have a row of the embedding, from 0 on. All others, and missing ones,
        share one more row.
    size : int
        Width of the embedding.
    """

    places: tuple[int, ...]
    n_codes: int
    size: int


def embedding_layers(
    n_steps: int, n_numbers: int, categories: Sequence[CodedFeatures]
) -> list[Layer]:
    """Describe the layers that put embeddings in the place of codes.

    Each embedding reads the windows; the last layer puts all of them behind the
    features that are numbers.
    """
    layers = [
        Layer(
            f"category_{coded.places[0]}",
            "Embedding",
            (n_steps, len(coded.places) * coded.size),
            ((coded.n_codes + 1, coded.size),),
            reads=coded.places,
        )
        for coded in categories
    ]
    if not layers:
        return []
    width = n_numbers + sum(layer.shape[1] for layer in layers)
    return [*layers, Layer("features", "Concatenate", (n_steps, width))]


def rows_of_codes(codes: NDArray[Any], n_codes: int) -> NDArray[np.intp]:
    """Return the rows of an embedding for codes; NaN is none that is known."""
    known = (codes >= 0) & (codes < n_codes)
    return np.where(known, codes, n_codes).astype(np.intp)
