"""Read the index of what a user passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .indexed import IndexedWindows

__all__ = ["common_index", "index_of"]


def index_of(X: Any) -> pd.Index | None:
    """Give the index of a pandas object or of windows, None for anything else."""
    known = isinstance(X, (pd.DataFrame, pd.Series, IndexedWindows))
    return X.index if known else None


def common_index(X: Any, y: Any) -> pd.Index | None:
    """Give the index of X and y; None where neither has one."""
    index, index_y = index_of(X), index_of(y)
    if index is not None and index_y is not None and not index.equals(index_y):
        row = int(np.argmax(np.asarray(index != index_y)))
        raise ValueError(
            f"X and y must have the same index. Got {index[row]} in X and "
            f"{index_y[row]} in y at row {row}; align them, for instance with "
            "y.loc[X.index], or pass y.to_numpy() if the rows do belong together."
        )
    return index_y if index is None else index
