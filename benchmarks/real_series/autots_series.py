"""The series that AutoTS carries: energy, the economy, and traffic."""

from .files import dated, read_table

# Among the series of r_series, too, by which was tuned.
PETROL = (
    "Weekly U.S. Product Supplied of Finished Motor Gasoline  "
    "(Thousand Barrels per Day)"
)


def read(name):
    return read_table("autots", f"datasets/data/{name}.zip")


def hourly_traffic():
    volume = read("traffic_hourly")[["traffic_volume"]].interpolate()
    return dated(volume, "2016-10-01", "h")


def long(name, n_rows, start, frequency):
    """Read the last rows of the series that have as many."""
    wide = read(name).pivot(index="datetime", columns="series_id", values="value")
    wide = wide.drop(columns=PETROL, errors="ignore")
    return dated(wide.iloc[-n_rows:].dropna(axis=1), start, frequency)


SETS = [
    (
        "report",
        "energy, USA",
        lambda: long("eia_weekly", 1028, "2000-06-02", "W-FRI"),
        "W",
        "",
    ),
    (
        "report",
        "economy, monthly",
        lambda: long("fred_monthly", 360, "1990-01", "M"),
        "M",
        "",
    ),
    ("report", "traffic", hourly_traffic, "h", "seasonal"),
]
