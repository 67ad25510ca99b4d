"""The series that cannot take part in something, and the warning that names them."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._serialization.names import set_module

__all__ = [
    "SkippedSeriesWarning",
    "hold_warnings",
    "listed",
    "warn_of_fit",
    "warn_of_forecast",
    "warn_of_reach",
    "warn_of_skipped",
]

# How many names a message lists.
N_LISTED = 5

_HELD: ContextVar[bool] = ContextVar("held", default=False)


@set_module("skrnn")
class SkippedSeriesWarning(UserWarning):
    """Some of many series were left out of what they have too few rows for.

    `AutoregressiveForecaster`, `backtest` and `error_by_step` name such series in a
    single warning, and do for all others what they were asked for. Which series a
    forecaster left out is in its attribute `skipped_series_`.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from skrnn import AutoregressiveForecaster, SkippedSeriesWarning
    >>> rabbits = [1, 1, 2, 3, 5, 8, 13]
    >>> farms = pd.DataFrame({"old": rabbits, "new": [float("nan")] * 6 + [1]})
    >>> forecaster = AutoregressiveForecaster(
    ...     LinearRegression(), window=2, columns="series"
    ... )
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", SkippedSeriesWarning)
    ...     forecast = forecaster.fit(None, farms).forecast(2)
    >>> forecast.round()
        old  new
    7  21.0  NaN
    8  34.0  NaN
    >>> forecaster.skipped_series_
         training  calibration  forecasts
    new      True        False       True
    """


@contextmanager
def hold_warnings() -> Iterator[None]:
    """Warn of no series inside, because the caller names them all in the end."""
    # Not `warnings.catch_warnings`, which changes the filters of all threads.
    token = _HELD.set(True)
    try:
        yield
    finally:
        _HELD.reset(token)


def warn_of_skipped(message: str) -> None:
    """Warn of series that were left out, unless a caller will."""
    if not _HELD.get():
        warnings.warn(message, SkippedSeriesWarning, stacklevel=2)


def warn_of_fit(skipped: pd.DataFrame, n_series: int) -> None:
    """Warn of the series that a fit has left out, and of what.

    Parameters
    ----------
    skipped : DataFrame
        Series by name, and for each purpose whether they were left out.
    n_series : int
        Number of all series.
    """
    if not len(skipped):
        return
    parts = [
        f"{listed(skipped.index[left_out])} of {purpose}"
        for purpose, left_out in skipped.items()
        if left_out.any()
    ]
    warn_of_skipped(
        f"AutoregressiveForecaster left out {len(skipped)} of {n_series} series, which "
        f"have too few rows without a hole: {'; '.join(parts)}. See skipped_series_; "
        "pass more rows of them, shorten window or calibration, or ignore "
        "SkippedSeriesWarning."
    )


def warn_of_forecast(names: NDArray[np.object_], can_start: NDArray[np.bool_]) -> None:
    """Warn of series that a forecast of all of them leaves out."""
    if not can_start.all():
        warn_of_skipped(
            f"The forecast leaves out {listed(names[~can_start])}: too few rows were "
            "seen at the end of such a series to start from. Pass them to update or "
            "history, shorten window, or ignore SkippedSeriesWarning."
        )


def warn_of_reach(names: NDArray[np.object_], in_reach: NDArray[np.bool_]) -> None:
    """Warn of series that ended too early for a forecast with columns of the past."""
    if not in_reach.all():
        warn_of_skipped(
            f"The forecast leaves out {listed(names[~in_reach])}: such a series ended "
            "before the others, so that more rows than horizon lie up to the last one "
            "asked for, and columns in past are not known in them. Pass its rows to "
            "update or history, raise horizon, or ignore SkippedSeriesWarning."
        )


def listed(names: Iterable[Hashable]) -> str:
    """List names for a message, the first ones of many."""
    found: Sequence[Hashable] = list(names)
    shown = ", ".join(repr(name) for name in found[:N_LISTED])
    more = len(found) - N_LISTED
    return f"{shown} and {more} more" if more > 0 else shown
