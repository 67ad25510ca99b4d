import runpy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline

from skrnn import (
    AutoregressiveForecaster,
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindow,
)
from skrnn._engine.tensorflow import keras
from skrnn.datasets import load_coupled_cluster
from tests.support.exhaustive import first_of_many

EXAMPLES = Path(__file__).parents[2] / "examples"


# `make docs` runs each page in full. Here is what it does not check: options and
# warnings as errors, on some pages, and what some others say of their results.
other_page = pytest.mark.exhaustive


@pytest.fixture
def run_example(tmp_path, monkeypatch, capsys):
    """Run an example as a user does, in a folder of its own, warnings as errors."""

    def run(name, *arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        page = runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        printed, warned = capsys.readouterr()
        assert warned == ""
        return page, printed

    yield run
    plt.close("all")


def names_in(folder):
    return {path.name for path in folder.iterdir()}


# The networks of the lecture

SETUPS = {
    "1 RNN 200": (RNNRegressor(200), 40_601),
    "2 RNN 500, 500, sigmoid": (
        RNNRegressor((500, 500), activation="sigmoid"),
        752_001,
    ),
    "3 LSTM 250, 250": (LSTMRegressor((250, 250)), 753_251),
    "4 Dense 125, 125, GRU 250, 250": (
        GRURegressor((250, 250), dense_before=(125, 125)),
        675_501,
    ),
}


@pytest.mark.parametrize(
    ("network", "n_parameters"), first_of_many(SETUPS.values()), ids=SETUPS
)
def test_networks_have_the_parameters_of_the_lecture(network, n_parameters):
    y = load_coupled_cluster().target[:12]
    forecaster = AutoregressiveForecaster(network.set_params(epochs=1), window=2)
    weights = forecaster.fit(None, y).estimator_.weights_
    assert sum(part.size for part in weights) == n_parameters


def test_standard_formatting_has_the_parameters_of_the_lecture():
    X, y = load_coupled_cluster(return_X_y=True)
    network = RNNRegressor(200, epochs=1).fit(X[:12], y[:12])
    assert network.n_steps_in_ == 1
    assert sum(part.size for part in network.weights_) == 40_601


@other_page
@pytest.mark.slow
def test_extrapolation_prints_its_table_and_writes_its_files(tmp_path, run_example):
    few = ("--epochs", "2", "--seeds", "1")
    _, printed = run_example("plot_extrapolation.py", "--output", "demo/files", *few)
    for name, (_, n_parameters) in SETUPS.items():
        count = f"{n_parameters:,}".replace(",", " ")
        assert any(
            line.startswith(name) and count in line for line in printed.splitlines()
        )
    written = names_in(tmp_path / "demo" / "files")
    assert written == {
        "errors.png",
        "extrapolation.csv",
        "extrapolation.png",
        "losses.png",
    }
    assert all(name in printed for name in written)
    assert str(Path("demo/files")) in printed
    assert names_in(tmp_path) == {"demo"}


@other_page
@pytest.mark.slow
def test_sixth_network_beats_the_lines_of_the_page():
    """With the settings that the search of the page finds, from another seed."""
    schedule = keras.optimizers.schedules.CosineDecay(0.03, 4000)
    network = RNNRegressor(
        16, optimizer=keras.optimizers.Adam(schedule), epochs=4000, random_state=7
    )
    models = {
        "2 lags": AutoregressiveForecaster(LinearRegression(), window=2),
        "3 lags": AutoregressiveForecaster(LinearRegression(), window=3),
        "network": AutoregressiveForecaster(
            network, window=2, difference=2, normalize="last"
        ),
    }
    y = load_coupled_cluster().target
    errors = {
        name: ((model.fit(None, y[:12]).forecast(8) - y[12:]) ** 2).sum() / 20
        for name, model in models.items()
    }
    assert errors["2 lags"] == pytest.approx(1.0e-5, rel=0.05)
    assert errors["3 lags"] == pytest.approx(5.5e-7, rel=0.05)
    assert errors["network"] < errors["3 lags"]


# Warm folds


def noisy_days():
    hours = pd.date_range("2025-03-01", periods=30 * 24, freq="h")
    wave = 3 * np.sin(2 * np.pi * np.arange(len(hours)) / 24)
    noise = np.random.default_rng(0).normal(scale=0.5, size=len(hours))
    return pd.DataFrame({"load": wave + noise}, index=hours)


def compare_folds(regressor, flatten):
    """Give the error with whole windows and in warm and cold folds."""
    frame = noisy_days()
    y, cv = frame["load"], TimeSeriesSplit(5, test_size=24)
    windows = SlidingWindow(24, gap=1, flatten=flatten)
    cold = SlidingWindow(24, gap=1, flatten=flatten, context=None)

    def error(model, X):
        return -cross_val_score(
            model, X, y, cv=cv, scoring="neg_root_mean_squared_error"
        ).mean()

    return (
        error(regressor, windows.fit_transform(frame)),
        error(make_pipeline(windows, regressor), frame),
        error(make_pipeline(cold, regressor), frame),
    )


def test_warm_folds_reach_the_error_of_whole_windows():
    regressor = make_pipeline(SimpleImputer(), Ridge())
    whole, warm, cold = compare_folds(regressor, flatten=True)
    assert warm == pytest.approx(whole)
    assert cold > 1.5 * warm


@other_page
@pytest.mark.slow
def test_warm_folds_of_an_lstm_reach_the_error_of_whole_windows():
    lstm = LSTMRegressor(8, epochs=20, learning_rate=0.01, random_state=0)
    whole, warm, cold = compare_folds(lstm, flatten=False)
    assert warm == pytest.approx(whole, rel=0.03)
    assert cold > 1.5 * warm


@pytest.mark.slow
def test_examples_write_nothing_unless_asked(tmp_path, run_example):
    _, printed = run_example("plot_warm_folds.py", "--epochs", "1")
    assert "warm: bare cross_val_score" in printed
    assert names_in(tmp_path) == set()


# Optuna


@other_page
@pytest.mark.slow
def test_optuna_prunes_trials_and_writes_its_figures(tmp_path, run_example):
    pytest.importorskip("optuna_integration")
    few = ("--epochs", "6", "--trials", "8")
    _, printed = run_example("plot_optuna.py", "--output", "figures", *few)
    states = {line.split()[-1] for line in printed.splitlines() if line}
    assert {"PRUNED", "COMPLETE"} <= states
    assert names_in(tmp_path / "figures") == {"history.png", "pruning.png"}


# Memory cells


@other_page
@pytest.mark.slow
def test_memory_cell_keeps_its_value_behind_an_open_forget_gate(tmp_path, run_example):
    """The page in full, since what it shows has to be learned."""
    page, _ = run_example("plot_memory_cell.py", "--output", "figures")
    assert names_in(tmp_path / "figures") == {"cells.png", "gates.png"}
    assert page["scores"]["LSTM"].min() > 0.9
    assert page["scores"]["ridge"].max() < 0.1
    carrier, activations = page["carrier"], page["activations"]
    forget = activations.forget[:, 11:, carrier]
    assert forget.mean(axis=0).min() > 0.9
    # What is in the cell behind the cue is still there a hundred steps later.
    written, kept = activations.cell[:, [10, -1], carrier].T
    assert np.corrcoef(written, kept)[0, 1] > 0.98
