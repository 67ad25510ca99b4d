"""Draw the pictures of the start page's cards: `python docs/images/draw_cards.py`."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

from skrnn import Autoencoder, AutoregressiveForecaster, LSTMRegressor, SlidingWindow

FOLDER = Path(__file__).parent
N_TRAIN = 300

days = pd.date_range("2025-01-01", periods=330, freq="D")
X = pd.DataFrame({"weekend": (days.day_of_week >= 5).astype(float)}, index=days)
noise = np.random.default_rng(0).normal(scale=3, size=330)
y = (100 + 10 * np.sin(np.arange(330) / 9) - 30 * X["weekend"] + noise).rename("visits")
lstm = LSTMRegressor(units=16, epochs=60, learning_rate=0.01, random_state=0)


def empty_axes():
    """Make axes without ticks and frame, for pictures that are read at a glance."""
    figure = plt.figure(figsize=(4.2, 2.6))
    ax = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    ax.set_axis_off()
    return ax


def save(ax, name):
    """Write a picture beside this file."""
    ax.figure.savefig(FOLDER / name, dpi=150)


def draw_rows():
    """Draw a window of rows and the row that is predicted from it."""
    pipeline = make_pipeline(SlidingWindow(14, gap=1), lstm)
    rows = X.assign(visits=y)
    predicted = pipeline.fit(rows[:N_TRAIN], y[:N_TRAIN]).predict(rows[N_TRAIN:])
    ax = empty_axes()
    window = y[N_TRAIN - 6 : N_TRAIN + 8].to_numpy()
    ax.axvspan(-0.5, 13.5, color="tab:blue", alpha=0.15, lw=0)
    ax.plot(window, "o-", color="0.35", ms=5, lw=1)
    ax.plot(14, y.iloc[N_TRAIN + 8], "o", color="0.35", ms=7, mfc="white")
    ax.plot(14, predicted[8], "D", color="tab:blue", ms=8)
    above = window.max() + 6
    ax.text(6.5, above, "window: 14 rows", ha="center", color="0.35")
    ax.text(15.4, above, "next row", ha="center", color="tab:blue")
    ax.set(xlim=(-1, 17.5), ylim=(window.min() - 5, above + 7))
    save(ax, "card_rows.png")


def draw_forecast():
    """Draw a forecast with its interval, beside the truth."""
    forecaster = AutoregressiveForecaster(lstm, window=14, calibration=60)
    forecaster.fit(X[:N_TRAIN], y[:N_TRAIN])
    band = forecaster.predict_interval(X[N_TRAIN:], coverage=0.9)
    ax = empty_axes()
    history = y[N_TRAIN - 40 : N_TRAIN]
    ax.plot(history, color="0.35", lw=1.2)
    ax.fill_between(days[N_TRAIN:], *band.to_numpy().T, alpha=0.25, lw=0)
    ax.plot(y[N_TRAIN:], "o", color="0.35", ms=3, mfc="white")
    ax.plot(forecaster.predict(X[N_TRAIN:]), color="tab:blue", lw=1.8)
    save(ax, "card_forecast.png")


def draw_codes():
    """Draw digits where their codes of two numbers are."""
    digits, labels = load_digits(return_X_y=True)
    autoencoder = Autoencoder(
        2, hidden_layer_sizes=(128, 64), standardize=False, epochs=60, random_state=0
    )
    codes = autoencoder.fit_transform(digits / 16)[:500]
    ax = empty_axes()
    for label in range(10):
        chosen = codes[labels[:500] == label]
        ax.plot(*chosen.T, "o", ms=2, color=plt.get_cmap("tab10")(label), alpha=0.5)
        middle = np.median(chosen, axis=0)
        ax.text(*middle, label, ha="center", va="center", fontsize=16, weight="bold")
    (left, low), (right, high) = np.quantile(codes, [0.005, 0.995], axis=0)
    ax.set(xlim=(left, right), ylim=(low, high))  # One or two digits are far away.
    save(ax, "card_codes.png")


if __name__ == "__main__":
    draw_rows()
    draw_forecast()
    draw_codes()
