import numpy as np
import pandas as pd
import pytest

from skrnn import ColdStartWarning, SlidingWindow
from tests.support.containers import (
    THREE_SERIES,
    dates,
    numbers,
    of_series,
    without_freq,
)


def without_column_names(X):
    return X.set_axis(range(X.shape[1]), axis=1)


def first_window(transformer, X):
    return transformer.transform(X)[0, :, 0]


@pytest.mark.parametrize("context", ["index", "always"])
def test_fold_after_the_training_rows_starts_warm(context):
    X = numbers(8)
    transformer = SlidingWindow(3, context=context).fit(X[:5])
    np.testing.assert_array_equal(first_window(transformer, X[5:]), [3, 4, 5])


def test_fold_in_the_middle_knows_the_rows_before_and_none_after():
    X = numbers(9)
    transformer = SlidingWindow(3).fit(pd.concat([X[:3], X[6:]]))
    got = transformer.transform(X[3:6])[:, :, 0]
    np.testing.assert_array_equal(got, [[1, 2, 3], [2, 3, 4], [3, 4, 5]])


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (slice(0, 5), "the rows are those of fit"),
        (slice(2, 5), "the rows are some of those of fit"),
        (slice(2, 9), "the first row was seen in fit"),
    ],
)
@pytest.mark.parametrize("context", ["index", "always"])
def test_run_starts_cold_where_no_run_ends_right_before(context, rows, why):
    X = numbers(9)
    transformer = SlidingWindow(3, context=context).fit(X[:5])
    got = first_window(transformer, X[rows])
    np.testing.assert_array_equal(got, [np.nan, np.nan, rows.start], err_msg=why)


def test_reset_index_starts_cold():
    X = numbers(9)
    transformer = SlidingWindow(2).fit(X[:5])
    got = first_window(transformer, X[5:].reset_index(drop=True))
    np.testing.assert_array_equal(got, [np.nan, 5])


def test_context_is_no_longer_than_the_run_that_was_seen():
    X = numbers(9)
    transformer = SlidingWindow(4).fit(pd.concat([X[:3], X[4:6]]))
    np.testing.assert_array_equal(first_window(transformer, X[6:]), [np.nan, 4, 5, 6])


def test_context_stays_although_the_array_changes_after_fit():
    X = np.arange(6.0).reshape(-1, 1)
    transformer = SlidingWindow(3, context="always").fit(X)
    X[:] = -1
    np.testing.assert_array_equal(first_window(transformer, X[:1]), [4, 5, -1])


def test_one_series_is_never_the_past_of_another():
    index = of_series((["a"], range(3)), (["b"], range(3)))
    X = pd.concat([numbers(3, index=index[:3]), numbers(3, start=10, index=index[3:])])
    new = numbers(
        3, start=20, index=of_series((["b"], [3]), (["a"], [4]), (["c"], [3]))
    )
    transformer = SlidingWindow(2).fit(X)
    with pytest.warns(ColdStartWarning, match="series 'a'"):
        got = transformer.transform(new)[:, :, 0]
    np.testing.assert_array_equal(got, [[12, 20], [np.nan, 21], [np.nan, 22]])


def test_a_series_is_never_the_past_of_a_frame_without_series():
    X = numbers(3, index=of_series((["a"], range(3))))
    transformer = SlidingWindow(2).fit(X)
    np.testing.assert_array_equal(
        first_window(transformer, numbers(2, index=[3, 4])), [np.nan, 0]
    )


@pytest.mark.parametrize("as_fitted", [np.asarray, without_column_names])
@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("always", [3, 4, 5]),
        ("index", [np.nan, np.nan, 5]),
        (None, [np.nan, np.nan, 5]),
    ],
)
def test_array_continues_what_was_fitted_only_if_told_so(as_fitted, context, expected):
    X = numbers(8)
    transformer = SlidingWindow(3, context=context).fit(as_fitted(X[:5]))
    np.testing.assert_array_equal(first_window(transformer, X[5:].to_numpy()), expected)


def test_array_continues_none_of_several_series():
    X = without_column_names(numbers(len(THREE_SERIES), index=THREE_SERIES))
    transformer = SlidingWindow(2, context="always").fit(X)
    np.testing.assert_array_equal(
        first_window(transformer, np.array([[7.0]])), [np.nan, 7]
    )


def test_rows_in_another_time_zone_find_their_past():
    X = numbers(9, index=dates("2024-03-28", "D", "Europe/Berlin")[:9])
    transformer = SlidingWindow(3).fit(X[:4])  # The clocks change on the last day.
    got = transformer.transform(X[4:].tz_convert("UTC"))
    np.testing.assert_array_equal(
        got[:, :, 0], [[i, i + 1, i + 2] for i in range(2, 7)]
    )


def test_series_in_another_time_zone_find_their_past():
    stamps = dates("2024-10-25", "D", "Europe/Berlin")[:9]
    X = numbers(9, index=of_series((["a"], stamps)))
    transformer = SlidingWindow(3).fit(X[:3])
    got = transformer.transform(X[3:].tz_convert("UTC", level=-1))
    np.testing.assert_array_equal(
        got[:, :, 0], [[i, i + 1, i + 2] for i in range(1, 7)]
    )


def test_stamps_of_another_resolution_find_their_past():
    X = numbers(9, index=dates("2024-01-01", "D")[:9].as_unit("ns"))
    transformer = SlidingWindow(2).fit(X[:5])
    X.index = X.index.as_unit("s")
    np.testing.assert_array_equal(first_window(transformer, X[5:]), [4, 5])


@pytest.mark.parametrize(("year", "expected"), [(2023, [0, 1]), (2024, [np.nan, 1])])
def test_leap_day_left_out_is_a_hole(year, expected):
    days = pd.DatetimeIndex([f"{year}-02-27", f"{year}-02-28", f"{year}-03-01"])
    got = SlidingWindow(2).fit_transform(numbers(3, start=-1, index=days))
    np.testing.assert_array_equal(got[2, :, 0], expected)


def test_few_months_that_begin_on_business_days_are_no_business_months():
    # 1 September 2024 is a Sunday, the first days of the five months before are not.
    X = numbers(9, index=without_freq(dates("2024-02-01", "MS")[:9]))
    transformer = SlidingWindow(2).fit(X[:5])
    np.testing.assert_array_equal(transformer.transform(X[5:])[2, :, 0], [6, 7])
