"""Where in a table a value is, as messages name it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["check_finite", "place_of"]


def check_finite(
    values: NDArray[Any],
    source: Any,
    index: pd.Index | None,
    way_out: str,
    *,
    name: str,
    allow_nan: bool = False,
) -> None:
    """Refuse NaN and infinity, naming the column and the stamp of the first one."""
    refused = np.isinf if allow_nan else lambda rows: ~np.isfinite(rows)
    place = place_of(refused(values), source, index)
    if place is not None:
        first = values[refused(values)][0]
        what = "NaN" if np.isnan(first) else "infinity"
        raise ValueError(f"Input {name} contains {what} in {place}; {way_out}")


def place_of(
    flags: NDArray[np.bool_], source: Any, index: pd.Index | None
) -> str | None:
    """Name the column and the stamp of the first value that is flagged."""
    flags = flags.reshape(len(flags), -1)
    if not flags.any():
        return None
    row, column = np.argwhere(flags)[0]
    labels = getattr(source, "columns", [getattr(source, "name", None)])
    label = labels[column] if column < len(labels) else None
    stamp = f"row {row}" if index is None else index[row]
    return f"column {column if label is None else repr(label)} at {stamp}"
