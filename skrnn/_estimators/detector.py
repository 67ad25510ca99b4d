"""Detector of outliers by their reconstruction error."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import HasMethods, Interval, fit_context
from skrnn._networks.summary import show_inside
from skrnn._serialization.names import set_module
from skrnn._serialization.state import StoredMixin

from .autoencoder import Autoencoder

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
        fitted itself. None is ``Autoencoder(random_state=0)``.
    contamination : float in (0, 0.5], default=0.1
        Fraction of the training samples that are outliers.

    Attributes
    ----------
    autoencoder_ : estimator
        The fitted autoencoder.
    offset_ : float
        Score below which a sample is an outlier: ``decision_function`` is
        ``score_samples - offset_``. The fraction `contamination` of the training
        samples lies below it.
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
    }

    def __init__(self, autoencoder=None, *, contamination=0.1):
        self.autoencoder = autoencoder
        self.contamination = contamination

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._new_autoencoder())
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        return tags

    def _sk_visual_block_(self):
        return show_inside(self, "autoencoder")

    # The user sets the parameters of the autoencoder, so its `fit` checks them too.
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Train the autoencoder, and find the score that separates the outliers.

        Parameters
        ----------
        X : array-like
            Samples, of the shape that the autoencoder takes.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted detector.

        Raises
        ------
        ValueError, TypeError, FloatingPointError
            As in the `fit` of the autoencoder.
        """
        autoencoder = self._new_autoencoder().fit(X)
        scores = autoencoder.score_samples(X)
        set_fitted(
            self,
            {
                "autoencoder_": autoencoder,
                # As `sklearn.ensemble.IsolationForest` sets its threshold.
                "offset_": float(
                    np.percentile(scores, 100.0 * float(self.contamination))
                ),
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
            Scores of the autoencoder.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError, TypeError
            If X has other features or steps than in `fit`, or holds infinite values or
            dates.
        """
        check_is_fitted(self)
        return self.autoencoder_.score_samples(X)

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
            -1 for outliers, 1 for others.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _new_autoencoder(self):
        if self.autoencoder is None:
            # Seeded, because scikit-learn's checks expect equal fits by default.
            return Autoencoder(random_state=0)
        return clone(self.autoencoder)
