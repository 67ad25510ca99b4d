import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit

from skrnn import AutoregressiveForecaster, SlidingWindow, backtest

DAYS = pd.date_range("2024-03-20", periods=40, freq="D", name="day")
VALUES = np.sin(np.arange(40.0))
INDEXES = [
    DAYS,
    pd.date_range(
        "2024-03-30 20:00", periods=40, freq="h", tz="Europe/Oslo", name="day"
    ),
    pd.RangeIndex(40, name="day"),
]
each_index = pytest.mark.parametrize("index", INDEXES, ids=["days", "zone", "numbers"])


def forecaster(**parameters):
    return AutoregressiveForecaster(Ridge(), window=4, **parameters)


def frame_of(index):
    """A frame of Polars with a column of time and one known in advance."""
    polars = pytest.importorskip("polars")
    zone = getattr(index, "tz", None)
    clock = index if zone is None else index.tz_convert("UTC").tz_localize(None)
    day = polars.Series(clock.to_numpy())
    if zone is not None:
        day = day.dt.replace_time_zone("UTC").dt.convert_time_zone(str(zone))
    return polars.DataFrame({"day": day, "plan": np.cos(np.arange(40.0))})


@each_index
def test_a_column_of_time_does_what_an_index_does(index):
    X = pd.DataFrame({"plan": np.cos(np.arange(40.0))}, index)
    y = pd.Series(VALUES, index, name="load")
    expected = forecaster().fit(X[:30], y[:30]).predict(X[30:])
    columns = X.reset_index().set_axis(range(100, 140))
    fitted = forecaster(time="day").fit(columns[:30], y.set_axis(columns.index)[:30])
    assert fitted.feature_names_in_.tolist() == ["plan"]
    # The fitted names decide.
    predicted = fitted.set_params(time=None).predict(columns[30:])
    assert predicted.index.tolist() == [*range(130, 140)]
    np.testing.assert_array_equal(predicted, expected)


@each_index
def test_polars_comes_in_and_goes_out(index):
    polars = pytest.importorskip("polars")
    X, y = frame_of(index), polars.Series("load", VALUES)
    rows = pd.DataFrame(index=index)
    expected = forecaster().fit(rows[:30], VALUES[:30]).predict(rows[30:])
    fitted = forecaster(time="day", exogenous=False, calibration=9)
    arrays = clone(fitted).fit(X[:30], VALUES[:30])
    assert isinstance(arrays.predict(X[30:]), np.ndarray)
    assert isinstance(arrays.forecast(2), np.ndarray)
    fitted.set_params(calibration=0).fit(X[:30], y[:30])
    predicted = fitted.predict(X[30:])
    assert isinstance(predicted, polars.Series)
    assert predicted.name == "load"
    np.testing.assert_array_equal(predicted.to_numpy(), expected)
    ahead = fitted.forecast(10)
    assert ahead.columns == ["day", "load"]
    assert ahead["day"].to_list() == X["day"][30:].to_list()
    assert ahead["load"].to_list() == predicted.to_list()
    fitted.update(X[30:35], y[30:35])
    assert fitted.forecast(1)["day"].to_list() == X["day"][35:36].to_list()
    history = forecaster(time="day", exogenous=False).fit(X[:20], y[:20])
    again = history.predict(X[36:], history=(X[:30], y[:30]))
    np.testing.assert_allclose(
        again, history.update(X[20:30], y[20:30]).predict(X[36:])
    )


def test_polars_frames_name_series_and_have_intervals():
    polars = pytest.importorskip("polars")
    X = frame_of(DAYS).select("day")
    shops = polars.concat([X.with_columns(shop=polars.lit(name)) for name in "ab"])
    y = polars.DataFrame({"sold": np.append(VALUES, 3 * VALUES)})
    fitted = forecaster(time="day", series=["shop"], calibration=9).fit(shops, y)
    assert fitted.series_.tolist() == ["a", "b"]
    ahead = fitted.forecast(2)
    assert ahead["shop"].to_list() == ["a", "a", "b", "b"]
    band = fitted.predict_interval(ahead.select("day", "shop"), 0.5)
    assert band.columns == ["sold_lower", "sold_upper"]
    inside = band["sold_lower"] < ahead["sold"], ahead["sold"] < band["sold_upper"]
    assert all(each.all() for each in inside)


@pytest.mark.parametrize("refit", [True, False])
def test_a_backtest_reads_the_column_of_time(refit):
    X, y = frame_of(DAYS), pd.Series(VALUES, DAYS, name="load")
    cv = TimeSeriesSplit(2)
    fitted = forecaster(exogenous=False).fit(None, y[:10])
    expected = backtest(fitted, None, y, cv=cv, refit=refit)
    fitted = forecaster(time="day", exogenous=False).fit(X[:10], y[:10].to_numpy())
    found = backtest(fitted, X, y.to_numpy(), cv=cv, refit=refit)
    columns = ["fold", "origin", "stamp", "predicted"]
    columns = [name for name in columns if name in expected]
    pd.testing.assert_frame_equal(found[columns], expected[columns])


def test_windows_of_a_frame_of_polars_start_warm():
    polars = pytest.importorskip("polars")
    X = frame_of(DAYS)
    windows = SlidingWindow(3, time="day", flatten=True).set_output(transform="polars")
    found = windows.fit(X[:30]).transform(X[30:])
    assert isinstance(found, polars.DataFrame)
    assert found.columns == ["plan_lag2", "plan_lag1", "plan_lag0"]
    plan = X["plan"].to_numpy()
    expected = np.stack([plan[28:38], plan[29:39], plan[30:]], axis=1)
    np.testing.assert_array_equal(found.to_numpy(), expected)


@pytest.mark.parametrize(
    ("parameters", "X", "error", "message"),
    [
        (
            {"time": "dy"},
            DAYS.to_frame(),
            ValueError,
            r"columns \['dy'\].*Got \['day'\]",
        ),
        ({"series": "shop"}, DAYS.to_frame(), ValueError, "Got time=None"),
        ({"time": "day"}, None, TypeError, "a frame with the columns"),
        ({"time": "day"}, np.zeros((40, 1)), TypeError, "Got ndarray instead"),
    ],
)
def test_columns_that_are_not_there_are_refused(parameters, X, error, message):
    with pytest.raises(error, match=message):
        forecaster(**parameters).fit(X, VALUES)


def test_other_rows_of_y_are_refused():
    y = pd.Series(VALUES, range(1, 41))
    with pytest.raises(ValueError, match="Got 0 in X and 1 in y at row 0"):
        forecaster(time="day").fit(pd.DataFrame({"day": DAYS}), y)


@pytest.mark.parametrize("zone", ["", ", tz=Europe/Oslo"])
def test_stamps_of_arrow_are_read_and_come_back(zone):
    pytest.importorskip("pyarrow")
    days = DAYS.tz_localize("Europe/Oslo" if zone else None)
    y = pd.Series(VALUES, days)
    arrow = y.set_axis(days.astype(f"timestamp[us{zone}][pyarrow]"))
    expected = forecaster().fit(None, y[:30]).forecast(10)
    fitted = forecaster().fit(None, arrow[:30])
    predicted = fitted.predict(pd.DataFrame(index=arrow.index[30:]))
    assert predicted.index.equals(arrow.index[30:])
    np.testing.assert_array_equal(predicted, expected)
    both = pd.concat({"a": arrow, "b": 2 * arrow})
    assert forecaster().fit(None, both).step_ == fitted.step_
