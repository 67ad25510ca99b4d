"""A roll-out as one compiled call: all steps of many series."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._networks.description import RecurrentNetwork
from skrnn._process.signals import signals_wait
from skrnn._scaling.normalization import CONSTANT
from skrnn._scaling.scaling import RollOutScales

from .epoch import scale_windows
from .placement import Placement, choose_placement
from .prediction import LARGE_BATCH
from .prediction_program import LoadedNetwork
from .programs import PROGRAMS
from .tensorflow import tf

__all__ = ["roll_out"]

# Shorter series are padded to so many rows, so that one compiled loop serves them all.
SMALLEST_SIZE = 256


class RollOutProgram(LoadedNetwork):
    """Networks that continue series from the means of their predictions.

    Parameters
    ----------
    network : RecurrentNetwork
        The network. Of the features of a step the first ones are the targets, the
        others are known in advance; it predicts `horizon` rows of the targets.
    masked : bool
        Whether steps that are NaN throughout are skipped.
    placement : Placement
        Where and how it is computed.
    n_series : int
        Series that are continued side by side.
    horizon : int
        Rows that one prediction gives.
    mode : {"last", "meanstd"} or None
        How each window is normalised.
    n_networks : int
        Number of networks.
    """

    def __init__(
        self,
        network: RecurrentNetwork,
        masked: bool,
        placement: Placement,
        n_series: int,
        horizon: int,
        mode: str | None,
        n_networks: int,
    ) -> None:
        super().__init__(network, masked, placement, n_networks)
        self._placement = placement
        self._n_series = n_series
        self._horizon = horizon
        self._mode = mode
        self._masked = masked
        self._n_targets = network.n_targets // horizon
        self._n_steps = network.n_steps
        self._compiled: dict[int, Any] = {}

    def __call__(
        self, past: np.ndarray, ahead: np.ndarray, scales: RollOutScales
    ) -> np.ndarray:
        """Fill in the rows that follow the past.

        Parameters
        ----------
        past : ndarray of shape (n, n_past, n_targets)
            Known rows of the targets of up to `n_series` series.
        ahead : ndarray of shape (n, n_past + n_steps, n_ahead)
            Columns known in advance of all rows, in the scale of inputs.
        scales : RollOutScales
            What is done to each window, and to what the network makes of it.

        Returns
        -------
        predicted : ndarray of shape (n, n_steps, n_targets)
            The rows that follow, in the scale of `past`.
        """
        n, n_past, _ = past.shape
        n_rows = ahead.shape[1]
        # The last block may reach beyond the rows that are asked for.
        size = n_rows + self._horizon
        size = max(SMALLEST_SIZE, 1 << (size - 1).bit_length())
        if size not in self._compiled:
            self._compiled[size] = self._compile(size, ahead.shape[2])
        numbers = (
            scales.scale_in,
            scales.shift_in,
            scales.hole,
            scales.scale_out,
            scales.shift_out,
        )
        filled = self._compiled[size](
            self._pad(past, size),
            self._pad(ahead, size),
            *(tf.constant(each.astype(np.float32)) for each in numbers),
            tf.constant(n_past),
            tf.constant(n_rows),
        )
        return filled.numpy()[n_past:n_rows, :n].transpose(1, 0, 2)

    def _pad(self, rows: np.ndarray, size: int) -> Any:
        """Return rows with the steps first, padded to the size that was compiled."""
        table = np.zeros((size, self._n_series, rows.shape[2]), dtype=np.float32)
        table[: rows.shape[1], : len(rows)] = rows.transpose(1, 0, 2)
        return tf.constant(table)

    def _compile(self, size: int, n_ahead: int) -> Any:
        """Compile the loop for series padded to one size."""
        of_series, n_targets = self._n_series, self._n_targets
        specs = [
            tf.TensorSpec((size, of_series, n_targets)),
            tf.TensorSpec((size, of_series, n_ahead)),
            *[tf.TensorSpec((n_targets,))] * 2,
            tf.TensorSpec((n_targets + n_ahead,)),
            *[tf.TensorSpec((self._horizon, n_targets))] * 2,
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((), tf.int32),
        ]
        return self._placement.compile(self._loop, *specs)

    def _loop(
        self,
        filled: Any,
        ahead: Any,
        scale_in: Any,
        shift_in: Any,
        hole: Any,
        scale_out: Any,
        shift_out: Any,
        n_past: Any,
        n_rows: Any,
    ) -> Any:
        """Fill in the rows from `n_past` to `n_rows`, block by block."""
        horizon, window = self._horizon, self._n_steps
        _, of_series, n_targets = filled.shape
        n_ahead = ahead.shape[2]

        def step(n_filled: Any, filled: Any) -> tuple[Any, Any]:
            begin = [n_filled - window, 0, 0]
            seen = tf.slice(filled, begin, [window, of_series, n_targets])
            seen = tf.transpose(seen, [1, 0, 2])
            shift, scale = self._statistics(seen)
            known = tf.slice(ahead, begin, [window, of_series, n_ahead])
            windows = scale_windows(
                tf.concat([seen, tf.transpose(known, [1, 0, 2])], axis=2),
                # The scaling of the network, behind that of the window.
                [shift - shift_in / scale_in * scale, scale / scale_in],
                [hole] if self._masked else [],
            )
            blocks = [model(windows, training=False) for model in self.models]
            block = blocks[0] if len(blocks) == 1 else tf.add_n(blocks) / len(blocks)
            block = tf.reshape(block, (of_series, horizon, n_targets))
            block = (block * scale_out + shift_out) * scale + shift
            rows = n_filled + tf.range(horizon)
            block = tf.transpose(block, [1, 0, 2])
            filled = tf.tensor_scatter_nd_update(filled, rows[:, None], block)
            return n_filled + horizon, filled

        _, filled = tf.while_loop(
            lambda n_filled, filled: n_filled < n_rows, step, [n_past, filled]
        )
        return filled

    def _statistics(self, seen: Any) -> tuple[Any, Any]:
        """Return shift and scale of windows, of shape (n_series, 1, n_targets).

        As `Normalization.statistics`, in the unit of its reference.
        """
        ones = tf.ones((1, 1, seen.shape[2]))
        if self._mode is None:
            return 0 * ones, ones
        observed = ~tf.math.is_nan(seen)
        if self._mode == "last":
            last = seen[:, -1:]
            if self._masked:
                steps = tf.range(seen.shape[1])[:, None]
                step = tf.where(observed, steps, 0)
                chosen = steps == tf.reduce_max(step, axis=1, keepdims=True)
                last = tf.reduce_sum(tf.where(chosen, seen, 0), axis=1, keepdims=True)
            return last, ones
        counts = tf.reduce_sum(tf.cast(observed, tf.float32), axis=1, keepdims=True)

        def mean(values: Any) -> Any:
            total = tf.reduce_sum(tf.where(observed, values, 0), axis=1, keepdims=True)
            return total / counts

        shift = mean(seen)
        scale = tf.sqrt(mean((seen - shift) ** 2))
        return shift, tf.where(scale > CONSTANT, scale, ones)


def roll_out(
    network: RecurrentNetwork,
    networks: list[list[np.ndarray]],
    past: np.ndarray,
    ahead: np.ndarray,
    scales: RollOutScales,
) -> np.ndarray:
    """Continue series from their own predictions, all side by side.

    Of several networks each step is the mean of their predictions, which all of them
    go on from.

    Parameters
    ----------
    network : RecurrentNetwork
        The network.
    networks : list of list of ndarray
        The weights of each network of this description.
    past : ndarray of shape (n_series, n_past, n_targets)
        Known rows of the targets.
    ahead : ndarray of shape (n_series, n_past + n_steps, n_ahead)
        Columns known in advance of all rows, in the scale of inputs.
    scales : RollOutScales
        What is done to each window, and to what the network makes of it.

    Returns
    -------
    predicted : ndarray of shape (n_series, n_steps, n_targets)
        The rows that follow, in the scale of `past`.
    """
    n_series, n_past, n_targets = past.shape
    masked = bool(np.isnan(past).any())
    plain = network.for_prediction()
    # A power of two, which forecasts of different numbers of series share.
    batch = min(LARGE_BATCH, 1 << (n_series - 1).bit_length())
    horizon = len(scales.scale_out)
    predicted = np.empty((n_series, ahead.shape[1] - n_past, n_targets), np.float32)
    placement = choose_placement(plain, batch, masked=masked)
    settings = (
        plain,
        masked,
        placement,
        batch,
        horizon,
        scales.mode,
        len(networks),
    )
    with (
        signals_wait() as held,
        placement.scope(),
        PROGRAMS.lend(
            ("roll-out", *settings), lambda: RollOutProgram(*settings)
        ) as program,
    ):
        program.load(*networks)
        for first in range(0, n_series, batch):
            some = slice(first, first + batch)
            predicted[some] = program(past[some], ahead[some], scales)
            held.deliver()
    return predicted
