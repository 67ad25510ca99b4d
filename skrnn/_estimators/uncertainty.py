"""Quantiles and distributions that a recurrent regressor predicts."""

from __future__ import annotations

from numbers import Integral

from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .distributions import check_levels, draw, freeze, quantiles_of, scale_means
from .quantiles import check_within, interpolate

__all__ = ["UncertaintyMixin"]


def _has_quantiles(regressor):
    """Return whether a regressor predicts quantiles; raise with the way to them."""
    network = vars(regressor).get("_network")
    learns = regressor.quantiles is not None or regressor.distribution is not None
    if learns if network is None else network.has_parts:
        return True
    raise AttributeError(
        "predict_quantiles needs a network that has learned quantiles or a "
        "distribution; fit with quantiles=(0.1, 0.5, 0.9), for instance, or with "
        "distribution='normal'."
    )


def _has_distribution(regressor):
    """Return whether a regressor predicts distributions; raise with the way to them."""
    network = vars(regressor).get("_network")
    learned = regressor.distribution if network is None else network.distribution
    if learned:
        return True
    raise AttributeError(
        "predict_distribution and sample_y need a network that has learned a "
        "distribution; fit with distribution='normal' or, for counts, "
        "'negative_binomial'."
    )


class UncertaintyMixin:
    """What a regressor predicts beside a single number."""

    @available_if(_has_quantiles)
    def predict_quantiles(self, X, quantiles=None):
        """Predict quantiles of the targets of windows.

        They never cross: a higher level has no lower value. With `quantiles` the median
        is what `predict` returns, with `distribution` `predict` returns the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, as in `predict`.
        quantiles : array-like of float, default=None
            Levels from the lowest to the highest one learned, in any order. Those
            between are interpolated, linearly in the quantiles of a normal
            distribution. None means those learned. With `distribution` they are any
            levels between 0 and 1, and None means 0.1, 0.5 and 0.9.

        Returns
        -------
        values : ndarray of shape (n_samples, n_quantiles) or (n_samples, n_targets, \
                n_quantiles)
            Quantiles in the units of y. With `return_sequences` the axis of steps comes
            behind that of samples.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If a level lies outside of those learned; also as in `predict`.
        TypeError
            If X holds dates.
        """
        check_is_fitted(self)
        if self._network.distribution:
            y = self._quantiles_of(X, check_levels(quantiles))
            return y[:, 0] if self._one_axis else y
        learned = self._network.quantiles
        asked = check_within(learned if quantiles is None else quantiles, learned)
        y = interpolate(self._outputs(X), learned, asked)
        return y[..., 0, :] if self._one_axis else y

    @available_if(_has_distribution)
    def predict_distribution(self, X):
        """Predict the distributions of the targets of windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, as in `predict`.

        Returns
        -------
        distribution : scipy.stats distribution
            A frozen distribution of the shape that `predict` returns, in the units of
            y, with methods such as `mean`, `std`, `cdf`, `ppf` and, for the likelihood
            of observations, `logpdf` or, of counts, `logpmf`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has several networks, whose mixture SciPy does not know; also as in
            `predict`.
        TypeError
            If X holds dates.
        """
        networks = self._outputs_of_networks(X)
        if len(networks) > 1:
            raise ValueError(
                "predict_distribution needs n_networks=1, because SciPy knows no "
                f"mixture of distributions. Got {len(networks)} networks; call it for "
                "one of estimators_, or use predict_quantiles and sample_y, which take "
                "the mixture."
            )
        values = networks[0][:, 0] if self._one_axis else networks[0]
        return freeze(self._network.distribution, values)

    @available_if(_has_distribution)
    def sample_y(self, X, n_samples=1, *, random_state=None):
        """Draw targets of windows from their predicted distributions.

        Each is drawn independently of those of other windows and targets. Of several
        networks one is chosen at random for each window and draw.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, as in `predict`.
        n_samples : int, default=1
            Numbers to draw for each window; at least 1.
        random_state : int, RandomState instance or None, default=None
            Determines the draws. Pass an int for the same ones in every call.

        Returns
        -------
        y : ndarray of shape (n_windows, n_samples) or (n_windows, n_targets, n_samples)
            The draws, in the units of y.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As in `predict`.
        """
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        random = check_random_state(random_state)
        y = self._draw(X, int(n_samples), random)
        return y[:, 0] if self._one_axis else y

    def _quantiles_of(self, X, levels, units=None):
        """Return quantiles of distributions, of shape (n_samples, n_targets, n_levels).

        A forecaster, whose counts are divided by units, gets quantiles of the counts.
        """
        name, networks = self._network.distribution, self._outputs_of_networks(X)
        return quantiles_of(name, scale_means(name, networks, units), levels)

    def _draw(self, X, n_samples, random, units=None):
        """Return draws of shape (n_samples, n_targets, n_draws), of counts as above."""
        name, networks = self._network.distribution, self._outputs_of_networks(X)
        return draw(name, scale_means(name, networks, units), n_samples, random)
