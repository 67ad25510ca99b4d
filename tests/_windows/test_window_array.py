import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from skrnn import GRURegressor, SlidingWindow
from skrnn._windows.window_array import WindowArray

WINDOW = 50
ROWS = np.random.default_rng(0).normal(size=(2000, 1))
DAYS = pd.date_range("2024-01-01", periods=1000)
PANEL = pd.MultiIndex.from_product([["a", "b"], DAYS])


@pytest.mark.parametrize("index", [None, PANEL], ids=["one run", "two series"])
def test_windows_are_pickled_as_their_rows(index):
    X = pd.DataFrame(ROWS, index=index)
    windows = SlidingWindow(WINDOW).fit_transform(X)
    stored = pickle.dumps(windows)
    # Rows, two lookbacks in front of them, and the starts: all of 8 bytes a row.
    assert len(stored) < 2.2 * ROWS.nbytes + 2 * WINDOW * 8
    loaded = pickle.loads(stored)
    assert type(loaded) is WindowArray
    np.testing.assert_array_equal(loaded, windows)


def test_windows_are_pickled_with_their_index():
    X = pd.DataFrame({"u": ROWS[:20, 0]}, index=DAYS[:20])
    windows = SlidingWindow(3).set_output(transform="pandas").fit_transform(X)
    assert pickle.loads(pickle.dumps(windows)).index.equals(X.index)


def test_a_pipeline_that_remembers_windows_stores_their_rows(tmp_path):
    gru = GRURegressor(2, epochs=1, batch_size=512, segment=10, random_state=0)
    steps = [("windows", SlidingWindow(WINDOW)), ("gru", gru)]
    expected = Pipeline(steps).fit(ROWS, ROWS[:, 0]).predict(ROWS)
    for _ in range(2):  # The second one loads the windows.
        model = Pipeline(steps, memory=joblib.Memory(tmp_path, verbose=0))
        predicted = model.fit(ROWS, ROWS[:, 0]).predict(ROWS)
        np.testing.assert_array_equal(predicted, expected)
    stored = sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file())
    assert stored < 10 * ROWS.nbytes < WINDOW * ROWS.nbytes


def test_windows_cannot_be_written_to():
    # Their rows, which networks read, would stay as they were.
    for index in (None, PANEL):
        windows = SlidingWindow(3).fit_transform(pd.DataFrame(ROWS, index=index))
        with pytest.raises(ValueError, match="read-only"):
            windows[0, 0, 0] = 1.0


def test_what_is_taken_from_windows_is_a_plain_array():
    windows = SlidingWindow(3).fit_transform(ROWS[:10])
    assert type(windows[2:]) is type(windows * 2) is np.ndarray
    reversed_steps = windows.swapaxes(1, 2)
    loaded = pickle.loads(pickle.dumps(reversed_steps))
    np.testing.assert_array_equal(loaded, reversed_steps)
