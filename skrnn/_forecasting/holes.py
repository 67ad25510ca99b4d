"""Holes in the index that are short enough to count as missing values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skrnn._index.holes import count_missing

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
    # New rows are copies of the row behind the hole, without its values.
    targets = np.repeat(series.targets, n_copies, axis=0)
    is_new = np.ones(len(targets), dtype=bool)
    is_new[places] = False
    targets[is_new] = np.nan
    return replace(
        series,
        targets=targets,
        known=np.repeat(series.known, n_copies, axis=0),
        codes=np.repeat(series.codes, n_copies),
        stamps=series.stamps.repeat(n_copies),
        starts=np.delete(places[series.starts], joined),
        stops=np.delete(places[series.stops - 1] + 1, joined - 1),
        weights=series.repeat_weights(n_copies),
    )
