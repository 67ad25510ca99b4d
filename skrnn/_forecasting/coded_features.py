"""The features of windows that hold codes of categories."""

from __future__ import annotations

from collections.abc import Hashable

from .input_columns import InputColumns
from .static import StaticColumns

__all__ = ["features_of_codes"]


def features_of_codes(
    columns: InputColumns,
    static: StaticColumns | None,
    n_targets: int,
    n_known: int,
    horizon: int,
) -> list[tuple[Hashable, tuple[int, ...]]]:
    """Return the columns that are codes, and the features of windows that hold them.

    Parameters
    ----------
    columns : InputColumns
        The columns of X.
    static : StaticColumns or None
        Columns of series that do not change.
    n_targets, n_known : int
        Number of targets, and of columns of X after encoding.
    horizon : int
        Rows that one prediction gives: each step of a window sees the columns known in
        advance of so many rows, which share an embedding.
    """
    # In the order of `ForecastPlan.samples`.
    found: list[tuple[Hashable, tuple[int, ...]]] = []
    first = n_targets
    if static is not None:
        found += [(name, (first + place,)) for name, place in static.codes]
        first += static.values.shape[1]
    past = columns.past_inputs
    known = [place for place in range(n_known) if place not in past]
    for name, place in columns.places_of_codes():
        if place in past:
            found.append((name, (first + past.index(place),)))
            continue
        start = first + len(past) + known.index(place)
        steps = range(horizon)
        found.append((name, tuple(start + step * len(known) for step in steps)))
    return found
