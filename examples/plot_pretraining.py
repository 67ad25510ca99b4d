"""
Few labels, many windows
========================

Windows are often cheap and their labels expensive. A
:class:`~skrnn.RecurrentAutoencoder` learns from the windows alone, and an
:class:`~skrnn.LSTMRegressor` can start from what it has learned (`pretrained`). This
page asks how much that helps, on handwritten digits that are read row by row, with few
labels and with more.
"""

# %%
# Images as windows
# -----------------
#
# An image of scikit-learn's digits has eight rows of eight pixels: a window of eight
# steps with eight features. Of the 1797 images 500 are kept for the test. The others
# are known to the autoencoder, without their labels.

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

X, y = load_digits(return_X_y=True)
windows = X.reshape(-1, 8, 8) / 16
X_train, X_test, y_train, y_test = train_test_split(
    windows, y, test_size=500, stratify=y, random_state=0
)

# %%
# Pretraining
# -----------
#
# The encoder reads an image into sixteen numbers, from which the decoder must
# copy it.

from skrnn import RecurrentAutoencoder

epochs, n_seeds = 40, 3
# sphinx_gallery_start_ignore
# The page is also a program: see its --help.
from argparse import ArgumentParser
from pathlib import Path

parser = ArgumentParser(description="Start networks from an autoencoder.")
parser.add_argument("--output", type=Path, help="folder for the figure")
parser.add_argument("--epochs", type=int, default=epochs, help="epochs of pretraining")
parser.add_argument(
    "--seeds", type=int, default=n_seeds, help="draws of the labelled rows"
)
options = parser.parse_args()
epochs = options.epochs
n_seeds = options.seeds
# sphinx_gallery_end_ignore

autoencoder = RecurrentAutoencoder(
    16,
    units=64,
    standardize=False,
    learning_rate=0.005,
    epochs=epochs,
    random_state=0,
)
autoencoder.fit(X_train)
print(f"error of the copies {-autoencoder.score(X_test):.4f}")
print(f"variance of the pixels {(X_test - X_train.mean(axis=0)).var():.4f}")

# %%
# Four models
# -----------
#
# Three LSTM networks of the same size, with the same epochs and learning rate: from
# random weights, from those of the encoder, and from those of the encoder without
# changing them, so that only the last layer learns. A ridge regression on the flat
# pixels, which chooses its penalty by cross-validation, is the baseline. All predict
# ten numbers, one for each class, and the largest one wins.

import numpy as np
from sklearn.linear_model import RidgeCV

from skrnn import LSTMRegressor


def models(random_state):
    """Return the models by name; the ridge reads flat windows."""
    network = {
        "units": 64,
        "standardize": False,
        "learning_rate": 0.01,
        "epochs": 5 * epochs,
        "random_state": random_state,
    }
    pretrained = network | {"pretrained": autoencoder}
    return {
        "Ridge, flat": RidgeCV(np.logspace(-3, 3, 13)),
        "LSTM, from scratch": LSTMRegressor(**network),
        "LSTM, pretrained": LSTMRegressor(**pretrained),
        "LSTM, pretrained and frozen": LSTMRegressor(
            **pretrained, freeze_pretrained=True
        ),
    }


def test_error(name, model, labelled):
    """Return the share of wrong test digits after fitting the labelled rows."""
    X_labelled, X_new = X_train[labelled], X_test
    if name.startswith("Ridge"):
        X_labelled, X_new = X_labelled.reshape(-1, 64), X_new.reshape(-1, 64)
    model.fit(X_labelled, np.eye(10)[y_train[labelled]])
    return np.mean(model.predict(X_new).argmax(axis=1) != y_test)


# %%
# Three times 50, 100 and 200 images are drawn and get their labels. All models get the
# same ones.

import pandas as pd

sizes = (50, 100, 200)
errors = pd.DataFrame(
    [
        (n_labelled, name, test_error(name, model, labelled))
        for n_labelled in sizes
        for seed in range(n_seeds)
        for labelled in [
            np.random.default_rng(seed).permutation(len(X_train))[:n_labelled]
        ]
        for name, model in models(seed).items()
    ],
    columns=["labelled images", "model", "test error"],
)
groups = errors.groupby(["model", "labelled images"], sort=False)["test error"]
medians = groups.median().unstack()
print("Median test error in %")
print((100 * medians).round(1).to_string())

# %%
# How often does a network that starts from the encoder beat the one from scratch that
# saw the same labels?

runs = errors.assign(run=errors.groupby(["model", "labelled images"]).cumcount())
runs = runs.pivot(
    index=["labelled images", "run"], columns="model", values="test error"
)
for name in ("LSTM, pretrained", "LSTM, pretrained and frozen"):
    wins = (runs[name] < runs["LSTM, from scratch"]).sum()
    print(f"{name}: better in {wins} of {len(runs)} runs")

# %%
# The figure shows the medians and, as bars, the best and the worst draw.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
low, high = groups.min().unstack(), groups.max().unstack()
colours = ("0.5", "tab:blue", "tab:orange", "tab:green")
for i, (name, colour) in enumerate(zip(medians.index, colours, strict=True)):
    middle = 100 * medians.loc[name]
    spread = [middle - 100 * low.loc[name], 100 * high.loc[name] - middle]
    places = np.arange(len(sizes)) + 0.12 * (i - 1.5)
    ax.errorbar(places, middle, spread, fmt="o", color=colour, capsize=3, label=name)
ax.set_xticks(range(len(sizes)), sizes)
ax.set_xlabel("Labelled images")
ax.set_ylabel("Wrong test images in %")
ax.set_ylim(bottom=0)
ax.grid(axis="y", color="0.9")
ax.set_axisbelow(True)
ax.legend()

# %%
# The network that starts from the encoder makes an eighth to a quarter fewer errors
# than the one from scratch, and fewer in every draw. How much depends on the
# autoencoder: over five draws one trained with `learning_rate=0.003` for 60 epochs gave
# a seventh to a sixth, and its frozen network with 200 labels was no better than the
# one from scratch. The draw of the labels matters as much, as the bars show: only
# models that saw the same labels should be compared.
#
# Without pretraining the network is not better than the ridge, which takes no time.
# With pretraining it is, by an eighth to a quarter. Frozen weights, with a single
# layer to learn, do at most a tenth worse, and better than weights from scratch.

# %%

# sphinx_gallery_start_ignore
if options.output:
    options.output.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.output / "pretraining.png", dpi=150)
    print(f"Wrote pretraining.png to {options.output}")
# sphinx_gallery_end_ignore
