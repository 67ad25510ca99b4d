import numpy as np
import pandas as pd
import pytest

from skrnn._checks.targets import check_sample_weight, check_target
from tests.support.checked import Forecast, table

DATES = pd.date_range("2024-01-01", periods=2)


@pytest.mark.parametrize(
    "y", [DATES, pd.Series(DATES), DATES.to_numpy(), list(DATES.to_numpy())]
)
def test_dates_are_no_target(y):
    with pytest.raises(TypeError, match=r"Dates and durations of y .* make dates the"):
        check_target(Forecast(), y, np.ones((2, 1)))


def test_column_of_the_target_without_numbers_is_named():
    with pytest.raises(TypeError, match="Column 'b' of y has dtype datetime64"):
        check_target(Forecast(), table(a=[1, 2], b=DATES), np.ones((2, 1)))


@pytest.mark.parametrize(
    "y", [[1, 2], np.ones(2, "float32"), pd.Series([1, 2]), table(a=[1, 2], b=[3, 4])]
)
def test_target_becomes_float64_and_keeps_its_axes(y):
    target = check_target(Forecast(), y, np.ones((2, 1)))
    assert target.dtype == np.float64
    np.testing.assert_array_equal(target, y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "Forecast requires y to be passed, but the target y is None"),
        ([1, np.inf], "Input y contains infinity"),
        (["a", "b"], "could not convert string to float"),
        (np.array([1j, 2]), "Complex data not supported"),
        ([1, 2, 3], r"inconsistent numbers of samples: \[2, 3\]"),
        (np.ones((2, 1, 1)), r"y should be a 1d array or .* shape \(2, 1, 1\) instead"),
        (np.ones((2, 0)), r"Found array with 0 feature\(s\)"),
    ],
)
def test_bad_target_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        check_target(Forecast(), y, np.ones((2, 1)))


@pytest.mark.parametrize("weight", [None, 3, 0.5, np.float32(2)])
def test_one_weight_for_all_is_none(weight):
    np.testing.assert_array_equal(check_sample_weight(weight, 3), [1, 1, 1])


@pytest.mark.parametrize("weight", [[0, 2, 1], pd.Series([0, 2, 1], index=[5, 6, 7])])
def test_weights_are_taken_one_by_one(weight):
    got = check_sample_weight(weight, 3)
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, [0, 2, 1])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 2], r"sample_weight.shape == \(2,\), expected \(3,\)!"),
        ([[1], [2], [3]], "Sample weights must be 1D array or scalar"),
        ([1, -1, 1], "must not be negative .* smallest weight of -1.0"),
        ([0, 0, 0], "not zero for every sample"),
        ([1, np.nan, 1], "Input sample_weight contains NaN"),
        (np.nan, "sample_weight must be above 0 and finite. Got nan"),
        (-1, "sample_weight must be above 0"),
        (0.0, "sample_weight must be above 0"),
        (["a", "b", "c"], "sample_weight"),
        (["a", "b", "c"], "could not convert string to float"),
    ],
)
def test_bad_weights_are_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        check_sample_weight(weight, 3)


@pytest.mark.parametrize("size", [1e-310, 1e300])
def test_weights_of_an_extreme_size_count_by_their_ratios(size):
    got = check_sample_weight(np.array([1, 2, 4]) * size, 3)
    np.testing.assert_allclose(got, [0.25, 0.5, 1])
