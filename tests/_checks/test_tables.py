import numpy as np
import pandas as pd
import pytest

from skrnn._checks.tables import check_enough_samples, check_no_infinity, check_table
from skrnn._windows.checks import check_windows
from tests.support.checked import Forecast, table


@pytest.mark.parametrize(
    ("X", "dtype"),
    [
        ([[1, 2], [3, 4]], "float64"),
        (np.ones((2, 2), "float32"), "float32"),
        (np.ones((2, 2), "int8"), "float64"),
        (table(a=np.ones(2, "float32"), b=np.ones(2, "float32")), "float32"),
        (table(a=np.ones(2, "float32"), b=[1, 2]), "float64"),
        (table(a=[True, False]), "float64"),
        (table(a=pd.Categorical([1, 2])), "float64"),
        (table(a=np.array([1, None], dtype=object)), "float64"),
    ],
)
def test_table_of_numbers_becomes_an_array_of_floats(X, dtype):
    rows = check_table(Forecast(), X, reset=True)
    assert rows.dtype == dtype
    np.testing.assert_array_equal(rows, np.asarray(X).astype(float))


def test_array_of_floats_is_not_copied():
    X = np.ones((3, 2))
    assert check_table(Forecast(), X, reset=True) is X


@pytest.mark.parametrize("column", ["Int64", "boolean", "Float64"])
def test_missing_values_of_pandas_are_nan(column):
    X = table(a=pd.array([1, None], dtype=column))
    rows = check_table(Forecast(), X, reset=True)
    np.testing.assert_array_equal(rows, [[1], [np.nan]])


def test_missing_values_of_pandas_among_objects_name_the_way_out():
    X = table(a=np.array([1.5, pd.NA], dtype=object))
    with pytest.raises(TypeError, match=r"NAType.*; pass X.astype\('Float64'\), which"):
        check_table(Forecast(), X, reset=True)
    rows = check_table(Forecast(), X.astype("Float64"), reset=True)
    np.testing.assert_array_equal(rows, [[1.5], [np.nan]])


ONE_DAY = pd.Timedelta("1D")
BAD_COLUMNS = {
    "text": (["x", "1"], ValueError, "could not convert string to float: 'x'"),
    "categories": (pd.Categorical(["x", "y"]), ValueError, "dtype category"),
    "objects": ([{}, []], TypeError, "dtype object"),
    "complex": ([1j, 2], ValueError, "dtype complex128.*Complex data not supported"),
    "dates": ([pd.Timestamp(0)] * 2, TypeError, "dtype datetime64.*mere counts"),
    "dates in a zone": ([pd.Timestamp(0, tz="UTC")] * 2, TypeError, "UTC"),
    "durations": ([ONE_DAY, ONE_DAY], TypeError, "dtype timedelta64"),
    "periods": ([pd.Period("2024")] * 2, TypeError, "dtype period"),
}


@pytest.mark.parametrize("name", BAD_COLUMNS)
@pytest.mark.parametrize("check", [check_table, check_windows])
def test_column_without_numbers_is_named(check, name):
    column, error, message = BAD_COLUMNS[name]
    good = pd.array([1, None], dtype="Int64")
    X = table(good=good, bad=column, worse=column)
    for frame in (X, X[["bad"]]):
        with pytest.raises(error, match=f"Column 'bad' of X has .*(\n.*)*{message}"):
            check(Forecast(), frame, reset=True)


SIX = np.arange(6.0).reshape(3, 2)
NO_NUMBERS = {
    "text": "text",
    "a dict": {"a": [1, 2]},
    "a generator": (row for row in [[1, 2]]),
    "rows of unequal length": [[1, 2], [3]],
    "integers beyond floats": [[10**400]],
    "records": np.zeros(3, dtype=[("a", float), ("b", float)]),
    "a mask": np.ma.masked_array(SIX, mask=SIX > 3),
}


@pytest.mark.parametrize("X", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize("check", [check_table, check_windows])
def test_what_holds_no_numbers_is_refused_by_the_name_of_the_argument(check, X):
    with pytest.raises((ValueError, TypeError), match=r"\bX\b"):
        check(Forecast(), X, reset=True)


def test_an_empty_mask_hides_nothing():
    rows = check_table(Forecast(), np.ma.masked_array(SIX), reset=True)
    np.testing.assert_array_equal(rows, SIX)


def test_dates_and_durations_in_frames_of_polars_are_no_numbers():
    polars = pytest.importorskip("polars")
    for column in (
        [ONE_DAY.to_pytimedelta()] * 2,
        [pd.Timestamp(0).to_pydatetime()] * 2,
    ):
        X = polars.DataFrame({"good": [1.0, 2.0], "bad": column})
        with pytest.raises(TypeError, match="of X would become mere counts"):
            check_table(Forecast(), X, reset=True)
    numbers = polars.DataFrame({"a": [1, None], "b": [2.5, 3]})
    rows = check_table(Forecast(), numbers, reset=True)
    np.testing.assert_array_equal(rows, [[1, 2.5], [np.nan, 3]])


def test_column_without_numbers_is_named_where_names_repeat():
    X = pd.DataFrame([[1, "x"], [2, "y"]], columns=["v", "v"])
    with pytest.raises(ValueError, match="Column 'v' of X has dtype"):
        check_table(Forecast(), X, reset=True)


def test_array_of_dates_is_refused():
    X = np.array([["2024-01-01"], ["2024-01-02"]], dtype="datetime64[D]")
    with pytest.raises(TypeError, match="Dates and durations of X"):
        check_table(Forecast(), X, reset=True)


def test_series_is_no_table():
    with pytest.raises(ValueError, match=r"shape \(2,\) instead; use X.to_frame\(\)"):
        check_table(Forecast(), pd.Series([1.0, 2]), reset=True)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("company", [0.0, np.nan, np.inf, -np.inf])
def test_infinite_value_is_found_in_any_company(value, company):
    rows = np.array([[company if abs(company) != np.inf else 0, 1], [1, value]])
    rows = np.vstack([rows, [0, company]])
    with pytest.raises(ValueError, match=r"column 1 \(counted from 0\)"):
        check_no_infinity(rows, rows)
    with pytest.raises(ValueError, match="too large for float64 in column 'b'"):
        check_no_infinity(rows, pd.DataFrame(rows, columns=["a", "b"]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_values_are_not_infinite_although_their_sum_is(dtype):
    rows = np.full((4, 2), np.finfo(dtype).max)
    check_no_infinity(rows, rows)
    check_table(Forecast(), rows, reset=True)


def test_one_sample_is_not_enough():
    check_enough_samples(Forecast(), 2)
    with pytest.raises(ValueError, match="minimum of 2 is required by Forecast"):
        check_enough_samples(Forecast(), 1)
