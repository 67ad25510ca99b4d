"""Losses, optimizers, metrics and callbacks from settings; all we know of scikeras.

scikeras turns names, classes and instances into what `keras.Model.compile` takes. It
is held here and inherited by nothing. Importing it replaces methods of Keras for the
whole process, and importing it a second time must do so for those who ask for it;
therefore its modules are imported aside and the methods are put back at once.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from ._tensorflow import keras

__all__ = [
    "activation_of_arrays",
    "check_activation",
    "compile_arguments",
    "make_callbacks",
]

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
        `loss`, `optimizer` and the list `metrics`.

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
    metrics = _listed(metrics)
    wrapper = _wrappers.BaseWrapper(loss=loss, optimizer=own, metrics=metrics, **routed)
    try:
        arguments = wrapper._get_compile_kwargs()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(_what_is_unknown(loss, optimizer, metrics) or error) from error
    return {
        "loss": arguments["loss"],
        "optimizer": arguments["optimizer"],
        "metrics": [
            _as_metric(given, made)
            for given, made in zip(
                metrics or (), arguments["metrics"] or (), strict=True
            )
        ],
    }


def make_callbacks(callbacks: Any) -> list[Any]:
    """Make a list of Keras callbacks of one or several, instances or classes.

    Raises
    ------
    TypeError
        If something else is among them.
    """
    wrapper = _wrappers.BaseWrapper(callbacks=_listed(callbacks))
    try:
        wrapper._initialize_callbacks()
    except TypeError as error:
        raise TypeError(
            "callbacks must be a Keras callback or a list of Keras callbacks. Got "
            f"{callbacks!r} instead."
        ) from error
    return list(wrapper._fit_callbacks)


def activation_of_arrays(activation: Any) -> Callable[[Any], Any]:
    """Give an activation that is known to Keras as a function of NumPy's arrays."""
    function = keras.activations.get(activation)

    def of_array(x: Any) -> Any:
        y = function(keras.ops.convert_to_tensor(x, "float32"))
        return keras.ops.convert_to_numpy(y).astype(x.dtype)

    return of_array


def check_activation(parameter: str, activation: Any) -> None:
    """Refuse the name of an activation that is not one of Keras's."""
    if not _is_known(keras.activations, activation):
        raise ValueError(_refusal(parameter, activation, keras.activations))


def _listed(values: Any) -> list[Any] | None:
    """Give one or several settings as a list."""
    if values is None:
        return None
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _as_metric(given: Any, made: Any) -> Any:
    """Make a metric that the history calls as Keras would, by the name that was given.

    A name that stands for several metrics, such as "accuracy", is left to Keras.
    """
    if isinstance(made, str) or not isinstance(given, str):
        return made
    if isinstance(made, keras.metrics.Metric):
        return type(made)(name=given)
    return keras.metrics.MeanMetricWrapper(made, name=given)


def _what_is_unknown(
    loss: Any, optimizer: Any, metrics: list[Any] | None
) -> str | None:
    """Say which name Keras does not know, and which ones it does."""
    named = [("loss", loss, keras.losses), ("optimizer", optimizer, keras.optimizers)]
    named += [("metrics", metric, keras.metrics) for metric in metrics or ()]
    for parameter, value, module in named:
        if not _is_known(module, value):
            return _refusal(parameter, value, module)
    return None


def _refusal(parameter: str, value: Any, module: Any) -> str:
    known = ", ".join(_known_names(module))
    return f"{parameter} must be one of {known}. Got {value!r} instead."


def _is_known(module: Any, value: Any) -> bool:
    """Tell whether a module of Keras understands a name; other values pass."""
    if isinstance(value, str):
        try:
            module.get(value)
        except (KeyError, TypeError, ValueError):
            return False
    return True


def _known_names(module: Any) -> list[str]:
    """List the names which a module of Keras understands."""
    of_classes = module is keras.optimizers
    names = (
        name.lower() if of_classes else name
        for name, value in vars(module).items()
        if (inspect.isclass if of_classes else inspect.isfunction)(value)
    )
    return sorted(name for name in names if _is_known(module, name))
