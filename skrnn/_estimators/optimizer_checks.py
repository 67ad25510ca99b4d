"""Check that an optimizer loses nothing where an estimator is copied."""

from __future__ import annotations

from typing import Any

__all__ = ["check_can_be_copied", "check_is_whole"]


def check_can_be_copied(optimizer: Any) -> None:
    """Raise if Keras would lose a part of an optimizer in `clone`, or pickle it so.

    Keras copies optimizers by their configuration, of which this is the last moment to
    see what it leaves out.
    """
    if not _is_instance(optimizer):
        return
    # Keras has been imported, which made it.
    from skrnn._engine import optimizers

    why = optimizers.explain_loss(optimizer)
    if why is not None:
        raise ValueError(
            f"{_refusal(optimizer, why)} To store a fitted estimator for predictions, "
            "set optimizer to a name first."
        )


def check_is_whole(optimizer: Any) -> None:
    """Raise if an optimizer is a copy by Keras that lacks a part of its original.

    scikit-learn copies the values of a grid before it sets them.
    """
    if not _is_instance(optimizer):
        return
    from skrnn._engine import optimizers

    why = optimizers.explain_copy(optimizer)
    if why is not None:
        raise ValueError(_refusal(optimizer, why))


def _is_instance(optimizer: Any) -> bool:
    named = optimizer is None or isinstance(optimizer, (str, type))
    return not named and hasattr(optimizer, "apply_gradients")


def _refusal(optimizer: Any, why: str) -> str:
    return (
        "optimizer must keep all that it holds when it is copied, as by clone, a grid "
        f"search or pickle. Got a {type(optimizer).__name__} instead, {why}; pass a "
        "function without arguments that returns it."
    )
