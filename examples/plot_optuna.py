"""
A search by Optuna, with trials that stop early
===============================================

A grid tries every combination to the end. `Optuna <https://optuna.org>`_ chooses the
next combination by what the earlier ones have shown, and gives up those that go badly.
This page searches the window, the width and the learning rate of a GRU for the yearly
number of sunspots, first with Optuna's scikit-learn estimator, then with a study that
ends hopeless trainings after a few epochs.
"""

# %%
# The pipeline
# ------------
#
# Every year is predicted from the years before it (`gap=1`). The last fifth of the
# windows of each training fold tells the network when to stop, and the weights of the
# best epoch come back, so `epochs` is only an upper limit.

import pandas as pd
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from statsmodels.datasets import sunspots

from skrnn import GRURegressor, SlidingWindow

table = sunspots.load_pandas().data
years = pd.PeriodIndex(table["YEAR"].astype(int).astype(str), freq="Y")
frame = pd.DataFrame({"spots": table["SUNACTIVITY"].to_numpy()}, index=years)
y = frame["spots"]

epochs, n_trials = 60, 12
# sphinx_gallery_thumbnail_number = 2
# sphinx_gallery_start_ignore
# The page is also a program: see its --help.
from argparse import ArgumentParser
from pathlib import Path

parser = ArgumentParser(description="Let Optuna search a pipeline with windows.")
parser.add_argument("--output", type=Path, help="folder for the figures")
parser.add_argument("--epochs", type=int, default=epochs, help="epochs of each network")
parser.add_argument(
    "--trials", type=int, default=n_trials, help="trials of each search"
)
options = parser.parse_args()
epochs = options.epochs
n_trials = options.trials
# sphinx_gallery_end_ignore

pipeline = make_pipeline(
    SlidingWindow(gap=1),
    GRURegressor(
        epochs=epochs,
        validation_split=0.2,
        early_stopping=True,
        patience=5,
        random_state=0,
    ),
)
cv = TimeSeriesSplit(2, test_size=40)

# %%
# The search
# ----------
#
# `OptunaSearchCV` of the package optuna-integration takes the place of a grid search.
# It is marked as experimental, and it calls a part of Optuna that is marked as
# deprecated; both warn, and neither warning matters here. It has a switch to prune
# trials, too, but that trains by `partial_fit`, which the network has and a pipeline
# lacks.

import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna_integration import OptunaSearchCV

warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
warnings.filterwarnings("ignore", "`optuna.terminator`", category=FutureWarning)
optuna.logging.set_verbosity(optuna.logging.WARNING)

search = OptunaSearchCV(
    pipeline,
    {
        "slidingwindow__window": CategoricalDistribution([6, 12]),
        "gruregressor__units": CategoricalDistribution([4, 16]),
        "gruregressor__learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
    },
    cv=cv,
    n_trials=n_trials,
    random_state=0,
    scoring="neg_root_mean_squared_error",
    error_score="raise",
)
search.fit(frame, y)
print(pd.Series(search.best_params_).to_string())
print(f"root mean squared error: {-search.best_score_:.1f} spots")
print(f"epochs of the best network: {search.best_estimator_[-1].n_iter_}")

# %%
# Each point is the mean score of a trial over the folds, the line the best one so far.

import matplotlib.pyplot as plt
from optuna.visualization import matplotlib as optuna_plots

with plt.rc_context():  # Optuna would change the style of later figures, too.
    ax = optuna_plots.plot_optimization_history(
        search.study_, target_name="Score (minus the error in spots)"
    )
ax.set_title("")
ax.legend(loc="lower right")
ax.figure.set_size_inches(8, 4)
history_figure = ax.figure

# %%
# Trials that are pruned
# ----------------------
#
# A learning rate that is far too low shows itself after a few epochs, and there is no
# need to wait for the last. A study of your own prunes such trials by a Keras
# callback, which reports the validation loss of every epoch; the limit is the median,
# at the same epoch, of the trials before it. The callback is a parameter of the network
# like any other, and the window remains one of the pipeline. Optuna's callbacks are
# used as they are, where others are copied, and so report to the trial. It has its
# price: a network that is watched by a callback other than Keras's own is compiled in
# each fit.

from optuna_integration import KerasPruningCallback


def validation_loss(trial):
    """Train the pipeline on the rows ahead of the last test fold, unless pruned."""
    model = pipeline.set_params(
        slidingwindow__window=trial.suggest_categorical("window", [6, 12]),
        gruregressor__units=trial.suggest_categorical("units", [4, 16]),
        gruregressor__learning_rate=trial.suggest_float("rate", 1e-4, 1e-1, log=True),
        gruregressor__callbacks=KerasPruningCallback(trial, "val_loss"),
    )
    model.fit(frame[:-40], y[:-40])
    return min(model[-1].history_["val_loss"])


study = optuna.create_study(
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=3),
)
study.optimize(validation_loss, n_trials=n_trials)
trials = study.trials_dataframe()
print(trials[["params_window", "params_units", "params_rate", "value", "state"]])

# %%
# The grey lines are the trials that were pruned: they end where their loss was above
# the median. A loss of 1 is what predicting the mean would give.

with plt.rc_context():
    ax = optuna_plots.plot_intermediate_values(study)
for line, trial in zip(ax.get_lines(), study.trials, strict=True):
    pruned = trial.state == optuna.trial.TrialState.PRUNED
    line.set(color="0.6" if pruned else "tab:blue", marker="o" if pruned else "")
    line.set_label("pruned" if pruned else "not pruned")
labelled = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
ax.legend(labelled.values(), labelled.keys())
ax.set(title="", xlabel="Epoch", ylabel="Validation loss")
ax.figure.set_size_inches(8, 4)
pruning_figure = ax.figure

# %%

# sphinx_gallery_start_ignore
if options.output:
    options.output.mkdir(parents=True, exist_ok=True)
    history_figure.savefig(options.output / "history.png", dpi=120)
    pruning_figure.savefig(options.output / "pruning.png", dpi=120)
    print(f"Wrote history.png and pruning.png to {options.output}")
# sphinx_gallery_end_ignore
