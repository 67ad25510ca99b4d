import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn._forecasting.holes import fill_holes
from skrnn._forecasting.series import series_from_long, series_from_wide


def runs_of(series):
    """Return the values of each run, and its series."""
    spans = zip(series.starts, series.stops, strict=True)
    return [
        (series.names[series.codes[start]], series.targets[start:stop, 0].tolist())
        for start, stop in spans
    ]


def read(y, wide=False):
    known = np.empty((len(y), 0))
    if wide:
        return series_from_wide(y.to_numpy(), known, y.index, list(y.columns))
    return series_from_long(y.to_numpy()[:, None], known, y.index)


def expected_runs(y, most):
    """Lay a series of days out day by day, and cut it at longer holes."""
    whole = y.asfreq("D")
    runs, hole = [[]], 0
    stamps = set(y.index)
    for stamp, value in whole.items():
        hole = hole + 1 if np.isnan(value) else 0
        runs[-1].append(value)
        if hole:
            continue
        # Walk back over the NaN before this value: a long hole in the index cuts there.
        n_back = 0
        while n_back < len(runs[-1]) - 1 and np.isnan(runs[-1][-2 - n_back]):
            n_back += 1
        absent = [stamp - pd.Timedelta(days=i + 1) for i in range(n_back)]
        if any(day not in stamps for day in absent) and n_back > most:
            before, after = runs[-1][: -1 - n_back], runs[-1][-1:]
            runs[-1] = before
            runs.append(after)
    return [run for run in runs if run]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("most", [0, 1, 3, 10])
def test_short_holes_become_missing_values(seed, most):
    random = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    y = pd.Series(random.normal(size=40), days)
    y[random.random(40) < 0.1] = np.nan
    y.iloc[[0, -1]] = [8.0, 9.0]
    kept = random.random(40) < 0.7
    kept[[0, -1]] = True
    y = y[kept]
    filled = fill_holes(read(y), most)
    expected = expected_runs(y, most)
    assert len(filled.starts) == len(expected)
    for (_, values), run in zip(runs_of(filled), expected, strict=True):
        assert_array_equal(values, run)
    starts = [np.flatnonzero(y == run[0])[0] for run in expected]
    assert_array_equal(filled.stamps[filled.starts], y.index[starts])


@pytest.mark.parametrize("wide", [False, True])
def test_holes_of_each_series_are_filled(wide):
    days = pd.date_range("2024-01-01", periods=6, freq="D").delete(3)
    y = pd.DataFrame({"a": [1.0, 2, 3, 5, 6], "b": [np.nan, 8, np.nan, 11, 12]}, days)
    if not wide:
        y = y.T.stack()
    filled = fill_holes(read(y, wide), 2)
    expected = [("a", [1, 2, 3, np.nan, 5, 6]), ("b", [8, np.nan, np.nan, 11, 12])]
    for (name, values), (series, run) in zip(runs_of(filled), expected, strict=True):
        assert name == series
        assert_array_equal(values, run)
    if wide:
        assert (filled.stamps[filled.stops - 1] == days[-1]).all()


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(0, 40, 2),
        pd.Index(np.arange(20) / 3),
        pd.period_range("2024-01", periods=20, freq="M"),
        pd.date_range("2024-03-20", periods=20, freq="D", tz="Europe/Berlin"),
        pd.date_range("2024-03-20", periods=20, freq="B"),
        pd.date_range("2024-01-31", periods=20, freq="ME"),
        pd.timedelta_range("0h", periods=20, freq="h"),
    ],
    ids=lambda index: type(index).__name__,
)
def test_holes_of_any_index_are_filled(index):
    y = pd.Series(np.arange(20.0), index)
    kept = np.delete(np.arange(20), [5, 9, 10])
    filled = fill_holes(read(y.iloc[kept]), 2)
    expected = np.arange(20.0)
    expected[[5, 9, 10]] = np.nan
    ((_, values),) = runs_of(filled)
    assert_array_equal(values, expected)
    assert filled.stamps[-1] == index[-1]
