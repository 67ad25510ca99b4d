"""Tests of the plot of losses, drawn with Matplotlib's Agg backend."""

import sys

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import LossCurveDisplay
from tests.support.drawings import HISTORY, Forecaster, Recorder, legend_of, make_series

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    plt.close("all")  # Those of examples and pages that ran in this process.
    yield
    plt.close("all")


def test_loss_curves_are_drawn_over_epochs_from_one():
    display = LossCurveDisplay(HISTORY).plot()
    assert len(display.lines_) == 2
    for line, name in zip(display.lines_, ("loss", "val_loss"), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
        np.testing.assert_array_equal(line.get_ydata(), HISTORY[name])
    assert display.line_ is display.lines_[0]
    assert display.figure_ is display.ax_.figure
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Epoch", "Loss")


def test_best_epoch_is_where_the_validation_loss_is_lowest():
    display = LossCurveDisplay.from_history(HISTORY)
    assert display.best_epoch_ == 3
    assert display.best_point_.get_xydata().tolist() == [[3.0, 0.55]]
    assert "best epoch 3: 0.55" in legend_of(display.ax_)


def test_best_epoch_can_be_given():
    display = LossCurveDisplay.from_history(HISTORY, best_epoch=2)
    assert display.best_point_.get_xydata().tolist() == [[2.0, 0.6]]


def test_best_epoch_ignores_missing_losses():
    history = {"loss": [1.0, 0.5, 0.4], "val_loss": [np.nan, 0.5, 0.6]}
    assert LossCurveDisplay.from_history(history).best_epoch_ == 2


@pytest.mark.parametrize(
    "history", [{"loss": [2.0, 1.0]}, {"loss": [2.0, 1.0], "val_loss": [np.nan] * 2}]
)
def test_no_epoch_is_marked_without_validation_loss(history):
    display = LossCurveDisplay.from_history(history)
    assert display.best_epoch_ is None
    assert display.best_point_ is None
    assert "training" in legend_of(display.ax_)


@pytest.mark.parametrize("best_epoch", [0, 5])
def test_best_epoch_outside_the_training_is_refused(best_epoch):
    with pytest.raises(ValueError, match="best_epoch must be between 1 and"):
        LossCurveDisplay.from_history(HISTORY, best_epoch=best_epoch)


@pytest.mark.parametrize("log_scale", [False, True])
def test_loss_axis_is_logarithmic_by_choice(log_scale):
    display = LossCurveDisplay.from_history(HISTORY, log_scale=log_scale)
    assert display.ax_.get_yscale() == ("log" if log_scale else "linear")


def test_log_scale_without_positive_loss_is_refused():
    with pytest.raises(ValueError, match="pass log_scale=False"):
        LossCurveDisplay.from_history({"loss": [0.0, -1.0]}, log_scale=True)


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"val_loss": [1.0]}])
def test_history_without_training_loss_is_refused(history):
    with pytest.raises(ValueError, match="at least one epoch"):
        LossCurveDisplay.from_history(history)


@pytest.mark.parametrize("n_epochs", [1, 2, 7, 150])
def test_epoch_ticks_are_whole_numbers(n_epochs):
    display = LossCurveDisplay.from_history({"loss": np.ones(n_epochs)})
    ticks = display.ax_.get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))


def test_from_history_takes_what_keras_returns_from_fit():
    class History:
        history = HISTORY

    assert LossCurveDisplay.from_history(History()).best_epoch_ == 3


def wrap(kind):
    return {
        "plain": Recorder(),
        "pipeline": make_pipeline(StandardScaler(), Recorder()),
        "search": GridSearchCV(
            make_pipeline(StandardScaler(), Recorder()),
            {"recorder__shift": [0.0, 1.0]},
            cv=2,
        ),
        "forecaster": Forecaster(),
    }[kind]


@pytest.mark.parametrize("kind", ["plain", "pipeline", "search", "forecaster"])
def test_from_estimator_finds_the_history_inside(kind):
    X, y = make_series()
    display = LossCurveDisplay.from_estimator(wrap(kind).fit(X, y))
    np.testing.assert_array_equal(display.line_.get_ydata(), HISTORY["loss"])
    assert legend_of(display.ax_)[0] == "training (Recorder)"


@pytest.mark.parametrize("kind", ["plain", "pipeline", "search", "forecaster"])
def test_loss_curve_of_an_unfitted_estimator_is_refused(kind):
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(wrap(kind))


@pytest.mark.parametrize(
    "estimator",
    [
        LinearRegression(),
        make_pipeline(StandardScaler(), LinearRegression()),
        GridSearchCV(Recorder(), {"shift": [0.0]}, cv=2, refit=False),
    ],
)
def test_loss_curve_of_an_estimator_without_losses_names_the_way_out(estimator):
    X, y = make_series()
    with pytest.raises(TypeError, match=r"pass losses of your own to .*from_history"):
        LossCurveDisplay.from_estimator(estimator.fit(X, y))


def test_two_estimators_share_axes():
    first = LossCurveDisplay.from_history(HISTORY, name="one", log_scale=True)
    second = LossCurveDisplay.from_history(HISTORY, name="two", ax=first.ax_)
    assert second.ax_ is first.ax_
    assert second.ax_.get_yscale() == "log"
    assert {"training (one)", "training (two)"} <= set(legend_of(first.ax_))
    assert plt.get_fignums() == [first.figure_.number]


def test_line_keywords_reach_both_loss_curves():
    display = LossCurveDisplay.from_history(HISTORY, linewidth=4, marker="x")
    assert [line.get_linewidth() for line in display.lines_] == [4, 4]
    assert [line.get_marker() for line in display.lines_] == ["x", "x"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: LossCurveDisplay(HISTORY).plot(),
        lambda: LossCurveDisplay.from_estimator(Recorder()),
        lambda: LossCurveDisplay.from_history(HISTORY),
    ],
)
def test_without_matplotlib_the_error_says_how_to_install_it(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "skrnn\[plot\]"'):
        draw()
