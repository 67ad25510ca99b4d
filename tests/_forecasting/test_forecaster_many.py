import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import AutoregressiveForecaster
from tests.support.many_series import (
    DAYS,
    SPANS,
    continue_by_hand,
    forecast_by_hand,
    make_many,
    stack,
    windows_by_hand,
)
from tests.support.series import no_columns

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


@pytest.mark.parametrize("order", ["by series", "in turn"])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("n_known", [0, 3])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_many_series_are_continued_as_by_hand(order, horizon, n_known, n_targets):
    X, y, later = make_many(n_targets, n_known, n_ahead=5)
    forecaster = least_squares(2, horizon).fit(stack(X, order), stack(y, order))
    predicted = forecaster.predict(stack(later, order))
    expected = stack(forecast_by_hand(X, y, later, 2, horizon), order)
    pd.testing.assert_frame_equal(predicted, expected, check_freq=False, **NEAR)


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("n_known", [0, 2])
def test_windows_never_cross_a_hole_of_a_series(horizon, n_known):
    X, y, later = make_many(n_known=n_known, n_ahead=4)
    kept = [*range(9), *range(12, 30)]
    X["a"], y["a"] = X["a"].iloc[kept], y["a"].iloc[kept]
    forecaster = least_squares(2, horizon).fit(stack(X), as_series(stack(y)))
    expected = forecast_by_hand(X, y, later, 2, horizon, holes={"a": [9]})
    predicted = forecaster.predict(stack(later))
    assert_allclose(predicted, as_series(stack(expected)), **NEAR)


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what it was fitted on."""

    def fit(self, X, y):
        self.X_, self.y_ = np.array(X), np.array(y)
        return self

    def predict(self, X):
        return np.zeros(len(X))


def test_a_series_leaves_the_windows_of_others_alone():
    _, y, _ = make_many()
    changed = {**y, "a": y["a"].copy()}
    changed["a"].iloc[-6:] *= -3
    of = [
        AutoregressiveForecaster(Recorder(), window=3)
        .fit(None, as_series(stack(each)))
        .estimator_
        for each in (y, changed)
    ]
    rows = [{(*x, z) for x, z in zip(each.X_, each.y_, strict=True)} for each in of]
    n_of_others = sum(n_rows - 3 for _, n_rows in SPANS.values()) - (30 - 3)
    assert len(rows[0] & rows[1]) == n_of_others


def test_windows_that_are_learned_are_those_by_hand():
    X, y, _ = make_many(n_known=2)
    forecaster = AutoregressiveForecaster(Recorder(), window=3)
    seen = forecaster.fit(stack(X), as_series(stack(y))).estimator_
    inputs, outputs = windows_by_hand(X, y, 3, 1)
    got, expected = np.c_[seen.X_, seen.y_], np.c_[inputs, outputs]
    assert_allclose(got[got[:, 0].argsort()], expected[expected[:, 0].argsort()])


def test_names_of_two_levels_and_levels_without_names():
    X, y, later = make_many(n_known=1, n_ahead=4)
    pairs = {"a": ("north", 1), "b": ("north", 2), "c": ("south", 1)}

    def renamed(frames):
        stacked = pd.concat({pairs[name]: rows for name, rows in frames.items()})
        return stacked.rename_axis([None, "plant", "day"])

    forecaster = least_squares().fit(renamed(X), renamed(y))
    expected = renamed(forecast_by_hand(X, y, later, 2, 1))
    pd.testing.assert_frame_equal(
        forecaster.predict(renamed(later)), expected, check_freq=False, **NEAR
    )
    assert list(forecaster.series_) == list(pairs.values())
    assert isinstance(forecaster.series_, pd.MultiIndex)
    assert forecaster.last_stamp_["north", 2] == DAYS[27]


@pytest.mark.parametrize("difference", [1, (1, 3)])
def test_differences_are_taken_within_each_series(difference):
    _, y, _ = make_many()
    lags = (1,) * difference if isinstance(difference, int) else difference
    rows = {name: as_series(each).to_numpy() for name, each in y.items()}
    differences = {}
    for name, values in rows.items():
        for lag in lags:
            values = values[lag:] - values[:-lag]
        differences[name] = pd.DataFrame({"y": values})
    nothing = {name: pd.DataFrame(index=each.index) for name, each in y.items()}
    model = LinearRegression().fit(*windows_by_hand(nothing, differences, 2, 1))
    forecaster = least_squares(difference=difference).fit(None, as_series(stack(y)))
    forecasts = forecaster.forecast(6)
    for name, values in rows.items():
        continued = continue_by_hand(
            model, differences[name].to_numpy(), np.empty((0, 0)), 6, 2, 1
        )[:, 0]
        levels = [values]
        for lag in lags[:-1]:
            levels.append(levels[-1][lag:] - levels[-1][:-lag])
        for lag, before in zip(lags[::-1], levels[::-1], strict=True):
            summed = list(before)
            for step in continued:
                summed.append(step + summed[-lag])
            continued = np.array(summed[len(before) :])
        assert_allclose(forecasts[name], continued, **NEAR)


@pytest.mark.parametrize("n_known", [0, 2])
def test_wide_equals_long(n_known):
    spans = dict.fromkeys("abc", (0, 30))
    X, y, later = make_many(n_known=n_known, spans=spans, n_ahead=4)
    shared = dict.fromkeys(spans, X["a"]), dict.fromkeys(spans, later["a"])
    forecaster = least_squares(horizon=2, columns="series").fit(X["a"], wide(y))
    predicted = forecaster.predict(later["a"])
    assert list(predicted.columns) == ["a", "b", "c"]
    long = least_squares(horizon=2).fit(stack(shared[0]), as_series(stack(y)))
    expected = long.predict(stack(shared[1])).unstack(level=0)
    pd.testing.assert_frame_equal(
        predicted, expected, check_names=False, check_freq=False, **NEAR
    )


def test_wide_columns_may_begin_and_end_with_missing_rows():
    _, y, _ = make_many()
    table = wide(y)
    assert table.isna().any().tolist() == [True, True, True]
    forecaster = least_squares(columns="series").fit(None, table)
    ahead = no_columns(DAYS[36:40])
    nothing = {name: pd.DataFrame(index=rows.index) for name, rows in y.items()}
    later = {
        name: no_columns(DAYS[first + n_rows : 40])
        for name, (first, n_rows) in SPANS.items()
    }
    expected = wide(forecast_by_hand(nothing, y, later, 2, 1)).loc[DAYS[36:40]]
    predicted = forecaster.predict(ahead)
    pd.testing.assert_frame_equal(predicted, expected, check_freq=False, **NEAR)
    pd.testing.assert_frame_equal(
        forecaster.forecast(4), predicted, check_freq=False, rtol=1e-12
    )
    assert forecaster.last_stamp_["b"] == DAYS[27]
    with_arrays = least_squares(columns="series").fit(None, table.to_numpy())
    assert_allclose(with_arrays.predict(np.empty((4, 0))), predicted, rtol=1e-12)
    assert_allclose(with_arrays.forecast(4), predicted, rtol=1e-12)


@pytest.mark.parametrize("horizon", [1, 3])
def test_wide_columns_that_end_early_use_what_is_known_behind(horizon):
    _, y, _ = make_many()
    random = np.random.default_rng(1)
    shared = pd.DataFrame(random.normal(size=(44, 2)), DAYS[:44], columns=["u", "v"])
    X = {name: shared.loc[rows.index] for name, rows in y.items()}
    later = {name: shared.loc[rows.index[-1] :].iloc[1:] for name, rows in y.items()}
    forecaster = least_squares(2, horizon, columns="series").fit(shared[:36], wide(y))
    expected = wide(forecast_by_hand(X, y, later, 2, horizon)).loc[DAYS[36:44]]
    predicted = forecaster.predict(shared[36:])
    pd.testing.assert_frame_equal(predicted, expected, check_freq=False, **NEAR)


def test_windows_of_wide_and_long_tables_come_in_the_same_order():
    _, y, _ = make_many()
    seen = [
        AutoregressiveForecaster(Recorder(), window=3, columns=columns)
        .fit(None, table)
        .estimator_
        for columns, table in (("targets", as_series(stack(y))), ("series", wide(y)))
    ]
    assert_allclose(seen[0].X_, seen[1].X_)


def test_wide_arrays_give_arrays():
    table = np.random.default_rng(0).normal(size=(30, 3)).cumsum(axis=0)
    forecaster = least_squares(columns="series").fit(None, table)
    predicted = forecaster.forecast(4)
    assert type(predicted) is np.ndarray
    framed = least_squares(columns="series").fit(None, pd.DataFrame(table))
    assert_allclose(framed.forecast(4), predicted, rtol=1e-12)
    assert_array_equal(forecaster.series_, [0, 1, 2])
    assert forecaster.last_stamp_ is None


@pytest.mark.parametrize(
    "names",
    [[("n", 1), ("n", 2), ("s", 1)], [3, 1, 2], ["None", "nan", ""], [0, "a", 2]],
)
def test_columns_have_any_names(names):
    _, y, _ = make_many(spans=dict.fromkeys("abc", (0, 30)))
    table = wide(y).to_numpy()
    columns = pd.Index(names)
    frame = pd.DataFrame(table, DAYS[:30], columns=columns)
    forecast = least_squares(columns="series").fit(None, frame).forecast(3)
    assert forecast.columns.equals(columns)
    expected = least_squares(columns="series").fit(None, table).forecast(3)
    assert_allclose(forecast, expected, rtol=1e-12)


def test_grid_search_over_a_wide_frame_tunes_on_all_series():
    time = np.arange(90)
    index = pd.date_range("2024-01-01", periods=90)
    slow, fast = 1e3 * np.sin(0.3 * time), np.sin(0.3 * time + 1) + 5
    table = pd.DataFrame({"slow": slow, "fast": fast}, index)
    search = GridSearchCV(
        AutoregressiveForecaster(Ridge(1e-9, solver="svd"), columns="series"),
        {"window": [1, 2, 4]},
        cv=TimeSeriesSplit(3, test_size=10),
    )
    search.fit(no_columns(table.index), table)
    assert search.best_params_["window"] > 1
    assert search.best_score_ > 0.99
    ahead = pd.date_range(index[-1], periods=4)[1:]
    assert list(search.predict(no_columns(ahead))) == ["slow", "fast"]


@pytest.mark.parametrize("columns", ["targets", "series"])
def test_bands_lie_around_the_forecasts_of_each_series(columns):
    _, y, _ = make_many(spans=dict.fromkeys("abc", (0, 40)))
    y = as_series(stack(y)) if columns == "targets" else wide(y)
    forecaster = least_squares(columns=columns, calibration=12).fit(None, y)
    centre = forecaster.forecast(3)
    ahead = no_columns(centre.index)
    for history in (None, y):
        band = forecaster.predict_interval(ahead, 0.5, history=history)
        low, high = (
            band.xs(side, axis=1, level=-1) if columns == "series" else band[side]
            for side in ("lower", "upper")
        )
        middle = forecaster.predict(ahead, history=history)
        assert_allclose((low + high) / 2, middle)
        # In units of each series: a, b and c vary by 10, 100 and 1000.
        widths = (high - low).to_numpy()
        widths = widths.reshape(3, 3) if columns == "targets" else widths.T
        spread = forecaster._origin.scale.spread
        if history is None:
            # Each has errors of its own, of about the same size in these units.
            assert np.ptp(np.log(widths / spread), axis=0).max() < 1.5
        assert (widths > 0).all()


@pytest.fixture
def fitted():
    _, y, _ = make_many()
    return least_squares().fit(None, as_series(stack(y)))


def test_pickle_and_clone(fitted):
    restored = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_series_equal(restored.forecast(3), fitted.forecast(3))
    _, y, _ = make_many()
    again = clone(fitted).fit(None, as_series(stack(y)))
    pd.testing.assert_series_equal(again.forecast(3), fitted.forecast(3))
