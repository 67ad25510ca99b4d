"""The layout of forecasts: the axes, names and index of y."""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from skrnn._index.reading import index_of

__all__ = ["shape_like", "template_of"]


def template_of(y: Any, values: NDArray[Any]) -> Any:
    """Return y without its rows: the axes of its values, and its names."""
    # A copy, because an empty slice would keep all of y in memory.
    return values[:0].copy() if index_of(y) is None else y.iloc[:0].copy()


def shape_like(
    values: NDArray[Any],
    template: Any,
    index: pd.Index | None,
    band_names: Any = None,
) -> Any:
    """Shape predicted rows like y: its axes and names, on an index if there is one.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns) or (n_rows, n_columns, n_bands)
        The rows.
    template : ndarray, Series or DataFrame
        y without its rows.
    index : pandas.Index or None
        Stamps of the rows.
    band_names : list, default=None
        Names along the last axis, if there are three.
    """
    values = values[:, 0] if template.ndim == 1 else values
    if index is None:
        return values
    columns = getattr(template, "columns", None)
    if band_names is None:
        if template.ndim == 1:
            name = getattr(template, "name", None)
            return pd.Series(values, index=index, name=name)
        return pd.DataFrame(values, index=index, columns=columns)
    if template.ndim == 1:
        return pd.DataFrame(values, index=index, columns=band_names)
    labels = range(values.shape[1]) if columns is None else columns
    columns = pd.MultiIndex.from_product([labels, band_names])
    return pd.DataFrame(values.reshape(len(values), -1), index, columns)
