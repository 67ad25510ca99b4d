import pandas as pd
import pytest

from skrnn._index.ahead import index_ahead, stamps_ahead
from skrnn._index.infer import infer_step
from tests.support.series import each_index


@each_index
def test_stamps_ahead_are_the_rest_of_the_index(index):
    ends = index[39:40].rename("time")
    got = stamps_ahead(ends, infer_step(index), 5)
    assert got.name == "time"
    expected = pd.Series(index[40:45])
    pd.testing.assert_series_equal(pd.Series(got), expected, check_names=False)


def test_stamps_follow_the_chosen_end():
    ends = pd.Index([3, 10], name="t")
    assert stamps_ahead(ends, 2, 3, 1).tolist() == [12, 14, 16]


def test_each_series_is_followed_from_its_own_end():
    ends = pd.period_range("2024-01", periods=2, freq="M", name="month")
    got = index_ahead(ends, ends.freq, 2, ["p", "q"], ["series", "month"])
    expected = [("p", "2024-02"), ("p", "2024-03"), ("q", "2024-03"), ("q", "2024-04")]
    assert [(name, str(stamp)) for name, stamp in got] == expected
    assert got.names == ["series", "month"]


@pytest.mark.parametrize("names", [["t"], []])
def test_levels_without_names_get_none(names):
    ends = pd.Index([4, 4], name="t")
    got = index_ahead(ends, 1, 1, [("a", 0), ("a", 1)], names)
    assert got.tolist() == [("a", 0, 5), ("a", 1, 5)]
    assert got.names == [None, None, "t"]
