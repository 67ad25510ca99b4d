"""The outputs of a network that suit a loss, and the scale of targets that suits both.

A loss that takes logarithms or quotients means something else, or nothing, on targets
that are shifted to a mean of zero, and on outputs that can be negative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DOMAINS",
    "OF_ACTIVATIONS",
    "Outputs",
    "choose_outputs",
    "choose_outputs_of_copies",
    "starting_bias",
]

Array = NDArray[np.float64]


class Outputs(NamedTuple):
    """Outputs of a network, and how targets are scaled for them.

    Parameters
    ----------
    activation : str
        Activation of the outputs.
    scaling : {"standard", "scale", "none"}
        What `standardize` does to targets: scales them to zero mean and unit variance;
        divides them by their root mean square; leaves them as they are.
    domains : tuple of str
        What targets must be: names of `DOMAINS`.
    """

    activation: str
    scaling: str
    domains: tuple[str, ...]


class Domain(NamedTuple):
    """What targets must be.

    Parameters
    ----------
    words : str
        Continues "y must be" or "X must be".
    is_outside : callable
        From targets of shape (n_samples, n_targets) to the places of those that are
        something else.
    way_out : str
        What to do about these.
    """

    words: str
    is_outside: Callable[[Array], NDArray[np.bool_]]
    way_out: str


class Rule(NamedTuple):
    """What a loss asks for; of its activations the first one is the default."""

    activations: tuple[str, ...]
    scaling: str
    domain: str


# Shares are often rounded to three digits.
TOLERANCE_OF_SUM = 1e-3

# Smallest mean that outputs start at.
SMALLEST_MEAN = 1e-3


def _is_no_share(y: Array) -> NDArray[np.bool_]:
    # The sum of a row with missing values is NaN, and tells nothing.
    is_other_sum = np.abs(y.sum(axis=1, keepdims=True) - 1) > TOLERANCE_OF_SUM
    return (y < 0) | (y > 1) | is_other_sum


DOMAINS = {
    "not negative": Domain(
        "at least 0", lambda y: y < 0, "add a constant to y, or choose loss='mae'"
    ),
    "not zero": Domain(
        "other than 0", lambda y: y == 0, "leave these rows out, or choose loss='mae'"
    ),
    "probability": Domain(
        "from 0 to 1",
        lambda y: (y < 0) | (y > 1),
        "scale it to these, or choose loss='mse'",
    ),
    "shares": Domain(
        "shares from 0 to 1, which sum to 1 in each row",
        _is_no_share,
        "divide each row by its sum, or choose loss='mse'",
    ),
    "direction": Domain(
        "vectors of at least two columns",
        lambda y: np.full(y.shape, y.shape[1] < 2),
        "choose another loss, such as 'mae'",
    ),
}

# What the scale and the targets are by the activation of the outputs alone.
OF_ACTIVATIONS = {
    "linear": ("standard", ""),
    "softplus": ("scale", "not negative"),
    "exponential": ("scale", "not negative"),
    "sigmoid": ("none", "probability"),
    "softmax": ("none", "shares"),
}

# By the names of Keras's functions. Quotients and Poisson's likelihood do not change
# with the unit of targets, logarithms of 1 + y do.
OF_LOSSES = {
    "poisson": Rule(("softplus", "exponential"), "scale", "not negative"),
    "mean_squared_logarithmic_error": Rule(
        ("exponential", "softplus"), "none", "not negative"
    ),
    "mean_absolute_percentage_error": Rule(
        ("linear", "softplus", "exponential"), "scale", "not zero"
    ),
    "cosine_similarity": Rule(("linear",), "none", "direction"),
    **dict.fromkeys(
        ("binary_crossentropy", "binary_focal_crossentropy"),
        Rule(("sigmoid",), "none", "probability"),
    ),
    **dict.fromkeys(
        ("kl_divergence", "categorical_crossentropy", "categorical_focal_crossentropy"),
        Rule(("softmax",), "none", "shares"),
    ),
}

LOSSES_OF_CLASSES = {
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "ctc",
    "dice",
    "hinge",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
}


def choose_outputs(name: str, activation: str, loss: Any) -> Outputs:
    """Choose the activation of the outputs and the scale of targets for a loss.

    Parameters
    ----------
    name : str
        Name of Keras's function for the loss; empty for any other loss.
    activation : str
        What the user chose, or "auto".
    loss : object
        The loss, for messages.

    Raises
    ------
    ValueError
        If the loss is one of classes, or does not suit the activation.
    """
    if name in LOSSES_OF_CLASSES:
        raise ValueError(
            f"loss must compare numbers. Got {loss!r} instead, a loss of classes or of "
            "labels; choose a loss such as 'mse', or use a classifier such as "
            "LSTMClassifier."
        )
    rule = OF_LOSSES.get(name)
    if activation == "auto":
        activation = rule.activations[0] if rule else "linear"
    scaling, domain = OF_ACTIVATIONS[activation]
    if rule is None:
        return Outputs(activation, scaling, (domain,) if domain else ())
    if activation not in rule.activations:
        suited = " or ".join(map(repr, ("auto", *rule.activations)))
        raise ValueError(
            f"output_activation must be {suited} for loss={loss!r}. Got "
            f"{activation!r} instead; change one of the two."
        )
    domains = dict.fromkeys((rule.domain, domain))
    return Outputs(activation, rule.scaling, tuple(filter(None, domains)))


def choose_outputs_of_copies(name: str, loss: Any) -> Outputs:
    """Choose the outputs of a network that copies its inputs; see `choose_outputs`.

    Inputs are standardized, but for a loss of probabilities, for which they stay as
    they are.
    """
    rule = OF_LOSSES.get(name)
    known = rule is None or rule.activations in (("linear",), ("sigmoid",))
    if name in LOSSES_OF_CLASSES or not known:
        raise ValueError(
            "loss must compare numbers of either sign, as inputs are that are scaled "
            "to a mean of zero, or be a binary crossentropy of inputs from 0 to 1. Got "
            f"{loss!r} instead; choose a loss such as 'mse' or 'mae', for numbers that "
            "are never negative after X = np.log1p(X)."
        )
    if rule is None:
        return Outputs("linear", "standard", ())
    scaling = "none" if rule.activations == ("sigmoid",) else "standard"
    return Outputs(rule.activations[0], scaling, (rule.domain,))


def starting_bias(activation: str, mean: Array) -> Array:
    """Return the biases for which outputs are the means of their targets.

    Without them a network would begin by learning the level, which takes long if it is
    far from 0 on the scale of the bias.

    Parameters
    ----------
    activation : str
        Activation of the outputs.
    mean : ndarray of shape (n_targets,)
        Mean of each target on the scale of training.
    """
    # Not lower, where the slopes of these functions are small: a first chunk of data
    # may hold nothing but zeros.
    positive = np.maximum(mean, SMALLEST_MEAN)
    if activation == "softplus":
        return positive + np.log(-np.expm1(-positive))
    if activation == "sigmoid":
        share = np.minimum(positive, 1 - SMALLEST_MEAN)
        return np.log(share) - np.log1p(-share)
    return np.log(positive)
