"""
Test folds that start warm
==========================

A window reaches back over the rows before it, and the first windows of a test fold
reach back into the training rows. A transformer that looks at the test fold alone does
not have them: such a fold starts cold. :class:`~skrnn.SlidingWindow` remembers the last
rows that it was fitted on, with their stamps, and a fold that follows them starts warm.
This page measures the difference on folds as long as the windows, where it is largest.
"""

# %%
# A noisy daily cycle
# -------------------
#
# Forty days, hour by hour. The noise has a standard deviation of 0.5, and no forecast
# can have a smaller error than that, apart from luck.

import numpy as np
import pandas as pd

hours = pd.date_range("2025-03-01", periods=40 * 24, freq="h")
phase = 2 * np.pi * np.arange(len(hours)) / 24
noise = np.random.default_rng(0).normal(scale=0.5, size=len(hours))
load = 10 + 3 * np.sin(phase) + 1.2 * np.sin(2 * phase + 1) + noise
frame = pd.DataFrame({"load": load}, index=hours)
y = frame["load"]

# %%
# Two models predict each hour from the 24 hours before it (`gap=1` leaves out the hour
# itself): a ridge regression on flat windows, with an imputer for the steps that are
# missing, and an LSTM, which skips them by itself.

from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skrnn import LSTMRegressor, SlidingWindow

epochs = 30
# sphinx_gallery_start_ignore
# The page is also a program: see its --help.
from argparse import ArgumentParser
from pathlib import Path

parser = ArgumentParser(description="Compare warm and cold test folds.")
parser.add_argument("--output", type=Path, help="folder for the figures")
parser.add_argument("--epochs", type=int, default=epochs, help="epochs of the network")
options = parser.parse_args()
epochs = options.epochs
# sphinx_gallery_end_ignore

ridge = make_pipeline(SlidingWindow(24, gap=1, flatten=True), SimpleImputer(), Ridge())
lstm = make_pipeline(
    SlidingWindow(24, gap=1),
    LSTMRegressor(16, learning_rate=0.01, epochs=epochs, random_state=0),
)
models = {"ridge": ridge, "LSTM": lstm}

# %%
# The same folds, four times
# --------------------------
#
# Five test folds of 24 rows. What every fold should reach is the error with whole
# windows: cut from the full series ahead of the cross-validation, which is harmless
# here because windows hold nothing but earlier rows.

from sklearn.model_selection import TimeSeriesSplit, cross_val_score

cv = TimeSeriesSplit(5, test_size=24)


def error(model, X):
    """Return the root mean squared error, averaged over the test folds."""
    scores = cross_val_score(model, X, y, cv=cv, scoring="neg_root_mean_squared_error")
    return -scores.mean()


def errors(windows, regressor):
    """Return the errors of a regressor on whole, warm and cold windows."""
    model = make_pipeline(windows, regressor)
    cold = make_pipeline(SlidingWindow(**windows.get_params()), regressor)
    cold.set_params(slidingwindow__context=None)
    return {
        "whole windows": error(regressor, windows.fit_transform(frame)),
        "warm: bare cross_val_score": error(model, frame),
        "cold: context=None": error(cold, frame),
        "cold: plain array": error(model, frame.to_numpy()),
    }


table = pd.DataFrame(
    {name: errors(model[0], model[1:]) for name, model in models.items()}
)
print(table.round(3).to_string())

# %%
# A bare `cross_val_score` on the frame gives the error of whole windows, to the last
# digit. Cold folds are clearly worse: the ridge finds most of a cold window replaced by
# the mean, and the LSTM begins each fold with nothing to read. That is a fault of the
# evaluation, not of the models, since in use the hours before would be known.
#
# The index tells that a fold follows the training rows. A plain array has none,
# so its folds start cold. `context="always"` declares that an array continues the one
# seen in `fit`. A frame whose index was reset still counts its rows, and scikit-learn
# slices it with its row numbers:

always = make_pipeline(
    SlidingWindow(24, gap=1, flatten=True, context="always"), ridge[1:]
)
print(f"array, context='always'   {error(always, frame.to_numpy()):.3f}")
print(f"frame, index reset        {error(ridge, frame.reset_index(drop=True)):.3f}")

# %%
# Resetting the index inside each fold loses the place of its rows, and so does a scaler
# that returns arrays; `set_output(transform="pandas")` on the pipeline keeps the index.
#
# The last fold
# -------------

import matplotlib.pyplot as plt
from matplotlib.dates import DateFormatter

train, test = list(cv.split(frame))[-1]
names = {"warm": "index", "cold": None}
figure, axes = plt.subplots(
    1, len(models), figsize=(10, 4), sharey=True, layout="constrained"
)
for (name, model), ax in zip(models.items(), axes, strict=True):
    ax.plot(y.iloc[test], color="0.2", marker=".", label="truth")
    for kind, context in names.items():
        model.set_params(slidingwindow__context=context)
        forecast = model.fit(frame.iloc[train], y.iloc[train]).predict(frame.iloc[test])
        ax.plot(y.index[test], forecast, label=f"{kind} fold")
    ax.set_title(name)
    ax.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    ax.set_xlabel(f"{y.index[test[0]]:%d %B %Y}")
axes[0].set_ylabel("Load")
handles, labels = axes[0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=3)
fold_figure = figure

# %%
# A cold fold begins with no past at all, and its windows fill up hour by hour. Both
# models need most of the day to recover.
#
# All errors
# ----------

figure, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
table.iloc[::-1].plot.barh(ax=ax, color={"ridge": "tab:gray", "LSTM": "tab:blue"})
ax.axvline(0.5, color="0.2", linestyle=":", label="noise")
ax.set_xlabel("Root mean squared error over five folds")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))

# %%

# sphinx_gallery_start_ignore
if options.output:
    options.output.mkdir(parents=True, exist_ok=True)
    fold_figure.savefig(options.output / "fold.png", dpi=150)
    figure.savefig(options.output / "errors.png", dpi=150)
    print(f"Wrote fold.png and errors.png to {options.output}")
# sphinx_gallery_end_ignore
