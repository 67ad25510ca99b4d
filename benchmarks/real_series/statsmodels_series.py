"""The series that statsmodels carries."""

import pandas as pd
from statsmodels.datasets import (
    co2,
    elec_equip,
    elnino,
    interest_inflation,
    macrodata,
    nile,
    sunspots,
)

from .files import dated


def monthly_co2():
    """Means of weeks; months without a value have the one before."""
    weeks = co2.load_pandas().data["co2"]
    return weeks.resample("MS").mean().ffill().to_period("M")


def monthly_equipment():
    return elec_equip.load_pandas().data.iloc[:, 0].to_period("M")


def monthly_el_nino():
    """Temperatures of the sea: a row a year, a column a month."""
    years = elnino.load_pandas().data.set_index("YEAR")
    return dated(years.to_numpy().ravel(), str(int(years.index[0])), "M")


def quarterly(dataset, column):
    table = dataset.load_pandas().data
    first = f"{table['year'].iloc[0]:.0f}Q{table['quarter'].iloc[0]:.0f}"
    return dated(table[column], first, "Q")


def yearly(dataset, column, year):
    table = dataset.load_pandas().data
    years = pd.PeriodIndex(table[year].astype(int).astype(str), freq="Y")
    return table[column].set_axis(years)


SETS = [
    ("tuning", "CO2", monthly_co2, "M", "seasonal"),
    ("tuning", "electrical equipment", monthly_equipment, "M", "seasonal"),
    ("tuning", "El Nino", monthly_el_nino, "M", "seasonal"),
    (
        "tuning",
        "inflation, Germany",
        lambda: quarterly(interest_inflation, "Dp"),
        "Q",
        "seasonal",
    ),
    # Adjusted for seasons.
    ("tuning", "GDP", lambda: quarterly(macrodata, "realgdp"), "Q", ""),
    ("tuning", "unemployment", lambda: quarterly(macrodata, "unemp"), "Q", ""),
    (
        "tuning",
        "sunspots",
        lambda: yearly(sunspots, "SUNACTIVITY", "YEAR"),
        "Y",
        "",
    ),
    ("tuning", "Nile", lambda: yearly(nile, "volume", "year"), "Y", ""),
]
