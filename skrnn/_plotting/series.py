"""History, forecast and truth as DataFrames over one kind of index."""

import numpy as np
import pandas as pd

from skrnn._index.drawing import axis_values, holds_dates
from skrnn._index.matching import are_up_to
from skrnn._index.reading import has_index

from .panels import as_columns


def _number_rows(start, n_rows):
    return pd.RangeIndex(start, start + n_rows, name="Row")


def align_series(y_train, y_pred, y_true):
    """Return history, forecast and truth as DataFrames over one kind of index."""
    named = zip((y_train, y_pred, y_true), ("y_train", "y_pred", "y_true"), strict=True)
    y_train, y_pred, y_true = (as_columns(y, name) for y, name in named)
    if any(has_index(y) for y in (y_train, y_pred, y_true)):
        # Forecast and truth are of the same rows: one may take the index of the other.
        train_index = None
        pred_index = getattr(y_true, "index", None)
        true_index = getattr(y_pred, "index", None)
    else:
        n_train, n_pred, n_true = (
            0 if y is None else len(y) for y in (y_train, y_pred, y_true)
        )
        train_index = _number_rows(0, n_train)
        pred_index, true_index = (
            _number_rows(n_train, n_pred),
            _number_rows(n_train, n_true),
        )
    history = _as_frame(y_train, train_index, "y_train")
    forecast = _as_frame(y_pred, pred_index, "y_pred")
    truth = _as_frame(y_true, true_index, "y_true")
    if len(forecast) == 0:
        raise ValueError("y_pred must hold at least one row. Got none.")
    history, truth = (_in_order(part, forecast) for part in (history, truth))
    _check_same_axes("y_train", history, forecast)
    _check_same_axes("y_true", truth, forecast)
    return history, forecast, truth


def _in_order(part, forecast):
    """Return the columns of series in the order of the forecast, where all are named.

    History and truth of a panel may have more series than are forecast.
    """
    if part is None or isinstance(forecast.columns, pd.RangeIndex):
        return part
    is_known = forecast.columns.isin(part.columns)
    return part[list(forecast.columns)] if is_known.all() else part


def _as_frame(y, index, name):
    """Return y as a DataFrame; an array gets the index."""
    if y is None or has_index(y):
        return None if y is None else pd.DataFrame(y)
    y = np.asarray(y)
    if y.ndim not in (1, 2):
        raise ValueError(f"{name} must have 1 or 2 axes. Got shape {y.shape} instead.")
    if index is None or len(index) != len(y):
        raise ValueError(
            f"{name} must have an index if another part of the plot has one. Got an "
            f"array of shape {y.shape} instead; pass a Series or DataFrame."
        )
    return pd.DataFrame(y, index=index)


def _check_same_axes(name, part, forecast):
    if part is None:
        return
    if part.shape[1] != forecast.shape[1]:
        raise ValueError(
            f"{name} must have as many targets as y_pred, {forecast.shape[1]}. Got "
            f"{part.shape[1]} instead."
        )
    if holds_dates(part.index) != holds_dates(forecast.index):
        raise ValueError(
            f"{name} and y_pred must both be indexed by dates or both by numbers. "
            f"Got {type(part.index).__name__} and {type(forecast.index).__name__} "
            "instead; give them stamps of one kind."
        )


def place_series(y, y_pred, X, last_stamp, n_train):
    """Return history, forecast and truth with the stamps where they are drawn.

    Parameters
    ----------
    y : {array, Series, DataFrame} or None
        The observed series.
    y_pred : {array, Series, DataFrame}
        The forecast.
    X : {array, DataFrame}
        The rows of the forecast.
    last_stamp : index value or None
        The end of the training rows, if they had an index.
    n_train : int
        The number of training rows.
    """
    y_pred, y = as_columns(y_pred, "y_pred"), as_columns(y, "y")
    if not has_index(y_pred) and has_index(X):
        y_pred = pd.DataFrame(y_pred, index=X.index)
    if has_index(y_pred):
        if y is not None and not has_index(y):
            raise TypeError(
                "y must be a Series or DataFrame with the stamps of its rows, since "
                f"the forecast has stamps. Got {type(y).__name__} instead."
            )
    else:
        y_pred = pd.DataFrame(y_pred, index=_number_rows(n_train, len(y_pred)))
        if y is not None:
            _check_covers_training(y, n_train)
            y = pd.DataFrame(y).set_axis(_number_rows(0, len(y)))
            last_stamp = n_train - 1
    y_train, y_true = _split_observed(y, last_stamp, n_train)
    return y_train, y_pred, y_true


def _check_covers_training(y, n_train):
    if len(y) < n_train:
        raise ValueError(
            f"y must begin with the {n_train} training rows if the forecaster was "
            f"fitted without stamps. Got {len(y)} rows instead; pass the whole series."
        )


def _split_observed(y, last_stamp, n_train):
    """Split an observed series at the end of training."""
    if y is None:
        return None, None
    if last_stamp is None:
        _check_covers_training(y, n_train)
        return y.iloc[:n_train], y.iloc[n_train:]
    if isinstance(last_stamp, pd.Series):
        return _split_each(y, last_stamp)
    seen = are_up_to(y.index, last_stamp)
    return y[seen], y[~seen]


def _split_each(y, last_stamps):
    """Split series that are columns of y, each at the end of its own training."""
    y = pd.DataFrame(y)
    unknown = [name for name in y.columns if name not in last_stamps.index]
    if unknown:
        raise ValueError(
            f"y must hold the series that the forecaster was fitted on, "
            f"{list(last_stamps.index)}. Got {unknown[0]!r} as well; leave it out."
        )
    ends = [last_stamps[name] for name in y.columns]
    seen = np.stack([are_up_to(y.index, end) for end in ends], axis=1)
    # Series end at different rows: one may be history of one and truth of another.
    in_history, in_truth = seen.any(axis=1), ~seen.all(axis=1)
    return y.where(seen)[in_history], y.mask(seen)[in_truth]


def name_targets(target_name, parts, places):
    """Return a name for each target drawn: the user's, the columns' or a number."""
    columns = [part.columns for part in parts if part is not None]
    named = [names for names in columns if not isinstance(names, pd.RangeIndex)]
    if target_name is not None:
        names = [target_name] if isinstance(target_name, str) else list(target_name)
    elif named:
        names = [_in_words(named[0][place]) for place in places]
    elif parts[1].shape[1] == 1:
        names = ["y"]
    else:
        names = [f"target {place}" for place in places]
    if len(names) != len(places):
        raise ValueError(
            f"target_name must name each target, {len(places)}. Got {names} instead."
        )
    return names


def _in_words(name):
    """Return the name of a column; its levels beside each other, if it has several."""
    return ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def rows_observed(part, target):
    """Return the rows of one target from its first to its last value, as a slice."""
    values = part.iloc[:, target].to_numpy(dtype=float)
    observed = np.flatnonzero(~np.isnan(values))
    return slice(observed[0], observed[-1] + 1) if len(observed) else slice(0, 0)


def points(part, target):
    """Return the places on the axis and the values of one target, or None.

    Missing values before the first and after the last one are left out, as series of a
    panel begin and end at different rows.
    """
    rows = slice(0, 0) if part is None else rows_observed(part, target)
    if rows.stop == rows.start:
        return None
    values = part.iloc[:, target].to_numpy(dtype=float)
    return axis_values(part.index)[rows], values[rows]
