"""Files inside installed packages, which are not imported."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["dated", "read_table"]


def read_table(package, path, **settings):
    """Read a file of a package as a frame."""
    folder = find_spec(package).submodule_search_locations[0]
    return pd.read_csv(Path(folder, path), **settings)


def dated(values, start, frequency):
    """Put values on an index that begins at a date: periods from months on."""
    values = pd.DataFrame(np.asarray(values, dtype=float))
    make = pd.period_range if frequency in ("Y", "Q", "M") else pd.date_range
    return values.set_axis(make(start, periods=len(values), freq=frequency))
