"""What many young series of months or quarters begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from skrnn._estimators.pooled_ridge import PooledRidgeCV

from .calendar_inputs import add_calendar, learn_calendar
from .candidates import bulk_length, longest_runs, season_of, window_beside_calendar
from .default_network import N_SAMPLES_OF_SMALL, count_samples
from .differencing import Differencing
from .limits import read_bounds
from .open_choices import leaves_open
from .plan import ForecastPlan
from .ridge_errors import left_out_error
from .series import SeriesRows
from .short_series import PENALTIES, logs_by_error, season_in_calendar

__all__ = ["plan_of_young_panel", "ridge_of_series"]

# Seasons of rows that one regression for all learns as well from, or better.
MOST_SEASONS = 9
# Share of what a series is drawn to the others.
POOLING = 0.5


def ridge_of_series() -> PooledRidgeCV:
    """Return the ridge that has a season for each series."""
    return PooledRidgeCV(PENALTIES, pooling=POOLING)


def plan_of_young_panel(
    forecaster: Any,
    rows: SeriesRows,
    training: SeriesRows,
    logs: Sequence[bool | str],
) -> ForecastPlan | None:
    """Return the plan for ridges of young series, None where it does not suit.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Its parameters.
    rows, training : SeriesRows
        All rows and, among them, those to learn from.
    logs : sequence of bool or "log1p"
        What may be done to the values, of which the better one is chosen.
    """
    season, _ = season_of(rows)
    n_rows = bulk_length(longest_runs(training))
    is_young = 2 * season < n_rows <= MOST_SEASONS * season
    if not (is_young and _is_open(forecaster, rows, training)):
        return None
    names = season_in_calendar(training, season)
    if names != ("month",):
        return None
    window = window_beside_calendar(n_rows, season, rows.last_lengths)
    plan = ForecastPlan(
        window,
        season,
        Differencing(),
        "last",
        bounds=read_bounds(forecaster.bounds),
        calendar=learn_calendar(names, None, training),
    )
    if count_samples(plan, training) >= N_SAMPLES_OF_SMALL:
        return None
    log = logs_by_error(logs, plan, training, POOLING)[0]
    plan = replace(plan, differencing=Differencing(log=log))
    return plan if _shows_season(plan, training) else None


def _shows_season(plan: ForecastPlan, training: SeriesRows) -> bool:
    """Return whether windows that are left out are forecast better by the calendar.

    Where they are not, as of noise, a season of each series is learned by heart.
    """
    error, error_without = (
        left_out_error(
            replace(plan, calendar=calendar),
            add_calendar(training, calendar),
            PENALTIES,
            POOLING,
        )
        for calendar in (plan.calendar, None)
    )
    return error < error_without


def _is_open(forecaster: Any, rows: SeriesRows, training: SeriesRows) -> bool:
    """Return whether nothing is asked for that ridges of series do not do."""
    given = forecaster.calendar
    is_open = leaves_open(forecaster, rows) and forecaster.static is None
    is_auto = isinstance(given, str) and given == "auto"
    is_open &= is_auto or tuple(given or ()) == ("month",)
    is_whole = len(rows) > 1 and not rows.missing_in_runs().any()
    # A constant series has no spread in whose units the others tell of it.
    return is_open and is_whole and _all_vary(training)


def _all_vary(rows: SeriesRows) -> bool:
    """Return whether no series is constant over the rows to learn from."""
    used = rows.in_runs()
    values = pd.Series(rows.targets[used, 0]).groupby(rows.codes[used])
    return bool((values.max() > values.min()).all())
