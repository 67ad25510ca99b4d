"""The loss of a network of quantiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .tensorflow import keras

__all__ = ["pinball"]


def pinball(quantiles: Sequence[float]) -> Callable[[Any, Any], Any]:
    """Return the pinball loss of quantiles, the mean over their levels and targets.

    A value that lies above its quantile of level q costs q times the distance, and one
    below it 1 - q times, so that the cheapest number is the quantile.

    Returns
    -------
    pinball_loss : callable
        From targets of shape (n_samples, n_targets) and predictions of shape
        (n_samples, n_targets, n_quantiles) to losses of shape (n_samples,).
    """
    levels = [float(quantile) for quantile in quantiles]

    def pinball_loss(y_true: Any, y_pred: Any) -> Any:
        # Keras drops the last axis of predictions of a single quantile.
        y_pred = keras.ops.reshape(y_pred, (-1, y_true.shape[1], len(levels)))
        above = keras.ops.expand_dims(y_true, axis=-1) - y_pred
        q = keras.ops.convert_to_tensor(levels, above.dtype)
        values = keras.ops.maximum(q * above, (q - 1) * above)
        return keras.ops.mean(values, axis=(1, 2))

    return pinball_loss
