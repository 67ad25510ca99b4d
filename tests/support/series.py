"""Series to continue, the indexes that they may have, and how one is refused."""

import numpy as np
import pandas as pd
import pytest

N_ROWS = 40
N_AHEAD = 9

INDEXES = {
    "days": pd.date_range("2024-02-20", periods=60, freq="D"),
    "days without freq": pd.DatetimeIndex(
        pd.date_range("2024-02-20", periods=60).to_numpy()
    ),
    "days across a change of clocks": pd.date_range(
        "2024-02-20", periods=60, freq="D", tz="Europe/Oslo"
    ),
    "days one of which has no midnight": pd.date_range(
        "2018-09-20", periods=60, freq="D"
    ).tz_localize("America/Sao_Paulo", nonexistent="shift_forward"),
    "hours across a change of clocks": pd.date_range(
        "2024-10-25 18:00", periods=60, freq="h", tz="Europe/Oslo"
    ),
    "quarters of an hour": pd.date_range("2024-01-01", periods=60, freq="15min"),
    "business days": pd.bdate_range("2024-02-20", periods=60),
    "weeks": pd.date_range("2024-02-20", periods=60, freq="W"),
    "ends of months": pd.date_range("2020-01-31", periods=60, freq="ME"),
    "starts of months": pd.date_range("2020-01-01", periods=60, freq="MS"),
    "monthly periods": pd.period_range("2020-01", periods=60, freq="M"),
    "periods of two days": pd.period_range("2020-01-01", periods=60, freq="2D"),
    "time differences": pd.timedelta_range("1h", periods=60, freq="30min"),
    "default": pd.RangeIndex(60),
    "range with a step": pd.RangeIndex(5, 5 + 3 * 60, 3),
    "integers": pd.Index(np.arange(100, 160)),
    "floats": pd.Index(0.1 * np.arange(60) + 7.0),
}
each_index = pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)


def make_daily():
    """A frame of two columns known in advance, and a series, both daily."""
    random = np.random.default_rng(1)
    index = pd.date_range("2024-01-01", periods=60, freq="D", name="day")
    X = pd.DataFrame(random.normal(size=(60, 2)), index, columns=["wind", "sun"])
    return X, pd.Series(random.normal(size=60), index, name="load")


def no_columns(index):
    return pd.DataFrame(index=index)


def refusal(match, kind=ValueError):
    return pytest.raises(kind, match=match)
