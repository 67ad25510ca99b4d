"""Losses, optimizers, metrics and callbacks from settings; all we know of scikeras.

scikeras turns names, classes and instances into what `keras.Model.compile` takes. It
is held here and inherited by nothing. Importing it replaces methods of Keras for the
whole process, and importing it a second time must do so for those who ask for it;
therefore its modules are imported aside and the methods are put back at once.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

from ._tensorflow import keras

__all__ = ["compile_arguments", "make_callbacks"]

_PATCHED = {
    keras.Model: ("__reduce__", "__deepcopy__"),
    keras.losses.Loss: ("__reduce__",),
    keras.metrics.Metric: ("__reduce__",),
    keras.optimizers.Optimizer: ("__reduce__",),
}


def _import_aside() -> Any:
    """Import scikeras.wrappers and leave Keras and `sys.modules` as they were."""
    if "scikeras.wrappers" in sys.modules:
        return sys.modules["scikeras.wrappers"]
    before = set(sys.modules)
    own = {
        (owner, name): vars(owner).get(name)
        for owner, names in _PATCHED.items()
        for name in names
    }
    try:
        from scikeras import wrappers
    finally:
        for (owner, name), method in own.items():
            if method is not None:
                setattr(owner, name, method)
            elif name in vars(owner):
                delattr(owner, name)
        for module in set(sys.modules) - before:
            if module.partition(".")[0] == "scikeras":
                del sys.modules[module]
    return wrappers


_wrappers = _import_aside()


def compile_arguments(
    loss: Any, optimizer: Any, learning_rate: float, metrics: Any
) -> dict[str, Any]:
    """Make the arguments of `keras.Model.compile`, new for each call.

    Parameters
    ----------
    loss : str, callable, class or keras.losses.Loss
        Loss.
    optimizer : str, class or keras.optimizers.Optimizer
        Optimizer; an instance is copied by its configuration, not used.
    learning_rate : float
        Learning rate of an optimizer given by name or class. An instance brings its
        own.
    metrics : list, str or None
        Metrics.

    Returns
    -------
    arguments : dict
        `loss`, `optimizer` and `metrics`.

    Raises
    ------
    ValueError
        If a name is not one of Keras's.
    """
    if isinstance(optimizer, keras.optimizers.Optimizer):
        own = type(optimizer).from_config(optimizer.get_config())
        routed = {}
    else:
        own = optimizer
        routed = {"optimizer__learning_rate": learning_rate}
    wrapper = _wrappers.BaseWrapper(
        loss=loss,
        optimizer=own,
        metrics=[metrics] if isinstance(metrics, str) else metrics,
        **routed,
    )
    try:
        arguments = wrapper._get_compile_kwargs()
    except (ValueError, TypeError) as error:
        raise ValueError(_what_is_unknown(loss, optimizer, metrics) or error) from error
    return {name: arguments[name] for name in ("loss", "optimizer", "metrics")}


def make_callbacks(callbacks: Any) -> list[Any]:
    """Make a list of Keras callbacks of one or several, instances or classes.

    Raises
    ------
    TypeError
        If something else is among them.
    """
    wrapper = _wrappers.BaseWrapper(callbacks=callbacks)
    try:
        wrapper._initialize_callbacks()
    except TypeError as error:
        raise TypeError(
            "callbacks must be a Keras callback or a list of Keras callbacks. Got "
            f"{callbacks!r} instead."
        ) from error
    return list(wrapper._fit_callbacks)


def _what_is_unknown(loss: Any, optimizer: Any, metrics: Any) -> str | None:
    """Say which name Keras does not know, and which ones it does."""
    named = [("loss", loss, keras.losses), ("optimizer", optimizer, keras.optimizers)]
    several = metrics if isinstance(metrics, (list, tuple)) else [metrics]
    named += [("metrics", metric, keras.metrics) for metric in several]
    for parameter, value, module in named:
        if isinstance(value, str):
            try:
                module.get(value)
            except ValueError:
                return (
                    f"{parameter} must be one of {', '.join(_known_names(module))}. "
                    f"Got {value!r} instead."
                )
    return None


def _known_names(module: Any) -> list[str]:
    """List the names which a module of Keras understands."""
    if module is keras.optimizers:
        return sorted(
            name.lower()
            for name, value in vars(module).items()
            if inspect.isclass(value)
            and issubclass(value, keras.optimizers.Optimizer)
            and name != "Optimizer"
        )
    return sorted(
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and name not in {"get", "serialize", "deserialize"}
    )
