"""A Keras model compiled for prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._networks.description import Network

from .models import build_for_prediction, call_model, forget_sequence
from .placement import Placement
from .tensorflow import tf

__all__ = ["LoadedNetwork", "PredictionProgram"]


class LoadedNetwork:
    """A network, or several, that is given its weights before each use.

    Parameters
    ----------
    network : Network
        The network.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    placement : Placement
        Where and how it is computed.
    n_networks : int, default=1
        Number of networks, which differ in their weights alone.

    Attributes
    ----------
    models : list of keras.Model
        A model for each network.
    """

    def __init__(
        self, network: Network, masked: bool, placement: Placement, n_networks: int = 1
    ) -> None:
        cudnn = placement.by_cudnn
        self.models = [
            build_for_prediction(network, masked=masked, cudnn=cudnn)
            for _ in range(n_networks)
        ]
        self._loaded: list[list[np.ndarray] | None] = [None] * n_networks

    def load(self, *networks: list[np.ndarray]) -> None:
        """Set the weights of each model, unless it has equal ones."""
        for i, (model, weights) in enumerate(zip(self.models, networks, strict=True)):
            loaded = self._loaded[i]
            if loaded is None or not all(map(np.array_equal, weights, loaded)):
                model.set_weights(_filled_up(weights, model.weights))
                # Copies, because the user may change the weights in place.
                self._loaded[i] = [weight.copy() for weight in weights]


class PredictionProgram(LoadedNetwork):
    """A network, or a part of one, that predicts batches of one size.

    Parameters
    ----------
    network : Network
        The network.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    placement : Placement
        Where and how it is computed.
    batch_size : int
        Windows in a batch.
    part : str or None
        Part of the network, None for all of it.
    """

    def __init__(
        self,
        network: Network,
        masked: bool,
        placement: Placement,
        batch_size: int,
        part: str | None = None,
    ) -> None:
        super().__init__(network, masked, placement)
        (self._model,) = self.models
        self.batch_size = batch_size
        self._call = placement.compile(
            lambda windows: call_model(network, self._model, part, windows),
            tf.TensorSpec((batch_size, *network.shape_of_inputs(part)), tf.float32),
        )

    def forget_sequence(self) -> None:
        """Set the state of stateful layers to zero."""
        forget_sequence(self._model)

    def __call__(self, windows: np.ndarray) -> np.ndarray:
        """Predict up to a batch of windows of shape (n, n_steps, n_features)."""
        # A batch of another size would have to be compiled.
        short = self.batch_size - len(windows)
        filled = np.pad(windows, ((0, short), (0, 0), (0, 0))) if short else windows
        return self._call(tf.constant(filled)).numpy()[: len(windows)]


def _filled_up(weights: list[np.ndarray], variables: list[Any]) -> list[np.ndarray]:
    """Add zeros where variables are larger: for inputs that are zero themselves."""
    return [
        np.pad(
            weight,
            [(0, m - n) for n, m in zip(weight.shape, variable.shape, strict=True)],
        )
        for weight, variable in zip(weights, variables, strict=True)
    ]
