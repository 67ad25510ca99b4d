"""What Hypothesis draws: indexes, tables and their containers; and how often."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The same examples in every run, and nothing written into the folder of the tests.
REPEATABLE = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# For claims beside the main one of a file.
FEWER = settings(REPEATABLE, max_examples=120)


def tried_often(n_all, n_everyday):
    """Return a decorator for a claim about what it draws, which becomes a test.

    `make test-all` draws `n_all` examples, the everyday run as many as it has time for.
    """

    def as_test(claim):
        @pytest.mark.parametrize(
            "n_examples",
            [n_everyday, pytest.param(n_all, marks=pytest.mark.exhaustive)],
        )
        def test(n_examples):
            settings(REPEATABLE, max_examples=n_examples)(given(st.data())(claim))()

        return test

    return as_test


# For each kind of stamps the stamp of a tick, which is a whole number.
DAY = pd.Timestamp("2024-02-20")
CLOCKS = {
    "integers": lambda ticks: pd.Index(7 + 3 * ticks),
    "narrow integers": lambda ticks: pd.Index((2 * ticks).astype(np.int16)),
    "floats": lambda ticks: pd.Index(0.1 * ticks - 2),
    "days": lambda ticks: DAY + pd.to_timedelta(ticks, unit="D"),
    "hours": lambda ticks: DAY + pd.to_timedelta(ticks, unit="h"),
    "summer time": lambda ticks: (
        pd.Timestamp("2024-03-30 12:00", tz="Europe/Oslo")
        + pd.to_timedelta(ticks, unit="h")
    ),
    "durations": lambda ticks: pd.to_timedelta(15 * ticks, unit="min"),
    "months": lambda ticks: pd.PeriodIndex.from_ordinals(
        ticks.astype(np.int64), freq="M"
    ),
    "pandas integers": lambda ticks: pd.Index(ticks, dtype="Int64"),
}


def ticks(n_rows, *, holes=True):
    """Sorted whole numbers, some of them left out, but two neighbours among them."""
    if not holes:
        return st.just(np.arange(n_rows))
    steps = st.lists(
        st.sampled_from([1, 1, 1, 2, 5]), min_size=n_rows - 1, max_size=n_rows - 1
    )
    return steps.map(lambda each: np.cumsum([0, *(1, *each[1:])][:n_rows]))


@st.composite
def walks(draw, n_rows, n_columns, dtype=np.float64):
    """A table of numbers that differ, some of them perhaps missing."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = np.round(random.normal(size=(n_rows, n_columns)) * 8, 3)
    if draw(st.booleans()):
        rows[random.random(size=rows.shape) < 0.15] = np.nan
    return rows.astype(dtype)
