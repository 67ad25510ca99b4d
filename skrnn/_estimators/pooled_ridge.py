"""A ridge regression for each of several groups, whose coefficients resemble."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fitted import set_fitted
from skrnn._checks.places import check_finite
from skrnn._checks.sklearn import Interval, feature_names, fit_context
from skrnn._checks.tables import check_enough_samples, check_table
from skrnn._checks.targets import check_target
from skrnn._process.memory import check_memory
from skrnn._scaling.moments import rounding
from skrnn._serialization.names import set_module
from skrnn._serialization.state import StoredMixin

__all__ = ["GroupedRidge", "PooledRidgeCV", "fit_groups"]

Array = NDArray[np.float64]

# Of its own prediction a sample lacks this share at least; less is rounding.
SMALLEST = 1e-12


@dataclass(frozen=True)
class GroupedRidge:
    """What is learned from samples in groups.

    Parameters
    ----------
    alpha : float
        The penalty.
    centre, scale : ndarray of shape (n_groups + 1, n_inputs) and (n_inputs,)
        Means of the inputs of each group, and behind them those of all samples; and
        their standard deviations around the means of groups.
    intercept : ndarray of shape (n_groups + 1, n_targets)
        Means of the targets of each group, and behind them those of all samples.
    common : ndarray of shape (n_inputs, n_targets)
        Coefficients that all groups have, of scaled inputs.
    own : ndarray of shape (n_groups, n_inputs, n_targets)
        What the coefficients of each group have besides.
    left_out : ndarray of shape (n_samples, n_targets)
        Predictions for each sample by all others; NaN for the only one of a group.
    """

    alpha: float
    centre: Array
    scale: Array
    intercept: Array
    common: Array
    own: Array
    left_out: Array


def fit_groups(
    X: Array, y: Array, codes: NDArray[np.intp], alphas: Array, pooling: float
) -> GroupedRidge:
    """Learn ridge regressions that share a part of their coefficients.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_inputs)
        Inputs.
    y : ndarray of shape (n_samples, n_targets)
        Targets.
    codes : ndarray of shape (n_samples,)
        Number of the group of each sample, from 0 on without a gap.
    alphas : ndarray of shape (n_alphas,)
        Penalties to choose from, by the squared errors in samples that are left out.
    pooling : float
        Share that groups have in common.
    """
    counts = np.bincount(codes)
    centre, intercept = (_means_of_groups(each, codes, counts) for each in (X, y))
    inputs = X - centre[codes]
    scale = _root_mean_square(inputs)
    scale = np.where(scale > rounding(np.abs(X).max(axis=0)), scale, 1.0)
    inputs /= scale
    products = inputs @ inputs.T
    products[codes[:, None] != codes] *= pooling
    targets = y - intercept[codes]
    unit = np.abs(targets).max() or 1.0
    alpha, dual, residuals = _choose_penalty(
        products, targets / unit, counts[codes], alphas
    )
    is_in = [codes == code for code in range(len(counts))]
    sums = unit * np.array([inputs[own].T @ dual[own] for own in is_in])
    return GroupedRidge(
        alpha=alpha,
        centre=np.vstack([centre, X.mean(axis=0)]),
        scale=scale,
        intercept=np.vstack([intercept, y.mean(axis=0)]),
        common=pooling * sums.sum(axis=0),
        own=(1 - pooling) * sums,
        left_out=y - unit * residuals,
    )


def _root_mean_square(values: Array) -> Array:
    """Return that of each column, also where squares would overflow."""
    largest = np.abs(values).max(axis=0)
    largest = np.where(largest > 0, largest, 1.0)
    return np.asarray(largest * np.sqrt(((values / largest) ** 2).mean(axis=0)))


def _choose_penalty(
    products: Array, targets: Array, counts: NDArray[np.intp], alphas: Array
) -> tuple[float, Array, Array]:
    """Return the penalty, the weights of samples, and errors of those left out.

    Parameters
    ----------
    products : ndarray of shape (n_samples, n_samples)
        Products of the inputs of samples.
    targets : ndarray of shape (n_samples, n_targets)
        Targets around the means of groups.
    counts : ndarray of shape (n_samples,)
        Number of samples in the group of each. The only one of a group has no error.
    alphas : ndarray of shape (n_alphas,)
        Penalties to choose from.
    """
    squares, turned = np.linalg.eigh(products)
    squares, turned_targets = np.maximum(squares, 0), turned.T @ targets
    best, least, known = None, np.inf, counts > 1
    for alpha in alphas:
        weights = 1 / (squares + alpha)
        dual = turned @ (weights[:, None] * turned_targets)
        # What a sample lacks of being its own prediction.
        lacks = np.maximum(alpha * (turned**2 @ weights) - 1 / counts, SMALLEST)
        residuals = np.full_like(targets, np.nan)
        residuals[known] = alpha * dual[known] / lacks[known, None]
        error = np.mean(residuals[known] ** 2)
        if best is None or error < least:
            best, least = (float(alpha), dual, residuals), error
    assert best is not None
    return best


def _means_of_groups(
    values: Array, codes: NDArray[np.intp], counts: NDArray[np.intp]
) -> Array:
    sums = np.zeros((len(counts), values.shape[1]))
    np.add.at(sums, codes, values)
    return np.asarray(sums / counts[:, None])


@set_module("skrnn")
class PooledRidgeCV(StoredMixin, RegressorMixin, BaseEstimator):
    """Ridge regressions of several groups, which share a part of their coefficients.

    Between a regression for each group, which few samples leave uncertain, and one for
    all, which is wrong where groups differ, stands partial pooling: each group has
    coefficients of its own, which are drawn to those that all have in common. In an
    `AutoregressiveForecaster` of many series each series is a group, so that young ones
    learn their own seasons and what the others know.

    Parameters
    ----------
    alphas : array-like of float, default=(0.01, 0.1, 1, 10, 100, 1000)
        Penalties to choose from, all above 0: the one whose predictions for samples
        that are left out, one at a time, have the smallest squared errors. Inputs are
        scaled, so that their unit does not matter.
    pooling : float, default=0.5
        Share that groups have in common, from 0, a regression for each, to 1, the same
        coefficients for all, beside intercepts of their own.
    groups : array-like of int, default=None
        Columns of X, by place, that say to which group a sample belongs: samples that
        agree in all of them make up one. They are no inputs otherwise. Without any, []
        or None, all samples are of one group; where it is None a forecaster sets the
        columns that tell its series apart.

    Attributes
    ----------
    alpha_ : float
        The penalty that was chosen.
    groups_ : ndarray of shape (n_groups, n_columns)
        Values of the columns in `groups`, a row for each group.
    coef_ : ndarray of shape (n_groups, n_targets, n_inputs)
        Coefficients of each group, of the columns that are not in `groups`; without the
        middle axis if y has one axis.
    intercept_ : ndarray of shape (n_groups, n_targets)
        Intercepts; of shape (n_groups,) if y has one axis.
    common_coef_, common_intercept_ : ndarray
        The same for a group that `fit` has not seen, without the first axis.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if all are strings.

    See Also
    --------
    sklearn.linear_model.RidgeCV : One regression for all samples.
    AutoregressiveForecaster : Learns from many series, which are the groups.

    Notes
    -----
    A group g predicts ``b[g] + (x - m[g]) @ (w + v[g])`` for inputs x that are divided
    by their standard deviations around the means m of the groups. Minimised is
    ``sum((y - prediction)**2) + alpha * (|w|**2 / p + sum(|v[g]|**2) / (1 - p))`` with
    p for `pooling`, the multi-task learning of [1]_; intercepts are not penalised. The
    errors of samples that are left out follow in closed form from one decomposition of
    a matrix of n_samples x n_samples, whose time grows with the third power: 2000
    samples take a second or two. A group that was not seen has ``v = 0``, and the means
    of all samples.

    References
    ----------
    .. [1] Evgeniou, T., & Pontil, M. (2004). Regularized multi-task learning. In
       Proceedings of the Tenth ACM SIGKDD International Conference on Knowledge
       Discovery and Data Mining (pp. 109-117).

    Examples
    --------
    Two shops whose sales rise with the temperature, each by its own slope:

    >>> import numpy as np
    >>> from skrnn import PooledRidgeCV
    >>> shop = np.repeat([0, 1], 20)
    >>> temperature = np.tile(np.arange(20.0), 2)
    >>> sales = 100 * shop + np.where(shop == 0, 2, 3) * temperature
    >>> X = np.column_stack([shop, temperature])
    >>> ridge = PooledRidgeCV(groups=[0]).fit(X, sales)
    >>> ridge.predict([[0, 30.0], [1, 30.0]]).round(1)
    array([ 60., 190.])
    """

    _private_fields = {"places": "_places"}
    _parameter_constraints = {
        "alphas": ["array-like"],
        "pooling": [Interval(Real, 0, 1, closed="both")],
        "groups": ["array-like", None],
    }

    def __init__(
        self, alphas=(0.01, 0.1, 1.0, 10.0, 100.0, 1000.0), *, pooling=0.5, groups=None
    ):
        self.alphas = alphas
        self.pooling = pooling
        self.groups = groups

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Learn from samples in groups.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs, and the columns in `groups`.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.

        Returns
        -------
        self : PooledRidgeCV
            The fitted estimator.

        Raises
        ------
        ValueError
            If there is no penalty above 0, if `groups` are not columns of X or leave no
            input, if all groups have a single sample, or if X or y hold NaN or
            infinity, or differ in length.
        TypeError
            If X or y are no tables of numbers.
        MemoryError
            If the matrix of all samples would not fit into memory.
        """
        rows = check_table(self, X, reset=True, allow_nan=False).astype(np.float64)
        check_enough_samples(self, len(rows))
        targets = check_target(self, y, rows)
        check_finite(targets, y, None, "drop these samples", name="y")
        alphas, places = _read_alphas(self.alphas), _read_groups(self.groups, rows)
        check_memory(
            4 * 8 * len(rows) ** 2,
            f"The matrix of {len(rows)} x {len(rows)} samples of PooledRidgeCV",
            "pass fewer samples, or use sklearn.linear_model.RidgeCV",
        )
        groups, codes = _find_groups(rows[:, places])
        inputs = np.delete(rows, places, axis=1)
        columns = targets.reshape(len(rows), -1)
        learned = fit_groups(inputs, columns, codes, alphas, float(self.pooling))
        found = _attributes(learned, groups, places, targets.ndim)
        found |= {
            "n_features_in_": rows.shape[1],
            "feature_names_in_": feature_names(X),
        }
        set_fitted(self, found)
        return self

    def predict(self, X):
        """Predict by the regression of the group of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs, and the columns in `groups`.

        Returns
        -------
        predicted : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions; of a group that `fit` has not seen those of what all groups
            have in common.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If X is no table of finite numbers, or its columns are not those of `fit`.
        """
        check_is_fitted(self)
        rows = check_table(self, X, reset=False, allow_nan=False).astype(np.float64)
        inputs = np.delete(rows, self._places, axis=1)
        predicted = inputs @ self.common_coef_.T + self.common_intercept_
        for place, values in enumerate(self.groups_):
            is_own = (rows[:, self._places] == values).all(axis=1)
            if is_own.any():
                coefficients, intercept = self.coef_[place], self.intercept_[place]
                predicted[is_own] = inputs[is_own] @ coefficients.T + intercept
        return predicted


def _find_groups(names):
    """Return distinct rows of the columns that name groups, and which each row is."""
    groups, codes = names[:1], np.zeros(len(names), dtype=np.intp)
    if names.shape[1]:
        groups, codes = np.unique(names, axis=0, return_inverse=True)
        codes = codes.reshape(-1)  # NumPy 2.0 gives it an axis more.
    if np.bincount(codes).max() < 2:
        raise ValueError(
            "groups must have several samples, to learn more than means from. Got "
            f"{len(groups)} groups of one sample each; pass more samples, which in a "
            "forecaster are more rows, or a shorter window or horizon, or set "
            "groups=[], which makes all of them one group."
        )
    return groups, codes


def _attributes(learned, groups, places, n_axes):
    """Return fitted attributes, whose coefficients are those of inputs as they are."""
    weights = np.concatenate([learned.own, np.zeros_like(learned.common)[None]])
    weights = (weights + learned.common) / learned.scale[:, None]
    shifts = np.einsum("gi,git->gt", learned.centre, weights)
    intercepts = learned.intercept - shifts
    # As a copy in memory has them, so that its products are the same.
    coefficients = np.ascontiguousarray(weights.transpose(0, 2, 1))
    if n_axes == 1:
        coefficients, intercepts = coefficients[:, 0], intercepts[:, 0]
    return {
        "alpha_": learned.alpha,
        "groups_": groups,
        "coef_": coefficients[:-1],
        "intercept_": intercepts[:-1],
        "common_coef_": coefficients[-1],
        "common_intercept_": intercepts[-1],
        "_places": places,
    }


def _read_alphas(alphas):
    """Return penalties as numbers."""
    try:
        found = np.asarray([*alphas], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.empty(0)
    if (
        found.ndim != 1
        or not len(found)
        or not (np.isfinite(found) & (found > 0)).all()
    ):
        raise ValueError(
            "alphas must be finite numbers above 0, at least one. Got "
            f"{alphas!r}; (0.01, 0.1, 1, 10, 100, 1000) suits most data."
        )
    return found


def _read_groups(groups, rows):
    """Return the columns of groups as a list of places, each at most once."""
    if groups is None:
        return []
    n_columns = rows.shape[1]
    try:
        found = [*groups]
    except TypeError:
        found = [groups]
    for place in found:
        is_place = isinstance(place, Integral) and not isinstance(place, bool)
        if not is_place or not -n_columns <= place < n_columns:
            raise ValueError(
                f"groups must be columns of X by place, from 0 to {n_columns - 1}. Got "
                f"{place!r}; pass the place of the column, such as 0 for the first."
            )
    places = sorted({int(place) % n_columns for place in found})
    if len(places) == n_columns:
        raise ValueError(
            f"groups must leave a column of X to learn from. Got all {n_columns}; "
            "leave one out of groups, or pass more columns."
        )
    return places
