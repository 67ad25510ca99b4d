"""
What a memory cell does
=======================

A long short-term memory keeps a number in each of its cells, and three gates decide
what happens to it: the input gate, whether something is written, the forget gate,
whether what is there is kept, and the output gate, whether it is read (Hochreiter and
Schmidhuber 1997; Gers, Schmidhuber and Cummins 1999). On this page a network must
remember a value over a hundred steps, and
:class:`~skrnn.inspection.GateDisplay` shows how it does.
"""

# %%
# A value among a hundred others
# ------------------------------
#
# Every step has a random value between -1 and 1. At one step, and nowhere else, a cue
# says: this one. The target is the value at the cue, wherever that was. All the others
# are there to distract.

import numpy as np

epochs, seed = 100, 0
# sphinx_gallery_thumbnail_number = 2
# sphinx_gallery_start_ignore
# The page is also a program: see its --help.
from argparse import ArgumentParser
from pathlib import Path

parser = ArgumentParser(description="Look into the memory cells of an LSTM.")
parser.add_argument("--output", type=Path, help="folder for the figures")
parser.add_argument("--epochs", type=int, default=epochs, help="epochs of the network")
parser.add_argument("--seed", type=int, default=seed, help="random state of the page")
options = parser.parse_args()
epochs = options.epochs
seed = options.seed
# sphinx_gallery_end_ignore

N_STEPS = 111
rng = np.random.default_rng(seed)


def make_task(n_samples, cue_at=None):
    """Make windows, targets and the steps of the cue: anywhere, or at a given step."""
    value = rng.uniform(-1, 1, size=(n_samples, N_STEPS))
    cued = rng.integers(0, N_STEPS, size=n_samples) if cue_at is None else cue_at
    cue = np.arange(N_STEPS) == np.broadcast_to(cued, n_samples)[:, None]
    return np.stack([value, cue], axis=2), value[cue], cued


X_train, y_train, _ = make_task(2000)
X_test, y_test, cued = make_task(2000)

# %%
# In training the cue may be at any step. Where it is near the end the task is easy, and
# what is learned there carries over to longer and longer times; with the cue at the
# beginning of every window nothing would show the network where to start.
#
# The network has two cells. Two settings are made for such long windows: gradients are
# clipped, and the learning rate falls to zero. The third, `recurrent_dropout`, is there
# for the sake of the page. Without it a network of four cells learns the task as well,
# but it is free to write the value anew at every step by way of its hidden states, with
# forget gates between 0.6 and 0.9. With half of these states dropped in training, the
# value cannot be kept there, and the cells must keep it.

import keras

from skrnn import LSTMRegressor

steps_of_training = epochs * -(-len(X_train) // 64)
schedule = keras.optimizers.schedules.CosineDecay(0.03, steps_of_training)
lstm = LSTMRegressor(
    units=2,
    recurrent_dropout=0.5,
    optimizer=keras.optimizers.Adam(schedule, clipnorm=1.0),
    epochs=epochs,
    batch_size=64,
    random_state=seed,
).fit(X_train, y_train)
lstm.summary()

# %%
# Did it learn to remember?
# -------------------------
#
# A linear model of all values and cues cannot tell which value is meant, since that
# takes a product; it is no better than the mean. The network must be as good with the
# cue a hundred steps ago as with the last one.

import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

ridge = Ridge().fit(X_train.reshape(len(X_train), -1), y_train)
predicted = {
    "ridge": ridge.predict(X_test.reshape(len(X_test), -1)),
    "LSTM": lstm.predict(X_test),
}
age = pd.cut(N_STEPS - 1 - cued, [-1, 25, 50, 75, 100, 110])
scores = pd.DataFrame(
    {
        name: [r2_score(y_test[age == part], y[age == part]) for part in age.categories]
        for name, y in predicted.items()
    },
    index=pd.Index(["0-25", "26-50", "51-75", "76-100", "101-110"], name="steps ago"),
)
print(scores.round(3).to_string())

# %%
# Write, keep, read
# -----------------
#
# Now the cue comes at step 10, and a hundred steps follow. First of all: which of the
# cells carries the value? The one whose state at the last step correlates with the
# target.

from skrnn.inspection import GateDisplay, gate_activations

X_far, y_far, _ = make_task(500, cue_at=10)
activations = gate_activations(lstm, X_far, feature_names=["value", "cue"])
carries = [
    abs(np.corrcoef(activations.cell[:, -1, unit], y_far)[0, 1]) for unit in range(2)
]
kept = activations.forget[:, 11:].mean(axis=(0, 1))
table = pd.DataFrame({"correlation": carries, "forget gate": kept})
print(table.rename_axis("unit").round(3).to_string())
# Both cells may correlate with the target; the carrier also forgets least.
carrier = int((table["correlation"] * table["forget gate"]).idxmax())
print(f"Unit {carrier} carries the value. R² after 100 steps:", end=" ")
print(round(lstm.score(X_far, y_far), 3))

# %%
# One window, all gates. The value is written at the cue: there, and only there, the
# input gate of the carrier is open. Its forget gate closes for that step, which erases
# what was there before, and then stays at 1: the colour of the cell state stays what it
# is, whatever the values do. The output gate is open throughout, since nobody but the
# output layer reads this cell, and that at the last step only.

sample = int(np.argmax(y_far))
display = GateDisplay.from_activations(activations, sample=sample)
gates_figure = display.figure_

# %%
# Forget gates of exactly 1 make the cell an accumulator, whose gradient neither grows
# nor fades (the constant error carousel of the first paper). That is why
# :class:`~skrnn.LSTMRegressor` starts with biases of 1 at the forget gates.
#
# Many windows
# ------------
#
# The same cell in twelve windows, in colours by what it should remember, and what its
# gates do in the mean over all of them.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(
    2, 1, figsize=(8, 5), sharex=True, layout="constrained", height_ratios=[3, 2]
)
colors = plt.get_cmap("RdBu_r")((y_far[:12] + 1) / 2)
for state, color in zip(activations.cell[:12, :, carrier], colors, strict=True):
    axes[0].plot(state, color=color)
mappable = plt.cm.ScalarMappable(plt.Normalize(-1, 1), "RdBu_r")
figure.colorbar(mappable, ax=axes[0], label="value at the cue")
axes[0].set_ylabel("Cell state")
axes[0].set_title(f"unit {carrier}", loc="left")
for gate in ("input", "forget", "output"):
    mean = activations[gate][:, :, carrier].mean(axis=0)
    axes[1].plot(mean, label=f"{gate} gate")
axes[1].set(ylim=(-0.05, 1.05), xlabel="Step", ylabel="Gate, mean")
axes[1].legend(loc="center right")
for ax in axes:
    ax.axvline(10, color="0.5", linestyle=":")

# %%
# Which steps a network depends on can also be measured without its gates: see
# :func:`~skrnn.inspection.step_importance` in :doc:`/guide/inspection`.

# sphinx_gallery_start_ignore
if options.output:
    options.output.mkdir(parents=True, exist_ok=True)
    gates_figure.savefig(options.output / "gates.png", dpi=150)
    figure.savefig(options.output / "cells.png", dpi=150)
    print(f"Wrote gates.png and cells.png to {options.output}")
# sphinx_gallery_end_ignore
