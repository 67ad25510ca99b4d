import pickle

import numpy as np

from skrnn._index.indexed import IndexedWindows


def test_only_windows_as_they_are_have_an_index():
    # Whatever is taken from them or computed may stand for other rows.
    plain = np.arange(24.0).reshape(4, 3, 2)
    windows = IndexedWindows.of(plain, index=list("abcd"))
    assert windows.index == list("abcd")
    assert np.shares_memory(windows, plain)
    assert type(windows[::-1]) is type(windows + 1) is np.ndarray
    assert windows.reshape(4, 6).index is None
    assert windows.mean() == plain.mean()


def test_windows_with_an_index_are_pickled_with_it():
    windows = IndexedWindows.of(np.zeros((2, 3, 1)), index=["a", "b"])
    assert pickle.loads(pickle.dumps(windows)).index == ["a", "b"]
