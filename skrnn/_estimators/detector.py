"""Detector of outliers by their reconstruction error."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fit_arguments import names_parameters
from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import HasMethods, Interval, fit_context
from skrnn._checks.targets import check_sample_weight
from skrnn._networks.summary import show_inside
from skrnn._serialization.names import set_module
from skrnn._serialization.state import StoredMixin

from .autoencoder import Autoencoder
from .inside import find_weight_parameter, open_pipelines

__all__ = ["AutoencoderDetector"]


@set_module("skrnn")
class AutoencoderDetector(StoredMixin, OutlierMixin, BaseEstimator):
    """Find outliers as the samples that an autoencoder copies worst.

    An autoencoder that has learned to copy ordinary samples copies unusual ones badly
    (anomaly detection by reconstruction error). The detector has the methods of
    scikit-learn's, such as `sklearn.ensemble.IsolationForest`. Behind a `SlidingWindow`
    in a Pipeline it judges every row of a series by the window that ends with it.

    Parameters
    ----------
    autoencoder : estimator, default=None
        Any of the autoencoders, or a Pipeline that ends with one; it is cloned, not
        fitted itself. None is ``Autoencoder(random_state=0)``. A fitted one in a
        `sklearn.frozen.FrozenEstimator` is taken as it is, and `fit` learns only the
        threshold.
    contamination : float in (0, 0.5], default=0.1
        Fraction of the samples that the threshold is learned from that are outliers.
    held_out : float in [0, 1), default=0.0
        Fraction of the samples, the last ones, that the autoencoder is not trained on
        and the threshold is learned from. An autoencoder that has learned its samples
        by heart copies all new ones worse, and would mark most of them by a threshold
        from the training samples, which is what 0 takes. A frozen autoencoder is not
        trained on any, and the threshold is learned from all.
    average_windows : bool, default=False
        Whether the score of a window is that of its last row, averaged over all windows
        that hold this row, as `RecurrentAutoencoder.score_rows` returns it. An odd row
        then stands out alone, not with all windows that it is in.

    Attributes
    ----------
    autoencoder_ : estimator
        The fitted autoencoder.
    offset_ : float
        Score below which a sample is an outlier: ``decision_function`` is
        ``score_samples - offset_``. The fraction `contamination` of the samples that it
        was learned from lies below it.
    n_features_in_ : int
        Columns of X, or features of each step of a window.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X was a frame.

    See Also
    --------
    sklearn.ensemble.IsolationForest : Outliers as what random trees isolate soon.
    sklearn.neighbors.LocalOutlierFactor : Outliers as points with far neighbours.

    Notes
    -----
    The first windows of a series begin with missing steps. They count in `offset_` like
    all others, but with ``incomplete="skip"`` the autoencoder has not learned to copy
    such windows; set it to "mask" where they shall not stand out.

    An autoencoder that is large enough copies outliers too. Keep the code short, or
    use noise, so that it can copy only what is common; and compare with the
    reconstruction error of principal components before trusting it.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import Autoencoder, AutoencoderDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 1)) @ [[1.0, 2.0, -1.0]]
    >>> X[7] = [1.0, -2.0, 1.0]
    >>> autoencoder = Autoencoder(1, learning_rate=0.01, random_state=0)
    >>> detector = AutoencoderDetector(autoencoder, contamination=0.005)
    >>> np.flatnonzero(detector.fit_predict(X) == -1)
    array([7])
    """

    _parameter_constraints = {
        "autoencoder": [HasMethods(["fit", "score_samples", "get_params"]), None],
        "contamination": [Interval(Real, 0, 0.5, closed="right")],
        "held_out": [Interval(Real, 0, 1, closed="left")],
        "average_windows": ["boolean"],
    }

    _private_fields = {"averages_windows": "_averages_windows"}

    # What states lack that were stored before scores could be averaged.
    _averages_windows = False

    def __init__(
        self,
        autoencoder=None,
        *,
        contamination=0.1,
        held_out=0.0,
        average_windows=False,
    ):
        self.autoencoder = autoencoder
        self.contamination = contamination
        self.held_out = held_out
        self.average_windows = average_windows

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._new_autoencoder())
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        return tags

    def _sk_visual_block_(self):
        return show_inside(self, "autoencoder")

    # The user sets the parameters of the autoencoder, so its `fit` checks them too.
    @names_parameters
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, sample_weight=None):
        """Train the autoencoder, and find the score that separates the outliers.

        Parameters
        ----------
        X : array-like
            Samples, of the shape that the autoencoder takes.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, with which the autoencoder is trained and the threshold learned:
            `contamination` is then the fraction of the weights below it. A sample of
            weight 0 is left out.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        NotFittedError
            If the autoencoder is frozen and not fitted.
        ValueError, TypeError, FloatingPointError
            As in the `fit` of the autoencoder. A ValueError also if no sample to learn
            the threshold from has an observed value, if `average_windows` is set and
            the autoencoder is not a RecurrentAutoencoder, or if the `fit` of the
            autoencoder does not take weights.
        """
        autoencoder = self._new_autoencoder()
        _check_scores_rows(autoencoder, self.average_windows)
        training, others = self._divide(X)
        passed, weights = {}, None
        if sample_weight is not None:
            sized = X if hasattr(X, "__len__") else np.asarray(X)
            weights = check_sample_weight(sample_weight, len(sized))
            of_training, weights = self._divide(weights)
            passed = self._pass_on(of_training)
        autoencoder.fit(training, None, **passed)
        scores = _score(autoencoder, others, by_row=self.average_windows)
        set_fitted(
            self,
            {
                "autoencoder_": autoencoder,
                "offset_": _threshold(scores, float(self.contamination), weights),
                "_averages_windows": bool(self.average_windows),
                "n_features_in_": getattr(autoencoder, "n_features_in_", None),
                "feature_names_in_": getattr(autoencoder, "feature_names_in_", None),
            },
        )
        return self

    def score_samples(self, X):
        """Return minus the reconstruction error: lower is more abnormal.

        Parameters
        ----------
        X : array-like
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Scores of the autoencoder; NaN for a sample without any observed value.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError, TypeError
            If X has other features or steps than in `fit`, or holds infinite values or
            dates.
        """
        check_is_fitted(self)
        return _score(self.autoencoder_, X, by_row=self._averages_windows)

    def score_features(self, X):
        """Return minus the reconstruction error of each value: which of them are odd.

        Parameters
        ----------
        X : array-like
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            The `score_features` of the autoencoder: a sample's score is their mean,
            NaN left out, unless `average_windows` is set. Of a Pipeline they are those
            of what reaches its last step.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As in `score_samples`.
        """
        check_is_fitted(self)
        autoencoder, X = _reach(self.autoencoder_, X)
        return autoencoder.score_features(X)

    def decision_function(self, X):
        """Return the scores less the threshold: negative is an outlier.

        Parameters
        ----------
        X : array-like
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            ``score_samples(X) - offset_``.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        """Predict whether samples are outliers.

        Parameters
        ----------
        X : array-like
            Samples.

        Returns
        -------
        is_inlier : ndarray of shape (n_samples,)
            -1 for outliers, 1 for others, and 0 for samples without any observed value,
            of which neither can be said.
        """
        decision = self.decision_function(X)
        return np.where(np.isnan(decision), 0, np.where(decision < 0, -1, 1))

    def _divide(self, X):
        """Return samples to train on, and those to learn the threshold from."""
        if self.held_out == 0 or isinstance(self.autoencoder, FrozenEstimator):
            return X, X
        return train_test_split(X, test_size=float(self.held_out), shuffle=False)

    def _pass_on(self, weights):
        """Return weights by the parameter of the autoencoder that takes them."""
        if isinstance(self.autoencoder, FrozenEstimator):
            return {}
        name = find_weight_parameter(self._new_autoencoder())
        if name is None:
            raise ValueError(
                "sample_weight needs an autoencoder whose fit takes it. Got "
                f"{self.autoencoder!r}, which does not; leave sample_weight out."
            )
        return {name: weights}

    def _new_autoencoder(self):
        if self.autoencoder is None:
            # Seeded, because scikit-learn's checks expect equal fits by default.
            return Autoencoder(random_state=0)
        return clone(self.autoencoder)


def _score(autoencoder, X, *, by_row):
    """Return the scores of samples, or of the last rows of windows."""
    if not by_row:
        return autoencoder.score_samples(X)
    autoencoder, X = _reach(autoencoder, X)
    return autoencoder.score_rows(X)


def _reach(autoencoder, X):
    """Return the autoencoder in Pipelines, and X as it gets it."""
    transformers, autoencoder = open_pipelines(autoencoder)
    for transformer in transformers:
        X = transformer.transform(X)
    return autoencoder, X


def _check_scores_rows(autoencoder, average_windows):
    """Raise if scores are to be averaged over windows by what has no windows."""
    _, last = open_pipelines(autoencoder)
    if average_windows and not hasattr(last, "score_rows"):
        raise ValueError(
            "average_windows needs an autoencoder of windows, RecurrentAutoencoder. "
            f"Got {type(last).__name__}; set average_windows=False."
        )


def _threshold(scores, contamination, weights):
    """Return the score below which a fraction of the weights of samples lies."""
    weights = np.ones(len(scores)) if weights is None else weights
    known = ~np.isnan(scores) & (weights > 0)
    if not known.any():
        raise ValueError(
            "The threshold needs samples with observed values. Got none among "
            f"{len(scores)}; pass other rows, or a smaller held_out."
        )
    scores, weights = scores[known], weights[known]
    if weights.min() == weights.max():
        # As `sklearn.ensemble.IsolationForest` sets its threshold.
        return float(np.percentile(scores, 100.0 * contamination))
    order = np.argsort(scores)
    below = np.cumsum(weights[order])
    return float(scores[order][np.searchsorted(below, contamination * below[-1])])
