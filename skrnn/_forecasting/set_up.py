"""The set-up of a forecaster: what its parameters say, and defaults for the rest."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from skrnn._estimators.gru_regressor import GRURegressor
from skrnn._index.season import season_length

from .series import SeriesRows

__all__ = ["SetUp", "choose_set_up", "longest_hole"]

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
        The default window is shortened until most series have enough rows for it.
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


def longest_hole(forecaster: Any, rows: SeriesRows) -> int:
    """Return how many rows in a hole of the index count as missing values.

    As many as a window can bridge. None do for an estimator that was passed, nor with
    columns known in advance, which would not be known in the hole.
    """
    if forecaster.estimator is not None or rows.known.shape[1]:
        return 0
    if forecaster.window is not None:
        return int(forecaster.window) - 1
    season = _season_of(rows)
    return (N_SEASONS * season if season > 1 else WINDOW_WITHOUT_SEASON) - 1


def _season_of(rows: SeriesRows) -> int:
    """Return the rows of a season; 1 if it is not known."""
    return season_length(rows.stamps, rows.step) if rows.has_index else 1


def _window_and_season(
    rows: SeriesRows, training: SeriesRows, n_lost: int
) -> tuple[int, int]:
    """Return the default window, in rows, and the rows of a season; 1 if unknown."""
    season = _season_of(rows)
    n_training = _bulk(_longest_runs(training)) - n_lost
    at_end = rows.lengths[rows.last_runs] - n_lost
    # Learning takes a window, the season after it, and a season of further windows. A
    # forecast starts from `ForecastPlan.n_past` rows, at most.
    can_learn = [n for n in range(1, N_SEASONS + 1) if n_training >= (n + 2) * season]
    if season > 1 and can_learn:
        needed = [(n + 1) * season - 1 for n in can_learn]
        return can_learn[_last_for_most(at_end, needed)] * season, season
    # At most half the rows, so that there are more windows than steps in one.
    window = max(1, min(WINDOW_WITHOUT_SEASON, (n_training - 1) // 2))
    if season > window:
        _warn_of_no_season(season, window, n_training)
    return window, 1


def _longest_runs(rows: SeriesRows) -> NDArray[np.intp]:
    """Return the length of the longest run of each series, 0 where it has none."""
    longest = np.zeros(len(rows), dtype=np.intp)
    np.maximum.at(longest, rows.codes[rows.starts], rows.lengths)
    return longest


def _bulk(lengths: NDArray[np.intp]) -> int:
    """Return the length that series with half of all rows reach."""
    lengths = np.sort(lengths)[::-1]
    return int(lengths[np.searchsorted(2 * lengths.cumsum(), lengths.sum())])


def _last_for_most(lengths: NDArray[np.intp], needed: list[int]) -> int:
    """Return the last of growing requirements that nearly as many meet as the first.

    It may leave out a tenth of the series, or any number with a tenth of the rows.
    """
    met = [lengths >= each for each in needed]
    is_left_out = [met[0] & ~each for each in met]
    allowed = [
        i
        for i, left_out in enumerate(is_left_out)
        if 10 * left_out.sum() <= met[0].sum()
        or 10 * lengths[left_out].sum() <= lengths[met[0]].sum()
    ]
    return allowed[-1]


def _warn_of_no_season(season: int, window: int, n_rows: int) -> None:
    """Warn that forecasts cannot follow the season of the index."""
    warnings.warn(
        f"AutoregressiveForecaster chose window={window} and horizon=1, with which "
        f"forecasts do not follow a season of {season} rows: most of y has no more "
        f"than {n_rows} training rows without a hole, and needs {3 * season}. Pass "
        "more rows, or set window and horizon.",
        UserWarning,
        stacklevel=2,
    )


def _default_network(segment: int) -> GRURegressor:
    """Return the network that was best over eleven series (benchmarks/accuracy.py)."""
    return GRURegressor(
        dense_activation="linear",
        segment=segment,
        dropout=0.2,
        loss="mae",
        batch_size=16,
    )
