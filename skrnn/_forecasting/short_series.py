"""What a single series of few rows begins with, as little can be compared on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.impute import KNNImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn._index.calendar import has_dates, parts_of_season

from .calendar_inputs import add_calendar
from .candidates import misses_much, season_of
from .differencing import Differencing
from .plan import ForecastPlan
from .ridge_errors import left_out_error
from .series import SeriesRows

__all__ = [
    "is_short",
    "logs_by_error",
    "ridge_of_few_rows",
    "season_in_calendar",
]

# A single series of fewer training rows is short.
N_ROWS_OF_SHORT = 1_000
# Days of hours below which the calendar says where in a day a row lies.
DAYS_OF_YOUNG = 9
# Penalties of its ridge, whose steps are scaled, to choose from.
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


def is_short(rows: SeriesRows, training: SeriesRows) -> bool:
    """Return whether there is one series, of few rows that mostly are observed."""
    is_alone = len(rows) == 1 and int(training.lengths.sum()) < N_ROWS_OF_SHORT
    return is_alone and not misses_much(training, season_of(training)[0])


def ridge_of_few_rows() -> Pipeline:
    """Return the ridge whose penalty is chosen by leaving out one window at a time."""
    return make_pipeline(
        StandardScaler(), KNNImputer(weights="distance"), RidgeCV(PENALTIES)
    )


def season_in_calendar(training: SeriesRows, season: int) -> tuple[str, ...]:
    """Return the part of the calendar by which a ridge learns a season.

    With it a few rows before a forecast are enough, in place of a whole season. There
    is none without dates, or where no part fits the season.
    """
    stamps = training.stamps[training.in_runs()]
    is_dated = training.has_index and has_dates(stamps)
    if season == 1 or not is_dated or not len(stamps):
        return ()
    parts = parts_of_season(stamps, training.step, season)
    # From so many days on, a window that shows the last ones says more.
    is_young = len(stamps) < DAYS_OF_YOUNG * season
    return parts if parts != ("hour",) or is_young else ()


def logs_by_error(
    logs: Sequence[bool | str],
    plan: ForecastPlan,
    training: SeriesRows,
    pooling: float = 1.0,
) -> list[bool | str]:
    """Return whether logarithms are learned, what errs less in windows left out first.

    Parameters
    ----------
    logs : sequence of bool or "log1p"
        What there is to choose from.
    plan : ForecastPlan
        How windows are made.
    training : SeriesRows
        The rows to learn from.
    pooling : float, default=1.0
        Share that many series have in common.
    """
    if len(logs) == 1:
        return [*logs]
    rows = add_calendar(training, plan.calendar)
    lags = plan.differencing.lags
    plans = [replace(plan, differencing=Differencing(lags, log)) for log in logs]
    with np.errstate(over="ignore", invalid="ignore"):
        errors = [left_out_error(each, rows, PENALTIES, pooling) for each in plans]
    order = np.argsort(errors, kind="stable")
    return [logs[place] for place in order]
