"""Losses as Keras knows them, before it takes the mean of a batch."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._process.fork import check_not_forked
from skrnn._process.signals import signals_wait

from .tensorflow import keras, tf

__all__ = [
    "check_weighs_samples",
    "compared_targets",
    "loss_of_samples",
    "name_of_loss",
    "reduces_batches",
]


def name_of_loss(loss: Any) -> str:
    """Return the name of Keras's function for a loss, empty for any other loss.

    Parameters
    ----------
    loss : str, callable, class or keras.losses.Loss
        Loss, as the estimators take it. Functions may be partial.

    Raises
    ------
    ValueError
        If it compares logits, which no network gives.
    """
    try:
        made = keras.losses.get(loss) if isinstance(loss, str) else loss
        made = made() if inspect.isclass(made) else made
    except Exception:  # What is wrong with a name or a class is reported by training.
        return ""
    while isinstance(made, functools.partial):
        if made.keywords.get("from_logits"):
            raise ValueError(_refusal_of_logits(loss))
        made = made.func
    function = _wrapped_function(made)
    name = getattr(function, "__name__", "")
    if getattr(keras.losses, name, None) is not function:
        return ""
    if getattr(made, "from_logits", False):
        raise ValueError(_refusal_of_logits(loss))
    return name


def _wrapped_function(loss: Any) -> Any:
    """Return the function that a loss of Keras's calls; others as they are."""
    # A class of the user's may inherit from one of Keras's and compute something else.
    own = type(loss)
    as_keras = getattr(own, "call", None) is keras.losses.MeanSquaredError.call
    return getattr(loss, "fn", loss) if as_keras else loss


def _refusal_of_logits(loss: Any) -> str:
    return (
        f"loss must compare probabilities. Got {loss!r} instead, which expects "
        "logits; set from_logits=False."
    )


def loss_of_samples(loss: Any) -> Callable[..., Any] | None:
    """Return the loss of each sample, before Keras takes the mean of a batch.

    Returns
    -------
    loss : callable or None
        From targets and predictions of shape (n_samples, n_targets) to an array of
        shape (n_samples,). None if `loss` has a reduction of its own.
    """
    if isinstance(loss, keras.losses.Loss):
        if loss.reduction != "sum_over_batch_size":
            return None
        loss = loss.call

    def of_samples(targets: Any, predicted: Any) -> Any:
        values = loss(targets, predicted)
        if values.shape.rank == 0:
            raise TypeError("The loss gives one number for a batch, not one a sample.")
        return tf.reduce_mean(values, axis=list(range(1, values.shape.rank)))

    return of_samples


def check_weighs_samples(loss: Any, shape: tuple[int, ...]) -> None:
    """Raise if a loss gives one number for a batch, which no sample weight can change.

    Parameters
    ----------
    loss : str, callable, class or keras.losses.Loss
        Loss, as the estimators take it.
    shape : tuple of int
        Shape of the targets and predictions to try it on.

    Raises
    ------
    ValueError
        If it gives one number.
    """
    if reduces_batches(loss, shape):
        raise ValueError(
            "loss must give one number for each sample where sample_weight or "
            f"class_weight differ between samples. Got {loss!r} instead, which gives "
            "one for a whole batch; take its mean over the last axis alone, such as "
            "keras.ops.mean((y_true - y_pred) ** 2, axis=-1), or pass no weights."
        )


@signals_wait()
def compared_targets(loss: Any, n_targets: int) -> NDArray[np.bool_]:
    """Return which targets a loss compares with their predictions.

    Keras's losses compare all. A function may use a target in another way, or not at
    all, as one of a mean and a variance does: the second column of y only makes place.
    It compares a target if it does not change when target and prediction are shifted
    together.

    Parameters
    ----------
    loss : str, callable, class or keras.losses.Loss
        Loss, as the estimators take it.
    n_targets : int
        Number of targets.
    """
    check_not_forked()
    if isinstance(loss, str) or _module_of(loss).startswith("keras."):
        return np.ones(n_targets, dtype=bool)
    return np.array([_is_compared(loss, n_targets, i) for i in range(n_targets)])


def _is_compared(loss: Any, n_targets: int, target: int) -> bool:
    """Return whether a shift of a target and its prediction leaves a loss as it is."""
    random = np.random.RandomState(0)
    pair = random.normal(size=(2, 4, n_targets)).astype(np.float32)
    shifted = pair.copy()
    shifted[..., target] += 0.5
    try:
        made: Any = loss() if inspect.isclass(loss) else loss
        function = getattr(made, "call", made)
        before, after = (function(*map(tf.constant, each)) for each in (pair, shifted))
        return np.allclose(before, after, rtol=1e-3, atol=1e-4)
    except Exception:  # A function of the user's that fails is reported by training.
        return False


def _module_of(loss: Any) -> str:
    named = inspect.isclass(loss) or inspect.isfunction(loss)
    return str((loss if named else type(loss)).__module__)


def reduces_batches(loss: Any, shape: tuple[int, ...]) -> bool:
    """Return whether a loss gives one number for a batch of some shape."""
    if isinstance(loss, str):
        return False
    try:
        made: Any = loss() if inspect.isclass(loss) else loss
        values = getattr(made, "call", made)(tf.zeros(shape), tf.ones(shape))
        return tf.convert_to_tensor(values).shape.rank == 0
    except Exception:  # A function of the user's that fails is reported by training.
        return False
