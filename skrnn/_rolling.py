"""A roll-out as one compiled call: all steps of all series."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._networks import Architecture
from ._programs import LoadedNetwork
from ._tensorflow import tf

__all__ = ["RollOutProgram"]

SMALLEST_TABLE = 256


class RollOutProgram(LoadedNetwork):
    """A network that continues series from their own predictions.

    Parameters
    ----------
    architecture : Architecture
        The network. Of the features of a step the first ones are the targets, the
        others are known in advance; it predicts `horizon` rows of the targets.
    n_series : int
        Series that are continued side by side.
    horizon : int
        Rows that one prediction gives.
    """

    def __init__(self, architecture: Architecture, n_series: int, horizon: int) -> None:
        super().__init__(architecture)
        self._n_series = n_series
        self._horizon = horizon
        self._n_targets = architecture.n_targets // horizon
        self._n_steps = architecture.n_steps
        self._compiled: dict[int, Any] = {}

    def __call__(
        self, past: np.ndarray, ahead: np.ndarray, factor: np.ndarray, shift: np.ndarray
    ) -> np.ndarray:
        """Fill in the rows that follow the past.

        Parameters
        ----------
        past : ndarray of shape (n_past, n_series, n_targets), float32
            Known rows of the targets, in the scale of inputs.
        ahead : ndarray of shape (n_past + n_steps, n_series, n_ahead), float32
            Columns known in advance of all rows, in the scale of inputs.
        factor, shift : ndarray of shape (horizon, n_targets)
            What brings an output of the network into the scale of inputs.

        Returns
        -------
        predicted : ndarray of shape (n_steps, n_series, n_targets)
            The rows that follow, in the scale of inputs.
        """
        n_past, n_rows = len(past), len(ahead)
        # The last block may reach beyond the rows that are asked for.
        size = n_rows + self._horizon
        size = max(SMALLEST_TABLE, 1 << (size - 1).bit_length())
        filled = np.zeros((size, *past.shape[1:]), dtype=np.float32)
        filled[:n_past] = past
        padded = np.zeros((size, *ahead.shape[1:]), dtype=np.float32)
        padded[:n_rows] = ahead
        if size not in self._compiled:
            self._compiled[size] = self._compile(size, ahead.shape[2])
        filled = self._compiled[size](
            tf.constant(filled),
            tf.constant(padded),
            tf.constant(factor.astype(np.float32)),
            tf.constant(shift.astype(np.float32)),
            tf.constant(n_past),
            tf.constant(n_rows),
        )
        return filled.numpy()[n_past:n_rows]

    def _compile(self, size: int, n_ahead: int) -> Any:
        """Compile the loop for tables of one size."""
        of_series, n_targets = self._n_series, self._n_targets
        specs = [
            tf.TensorSpec((size, of_series, n_targets)),
            tf.TensorSpec((size, of_series, n_ahead)),
            tf.TensorSpec((self._horizon, n_targets)),
            tf.TensorSpec((self._horizon, n_targets)),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((), tf.int32),
        ]
        loop = tf.function(self._loop, jit_compile=True, autograph=False)
        return loop.get_concrete_function(*specs)

    def _loop(self, filled, ahead, factor, shift, n_past, n_rows):
        horizon, window = self._horizon, self._n_steps
        _, of_series, n_targets = filled.shape
        n_ahead = ahead.shape[2]

        def step(n_filled, filled):
            # As in the step-by-step roll-out: with known columns the last block ends
            # with the last row, and begins among rows that are filled already.
            first = tf.minimum(n_filled, n_rows - horizon) if n_ahead else n_filled
            begin = [first - window, 0, 0]
            seen = tf.concat(
                [
                    tf.slice(filled, begin, [window, of_series, n_targets]),
                    tf.slice(ahead, begin, [window, of_series, n_ahead]),
                ],
                axis=2,
            )
            block = self.model(tf.transpose(seen, [1, 0, 2]), training=False)
            block = tf.reshape(block, (of_series, horizon, n_targets))
            block = tf.transpose(block * factor + shift, [1, 0, 2])
            rows = first + tf.range(horizon)
            held = tf.slice(filled, [first, 0, 0], block.shape)
            block = tf.where((rows < n_filled)[:, None, None], held, block)
            filled = tf.tensor_scatter_nd_update(filled, rows[:, None], block)
            return first + horizon, filled

        _, filled = tf.while_loop(
            lambda n_filled, filled: n_filled < n_rows, step, [n_past, filled]
        )
        return filled
