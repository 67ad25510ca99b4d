"""The series of `accuracy.py`: those that statsmodels and sktime carry in their files.

Nothing is downloaded and nothing is copied here. All of them are whole; the weeks of
CO2 become means of months, and the months without a value are filled with the value
before, as the documentation of statsmodels does with them.
"""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

import pandas as pd
from sktime.datasets import load_airline, load_lynx
from statsmodels.datasets import (
    co2,
    elec_equip,
    elnino,
    interest_inflation,
    macrodata,
    nile,
    sunspots,
)

SEASONS = {"M": 12, "Q": 4, "Y": 1}
HORIZONS = {"M": 18, "Q": 8, "Y": 6}  # Those of the M3 and M4 competitions.


class Series(NamedTuple):
    """A series on a PeriodIndex, and whether its seasons show in it."""

    values: pd.Series
    seasonal: bool

    @property
    def season(self):
        """Rows of a year."""
        return SEASONS[self.values.index.freqstr[0]]

    @property
    def horizon(self):
        """Rows to forecast."""
        return HORIZONS[self.values.index.freqstr[0]]


def load_series():
    """Give the series by name: by month, by quarter, by year."""
    quarters = {"inflation, Germany": quarterly(interest_inflation, "Dp")}
    seasonal = {
        "airline passengers": load_airline(),
        "CO2": monthly_co2(),
        "electrical equipment": monthly_equipment(),
        "El Nino": monthly_el_nino(),
        "drivers killed or hurt": monthly_drivers(),
        **quarters,
    }
    others = {
        "GDP": quarterly(macrodata, "realgdp"),  # Adjusted for seasons.
        "unemployment": quarterly(macrodata, "unemp"),  # Adjusted, too.
        "sunspots": yearly(sunspots, "SUNACTIVITY", "YEAR"),
        "lynx": load_lynx(),
        "Nile": yearly(nile, "volume", "year"),
    }
    return {
        name: Series(values.astype(float).rename(name), group is seasonal)
        for group in (seasonal, others)
        for name, values in group.items()
    }


def monthly_co2():
    weeks = co2.load_pandas().data["co2"]
    return weeks.resample("MS").mean().ffill().to_period("M")


def monthly_equipment():
    return elec_equip.load_pandas().data.iloc[:, 0].to_period("M")


def monthly_el_nino():
    """Temperatures of the sea: a row a year, a column a month."""
    years = elnino.load_pandas().data.set_index("YEAR")
    months = pd.period_range(str(int(years.index[0])), periods=years.size, freq="M")
    return pd.Series(years.to_numpy().ravel(), index=months)


def monthly_drivers():
    table = files("sktime").joinpath("datasets/data/seatbelts/seatbelts.csv")
    with table.open() as lines:
        months = pd.read_csv(lines, index_col=0, parse_dates=True)
    return months["KSI"].to_period("M")


def quarterly(dataset, column):
    table = dataset.load_pandas().data
    first = f"{table['year'].iloc[0]:.0f}Q{table['quarter'].iloc[0]:.0f}"
    quarters = pd.period_range(first, periods=len(table), freq="Q")
    return pd.Series(table[column].to_numpy(), index=quarters)


def yearly(dataset, column, year):
    table = dataset.load_pandas().data
    years = pd.PeriodIndex(table[year].astype(int).astype(str), freq="Y")
    return pd.Series(table[column].to_numpy(), index=years)
