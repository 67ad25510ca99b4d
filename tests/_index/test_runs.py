import numpy as np
import pandas as pd
import pytest

from skrnn._index.runs import split_runs

DAYS = pd.date_range("2024-01-01", periods=8, freq="D")


def test_plain_rows_are_one_run():
    runs = split_runs(None, 5)
    assert (len(runs), runs.lengths.tolist(), runs.step) == (1, [5], None)


@pytest.mark.parametrize(
    ("index", "lengths"),
    [
        (pd.Index([0, 1, 2, 4, 5, 9]), [3, 2, 1]),
        (pd.Index([0, 2, 4, 7]), [3, 1]),
        (pd.Index([5]), [1]),
        (pd.RangeIndex(5, 6), [1]),
        (DAYS[[0]], [1]),
        (DAYS[[0, 1, 3, 4, 5]], [2, 3]),
        (DAYS.to_period()[[0, 1, 3, 4, 5]], [2, 3]),
        (pd.Index([1, 2, 4], dtype="Int64"), [2, 1]),
        (pd.Index([253, 254, 255], dtype="uint8"), [3]),
    ],
)
def test_larger_step_starts_a_run(index, lengths):
    runs = split_runs(index, len(index))
    assert runs.lengths.tolist() == lengths
    assert runs.starts.tolist() == np.cumsum([0, *lengths[:-1]]).tolist()


def test_rows_of_a_run_are_found_in_the_callers_order():
    index = pd.MultiIndex.from_tuples(
        [("b", 0), ("a", 0), ("b", 1), ("a", 1), ("b", 3)]
    )
    runs = split_runs(index, len(index))
    assert runs.series == ["b", "b", "a"]
    assert [runs.rows_of(run).tolist() for run in range(3)] == [[0, 2], [4], [1, 3]]
    assert runs.first_stamps.tolist() == [0, 3, 0]
    assert runs.last_stamps.tolist() == [1, 3, 1]


def test_given_step_counts_and_not_the_one_that_occurs():
    assert split_runs(pd.Index([0, 2, 4]), 3, step=1).lengths.tolist() == [1, 1, 1]
