import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from skrnn._windows.checks import check_windows
from tests.support.checked import Forecast, table


def test_windows_that_a_mask_hides_are_refused():
    windows = np.zeros((5, 3, 2))
    masked = np.ma.masked_array(windows, mask=windows == 0)
    with pytest.raises(ValueError, match="X is a masked array"):
        check_windows(Forecast(), masked, reset=True)


DATES = pd.date_range("2024-01-01", periods=2)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (np.full((2, 3, 1), DATES.to_numpy()[0]), TypeError, "X has dtype datetime64"),
        (np.full((2, 3, 1), np.timedelta64(1, "D")), TypeError, "make dates the index"),
        (np.full((2, 3, 1), 1j), ValueError, "X has dtype complex.* columns of X"),
        (
            np.full((2, 3, 1), "x"),
            ValueError,
            r"X has dtype (str|object), .* convert string",
        ),
        (np.full((2, 3, 1), {}), TypeError, "X has dtype object, .* a real number"),
    ],
)
def test_windows_without_numbers_are_refused(values, error, message):
    with pytest.raises(error, match=message):
        check_windows(Forecast(), values, reset=True)


@pytest.mark.parametrize("X", [np.ones(4), [1.0, 2], pd.Series([1.0, 2])])
def test_rows_that_are_no_windows_yet_are_sent_to_what_makes_them(X):
    with pytest.raises(ValueError, match=r"Reshape your data.* make_windows or a Slid"):
        check_windows(Forecast(), X, reset=True)


def rolling(n_rows=20, n_steps=4):
    rows = np.random.default_rng(0).normal(size=(n_rows, 3))
    return sliding_window_view(rows, n_steps, axis=0).transpose(0, 2, 1)


@pytest.mark.parametrize(
    "X",
    [
        rolling(),
        rolling().copy(),
        rolling().astype("float32"),
        rolling().tolist(),
        rolling()[:, :, 0],
        pd.DataFrame(rolling()[:, :, 0]),
        np.arange(24).reshape(4, 3, 2),
        np.where(rolling() > 1, np.nan, rolling()),
    ],
    ids=[
        "view",
        "copy",
        "float32",
        "lists",
        "two axes",
        "frame",
        "integers",
        "NaN",
    ],
)
def test_windows_are_the_same_numbers_as_floats(X):
    windows, n_features_in = check_windows(Forecast(), X, reset=True)
    expected = np.asarray(X)
    assert n_features_in == expected.shape[-1]
    expected = expected if expected.ndim == 3 else expected[:, :, None]
    np.testing.assert_array_equal(windows.gather(), expected)
    assert windows.rows.dtype == np.result_type(expected.dtype, np.float32)


def test_windows_of_a_view_are_not_copied():
    X = rolling()
    windows, _ = check_windows(Forecast(), X, reset=True)
    assert np.shares_memory(windows.rows, X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones(4), "Expected 2D array, got 1D array"),
        (np.ones((4, 3, 2, 1)), r"shape \(4, 3, 2, 1\) while Forecast expects windows"),
        (np.ones((0, 3, 2)), r"Found array with 0 sample\(s\)"),
        (np.ones((4, 0, 2)), r"shape \(4, 0, 2\) while Forecast expects windows"),
        (np.ones((4, 3, 0)), r"shape \(4, 3, 0\) while Forecast expects windows"),
        (np.full((4, 3, 2), "x"), "could not convert string to float"),
        (np.full((4, 3, 2), 1j), "Complex data not supported"),
        (np.full((4, 3, 2), np.inf), r"infinity.* in column 0 \(counted from 0\)"),
        (table(a=[1.0, 2], b=[1, np.inf]), "infinity.* in column 'b'"),
        (np.array([[1, 2], [3, np.inf]]), r"infinity.* in column 1 \(counted from 0\)"),
    ],
)
def test_what_is_no_windows_is_refused(X, message):
    with pytest.raises(ValueError, match=message):
        check_windows(Forecast(), X, reset=True)


@pytest.mark.parametrize(
    ("n_steps", "n_features", "X", "message"),
    [
        (4, 3, np.ones((5, 3, 3)), "X has 3 steps, but Forecast is expecting 4 steps"),
        (
            4,
            3,
            np.ones((5, 4, 2)),
            "X has 2 features, but Forecast is expecting 3 feat",
        ),
        (
            4,
            3,
            np.ones((5, 4)),
            "X has 1 features, but Forecast is expecting 3 feature",
        ),
        (
            4,
            1,
            np.ones((5, 3)),
            "X has 3 features, but Forecast is expecting 4 features",
        ),
    ],
)
def test_windows_of_another_shape_than_in_fit_are_refused(
    n_steps, n_features, X, message
):
    fitted = Forecast(_window_shape_in=(n_steps, n_features))
    with pytest.raises(ValueError, match=message):
        check_windows(fitted, X, reset=False)


@pytest.mark.parametrize("X", [np.ones((5, 4)), np.ones((5, 4, 1))])
def test_windows_of_the_shape_of_fit_are_taken(X):
    fitted = Forecast(_window_shape_in=(4, 1))
    windows, _ = check_windows(fitted, X, reset=False)
    assert windows.gather().shape == (5, 4, 1)


def test_windows_with_other_columns_than_in_fit_are_refused():
    names = np.array(["a", "b"], dtype=object)
    fitted = Forecast(_window_shape_in=(2, 1), feature_names_in_=names)
    with pytest.raises(ValueError, match="feature names should match"):
        check_windows(fitted, table(b=[1.0], a=[2.0]), reset=False)
