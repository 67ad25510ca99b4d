"""Checks of X and y: the observed rows, and the rows to predict."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from skrnn._checks.places import check_finite, place_of
from skrnn._checks.shapes import check_columns
from skrnn._checks.sklearn import check_feature_names
from skrnn._checks.tables import as_floats
from skrnn._index.reading import common_index, index_of

from .embeddings import Embeddings
from .input_columns import InputColumns
from .limits import Bounds, check_within_bounds
from .past_columns import (
    check_finite_but_past,
    known_in_advance,
    with_past_columns,
)
from .results import template_of
from .series import SeriesRows, series_from_long, series_from_wide

__all__ = [
    "Observations",
    "check_has_rows",
    "check_same_columns",
    "read_future",
    "read_observations",
    "split_history",
]

# `check_finite` raises for infinity instead, and names its column and stamp.
NUMBER_RULES = {"dtype": np.float64, "ensure_all_finite": False}


@dataclass(frozen=True)
class Observations:
    """Observed rows, in the order of the caller.

    Parameters
    ----------
    targets : ndarray of shape (n_rows, n_columns)
        Values of y; NaN where nothing was observed.
    known : ndarray of shape (n_rows, n_known)
        Columns of X.
    index : pandas.Index or None
        Stamps.
    template : ndarray, Series or DataFrame
        y without its rows.
    past : tuple of int, default=()
        Places in `known` of the columns that are not known in advance.
    weights : ndarray of shape (n_rows,) or None, default=None
        Weights of the rows to learn from.
    columns : InputColumns
        The columns of X, as `fit` has seen them.
    """

    targets: NDArray[np.float64]
    known: NDArray[np.float64]
    index: pd.Index | None
    template: Any
    past: tuple[int, ...] = ()
    weights: NDArray[np.float64] | None = None
    columns: InputColumns = field(default_factory=InputColumns)

    @property
    def n_features(self) -> int:
        """Columns of X, before categories were encoded."""
        return self.known.shape[1] - self.columns.categories.n_more

    def by_series(
        self, *, wide: bool, step: Any = None, freq: Any = None
    ) -> SeriesRows:
        """Sort the rows by series; in a wide table each column is one."""
        if self.weights is None:
            rows = self._sort(self.known, wide=wide, step=step, freq=freq)
            return replace(rows, past=self.past)
        # Weights are sorted as a column of X would be.
        columns = np.column_stack([self.known, self.weights])
        rows = self._sort(columns, wide=wide, step=step, freq=freq)
        known, weights = rows.known[:, :-1], rows.known[:, -1]
        return replace(rows, known=known, weights=weights, past=self.past)

    def _sort(
        self, known: NDArray[np.float64], *, wide: bool, step: Any, freq: Any
    ) -> SeriesRows:
        if not wide:
            return series_from_long(self.targets, known, self.index, step, freq=freq)
        if isinstance(self.index, pd.MultiIndex):
            raise ValueError(
                "columns='series' takes each column of y for a series, and the index "
                "for time alone. Got a MultiIndex, which names series itself; leave "
                "columns at 'targets'."
            )
        names = list(getattr(self.template, "columns", range(self.targets.shape[1])))
        return series_from_wide(self.targets, known, self.index, names, step, freq=freq)


def read_observations(
    forecaster: Any,
    X: Any,
    y: Any,
    *,
    log: bool | str,
    bounds: Bounds | None = None,
    fitted: bool,
) -> Observations:
    """Check observed rows: y may miss values, columns known in advance may not.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Named in messages; it is not changed.
    X, y : array-like
        As its `fit` takes them.
    log : bool or "log1p"
        Whether y must be positive, or above -1.
    bounds : tuple of float or None, default=None
        Floor and ceiling that y must keep.
    fitted : bool
        Whether the columns must be those seen in `fit`.
    """
    if y is None:
        raise ValueError(
            "AutoregressiveForecaster requires y to be passed, but the target y is "
            "None; pass the series to continue as y."
        )
    _check_lengths(X, y)
    index = common_index(X, y)
    if not fitted and X is not None:
        _warn_of_lost_index(X, y)
    targets = _read_targets(forecaster, y, index)
    template = template_of(y, targets)
    if log:
        _check_has_logarithm(targets, y, index, log)
    check_within_bounds(targets, bounds, y, index)
    targets = targets.reshape(len(targets), -1)
    columns = _find_columns(forecaster, X, fitted=fitted)
    known = _read_known(forecaster, X, len(targets), index, columns, fitted=fitted)
    return Observations(
        targets, known, index, template, columns.past_inputs, columns=columns
    )


def read_future(forecaster: Any, X: Any) -> NDArray[np.float64]:
    """Check the rows to predict and return their columns known in advance."""
    check_has_rows(forecaster, X)
    shape = _shape_of(X)
    n_ahead = forecaster._origin.n_ahead - forecaster._plan.n_calendar
    only_index = n_ahead == 0 and shape[1:] == (0,)
    # `check_array` would raise for a frame without columns, whose index is enough here.
    if only_index or not forecaster._reads_columns:
        if len(X) == 0:
            raise ValueError("X must have at least 1 row. Got 0 instead.")
        return np.empty((len(X), 0))
    index = index_of(X)
    X, columns = with_past_columns(forecaster, X), forecaster._columns
    known = _read_fitted_columns(forecaster, X, index, columns)
    return known_in_advance(known, columns.past_inputs)


def split_history(history: Any, n_known: int) -> tuple[Any, Any]:
    """Split the parameter `history` into X and y."""
    # A list of two numbers is a y of two rows; only a tuple is a pair.
    if isinstance(history, tuple) and len(history) == 2:
        return history
    if n_known:
        raise ValueError(
            f"history must be a pair (X, y), because the {n_known} columns of X are "
            f"inputs. Got {type(history).__name__} instead; pass the rows of X that "
            "belong to y as well."
        )
    return None, history


def check_same_columns(
    observations: Observations, template: Any, n_columns: int
) -> None:
    """Raise if y has other columns than `fit` saw; columns of arrays have no names."""
    if observations.targets.shape[1] != n_columns:
        raise ValueError(
            f"y must have the {n_columns} columns that fit saw. Got "
            f"{observations.targets.shape[1]} instead."
        )
    seen = getattr(template, "columns", None)
    columns = getattr(observations.template, "columns", None)
    if seen is None or columns is None:
        return
    # Columns in another order would be taken for one another.
    if list(columns) != list(seen):
        raise ValueError(
            f"y must have the columns that fit saw, {list(seen)}. Got "
            f"{list(columns)} instead; reindex it."
        )


def _read_targets(
    forecaster: Any, y: Any, index: pd.Index | None
) -> NDArray[np.float64]:
    """Check that y holds numbers, of which some may be missing."""
    targets = as_floats(
        y,
        lambda: check_array(
            y, ensure_2d=False, input_name="y", estimator=forecaster, **NUMBER_RULES
        ),
        name="y",
    )
    way_out = "replace it, for instance by NaN, which counts as missing."
    check_finite(targets, y, index, way_out, name="y", allow_nan=True)
    return targets


def _find_columns(forecaster: Any, X: Any, *, fitted: bool) -> InputColumns:
    """Return what is to be done with the columns of X."""
    if fitted:
        columns: InputColumns = forecaster._columns
        return columns
    embeddings = Embeddings.of(forecaster.estimator)
    columns = InputColumns.find(
        forecaster.past, X if forecaster.exogenous else None, embeddings
    )
    static = getattr(forecaster.static, "columns", [])
    embeddings.check_columns([*(columns.labels or []), *static])
    return columns


def _read_known(
    forecaster: Any,
    X: Any,
    n_rows: int,
    index: pd.Index | None,
    columns: InputColumns,
    *,
    fitted: bool,
) -> NDArray[np.float64]:
    """Return the columns of X that are inputs."""
    only_index = isinstance(X, pd.DataFrame) and X.shape[1] == 0
    reads_columns = forecaster._reads_columns if fitted else forecaster.exogenous
    if X is None or only_index or not reads_columns:
        if fitted and forecaster.n_features_in_:
            raise ValueError(_lacks_columns(forecaster))
        return np.empty((n_rows, 0))
    check_columns(X, forecaster if fitted else None)
    if fitted:
        return _read_fitted_columns(forecaster, X, index, columns)
    X = columns.encode(X)
    # Not `validate_data`, which would set attributes before the fit has succeeded.
    known = as_floats(
        X, lambda: check_array(X, input_name="X", estimator=forecaster, **NUMBER_RULES)
    )
    way_out = "fill it in: columns known in advance need a value in each row."
    checked = check_finite_but_past(known, columns.past_inputs)
    check_finite(checked, X, index, way_out, name="X")
    return known


def _read_fitted_columns(
    forecaster: Any, X: Any, index: pd.Index | None, columns: InputColumns
) -> NDArray[np.float64]:
    """Check that X has the columns seen in `fit`, and values in all of them."""
    check_columns(X, forecaster)
    shape = _shape_of(X)
    if shape[1:] == (0,):
        raise ValueError(_lacks_columns(forecaster))
    if forecaster.n_features_in_ == 0 and len(shape) == 2:
        ways = "" if index is None else "pass pd.DataFrame(index=X.index), "
        raise ValueError(
            f"X has {shape[1]} features, but AutoregressiveForecaster is expecting "
            f"0 features as input, because fit saw no columns; {ways}use "
            "forecast(n_steps), or fit with these columns."
        )
    rows = columns.encode(X)
    _check_names(forecaster, X)
    columns.check_labels(X)

    def convert() -> NDArray[np.float64]:
        if rows is X:
            return np.asarray(validate_data(forecaster, X, reset=False, **NUMBER_RULES))
        # The names are checked, and categories have become more columns.
        return np.asarray(check_array(rows, input_name="X", **NUMBER_RULES))

    known = as_floats(rows, convert)
    way_out = "columns known in advance need a value in each row to predict."
    checked = check_finite_but_past(known, columns.past_inputs)
    check_finite(checked, rows, index, way_out, name="X")
    return known


def _shape_of(X: Any) -> tuple[int, ...]:
    """Return the shape of an array-like, which may only have `__array__`."""
    shape: tuple[int, ...] = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    return shape


def _check_names(forecaster: Any, X: Any) -> None:
    """Raise if columns have other names than in `fit`, or another order."""
    try:
        check_feature_names(forecaster, X)
    except ValueError as error:
        names = list(getattr(forecaster, "feature_names_in_", ()))
        raise ValueError(
            f"{str(error).strip()}\nPass X with the columns {names}, in this order."
        ) from error


def _check_lengths(X: Any, y: Any) -> None:
    """Raise if X or y has no length, by the name of that one, or lengths differ."""
    for name, rows in (("X", X), ("y", y)):
        try:
            check_consistent_length(rows)
        except TypeError as error:
            raise TypeError(f"{name} must be a table or an array. {error}") from error
    check_consistent_length(X, y)


def _warn_of_lost_index(X: Any, y: Any) -> None:
    """Warn if only y has an index, so that rows to predict will have no place in it."""
    if index_of(X) is None and index_of(y) is not None:
        warnings.warn(
            "y has an index and X has none: predict will take the rows of an array for "
            "those that follow directly, whatever they are. In a Pipeline, keep the "
            "index by set_output(transform='pandas') of the transformers; otherwise "
            "pass X on the index of y, or y as an array.",
            UserWarning,
            stacklevel=2,
        )


def _lacks_columns(forecaster: Any) -> str:
    names = ", ".join(getattr(forecaster, "feature_names_in_", ()))
    return (
        f"X must have the {forecaster.n_features_in_} columns known in advance that "
        f"fit saw{names and f' ({names})'}. Got none; pass them, or fit with "
        "exogenous=False."
    )


def check_has_rows(forecaster: Any, X: Any) -> None:
    """Raise if X has no rows that say which rows to predict."""
    if X is None:
        raise ValueError(
            "predict needs X, whose rows say which rows to predict. Got None instead; "
            "use forecast(n_steps)."
        )
    rows = "np.empty((n_steps, 0))"
    if forecaster._origin.has_index:
        rows = "pd.DataFrame(index=forecaster.forecast(n_steps).index)"
    if forecaster.n_features_in_:
        rows = "the columns known in advance of these rows"
    ways = {
        Integral: f"use forecast({X}), or pass {rows}",
        pd.Index: "pass pd.DataFrame(index=X)",
    }
    for kind, way_out in ways.items():
        if isinstance(X, kind):
            raise TypeError(
                "X must be a frame or an array whose rows say which rows to predict. "
                f"Got {type(X).__name__} instead; {way_out}."
            )


def _check_has_logarithm(
    targets: NDArray[np.float64], y: Any, index: pd.Index | None, log: bool | str
) -> None:
    """Raise if a value has no logarithm, and name its place."""
    least = -1 if log == "log1p" else 0
    place = place_of(targets <= least, y, index)
    if place is not None:
        lowest = targets[targets <= least][0]
        ways = "set log=False, or add a constant to y"
        if lowest == 0:
            ways = f"set log='log1p' for data with zeros, {ways}"
        raise ValueError(
            f"log={log!r} needs values of y above {least}. Got {lowest:g} in {place}; "
            f"{ways}."
        )
