"""The set-up of a forecaster: what its parameters say, and defaults for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator, clone

from skrnn._estimators.gru_regressor import GRURegressor
from skrnn._index.season import season_length

from .series import SeriesRows

__all__ = ["SetUp", "choose_set_up"]

# Defaults for an estimator that was passed.
PLAIN_WINDOW, PLAIN_HORIZON = 10, 1
# Defaults for the default estimator: seasons in a window, or rows without a season.
N_SEASONS = 3
WINDOW_WITHOUT_SEASON = 12


@dataclass(frozen=True)
class SetUp:
    """What a forecaster learns with.

    Parameters
    ----------
    estimator : estimator
        The estimator, not fitted.
    window, horizon : int
        Rows that it sees, and rows that it predicts.
    normalize : {"last", "meanstd"} or None
        How windows are normalised.
    """

    estimator: BaseEstimator
    window: int
    horizon: int
    normalize: str | None


def choose_set_up(
    forecaster: Any, rows: SeriesRows, training: SeriesRows, n_lost: int
) -> SetUp:
    """Fill in what the parameters of a forecaster leave open.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Its parameters.
    rows, training : SeriesRows
        All rows and, among them, those to learn from.
    n_lost : int
        Rows that differences take away from each run.

    Returns
    -------
    set_up : SetUp
        The default window is shortened until there are enough rows for it.
    """
    window, horizon = _as_int(forecaster.window), _as_int(forecaster.horizon)
    normalize = forecaster.normalize
    if forecaster.estimator is not None:
        return SetUp(
            clone(forecaster.estimator),
            PLAIN_WINDOW if window is None else window,
            PLAIN_HORIZON if horizon is None else horizon,
            None if normalize == "auto" else normalize,
        )
    default_window, season = _window_and_season(rows, training, n_lost)
    window = default_window if window is None else window
    return SetUp(
        # A segment must divide the window, which the user may have chosen.
        _default_network(season if window % season == 0 else 1),
        window,
        season if horizon is None else horizon,
        "meanstd" if normalize == "auto" else normalize,
    )


def _as_int(value: Any) -> int | None:
    """Return a Python integer, because narrow ones of NumPy overflow; None as it is."""
    return None if value is None else int(value)


def _window_and_season(
    rows: SeriesRows, training: SeriesRows, n_lost: int
) -> tuple[int, int]:
    """Return the default window, in rows, and the rows of a season; 1 if unknown."""
    season = season_length(rows.stamps, rows.step) if rows.has_index else 1
    n_training = int(training.lengths.max(initial=0)) - n_lost
    n_at_end = int(rows.lengths[rows.last_runs].min()) - n_lost
    # Learning takes a window, the season after it, and a season of further windows. A
    # forecast starts from `ForecastPlan.n_past` rows, at most.
    for n_seasons in range(N_SEASONS, 0, -1):
        can_learn = n_training >= (n_seasons + 2) * season
        can_start = n_at_end >= (n_seasons + 1) * season - 1
        if season > 1 and can_learn and can_start:
            return n_seasons * season, season
    # At most half the rows, so that there are more windows than steps in one.
    window = min(WINDOW_WITHOUT_SEASON, (n_training - 1) // 2, n_at_end)
    return max(1, window), 1


def _default_network(segment: int) -> GRURegressor:
    """Return the network that was best over eleven series (benchmarks/accuracy.py)."""
    return GRURegressor(
        dense_activation="linear",
        segment=segment,
        dropout=0.2,
        loss="mae",
        batch_size=16,
    )
