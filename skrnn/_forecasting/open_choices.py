"""What a set-up needs that is chosen by the kind of rows, without a comparison."""

from __future__ import annotations

from typing import Any

from .series import SeriesRows

__all__ = ["leaves_open"]


def leaves_open(forecaster: Any, rows: SeriesRows) -> bool:
    """Return whether all is open that such a set-up chooses, for one target alone.

    Parameters
    ----------
    forecaster : AutoregressiveForecaster
        Its parameters. The calendar may be given.
    rows : SeriesRows
        All rows.
    """
    is_plain = rows.targets.shape[1] == 1 and not rows.known.shape[1]
    is_plain &= rows.weights is None
    is_open = forecaster.window is None and forecaster.horizon is None
    is_open &= forecaster.normalize in ("auto", "last") and forecaster.holidays is None
    return is_plain and is_open
