import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from skrnn._index.runs import split_runs
from skrnn._windows.windows import Windows, tabulate_windows, windows_of

# --------------------------------------------------------------------------------------
# Windows
# --------------------------------------------------------------------------------------


def scattered_windows():
    rows = np.random.default_rng(0).normal(size=(12, 2))
    rows[[3, 4]] = np.nan
    rows[5, 0] = np.nan
    return Windows(rows, np.array([4, 0, 0, 7, 3]), n_steps=3, dilation=2)


def by_loops(windows):
    return np.array(
        [
            [windows.rows[start + j * windows.dilation] for j in range(windows.n_steps)]
            for start in windows.starts
        ]
    )


def test_windows_read_rows_at_their_starts():
    windows = scattered_windows()
    expected = by_loops(windows)
    np.testing.assert_array_equal(windows.gather(), expected)
    np.testing.assert_array_equal(windows.materialise(), expected)
    np.testing.assert_array_equal(windows.gather(np.array([4, 1])), expected[[4, 1]])
    np.testing.assert_array_equal(windows.take(slice(1, 3)).gather(), expected[1:3])
    assert (len(windows), windows.n_features) == (5, 2)


def test_windows_that_are_taken_share_the_rows():
    windows = scattered_windows()
    assert windows.take(np.array([2, 0])).rows is windows.rows
    assert windows.with_rows(windows.rows[:, :1]).n_features == 1


@pytest.mark.parametrize("n_samples", [1, 2, 4, 9])
def test_pieces_are_all_windows_with_no_more_rows_than_they_read(n_samples):
    for windows in (scattered_windows(), Windows(np.eye(9), np.arange(4), 3, 2)):
        pieces = list(windows.chunks(n_samples))
        joined = np.concatenate([piece.gather() for piece in pieces])
        np.testing.assert_array_equal(joined, windows.gather())
        assert [len(piece) for piece in pieces[:-1]] == [n_samples] * (len(pieces) - 1)
        assert all(len(piece.rows) <= 5 * len(piece) for piece in pieces)


def test_pieces_of_windows_in_a_row_share_the_rows():
    windows = Windows(np.eye(9), np.arange(7), 3)
    assert all(np.shares_memory(p.rows, windows.rows) for p in windows.chunks(4))


def test_windows_that_begin_with_nothing_observed_are_told():
    windows = scattered_windows()
    expected = np.isnan(by_loops(windows)[:, 0]).all(axis=1)
    np.testing.assert_array_equal(windows.begin_missing(), expected)


@pytest.mark.parametrize(
    ("starts", "expected"), [([4, 0], True), ([5], True), ([7, 6], False)]
)
def test_missing_values_count_where_a_window_holds_them(starts, expected):
    windows = scattered_windows()
    chosen = Windows(windows.rows, np.array(starts), n_steps=3, dilation=2)
    assert chosen.any_missing() is expected
    assert np.isnan(by_loops(chosen)).any() == expected


@pytest.mark.parametrize("weight", [None, np.array([1.0, 0.5, 0, 3, 2])])
def test_the_uses_of_a_row_are_the_windows_that_hold_it(weight):
    windows = scattered_windows()
    expected = np.zeros(12)
    for i, start in enumerate(windows.starts):
        for j in range(3):
            expected[start + 2 * j] += 1 if weight is None else weight[i]
    np.testing.assert_allclose(windows.count_uses(weight), expected)


@pytest.mark.parametrize("starts", [[2, 3, 4, 5], [2]])
def test_windows_that_follow_row_by_row_are_a_read_only_view(starts):
    rows = np.random.default_rng(0).normal(size=(12, 2))
    windows = Windows(rows, np.array(starts), n_steps=3, dilation=2)
    values = windows.materialise()
    np.testing.assert_array_equal(values, by_loops(windows))
    assert np.shares_memory(values, rows)
    assert not values.flags.writeable


@pytest.mark.parametrize("starts", [[], [0, 2, 4], [3, 2, 1], [1, 1]])
def test_other_windows_are_copied(starts):
    rows = np.random.default_rng(0).normal(size=(12, 2))
    values = Windows(rows, np.array(starts, dtype=np.intp), n_steps=3).materialise()
    assert values.shape == (len(starts), 3, 2)
    assert not np.shares_memory(values, rows)


# --------------------------------------------------------------------------------------
# windows_of
# --------------------------------------------------------------------------------------


def rolling(rows, n_steps, dilation=1):
    """A view of shape (n_samples, n_steps, n_features), as numpy itself makes it."""
    span = (n_steps - 1) * dilation + 1
    return sliding_window_view(rows, span, axis=0)[:, :, ::dilation].transpose(0, 2, 1)


SHARED = {
    "consecutive": lambda rows: rolling(rows, 4),
    "dilated": lambda rows: rolling(rows, 4, dilation=3),
    "as many samples as the dilation": lambda rows: rolling(rows, 4, dilation=3)[:3],
    "some consecutive samples": lambda rows: rolling(rows, 4)[5:9],
    "a single sample": lambda rows: rolling(rows, 4)[5:6],
    "every second sample and step": lambda rows: rolling(rows, 6)[::2, ::2],
    "a column": lambda rows: rolling(rows, 4)[:, :, 1:2],
    "columns in reverse": lambda rows: rolling(rows, 4)[:, :, ::-1],
    "rows in reverse": lambda rows: rolling(rows[::-1], 4)[:0:-1, ::-1],
    "Fortran order": lambda rows: np.asfortranarray(rows.reshape(5, 4, 3)),
}
COPIED = {
    "separate windows": lambda rows: rows.reshape(5, 4, 3),
    "fewer samples than the dilation": lambda rows: rolling(rows, 4, dilation=3)[:2],
    "every second sample": lambda rows: rolling(rows, 4)[::2],
    "every third sample": lambda rows: rolling(rows, 4)[1::3],
    "samples in reverse": lambda rows: rolling(rows, 4)[::-1],
    "steps in reverse": lambda rows: rolling(rows, 4)[:, ::-1],
    "axes exchanged": lambda rows: rows.reshape(4, 5, 3).transpose(1, 0, 2),
    "axes reversed": lambda rows: rows.reshape(5, 4, 3).T,
    "one step": lambda rows: rows[:, None, :],
    "one sample repeated": lambda rows: np.broadcast_to(rows[:4], (9, 4, 3)),
    "one step repeated": lambda rows: np.broadcast_to(rows[:, None], (20, 4, 3)),
    "one value repeated": lambda rows: np.broadcast_to(rows[:1, :1], (9, 4, 3)),
    "gathered": lambda rows: rolling(rows, 4)[[3, 1, 2]],
    "no samples": lambda rows: rolling(rows, 4)[:0],
    "steps that overlap within an element": lambda rows: as_strided(
        rows.view("f4").view("f8"), (3, 2, 2), (16, 8, 8)
    ),
}


def padded_rows():
    """Rows of distinct numbers in the middle of a buffer of others."""
    buffer = np.arange(3 * 40.0).reshape(40, 3)
    return buffer[10:30]


@pytest.mark.parametrize("layout", [*SHARED, *COPIED])
def test_windows_of_any_layout_are_the_same_windows_and_nothing_else(layout):
    X = {**SHARED, **COPIED}[layout](padded_rows())
    windows = windows_of(X)
    np.testing.assert_array_equal(windows.gather(), X)
    np.testing.assert_array_equal(windows.materialise(), X)
    # Not even a row that no window holds is read from outside X.
    assert np.isin(windows.rows, X).all()


@pytest.mark.parametrize("layout", SHARED)
def test_windows_of_a_view_use_its_rows_in_place(layout):
    X = SHARED[layout](padded_rows())
    windows = windows_of(X)
    assert np.shares_memory(windows.rows, X)
    assert len(windows.rows) == len(X) + (X.shape[1] - 1) * windows.dilation
    assert not windows.rows.flags.writeable


@pytest.mark.parametrize("dtype", ["float32", "int16", "object", "U3"])
def test_windows_of_any_dtype_are_recognised(dtype):
    X = rolling(padded_rows().astype(dtype), 4, dilation=2)
    windows = windows_of(X)
    assert windows.dilation == 2
    np.testing.assert_array_equal(windows.gather(), X)


def test_windows_of_what_materialise_gives_are_the_windows():
    rows = padded_rows()
    windows = Windows(rows, np.arange(2, 10), n_steps=3, dilation=4)
    again = windows_of(windows.materialise())
    assert (again.n_steps, again.dilation) == (3, 4)
    np.testing.assert_array_equal(again.rows, rows[2:18])


# --------------------------------------------------------------------------------------
# One window per row
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [0, 1, 3, 9])
def test_known_rows_lie_before_their_run_the_last_ones_first(known):
    rows = np.arange(6.0).reshape(-1, 1)
    runs = split_runs(pd.Index([0, 1, 2, 5, 6, 7]), 6)
    head = np.arange(100.0, 100 + known).reshape(-1, 1)
    windows = tabulate_windows(rows, runs, 3, gap=1, context={1: head})
    before = [*[np.nan] * 3, *head[:, 0]][-3:]
    series = [*before, 3, 4, 5]
    np.testing.assert_array_equal(
        windows.gather()[3:, :, 0], [series[i : i + 3] for i in range(3)]
    )
    assert np.isnan(windows.gather()[0]).all()
