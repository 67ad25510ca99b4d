import pandas as pd
import pytest

from skrnn._index.infer import infer_step
from skrnn._index.season import season_length
from tests.support.series import INDEXES


@pytest.mark.parametrize(
    ("name", "season"),
    [
        ("days", 7),
        ("days across a change of clocks", 7),
        ("days one of which has no midnight", 7),
        ("hours across a change of clocks", 24),
        ("quarters of an hour", 96),
        ("business days", 5),
        ("weeks", 52),
        ("ends of months", 12),
        ("monthly periods", 12),
        ("time differences", 48),
        ("periods of two days", 1),
        ("range with a step", 1),
        ("floats", 1),
    ],
)
def test_season_follows_from_the_distance_of_rows(name, season):
    index = INDEXES[name]
    assert season_length(index, infer_step(index)) == season


@pytest.mark.parametrize(("freq", "season"), [("QE", 4), ("YE", 1), ("QS", 4)])
def test_quarters_have_a_season_and_years_have_none(freq, season):
    index = pd.date_range("1950", periods=60, freq=freq)
    assert season_length(index, infer_step(index)) == season


def test_one_stamp_has_no_season():
    assert season_length(pd.DatetimeIndex(["2024-01-01"]), None) == 1
