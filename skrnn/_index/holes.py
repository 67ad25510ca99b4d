"""How many stamps are missing in the holes of an index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .steps import on_clock, step_after, tolerance_of

__all__ = ["count_missing"]


def count_missing(
    before: pd.Index, after: pd.Index, step: Any, most: int
) -> NDArray[np.intp]:
    """Count the stamps that are missing between pairs of stamps.

    Parameters
    ----------
    before, after : pandas.Index of length n_holes
        The last stamp before each hole, and the first one after it.
    step : offset, Timedelta or number
        Distance from one stamp to the next.
    most : int
        Longer holes are not counted to their end.

    Returns
    -------
    n_missing : ndarray of shape (n_holes,)
        -1 for holes of more than `most` stamps, and for those that are no whole number
        of steps long.
    """
    n_missing = np.full(len(before), -1, dtype=np.intp)
    clock, later = on_clock(before, step), on_clock(after, step)
    tolerance = tolerance_of(after, step) if len(after) else None
    at = np.arange(len(before))
    # Steps of the calendar differ in length, so all holes are walked through at once.
    for n_steps in range(1, most + 2):
        if not len(at):
            break
        clock = step_after(clock, step)
        late, early = (
            (later, later)
            if tolerance is None
            else (later + tolerance, later - tolerance)
        )
        reached = np.asarray(clock >= early)
        fits = reached & np.asarray(clock <= late)
        n_missing[at[fits]] = n_steps - 1
        at, clock, later = at[~reached], clock[~reached], later[~reached]
    return n_missing
