"""
Taking noise out of pictures
============================

A denoising autoencoder is trained to reconstruct rows from corrupted versions of them.
To tell rows from noise, it has to learn what rows look like. This page cleans noisy
pictures of digits. It compares the result with the noisy pictures and with the
reconstruction by a principal component analysis (PCA).
"""

# %%
# Clean and noisy digits
# ----------------------
#
# Pixels lie between 0 and 1, and the noise is normal. The models are trained on clean
# pictures; only test pictures are noisy.

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X / 16, y, test_size=0.25, random_state=0)
drawn = np.random.default_rng(0).normal(size=X_test.shape)

# %%
# The network
# -----------
#
# `noise` is the standard deviation of what is added to the inputs while training, fresh
# in every epoch; the loss compares the copy with the clean row. It counts on the scale
# of training: in standard deviations of each column by default, and in the units of X,
# here pixels, with `standardize=False`. Nothing is added when the network is used, so
# `reconstruct` cleans what it gets. The code need not be short, because the noise is
# constraint enough.

from skrnn import Autoencoder

epochs = 100
# sphinx_gallery_thumbnail_number = 2
# sphinx_gallery_start_ignore
# The page is also a program: see its --help.
from argparse import ArgumentParser
from pathlib import Path

parser = ArgumentParser(description="Remove noise from pictures of digits.")
parser.add_argument("--output", type=Path, help="folder for the figures")
parser.add_argument("--epochs", type=int, default=epochs, help="epochs of the network")
options = parser.parse_args()
epochs = options.epochs
# sphinx_gallery_end_ignore

denoiser = Autoencoder(
    64,
    hidden_layer_sizes=256,
    noise=0.4,
    standardize=False,
    epochs=epochs,
    random_state=0,
)
denoiser.fit(X_train)

# %%
# PCA removes noise as well: what lies outside the first components is dropped. Too many
# components keep the noise, too few lose the digit. To be fair it gets the number that
# is best on these very test pictures, for each noise anew, while the network is one and
# the same for all.

import pandas as pd
from sklearn.decomposition import PCA

analyses = [PCA(n).fit(X_train) for n in range(2, 64, 2)]


def error(pictures):
    """Root mean squared difference from the clean pictures."""
    return np.sqrt(((pictures - X_test) ** 2).mean())


def clean_by_pca(noisy):
    """Give the best of the reconstructions by 2 to 62 components."""
    candidates = [pca.inverse_transform(pca.transform(noisy)) for pca in analyses]
    return min(candidates, key=error)


def compare(spread):
    """Give the errors for one standard deviation of the noise."""
    noisy = X_test + spread * drawn
    return {
        "noisy": error(noisy),
        "PCA": error(clean_by_pca(noisy)),
        "denoised": error(denoiser.reconstruct(noisy)),
    }


spreads = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
errors = pd.DataFrame([compare(spread) for spread in spreads], index=spreads)
errors.index.name = "noise"
print(errors.round(3).to_string())

# %%
# From a noise of 0.2 on the network's output is closer to the clean pictures than its
# input and than PCA's reconstruction. Below that it does harm: it was trained for a
# noise of 0.4 and smooths away what it could have kept. `noise` should be about as
# large as the noise that is expected.

import matplotlib.pyplot as plt

styles = {"noisy": "k:", "PCA": "o-", "denoised": "s-"}
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for name, style in styles.items():
    ax.plot(errors[name], style, label=name)
ax.axvline(denoiser.noise, color="0.7", linewidth=1, label="noise in training")
ax.set_xlabel("Standard deviation of the noise in a pixel")
ax.set_ylabel("Root mean squared error of a pixel")
ax.legend()
error_figure = figure

# %%
# Pictures
# --------
#
# The first test picture of each digit, with a noise of 0.4.

first = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
noisy = X_test + 0.4 * drawn
rows = {
    "clean": X_test,
    "noisy": noisy,
    "PCA": clean_by_pca(noisy),
    "denoised": denoiser.reconstruct(noisy),
}
figure, axes = plt.subplots(len(rows), 10, figsize=(9, 4), layout="constrained")
for (name, pictures), line in zip(rows.items(), axes, strict=True):
    for picture, ax in zip(pictures[first], line, strict=True):
        ax.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set_xticks([])
        ax.set_yticks([])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
picture_figure = figure

# %%

# sphinx_gallery_start_ignore
if options.output:
    options.output.mkdir(parents=True, exist_ok=True)
    error_figure.savefig(options.output / "errors.png", dpi=150)
    picture_figure.savefig(options.output / "pictures.png", dpi=150)
    print(f"Wrote errors.png and pictures.png to {options.output}")
# sphinx_gallery_end_ignore
