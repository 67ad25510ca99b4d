"""Prediction of windows by compiled programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skrnn._networks.description import Network
from skrnn._process.signals import signals_wait
from skrnn._windows.batches import ScaledBatches
from skrnn._windows.windows import Windows

from .placement import choose_placement
from .prediction_program import PredictionProgram
from .programs import PROGRAMS

__all__ = ["LARGE_BATCH", "predict"]

# Windows for one call: few are answered at once, many in large batches.
SMALL_BATCH, LARGE_BATCH = 32, 1024


def predict(
    network: Network,
    weights: list[np.ndarray],
    windows: Windows,
    part: str | None = None,
    summary: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    scale: Callable[[Windows], Windows] | None = None,
) -> np.ndarray:
    """Predict windows, NaN where nothing is observed.

    Parameters
    ----------
    network : Network
        The network.
    weights : list of ndarray
        Its weights.
    windows : Windows
        What the network, or a part of it, reads.
    part : str, default=None
        Part of the network; None is all of it.
    summary : callable, default=None
        From the windows and the predictions of a batch to what is kept of them.
    scale : callable, default=None
        Scales windows; None if they are scaled. Of many windows some are scaled at a
        time, so that the rows may lie on a disk.

    Returns
    -------
    y : ndarray of shape (n_samples, ...), float32
        Predictions in the scale of training, or what `summary` makes of them.
    """
    plain = network.for_prediction()
    few = len(windows) <= LARGE_BATCH // 2
    batch_size = plain.batch_size or (SMALL_BATCH if few else LARGE_BATCH)
    batches = ScaledBatches(windows, scale, batch_size)
    masked = batches.any_missing()
    compiles = not plain.stateful
    placement = choose_placement(plain, batch_size, masked=masked, compiles=compiles)
    settings = (plain, masked, placement, batch_size, part)
    with (
        signals_wait() as held,
        placement.scope(),
        PROGRAMS.lend(
            ("predict", *settings), lambda: PredictionProgram(*settings)
        ) as program,
    ):
        program.load(weights)
        program.forget_sequence()
        y: Any = None
        done = 0
        for gathered in batches:
            kept = program(gathered)
            if summary is not None:
                kept = summary(gathered, kept)
            if y is None:  # Only `summary` knows the shape and type of what it returns.
                y = np.empty((len(windows), *kept.shape[1:]), dtype=kept.dtype)
            y[done : done + len(kept)] = kept
            done += len(kept)
            held.deliver()
    return y
