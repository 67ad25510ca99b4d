from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, Ridge

from skrnn import AutoregressiveForecaster
from tests.support.many_series import (
    DAYS,
    SPANS,
    forecast_by_hand,
    make_many,
    stack,
)
from tests.support.series import make_daily, no_columns, refusal

NEAR = {"rtol": 1e-7, "atol": 1e-7}


def least_squares(window=2, horizon=1, **params):
    return AutoregressiveForecaster(
        LinearRegression(), window=window, horizon=horizon, **params
    )


def as_series(frame):
    return frame.iloc[:, 0]


def wide(y):
    """One column for each series, NaN where it has no row."""
    table = pd.DataFrame({name: as_series(rows) for name, rows in y.items()})
    return table.sort_index().rename_axis("day")


def test_any_of_the_series_may_be_predicted_in_any_order():
    X, y, later = make_many(n_known=2, n_ahead=5)
    forecaster = least_squares(horizon=2).fit(stack(X), as_series(stack(y)))
    whole = forecaster.predict(stack(later))
    some = stack({name: later[name] for name in ("c", "a")}, "in turn")
    predicted = forecaster.predict(some)
    assert predicted.index.equals(some.index)
    assert predicted.name == "y0"
    pd.testing.assert_series_equal(predicted, whole.reindex(some.index), rtol=1e-12)


def test_each_series_continues_from_its_own_end_to_the_stamps_asked_for():
    X, y, later = make_many(n_ahead=9)
    forecaster = least_squares().fit(stack(X), as_series(stack(y)))
    stamps = DAYS[[36, 38]]  # b has ended eight rows before, c with the row before.
    index = pd.MultiIndex.from_product([["b", "c"], stamps])
    predicted = forecaster.predict(no_columns(index))
    whole = stack(forecast_by_hand(X, y, later, 2, 1))["y0"]
    assert_allclose(predicted.loc["c"], whole.loc["c"][stamps], **NEAR)
    assert_allclose(predicted["b", stamps[0]], whole["b", stamps[0]], **NEAR)


def test_columns_known_in_advance_must_fill_the_way_to_the_first_row():
    X, y, later = make_many(n_known=1, n_ahead=9)
    forecaster = least_squares().fit(stack(X), as_series(stack(y)))
    from_one_day_on = {name: rows.loc[DAYS[36] :] for name, rows in later.items()}
    with refusal("row for each step.* Got none for 2024-03-21.* of series 'a'"):
        forecaster.predict(stack(from_one_day_on))
    forecaster.predict(stack({"c": from_one_day_on["c"]}))


@pytest.mark.parametrize("horizon", [1, 3])
def test_series_may_be_asked_for_different_numbers_of_rows(horizon):
    X, y, later = make_many(n_known=2, n_ahead=9)
    for n_rows, name in zip((2, 9, 5), SPANS, strict=True):
        later[name] = later[name].iloc[:n_rows]
    forecaster = least_squares(2, horizon).fit(stack(X), as_series(stack(y)))
    expected = as_series(stack(forecast_by_hand(X, y, later, 2, horizon)))
    predicted = forecaster.predict(stack(later))
    pd.testing.assert_series_equal(predicted, expected, check_freq=False, **NEAR)


@pytest.fixture
def fitted():
    _, y, _ = make_many()
    return least_squares().fit(None, as_series(stack(y)))


def test_series_that_fit_has_not_seen_is_named(fitted):
    index = pd.MultiIndex.from_product([["a", "z"], DAYS[40:42]])
    with refusal("series 'z', which fit has not seen, .*; pass its past as history"):
        fitted.predict(no_columns(index))


def test_many_series_are_predicted_by_name_only(fitted):
    with refusal("if and only if y did so in fit, or in history. Got none instead"):
        fitted.predict(no_columns(DAYS[40:42]))
    with refusal("if and only if y did so in fit, or in history. Got none instead"):
        fitted.predict(np.empty((3, 0)))
    one = least_squares().fit(None, pd.Series(np.arange(9.0) ** 2, DAYS[:9]))
    with refusal(
        "if and only if y did so in fit, or in history. Got a MultiIndex instead"
    ):
        one.predict(no_columns(pd.MultiIndex.from_product([["a"], DAYS[9:12]])))


def test_series_as_columns_have_time_alone_as_index():
    _, y, _ = make_many()
    with refusal("columns='series' takes each column.*Got a MultiIndex.*at 'targets'"):
        least_squares(columns="series").fit(None, stack(y))
    forecaster = least_squares(columns="series").fit(None, wide(y))
    index = pd.MultiIndex.from_product([["a", "b"], DAYS[36:38]])
    with refusal("index is time alone. Got a MultiIndex instead"):
        forecaster.predict(no_columns(index))
    with refusal("index is time alone. Got a MultiIndex instead"):
        forecaster.update(None, pd.DataFrame(1.0, index, columns=list("abc")))


@pytest.mark.parametrize(
    ("rows", "what"), [([0, 1, 1, 2], "duplicated"), ([0, 2, 1, 3], "unsorted")]
)
def test_stamps_without_an_order_in_a_series_are_refused(fitted, rows, what):
    _, y, _ = make_many()
    y["b"] = y["b"].iloc[[*rows, *range(4, 21)]]
    with refusal(f"Got {what} stamp .* of series 'b'"):
        least_squares().fit(None, as_series(stack(y)))
    index = pd.MultiIndex.from_product([["b"], DAYS[40:44]])[rows]
    with refusal(f"Got {what} stamp .* of series 'b'"):
        fitted.predict(no_columns(index))


def test_series_without_a_name_are_refused():
    _, y, _ = make_many()
    y = as_series(stack(y))
    names = y.index.get_level_values(0).where(y.index.get_level_values(0) != "b")
    y.index = pd.MultiIndex.from_arrays([names, y.index.get_level_values(1)])
    with refusal("no name of a series at row 30"):
        least_squares().fit(None, y)


def test_rows_inside_the_past_of_one_series_are_refused(fitted):
    index = pd.MultiIndex.from_product([["a", "c"], DAYS[33:38]])
    with refusal("the last of which is 2024-03-26"):
        fitted.predict(no_columns(index))


@pytest.fixture
def daily():
    return make_daily()


NEXT = pd.date_range("2024-02-20", periods=3)


@pytest.mark.parametrize(
    ("index", "match"),
    [
        (NEXT - timedelta(1), "last of which is 2024-02-19 .* Got 2024-02-19 .*; drop"),
        (NEXT - timedelta(300), r"drop such rows from X.*forecast\(n_steps\)"),
        (NEXT + timedelta(hours=6), "stamp 2024-02-20 06:00:00, which no whole number"),
        (NEXT[[1, 0, 2]], "unsorted stamp 2024-02-20"),
        (NEXT[[0, 1, 1]], "duplicated stamp 2024-02-21"),
        (
            pd.date_range("2024-02-20", periods=3, freq="h"),
            "closer than a step of 1 day",
        ),
        (NEXT.tz_localize("UTC"), "give X an index of that kind"),
        (NEXT.to_period("D"), "give X an index of that kind"),
        (pd.RangeIndex(3), "give X an index of that kind"),
    ],
)
def test_rows_that_do_not_follow_are_refused(index, match):
    y = pd.Series(np.arange(50.0), pd.date_range("2024-01-01", periods=50))
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y)
    with refusal(match):
        forecaster.predict(no_columns(index))


@pytest.mark.parametrize(
    ("index", "match"),
    [
        (pd.RangeIndex(3), r"last of which is 49. Got 0; .*X.to_numpy\(\)"),
        (pd.Index([50.5]), "stamp 50.5, which no whole number of steps of 1"),
        (NEXT, "counts rows, because fit saw arrays"),
    ],
)
def test_rows_that_do_not_follow_arrays_are_refused(index, match):
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, np.arange(50.0))
    with refusal(match):
        forecaster.predict(no_columns(index))


def test_float_stamp_off_the_grid_is_refused():
    y = pd.Series(np.arange(50.0), 0.1 * np.arange(50))
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y)
    with refusal("the stamp 5.15, which no whole number of steps"):
        forecaster.predict(no_columns(pd.Index([5.0, 5.15])))


@pytest.mark.parametrize(("rows", "stamp"), [([51, 52], 20), ([50, 51, 54], 22)])
def test_row_missing_where_columns_are_known_in_advance_is_named(daily, rows, stamp):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    with refusal(f"row for each step.* Got none for 2024-02-{stamp}.*add the rows"):
        forecaster.predict(X.iloc[rows])
