"""All folds of a backtest with one forecaster, forecast side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._estimators.inside import (
    find_parameter,
    learned_distribution,
    open_pipelines,
)

from .backtest_values import BacktestRows, Bands, gives_intervals
from .drawn_paths import is_one_block
from .folds import Fold
from .forecaster import AutoregressiveForecaster
from .later_rows import LaterRows, Starts
from .origin import Origin
from .request import Request

__all__ = ["predict_at_once"]

# Values of the last rows that forecasts of some folds start from.
MOST_VALUES = 2**24

Predicted = tuple[NDArray[np.float64] | None, list[Any]]


def predict_at_once(
    forecaster: Any, rows: BacktestRows, folds: list[Fold], bands: Bands
) -> list[Predicted] | None:
    """Predict the rows ahead in each fold, as after `update` with all rows before them.

    Parameters
    ----------
    forecaster : estimator
        Fitted on the training rows of the first fold.
    rows : BacktestRows
        All rows.
    folds : list of Fold
        The folds, in order of their origins.
    bands : Bands
        What is predicted.

    Returns
    -------
    predicted : list of (ndarray or None, list) or None
        What `predict_fold` returns, for each fold. None where the numbers could be
        others than those of one fold after the other, or an error would not name its
        fold.
    """
    transformers, inner = open_pipelines(forecaster)
    # A transformer may know the rows that it has seen last. Nor are methods of a class
    # of the user's known here, or the order of samples that a state depends on.
    if transformers or type(inner) is not AutoregressiveForecaster or len(folds) < 2:
        return None
    if find_parameter(inner.estimator_, "stateful"):
        return None
    last = max(int(rows.axis.places[fold.ahead].max()) for fold in folds)
    new = rows.axis.rows_at(np.arange(folds[0].origin + 1, last + 1))
    try:
        later = _read_later(inner, rows, new)
    except (ValueError, TypeError):
        return None
    asked = [np.searchsorted(new, fold.ahead) for fold in folds]
    predicted: list[Predicted] = []
    for first, stop in _chunks(inner, later, folds):
        part = _FoldsAtOnce.find(inner, later, folds[first:stop], asked[first:stop])
        found = part.predict(bands)
        if found is None:
            return None
        predicted += found
    return predicted


def _read_later(
    forecaster: Any, rows: BacktestRows, new: NDArray[np.intp]
) -> LaterRows:
    """Read all rows behind those that a forecaster was fitted on."""
    observations, update, _ = forecaster._read_update(*rows.observed(new))
    targets, wide = observations.targets, forecaster._wide
    return LaterRows.read(
        update,
        observations.index,
        targets.T.reshape(-1, 1) if wide else targets,
        rows.axis.places[new],
        len(forecaster._origin),
        wide=wide,
    )


def _chunks(
    forecaster: Any, later: LaterRows, folds: list[Fold]
) -> Iterator[tuple[int, int]]:
    """Yield where folds that fit into memory together begin and end."""
    plan, n_series = forecaster._plan, len(later.origin)
    n_channels = later.targets.shape[1] + plan.horizon * later.known.shape[1]
    n_steps = max(int(fold.steps.max()) for fold in folds)
    n_values = n_series * (later.origin.targets.shape[1] + n_steps) * n_channels
    size = max(1, MOST_VALUES // n_values)
    for first in range(0, len(folds), size):
        yield first, first + size


@dataclass(frozen=True)
class _FoldsAtOnce:
    """Some folds of a backtest, with the series that each of them starts from.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        The forecaster.
    later : LaterRows
        The rows.
    starts : Starts
        All series of all folds.
    origin : Origin
        Where they are forecast from.
    can_start : ndarray of bool of shape (n_starts,)
        Whether they can be.
    rows, row_starts : list of ndarray
        Of each fold the rows to predict and the start of each, of a wide table column
        below column.
    """

    forecaster: Any
    later: LaterRows
    starts: Starts
    origin: Origin
    can_start: NDArray[np.bool_]
    rows: list[NDArray[np.intp]]
    row_starts: list[NDArray[np.intp]]

    @classmethod
    def find(
        cls,
        forecaster: Any,
        later: LaterRows,
        folds: list[Fold],
        asked: list[NDArray[np.intp]],
    ) -> _FoldsAtOnce:
        """Find where some folds start, and which later rows are asked for."""
        starts = later.starts_at(np.array([fold.origin for fold in folds]))
        plan = forecaster._plan
        origin = forecaster._scale_young(
            later.origin_of(starts), plan, forecaster._origin
        )
        can_start = plan.can_continue(origin, forecaster.estimator_)
        numbers = np.full((len(folds), len(later.origin)), -1)
        numbers[starts.groups, starts.codes] = np.arange(len(starts.codes))
        if forecaster._wide:
            n_rows = len(later.codes) // len(later.origin)
            columns = np.arange(len(later.origin))[:, None] * n_rows
            asked = [(columns + rows).ravel() for rows in asked]
        row_starts = [
            numbers[number, later.codes[rows]] for number, rows in enumerate(asked)
        ]
        return cls(forecaster, later, starts, origin, can_start, asked, row_starts)

    def predict(self, bands: Bands) -> list[Predicted] | None:
        """Return what `predict_fold` returns for each fold, None if that may differ."""
        is_alone, wide = self.origin.names[0] is None, self.forecaster._wide
        every = np.concatenate(self.row_starts)
        is_asked = np.isin(np.arange(len(self.starts.codes)), every)
        if self._differs(is_asked):
            return None
        kept = is_asked & (self.can_start | is_alone)
        if not kept.any():
            return [(None, self._skipped(n)) for n in range(len(self.rows))]
        values = self._values(kept, np.concatenate(self.rows), every, bands)
        if values is None:
            return None
        stops = np.cumsum([len(rows) for rows in self.rows])
        parts = np.split(values, stops[:-1])
        if wide:
            n_series = len(self.later.origin)
            shape = n_series, -1, values.shape[-1]
            parts = [part.reshape(shape).swapaxes(0, 1) for part in parts]
        found: list[Predicted] = []
        for number, part in enumerate(parts):
            has_rows = kept[self.row_starts[number]].any()
            found.append((part if has_rows else None, self._skipped(number)))
        return found

    def _differs(self, is_asked: NDArray[np.bool_]) -> bool:
        """Return whether forecasts would fail, or start from the ends of others."""
        is_cold = self.forecaster._plan.cold_start
        if is_cold and (is_asked & ~self.starts.is_observed).any():
            return True
        if self.origin.names[0] is None:
            return not self.can_start.all()
        if not self.forecaster._wide:
            return False
        starting = np.bincount(self.starts.groups, self.can_start)
        return bool((starting == 0).any())

    def _values(
        self,
        kept: NDArray[np.bool_],
        rows: NDArray[np.intp],
        row_starts: NDArray[np.intp],
        bands: Bands,
    ) -> NDArray[np.float64] | None:
        """Return values of all rows; NaN of those whose start is not kept."""
        forecaster = self.forecaster
        is_kept = kept[row_starts]
        places = (np.cumsum(kept) - 1)[row_starts[is_kept]]
        starts, origin = self.starts.take(kept), self.origin.take(np.flatnonzero(kept))
        request = self.later.request(forecaster._plan, starts, rows[is_kept], places)
        if request is None or self._draws(request, bands):
            return None
        if (request.n_steps > forecaster._plan.most_steps).any():
            return None
        predicted = forecaster._continue(origin, request)
        parts = [forecaster._plan.restore(predicted)[:, :, None]]
        if bands.quantiles:
            asked = np.array(bands.quantiles)
            parts.append(forecaster._quantiles_at(origin, request, asked))
        if gives_intervals(forecaster, bands.coverage):
            parts.append(forecaster._interval_at(origin, request, bands.coverage))
        found = np.concatenate(parts, axis=2)
        values = np.full((len(rows), *found.shape[1:]), np.nan)
        values[is_kept] = found
        return values

    def _draws(self, request: Request, bands: Bands) -> bool:
        """Return whether bands are drawn, which gives others for each request."""
        forecaster = self.forecaster
        if not learned_distribution(forecaster.estimator_):
            return False
        asks = bands.quantiles or gives_intervals(forecaster, bands.coverage)
        return bool(asks) and not is_one_block(forecaster._plan, request.n_steps)

    def _skipped(self, number: int) -> list[Any]:
        """Return the names of the series that a fold cannot start."""
        if self.origin.names[0] is None:
            return []
        own = (self.starts.groups == number) & ~self.can_start
        names = [self.origin.names[place] for place in np.flatnonzero(own)]
        is_tuple = isinstance(self.origin.names[0], tuple)
        return list(pd.Index(names, tupleize_cols=is_tuple)) if names else []
