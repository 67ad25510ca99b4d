"""How well detectors find the outliers of sets that ship with scikit-learn.

Not a speed benchmark: it prints how good the scores are, and the seconds only say what
they cost; the first ones of an autoencoder hold its compilation. Nothing is fitted or
tuned on labels, and the settings are the same on all sets.

The sets are the digits, with each class in turn as the outliers, breast cancer with the
malignant tumours, and wine with the third cultivar. There are two protocols:

- "inliers only": fitted on a random half of the inliers, and judged on the other half
  and as many outliers as make a tenth of the rows.
- "contaminated": fitted and judged on all inliers and as many outliers as make a
  twentieth of the rows.

The rows are drawn anew with each seed, which is also that of the detectors. Columns are
standardized for all of them.
"""

import time

import numpy as np
from side_by_side import parse_arguments, print_table
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import Autoencoder, AutoencoderDetector

PROTOCOLS = {"inliers only": 0.1, "contaminated": 0.05}


class PCADetector(BaseEstimator):
    """Scores rows by what their principal components leave out."""

    def __init__(self, n_components):
        self.n_components = n_components

    def fit(self, X, y=None):
        self.pca_ = PCA(self.n_components, random_state=0).fit(X)
        return self

    def score_samples(self, X):
        copies = self.pca_.inverse_transform(self.pca_.transform(X))
        return -np.mean((X - copies) ** 2, axis=1)


def detectors(seed):
    """Give the detectors: two autoencoders, and those of scikit-learn."""
    deep = Autoencoder(
        4,
        hidden_layer_sizes=(64, 16),
        noise=0.3,
        learning_rate=0.003,
        random_state=seed,
    )
    rivals = {
        "default": AutoencoderDetector(),
        "deep": AutoencoderDetector(deep),
        "PCA, 2": PCADetector(2),
        "PCA, 90 %": PCADetector(0.9),
        "forest": IsolationForest(random_state=seed),
        "neighbours": LocalOutlierFactor(novelty=True),
    }
    return {
        name: make_pipeline(StandardScaler(), rival) for name, rival in rivals.items()
    }


def sets(digits):
    """Give rows and which of them are outliers, by name."""
    X, y = load_digits(return_X_y=True)
    found = {f"digit {digit}": (X, y == digit) for digit in digits}
    X, y = load_breast_cancer(return_X_y=True)
    found["breast cancer"] = X, y == 0
    X, y = load_wine(return_X_y=True)
    found["wine"] = X, y == 2
    return found


def draw(X, is_outlier, protocol, rng):
    """Draw the rows to fit, those to judge, and which of these are outliers."""
    inliers = rng.permutation(np.flatnonzero(~is_outlier))
    half = len(inliers) // 2 if protocol == "inliers only" else 0
    share = PROTOCOLS[protocol]
    n_outliers = round((len(inliers) - half) * share / (1 - share))
    outliers = rng.permutation(np.flatnonzero(is_outlier))[:n_outliers]
    judged = np.concatenate([inliers[half:], outliers])
    fitted = inliers[:half] if half else judged
    return X[fitted], X[judged], is_outlier[judged]


def compare(X, is_outlier, protocol, seed):
    """Give the area, the average precision and the seconds of each detector."""
    rng = np.random.default_rng(seed)
    fitted, judged, truth = draw(X, is_outlier, protocol, rng)
    measured = {}
    for name, detector in detectors(seed).items():
        start = time.perf_counter()
        scores = -detector.fit(fitted).score_samples(judged)
        seconds = time.perf_counter() - start
        measured[name] = (
            roc_auc_score(truth, scores),
            average_precision_score(truth, scores),
            seconds,
        )
    return measured


def medians(X, is_outlier, protocol, seeds):
    runs = [compare(X, is_outlier, protocol, seed) for seed in range(seeds)]
    return {
        name: np.median([run[name] for run in runs], axis=0).tolist()
        for name in runs[0]
    }


def main():
    options = parse_arguments(__doc__)
    seeds = 1 if options.quick else 3
    digits = (1, 8) if options.quick else range(10)
    for protocol, share in PROTOCOLS.items():
        results = {
            name: medians(X, is_outlier, protocol, seeds)
            for name, (X, is_outlier) in sets(digits).items()
        }
        print(f"== {protocol}: {share:.0%} of the judged are outliers, {seeds} draws\n")
        for i, measure in enumerate(("ROC AUC", "average precision", "seconds")):
            print_measure(measure, results, i)


def print_measure(measure, results, i):
    """Print the medians of one measure, and their means over the digits."""
    rows = {key: [each[i] for each in found.values()] for key, found in results.items()}
    digits = [row for key, row in rows.items() if key.startswith("digit")]
    rows["digits, mean"] = np.mean(digits, axis=0).tolist()
    names = next(iter(results.values()))
    print_table((measure, *names), [(key, *row) for key, row in rows.items()])


if __name__ == "__main__":
    main()
