import re

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline

from skrnn import AutoregressiveForecaster, GRURegressor, SkippedSeriesWarning
from tests.support.many_series import (
    DAYS,
    SPANS,
    make_many,
    stack,
)
from tests.support.series import (
    make_daily,
    no_columns,
    refusal,
)


@pytest.fixture
def daily():
    return make_daily()


def ridge(window=3, **params):
    return AutoregressiveForecaster(Ridge(), window=window, **params)


def test_no_window_without_missing_values_says_so(daily):
    y = daily[1].where(np.arange(60) % 3 > 0)[:-1]
    with refusal("starts from the last 3 rows|does not accept missing values"):
        ridge(3).fit(None, y)
    y = pd.concat([y, daily[1][-1:]])
    with refusal("No window to learn from.* may not in a window; fill y in"):
        ridge(2).fit(None, y)


def least_squares(window=2, horizon=1, **params):
    return AutoregressiveForecaster(
        LinearRegression(), window=window, horizon=horizon, **params
    )


def as_series(frame):
    return frame.iloc[:, 0]


@pytest.mark.parametrize("length", [1, 3])
def test_series_too_short_to_start_from_is_named(length):
    _, y, _ = make_many(spans={**SPANS, "short": (30, length)})
    y = as_series(stack(y))
    forecaster = least_squares(window=4)
    with pytest.warns(SkippedSeriesWarning, match="'short' of training"):
        forecaster.fit(None, y)
    rows = pd.MultiIndex.from_product([["short"], DAYS[40:42]])
    with refusal(f"last 4 rows. Got {length} of series 'short' up to"):
        forecaster.predict(no_columns(rows))
    with refusal(f"last 4 rows. Got {length} of series 'short' up to"):
        forecaster.predict(no_columns(rows), history=y)


def test_short_run_at_the_end_is_refused(daily):
    X, y = daily
    rows = [*range(50), *range(52, 59)]
    with refusal("starts from the last 10 rows. Got 7 from 2024-02-22 .*fill the hole"):
        AutoregressiveForecaster(Ridge()).fit(None, y.iloc[rows])
    forecaster = AutoregressiveForecaster(Ridge(), window=5, horizon=3)
    forecaster.fit(X.iloc[rows], y.iloc[rows])
    with refusal("starts from the last 8 rows. Got 7"):
        forecaster.set_params(window=8).fit(X.iloc[rows], y.iloc[rows])


def test_forecast_that_grows_without_bound_says_so():
    doubled = 2.0 ** np.arange(30)
    forecaster = AutoregressiveForecaster(LinearRegression(), window=1)
    with (
        np.errstate(all="ignore"),
        refusal("not finite after [0-9]+ steps.*predict fewer rows"),
    ):
        forecaster.fit(None, doubled).forecast(2000)


def test_a_calibration_beyond_all_counts_is_refused():
    _, y = make_daily()
    forecaster = AutoregressiveForecaster(Ridge(), window=2, calibration=10**30)
    with refusal("held out for calibration"):
        forecaster.fit(None, y)


@pytest.mark.parametrize("calibration", [60, 61])
@pytest.mark.parametrize("estimator", [None, Ridge()])
def test_a_calibration_that_leaves_no_rows_is_refused(daily, estimator, calibration):
    forecaster = AutoregressiveForecaster(estimator, calibration=calibration)
    advice = f"calibration={calibration} leaves no rows .* at most 60 .*; lower"
    for y in (daily[1], daily[1].to_numpy(), pd.concat({"a": daily[1], "b": daily[1]})):
        with refusal(advice):
            forecaster.fit(None, y)


CALENDARS = {
    "trading hours": pd.offsets.CustomBusinessHour(start="10:00", end="17:00"),
    "shop hours": pd.offsets.CustomBusinessHour(
        start="09:30", end="18:30", weekmask="Mon Tue Wed Thu Fri Sat"
    ),
    "Monday to Saturday": pd.offsets.CustomBusinessDay(
        weekmask="Mon Tue Wed Thu Fri Sat"
    ),
}


@pytest.mark.parametrize("offset", CALENDARS.values(), ids=CALENDARS)
def test_advice_for_a_calendar_works(offset):
    # Whole weeks or days: the last run is as long as any.
    index = pd.date_range("2025-01-06 09:30", periods=252, freq=offset)
    y = pd.Series(np.sin(np.arange(252.0)), index.to_numpy())
    messages = []
    with pytest.warns(
        UserWarning, match="leaves out days or hours regularly"
    ) as caught:
        AutoregressiveForecaster(Ridge(), window=3).fit(None, y)
    messages.append(str(caught[0].message))
    with (
        refusal(r"follow one another at a step of 1 (hour|day), inferred") as caught,
        pytest.warns(UserWarning, match="regularly"),
    ):
        AutoregressiveForecaster(Ridge(), window=20).fit(None, y)
    messages.append(str(caught.value))
    assert "The first hole lies between 2025-01-" in messages[1]
    for message in messages:
        freq = eval(re.search(r"freq=(pd\..*\)) (?:if|or)", message)[1])
        fitted = AutoregressiveForecaster(Ridge(), window=20, freq=freq).fit(None, y)
        ahead = pd.date_range(index[-1], periods=4, freq=offset)[1:]
        assert fitted.forecast(3).index.tolist() == ahead.tolist()
    # The other way out.
    rows = AutoregressiveForecaster(Ridge(), window=20).fit(
        None, y.reset_index(drop=True)
    )
    np.testing.assert_allclose(rows.forecast(3), fitted.forecast(3))


def test_a_named_step_is_not_warned_of():
    index = pd.date_range(
        "2025-01-06", periods=90, freq=CALENDARS["Monday to Saturday"]
    )
    y = pd.Series(np.sin(np.arange(90.0)), index.to_numpy())
    fitted = AutoregressiveForecaster(Ridge(), window=3, freq="D").fit(None, y)
    assert fitted.step_ == pd.DateOffset(days=1)


@pytest.mark.parametrize("wrap", [lambda it: it, make_pipeline, BaggingRegressor])
def test_an_estimator_that_predicts_every_step_is_refused(daily, wrap):
    estimator = wrap(GRURegressor(2, epochs=1, return_sequences=True))
    with refusal("Got one with return_sequences=True"):
        AutoregressiveForecaster(estimator, window=3).fit(None, daily[1])


@pytest.mark.parametrize(
    ("name", "value"), [("distribution", "gamma"), ("output_activation", 5)]
)
def test_parameters_of_the_network_inside_are_checked_first(name, value):
    forecaster = AutoregressiveForecaster(GRURegressor(**{name: value}), window=3)
    with pytest.raises(ValueError, match=f"The '{name}' parameter of GRURegressor"):
        forecaster.fit(None, np.arange(40.0))
