"""The yearly series of the M1 competition, which aeon carries."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .files import dated

LENGTH = 24  # Rows of the ends that are compared.


def yearly():
    """Read the ends of the long ones, as if they were of the same years."""
    folder = find_spec("aeon").submodule_search_locations[0]
    path = Path(folder, "datasets/data/m1_yearly_dataset/m1_yearly_dataset.tsf")
    lines = path.read_text(encoding="latin-1").partition("@data\n")[2].splitlines()
    series = [line.rpartition(":")[2].split(",") for line in lines]
    ends = [values[-LENGTH:] for values in series if len(values) >= LENGTH]
    return dated(np.array(ends, dtype=float).T, "1970", "Y")


SETS = [("report", "M1, yearly", yearly, "Y", "")]
