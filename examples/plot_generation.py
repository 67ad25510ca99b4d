"""
New digits from a variational autoencoder
=========================================

The codes of an ordinary autoencoder may lie anywhere, so a random code need not decode
into a realistic row. A variational autoencoder keeps its codes close to a standard
normal distribution, and a code drawn from this distribution decodes into a new row.
This page generates digits, walks through the codes, and checks the method on data with
a known answer.
"""

# %%
# Eight numbers for a digit
# -------------------------
#
# Pixels lie between 0 and 1 and share one unit, so they are not standardized.

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skrnn import VariationalAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.25, random_state=0
)
epochs = 120
# sphinx_gallery_thumbnail_number = 2
# sphinx_gallery_start_ignore
# The page is also a program: see its --help.
from argparse import ArgumentParser
from pathlib import Path

parser = ArgumentParser(description="Draw digits from a variational autoencoder.")
parser.add_argument("--output", type=Path, help="folder for the figures")
parser.add_argument("--epochs", type=int, default=epochs, help="epochs of each network")
options = parser.parse_args()
epochs = options.epochs
# sphinx_gallery_end_ignore

vae = VariationalAutoencoder(
    8,
    hidden_layer_sizes=(256, 128),
    standardize=False,
    epochs=epochs,
    random_state=0,
)
vae.fit(X_train)

# %%
# The two terms of the loss
# -------------------------
#
# `history_` shows both, in nats for each row. `reconstruction_loss` is minus the log
# likelihood of the row around its copy, which is a density and may be negative.
# `kl_loss` is what the code says about the row: the Kullback-Leibler divergence of its
# distribution from the prior. Their sum, with `beta` times the second, is minimised.
#
# The variance of the noise around the copies is learned with the weights. The better
# the copies, the smaller it is, and the more a code may say: both curves move together.

import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
left.plot(vae.history_["reconstruction_loss"])
left.set_title("Reconstruction")
left.set_ylabel("Nats for each row")
right.plot(vae.history_["kl_loss"], color="tab:orange")
right.set_title("Divergence of the codes from the prior")
for ax in (left, right):
    ax.set_xlabel("Epoch")
loss_figure = figure

# %%
# New digits
# ----------
#
# The model says that a row is its copy plus normal noise of the variance
# `noise_variance_`, the same in all pixels, and `sample` draws from that model, noise
# included. For pictures the noise is of no interest: `add_noise=False` shows what the
# codes stand for.

import numpy as np


def draw_pictures(axes, pictures):
    """Draw one picture into each axes."""
    for picture, ax in zip(pictures, np.ravel(axes), strict=True):
        ax.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set_xticks([])
        ax.set_yticks([])


def draw_samples(rows):
    """Draw lines of twelve pictures with their names."""
    figure, axes = plt.subplots(
        len(rows), 12, figsize=(9, 0.8 * len(rows)), layout="constrained"
    )
    for (name, pictures), line in zip(rows.items(), axes, strict=True):
        draw_pictures(line, pictures)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    return figure


new = vae.sample(24, random_state=0, add_noise=False)
sample_figure = draw_samples(
    {
        "from the data": X_test[:12],
        "new": new[:12],
        "new, too": new[12:],
        "with noise": vae.sample(12, random_state=0),
    }
)
print(f"standard deviation of the noise: {np.sqrt(vae.noise_variance_):.3f}")

# %%
# Most of the new pictures are digits that a person would read at once. Some are not:
# they lie between two digits, because the codes of the digits touch one another and the
# prior has no holes, and strokes are softer than in the data. A picture of a chosen
# digit cannot be asked for, since the model knows no labels.
#
# A walk
# ------
#
# Decoding the points on the way from one code to another turns one digit into the
# other. Neighbouring codes stand for similar pictures.

pairs = [(0, 6), (1, 4), (3, 8)]
codes = vae.transform(X_test)
ends = {digit: codes[np.flatnonzero(y_test == digit)[0]] for digit in range(10)}
walks = {
    f"{a} to {b}": vae.inverse_transform(np.linspace(ends[a], ends[b], 12))
    for a, b in pairs
}
walk_figure = draw_samples(walks)

# %%
# A map of digits
# ---------------
#
# With two numbers the whole space of codes can be shown: at each place of the grid the
# picture that its code stands for. The grid holds the 3 % to 97 % quantiles of the
# prior.

from scipy.stats import norm

plane = VariationalAutoencoder(**{**vae.get_params(), "n_components": 2})
plane.fit(X_train)

quantiles = norm.ppf(np.linspace(0.03, 0.97, 12))
grid = np.array([(a, b) for b in quantiles[::-1] for a in quantiles])
pictures = plane.inverse_transform(grid).reshape(12, 12, 8, 8)
pictures = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)))  # a margin of 1 pixel
mosaic = pictures.transpose(0, 2, 1, 3).reshape(120, 120)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.7), layout="constrained")
points = left.scatter(
    *plane.transform(X_test).T, c=y_test, cmap="tab10", vmin=-0.5, vmax=9.5, s=10
)
left.set_title("Test pictures")
left.set_xlabel("First entry of the code")
left.set_ylabel("Second entry of the code")
figure.colorbar(points, ax=left, ticks=range(10), label="Digit")
right.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1)
shown = np.arange(0, 12, 2)
right.set_xticks(10 * shown + 4.5, [f"{quantiles[i]:.1f}" for i in shown])
right.set_yticks(10 * shown + 4.5, [f"{quantiles[::-1][i]:.1f}" for i in shown])
right.set_title("What the codes stand for")
right.set_xlabel("First entry of the code")
right.set_ylabel("Second entry of the code")
map_figure = figure

# %%
# Beta
# ----
#
# `beta` weighs the second term. Less of it, and copies are better but the codes say
# more than the prior allows, so that codes drawn from the prior fall between them. More
# of it, and codes say less: pictures become soft, and alike.

import pandas as pd

models = {1.0: vae}
for beta in (0.1, 4.0):
    models[beta] = VariationalAutoencoder(**{**vae.get_params(), "beta": beta})
    models[beta].fit(X_train)

table = pd.DataFrame(
    {
        beta: {
            "kl_loss in nats": model.history_["kl_loss"][-1],
            "test error of a pixel": ((X_test - model.reconstruct(X_test)) ** 2).mean(),
        }
        for beta, model in sorted(models.items())
    }
).T.rename_axis("beta")
print(table.round(3).to_string())
beta_figure = draw_samples(
    {
        f"beta = {beta:g}": model.sample(12, random_state=0, add_noise=False)
        for beta, model in sorted(models.items())
    }
)

# %%
# With 0.1 the copies are a little better than with 1, and some new pictures are no
# digits at all. With 4 the codes say a third of what they say with 1: the new pictures
# are clean and blurred. If `kl_loss` is nearly 0, the codes say nothing, and every new
# picture is the mean of all; then lower `beta`.
#
# Where the answer is known
# -------------------------
#
# With no hidden layer the model is probabilistic PCA: rows are normal, and the best fit
# has a closed form. Here are rows of five columns, made of two hidden numbers and a
# little noise.

from sklearn.decomposition import PCA

rng = np.random.default_rng(0)
mixing = rng.normal(size=(2, 5))
rows = rng.normal(size=(2000, 2)) @ mixing + rng.normal(scale=0.3, size=(2000, 5)) + 3
linear = VariationalAutoencoder(
    2,
    standardize=False,
    learning_rate=0.01,
    learning_rate_decay="cosine",
    epochs=epochs,
    random_state=0,
)
linear.fit(rows)
pca = PCA(2).fit(rows)

drawn = linear.sample(100_000, random_state=0)
covariance = np.cov(rows.T)


def distance(other):
    """Norm of the difference of the covariances over that of the covariance."""
    return np.linalg.norm(other - covariance) / np.linalg.norm(covariance)


deviation = np.abs(drawn.mean(axis=0) - rows.mean(axis=0)).max()
print(f"largest difference of the means   {deviation:.3f}")
print(f"covariance of new rows, relative  {distance(np.cov(drawn.T)):.3f}")
print(f"covariance by PCA, relative       {distance(pca.get_covariance()):.3f}")
print(f"noise: {linear.noise_variance_:.4f}, by PCA {pca.noise_variance_:.4f}")

# %%
# New rows have the means and the covariances of the data within a few hundredths, and
# the learned noise is that of probabilistic PCA, 0.3 squared. The two planes, each
# spanned by two rows of numbers, are the same as well:

from scipy.linalg import subspace_angles

origin, *axes = linear.inverse_transform([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
plane_of_vae = (axes - origin).T
angle = np.rad2deg(subspace_angles(plane_of_vae, pca.components_.T).max())
print(f"largest angle between the planes: {angle:.2f} degrees")

# %%

# sphinx_gallery_start_ignore
if options.output:
    options.output.mkdir(parents=True, exist_ok=True)
    figures = {
        "losses.png": loss_figure,
        "samples.png": sample_figure,
        "walks.png": walk_figure,
        "map.png": map_figure,
        "beta.png": beta_figure,
    }
    for name, drawing in figures.items():
        drawing.savefig(options.output / name, dpi=150)
    print(f"Wrote {', '.join(figures)} to {options.output}")
# sphinx_gallery_end_ignore
