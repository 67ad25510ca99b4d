"""Distributions that a network has learned: checks, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from skrnn._checks.places import place_of
from skrnn._index.reading import index_of
from skrnn._networks.distributions import DISTRIBUTIONS
from skrnn._scaling.scaling import Scaling
from skrnn._windows.windows import Windows

from .quantiles import DEFAULT_LOSS

__all__ = [
    "check_beside_distribution",
    "check_counts",
    "check_levels",
    "check_none_missing",
    "count_targets",
    "draw",
    "freeze",
    "quantiles_of",
    "restore_parameters",
    "scale_means",
]

Array = NDArray[np.float64]

# Levels of quantiles that are predicted if none are asked for.
USUAL = (0.1, 0.5, 0.9)

# Halvings of an interval, until nothing is left of it in float64.
N_HALVINGS = 64

# Rounding errors of counts that were divided by a scale and are multiplied by it again.
ROUNDING = 1e-12


def check_beside_distribution(regressor: Any) -> None:
    """Raise if parameters ask for something else than a distribution."""
    named = f"distribution={regressor.distribution!r}"
    if regressor.return_sequences:
        raise ValueError(
            f"return_sequences must be False with {named}. Got True instead; learn "
            "quantiles, which every step may have, or leave out one of the two."
        )
    if regressor.quantiles is not None:
        raise ValueError(
            "quantiles must be None beside a distribution, of which predict_quantiles "
            f"gives every level. Got {regressor.quantiles!r} with {named}; leave out "
            "one of the two."
        )
    if not isinstance(regressor.loss, str) or regressor.loss != DEFAULT_LOSS:
        raise ValueError(
            "loss must be left at its default beside a distribution, which is learned "
            f"by its likelihood. Got {regressor.loss!r} with {named}; leave out one of "
            "the two."
        )
    if regressor.output_activation != "auto":
        raise ValueError(
            "output_activation must be 'auto' beside a distribution, whose parameters "
            f"have activations of their own. Got {regressor.output_activation!r} with "
            f"{named}; leave out one of the two."
        )


def check_none_missing(targets: Array, distribution: str, source: Any) -> None:
    """Raise if samples lack some of their targets.

    Parameters
    ----------
    targets : ndarray of shape (n_samples, n_targets)
        Targets; NaN is missing.
    distribution : str
        One of `DISTRIBUTIONS`.
    source : array-like
        What the caller passed, which may have names and stamps.
    """
    place = place_of(np.isnan(targets), source, index_of(source))
    if place is not None:
        raise ValueError(
            f"y must have all targets of a sample for distribution={distribution!r}. "
            f"Got NaN in {place}; learn quantiles, for which some may be missing, or "
            "leave out such samples by sample_weight=~np.isnan(y).any(axis=1)."
        )


def check_counts(
    windows: Windows,
    targets: Array,
    counted: NDArray[np.bool_],
    distribution: str,
    source: Any,
) -> None:
    """Raise if targets of a distribution of counts are none.

    Parameters
    ----------
    windows : Windows
        Windows, which may have scales of their own.
    targets : ndarray of shape (n_samples, n_targets)
        Targets, divided by these.
    counted : ndarray of bool of shape (n_samples,)
        Samples that are not left out.
    distribution : str
        One of `DISTRIBUTIONS`.
    source : array-like
        What the caller passed, which may have names and stamps.
    """
    values = targets * _own_units(windows, targets.shape[1])
    is_count = np.abs(values - np.rint(values)) <= ROUNDING * np.abs(values)
    bad = ((values < 0) | ~is_count) & counted[:, None]
    place = place_of(bad, source, index_of(source))
    if place is not None:
        raise ValueError(
            f"y must hold counts, whole numbers of at least 0, for distribution="
            f"{distribution!r}. Got {values[bad][0]:g} in {place}; pass numbers of "
            "events that are not scaled, or choose distribution='normal', or for "
            "positive numbers of another kind loss='poisson', which learns their mean."
        )


def check_levels(asked: Any) -> Array:
    """Return levels of quantiles as an array, and raise if they are none."""
    levels = np.atleast_1d(np.asarray(USUAL if asked is None else asked, dtype=float))
    if levels.ndim > 1 or not len(levels) or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(
            "quantiles must be numbers above 0 and below 1, such as [0.1, 0.5, 0.9]. "
            f"Got {asked!r} instead."
        )
    return levels


def count_targets(
    windows: Windows, targets: Array, scaling: Scaling
) -> NDArray[np.float32]:
    """Return counts, which their likelihood needs as they are, with units behind them.

    Parameters
    ----------
    windows : Windows
        Windows, which may have scales of their own.
    targets : ndarray of shape (n_samples, n_targets)
        Targets, divided by these.
    scaling : Scaling
        Scaling of the targets.

    Returns
    -------
    targets : ndarray of shape (n_samples, 2 * n_targets)
        Counts, and what their means on the scale of training are multiplied by.
    """
    own_units = _own_units(windows, targets.shape[1])
    units = own_units * scaling.y_scale
    counts = np.rint(targets * own_units)
    return np.hstack([counts, units]).astype(np.float32)


def _own_units(windows: Windows, n_targets: int) -> Array:
    """Return what the targets of each window were divided by."""
    own = windows.own_scale
    if own is None or own.scale is None:
        return np.ones((len(windows), n_targets))
    return np.tile(own.scale, n_targets // own.scale.shape[1])


def restore_parameters(
    values: NDArray[np.float32], scaling: Scaling, distribution: str
) -> Array:
    """Return parameters on the scale of training in the units of the targets.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_targets, n_parameters)
        What a network gives.
    scaling : Scaling
        Scaling of the targets.
    distribution : str
        One of `DISTRIBUTIONS`.
    """
    restored = values.astype(np.float64)
    for place, name in enumerate(DISTRIBUTIONS[distribution].parameters):
        if name == "mean":
            restored[..., place] = scaling.restore_targets(values[..., place])
        elif name in ("deviation", "size"):
            # Of constant targets it would be 0, of which SciPy makes NaN.
            scaled = restored[..., place] * scaling.y_scale
            restored[..., place] = np.maximum(scaled, np.finfo(np.float64).tiny)
    return restored


def freeze(distribution: str, parameters: Array) -> Any:
    """Return distributions of SciPy's.

    Parameters
    ----------
    distribution : str
        One of `DISTRIBUTIONS`.
    parameters : ndarray of shape (..., n_parameters)
        In the units of the targets.

    Returns
    -------
    frozen : scipy.stats distribution
        Of the shape of the first axes.
    """
    mean, *others = np.moveaxis(parameters, -1, 0)
    if distribution == "normal":
        return stats.norm(mean, *others)
    if distribution == "student_t":
        size, freedom = others
        return stats.t(freedom, mean, size)
    if distribution == "poisson":
        return stats.poisson(mean)
    (dispersion,) = others
    return stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))


def scale_means(
    distribution: str, networks: Sequence[Array], units: Array | None
) -> list[Array]:
    """Multiply the means of counts by units, if there are any.

    Parameters
    ----------
    distribution : str
        One of `DISTRIBUTIONS`.
    networks : list of ndarray of shape (n_rows, n_targets, n_parameters)
        Parameters by each network.
    units : ndarray of shape (n_rows, n_targets) or None
        What counts were divided by.
    """
    if units is None:
        return list(networks)
    factors = np.ones(networks[0].shape)
    factors[..., 0] = units
    return [each * factors for each in networks]


def quantiles_of(distribution: str, networks: Sequence[Array], levels: Array) -> Array:
    """Return quantiles of a distribution, or of the mixture of those of networks.

    Parameters
    ----------
    distribution : str
        One of `DISTRIBUTIONS`.
    networks : list of ndarray of shape (..., n_parameters)
        Parameters by each network.
    levels : ndarray of shape (n_levels,)
        Levels.

    Returns
    -------
    values : ndarray of shape (..., n_levels)
    """
    parts = [freeze(distribution, each[..., None, :]) for each in networks]
    ends = np.stack([part.ppf(levels) for part in parts])
    if len(parts) == 1:
        return np.asarray(ends[0])
    low, high = ends.min(axis=0), ends.max(axis=0)
    of_counts = DISTRIBUTIONS[distribution].of_counts
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2
        middle = np.floor(middle) if of_counts else middle
        reached = np.mean([part.cdf(middle) for part in parts], axis=0) >= levels
        high = np.where(reached & (low < high), middle, high)
        low = np.where(reached, low, np.minimum(middle + of_counts, high))
    return high


def draw(
    distribution: str, networks: Sequence[Array], n_samples: int, random: Any
) -> NDArray[Any]:
    """Draw from a distribution, or from that of a network chosen for each draw.

    Parameters
    ----------
    distribution : str
        One of `DISTRIBUTIONS`.
    networks : list of ndarray of shape (n_rows, n_targets, n_parameters)
        Parameters by each network.
    n_samples : int
        Numbers to draw.
    random : RandomState
        What random numbers come from.

    Returns
    -------
    values : ndarray of shape (n_rows, n_targets, n_samples)
    """
    n_rows, n_targets, _ = networks[0].shape
    parameters = np.repeat(networks[0][:, :, None], n_samples, axis=2)
    if len(networks) > 1:
        chosen = random.randint(len(networks), size=(n_rows, 1, n_samples))
        for number, each in enumerate(networks[1:], start=1):
            is_chosen = (chosen == number)[..., None]
            parameters = np.where(is_chosen, each[:, :, None], parameters)
    shape = (n_rows, n_targets, n_samples)
    return np.asarray(freeze(distribution, parameters).rvs(shape, random_state=random))
