import numpy as np
import pandas as pd
import pytest

from skrnn._index.infer import infer_step
from skrnn._index.steps import stamps_after, stamps_before

INDEXES = [
    pd.RangeIndex(3, 30, 3),
    pd.Index(0.25 * np.arange(9)),
    pd.period_range("2024-01", periods=9, freq="M"),
    pd.period_range("2024-01", periods=9, freq="2D"),
    pd.timedelta_range("1h", periods=9, freq="30min"),
    pd.date_range("2024-01-31", periods=9, freq="ME"),
    # The clocks are put forward on March 31.
    pd.date_range("2024-03-27", periods=9, freq="D", tz="Europe/Oslo"),
    pd.date_range("2024-03-30 22:00", periods=9, freq="h", tz="Europe/Oslo"),
]
each_index = pytest.mark.parametrize("index", INDEXES, ids=repr)


@each_index
def test_stamps_go_on_by_the_step(index):
    got = stamps_after(index[4], infer_step(index[:5]), 4)
    assert list(got) == list(index[5:])


@each_index
@pytest.mark.parametrize("n_steps", [0, 1, 3])
def test_stamps_go_back_by_the_step(index, n_steps):
    got = stamps_before(index[3:], infer_step(index), n_steps)
    assert list(got) == list(index[3 - n_steps : 9 - n_steps])


def test_floats_go_back_to_the_very_stamps_that_rows_have():
    index = pd.Index(np.arange(9) / 3)
    assert list(stamps_before(index, 1 / 3, 2)[2:]) == list(index[:-2])


def test_days_go_on_over_a_midnight_that_the_clocks_skip():
    last = pd.Timestamp("2024-09-07", tz="America/Santiago")
    got = stamps_after(last, pd.DateOffset(days=1), 2)
    assert got.strftime("%d %H").tolist() == ["08 01", "09 00"]
