"""The layout of forecasts: the axes, names and index of y."""

from __future__ import annotations

from typing import Any

import numpy as np
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
    """Shape predicted rows like y: an array, or a frame or Series on an index.

    Arrays stay arrays whatever X is, because meta-estimators that convert y, such as
    `TransformedTargetRegressor`, expect that of `predict`.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns) or (n_rows, n_columns, n_bands)
        The rows.
    template : ndarray, Series or DataFrame
        y without its rows.
    index : pandas.Index or None
        Stamps of the rows; None gives an array.
    band_names : list, default=None
        Names along the last axis, if there are three.
    """
    values = values[:, 0] if template.ndim == 1 else values
    if index is None or isinstance(template, np.ndarray):
        return values
    if band_names is None:
        if template.ndim == 1:
            return pd.Series(values, index=index, name=template.name)
        return pd.DataFrame(values, index=index, columns=template.columns)
    if template.ndim == 1:
        return pd.DataFrame(values, index=index, columns=band_names)
    columns = _columns_of_bands(template.columns, band_names)
    return pd.DataFrame(values.reshape(len(values), -1), index, columns)


def _columns_of_bands(columns: pd.Index, band_names: Any) -> pd.MultiIndex:
    """Return each column with each band; columns of several levels keep them."""
    levels = [
        columns.get_level_values(level).repeat(len(band_names))
        for level in range(columns.nlevels)
    ]
    bands = pd.Index(list(band_names) * len(columns))
    return pd.MultiIndex.from_arrays([*levels, bands])
