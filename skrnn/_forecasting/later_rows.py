"""Rows that come after a fit, and the origins that `update` would reach among them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.ahead import distinct_ahead
from skrnn._index.matching import match_index

from .calendar_inputs import split_calendar
from .origin import Origin
from .past_columns import known_in_advance
from .plan import ForecastPlan
from .request import Request, locate_rows
from .update import Update

__all__ = ["LaterRows", "Starts"]


@dataclass(frozen=True)
class Starts:
    """Where forecasts start: series at places in time.

    Parameters
    ----------
    groups : ndarray of shape (n_starts,)
        Number of the place in time of each start, from 0.
    codes : ndarray of shape (n_starts,)
        Number of its series.
    ends : ndarray of shape (n_starts,)
        Step of the last row observed by then.
    is_observed : ndarray of bool of shape (n_starts,)
        Whether a row of the series was observed by then.
    """

    groups: NDArray[np.intp]
    codes: NDArray[np.intp]
    ends: NDArray[np.intp]
    is_observed: NDArray[np.bool_]

    def take(self, chosen: NDArray[np.bool_]) -> Starts:
        """Return some of the starts."""
        parts = self.groups, self.codes, self.ends, self.is_observed
        return Starts(*(part[chosen] for part in parts))


@dataclass(frozen=True)
class LaterRows:
    """Rows after those that an origin keeps, series by series, a row for each step.

    Parameters
    ----------
    origin : Origin
        The end of each series in `fit`, step 0; of a series that begins later its first
        observed row.
    n_fitted : int
        Number of series that `fit` has seen, which come first.
    targets, known : ndarray of shape (n_places, n_columns)
        The rows that the origin keeps, and the later ones; NaN where there is none.
    ends : ndarray of shape (n_series,)
        Place of step 0 of each series in these.
    codes, steps, times : ndarray of shape (n_rows,)
        Series of each later row in the order of the caller, its step, and its place in
        time; of a wide table column below column.
    observed : ndarray of bool of shape (n_rows,)
        Whether something was observed.
    """

    origin: Origin
    n_fitted: int
    targets: NDArray[np.float64]
    known: NDArray[np.float64]
    ends: NDArray[np.intp]
    codes: NDArray[np.intp]
    steps: NDArray[np.intp]
    times: NDArray[np.intp]
    observed: NDArray[np.bool_]

    @classmethod
    def read(
        cls,
        update: Update,
        index: pd.Index | None,
        targets: NDArray[np.float64],
        times: NDArray[np.intp],
        n_fitted: int,
        *,
        wide: bool,
    ) -> LaterRows:
        """Lay out the rows of an update.

        Parameters
        ----------
        update : Update
            The rows of each series.
        index : pandas.Index or None
            Stamps of the rows, in the order of the caller.
        targets : ndarray of shape (n_rows, n_targets)
            Their targets; of a wide table column below column.
        times : ndarray of shape (n_stamps,)
            Places in time of the rows, which all columns of a wide table share.
        n_fitted : int
            Number of series that `fit` has seen.
        wide : bool
            Whether the series lie side by side.
        """
        origin = update.origin
        index = None if index is None else match_index(index, origin.ends)
        codes, steps = locate_rows(origin, index, len(times), wide=wide, late=True)
        values, columns = [*origin.targets], [*origin.known]
        for code, rows, known in zip(
            update.codes, update.targets, update.known, strict=True
        ):
            values[code], columns[code] = rows, known[: len(rows)]
        lengths = np.array([len(rows) for rows in values], dtype=np.intp)
        return cls(
            origin,
            n_fitted,
            np.concatenate(values),
            np.concatenate(columns),
            lengths.cumsum() - lengths + origin.targets.shape[1] - 1,
            codes,
            steps,
            np.tile(times, len(origin)) if wide else times,
            ~np.isnan(targets).all(axis=1),
        )

    def starts_at(self, times: NDArray[np.intp]) -> Starts:
        """Return the starts of all series seen at some places in time."""
        n_times = int(max(self.times.max(), times.max())) + 1
        first = np.full(len(self.origin), n_times)
        first[: self.n_fitted] = -1
        np.minimum.at(first, self.codes, self.times)
        groups, codes = np.nonzero(first <= times[:, None])
        keys = (self.codes * n_times + self.times)[self.observed]
        order = np.argsort(keys)
        rows = np.flatnonzero(self.observed)[order]
        last = np.searchsorted(keys[order], codes * n_times + times[groups], "right")
        rows = np.append(rows, 0)[last - 1]
        found = (last > 0) & (self.codes[rows] == codes)
        ends = np.where(found, self.steps[rows], 0)
        return Starts(groups, codes, ends, found | (self.origin.lengths[codes] > 0))

    def origin_of(self, starts: Starts) -> Origin:
        """Return the origin at starts, with the scale of settled series."""
        codes, origin = starts.codes, self.origin
        n_past = origin.targets.shape[1]
        rows = (self.ends[codes] + starts.ends)[:, None] + np.arange(1 - n_past, 1)
        lengths = origin.lengths[codes]
        first = np.zeros(len(origin), dtype=np.intp)
        places = np.flatnonzero(self.observed)[::-1]
        # Of several rows the last assignment stays, which is the first in time.
        first[self.codes[places]] = self.steps[places]
        begun = np.where(lengths > 0, lengths, 1 - first[codes])
        return replace(
            origin,
            targets=self.targets[rows],
            known=self.known[rows],
            known_after=[np.empty((0, origin.known.shape[2]))] * len(codes),
            scale=origin.scale.take(codes),
            names=[origin.names[code] for code in codes],
            ends=self._stamps_of(starts),
            lengths=np.where(starts.is_observed, begun + starts.ends, 0),
            learned=origin.learned[codes],
            settled=origin.settled[codes],
        )

    def _stamps_of(self, starts: Starts) -> pd.Index:
        """Return the stamps of the ends of series."""
        ends, step = self.origin.ends, self.origin.step
        most = int(starts.ends.max(initial=0))
        if not most:
            return ends.take(starts.codes)
        ahead, groups = distinct_ahead(ends, step, most)
        stamps: Any = ends.append(ahead)
        later = len(ends) + groups[starts.codes] * most + starts.ends - 1
        return stamps.take(np.where(starts.ends > 0, later, starts.codes))

    def request(
        self,
        plan: ForecastPlan,
        starts: Starts,
        rows: NDArray[np.intp],
        places: NDArray[np.intp],
    ) -> Request | None:
        """Request rows that follow starts; None if columns known in advance miss rows.

        Parameters
        ----------
        plan : ForecastPlan
            Which columns are known in advance.
        starts : Starts
            Where forecasts start.
        rows, places : ndarray of shape (n_asked,)
            Numbers of later rows, and of the start of each.
        """
        steps = self.steps[rows] - starts.ends[places]
        n_steps = np.zeros(len(starts.codes), dtype=np.intp)
        np.maximum.at(n_steps, places, steps)
        ahead = np.arange(1, n_steps.max() + 1)
        is_asked = ahead <= n_steps[:, None]
        first = (self.ends[starts.codes] + starts.ends)[:, None]
        lines = np.where(is_asked, first + ahead, 0)
        columns, _ = split_calendar(self.known, plan.calendar)
        known = known_in_advance(columns, plan.past)[lines]
        known[~is_asked] = np.nan
        if np.isnan(known[is_asked]).any():
            return None
        return Request(np.arange(len(n_steps)), n_steps, known, places, steps)
