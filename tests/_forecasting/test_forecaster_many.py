import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import AutoregressiveForecaster, RNNRegressor
from skrnn._engine.programs import PROGRAMS
from skrnn._forecasting import plan
from skrnn._index import ahead
from skrnn._windows.windows import Windows
from tests.support.panels import (
    DAYS,
    SPANS,
    continue_by_hand,
    forecast_by_hand,
    make_many,
    stack,
    windows_by_hand,
)
from tests.support.series import N_AHEAD, N_ROWS, each_index, no_columns, refusal

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


# --------------------------------------------------------------------------------------
# The recursion, against loops written by hand
# --------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------
# Which rows are predicted
# --------------------------------------------------------------------------------------


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


def test_forecast_gives_rows_of_each_series_behind_its_end():
    X, y, later = make_many(n_ahead=3)
    order = {name: y[name] for name in ("c", "a", "b")}
    forecast = least_squares().fit(None, as_series(stack(order))).forecast(3)
    expected = stack(
        forecast_by_hand(X, y, {name: later[name] for name in order}, 2, 1)
    )
    pd.testing.assert_series_equal(forecast, expected["y0"], check_freq=False, **NEAR)
    assert forecast.index.names == ["series", "day"]


@each_index
def test_series_on_any_index_are_continued_on_it(index):
    random = np.random.default_rng(0)
    parts = {"p": (0, N_ROWS), "q": (4, N_ROWS - 2)}
    y = {
        n: pd.Series(random.normal(size=b - a), index[a:b])
        for n, (a, b) in parts.items()
    }
    forecaster = least_squares().fit(None, pd.concat(y))
    expected = least_squares().fit(
        None, pd.concat({n: r.set_axis(range(len(r))) for n, r in y.items()})
    )
    expected = expected.forecast(N_AHEAD)
    future = {n: no_columns(index[b : b + N_AHEAD]) for n, (_, b) in parts.items()}
    predicted = forecaster.predict(pd.concat(future))
    assert_allclose(predicted, expected, rtol=1e-9)
    forecast = forecaster.forecast(N_AHEAD)
    assert_allclose(forecast, expected, rtol=1e-9)
    if pd.api.types.is_float_dtype(index):
        assert_allclose(
            forecast.index.get_level_values(1), predicted.index.get_level_values(1)
        )
    else:
        assert forecast.index.equals(predicted.index)
    forecaster.update(None, predicted.iloc[: N_AHEAD - 1])
    rest = forecaster.predict(pd.concat({"p": future["p"].iloc[-1:], "q": future["q"]}))
    assert_allclose(rest, predicted.iloc[N_AHEAD - 1 :], rtol=1e-9)


def test_series_that_end_together_count_their_stamps_once(monkeypatch):
    asked = []
    stamps_after = ahead.stamps_after

    def counted(*args):
        asked.append(args)
        return stamps_after(*args)

    monkeypatch.setattr(ahead, "stamps_after", counted)
    _, y, _ = make_many(spans={i: (0, 12 - i % 2) for i in range(20)})
    forecaster = least_squares().fit(None, as_series(stack(y)))
    forecast = forecaster.forecast(3)
    assert len(asked) == 2  # pandas takes its time for each range of dates.
    forecaster.update(None, forecast)
    assert len(asked) == 4


def test_fit_remembers_names_and_ends():
    _, y, _ = make_many()
    forecaster = least_squares().fit(None, as_series(stack(y)))
    assert list(forecaster.series_) == ["a", "b", "c"]
    ends = pd.Series(DAYS[[29, 27, 35]], ["a", "b", "c"])
    pd.testing.assert_series_equal(forecaster.last_stamp_, ends, check_freq=False)
    assert forecaster.n_samples_fit_ == 84
    assert least_squares().fit(None, np.arange(9.0)).series_ is None


# --------------------------------------------------------------------------------------
# Series as columns
# --------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------
# New series
# --------------------------------------------------------------------------------------


@pytest.fixture
def pooled():
    X, y, _ = make_many(n_known=2)
    model = LinearRegression().fit(*windows_by_hand(X, y, 2, 2))
    return least_squares(horizon=2).fit(stack(X), as_series(stack(y))), model


def test_new_series_are_continued_from_their_history(pooled):
    forecaster, model = pooled
    spans = {"new": (9, 12), "b": (30, 15)}
    X, y, later = make_many(n_known=2, spans=spans, n_ahead=5, seed=5)
    predicted = forecaster.predict(
        stack(later, "in turn"), history=(stack(X), as_series(stack(y)))
    )
    assert predicted.index.equals(stack(later, "in turn").index)
    for name in spans:
        x = np.vstack([X[name], later[name]])
        expected = continue_by_hand(model, y[name].to_numpy(), x, 5, 2, 2)
        assert_allclose(predicted[name], expected[:, 0], **NEAR)


def test_one_series_alone_is_a_history_too(pooled):
    forecaster, model = pooled
    X, y, later = make_many(n_known=2, spans={"new": (9, 12)}, n_ahead=5, seed=5)
    predicted = forecaster.predict(
        later["new"], history=(X["new"], as_series(y["new"]))
    )
    x = np.vstack([X["new"], later["new"]])
    expected = continue_by_hand(model, y["new"].to_numpy(), x, 5, 2, 2)
    assert_allclose(predicted, expected[:, 0], **NEAR)
    named = [rows.set_axis(range(len(rows))) for rows in (X["new"], later["new"])]
    values = y["new"].to_numpy()[:, 0]
    # Rows that are counted, from a forecaster that learned from days.
    with refusal("those seen in fit are of dtype"):
        forecaster.predict(named[1].set_axis(range(12, 17)), history=(named[0], values))


def test_history_of_a_wide_forecaster_has_columns_of_its_own():
    spans = dict.fromkeys("abc", (0, 30))
    _, y, _ = make_many(spans=spans)
    forecaster = least_squares(columns="series").fit(None, wide(y))
    nothing = {name: rows[[]] for name, rows in y.items()}
    model = LinearRegression().fit(*windows_by_hand(nothing, y, 2, 1))
    _, new, _ = make_many(spans={"d": (0, 9), "e": (4, 5)}, seed=3)
    table = pd.DataFrame({name: as_series(rows) for name, rows in new.items()})
    predicted = forecaster.predict(no_columns(DAYS[9:12]), history=table)
    assert list(predicted.columns) == ["d", "e"]
    for name, rows in new.items():
        expected = continue_by_hand(model, rows.to_numpy(), np.empty((0, 0)), 3, 2, 1)
        assert_allclose(predicted[name], expected[:, 0], **NEAR)
    one = forecaster.forecast(3, history=table["d"])
    pd.testing.assert_series_equal(one, predicted["d"], check_freq=False)


def test_many_series_may_be_the_history_of_a_forecaster_of_one():
    _, y, _ = make_many()
    forecaster = least_squares().fit(None, as_series(y["a"]))
    both = forecaster.forecast(3, history=as_series(stack(y)))
    for name in SPANS:
        alone = forecaster.forecast(3, history=as_series(y[name]))
        pd.testing.assert_series_equal(
            both[name], alone, check_names=False, check_freq=False
        )


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
            assert_allclose(widths / spread, (widths / spread)[:1].repeat(3, axis=0))
        assert (widths > 0).all()


def test_history_leaves_the_forecaster_as_it_was(pooled):
    forecaster, _ = pooled
    _, _, later = make_many(n_known=2, n_ahead=5)
    first = forecaster.predict(stack(later))
    new = make_many(n_known=2, spans={"new": (9, 12)}, n_ahead=5, seed=5)
    forecaster.predict(stack(new[2]), history=(stack(new[0]), as_series(stack(new[1]))))
    pd.testing.assert_series_equal(forecaster.predict(stack(later)), first)


# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------


@pytest.fixture
def fitted():
    _, y, _ = make_many()
    return least_squares().fit(None, as_series(stack(y)))


def test_series_that_fit_has_not_seen_is_named(fitted):
    index = pd.MultiIndex.from_product([["a", "z"], DAYS[40:42]])
    with refusal("series 'z', which fit has not seen, .*; pass its past as history"):
        fitted.predict(no_columns(index))


@pytest.mark.parametrize("length", [1, 3])
def test_series_too_short_to_start_from_is_named(length):
    _, y, _ = make_many(spans={**SPANS, "short": (30, length)})
    y = as_series(stack(y))
    with refusal(f"last 4 rows. Got {length} of series 'short' from 2024-03-21"):
        least_squares(window=4).fit(None, y)
    forecaster = least_squares(window=4).fit(None, y.drop("short"))
    with refusal(f"last 4 rows. Got {length} of series 'short' from 2024-03-21"):
        forecaster.forecast(2, history=y)


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


# --------------------------------------------------------------------------------------
# As an estimator of scikit-learn
# --------------------------------------------------------------------------------------


def test_pickle_and_clone(fitted):
    restored = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_series_equal(restored.forecast(3), fitted.forecast(3))
    _, y, _ = make_many()
    again = clone(fitted).fit(None, as_series(stack(y)))
    pd.testing.assert_series_equal(again.forecast(3), fitted.forecast(3))


def test_fitted_forecaster_keeps_the_last_rows_of_each_series_only():
    sizes = []
    for n_rows in (100, 5000):
        table = np.random.default_rng(0).normal(size=(n_rows, 4))
        forecaster = AutoregressiveForecaster(Ridge(), window=3, columns="series")
        sizes.append(len(pickle.dumps(forecaster.fit(None, table))))
    assert sizes[1] < sizes[0] + 100


# --------------------------------------------------------------------------------------
# Around recurrent networks
# --------------------------------------------------------------------------------------


def network(**params):
    settings = {"epochs": 1, "learning_rate": 0.05, "random_state": 0}
    return RNNRegressor(3, **{**settings, **params})


@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
def test_one_compiled_call_equals_the_loop_step_by_step(normalize, monkeypatch):
    X, y, later = make_many(n_known=2, n_ahead=7)
    later["b"] = later["b"].iloc[:4]
    forecaster = AutoregressiveForecaster(
        network(), window=4, horizon=2, normalize=normalize
    ).fit(stack(X), as_series(stack(y)))
    at_once = forecaster.predict(stack(later))
    monkeypatch.setattr(plan, "compiled_roll_out", lambda estimator: None)
    assert_allclose(at_once, forecaster.predict(stack(later)), rtol=1e-4, atol=1e-4)


def test_one_compiled_call_starts_from_series_as_short_as_a_window(monkeypatch):
    _, y, _ = make_many(spans={**SPANS, "short": (20, 4)})
    inner = network()
    forecaster = AutoregressiveForecaster(inner, window=4, horizon=3, normalize="last")
    at_once = forecaster.fit(None, as_series(stack(y))).forecast(5)
    assert np.isfinite(at_once).all()
    monkeypatch.setattr(plan, "compiled_roll_out", lambda estimator: None)
    assert_allclose(at_once, forecaster.forecast(5), rtol=1e-4, atol=1e-4)


def test_other_numbers_of_series_need_no_other_program():
    spans = dict.fromkeys(range(8), (0, 12))
    _, y, _ = make_many(spans=spans)
    forecaster = AutoregressiveForecaster(network(), window=4)
    forecaster.fit(None, as_series(stack(y)))

    def predict(n_series):
        index = pd.MultiIndex.from_product([range(n_series), DAYS[12:15]])
        return forecaster.predict(no_columns(index))

    whole = predict(8)
    built = PROGRAMS.n_built
    for n_series in (7, 5, 6):
        some = predict(n_series)
        assert_allclose(some, whole.loc[: n_series - 1], rtol=1e-5)
    assert PROGRAMS.n_built == built


class Bystander(RNNRegressor):
    """Keeps what it gets to learn from, and learns nothing."""

    def fit(self, X, y):
        self.given_ = X, y
        return self


def test_training_lays_no_windows_out():
    n_series, n_rows, window = 40, 1000, 50
    table = np.random.default_rng(0).normal(size=(n_rows, n_series))
    forecaster = AutoregressiveForecaster(Bystander(), window=window, columns="series")
    tracemalloc.start()
    forecaster.fit(None, table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    windows, y = forecaster.estimator_.given_
    n_windows = n_series * (n_rows - window)
    assert isinstance(windows, Windows)
    assert (len(windows), len(y)) == (n_windows, n_windows)
    assert windows.rows.shape == (n_series * n_rows, 1)
    assert peak < n_windows * window * 8 / 3


def test_validation_takes_the_windows_nearest_to_the_ends_of_all_series():
    _, y, _ = make_many()
    forecaster = AutoregressiveForecaster(Bystander(), window=3)
    windows, _ = forecaster.fit(None, as_series(stack(y))).estimator_.given_
    last_starts = {30 - 4, 51 - 4, 84 - 4}
    assert set(windows.starts[-3:]) == last_starts
    assert set(windows.starts[-9:]) == {
        start - i for start in last_starts for i in range(3)
    }


def test_validation_split_of_many_series_is_watched():
    _, y, _ = make_many()
    inner = network(epochs=2, validation_split=0.2)
    forecaster = AutoregressiveForecaster(inner, window=3)
    forecaster.fit(None, as_series(stack(y)))
    assert len(forecaster.estimator_.history_["val_loss"]) == 2
