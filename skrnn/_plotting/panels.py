"""Series below one another as columns side by side, and the choice of some of them."""

import numpy as np
import pandas as pd

from skrnn._index.reading import index_of, names_series

MOST_SERIES = 24  # Axes of more series are too small to read, and slow to draw.


def as_columns(y, name):
    """Return y with the series that lie below one another as columns of a frame."""
    if y is None or not names_series(index_of(y)):
        return y
    if y.ndim == 2 and y.shape[1] != 1:
        raise ValueError(
            f"{name} must have one column if its rows name their series. Got "
            f"{list(y.columns)} instead; select one of these columns."
        )
    values = y.iloc[:, 0] if y.ndim == 2 else y
    names = y.index.droplevel(-1)
    stamps = y.index.get_level_values(-1)
    places, distinct = stamps.factorize(sort=True)
    codes, series = names.factorize()
    wide = np.full((len(distinct), len(series)), np.nan)
    wide[places, codes] = values.to_numpy(dtype=float)
    distinct = pd.Index(distinct, name=stamps.name)
    return pd.DataFrame(wide, distinct, pd.Index(series.to_flat_index()))


def in_blocks(values, y_pred, forecast):
    """Return several values of each row as an array (n_steps, n_series, n_values).

    Parameters
    ----------
    values : {array, DataFrame} of shape (n_rows, n_values) or None
        Values of the rows of `y_pred`, such as intervals or paths.
    y_pred : {array, Series, DataFrame}
        The forecast. If its rows do not name their series, `values` is returned.
    forecast : DataFrame
        The forecast with series as columns.
    """
    index = index_of(y_pred)
    if values is None or not names_series(index):
        return values
    table = np.asarray(values, dtype=float).reshape(len(index), -1)
    if isinstance(values, pd.DataFrame) and not values.index.equals(index):
        raise ValueError(
            "y_interval and y_paths must have the index of y_pred. Got another one; "
            "predict them for the same rows."
        )
    each = [as_columns(pd.Series(column, index), "values") for column in table.T]
    blocks = [
        part.reindex(index=forecast.index, columns=forecast.columns) for part in each
    ]
    return np.stack(blocks, axis=-1)


def align_paths(y_paths, y_pred, forecast):
    """Return paths as an array of shape (n_steps, n_targets, n_paths), or None."""
    if y_paths is None:
        return None
    paths = np.asarray(in_blocks(y_paths, y_pred, forecast), dtype=float)
    n_steps, n_targets = forecast.shape
    n_values = paths.size // max(n_steps, 1)
    if len(paths) != n_steps or n_values == 0 or n_values % n_targets:
        raise ValueError(
            "y_paths must hold as many paths for each row and target of y_pred, which "
            f"has the shape {np.shape(y_pred)}. Got the shape {np.shape(y_paths)} "
            "instead; pass what sample_paths returns."
        )
    return paths.reshape(n_steps, n_targets, -1)


def choose_series(series, names):
    """Return the places of the series to draw among the names of all.

    Parameters
    ----------
    series : str, list or None
        Names of some of them; None means all.
    names : list
        All names.
    """
    if series is None:
        if len(names) > MOST_SERIES:
            raise ValueError(
                f"A display draws at most {MOST_SERIES} series. Got {len(names)}; name "
                f"some of them, as in series={names[:3]}."
            )
        return list(range(len(names)))
    # A tuple names one series of several levels.
    asked = series if isinstance(series, list) else [series]
    unknown = [name for name in asked if name not in names]
    if unknown or not asked:
        raise ValueError(
            f"series must name columns of the forecast, such as {names[:5]}. Got "
            f"{unknown[0] if unknown else series!r} instead."
        )
    return [names.index(name) for name in asked]


def rows_of_series(rows, series):
    """Return the rows of chosen series; all of them if rows do not name series."""
    index = index_of(rows)
    if series is None or not names_series(index):
        return rows
    of_rows = index.droplevel(-1).to_flat_index()
    names = list(of_rows.unique())
    chosen = [names[place] for place in choose_series(series, names)]
    return rows[of_rows.isin(chosen)]
