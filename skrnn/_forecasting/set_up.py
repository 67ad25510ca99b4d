"""The set-up of a forecaster: what its parameters say, and choices for the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import Ridge

from skrnn._estimators.gru_regressor import GRURegressor
from skrnn._estimators.inside import last_step
from skrnn._index.calendar import has_dates, usual_parts

from .calendar_inputs import learn_calendar, parts_of
from .candidates import find_horizon, find_windows, season_of, widest_window
from .default_network import (
    N_SAMPLES_OF_SMALL,
    count_networks,
    count_samples,
    default_network,
    trial_network,
)
from .differencing import Differencing, read_log
from .estimator_input import check_takes_lags, read_window
from .hour_series import mean_with_trees, plan_of_weeks
from .limits import read_bounds
from .plain_plan import plan_around
from .plan import ForecastPlan
from .ridge_errors import FEWEST, LONGEST_COMPARED, count_inputs
from .series import SeriesRows
from .short_series import (
    is_short,
    logs_by_error,
    ridge_of_few_rows,
    season_in_calendar,
)
from .trial import Trial
from .young_panel import plan_of_young_panel, ridge_of_series

__all__ = ["SetUp", "choose_set_up", "longest_hole"]

# A horizon is a season of the default set-up, or its largest part up to this length.
LONGEST_HORIZON = 24
# Values in the table of windows from which a ridge may learn, at most: half a gigabyte.
LARGEST_TABLE = 2**26


@dataclass(frozen=True)
class SetUp:
    """What a forecaster learns with.

    Parameters
    ----------
    estimator : estimator
        The estimator, not fitted.
    plan : ForecastPlan
        How windows are made, before it has learned.
    compared : dict of list
        What it was chosen from, and the errors.
    """

    estimator: BaseEstimator
    plan: ForecastPlan
    compared: dict[str, list[Any]]


def choose_set_up(
    forecaster: Any,
    rows: SeriesRows,
    training: SeriesRows,
    lags: tuple[int, ...],
    method: str,
) -> SetUp:
    """Fill in what the parameters of a forecaster leave open.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Its parameters.
    rows, training : SeriesRows
        All rows and, among them, those to learn from.
    lags : tuple of int
        Lags of the differences that are learned.
    method : {"fit", "partial_fit"}
        Method by which the estimator will learn.
    """
    _check_takes_lags(forecaster, rows)
    _check_own_choice(forecaster)
    if forecaster.estimator is not None:
        return _keep_set_up(forecaster, rows, training, lags)
    # A ridge has no partial_fit, and no window begins missing for it.
    needs_network = method != "fit" or forecaster.cold_start
    if not needs_network and not lags:
        found = _choose_by_kind(forecaster, rows, training)
        if found is not None:
            return found
    return _choose_by_errors(
        forecaster, rows, training, lags, needs_network=needs_network
    )


def _choose_by_kind(
    forecaster: Any, rows: SeriesRows, training: SeriesRows
) -> SetUp | None:
    """Return what suits rows of a kind without a comparison, None for others."""
    of_weeks = plan_of_weeks(forecaster, rows, training)
    if of_weeks is not None:
        return _without_comparison(mean_with_trees(), of_weeks)
    logs = _list_logs(forecaster, training)
    of_young = plan_of_young_panel(forecaster, rows, training, logs)
    if of_young is not None:
        return _without_comparison(ridge_of_series(), of_young)
    return None


def _without_comparison(estimator: BaseEstimator, plan: ForecastPlan) -> SetUp:
    return SetUp(estimator, plan, _tabulate([plan], [np.nan], estimator))


def _choose_by_errors(
    forecaster: Any,
    rows: SeriesRows,
    training: SeriesRows,
    lags: tuple[int, ...],
    *,
    needs_network: bool,
) -> SetUp:
    """Return the best of ridges and a network, by errors of the last rows."""
    few_rows = not needs_network and is_short(rows, training)
    plans, part = _list_plans(forecaster, rows, training, lags, few_rows=few_rows)
    windows = [plan.window for plan in plans]
    trial = Trial.hold_out(training, windows, plans[0].horizon, sum(lags))
    trial = replace(trial, loss=forecaster.loss)
    linear: BaseEstimator = Ridge()
    if few_rows:
        trial, linear = trial.of_few_rows(), ridge_of_few_rows()
    plans, errors, best = _compare(plans, trial, linear, forecaster, training)
    plan, compared = plans[best], _tabulate(plans, errors, linear)
    network = _network_for(plan, forecaster, rows, training, part)
    runs = training.after_first(plan.n_lost)
    n_windows = len(plan.find_windows(plan.transform(training), runs, linear))
    is_linear = not needs_network and n_windows >= FEWEST
    is_linear &= few_rows or not _beyond_ridge(rows)
    if not is_linear or not _fits_in_table(plan, rows):
        return SetUp(network, plan, compared)
    if forecaster.verbose and not np.isnan(errors[best]):
        print("A GRURegressor learns from the first rows, to be compared on the last:")
    error = _try_network(network, plan, trial, compared, best)
    # The first has to be beaten clearly.
    pairs: list[tuple[BaseEstimator, float]]
    pairs = [(network, error), (linear, errors[best])]
    if few_rows:
        pairs.reverse()
    estimator, _ = pairs[trial.best([each for _, each in pairs])]
    return SetUp(estimator, plan, compared)


def _network_for(
    plan: ForecastPlan,
    forecaster: Any,
    rows: SeriesRows,
    training: SeriesRows,
    part: int,
) -> GRURegressor:
    """Return the network that suits the windows of a plan and a part of a season."""
    n_samples = count_samples(plan, training)
    has_ridge = count_inputs(plan) <= LONGEST_COMPARED and not rows.known.shape[1]
    # Few windows of a single series gained nothing by it.
    linear_path = has_ridge and (len(rows) > 1 or n_samples >= N_SAMPLES_OF_SMALL)
    # A segment must divide the window, which the user may have chosen.
    segment = part if plan.window % part == 0 else 1
    return default_network(
        segment,
        n_samples,
        linear_path=linear_path,
        n_networks=count_networks(plan, rows, segment),
        loss=forecaster.loss,
        verbose=forecaster.verbose,
    )


def _check_own_choice(forecaster: Any) -> None:
    """Raise if what is for a set-up that is chosen here goes with something else."""
    if forecaster.estimator is not None:
        name = type(forecaster.estimator).__name__
        for parameter, value in (("loss", "mae"), ("verbose", 0)):
            got = getattr(forecaster, parameter)
            if got != value:
                raise ValueError(
                    f"{parameter} is for the set-up that is chosen with "
                    f"estimator=None. Got {got!r} beside {name}; leave {parameter} at "
                    f"{value!r}, and set what the estimator has of its own."
                )
    if forecaster.loss == "mse" and read_log(forecaster.log):
        raise ValueError(
            "loss='mse' learns means, and behind a logarithm they would be those of "
            f"logarithms, too low. Got log={forecaster.log!r}; leave log at 'auto', or "
            "learn medians by loss='mae'."
        )


def _check_takes_lags(forecaster: Any, rows: SeriesRows) -> None:
    """Raise if chosen lags do not go with the estimator or with columns ahead."""
    _, chosen_lags = read_window(forecaster.window)
    n_ahead = rows.known.shape[1] - len(rows.past)
    asks_dates = not _is_auto(forecaster.calendar) and bool(forecaster.calendar)
    asks_dates |= forecaster.holidays is not None
    check_takes_lags(forecaster.estimator, chosen_lags, n_ahead + asks_dates)


def _keep_set_up(
    forecaster: Any, rows: SeriesRows, training: SeriesRows, lags: tuple[int, ...]
) -> SetUp:
    """Return the estimator that was passed, with what the parameters say."""
    plan = replace(plan_around(forecaster, lags), past=rows.past)
    plan = _with_calendar(plan, forecaster, training)
    return SetUp(clone(forecaster.estimator), plan, {})


def _compare(
    plans: list[ForecastPlan],
    trial: Trial,
    linear: BaseEstimator,
    forecaster: Any,
    training: SeriesRows,
) -> tuple[list[ForecastPlan], list[float], int]:
    """Return all plans, the errors of a ridge in them, and which one is best.

    A calendar is compared in the best set-up without it.
    """
    errors = [trial.linear_error(plan, linear) for plan in plans]
    best = trial.best(errors)
    if not _is_auto(forecaster.calendar):
        return plans, errors, best
    added = _list_calendars(plans[best], forecaster, training)
    errors += [trial.linear_error(plan, linear) for plan in added]
    return [*plans, *added], errors, trial.best(errors, best)


def longest_hole(forecaster: Any, rows: SeriesRows) -> int:
    """Return how many rows in a hole of the index count as missing values.

    As many as a window can bridge. None do for an estimator that was passed, nor with
    columns known in advance, which would not be known in the hole.
    """
    if forecaster.estimator is not None or rows.known.shape[1]:
        return 0
    window, _ = read_window(forecaster.window)
    if window is not None:
        return window - 1
    season, is_day = season_of(rows)
    return widest_window(season, is_day=is_day) - 1


def _list_plans(
    forecaster: Any,
    rows: SeriesRows,
    training: SeriesRows,
    lags: tuple[int, ...],
    *,
    few_rows: bool,
) -> tuple[list[ForecastPlan], int]:
    """Return the plans to compare, the default first, and the part of a season.

    The part is the whole season, or the largest one that is not too long.
    """
    series = rows, training, lags
    names: tuple[str, ...] = ()
    # The last of a few differences is no level to start from.
    if few_rows and not lags:
        names = season_in_calendar(training, season_of(rows)[0])
    given = forecaster.calendar
    if not _is_auto(given) and tuple(given or ()) != names:
        names = ()
    found = _begin(forecaster, *series, names, few_rows=few_rows)
    if names and count_inputs(found[0]) > LONGEST_COMPARED:
        names = ()
        found = _begin(forecaster, *series, names, few_rows=few_rows)
    first, windows, part = found
    names = names if parts_of(first.calendar) == names else ()
    modes = _list_modes(forecaster, names, few_rows=few_rows)
    logs = _list_logs(forecaster, training)
    # Hours, which have no level to start from, gained nothing by logarithms.
    if names and first.mode == "last":
        logs = logs_by_error(logs, first, training)
    plans = [
        replace(first, window=each, differencing=Differencing(lags, log), mode=mode)
        for each, log, mode in product(windows, logs, modes)
    ]
    return plans, part


def _begin(
    forecaster: Any,
    rows: SeriesRows,
    training: SeriesRows,
    lags: tuple[int, ...],
    names: tuple[str, ...],
    *,
    few_rows: bool,
) -> tuple[ForecastPlan, list[int], int]:
    """Return the plan to begin with, the windows to compare, and the part of a season.

    `names` is the part of the calendar that says the season, if one does.
    """
    window, horizon = _as_int(forecaster.window), _as_int(forecaster.horizon)
    season, is_day = season_of(rows)
    kind = {"is_day": is_day, "is_short": few_rows, "in_calendar": bool(names)}
    windows, season = find_windows(rows, training, sum(lags), season, **kind)
    windows = windows if window is None else [window]
    part = max(n for n in range(1, LONGEST_HORIZON + 1) if season % n == 0)
    names = names if season > 1 else ()
    if horizon is None:
        # So that what a column does is learned once, and not for each row of a block.
        is_ahead = few_rows and rows.known.shape[1] > len(rows.past)
        horizon = 1 if is_ahead else find_horizon(training, windows[0], part)
    plan = ForecastPlan(
        windows[0],
        horizon,
        Differencing(lags),
        _list_modes(forecaster, names, few_rows=few_rows)[0],
        past=rows.past,
        bounds=read_bounds(forecaster.bounds),
    )
    return _with_calendar(plan, forecaster, training, names), windows, part


def _with_calendar(
    plan: ForecastPlan,
    forecaster: Any,
    training: SeriesRows,
    parts: tuple[str, ...] = (),
) -> ForecastPlan:
    """Return a plan with the calendar that is asked for, of `parts` if left open."""
    if not _is_auto(forecaster.calendar):
        parts = forecaster.calendar
    return replace(plan, calendar=learn_calendar(parts, forecaster.holidays, training))


def _list_calendars(
    plan: ForecastPlan, forecaster: Any, training: SeriesRows
) -> list[ForecastPlan]:
    """Return a plan with each calendar that may help; none without dates.

    Nor are there any where windows would be too long for a ridge.
    """
    stamps = training.stamps[training.in_runs()]
    if not training.has_index or not has_dates(stamps) or not len(stamps):
        return []
    parts, known = usual_parts(stamps, training.step), parts_of(plan.calendar)
    if known is not None:
        parts = [(), *(each for each in parts if each != known)]
    plans = [_with_calendar(plan, forecaster, training, each) for each in parts]
    return [each for each in plans if count_inputs(each) <= LONGEST_COMPARED]


def _as_int(value: Any) -> int | None:
    """Return a Python integer, because narrow ones of NumPy overflow; None as it is."""
    return None if value is None else int(value)


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _list_modes(
    forecaster: Any, names: tuple[str, ...], *, few_rows: bool
) -> list[str | None]:
    """Return how windows may be normalised, the default first."""
    if not _is_auto(forecaster.normalize):
        return [forecaster.normalize]
    if names == ("hour",):  # The last row may be of the night.
        return [None, "last"]
    # The spread of a skewed window goes up with its mean, and takes sums off.
    other = "meanstd" if forecaster.loss == "mae" else None
    return ["last", other] if few_rows else [other, "last"]


def _list_logs(forecaster: Any, training: SeriesRows) -> list[bool | str]:
    """Return whether logarithms are learned, or both; they need values above 0."""
    if not _is_auto(forecaster.log):
        return [read_log(forecaster.log)]
    if forecaster.loss == "mse":
        return [False]
    positive = np.nanmin(training.targets, initial=np.inf) > 0
    return [False, True] if positive else [False]


def _beyond_ridge(rows: SeriesRows) -> bool:
    """Return whether there are columns, or missing values, which are for a network."""
    return bool(rows.known.shape[1] or rows.missing_in_runs().any())


def _fits_in_table(plan: ForecastPlan, rows: SeriesRows) -> bool:
    """Return whether a ridge may have a table of all windows in memory."""
    n_values = int(rows.lengths.sum()) * count_inputs(plan, rows)
    is_compared = plan.calendar is None or count_inputs(plan) <= LONGEST_COMPARED
    return n_values < LARGEST_TABLE and is_compared


def _tabulate(
    plans: list[ForecastPlan], errors: list[float], linear: BaseEstimator
) -> dict[str, list[Any]]:
    """Return what was compared, a list for each column."""
    return {
        "estimator": [type(last_step(linear)).__name__] * len(plans),
        "window": [plan.window for plan in plans],
        "log": [plan.differencing.log for plan in plans],
        "normalize": [plan.mode for plan in plans],
        "calendar": [parts_of(plan.calendar) for plan in plans],
        "error": errors,
    }


def _try_network(
    network: GRURegressor,
    plan: ForecastPlan,
    trial: Trial,
    compared: dict[str, list[Any]],
    best: int,
) -> float:
    """Return the error of the network in the best set-up, and add it to the others.

    It is NaN where the ridge has none.
    """
    if np.isnan(compared["error"][best]):
        return np.nan
    n_learned = count_samples(plan, trial.learned)
    error = trial.error_of(plan, trial_network(network, n_learned))
    for name, column in compared.items():
        column.append(
            {"estimator": "GRURegressor", "error": error}.get(name, column[best])
        )
    return error
