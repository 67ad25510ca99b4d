"""Runs that start without the rows before them, and the warning that names them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._index.runs import Runs
from skrnn._index.steps import on_clock
from skrnn._serialization.names import set_module

from .context import Context

__all__ = ["ColdStartWarning", "check_later", "warn_of_cold_starts"]


@set_module("skrnn")
class ColdStartWarning(UserWarning):
    """Windows begin with missing steps, although earlier rows were seen in `fit`.

    `SlidingWindow.transform` warns where rows are missing between those of `fit` and
    the first ones of a series that it gets. What is predicted from the first windows is
    then worse than from whole ones.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from skrnn import ColdStartWarning, SlidingWindow
    >>> frame = pd.DataFrame({"load": range(12)}, dtype=float)
    >>> windows = SlidingWindow(3, flatten=True).fit(frame[:6])
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     first = windows.transform(frame[8:])[0]
    >>> first, caught[0].category.__name__
    (array([nan, nan,  8.]), 'ColdStartWarning')

    Rows that come in between are remembered:

    >>> windows.update(frame[6:8]).transform(frame[8:])[0]
    array([6., 7., 8.])
    """


def warn_of_cold_starts(
    context: Context, runs: Runs, before: dict[int, NDArray[Any]], lookback: int
) -> None:
    """Warn of series that start without the rows before them.

    Parameters
    ----------
    context : Context
        What is remembered of rows seen earlier.
    runs : Runs
        Runs of the rows to transform.
    before : dict of int to ndarray
        Rows that precede runs, by the number of the run.
    lookback : int
        Rows that a window reaches back.
    """
    if lookback == 0 or runs.stamps is None or context.step is None:
        return
    first = on_clock(runs.first_stamps, context.step)
    cold = []
    for series, own in runs.by_series().items():
        run = int(own[0])
        if run in before:
            continue
        stamp = first[run : run + 1]
        end = context.end_before(stamp, series)
        if end is not None:
            cold.append((series, stamp[0], end.follow_up[0]))
    if not cold:
        return
    series, stamp, missing = cold[0]
    of_series = "" if series is None else f" of series {series!r}"
    more = f" (and of {len(cold) - 1} more series)" if len(cold) > 1 else ""
    warnings.warn(
        f"The first {lookback} windows from {stamp} on{of_series}{more} begin with "
        f"missing steps, because the rows from {missing} on, which follow those seen "
        "in fit, were not seen. Pass them to update, or to transform or predict with X "
        "and leave their results away; set max_hole, if windows may reach over holes; "
        "or ignore ColdStartWarning.",
        ColdStartWarning,
        stacklevel=2,
    )


def check_later(context: Context, runs: Runs, remembers: str | None) -> None:
    """Raise if runs do not come after all rows of their series seen so far.

    Parameters
    ----------
    context : Context
        What is remembered of rows seen earlier.
    runs : Runs
        The runs.
    remembers : {"index", "always"} or None
        The parameter `context` of the transformer.
    """
    if remembers is None or (runs.stamps is None and remembers != "always"):
        raise ValueError(
            "update needs rows with an index, or arrays that continue one another by "
            f"context='always'. Got context={remembers!r}; set it otherwise, or pass "
            "frames to fit and update."
        )
    if runs.stamps is None or context.step is None:
        return
    first = on_clock(runs.first_stamps, context.step)
    for series, own in runs.by_series().items():
        stamp = first[int(own[0]) : int(own[0]) + 1]
        reach = stamp if context.tolerance is None else stamp + context.tolerance
        last = context.last_follow_up(series)
        if last is not None and np.asarray(last > reach)[0]:
            raise ValueError(
                "X must follow the rows seen in fit and update, whose next stamp is "
                f"{last[0]}. Got a row at {stamp[0]}; pass later rows only, or call "
                "fit to start afresh."
            )
