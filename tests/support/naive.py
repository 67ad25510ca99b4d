"""Windows the slow way, row by row and step by step: the tests' independent answer."""

import numpy as np
import pandas as pd


def rows_by_tick(X, tick):
    """Rows of a frame by the name of their series and the number of their stamp.

    `tick` numbers the stamps so that the next one has the next number, by plain
    arithmetic on each stamp: no index, offset or frequency takes part.
    """
    places = (
        [(key[:-1], tick(key[-1])) for key in X.index]
        if isinstance(X.index, pd.MultiIndex)
        else [((), tick(stamp)) for stamp in X.index]
    )
    return dict(zip(places, X.to_numpy(), strict=True))


def windows_by_walking(rows, past, window, gap=0, dilation=1):
    """Windows of rows, each found by walking back from its row, one tick at a time.

    Parameters
    ----------
    rows, past : dict
        As `rows_by_tick` gives them: the rows themselves and the rows seen in fit.
    """
    n_features = len(next(iter(rows.values())))
    windows = np.full((len(rows), window, n_features), np.nan)
    for i, place in enumerate(rows):
        behind = walk_back(place, rows, past, gap + (window - 1) * dilation)
        for j in range(window):
            lag = gap + (window - 1 - j) * dilation
            if lag < len(behind):
                windows[i, j] = behind[lag]
    return windows


def walk_back(place, rows, past, reach):
    """The row at a place and those right before it, as far as they are known."""
    series, now = place
    found = []
    while len(found) <= reach and (series, now) in rows:
        found.append(rows[series, now])
        now -= 1
    # The first row of the run, which may itself have been seen in fit: then the run
    # continues none.
    if (series, now + 1) in past:
        return found
    while len(found) <= reach and (series, now) in past:
        found.append(past[series, now])
        now -= 1
    return found
