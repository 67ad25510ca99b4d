"""Tests of the plots of gates and importances, drawn with Matplotlib's Agg backend."""

import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor, SlidingWindow
from skrnn.inspection import (
    GateActivations,
    GateDisplay,
    StepImportance,
    StepImportanceDisplay,
    gate_activations,
)
from tests.support.drawings import legend_of, numbers

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

N_STEPS = 6
DAYS = pd.date_range("2026-02-26", periods=3, name="day")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _close_figures():
    plt.close("all")  # Those of examples and pages that ran in this process.
    yield
    plt.close("all")


def gates_of(n_features=2, *, segment=1, stamps=False, units=3):
    """Gates of three windows as an LSTM has them, with other numbers."""
    shape = (3, N_STEPS // segment, units)
    gates = {name: RNG.uniform(size=shape) for name in ("input", "forget")}
    gates["cell"] = RNG.normal(size=shape)
    return GateActivations(
        gates,
        RNG.normal(size=(3, N_STEPS, n_features)),
        [f"x{i}" for i in range(n_features)],
        DAYS if stamps else pd.RangeIndex(3, name="sample"),
        stamps=[DAYS - k * DAYS.freq for k in range(N_STEPS)[::-1]] if stamps else None,
        segment=segment,
        name="LSTMRegressor",
    )


def values_of(mesh):
    return np.ma.filled(mesh.get_array(), np.nan)


def test_gates_of_a_window_lie_below_its_input():
    activations = gates_of()
    display = GateDisplay.from_activations(activations, sample=1)
    for line, values in zip(display.lines_, activations.windows[1].T, strict=True):
        assert_array_equal(line.get_ydata(), values)
    assert list(display.maps_) == ["input", "forget", "cell"]
    for name, mesh in display.maps_.items():
        assert_array_equal(values_of(mesh), activations[name][1].T)
    titles = [ax.get_title(loc="left") for ax in display.axes_]
    assert titles == [
        "input of LSTMRegressor",
        "input gate",
        "forget gate",
        "cell state",
    ]
    assert legend_of(display.ax_) == ["x0", "x1"]
    display.figure_.canvas.draw()


def test_gates_run_from_0_to_1_and_states_part_at_0():
    display = GateDisplay(gates_of()).plot()
    assert display.maps_["forget"].get_clim() == (0.0, 1.0)
    least, most = display.maps_["cell"].get_clim()
    assert least == -most == -np.abs(display.activations.cell[0]).max()


def test_axes_share_the_stamps_of_the_steps():
    display = GateDisplay(gates_of(stamps=True), sample=-1).plot(gates="forget")
    days = matplotlib.dates.date2num(pd.date_range(end=DAYS[-1], periods=N_STEPS))
    assert_allclose(numbers(display.lines_[0].get_xdata()), days)
    edges = display.maps_["forget"].get_coordinates()[0, :, 0]
    assert_allclose(edges, np.append(days, days[-1] + 1) - 0.5)
    assert display.axes_[-1].get_xlabel() == "day"
    assert display.ax_.get_xlim() == display.axes_[-1].get_xlim()
    display.figure_.canvas.draw()
    formatter = display.axes_[-1].xaxis.get_major_formatter()
    assert "2026-Feb" in formatter.get_offset()


@pytest.mark.parametrize(
    ("freq", "unit", "length"),
    [("36h", "days", 1.5), ("90min", "hours", 1.5), ("5s", "seconds", 5)],
)
def test_durations_are_numbers_of_a_unit(freq, unit, length):
    index = pd.timedelta_range("0h", periods=40, freq=freq, name="clock")
    rows = pd.DataFrame(RNG.normal(size=(40, 2)), index=index, columns=["a", "b"])
    model = make_pipeline(SlidingWindow(4), RNNRegressor(2, epochs=1))
    model.fit(rows, rows["a"])
    display = GateDisplay.from_estimator(model, rows, sample=9)
    assert display.axes_[-1].get_xlabel() == f"clock in {unit}"
    assert_allclose(display.lines_[0].get_xdata(), length * np.arange(6, 10))


def test_a_segment_is_as_wide_as_its_steps():
    display = GateDisplay(gates_of(segment=3)).plot(gates=["cell"])
    edges = display.maps_["cell"].get_coordinates()[0, :, 0]
    assert_allclose(edges, [-0.5, 2.5, 5.5])
    assert_array_equal(display.lines_[0].get_xdata(), range(N_STEPS))


def test_steps_with_nothing_observed_are_grey():
    activations = gates_of()
    activations.forget[0, 2] = np.nan
    display = GateDisplay(activations).plot()
    assert np.isnan(values_of(display.maps_["forget"])[:, 2]).all()
    assert display.axes_[2].get_facecolor()[:3] == pytest.approx((0.8,) * 3)
    display.figure_.canvas.draw()


@pytest.mark.parametrize("n_features", [1, 9])
def test_one_feature_is_named_on_the_axis_and_many_are_not(n_features):
    display = GateDisplay(gates_of(n_features)).plot(gates="cell")
    assert display.ax_.get_legend() is None
    assert display.ax_.get_ylabel() == ("x0" if n_features == 1 else "")
    assert len(display.lines_) == n_features


def test_windows_of_one_step_and_states_of_zero_are_drawn():
    gates = {"hidden": np.zeros((1, 1, 1))}
    rows = pd.RangeIndex(1, name="sample")
    activations = GateActivations(gates, np.zeros((1, 1, 1)), ["x0"], rows)
    display = GateDisplay(activations).plot()
    assert display.maps_["hidden"].get_clim() == (-1.0, 1.0)
    display.figure_.canvas.draw()


def test_display_takes_the_place_of_one_subplot():
    figure, axes = plt.subplots(1, 2)
    display = GateDisplay(gates_of()).plot(axes[1], cmap="Greys")
    assert display.figure_ is figure
    assert display.bounding_ax_ is axes[1]
    assert not axes[1].axison
    assert display.maps_["cell"].get_cmap().name == "Greys"
    assert all(ax.get_position().x0 > 0.5 for ax in display.axes_)


@pytest.mark.untrained
def test_estimator_is_drawn_as_its_activations_are():
    rows = pd.DataFrame({"x": np.sin(np.arange(20.0))}, index=pd.RangeIndex(20))
    network = RNNRegressor(2, epochs=1, random_state=0)
    model = make_pipeline(SlidingWindow(5), network).fit(rows, rows["x"])
    display = GateDisplay.from_estimator(model, rows, sample=7, gates=["hidden"])
    expected = gate_activations(model, rows).hidden[7]
    assert_array_equal(values_of(display.maps_["hidden"]), expected.T)
    assert_array_equal(display.lines_[0].get_xdata(), [3, 4, 5, 6, 7])


@pytest.mark.parametrize("gates", ["update", ["forget", "update"], []])
def test_gates_that_the_layer_lacks_are_refused(gates):
    with pytest.raises(ValueError, match=r"gates must be out of \['input', 'forget',"):
        GateDisplay(gates_of()).plot(gates=gates)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(TypeError, match=r"a result of gate_activations\. Got dict"):
        GateDisplay.from_activations({})
    with pytest.raises(ValueError, match="ax must be one subplot"):
        GateDisplay(gates_of()).plot(plt.figure().add_axes([0, 0, 1, 1]))
    with pytest.raises(IndexError):
        GateDisplay(gates_of(), sample=3).plot()


# --------------------------------------------------------------------------------------
# Importances
# --------------------------------------------------------------------------------------


def importance_of(permute="value"):
    shape = {"value": (4, 2), "step": (4,), "feature": (2,)}[permute]
    importances = RNG.uniform(size=(*shape, 5))
    return StepImportance(
        importances_mean=importances.mean(axis=-1),
        importances_std=importances.std(axis=-1),
        importances=importances,
        lags=np.array([7, 5, 3, 1]),
        feature_names=["load", "temp"],
        permute=permute,
    )


def test_features_by_lags_are_a_heat_map_with_the_oldest_step_on_the_left():
    importance = importance_of()
    display = StepImportanceDisplay(importance).plot()
    assert_array_equal(values_of(display.map_), importance.importances_mean.T)
    edges = display.map_.get_coordinates()[0, :, 0]
    assert_allclose(edges, [-8, -6, -4, -2, 0])
    display.figure_.canvas.draw()
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert names == ["load", "temp"]
    lags = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert "5" in lags
    assert not any(lag.startswith("-") for lag in lags)


@pytest.mark.parametrize(("permute", "n_bars"), [("step", 4), ("feature", 2)])
def test_whole_steps_and_features_are_bars(permute, n_bars):
    importance = importance_of(permute)
    display = StepImportanceDisplay(importance).plot(color="C3")
    heights = [bar.get_height() for bar in display.bars_]
    assert_allclose(heights, importance.importances_mean)
    assert len(heights) == n_bars
    assert display.map_ is None
    places = [bar.get_x() + bar.get_width() / 2 for bar in display.bars_]
    assert_allclose(places, [-7, -5, -3, -1] if permute == "step" else [0, 1])


def test_importances_are_computed_and_drawn_on_axes_of_the_user():
    _, ax = plt.subplots()
    rows = RNG.normal(size=(60, 1))
    slider = SlidingWindow(3, gap=1, flatten=True)
    model = make_pipeline(slider, SimpleImputer(), Ridge()).fit(rows, rows[:, 0])
    display = StepImportanceDisplay.from_estimator(
        model, rows, rows[:, 0], ax=ax, map_kw={"cmap": "Reds"}, n_repeats=2
    )
    assert display.ax_ is ax
    assert display.importance.importances.shape == (3, 1, 2)
    assert display.map_.get_cmap().name == "Reds"


@pytest.mark.parametrize("display", [GateDisplay, StepImportanceDisplay])
def test_without_matplotlib_the_message_says_how_to_install_it(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "skrnn\[plot\]"'):
        display(None).plot()
