"""The encoder of a fitted autoencoder, from which a recurrent estimator starts."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import NotFittedError

from skrnn._networks.description import RecurrentNetwork
from skrnn._networks.layer import places_of_recurrent

from .inside import thaw

__all__ = ["check_pretrained", "weights_of_encoder"]

# What sets those properties of a network that are no parameters.
PARAMETER_OF = {"cell": "the class of the estimator", "n_features": "the columns of X"}


def check_pretrained(pretrained: Any, network: RecurrentNetwork) -> Any:
    """Return the autoencoder whose encoder a network starts from, or None.

    Parameters
    ----------
    pretrained : RecurrentAutoencoder, FrozenEstimator or None
        What the user gave.
    network : RecurrentNetwork
        The network, which must have the encoder's recurrent layers.
    """
    if pretrained is None:
        if network.frozen:
            raise ValueError(
                "freeze_pretrained=True needs pretrained, whose weights it keeps. Got "
                "pretrained=None instead; pass a fitted RecurrentAutoencoder."
            )
        return None
    pretrained = thaw(pretrained)
    if not hasattr(pretrained, "weights_"):
        raise NotFittedError(
            "pretrained must be a fitted RecurrentAutoencoder; call its fit. In a grid "
            "of parameters, which are cloned, wrap it into "
            "sklearn.frozen.FrozenEstimator."
        )
    _check_same_layers(pretrained._network, network)
    return pretrained


def weights_of_encoder(autoencoder: Any, network: RecurrentNetwork) -> dict[int, Any]:
    """Return the recurrent weights of an encoder by their places in a network."""
    places = places_of_recurrent(network.layers)
    return dict(zip(places, autoencoder.recurrent_weights(), strict=True))


def _check_same_layers(encoder: Any, network: RecurrentNetwork) -> None:
    """Raise if recurrent weights have another shape or meaning in the two networks."""
    if network.categories:
        raise ValueError(
            "categories must be None with pretrained, whose encoder reads codes as "
            "numbers. Got both; set categories=None, or pretrained=None."
        )
    # The encoder has no such parameters: it reads single steps, forwards, as they are.
    needed = {"dense_before": (), "bidirectional": False, "segment": 1}
    names = ("cell", "units", "activation", "n_features")
    needed |= {name: getattr(encoder, name) for name in names}
    for name, value in needed.items():
        got = getattr(network, name)
        if got != value:
            raise ValueError(
                f"pretrained has an encoder with {name}={value!r}, which must be that "
                f"of the estimator. Got {name}={got!r} instead; change "
                f"{PARAMETER_OF.get(name, name)}, or fit another RecurrentAutoencoder."
            )
