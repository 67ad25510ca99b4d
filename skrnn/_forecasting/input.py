"""What a forecaster reads: series and columns in, refusals where they do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from skrnn._checks.places import check_finite, place_of
from skrnn._checks.tables import as_floats, check_columns
from skrnn._index.reading import common_index, index_of

from .results import form_of
from .series import Panel, panel_of_columns, panel_of_rows

__all__ = ["SeriesRows", "read_future", "read_series", "split_history"]

RULES = {"dtype": np.float64, "ensure_all_finite": False}


@dataclass(frozen=True)
class SeriesRows:
    """Rows of series as the caller has them.

    Parameters
    ----------
    targets : ndarray of shape (n_rows, n_columns)
        What was observed; NaN where nothing was.
    known : ndarray of shape (n_rows, n_known)
        Columns known in advance.
    index : pandas.Index or None
        Stamps.
    form : ndarray, Series or DataFrame
        y without its rows.
    """

    targets: np.ndarray
    known: np.ndarray
    index: pd.Index | None
    form: Any

    def panel(self, *, wide: bool, step: Any = None) -> Panel:
        """Sort the rows by series; wide ones have a series in each column."""
        if not wide:
            return panel_of_rows(self.targets, self.known, self.index, step)
        if isinstance(self.index, pd.MultiIndex):
            raise ValueError(
                "columns='series' takes each column of y for a series, and the index "
                "for time alone. Got a MultiIndex, which names series itself; leave "
                "columns at 'targets'."
            )
        names = list(getattr(self.form, "columns", range(self.targets.shape[1])))
        return panel_of_columns(self.targets, self.known, self.index, names, step)


def read_series(forecaster: Any, X: Any, y: Any, *, log: bool, fitted: bool) -> Any:
    """Check observed rows: y may miss values, the columns known in advance may not.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Named in messages; it is not changed.
    X, y : array-like
        As its `fit` takes them.
    log : bool
        Whether y must be positive.
    fitted : bool
        Whether the columns must be those seen in `fit`.

    Returns
    -------
    rows : SeriesRows
        The rows.
    """
    if y is None:
        raise ValueError(
            "AutoregressiveForecaster requires y to be passed, but the target y is "
            "None; pass the series to continue as y."
        )
    _check_lengths(X, y)
    index = common_index(X, y)
    targets = as_floats(
        y,
        lambda: check_array(
            y, ensure_2d=False, input_name="y", estimator=forecaster, **RULES
        ),
        name="y",
    )
    form = form_of(y, targets)
    way_out = "replace it, for instance by NaN, which counts as missing."
    check_finite(targets, y, index, way_out, name="y", allow_nan=True)
    if log:
        _check_positive(targets, y, index)
    targets = targets.reshape(len(targets), -1)
    known = _read_known(forecaster, X, len(targets), index, fitted=fitted)
    return SeriesRows(targets, known, index, form)


def read_future(forecaster: Any, X: Any) -> np.ndarray:
    """Check the rows to predict and give their columns known in advance."""
    _check_tells_rows(X)
    shape = np.shape(X)
    only_index = forecaster.n_features_in_ == 0 and shape[1:] == (0,)
    if only_index or not forecaster.exogenous:
        if len(X) == 0:
            raise ValueError("X must have at least 1 row. Got 0 instead.")
        return np.empty((len(X), 0))
    return _read_columns(forecaster, X, index_of(X))


def split_history(history: Any, n_known: int) -> tuple[Any, Any]:
    """Split what was passed as history into X and y."""
    if isinstance(history, tuple) and len(history) == 2:
        return history
    if n_known:
        raise ValueError(
            f"history must be a pair (X, y), because the {n_known} columns of X are "
            f"inputs. Got {type(history).__name__} instead; pass the rows of X that "
            "belong to y as well."
        )
    return None, history


def _read_known(
    forecaster: Any, X: Any, n_rows: int, index: pd.Index | None, *, fitted: bool
) -> np.ndarray:
    """Give the columns of X that are known in advance."""
    only_index = isinstance(X, pd.DataFrame) and X.shape[1] == 0
    if X is None or only_index or not forecaster.exogenous:
        if fitted and forecaster.n_features_in_:
            raise ValueError(_lacks_columns(forecaster))
        return np.empty((n_rows, 0))
    check_columns(X)
    if fitted:
        return _read_columns(forecaster, X, index)
    known = as_floats(
        X, lambda: check_array(X, input_name="X", estimator=forecaster, **RULES)
    )
    way_out = "fill it in: columns known in advance need a value in each row."
    check_finite(known, X, index, way_out, name="X")
    return known


def _read_columns(forecaster: Any, X: Any, index: pd.Index | None) -> np.ndarray:
    """Check that X has the columns seen in `fit`, and values in all of them."""
    check_columns(X)
    shape = np.shape(X)
    if shape[1:] == (0,):
        raise ValueError(_lacks_columns(forecaster))
    if forecaster.n_features_in_ == 0 and len(shape) == 2:
        ways = "" if index is None else "pass pd.DataFrame(index=X.index), "
        raise ValueError(
            f"X has {shape[1]} features, but AutoregressiveForecaster is expecting "
            f"0 features as input, because fit saw no columns; {ways}use "
            "forecast(n_steps), or fit with these columns."
        )
    known = as_floats(X, lambda: validate_data(forecaster, X, reset=False, **RULES))
    way_out = "columns known in advance need a value in each row to predict."
    check_finite(known, X, index, way_out, name="X")
    return known


def _check_lengths(X: Any, y: Any) -> None:
    """Refuse what has no length, by name, and then unequal lengths."""
    for name, rows in (("X", X), ("y", y)):
        try:
            check_consistent_length(rows)
        except TypeError as error:
            raise TypeError(f"{name} must be a table or an array. {error}") from error
    check_consistent_length(X, y)


def _lacks_columns(forecaster: Any) -> str:
    names = ", ".join(getattr(forecaster, "feature_names_in_", ()))
    return (
        f"X must have the {forecaster.n_features_in_} columns known in advance that "
        f"fit saw{names and f' ({names})'}. Got none; pass them, or fit with "
        "exogenous=False."
    )


def _check_tells_rows(X: Any) -> None:
    """Refuse what is no table, whose rows would say which rows to predict."""
    if X is None:
        raise ValueError(
            "predict needs X, whose rows say which rows to predict. Got None instead; "
            "use forecast(n_steps)."
        )
    ways = {Integral: f"use forecast({X})", pd.Index: "pass pd.DataFrame(index=X)"}
    for kind, way_out in ways.items():
        if isinstance(X, kind):
            raise TypeError(
                "predict needs X, a frame or an array whose rows say which rows to "
                f"predict. Got {type(X).__name__} instead; {way_out}."
            )


def _check_positive(targets: np.ndarray, y: Any, index: pd.Index | None) -> None:
    """Refuse values that have no logarithm, naming the first one."""
    place = place_of(targets <= 0, y, index)
    if place is not None:
        raise ValueError(
            f"log=True needs values of y above 0. Got {targets[targets <= 0][0]:g} in "
            f"{place}; set log=False, or add a constant to y."
        )
