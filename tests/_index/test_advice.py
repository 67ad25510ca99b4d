import pandas as pd
import pytest

from skrnn._index.advice import hidden_calendar

HOUR = pd.Timedelta("1h")


def open_hours(n_days):
    """Hours from 9 to 16 of days in a row."""
    days = pd.date_range("2024-01-01", periods=n_days)
    stamps = [day + hour * HOUR for day in days for hour in range(9, 17)]
    return pd.DatetimeIndex(stamps)


def test_hours_that_are_missing_every_night_are_a_calendar():
    assert "CustomBusinessHour(start='09:00'" in hidden_calendar(open_hours(14), HOUR)


@pytest.mark.parametrize("n_days", [3, 4])
def test_hours_that_are_missing_on_a_few_days_are_holes(n_days):
    assert hidden_calendar(open_hours(n_days), HOUR) is None
