"""
Anomalies in waves and in the Pacific
=====================================

An autoencoder that has learned to copy normal samples copies unusual ones badly, so its
reconstruction error is an anomaly score. :class:`~skrnn.RecurrentAutoencoder` copies
windows, and :class:`~skrnn.AutoencoderDetector` makes an outlier detector in
scikit-learn's manner of it. This page tries it on waves, where a linear method fails,
and on monthly temperatures of the Pacific, where a linear method is enough.
"""

# %%
# Waves that stop
# ---------------
#
# Two thousand sine waves of 24 steps, with one to two cycles, any phase and a little
# noise. One wave in a hundred stops halfway and stays where it was.

import numpy as np

rng = np.random.default_rng(0)
n_waves, n_steps = 2000, 24
cycles = rng.uniform(1, 2, n_waves)
phase = rng.uniform(0, 360, n_waves)
angle = 2 * np.pi * np.outer(cycles, np.arange(n_steps) / n_steps)
waves = np.sin(angle + np.radians(phase)[:, None])
waves += rng.normal(scale=0.1, size=waves.shape)

stops = np.zeros(n_waves, dtype=bool)
stops[rng.choice(n_waves, n_waves // 100, replace=False)] = True
waves[stops, n_steps // 2 :] = waves[stops, n_steps // 2 - 1, None]

# %%
# The detector sees all of them and no labels. A code of two numbers has room for the
# phase and the number of cycles, and for little else.

from skrnn import AutoencoderDetector, RecurrentAutoencoder

epochs = 60
# sphinx_gallery_thumbnail_number = 2
# sphinx_gallery_start_ignore
# The page is also a program: see its --help.
from argparse import ArgumentParser
from pathlib import Path

parser = ArgumentParser(description="Find anomalies with recurrent autoencoders.")
parser.add_argument("--output", type=Path, help="folder for the figures")
parser.add_argument("--epochs", type=int, default=epochs, help="epochs of each network")
options = parser.parse_args()
epochs = options.epochs
# sphinx_gallery_end_ignore

autoencoder = RecurrentAutoencoder(
    2,
    cell="gru",
    units=16,
    learning_rate=0.005,
    epochs=epochs,
    random_state=0,
)
detector = AutoencoderDetector(autoencoder, contamination=0.01)
detector.fit(waves[:, :, None])

# %%
# Principal components are the linear way to copy windows. They get the number of
# components that suits them best, which one could not know without the labels.

import pandas as pd
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score


def pca_errors(pca, windows):
    """Mean squared error of the linear copies of flat windows."""
    copies = pca.inverse_transform(pca.transform(windows))
    return ((windows - copies) ** 2).mean(axis=1)


areas = {
    f"PCA, {n} components": roc_auc_score(stops, pca_errors(PCA(n).fit(waves), waves))
    for n in range(1, 9)
}
best = max(areas, key=areas.get)
areas = {best: areas[best]}
areas["autoencoder, 2 components"] = roc_auc_score(
    stops, -detector.score_samples(waves[:, :, None])
)
print(pd.Series(areas).rename("ROC AUC").round(4).to_string())

# %%
# Waves of one frequency would lie in a plane, and two components would do. With the
# frequency they leave it, while the codes of the network follow them: nobody told it
# that there are phases and cycles, but the phase runs around the plane of the codes,
# and the cycles run across.

import matplotlib.pyplot as plt

codes = detector.autoencoder_.transform(waves[:, :, None])

figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
axes[0].plot(waves[~stops][:3].T, color="0.6", linewidth=1)
axes[0].plot(waves[stops][0], color="tab:red", label="stops halfway")
axes[0].set(xlabel="Step", ylabel="Wave", ylim=(-1.3, 1.7), title="Four waves")
axes[0].legend(loc="upper right")
colours = {
    "Phase in degrees": (phase, "twilight"),
    "Cycles in a window": (cycles, "viridis"),
}
for ax, (label, (values, colormap)) in zip(axes[1:], colours.items(), strict=True):
    dots = ax.scatter(*codes[~stops].T, c=values[~stops], cmap=colormap, s=6)
    ax.scatter(*codes[stops].T, color="tab:red", marker="x", s=25, label="stops")
    figure.colorbar(dots, ax=ax, label=label)
    ax.set(xlabel="First entry of the code", ylabel="Second entry", title="Codes")
codes_figure = figure

# %%
# Half of the crosses lie among the dots: the codes of waves that stop need not be
# unusual. What gives them away is the copy.
#
# El Niño
# -------
#
# Monthly means of the sea surface temperature off Peru from 1950 to 2010, which
# statsmodels ships as a table of years and months. Twice in these years El Niño was
# very strong: NOAA's Oceanic Niño Index has it from April 1982 to June 1983 and from
# May 1997 to May 1998.

from statsmodels.datasets import elnino

years = elnino.load_pandas().data.set_index("YEAR")
months = pd.date_range(f"{years.index[0]:.0f}-01", periods=years.size, freq="MS")
frame = pd.DataFrame({"temperature": years.to_numpy().ravel()}, index=months)
past, future = slice(None, "1981"), slice("1982", None)

events = [("1982-04", "1983-06"), ("1997-05", "1998-05")]
is_event = pd.Series(0, index=months)
for first, last in events:
    is_event[first:last] = 1

# %%
# The detector learns from the years before 1982 what the twelve months up to any month
# usually look like. Nothing is removed from the series; a code of one number has room
# for the time of the year only. Behind :class:`~skrnn.SlidingWindow` every month of the
# frame has a score, also the first ones, whose windows are short and which
# `incomplete="mask"` therefore lets it train on.

from sklearn.pipeline import make_pipeline

from skrnn import SlidingWindow


def train(random_state):
    """Fit the windows and the detector to the years before 1982."""
    autoencoder = RecurrentAutoencoder(
        1,
        units=16,
        learning_rate=0.01,
        epochs=epochs,
        batch_size=16,
        incomplete="mask",
        random_state=random_state,
    )
    detector = AutoencoderDetector(autoencoder, contamination=0.05)
    return make_pipeline(SlidingWindow(12), detector).fit(frame[past])


pipelines = [train(random_state) for random_state in range(3)]
pipeline = pipelines[0]
scores = pd.Series(pipeline.score_samples(frame), index=frame.index)
flagged = pd.Series(pipeline.predict(frame) == -1, index=frame.index)
count = flagged.groupby(flagged.index.year).sum().rename_axis("year").rename("flagged")
print(count[count > 0].to_string())

# %%
# The months flagged in each year: most are in the two events and the year after each,
# because a month stays in the windows for a year. 1957/58, 1972/73 and 1987 were years
# of El Niño as well. Some months here and there are false alarms. One number cannot run
# around the year without a jump, and some windows fall into it; and the first windows,
# of a few months, are copied badly.

figure, (upper, lower) = plt.subplots(
    2, 1, figsize=(10, 6), sharex=True, layout="constrained"
)
upper.plot(frame["temperature"], color="0.4", linewidth=0.8)
upper.plot(
    frame.loc[flagged, "temperature"], ".", color="tab:red", label="flagged month"
)
upper.set_ylabel("Sea surface temperature in °C")
lower.plot(-scores, color="tab:blue", linewidth=1, label="error of the copy")
threshold = -pipeline[-1].offset_
lower.axhline(threshold, color="tab:red", linestyle="--", label="threshold")
lower.set(yscale="log", ylim=(3e-3, 10))
lower.set_ylabel("Mean squared error\nin variances of the series")
lower.axvline(pd.Timestamp("1982"), color="0.2", linestyle=":", label="end of training")
for ax in (upper, lower):
    for first, last in events:
        label = "very strong El Niño" if first == events[0][0] else None
        first, last = pd.Timestamp(first), pd.Timestamp(last) + pd.offsets.MonthEnd()
        ax.axvspan(first, last, color="tab:orange", alpha=0.3, linewidth=0, label=label)
handles = {}
for ax in (upper, lower):
    handles |= dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
figure.legend(handles.values(), handles, loc="outside lower center", ncols=5)
scores_figure = figure

# %%
# Is it better than what is simpler?
# ----------------------------------
#
# A window counts as El Niño here if at least half of its months do. Two rivals learn
# from the same years: two principal components of the flat windows, and the departure
# of each month from the mean of its calendar month, in standard deviations of that
# month, squared and averaged over the twelve months.

from sklearn.metrics import average_precision_score

flat = SlidingWindow(12, flatten=True).set_output(transform="pandas")
windows = flat.fit_transform(frame).dropna()

months_before = frame[past].groupby(frame[past].index.month)["temperature"]
number = frame.index.month
departure = frame["temperature"] - months_before.mean()[number].to_numpy()
departure /= months_before.std()[number].to_numpy()

errors = {
    "PCA, 2 components": pca_errors(PCA(2).fit(windows[past]), windows),
    "departure from the month": (departure**2).rolling(12).mean(),
}
errors |= {
    f"autoencoder, seed {seed}": pd.Series(-each.score_samples(frame), index=months)
    for seed, each in enumerate(pipelines)
}
truth = is_event.rolling(12).sum()[future] >= 6
table = pd.DataFrame(
    {
        "ROC AUC": [roc_auc_score(truth, each[future]) for each in errors.values()],
        "average precision": [
            average_precision_score(truth, each[future]) for each in errors.values()
        ],
    },
    index=list(errors),
)
print(table.round(3).to_string())

# %%
# No, it is not. All of them rank the windows of the two events far above most others.
# By the area the networks lie between the two rivals, by the average precision beside
# the principal components; longer codes did no better. The departure from the month is
# as good or better, takes three lines, and knows whether the water was warm or cold
# before it is squared. El Niño is a large departure from a regular year, which needs no
# network. A network pays where what is usual has a shape that no mean and no plane
# describes, as that of the waves above.

# %%

# sphinx_gallery_start_ignore
if options.output:
    options.output.mkdir(parents=True, exist_ok=True)
    codes_figure.savefig(options.output / "codes.png", dpi=150)
    scores_figure.savefig(options.output / "scores.png", dpi=150)
    print(f"Wrote codes.png and scores.png to {options.output}")
# sphinx_gallery_end_ignore
