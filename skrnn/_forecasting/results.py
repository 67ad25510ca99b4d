"""The layout of forecasts: the axes, names and index of y."""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import NDArray

from skrnn._index.reading import index_of

__all__ = ["form_of", "shape_like"]


def form_of(y: Any, values: NDArray[Any]) -> Any:
    """Give y without its rows: the axes of its values, and its names."""
    return values[:0].copy() if index_of(y) is None else y.iloc[:0].copy()


def shape_like(
    values: NDArray[Any], form: Any, index: pd.Index | None, bands: Any = None
) -> Any:
    """Give predicted rows the axes and names of y, on an index where there is one.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns) or (n_rows, n_columns, n_bands)
        The rows.
    form : ndarray, Series or DataFrame
        What y looks like.
    index : pandas.Index or None
        Stamps of the rows.
    bands : list, default=None
        Names along the last axis, if there are three.
    """
    values = values[:, 0] if form.ndim == 1 else values
    if index is None:
        return values
    columns = getattr(form, "columns", None)
    if bands is None:
        if form.ndim == 1:
            return pd.Series(values, index=index, name=getattr(form, "name", None))
        return pd.DataFrame(values, index=index, columns=columns)
    if form.ndim == 1:
        return pd.DataFrame(values, index=index, columns=bands)
    labels = range(values.shape[1]) if columns is None else columns
    columns = pd.MultiIndex.from_product([labels, bands])
    return pd.DataFrame(values.reshape(len(values), -1), index, columns)
