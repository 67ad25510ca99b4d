import numpy as np
import pandas as pd
import pytest

from skrnn._checks.shapes import check_columns, check_not_nested, check_one_length
from skrnn._checks.tables import check_table
from skrnn._windows.checks import check_windows
from tests.support.checked import Forecast, table

FRAME = table(a=[1.0, 2, 3], b=[4.0, 5, 6])
FITTED = Forecast(n_features_in_=2, feature_names_in_=np.array(["a", "b"]))
RAGGED = [[1.0, 2.0], [1.0, 2.0, 3.0], [1.0]]


@pytest.mark.parametrize("row", [FRAME.iloc[1], FRAME.iloc[1].to_frame()])
def test_one_row_as_a_series_is_sent_to_a_frame_of_one_row(row):
    with pytest.raises(ValueError, match=r"use frame.iloc\[\[i\]\] in place of"):
        check_table(FITTED, row, reset=False)
    check_table(FITTED, FRAME.iloc[[1]], reset=False)


@pytest.mark.parametrize("estimator", [None, Forecast(n_features_in_=1)])
def test_one_column_as_a_series_is_sent_to_a_frame(estimator):
    with pytest.raises(ValueError, match=r"shape \(3,\) instead; use X.to_frame\(\)"):
        check_columns(FRAME["a"], estimator)


@pytest.mark.parametrize(
    "X",
    [
        RAGGED,
        [np.array(each) for each in RAGGED],
        np.array([np.array(each) for each in RAGGED], dtype=object),
        pd.Series(RAGGED),
    ],
    ids=["lists", "arrays", "an array", "a Series"],
)
def test_sequences_of_several_lengths_are_sent_to_padding(X):
    with pytest.raises(ValueError, match=r"Got lengths from 1 to 3; pad .*'mask'"):
        check_windows(Forecast(), X, reset=True)


@pytest.mark.parametrize("X", [[[1, 2], [3, 4]], [1.0, 2.0], ["a", "bc"], "abc"])
def test_other_lists_are_left_to_later_checks(X):
    check_one_length(X)


def test_nested_frame_is_named_with_the_code_that_stacks_it():
    X = pd.DataFrame({"u": [pd.Series([1.0, 2.0])] * 3, "v": [pd.Series([3, 4])] * 3})
    for check in (check_table, check_windows):
        with pytest.raises(ValueError, match="Column 'u' of X holds a Series in each"):
            check(Forecast(), X, reset=True)
    stacked = np.stack([np.stack(list(X[name])) for name in X], axis=-1)
    np.testing.assert_array_equal(stacked, [[[1, 3], [2, 4]]] * 3)


@pytest.mark.parametrize("X", [FRAME, table(a=["x", "y"]), FRAME[:0], FRAME.to_numpy()])
def test_other_tables_are_not_nested(X):
    check_not_nested(X)


def test_images_are_sent_to_three_axes():
    message = r"X.reshape\(len\(X\), X.shape\[1\], -1\)"
    images = np.ones((5, 4, 3, 2))
    with pytest.raises(ValueError, match=message):
        check_windows(Forecast(), images, reset=True)
    check_windows(Forecast(), images.reshape(5, 4, -1), reset=True)
