import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skrnn._scaling.scaling import Scaling
from skrnn._windows.batches import CHUNK, ScaledBatches
from skrnn._windows.windows import Windows, WindowScale

ZEROS, ONES = np.zeros(2), np.ones(2)
SCALING = Scaling(np.array([3.0, -1.0]), np.array([7.0, 0.3]), ONES, ZEROS, ONES)
N = CHUNK + 3000


def rows(*missing):
    values = np.random.default_rng(0).normal(size=(N + 3, 2)).astype(np.float32)
    for place in missing:
        values[place] = np.nan
    return values


@pytest.mark.parametrize("missing", [[], [(5, 0)], [CHUNK + 9]])
@pytest.mark.parametrize("batch_size", [1000, 1024, 10**6])
def test_batches_are_those_of_all_windows_scaled_at_once(missing, batch_size):
    windows = Windows(rows(*missing), np.arange(N), 4)
    batches = ScaledBatches(windows, SCALING.scale_windows, batch_size)
    at_once = SCALING.scale_windows(windows)
    assert batches.any_missing() is at_once.any_missing()
    batches = list(batches)
    assert_array_equal(np.concatenate(batches), at_once.gather())
    assert {len(batch) for batch in batches[:-1]} <= {batch_size}


def test_windows_with_a_scale_each_are_scaled_at_once():
    own = WindowScale(np.random.default_rng(1).normal(size=(N, 1)))
    windows = Windows(rows((5, 1)), np.arange(N), 4, own_scale=own)
    batches = ScaledBatches(windows, SCALING.scale_windows, 1024)
    expected = SCALING.scale_windows(windows).gather()
    assert_array_equal(np.concatenate(list(batches)), expected)


def test_memory_is_that_of_a_piece_and_not_of_all_rows():
    windows = Windows(np.ones((20 * CHUNK, 2), np.float32), np.arange(20 * CHUNK), 1)
    tracemalloc.start()
    batches = ScaledBatches(windows, SCALING.scale_windows, 1024)
    assert not batches.any_missing()
    for _ in batches:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < windows.rows.nbytes / 2
