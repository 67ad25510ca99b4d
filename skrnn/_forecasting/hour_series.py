"""What a single series of some months of hours begins with."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import ExtraTreesRegressor, VotingRegressor
from sklearn.impute import KNNImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .candidates import DAYS, bulk_length, longest_runs, misses_much, season_of
from .differencing import Differencing, read_log
from .limits import read_bounds
from .open_choices import leaves_open
from .plan import ForecastPlan
from .ridge_errors import LONGEST_COMPARED
from .series import SeriesRows
from .short_series import PENALTIES

__all__ = ["mean_with_trees", "plan_of_weeks"]

# Rows of a day, at least.
SHORTEST_DAY = 12
# Weeks of rows to learn from: with fewer, trees were no better than the ridge, and with
# more they were not compared with a network.
FEWEST_WEEKS, MOST_WEEKS = 4, 26
# Values in the table of windows, at most, for seconds of training, and fewer where
# windows are compared with each other to fill in what is missing.
LARGEST_TABLE, LARGEST_WITH_MISSING = 2**21, 2**20


def plan_of_weeks(
    forecaster: Any, rows: SeriesRows, training: SeriesRows
) -> ForecastPlan | None:
    """Return the plan for a mean of a ridge and trees, None where it does not suit.

    A window is a week, and one row is predicted at a time.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Its parameters.
    rows, training : SeriesRows
        All rows and, among them, those to learn from.
    """
    season, is_day = season_of(rows)
    week = DAYS[0] * season
    if not is_day or season < SHORTEST_DAY or week > LONGEST_COMPARED:
        return None
    is_open = leaves_open(forecaster, rows)
    is_open &= forecaster.calendar == "auto" or not forecaster.calendar
    n_weeks = bulk_length(longest_runs(training)) / week
    has_rows = FEWEST_WEEKS <= n_weeks <= MOST_WEEKS and rows.last_lengths[0] >= week
    if not (len(rows) == 1 and is_open and has_rows):
        return None
    if misses_much(training, season) or training.n_rows * week > _largest(training):
        return None
    differencing = Differencing((), read_log(forecaster.log))
    bounds = read_bounds(forecaster.bounds)
    return ForecastPlan(week, 1, differencing, "last", bounds=bounds)


def _largest(rows: SeriesRows) -> int:
    return LARGEST_WITH_MISSING if rows.missing_in_runs().any() else LARGEST_TABLE


def mean_with_trees() -> Pipeline:
    """Return the mean of a ridge and of trees, which learn on one core.

    Boosted trees are no better, and their threads wait for each other on busy cores.
    """
    ridge = make_pipeline(StandardScaler(), RidgeCV(PENALTIES))
    trees = ExtraTreesRegressor(min_samples_leaf=2, max_features=0.33)
    mean = VotingRegressor([("ridge", ridge), ("trees", trees)])
    return make_pipeline(KNNImputer(weights="distance"), mean)
