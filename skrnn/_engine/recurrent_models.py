"""Recurrent networks as Keras functional models."""

from __future__ import annotations

from typing import Any

from skrnn._networks.description import RecurrentNetwork
from skrnn._networks.layer import Layer
from skrnn._scaling.scaling import MISSING_CODE

from .layers import SEED
from .make_layers import make_dense, make_recurrent
from .missing import mask_missing
from .scikeras import check_activation
from .tensorflow import PRECISION, keras

__all__ = ["build_recurrent"]


def build_recurrent(
    network: RecurrentNetwork,
    *,
    masked: bool,
    widened: bool = False,
    shared: bool = True,
    cudnn: bool = False,
) -> Any:
    """Build the Keras model of a recurrent network.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    widened : bool, default=False
        Whether the layers read a column of zeros beside the features.
    shared : bool, default=True
        Whether the step of a parallel decoder is one of the last recurrent layer
        itself, and not of a copy.
    cudnn : bool, default=False
        Whether Keras may run recurrent layers by cuDNN.

    Returns
    -------
    model : keras.Model
        From windows of shape (batch, n_steps, n_features), scaled and NaN where
        nothing is observed, to (batch, n_targets), in the scale of training; of a
        network of quantiles to (batch, n_targets, n_quantiles), of a distribution to
        (batch, n_targets, n_parameters), and of one that returns sequences with an axis
        of steps behind that of the batch.

    Raises
    ------
    ValueError
        If an activation is not one of Keras's.
    """
    check_activation("activation", network.activation)
    check_activation("dense_activation", network.dense_activation)
    inputs, *layers = [layer for layer in network.layers if not layer.beside]
    windows = keras.Input(
        inputs.shape, network.batch_size, dtype=PRECISION, name=inputs.name
    )
    filled, mask = mask_missing(windows) if masked else (windows, None)
    x = keras.ops.pad(filled, ((0, 0), (0, 0), (0, 1))) if widened else filled
    builder = _Builder(network, windows, mask, shared=shared, cudnn=cudnn)
    for layer in layers:
        x = builder.add(layer, x)
    first, *others = map(builder.join_segments, network.split_outputs(x))
    if network.linear_path:
        first = first + builder.map_windows(filled)
    y = builder.join_parts([first, *others]) if network.has_parts else first
    return keras.Model(windows, y, name=f"{network.cell}_network")


class _Builder:
    """The layers of a model, each put behind the one before.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    windows : tensor of shape (batch, n_steps, n_features)
        Windows, NaN where nothing is observed.
    mask : tensor of shape (batch, n_steps) or None
        Steps at which anything is observed; None is all of them.
    shared : bool
        Whether a layer that shares weights is called again, and not copied.
    cudnn : bool
        Whether Keras may run recurrent layers by cuDNN.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        windows: Any,
        mask: Any,
        *,
        shared: bool,
        cudnn: bool,
    ) -> None:
        self._network = network
        self._windows = windows
        self._embedded: list[Any] = []
        self._mask = mask
        self._shared = shared
        self._cudnn = cudnn
        self._called_again = {layer.shares for layer in network.layers}
        self._last: Any = None
        self._state: list[Any] = []
        self._n_inputs = 0

    def add(self, layer: Layer, x: Any) -> Any:
        """Add a layer, and return what it gives for x."""
        if layer.kind == "Reshape":
            return self._fold_segments(layer, x)
        if layer.kind == "Dense":
            return make_dense(layer, self._network)(x)
        if layer.reads:
            self._embedded.append(self._embed_codes(layer))
            return x
        if layer.kind == "Concatenate":
            return self._join_features(layer, x)
        if layer.kind == "Embedding":
            return self._embed_positions(layer)
        if layer.shares:
            return self._step_ahead(layer, x)
        return self._add_recurrent(layer, x)

    def join_segments(self, x: Any) -> Any:
        """Join the segments of the outputs of each sample, if it has several."""
        if self._network.decoder != "parallel":
            return x
        segment, n_targets = self._network.segment, self._network.n_targets
        n_segments = -(-n_targets // segment)
        outputs = keras.ops.reshape(x, (-1, n_segments * segment))
        # The last segment may reach beyond the outputs that are asked for.
        return outputs[:, :n_targets]

    def join_parts(self, outputs: list[Any]) -> Any:
        """Make quantiles or parameters of outputs, (batch, n_targets, n_parts)."""
        parts = self._network.join_parts(outputs, keras.ops.softplus)
        return keras.ops.stack(parts, axis=-1)

    def map_windows(self, windows: Any) -> Any:
        """Map whole windows, missing values being 0, to the outputs."""
        layer = self._network.layers[-1]
        numbers = self._pick_numbers(windows)
        flat = keras.ops.reshape(numbers, (-1, layer.weights[0][0]))
        return make_dense(layer, self._network)(flat)

    def _embed_codes(self, layer: Layer) -> Any:
        """Return the embeddings of the codes of windows, side by side."""
        places = list(layer.reads)
        codes = keras.ops.stack([self._windows[:, :, i] for i in places], axis=-1)
        n_codes = layer.weights[0][0] - 1
        # Not left to comparisons with NaN, which ONNX takes for true.
        missing = keras.ops.full_like(codes, MISSING_CODE)
        codes = keras.ops.where(keras.ops.isnan(codes), missing, codes)
        known = keras.ops.logical_and(codes >= 0, codes < n_codes)
        codes = keras.ops.where(known, codes, keras.ops.full_like(codes, n_codes))
        width = layer.weights[0][1]
        table = _look_up_all(layer, width, self._windows[:1, :1, 0])[0]
        rows = keras.ops.take(table, keras.ops.cast(codes, "int32"), axis=0)
        return keras.ops.reshape(rows, (-1, *layer.shape))

    def _join_features(self, layer: Layer, windows: Any) -> Any:
        """Return embeddings behind the features that are numbers."""
        parts = [self._pick_numbers(windows)] if self._network.numbers else []
        parts += self._embedded
        if len(parts) == 1:
            return parts[0]
        return keras.layers.Concatenate(dtype=PRECISION, name=layer.name)(parts)

    def _pick_numbers(self, windows: Any) -> Any:
        """Return the features that are no codes of categories."""
        if not self._network.categories:
            return windows
        numbers = [windows[:, :, i] for i in self._network.numbers]
        return keras.ops.stack(numbers, axis=-1)

    def _fold_segments(self, layer: Layer, x: Any) -> Any:
        """Fold steps into one, which is masked if all of them are."""
        x = keras.layers.Reshape(layer.shape, dtype=PRECISION, name=layer.name)(x)
        if self._mask is not None:
            shape = (-1, layer.shape[0], self._network.segment)
            self._mask = keras.ops.any(keras.ops.reshape(self._mask, shape), axis=-1)
        return x

    def _add_recurrent(self, layer: Layer, x: Any) -> Any:
        goes_on = layer.name in self._called_again
        self._last = made = make_recurrent(
            layer, self._network, state=goes_on, cudnn=self._cudnn
        )
        self._n_inputs = x.shape[-1]
        if self._network.return_sequences:
            # Reshaped, so that the outputs have no mask: Keras's own loop would leave
            # out the labels of steps at which nothing is observed.
            return keras.ops.reshape(made(x, mask=self._mask), (-1, *layer.shape))
        if not goes_on:
            return made(x, mask=self._mask)
        x, *self._state = made(x, mask=self._mask)
        return x

    def _step_ahead(self, layer: Layer, positions: Any) -> Any:
        """Run one step from the last state into each segment of the outputs.

        What is one sample of the windows is `n_segments` samples, one behind the other,
        for the layers that decode.
        """
        steps = keras.ops.reshape(positions, (-1, 1, positions.shape[-1]))
        state = [keras.ops.repeat(part, layer.shape[0], axis=0) for part in self._state]
        if self._shared:
            return self._last(steps, initial_state=state)[0]
        copy = layer._replace(
            shape=layer.shape[1:], activation=self._network.activation
        )
        made = make_recurrent(copy, self._network, cudnn=self._cudnn)
        return made(steps, initial_state=state)

    def _embed_positions(self, layer: Layer) -> Any:
        """Return embeddings of all positions, (batch, n_segments, n_inputs)."""
        state = self._state[0]
        embedded = _look_up_all(layer, self._n_inputs, state[:1, :1])
        zeros = keras.ops.expand_dims(keras.ops.zeros_like(state[:, :1]), axis=-1)
        # In this order: Keras takes (batch, 1, 1) on the right for a bias of the last
        # axis or of the second one, if the batch happens to be as long as that.
        return zeros + embedded


def _look_up_all(layer: Layer, width: int, one: Any) -> Any:
    """Return all rows of an embedding, of shape (1, n_rows, width).

    Looked up once for all samples, and not for each: an optimizer that clips gradients
    would otherwise see those of each sample in place of their sum.

    Parameters
    ----------
    layer : Layer
        The embedding.
    width : int
        Width of the embedding.
    one : tensor of shape (1, 1)
        Any part of the input. Rows are counted from it, so that a saved model holds no
        arrays but its weights.
    """
    n_rows, _ = layer.weights[0]
    ones = keras.ops.repeat(keras.ops.ones_like(one, dtype="int32"), n_rows, axis=1)
    embedding = keras.layers.Embedding(
        n_rows,
        width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0, seed=SEED),
        dtype=PRECISION,
        name=layer.name,
    )
    return embedding(keras.ops.cumsum(ones, axis=1) - 1)
