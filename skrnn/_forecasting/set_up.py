"""The set-up that a forecaster takes if it is left to choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator, clone

from skrnn._estimators.gru_regressor import GRURegressor
from skrnn._index.steps import on_clock, stamps_after

from .series import Panel

__all__ = ["SetUp", "season_of", "settle"]

# What any other estimator gets, and the rows that are seen where no season is known.
PLAIN_WINDOW, PLAIN_HORIZON = 10, 1
WINDOW = 12


@dataclass(frozen=True)
class SetUp:
    """What a forecaster learns with.

    Parameters
    ----------
    estimator : estimator
        The estimator, not fitted.
    window, horizon : int
        Rows that it sees and predicts.
    normalize : {"last", "meanstd"} or None
        How windows are normalised.
    """

    estimator: BaseEstimator
    window: int
    horizon: int
    normalize: str | None


def settle(forecaster: Any, panel: Panel, training: Panel, reach: int) -> SetUp:
    """Replace what is left open by what is recommended.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Its parameters.
    panel, training : Panel
        All rows and, among them, those to learn from.
    reach : int
        Rows that differences take away from each run.

    Returns
    -------
    set_up : SetUp
        A set-up that the rows are enough for, if there is one.
    """
    # Integers of NumPy would overflow.
    window, horizon = (
        None if value is None else int(value)
        for value in (forecaster.window, forecaster.horizon)
    )
    normalize = forecaster.normalize
    if forecaster.estimator is not None:
        return SetUp(
            clone(forecaster.estimator),
            PLAIN_WINDOW if window is None else window,
            PLAIN_HORIZON if horizon is None else horizon,
            None if normalize == "auto" else normalize,
        )
    season = season_of(panel) if panel.has_index else 1
    n_rows = int(training.lengths.max(initial=0)) - reach
    at_end = int(panel.lengths[panel.last_runs].min()) - reach
    n_seasons = next(
        (
            n
            for n in (3, 2, 1)
            if n_rows >= (n + 2) * season and at_end >= (n + 1) * season - 1
        ),
        0,
    )
    if season == 1 or not n_seasons:
        season, wide = 1, max(1, min(WINDOW, (n_rows - 1) // 2, at_end))
    else:
        wide = n_seasons * season
    window = wide if window is None else window
    network = GRURegressor(
        dense_activation="linear",
        segment=season if window % season == 0 else 1,
        dropout=0.2,
        loss="mae",
        batch_size=16,
    )
    return SetUp(
        network,
        window,
        season if horizon is None else horizon,
        "meanstd" if normalize == "auto" else normalize,
    )


def season_of(panel: Panel) -> int:
    """Tell how many rows a season has by the distance of the rows.

    It is a day for hours and less, a week for days, and a year for longer steps; 1
    where these are no whole number of steps.
    """
    if isinstance(panel.step, pd.offsets.BusinessDay):
        return 5
    if pd.api.types.is_numeric_dtype(panel.stamps) or panel.step is None:
        return 1
    first: Any = panel.stamps[0]
    later: Any = stamps_after(first, panel.step, 12)[-1]
    if isinstance(first, pd.Period):
        first, later = first.to_timestamp(), later.to_timestamp()
    elif isinstance(first, pd.Timestamp):
        first, later = on_clock(pd.DatetimeIndex([first, later]), panel.step)
    days = (later - first) / pd.Timedelta("1D") / 12
    length = 1.0 if days < 1 else 7.0 if days < 6.5 else 365.25
    season = round(length / days)
    # Months and years are not all of one length.
    return season if season >= 1 and abs(season * days / length - 1) < 0.02 else 1
