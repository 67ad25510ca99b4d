import sys

import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import feature_names, names_in
from skrnn._checks.tables import check_enough_samples, check_no_infinity, check_table
from skrnn._checks.targets import check_sample_weight, check_target
from skrnn._index.reading import index_of
from skrnn._windows.checks import check_windows


class Forecast:
    """Stands for any estimator: checks read its name and what it has learned."""

    def __init__(self, **state):
        vars(self).update(state)


def table(**columns):
    return pd.DataFrame(columns)


# --------------------------------------------------------------------------------------
# Tables
# --------------------------------------------------------------------------------------


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


def test_windows_that_a_mask_hides_are_refused():
    windows = np.zeros((5, 3, 2))
    masked = np.ma.masked_array(windows, mask=windows == 0)
    with pytest.raises(ValueError, match="X is a masked array"):
        check_windows(Forecast(), masked, reset=True)


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


@pytest.mark.parametrize(
    "y", [DATES, pd.Series(DATES), DATES.to_numpy(), list(DATES.to_numpy())]
)
def test_dates_are_no_target(y):
    with pytest.raises(TypeError, match=r"Dates and durations of y .* make dates the"):
        check_target(Forecast(), y, np.ones((2, 1)))


def test_column_of_the_target_without_numbers_is_named():
    with pytest.raises(TypeError, match="Column 'b' of y has dtype datetime64"):
        check_target(Forecast(), table(a=[1, 2], b=DATES), np.ones((2, 1)))


def test_series_is_no_table():
    with pytest.raises(ValueError, match=r"shape \(2,\) instead; use X.to_frame\(\)"):
        check_table(Forecast(), pd.Series([1.0, 2]), reset=True)


@pytest.mark.parametrize("X", [np.ones(4), [1.0, 2], pd.Series([1.0, 2])])
def test_rows_that_are_no_windows_yet_are_sent_to_what_makes_them(X):
    with pytest.raises(ValueError, match=r"Reshape your data.* make_windows or a Slid"):
        check_windows(Forecast(), X, reset=True)


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


# --------------------------------------------------------------------------------------
# Windows
# --------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------
# Targets and weights
# --------------------------------------------------------------------------------------


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
        ([1, np.nan], "Input y contains NaN"),
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


def test_one_sample_is_not_enough():
    check_enough_samples(Forecast(), 2)
    with pytest.raises(ValueError, match="minimum of 2 is required by Forecast"):
        check_enough_samples(Forecast(), 1)


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


# --------------------------------------------------------------------------------------
# What a fit leaves behind
# --------------------------------------------------------------------------------------


def test_refit_replaces_what_was_learned_and_drops_what_no_longer_exists():
    estimator = Forecast(window=3, n_features_in_=1, feature_names_in_=["a"])
    set_fitted(estimator, {"n_features_in_": 2, "feature_names_in_": None, "new_": 0})
    assert vars(estimator) == {"window": 3, "n_features_in_": 2, "new_": 0}


def test_names_are_those_of_fit_or_numbered():
    names = np.array(["a", "b"], dtype=object)
    named = Forecast(n_features_in_=2, feature_names_in_=names)
    assert list(names_in(named)) == ["a", "b"]
    assert list(names_in(Forecast(n_features_in_=2))) == ["x0", "x1"]


def test_only_text_names_columns():
    assert list(feature_names(table(a=[1], b=[2]))) == ["a", "b"]
    assert feature_names(pd.DataFrame(np.ones((1, 2)))) is None
    assert feature_names(np.ones((1, 2))) is None


def test_only_pandas_objects_have_an_index():
    frame = table(a=[1, 2])
    assert index_of(frame).equals(frame.index)
    assert index_of(frame["a"]).equals(frame.index)
    assert index_of([1, 2]) is None


def test_an_interrupt_leaves_an_estimator_as_it_was_or_as_it_will_be():
    before = {"a_": 1, "names_": ["x"]}
    after = {"a_": 2, "b_": 3}
    for n in range(40):
        estimator, lines = Forecast(**before), iter(range(n))

        def interrupt(frame, event, arg, lines=lines):
            if event == "line" and next(lines, None) is None:
                raise KeyboardInterrupt
            return interrupt

        sys.settrace(interrupt)
        try:
            set_fitted(estimator, {"a_": 2, "b_": 3, "names_": None})
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        assert vars(estimator) in (before, after)
    assert vars(estimator) == after
