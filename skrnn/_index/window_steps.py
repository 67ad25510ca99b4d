"""The index of the steps of windows."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

__all__ = ["index_of_steps", "stamps_of_window"]


def stamps_of_window(stamps: list[pd.Index], window: int, name: Hashable) -> pd.Index:
    """Return the stamps of the steps of one window.

    Parameters
    ----------
    stamps : list of pandas.Index
        For each step its stamps in all windows.
    window : int
        Which window; negative numbers count from the last one.
    name : hashable
        Name of the index.
    """
    own = [stamp[[window]] for stamp in stamps]
    return own[0].append(own[1:]).rename(name)


def index_of_steps(
    rows: pd.Index, n_steps: int, stamps: list[pd.Index] | None, name: Hashable
) -> pd.MultiIndex:
    """Return the rows of windows and, for each of them, its steps.

    Parameters
    ----------
    rows : pandas.Index of length n_windows
        The row that each window belongs to.
    n_steps : int
        Steps of a window.
    stamps : list of pandas.Index or None
        For each step its stamps in all windows; None numbers the steps.
    name : hashable
        Name of the level of steps.
    """
    repeated = rows.repeat(n_steps)
    levels = [repeated.get_level_values(level) for level in range(rows.nlevels)]
    names = ["sample" if each is None else each for each in rows.names]
    if stamps is None:
        times = pd.Index(np.tile(np.arange(n_steps), len(rows)))
    else:
        # An Index has one axis: joined by step, then put in the order of windows.
        by_step = stamps[0].append(stamps[1:])
        order = np.arange(n_steps * len(rows)).reshape(n_steps, len(rows)).T
        times = by_step.take(order.ravel())
        names[-1] = "row" if names[-1] in ("sample", name) else names[-1]
    return pd.MultiIndex.from_arrays([*levels, times], names=[*names, name])
