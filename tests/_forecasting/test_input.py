import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from skrnn import AutoregressiveForecaster
from tests.support.series import INDEXES, make_daily, no_columns, refusal


@pytest.fixture
def daily():
    return make_daily()


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"window": 0}, "'window' parameter .* must be an int"),
        ({"window": 2.0}, "'window' parameter .* must be an int"),
        ({"horizon": 0}, "'horizon' parameter .* must be an int"),
        ({"exogenous": "no"}, "'exogenous' parameter"),
        (
            {"estimator": StandardScaler()},
            "'estimator' parameter .* 'fit', 'predict' and 'get_params'",
        ),
    ],
)
def test_parameters_out_of_range_are_refused(params, match):
    with refusal(match):
        AutoregressiveForecaster(**{"estimator": Ridge(), **params}).fit(
            None, np.arange(30.0)
        )


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (np.arange(10.0), "window=8 and horizon=3 need 11 rows.* Got n_samples=10"),
        (np.zeros((30, 2, 2)), "dim 3"),
        (np.array(["a"] * 30), "could not convert string"),
        (1j * np.arange(30), "Complex data not supported"),
        (np.array([0.0, np.nan] * 15), "Ridge does not accept missing .* hold NaN"),
        (np.array([0.0, np.nan] * 15 + [1.0] * 9), "No window to learn from: y is"),
        (np.full(30, np.nan), "y must have a value. Got NaN in each row"),
    ],
)
def test_series_that_cannot_be_learned_is_refused(y, match):
    with refusal(match):
        AutoregressiveForecaster(Ridge(), window=8, horizon=3).fit(None, y)


@pytest.mark.parametrize(("value", "what"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_missing_and_infinite_values_are_named_with_column_and_stamp(
    daily, value, what
):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    X_bad = X.copy()
    X_bad.iloc[[55, 57], 1] = value
    with refusal(f"Input X contains {what} in column 'sun' at 2024-02-25"):
        forecaster.fit(X_bad, y)
    with refusal(f"Input X contains {what} in column 'sun' at 2024-02-25 .* each row"):
        forecaster.predict(X_bad[50:])
    with refusal(f"Input X contains {what} in column 1 .counted from 0. at row 55"):
        forecaster.fit(X_bad.to_numpy(), y.to_numpy())


def test_infinite_values_of_the_series_are_named(daily):
    y = daily[1].copy()
    y.iloc[[7, 20]] = np.inf
    with refusal("y contains infinity in column 'load' at 2024-01-08 .*; replace it"):
        AutoregressiveForecaster(Ridge()).fit(None, y)
    with refusal("Input y contains infinity in column 'b' at 2024-01-08"):
        AutoregressiveForecaster(Ridge()).fit(None, pd.DataFrame({"a": 0.0, "b": y}))


@pytest.mark.parametrize(
    "values", [["calm", 1.0] * 30, pd.date_range("2024", periods=60)]
)
def test_column_that_holds_no_numbers_is_named(daily, values):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    X_bad = X.assign(sun=values)
    with pytest.raises((ValueError, TypeError), match="Column 'sun' of X has dtype"):
        forecaster.fit(X_bad, y)
    with pytest.raises((ValueError, TypeError), match="Column 'sun' of X has dtype"):
        forecaster.predict(X_bad[50:])


def test_indexes_that_differ_are_refused(daily):
    X, y = daily
    with refusal("same index. Got 2024-01-02 .* in X and 2024-01-01 .* in y at row 0"):
        AutoregressiveForecaster(Ridge()).fit(X[1:], y[:-1])
    with refusal("inconsistent numbers of samples"):
        AutoregressiveForecaster(Ridge()).fit(X[1:], y)


@pytest.mark.parametrize(
    ("index", "kind", "match"),
    [
        (INDEXES["days"][[0, 2, 1, *range(3, 60)]], ValueError, "unsorted stamp"),
        (INDEXES["days"][[0, 1, 1, *range(3, 60)]], ValueError, "duplicated stamp"),
        (pd.Index([f"day {i}" for i in range(60)]), TypeError, "must hold dates"),
    ],
)
def test_index_without_an_order_is_refused(index, kind, match):
    with refusal(match, kind):
        AutoregressiveForecaster(Ridge()).fit(no_columns(index), np.arange(60.0))


def test_other_columns_than_in_fit_are_refused(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    with refusal("must be in the same order"):
        forecaster.predict(X[50:][["sun", "wind"]])
    with refusal("seen at fit time, yet now missing:\n- sun"):
        forecaster.predict(X[50:][["wind"]])
    with refusal("unseen at fit time:\n- rain"):
        forecaster.predict(X[50:].assign(rain=0))
    arrays = AutoregressiveForecaster(Ridge()).fit(X[:50].to_numpy(), y[:50].to_numpy())
    with refusal("X has 1 features, but AutoregressiveForecaster is expecting 2"):
        arrays.predict(X[50:].to_numpy()[:, :1])
    without = AutoregressiveForecaster(Ridge()).fit(None, y[:50])
    with refusal("X has 2 features, but AutoregressiveForecaster is expecting 0"):
        without.predict(X[50:].to_numpy())

    with refusal(
        r"0 features as input, because fit saw no columns; pass pd.DataFrame\(index"
    ):
        without.predict(X[50:])


def test_index_without_the_columns_of_fit_is_refused(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(X[:50], y[:50])
    with refusal(
        r"the 2 columns .* fit saw \(wind, sun\). Got none; .*exogenous=False"
    ):
        forecaster.predict(X[50:][[]])


@pytest.mark.parametrize("exogenous", [True, False])
def test_what_is_no_table_is_not_predicted(daily, exogenous):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge(), exogenous=exogenous)
    forecaster.fit(None, y[:50])
    with refusal(r"Got DatetimeIndex instead; pass pd.DataFrame\(index=X\)", TypeError):
        forecaster.predict(X.index[50:])
    with refusal(r"Got int instead; use forecast\(5\)", TypeError):
        forecaster.predict(5)


def test_series_as_columns_is_refused(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge())
    with refusal(r"use X.to_frame\(\)"):
        forecaster.fit(X["wind"], y)
    with refusal(r"use X.to_frame\(\)"):
        forecaster.fit(X[["wind"]][:50], y[:50]).predict(X["wind"][50:])


def test_dates_are_no_series_to_continue(daily):
    dates = pd.Series(daily[1].index)
    with refusal("Dates and durations of y would become mere counts", TypeError):
        AutoregressiveForecaster(Ridge()).fit(None, dates)


def test_forecast_without_known_columns_names_the_way_out(daily):
    X, y = daily
    with refusal(r"the 2 columns of X that are inputs; use predict\(X\)"):
        AutoregressiveForecaster(Ridge()).fit(X, y).forecast(3)


@pytest.mark.parametrize(
    ("n_steps", "kind"), [(0, ValueError), (-1, ValueError), (2.0, TypeError)]
)
def test_number_of_steps_is_a_positive_integer(daily, n_steps, kind):
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, daily[1])
    with refusal("n_steps", kind):
        forecaster.forecast(n_steps)


def test_no_rows_to_predict_are_refused(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge()).fit(None, y)
    with refusal("at least 1 row. Got 0"):
        forecaster.predict(no_columns(y.index[:0]))
    with refusal(r"Got None instead; use forecast\(n_steps\)"):
        forecaster.predict(None)
    with refusal("0 sample"):
        AutoregressiveForecaster(Ridge()).fit(X, y).predict(X[:0])


@pytest.mark.parametrize("difference", [60, 10**12, 10**30])
def test_an_order_of_differences_beyond_the_rows_is_refused_at_once(difference):
    _, y = make_daily()
    forecaster = AutoregressiveForecaster(Ridge(), window=2, difference=difference)
    with refusal("difference=.*lower difference"):
        forecaster.fit(None, y)


@pytest.mark.parametrize("rows", [3.0, np.array(3.0), (row for row in [1, 2]), object])
def test_what_has_no_rows_is_refused_by_the_name_of_the_argument(rows):
    forecaster = AutoregressiveForecaster(Ridge(), window=2)
    with refusal("^X must be a table or an array", TypeError):
        forecaster.fit(rows, np.arange(9.0))
    with refusal("^y must be a table or an array", TypeError):
        forecaster.fit(None, rows)


def test_one_row_to_predict_as_a_series_is_sent_to_a_frame_of_one_row():
    index = pd.date_range("2025-01-01", periods=20)
    X = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) ** 2}, index)
    forecaster = AutoregressiveForecaster(Ridge(), window=2)
    forecaster.fit(X[:15], X["b"][:15])
    for row in (X.iloc[15], X.iloc[15].to_frame()):
        with pytest.raises(ValueError, match=r"use frame.iloc\[\[i\]\] in place of"):
            forecaster.predict(row)
    assert forecaster.predict(X.iloc[[15]]).shape == (1,)
