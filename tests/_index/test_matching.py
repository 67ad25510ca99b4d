import pandas as pd
import pytest

from skrnn._index.matching import match_index

DAYS = pd.date_range("2024-01-01", periods=8, freq="D")


def test_index_is_expressed_in_the_time_zone_of_another():
    berlin = DAYS.tz_localize("Europe/Berlin")
    utc = berlin.tz_convert("UTC")
    assert list(match_index(utc, berlin)) == list(berlin)
    assert match_index(utc, berlin).dtype == berlin.dtype
    series = pd.MultiIndex.from_product([["a", "b"], utc])
    got = match_index(series, berlin)
    assert list(got) == [("a", day) for day in berlin] + [("b", day) for day in berlin]


@pytest.mark.parametrize(
    "index", [pd.RangeIndex(3), DAYS, DAYS.to_period(), DAYS - DAYS[0]]
)
def test_index_of_the_same_kind_stays(index):
    assert match_index(index, index[:0]) is index


def test_indexes_of_different_kinds_do_not_match():
    kinds = [
        pd.RangeIndex(8),
        DAYS,
        DAYS.tz_localize("UTC"),
        DAYS.to_period(),
        DAYS.to_period("M"),
        DAYS - DAYS[0],
    ]
    for index in kinds:
        for like in kinds:
            if index is not like:
                with pytest.raises(ValueError, match="give X an index of that kind"):
                    match_index(index, like)
