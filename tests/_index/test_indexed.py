import pickle

import numpy as np

from skrnn._index.indexed import IndexedArray


def _indexed(plain):
    array = plain.view(IndexedArray)
    array.index = list("abcd")
    return array


def test_only_an_array_as_it_is_has_an_index():
    # Whatever is taken from it or computed may stand for other rows.
    plain = np.arange(24.0).reshape(4, 3, 2)
    array = _indexed(plain)
    assert np.shares_memory(array, plain)
    assert type(array[::-1]) is type(array + 1) is np.ndarray
    assert array.reshape(4, 6).index is None
    assert array.mean() == plain.mean()


def test_what_has_lost_the_index_is_pickled_as_a_plain_array():
    view = _indexed(np.arange(4.0)).reshape(2, 2)
    loaded = pickle.loads(pickle.dumps(view))
    assert type(loaded) is np.ndarray
    np.testing.assert_array_equal(loaded, [[0, 1], [2, 3]])
