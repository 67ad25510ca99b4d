"""Holes in the index that are short enough to count as missing values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.holes import count_missing
from skrnn._index.steps import stamps_before

from .series import SeriesRows

__all__ = ["fill_holes"]


def fill_holes(series: SeriesRows, most: int) -> SeriesRows:
    """Put rows of NaN into the holes of an index, which joins the runs around them.

    Parameters
    ----------
    series : SeriesRows
        Series without columns known in advance, which would not be known there.
    most : int
        Longer holes stay as they are.
    """
    codes = series.codes[series.starts]
    later = 1 + np.flatnonzero(codes[1:] == codes[:-1])
    if most < 1 or not len(later):
        return series
    before, after = series.stops[later - 1] - 1, series.starts[later]
    n_missing = count_missing(
        series.stamps.take(before), series.stamps.take(after), series.step, most
    )
    is_short = n_missing > 0
    joined, before, after = later[is_short], before[is_short], after[is_short]
    # Rows without a value may lie at the edges of a hole already.
    n_new = n_missing[is_short] - (after - before - 1)
    n_copies = np.ones(series.n_rows, dtype=np.intp)
    n_copies[after] += n_new
    places = n_copies.cumsum() - 1
    targets = np.repeat(series.targets, n_copies, axis=0)
    is_new = np.ones(len(targets), dtype=bool)
    is_new[places] = False
    targets[is_new] = np.nan
    return replace(
        series,
        targets=targets,
        known=np.repeat(series.known, n_copies, axis=0),
        codes=np.repeat(series.codes, n_copies),
        stamps=_stamps_in_holes(series, n_copies, after, n_missing[is_short]),
        starts=np.delete(places[series.starts], joined),
        stops=np.delete(places[series.stops - 1] + 1, joined - 1),
        weights=series.repeat_weights(n_copies),
    )


def _stamps_in_holes(
    series: SeriesRows,
    n_copies: NDArray[np.intp],
    after: NDArray[np.intp],
    n_missing: NDArray[np.intp],
) -> pd.Index:
    """Return the stamps of rows, with those of the rows in holes.

    Parameters
    ----------
    series : SeriesRows
        The rows around the holes.
    n_copies : ndarray of shape (n_rows,)
        Number of rows in place of each of them.
    after, n_missing : ndarray of shape (n_holes,)
        The row behind each hole, and the number of stamps in it.
    """
    places = n_copies.cumsum() - 1
    # Rows of series, and behind them those in holes, in the order of `sources`.
    sources = np.repeat(np.arange(series.n_rows), n_copies)
    parts, n_stamps = [series.stamps], series.n_rows
    for n_steps in range(1, int(n_missing.max(initial=0)) + 1):
        deep = after[n_missing >= n_steps]
        sources[places[deep] - n_steps] = n_stamps + np.arange(len(deep))
        parts.append(stamps_before(series.stamps.take(deep), series.step, n_steps))
        n_stamps += len(deep)
    return parts[0].append(parts[1:]).take(sources)
