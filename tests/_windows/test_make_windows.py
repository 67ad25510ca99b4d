import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn import iter_windows, make_windows

JAN = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=(50, 3)).astype(np.float32)


def windows_and_targets_by_loops(series, window, horizon, gap, stride):
    X, y = [], []
    for start in range(0, len(series), stride):
        last = start + window - 1
        if last + gap + horizon <= len(series):
            X.append([series[i] for i in range(start, start + window)])
            y.append([series[last + gap + k] for k in range(horizon)])
    return np.array(X), np.array(y)


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("gap", [0, 1, 4])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("n_features", [None, 1, 2])
def test_make_windows_cuts_whole_windows(window, horizon, gap, stride, n_features):
    shape = (11,) if n_features is None else (11, n_features)
    series = np.random.default_rng(0).normal(size=shape)
    X, y = make_windows(series, window, horizon, gap, stride)
    cut, ahead = windows_and_targets_by_loops(series, window, horizon, gap, stride)
    assert_array_equal(X, cut.reshape(len(cut), window, n_features or 1))
    assert_array_equal(y, ahead[:, 0] if horizon == 1 else ahead)


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
def test_make_windows_has_the_format_of_the_lecture(container):
    X, y = make_windows(container([1, 2, 3, 4]), window=2)
    assert_array_equal(X[:, :, 0], [[1, 2], [2, 3]])
    assert_array_equal(y, [3, 4])


def test_make_windows_keeps_float32_and_returns_copies():
    series = np.arange(5, dtype=np.float32)
    X, y = make_windows(series, 2)
    assert X.dtype == y.dtype == np.float32
    X[:], y[:] = -1, -1
    assert_array_equal(series, np.arange(5))


@pytest.mark.parametrize(
    ("series", "parameters", "message"),
    [
        (range(4), {"window": 0}, "window must be an integer of at least 1. Got 0"),
        (range(4), {"window": 2.0}, "window must be an integer .* Got 2.0"),
        (range(4), {"window": 2, "horizon": 0}, "horizon must be an integer"),
        (range(4), {"window": 2, "stride": -1}, "stride must be an integer"),
        (range(4), {"window": 2, "gap": -1}, "gap must be an integer of at least 0"),
        (range(4), {"window": 4}, "window=4, gap=1, horizon=1, which span 5 rows, but"),
        ([1, np.nan, 3], {"window": 1}, "Input series contains NaN"),
        ([1, np.inf, 3], {"window": 1}, "Input series contains infinity"),
        (["a", "b"], {"window": 1}, "could not convert string to float"),
        (np.ones((4, 2, 1)), {"window": 1}, "Found array with dim 3"),
    ],
)
def test_make_windows_refuses_bad_input(series, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_windows(series, **parameters)


def test_make_windows_does_not_count_dates():
    with pytest.raises(TypeError, match="Dates and durations of series"):
        make_windows(JAN, window=2)


@pytest.mark.parametrize(("target", "n_targets"), [(SERIES[:, 2], 0), (-SERIES, 3)])
@pytest.mark.parametrize("horizon", [1, 2])
def test_target_stands_on_the_rows_of_the_series(target, n_targets, horizon):
    X, y = make_windows(SERIES, 4, horizon, target=target)
    _, expected = windows_and_targets_by_loops(target, 4, horizon, 1, 1)
    assert_array_equal(X, make_windows(SERIES, 4, horizon)[0])
    assert_array_equal(y, expected[:, 0] if horizon == 1 else expected)
    assert y.ndim == 1 + (horizon > 1) + (n_targets > 0)


def test_target_with_other_rows_is_refused():
    for cut in (make_windows, iter_windows):
        with pytest.raises(ValueError, match=r"have the rows .* 50. Got 49"):
            cut(SERIES, 4, target=SERIES[1:, 0])


# --------------------------------------------------------------------------------------
# iter_windows
# --------------------------------------------------------------------------------------


@pytest.fixture
def mapped(tmp_path):
    """Rows of a file behind a header, mapped into memory."""
    path = tmp_path / "rows.bin"
    path.write_bytes(bytes(20) + SERIES.tobytes())
    return np.memmap(path, np.float32, "r", offset=20, shape=SERIES.shape)


def joined(chunks):
    return [np.concatenate(parts) for parts in zip(*chunks, strict=True)]


@pytest.mark.parametrize("chunk_size", [1, 3, 46, 100])
@pytest.mark.parametrize("stride", [1, 2, 7])
@pytest.mark.parametrize(("horizon", "gap"), [(1, 0), (1, 1), (3, 2)])
@pytest.mark.parametrize("target", [None, SERIES[::-1, 1], SERIES[:, 1:] + 1])
def test_chunks_together_are_all_windows(chunk_size, stride, horizon, gap, target):
    sizes = {"horizon": horizon, "gap": gap, "stride": stride, "target": target}
    chunks = list(iter_windows(SERIES, 4, **sizes, chunk_size=chunk_size))
    for ours, whole in zip(
        joined(chunks), make_windows(SERIES, 4, **sizes), strict=True
    ):
        assert_array_equal(ours, whole)
        assert ours.dtype == whole.dtype
    n_samples = [len(X) for X, _ in chunks]
    assert n_samples[:-1] == [chunk_size] * (len(chunks) - 1)
    assert n_samples[-1] <= chunk_size


@pytest.mark.parametrize(
    "part",
    [
        np.s_[:],
        np.s_[7:],
        np.s_[:, 1:],
        np.s_[3:40:2, 1],
        np.s_[::-1],
        np.s_[5:30, ::2],
    ],
    ids=str,
)
def test_any_part_of_a_mapped_file_is_read_where_it_stands(mapped, part):
    chunks = iter_windows(mapped[part], 4, chunk_size=5)
    for ours, whole in zip(joined(chunks), make_windows(SERIES[part], 4), strict=True):
        assert_array_equal(ours, whole)


@pytest.mark.parametrize("container", [pd.DataFrame, np.ndarray.tolist, np.asarray])
def test_containers_are_sliced_by_row(container):
    rows = SERIES.astype(float)
    chunks = iter_windows(container(rows), 4, chunk_size=9)
    assert_array_equal(joined(chunks)[0], make_windows(rows, 4)[0])


def test_labels_of_a_frame_do_not_choose_its_rows():
    frame = pd.DataFrame({"a": range(8)}, index=np.arange(8.0)[::-1])
    chunks = iter_windows(frame, 2, chunk_size=3)
    assert_array_equal(joined(chunks)[1][:, 0], range(2, 8))


def test_windows_of_a_chunk_are_a_view_of_its_rows(mapped):
    for X, _ in iter_windows(mapped, 4, chunk_size=16):
        assert X.strides[0] == X.strides[1]
        assert not np.shares_memory(X, mapped)


def test_changes_that_are_in_no_file_are_seen(mapped):
    private = np.memmap(mapped.filename, np.float32, "c", 20, SERIES.shape)
    private[3] = -7
    X, _ = next(iter_windows(private, 4))
    assert_array_equal(X[0, 3], [-7, -7, -7])
    shared = np.memmap(mapped.filename, np.float32, "r+", 20, SERIES.shape)
    shared[3] = -8  # Not flushed.
    X, _ = next(iter_windows(shared, 4))
    assert_array_equal(X[0, 3], [-8, -8, -8])


def test_rows_of_a_file_are_not_those_of_another_that_got_its_name(mapped, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(bytes(20) + (SERIES + 1000).tobytes())
    other.rename(mapped.filename)
    X, _ = joined(iter_windows(mapped, 4, chunk_size=16))
    assert_array_equal(X, make_windows(SERIES, 4)[0])


def test_rows_of_a_file_that_was_removed_are_still_there(mapped, tmp_path):
    (tmp_path / "rows.bin").unlink()
    assert_array_equal(
        joined(iter_windows(mapped, 4, chunk_size=7))[0], make_windows(SERIES, 4)[0]
    )


class Slices:
    """Rows that count what is read of them."""

    def __init__(self, rows):
        self.rows, self.shape, self.read = rows, rows.shape, []

    def __getitem__(self, key):
        self.read.append((key.start, key.stop))
        return self.rows[key]


def test_each_chunk_reads_its_own_rows_and_only_when_its_turn_comes():
    rows, target = Slices(SERIES), Slices(SERIES[:, 0])
    chunks = iter_windows(rows, 4, 2, gap=3, target=target, chunk_size=20)
    assert (rows.read, target.read) == ([], [])
    next(chunks)
    assert (rows.read, target.read) == ([(0, 23)], [(6, 27)])
    list(chunks)
    assert rows.read[1:] == [(20, 43), (40, 46)]


def test_dask_computes_the_blocks_that_a_chunk_reads():
    da = pytest.importorskip("dask.array")
    computed = []

    def count(block, block_info=None):
        computed.append(block_info[None]["chunk-location"][0])
        return block

    rows = da.from_array(SERIES, chunks=(10, 3)).map_blocks(count, dtype=np.float32)
    chunks = iter_windows(rows, 4, chunk_size=16)
    assert computed == []
    parts = [next(chunks)]
    assert sorted(computed) == [0, 1]
    parts += chunks
    assert sorted(computed) == [0, 1, 1, 2, 3, 3, 4]
    for ours, whole in zip(joined(parts), make_windows(SERIES, 4), strict=True):
        assert_array_equal(ours, whole)


def test_dask_array_of_unknown_length_is_refused():
    da = pytest.importorskip("dask.array")
    rows = da.from_array(SERIES, chunks=(10, 3))
    with pytest.raises(TypeError, match=r"series must .* call compute_chunk_sizes"):
        iter_windows(rows[rows[:, 0] > 0], 4)


@pytest.mark.parametrize(
    ("series", "settings", "error", "message"),
    [
        (
            SERIES,
            {"window": 4, "chunk_size": 0},
            ValueError,
            "chunk_size must be",
        ),
        (SERIES, {"window": 0}, ValueError, "window must be an integer of at least 1"),
        (SERIES, {"window": 50}, ValueError, "span 51 rows, but series has 50"),
        (
            iter(SERIES),
            {"window": 4},
            TypeError,
            "series must be .* sliced",
        ),
        (
            SERIES,
            {"window": 4, "target": iter("a")},
            TypeError,
            "target must be an",
        ),
    ],
)
def test_refusals_come_before_the_first_chunk(series, settings, error, message):
    with pytest.raises(error, match=message):
        iter_windows(series, **settings)


def test_bad_rows_are_named_when_they_are_read():
    rows = SERIES.copy()
    rows[30, 1] = np.nan
    chunks = iter_windows(rows, 4, chunk_size=20)
    next(chunks)
    with pytest.raises(ValueError, match=r"Rows 20 to 43 of series: .* contains NaN"):
        next(chunks)
    with pytest.raises(TypeError, match=r"Rows 0 to 2 of series: .*Dates and dur"):
        next(iter_windows(JAN, 2))


def test_narrow_integers_of_numpy_do_not_overflow():
    X, y = make_windows(np.arange(400.0), np.uint8(200), gap=np.uint8(100))
    assert (len(X), y[0]) == (101, 299.0)
    chunks = iter_windows(np.arange(400.0), np.uint8(200), chunk_size=np.uint8(150))
    assert [len(y) for _, y in chunks] == [150, 50]
