"""The series that sktime carries."""

import pandas as pd

from .files import dated, read_table


def read_data(name, column=1):
    """Read a column of a table that is named after its folder."""
    return read_table("sktime", f"datasets/data/{name}/{name}.csv").iloc[:, column]


def monthly_drivers():
    table = read_table("sktime", "datasets/data/seatbelts/seatbelts.csv", index_col=0)
    return table["KSI"].set_axis(pd.PeriodIndex(table.index, freq="M"))


SETS = [
    (
        "tuning",
        "airline passengers",
        lambda: dated(read_data("Airline"), "1949-01", "M"),
        "M",
        "seasonal",
    ),
    ("tuning", "drivers killed or hurt", monthly_drivers, "M", "seasonal"),
    ("tuning", "lynx", lambda: dated(read_data("Lynx"), "1821", "Y"), "Y", ""),
    (
        "report",
        "sun on panels",
        lambda: dated(read_data("solar"), "2021-05-01", "30min"),
        "30min",
        "seasonal",
    ),
]
