"""Features that are codes of categories: the parameter, checks, and codes not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, sqrt
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._networks.categories import CodedFeatures, rows_of_codes
from skrnn._networks.description import RecurrentNetwork
from skrnn._networks.layer import place_of_layer
from skrnn._windows.windows import Windows

__all__ = [
    "check_codes",
    "count_codes",
    "fill_unseen",
    "keep_codes",
    "places_of_codes",
    "read_categories",
    "seen_codes",
    "take_numbers",
]

# Widest embedding that is chosen for "auto".
WIDEST_AUTO = 32
# Codes are numbered from 0, and each number up to the largest one has a row.
MOST_CODES = 2**20

Sizes = dict[tuple[int, ...], int | None]


def read_categories(categories: Any, windows: Windows) -> Sizes:
    """Return the sizes of embeddings by the features that share one; None is "auto".

    Parameters
    ----------
    categories : dict or None
        The parameter.
    windows : Windows
        Windows, which must have these features.

    Raises
    ------
    ValueError, TypeError
        If a key is no feature, or several of different keys, or a size is none.
    """
    sizes: Sizes = {}
    for key, size in (categories or {}).items():
        places = _as_tuple(key)
        if not places or not all(_is_integer(place) for place in places):
            raise TypeError(
                "categories must have the places of features as keys, or tuples of "
                f"places that share an embedding. Got {key!r} instead; count the "
                "features of a step from 0. Names are read by "
                "AutoregressiveForecaster alone."
            )
        _check_places(places, sizes, windows.n_features)
        if size != "auto" and not (_is_integer(size) and int(size) >= 1):
            raise ValueError(
                "categories must give the size of each embedding: an integer of at "
                f"least 1, or 'auto'. Got {size!r} for feature {key!r}."
            )
        sizes[tuple(map(int, places))] = None if size == "auto" else int(size)
    return dict(sorted(sizes.items()))


def places_of_codes(categories: Any) -> tuple[int, ...]:
    """Return the places of the features that are codes, by a parameter not checked."""
    places = [place for key in categories or {} for place in _as_tuple(key)]
    return tuple(int(place) for place in places if _is_integer(place))


def check_codes(windows: Windows, places: Sequence[int]) -> None:
    """Raise if a feature of codes has values that are no whole numbers."""
    for place in places:
        if not 0 <= place < windows.n_features:
            continue  # Refused where keys are read.
        codes = windows.rows[:, place]
        wrong = ~np.isnan(codes) & (codes != np.rint(codes))
        if wrong.any():
            raise ValueError(
                f"categories names feature {place} of X, which must hold codes of "
                "categories: whole numbers from 0 on, or NaN. Got "
                f"{codes[wrong][0]:g}; encode it, for instance by OrdinalEncoder, or "
                "leave it out of categories."
            )


def count_codes(sizes: Sizes, windows: Windows) -> tuple[CodedFeatures, ...]:
    """Return features with the number of their codes, the largest one of which counts.

    Raises
    ------
    ValueError
        If a code is so large that it is none.
    """
    return tuple(
        _coded(places, size, _largest_code(windows, places) + 1)
        for places, size in sizes.items()
    )


def keep_codes(
    network: RecurrentNetwork, before: RecurrentNetwork, categories: Any
) -> RecurrentNetwork:
    """Return a network with as many codes as a fitted one, for the same features.

    A size that was chosen for the number of codes stays as well.
    """
    fitted = {coded.places: coded for coded in before.categories}
    is_auto = {
        _as_tuple(key): size == "auto" for key, size in (categories or {}).items()
    }
    kept = []
    for coded in network.categories:
        same = fitted.get(coded.places, coded)
        size = same.size if is_auto[coded.places] else coded.size
        kept.append(replace(coded, n_codes=same.n_codes, size=size))
    return replace(network, categories=tuple(kept))


def seen_codes(network: RecurrentNetwork, windows: Windows) -> list[NDArray[np.bool_]]:
    """Return which rows of each embedding windows look up."""
    used = windows.rows[windows.count_uses() > 0]
    seen = []
    for coded in network.categories:
        found = np.zeros(coded.n_codes + 1, dtype=bool)
        found[rows_of_codes(used[:, list(coded.places)], coded.n_codes)] = True
        seen.append(found)
    return seen


def fill_unseen(
    network: RecurrentNetwork,
    weights: Sequence[NDArray[Any]],
    seen: list[NDArray[np.bool_]],
) -> list[NDArray[Any]]:
    """Return weights in which the rows of codes not seen are the mean of the others.

    The weights may be those of several networks, stacked.
    """
    filled = list(weights)
    tables = [layer for layer in network.layers if layer.reads]
    for layer, is_seen in zip(tables, seen, strict=True):
        (place,) = place_of_layer(network.layers, layer.name)
        # What is missing is no category, and no part of a mean of them.
        known = np.append(is_seen[:-1], False)
        if known.any() and not is_seen.all():
            table = filled[place].copy()
            table[..., ~is_seen, :] = table[..., known, :].mean(axis=-2, keepdims=True)
            filled[place] = table
    return filled


def take_numbers(network: RecurrentNetwork, windows: Windows) -> Windows:
    """Return windows with the features alone that are no codes."""
    if not network.categories:
        return windows
    own = windows.own_scale
    if own is not None and own.hole is not None:
        own = replace(own, hole=own.hole[network.numbers])
    return replace(windows, rows=windows.rows[:, network.numbers], own_scale=own)


def _as_tuple(key: Any) -> tuple[Any, ...]:
    # As text, because skops stores no tuples as keys.
    if isinstance(key, str) and all(part.isdecimal() for part in key.split(",")):
        return tuple(map(int, key.split(",")))
    return key if isinstance(key, tuple) else (key,)


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _check_places(places: tuple[Any, ...], sizes: Sizes, n_features: int) -> None:
    """Raise if there are no such features, or they are named already."""
    named = {place for key in sizes for place in key}
    for place in places:
        if not 0 <= place < n_features:
            raise ValueError(
                f"categories must name features of X, from 0 to {n_features - 1}. Got "
                f"{place}; count the last axis of X."
            )
        if place in named or places.count(place) > 1:
            raise ValueError(
                f"categories must name each feature once. Got {place} again; leave it "
                "out in one place."
            )


def _largest_code(windows: Windows, places: tuple[int, ...]) -> int:
    """Return the largest code in windows, -1 if there is none."""
    used = windows.rows[windows.count_uses() > 0][:, list(places)]
    largest = int(np.max(np.nan_to_num(used, nan=-1.0), initial=-1.0))
    if largest >= MOST_CODES:
        raise ValueError(
            f"categories reads feature {places[0]} of X as codes from 0 on, each of "
            f"which has a row of the embedding. Got {largest}; number the categories, "
            "for instance by OrdinalEncoder."
        )
    return max(largest, -1)


def _coded(places: tuple[int, ...], size: int | None, n_codes: int) -> CodedFeatures:
    chosen = min(WIDEST_AUTO, max(1, ceil(sqrt(n_codes)))) if size is None else size
    return CodedFeatures(places, n_codes, chosen)
