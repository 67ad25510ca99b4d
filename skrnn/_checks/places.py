"""Names in messages for the place of a value in a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["check_finite", "column_at", "place_of"]


def check_finite(
    values: NDArray[Any],
    source: Any,
    index: pd.Index | None,
    way_out: str,
    *,
    name: str,
    allow_nan: bool = False,
) -> None:
    """Raise if values are NaN or infinite, naming the place of the first one.

    Parameters
    ----------
    values : ndarray of shape (n_rows,) or (n_rows, n_columns)
        Numbers.
    source : array-like
        What the caller passed, which may have names of columns.
    index : pandas.Index or None
        Stamps of the rows.
    way_out : str
        What to do instead, as the message ends.
    name : str
        Name of the argument.
    allow_nan : bool, default=False
        Whether NaN is a missing value and no error.
    """
    bad = np.isinf(values) if allow_nan else ~np.isfinite(values)
    place = place_of(bad, source, index)
    if place is not None:
        kind = "NaN" if np.isnan(values[bad][0]) else "infinity"
        raise ValueError(f"Input {name} contains {kind} in {place}; {way_out}")


def place_of(
    bad: NDArray[np.bool_], source: Any, index: pd.Index | None = None
) -> str | None:
    """Return the column and the row of the first bad value; None if there is none.

    Of values of every step, with three axes, it is the step and the row.
    """
    if not bad.any():
        return None
    if bad.ndim == 3:
        row, step, _ = np.argwhere(bad)[0]
        return f"step {step} of row {row} (counted from 0)"
    bad = bad.reshape(len(bad), -1)
    row, column = np.argwhere(bad)[0]
    stamp = f"row {row}" if index is None else index[row]
    return f"{column_at(column, source)} at {stamp}"


def column_at(column: int, source: Any = None) -> str:
    """Return the name of a column, or its number if the caller gave it no name."""
    names = getattr(source, "columns", [getattr(source, "name", None)])
    name = names[column] if column < len(names) else None
    return f"column {column} (counted from 0)" if name is None else f"column {name!r}"
