"""Tests of the plot of a forecast, drawn with Matplotlib's Agg backend."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV

from skrnn import AutoregressiveForecaster, ForecastDisplay, GRURegressor
from tests.support.drawings import (
    INDEXES,
    N_TRAIN,
    Forecaster,
    corners_of,
    fit_forecaster,
    legend_of,
    make_series,
    numbers,
    shaded_range,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    plt.close("all")  # Those of examples and pages that ran in this process.
    yield
    plt.close("all")


@pytest.mark.parametrize("name", INDEXES)
def test_series_are_drawn_over_their_index_and_training_is_shaded(name):
    X, y = make_series(INDEXES[name])
    forecaster = fit_forecaster(X, y)
    display = ForecastDisplay.from_estimator(forecaster, X.iloc[N_TRAIN:], y)

    stamps = INDEXES[name]
    stamps = stamps.to_timestamp() if name == "months" else stamps
    x = numbers(stamps.to_pydatetime() if name in ("days", "zoned") else stamps)
    (history,), (truth,) = display.history_lines_, display.truth_lines_
    np.testing.assert_allclose(numbers(history.get_xdata()), x[:N_TRAIN])
    np.testing.assert_allclose(numbers(display.line_.get_xdata()), x[N_TRAIN:])
    np.testing.assert_allclose(numbers(truth.get_xdata()), x[N_TRAIN:])
    np.testing.assert_array_equal(history.get_ydata(), y.iloc[:N_TRAIN])
    np.testing.assert_array_equal(display.line_.get_ydata(), [y.iloc[N_TRAIN - 1]] * 5)
    np.testing.assert_array_equal(truth.get_ydata(), y.iloc[N_TRAIN:])
    np.testing.assert_allclose(shaded_range(display.shadings_[0]), x[[0, N_TRAIN - 1]])
    display.figure_.canvas.draw()


@pytest.mark.parametrize("name", INDEXES)
def test_series_side_by_side_are_split_each_at_its_own_end(name):
    stamps = INDEXES[name]
    n = len(stamps)
    wide = pd.DataFrame({"a": np.arange(n), "b": 2.0 * np.arange(n)}, index=stamps)
    seen = wide.iloc[:N_TRAIN].astype(float)
    seen.iloc[-2:, 1] = np.nan
    forecaster = AutoregressiveForecaster(
        LinearRegression(), window=2, columns="series"
    ).fit(None, seen)
    future = pd.DataFrame(index=stamps[N_TRAIN:])
    display = ForecastDisplay.from_estimator(forecaster, future, wide)
    history, truth = (
        [line.get_ydata() for line in lines]
        for lines in (display.history_lines_, display.truth_lines_)
    )
    for values, n_seen in zip((0, 1), (N_TRAIN, N_TRAIN - 2), strict=True):
        column = wide.iloc[:, values]
        for drawn, expected in (
            (history[values], column.iloc[:n_seen]),
            (truth[values], column.iloc[n_seen:]),
        ):
            np.testing.assert_array_equal(drawn[~np.isnan(drawn)], expected)


def test_y_with_series_that_were_not_fitted_is_refused():
    wide = pd.DataFrame({"a": np.arange(9.0), "b": np.arange(9.0)})
    forecaster = AutoregressiveForecaster(
        LinearRegression(), window=2, columns="series"
    ).fit(None, wide.iloc[:7])
    future = pd.DataFrame(index=wide.index[7:])
    with pytest.raises(ValueError, match=r"y must hold the series .* Got 'c' as well"):
        ForecastDisplay.from_estimator(forecaster, future, wide.assign(c=1.0))


def test_arrays_are_drawn_over_positions_that_go_on_behind_the_history():
    X, y = make_series()
    display = ForecastDisplay.from_estimator(fit_forecaster(X, y), X[N_TRAIN:], y)
    np.testing.assert_array_equal(display.history_lines_[0].get_xdata(), range(12))
    np.testing.assert_array_equal(display.line_.get_xdata(), range(12, 17))
    np.testing.assert_array_equal(display.truth_lines_[0].get_ydata(), y[12:])
    assert shaded_range(display.shadings_[0]) == pytest.approx((0, 11))
    assert display.ax_.get_xlabel() == "Row"


def test_array_forecast_without_history_keeps_its_rows():
    X, y = make_series()
    display = ForecastDisplay.from_estimator(fit_forecaster(X, y), X[N_TRAIN:])
    np.testing.assert_array_equal(display.line_.get_xdata(), range(12, 17))
    assert display.history_lines_ is None
    assert display.truth_lines_ is None
    assert display.shadings_ is None


def test_y_of_a_forecaster_fitted_on_arrays_may_be_a_series():
    X, y = make_series()
    named = pd.Series(y, INDEXES["days"], name="rain")
    display = ForecastDisplay.from_estimator(fit_forecaster(X, y), X[N_TRAIN:], named)
    np.testing.assert_array_equal(display.truth_lines_[0].get_xdata(), range(12, 17))
    assert display.ax_.get_ylabel() == "rain"


def test_array_forecast_for_a_frame_is_drawn_over_the_index_of_the_frame():
    X, y = make_series(INDEXES["days"])
    forecaster = Forecaster().fit(X[:N_TRAIN], y[:N_TRAIN].to_numpy())
    display = ForecastDisplay.from_estimator(forecaster, X[N_TRAIN:], y)
    expected = numbers(INDEXES["days"][N_TRAIN:].to_pydatetime())
    np.testing.assert_allclose(numbers(display.line_.get_xdata()), expected)


def test_history_is_what_came_up_to_the_last_training_stamp():
    # A part of the past and a future longer than the forecast are both in order.
    X, y = make_series(INDEXES["days"])
    forecaster = fit_forecaster(X, y)
    display = ForecastDisplay.from_estimator(forecaster, X[12:14], y[8:])
    assert len(display.history_lines_[0].get_xdata()) == 4
    assert len(display.line_.get_xdata()) == 2
    assert len(display.truth_lines_[0].get_xdata()) == 5


def test_forecast_joins_the_last_training_point_without_being_part_of_the_line():
    display = ForecastDisplay.from_predictions([1.0, 2.0], [4.0, 5.0])
    joins = [line for line in display.ax_.lines if line.get_label() == "_join"]
    assert len(joins) == 1
    assert joins[0].get_xydata().tolist() == [[1.0, 2.0], [2.0, 4.0]]
    assert joins[0].get_linewidth() < display.line_.get_linewidth()
    assert display.line_.get_xydata().tolist() == [[2.0, 4.0], [3.0, 5.0]]


def test_forecast_inside_the_history_is_not_joined():
    y = make_series(INDEXES["rows"])[1]
    display = ForecastDisplay.from_predictions(y, y[3:6] + 1)
    assert len(display.ax_.lines) == 2


@pytest.mark.parametrize("container", ["array", "frame"])
def test_each_target_has_its_axes(container):
    index = None if container == "array" else INDEXES["days"]
    X, y = make_series(index, n_targets=3)
    display = ForecastDisplay.from_estimator(fit_forecaster(X, y), X[N_TRAIN:], y)
    assert display.axes_.shape == (3,)
    assert display.ax_ is display.axes_[0]
    word = "target " if container == "array" else "target_"
    assert [ax.get_ylabel() for ax in display.axes_] == [f"{word}{i}" for i in range(3)]
    for i, truth in enumerate(display.truth_lines_):
        np.testing.assert_array_equal(truth.get_ydata(), np.asarray(y)[N_TRAIN:, i])
        assert truth.axes is display.axes_[i]
    assert [ax.get_legend() is None for ax in display.axes_] == [False, True, True]
    names = [0, 2] if container == "array" else ["target_0", "target_2"]
    some = ForecastDisplay.from_estimator(
        fit_forecaster(X, y), X[N_TRAIN:], y, series=names
    )
    assert [ax.get_ylabel() for ax in some.axes_] == [f"{word}0", f"{word}2"]


def test_several_targets_share_the_place_of_one_subplot():
    _, y = make_series(n_targets=2)
    figure, (left, right) = plt.subplots(1, 2)
    display = ForecastDisplay.from_predictions(y[:12], y[12:], ax=right)
    assert display.bounding_ax_ is right
    assert display.figure_ is figure
    assert display.axes_.shape == (2,)
    place, half = right.get_position(), display.axes_[0].get_position()
    assert (half.x0, half.x1) == pytest.approx((place.x0, place.x1))
    assert left.lines[:] == []


def test_several_targets_refuse_another_number_of_axes():
    _, y = make_series(n_targets=3)
    _, axes = plt.subplots(2)
    with pytest.raises(ValueError, match=r"one for each target, 3\. Got 2"):
        ForecastDisplay.from_predictions(y[:12], y[12:], ax=axes)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_two_forecasts_share_axes_and_one_legend(n_targets):
    X, y = make_series(INDEXES["months"], n_targets)
    forecaster = fit_forecaster(X, y)
    first = ForecastDisplay.from_estimator(forecaster, X[12:], y, name="one")
    second = ForecastDisplay.from_estimator(
        forecaster, X[12:], y, ax=first.axes_, name="two"
    )
    assert list(second.axes_) == list(first.axes_)
    assert first.line_.get_color() != second.line_.get_color()
    labels = ["history", "forecast\n(one)", "truth", "training", "forecast\n(two)"]
    assert legend_of(second.ax_) == labels


def test_legend_names_the_regressor_inside_the_forecaster():
    X, y = make_series()
    display = ForecastDisplay.from_estimator(fit_forecaster(X, y), X[N_TRAIN:])
    assert legend_of(display.ax_) == ["forecast\n(Recorder)"]


def test_search_over_a_forecaster_is_drawn():
    X, y = make_series()
    search = GridSearchCV(Forecaster(), {"estimator": [None]}, cv=2)
    search.fit(X[:N_TRAIN], y[:N_TRAIN])
    display = ForecastDisplay.from_estimator(search, X[N_TRAIN:], y)
    assert len(display.history_lines_[0].get_xdata()) == N_TRAIN


@pytest.mark.parametrize(
    ("target_name", "expected"), [("energy", "energy"), (["energy"], "energy")]
)
def test_target_name_labels_the_axis(target_name, expected):
    display = ForecastDisplay.from_predictions(
        [1.0, 2.0], [3.0], target_name=target_name
    )
    assert display.ax_.get_ylabel() == expected


def test_wrong_number_of_target_names_is_refused():
    with pytest.raises(ValueError, match="target_name must name each target, 1"):
        ForecastDisplay.from_predictions([1.0], [2.0], target_name=["a", "b"])


def test_line_keywords_reach_the_forecast_only():
    display = ForecastDisplay.from_predictions(
        [1.0, 2.0], [3.0], color="red", label="mine"
    )
    assert display.line_.get_color() == "red"
    assert display.history_lines_[0].get_color() != "red"
    assert legend_of(display.ax_) == ["history", "mine", "training"]


def test_points_are_shown_only_where_they_are_few():
    display = ForecastDisplay.from_predictions(np.zeros(1000), np.zeros(3))
    assert display.line_.get_marker() == "."
    assert display.history_lines_[0].get_marker() == "None"


def test_a_single_step_is_visible():
    display = ForecastDisplay.from_predictions([1.0, 2.0], [3.0], y_true=[2.5])
    assert display.line_.get_marker() != "None"
    assert display.truth_lines_[0].get_marker() != "None"


def test_shading_is_no_darker_for_two_displays():
    first = ForecastDisplay.from_predictions([1.0, 2.0], [3.0])
    second = ForecastDisplay.from_predictions([1.0, 2.0], [4.0], ax=first.ax_)
    assert second.shadings_[0].get_facecolor()[3] == 1
    assert second.shadings_[0].get_zorder() < first.history_lines_[0].get_zorder()


def test_legend_hides_no_data_where_the_layout_makes_room():
    own = ForecastDisplay.from_predictions([1.0, 2.0], [3.0])
    own.figure_.canvas.draw()
    legend, axes = own.ax_.get_legend().get_window_extent(), own.ax_.get_window_extent()
    assert legend.x0 >= axes.x1
    assert legend.x1 <= own.figure_.bbox.x1


def test_array_of_predictions_takes_the_index_of_the_truth():
    _, y = make_series(INDEXES["days"])
    y_pred = y[N_TRAIN:].to_numpy() + 1
    display = ForecastDisplay.from_predictions(y[:N_TRAIN], y_pred, y_true=y[N_TRAIN:])
    expected = numbers(INDEXES["days"][N_TRAIN:].to_pydatetime())
    np.testing.assert_allclose(numbers(display.line_.get_xdata()), expected)


DAYS = make_series(INDEXES["days"])[1]


@pytest.mark.parametrize(
    ("y_train", "y_pred", "message"),
    [
        (DAYS[:12], np.ones(3), "y_pred must have an index"),
        (np.ones(12), DAYS[12:], "y_train must have an index"),
        (DAYS[:12], pd.Series(np.ones(3)), "both be indexed by dates or both by"),
        (np.ones((5, 2)), np.ones(3), "as many targets as y_pred, 1. Got 2"),
        (np.ones(5), np.ones((3, 1, 1)), "y_pred must have 1 or 2 axes"),
        (np.ones(5), np.ones(0), "y_pred must hold at least one row"),
    ],
)
def test_series_that_do_not_fit_together_are_refused(y_train, y_pred, message):
    with pytest.raises(ValueError, match=message):
        ForecastDisplay.from_predictions(y_train, y_pred)
    assert plt.get_fignums() == []


def make_panel(wide):
    """A fitted forecaster of three series, one of them late, and rows to predict."""
    days = pd.date_range("2025-01-01", periods=40, name="day")
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(40, 3)).cumsum(0), days, list("cab"))
    frame.loc[days[:15], "b"] = np.nan
    y = frame if wide else frame.T.stack().dropna().rename_axis(["shop", "day"])
    columns = "series" if wide else "targets"
    forecaster = AutoregressiveForecaster(
        LinearRegression(), window=2, calibration=15, columns=columns
    )
    is_seen = y.index.get_level_values("day") <= days[34]
    forecaster.fit(None, y[is_seen])
    return forecaster, pd.DataFrame(index=y.index[~is_seen]), y, frame


@pytest.mark.parametrize("wide", [True, False])
def test_series_of_a_panel_have_axes_with_bands_and_paths(wide):
    forecaster, ahead, y, frame = make_panel(wide)
    display = ForecastDisplay.from_estimator(
        forecaster, ahead, y, n_paths=5, random_state=0
    )
    assert [ax.get_ylabel() for ax in display.axes_] == list("cab")
    predicted = forecaster.predict(ahead)
    band = forecaster.predict_interval(ahead)
    paths = forecaster.sample_paths(ahead, 5, random_state=0)
    for place, name in enumerate("cab"):
        own = [part[name] if wide else part.loc[name] for part in (predicted, paths)]
        ends = band[name] if wide else band.loc[name]
        line = display.lines_[place]
        np.testing.assert_allclose(line.get_ydata(), own[0])
        np.testing.assert_allclose(
            [path.get_ydata() for path in display.paths_[place]], own[1].T
        )
        _, lower, upper = corners_of(display.bands_[place])
        np.testing.assert_allclose(np.stack([lower, upper], 1), ends)
        truth, history = display.truth_lines_[place], display.history_lines_[place]
        np.testing.assert_allclose(truth.get_ydata(), frame[name].iloc[35:])
        seen = frame[name].iloc[:35].dropna()
        np.testing.assert_allclose(history.get_ydata(), seen)
        assert len(history.get_xdata()) == (20 if name == "b" else 35)
    assert legend_of(display.ax_).count("sample paths") == 1


@pytest.mark.parametrize("wide", [True, False])
def test_chosen_series_are_drawn_in_their_order(wide):
    forecaster, ahead, y, _ = make_panel(wide)
    display = ForecastDisplay.from_estimator(forecaster, ahead, y, series=["b", "c"])
    assert [ax.get_ylabel() for ax in display.axes_] == ["b", "c"]
    predicted = forecaster.predict(ahead)
    for line, name in zip(display.lines_, "bc", strict=True):
        own = predicted[name] if wide else predicted.loc[name]
        np.testing.assert_allclose(line.get_ydata(), own)
    single = ForecastDisplay.from_estimator(forecaster, ahead, y, series="a")
    assert single.axes_.shape == (1,)
    with pytest.raises(ValueError, match="series must name columns"):
        ForecastDisplay.from_estimator(forecaster, ahead, y, series=["x"])


def test_predictions_of_a_panel_with_a_multiindex_are_drawn():
    forecaster, ahead, y, _ = make_panel(wide=False)
    is_seen = ~y.index.isin(ahead.index)
    display = ForecastDisplay.from_predictions(
        y[is_seen],
        forecaster.predict(ahead),
        y_interval=forecaster.predict_interval(ahead),
        y_paths=forecaster.sample_paths(ahead, 3, random_state=0),
        series=["a"],
    )
    band = forecaster.predict_interval(ahead).loc["a"]
    _, lower, upper = corners_of(display.bands_[0])
    np.testing.assert_allclose(np.stack([lower, upper], 1), band)
    assert len(display.paths_[0]) == 3


def test_many_series_stand_side_by_side_and_too_many_are_refused():
    y = pd.DataFrame(np.arange(70.0).reshape(10, 7), columns=list("abcdefg"))
    display = ForecastDisplay.from_predictions(y[:8], y[8:])
    lefts = {round(ax.get_position().x0, 3) for ax in display.axes_}
    assert len(lefts) == 2
    assert len(display.figure_.axes) == 7
    display.figure_.canvas.draw()
    with pytest.raises(ValueError, match=r"at most 24 series. Got 30; name some"):
        ForecastDisplay.from_predictions(None, pd.DataFrame(np.ones((2, 30))))


def test_paths_that_do_not_match_the_forecast_are_refused():
    with pytest.raises(ValueError, match=r"y_paths must hold .* Got the shape \(3,"):
        ForecastDisplay.from_predictions(None, DAYS[12:], y_paths=np.ones((3, 2)))


def test_index_that_is_no_axis_is_refused():
    with pytest.raises(TypeError, match="select one series or set its index"):
        ForecastDisplay.from_predictions(None, pd.Series(np.ones(3), list("abc")))
    assert plt.get_fignums() == []


def test_observed_array_beside_a_forecast_with_stamps_is_refused():
    X, y = make_series(INDEXES["days"])
    with pytest.raises(TypeError, match="y must be a Series or DataFrame"):
        ForecastDisplay.from_estimator(fit_forecaster(X, y), X[12:], y.to_numpy())


def test_observed_series_on_another_kind_of_index_is_refused():
    X, y = make_series(INDEXES["days"])
    with pytest.raises(TypeError, match="index of the kind that the forecaster"):
        ForecastDisplay.from_estimator(
            fit_forecaster(X, y), X[12:], y.reset_index(drop=True)
        )


def test_observed_array_shorter_than_the_training_is_refused():
    X, y = make_series()
    with pytest.raises(ValueError, match="y must begin with the 12 training rows"):
        ForecastDisplay.from_estimator(fit_forecaster(X, y), X[12:], y[12:])


def test_forecast_of_an_unfitted_forecaster_is_refused():
    with pytest.raises(NotFittedError):
        ForecastDisplay.from_estimator(Forecaster(), np.zeros((3, 1)))


def test_forecast_of_an_ordinary_regressor_names_the_way_out():
    X, y = make_series()
    with pytest.raises(TypeError, match=r"pass predictions to .*from_predictions"):
        ForecastDisplay.from_estimator(LinearRegression().fit(X, y), X)


def test_drawing_changes_neither_the_data_nor_the_forecaster():
    X, y = make_series(INDEXES["days"])
    forecaster = fit_forecaster(X, y)
    before, state = y.copy(), dict(vars(forecaster))
    ForecastDisplay.from_estimator(forecaster, X[N_TRAIN:], y)
    pd.testing.assert_series_equal(y, before)
    assert vars(forecaster) == state


# Intervals


@pytest.mark.parametrize("name", [*INDEXES, "array"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_band_lies_between_the_ends_of_the_intervals(name, n_targets):
    X, y = make_series(INDEXES.get(name), n_targets)
    forecaster = fit_forecaster(X, y, calibration=3)
    rows = X[N_TRAIN:] if name == "array" else X.iloc[N_TRAIN:]
    display = ForecastDisplay.from_estimator(forecaster, rows, y)
    assert len(display.bands_) == n_targets
    for band, line in zip(display.bands_, display.lines_, strict=True):
        x, lower, upper = corners_of(band)
        assert band.axes is line.axes
        np.testing.assert_allclose(x, numbers(line.get_xdata()))
        np.testing.assert_allclose(lower, line.get_ydata() - 0.9)
        np.testing.assert_allclose(upper, line.get_ydata() + 0.9)
    assert "90 % interval" in legend_of(display.ax_)
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("calibration", "coverage", "width"),
    [(0, None, None), (3, 0, None), (3, None, 0.9), (3, 0.5, 0.5), (0, 0.5, 0.5)],
)
def test_coverage_says_which_band_is_drawn(calibration, coverage, width):
    X, y = make_series()
    display = ForecastDisplay.from_estimator(
        fit_forecaster(X, y, calibration), X[N_TRAIN:], y, coverage=coverage
    )
    if width is None:
        assert display.bands_ is None
        return
    _, lower, upper = corners_of(display.bands_[0])
    np.testing.assert_allclose(upper - lower, 2 * width)
    assert f"{100 * width:g} % interval" in legend_of(display.ax_)


@pytest.mark.untrained
def test_quantiles_of_a_network_are_drawn_as_far_as_they_reach():
    X, y = make_series()
    network = GRURegressor(2, epochs=1, quantiles=(0.1, 0.5, 0.8), random_state=0)
    forecaster = AutoregressiveForecaster(network, window=2, horizon=4)
    forecaster.fit(X[:N_TRAIN], y[:N_TRAIN])
    ahead = X[N_TRAIN : N_TRAIN + 4]
    display = ForecastDisplay.from_estimator(forecaster, ahead, y)
    _, lower, upper = corners_of(display.bands_[0])
    ends = forecaster.predict_quantiles(ahead, [0.2, 0.8])
    np.testing.assert_allclose(np.stack([lower, upper], axis=-1), ends)
    assert "60 % interval" in legend_of(display.ax_)


def test_band_of_a_search_is_that_of_its_best_forecaster():
    X, y = make_series()
    search = GridSearchCV(Forecaster(), {"calibration": [3]}, cv=2)
    search.fit(X[:N_TRAIN], y[:N_TRAIN])
    display = ForecastDisplay.from_estimator(search, X[N_TRAIN:], y)
    assert len(display.bands_) == 1


@pytest.mark.parametrize(
    ("coverage", "label"), [(None, "interval"), (0.95, "95 % interval")]
)
def test_band_of_own_intervals_is_named_by_its_coverage(coverage, label):
    display = ForecastDisplay.from_predictions(
        [1.0, 2.0], [3.0, 4.0], y_interval=[[2.0, 4.0], [1.0, 7.0]], coverage=coverage
    )
    x, lower, upper = corners_of(display.bands_[0])
    assert [x.tolist(), lower.tolist(), upper.tolist()] == [[2, 3], [2, 1], [4, 7]]
    expected = ["history", "forecast", label, "training"]
    assert legend_of(display.ax_) == expected


def test_bands_of_two_forecasts_have_their_colours_and_one_entry():
    X, y = make_series(n_targets=2)
    forecaster = fit_forecaster(X, y, calibration=3)
    first = ForecastDisplay.from_estimator(forecaster, X[12:], y, name="one")
    second = ForecastDisplay.from_estimator(
        forecaster, X[12:], y, ax=first.axes_, name="two"
    )
    for display in (first, second):
        color = matplotlib.colors.to_rgba(display.line_.get_color(), alpha=0.2)
        assert tuple(display.bands_[0].get_facecolor()[0]) == pytest.approx(color)
    assert legend_of(second.ax_).count("90 % interval") == 1


def test_band_of_a_single_step_is_visible():
    display = ForecastDisplay.from_predictions([1.0], [3.0], y_interval=[[2.0, 4.0]])
    assert display.bands_[0].get_linewidth()[0] > 0


@pytest.mark.parametrize(
    ("y_interval", "message"),
    [
        (np.ones((3, 2)), r"shape \(5,\)\. Got the shape \(3, 2\)"),
        (np.ones(5), r"Got the shape \(5,\) instead; pass what predict_interval"),
        (pd.DataFrame(np.ones((5, 2))), "y_interval must have the index of y_pred"),
    ],
)
def test_intervals_that_do_not_match_the_forecast_are_refused(y_interval, message):
    with pytest.raises(ValueError, match=message):
        ForecastDisplay.from_predictions(DAYS[:12], DAYS[12:], y_interval=y_interval)
    assert plt.get_fignums() == []


def test_coverage_of_a_forecaster_without_intervals_names_the_way_out():
    X, y = make_series()

    class Plain(Forecaster):
        predict_interval = property()  # Raises AttributeError, as if it were not there.

    forecaster = Plain(calibration=3).fit(X[:12], y[:12])
    assert ForecastDisplay.from_estimator(forecaster, X[12:], y).bands_ is None
    with pytest.raises(TypeError, match="Got Plain instead; pass intervals to"):
        ForecastDisplay.from_estimator(forecaster, X[12:], y, coverage=0.9)


# Without Matplotlib


@pytest.mark.parametrize(
    "draw",
    [
        lambda: ForecastDisplay([1.0]).plot(),
        lambda: ForecastDisplay.from_predictions(None, [1.0]),
        lambda: ForecastDisplay.from_estimator(Forecaster(), [[1.0]]),
    ],
)
def test_without_matplotlib_the_error_says_how_to_install_it(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "skrnn\[plot\]"'):
        draw()
