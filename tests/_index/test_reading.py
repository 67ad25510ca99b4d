import pandas as pd

from skrnn._index.reading import index_of


def test_only_pandas_objects_have_an_index():
    frame = pd.DataFrame({"a": [1, 2]})
    assert index_of(frame).equals(frame.index)
    assert index_of(frame["a"]).equals(frame.index)
    assert index_of([1, 2]) is None
