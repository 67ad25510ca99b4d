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
from itertools import chain
from typing import Any

from skrnn._process.signals import signals_wait

from .callbacks import copy_callback
from .factories import is_factory, needs_arguments
from .optimizers import adapt_optimizer, check_is_optimizer
from .tensorflow import keras, tf

__all__ = [
    "activation_of_arrays",
    "as_metric",
    "check_activation",
    "compile_arguments",
    "explain_failure",
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


with signals_wait():
    _wrappers = _import_aside()

# Losses and metrics of classes, which Keras has in two forms: for the probability of
# the second of two classes, and for those of several. Keras itself chooses among them
# only in its own loop, and only for metrics.
_OF_CLASSES = {
    "acc": "accuracy",
    "accuracy": "accuracy",
    "ce": "crossentropy",
    "crossentropy": "crossentropy",
    "focal_crossentropy": "focal_crossentropy",
}
_FORMS = {"sigmoid": "binary", "softmax": "categorical"}


def compile_arguments(
    loss: Any,
    optimizer: Any,
    learning_rate: Any,
    metrics: Any,
    output_activation: str = "linear",
    clipnorm: float | None = None,
) -> dict[str, Any]:
    """Return new arguments for `keras.Model.compile`.

    Parameters
    ----------
    loss : str, callable, class or keras.losses.Loss
        Loss.
    optimizer : str, class or keras.optimizers.Optimizer
        Optimizer; an instance is copied, not used.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule
        Learning rate. An optimizer that is an instance brings its own number, which
        gives way to a schedule.
    metrics : list, str or None
        Metrics.
    output_activation : {"linear", "sigmoid", "softmax"}, default="linear"
        That of the network, by which "accuracy", "crossentropy" and
        "focal_crossentropy" are those of two or of several classes.
    clipnorm : float, default=None
        Norm to which the gradient of each array of weights is clipped.

    Returns
    -------
    arguments : dict
        `loss`, `optimizer` and the list `metrics`.

    Raises
    ------
    ValueError
        If a name is not one of Keras's, or a setting is of another kind, or if an
        optimizer that is an instance has another schedule, or clips in another way.
    """
    _check_kinds(loss, optimizer, metrics)
    if isinstance(optimizer, keras.optimizers.Optimizer):
        own, routed = adapt_optimizer(optimizer, learning_rate, clipnorm), {}
    else:
        own = optimizer
        routed = {"optimizer__learning_rate": learning_rate}
        if clipnorm is not None:
            routed["optimizer__clipnorm"] = clipnorm
    given = _listed(metrics)
    loss, *metrics = (
        _of_classes(each, output_activation) for each in (loss, *(given or ()))
    )
    wrapper = _wrappers.BaseWrapper(loss=loss, optimizer=own, metrics=metrics, **routed)
    try:
        arguments = wrapper._get_compile_kwargs()
    except (KeyError, TypeError, ValueError) as error:
        unknown = _what_is_unknown(loss, optimizer, metrics)
        raise ValueError(
            unknown or f"loss, optimizer or metrics cannot be made: {error}"
        ) from error
    return {
        "loss": arguments["loss"],
        "optimizer": arguments["optimizer"],
        "metrics": [
            _as_metric(name, made)
            for name, made in zip(given or (), arguments["metrics"] or (), strict=True)
        ],
    }


def make_callbacks(callbacks: Any) -> list[Any]:
    """Return the callbacks of one training.

    Parameters
    ----------
    callbacks : keras.callbacks.Callback, class, function or list of these
        Instances are copied by `copy_callback`. Functions are called without
        arguments, and return a callback or a list of them.

    Raises
    ------
    TypeError
        If something else is among them.
    """
    refused = TypeError(
        "callbacks must be a Keras callback or a list of Keras callbacks, or functions "
        f"without arguments that return them. Got {callbacks!r} instead."
    )
    listed = _listed(callbacks) or []
    if any(is_factory(each) and needs_arguments(each) for each in listed):
        raise refused
    prepared = [_prepare_callback(each) for each in listed]
    wrapper = _wrappers.BaseWrapper(callbacks=list(chain.from_iterable(prepared)))
    try:
        wrapper._initialize_callbacks()
    except TypeError as error:
        raise refused from error
    return list(wrapper._fit_callbacks)


def as_metric(made: Any) -> Any:
    """Return a metric, or the mean of a function of targets and predictions."""
    if isinstance(made, keras.metrics.Metric):
        return made
    name = getattr(made, "__name__", type(made).__name__)
    return keras.metrics.MeanMetricWrapper(made, name=name)


def activation_of_arrays(activation: Any) -> Callable[[Any], Any]:
    """Return an activation that Keras knows as a function of NumPy arrays."""
    function = keras.activations.get(activation)

    @signals_wait()
    def of_array(x: Any) -> Any:
        y = function(keras.ops.convert_to_tensor(x, "float32"))
        return keras.ops.convert_to_numpy(y).astype(x.dtype)

    return of_array


def check_activation(parameter: str, activation: Any) -> None:
    """Raise if a value is no activation: an unknown name, or another function.

    A copy of a layer is tried, because it takes its shape from what it is tried on.
    """
    if not _is_known(keras.activations, activation):
        raise ValueError(_refusal(parameter, activation, keras.activations))
    if isinstance(activation, str):
        return
    zeros = keras.ops.zeros((2, 3))
    if isinstance(activation, keras.layers.Layer):
        _check_has_no_weights(parameter, activation, zeros)
        return
    try:
        with tf.GradientTape() as tape:
            got = getattr(activation(zeros), "shape", None)
        reason = f"which gives shape {got} for shape (2, 3)"
    except Exception as error:  # A function of the user's can fail in any way.
        got, reason = None, f"which fails with {type(error).__name__}: {error}"
    if got is None or tuple(got) != (2, 3):
        raise ValueError(
            f"{parameter} must be a name of Keras's, or a function from an array to "
            f"one of the same shape. Got {activation!r} instead, {reason}."
        )
    if tape.watched_variables():  # A function may call a layer.
        raise ValueError(_refusal_of_weights(parameter, activation))


def _check_has_no_weights(parameter: str, layer: Any, zeros: Any) -> None:
    """Raise if a layer has weights, which no optimizer of the network would train."""
    tried = layer
    if not layer.built:
        try:
            tried = type(layer).from_config(layer.get_config())
            tried(zeros)
        except Exception:  # A layer of the user's can fail in any way.
            return
    if tried.weights:
        raise ValueError(_refusal_of_weights(parameter, layer))


def _refusal_of_weights(parameter: str, activation: Any) -> str:
    return (
        f"{parameter} must have no weights of its own, because networks have none for "
        f"activations. Got {activation!r} instead; use a fixed function, such as "
        "'leaky_relu'."
    )


def explain_failure(loss: Any, metrics: Any, shape: tuple[int, ...]) -> str | None:
    """Return which function of the user fails on targets and predictions of a shape.

    Returns
    -------
    explanation : str or None
        None if loss and metrics can be computed, so that something else has failed.
    """
    functions = [
        ("loss", loss),
        *(("metrics", each) for each in _listed(metrics) or ()),
    ]
    for parameter, function in functions:
        if isinstance(function, (str, keras.metrics.Metric)):
            continue
        try:
            made = function() if inspect.isclass(function) else function
            reason = _why_no_measure(made, shape, learns=parameter == "loss")
        except Exception as error:  # A function of the user's can fail in any way.
            reason = f"fails with {type(error).__name__}: {error}"
        if reason:
            return (
                f"{parameter} must be a function of targets and predictions that gives "
                f"numbers. Got {function!r} instead, which {reason}."
            )
    return None


def _why_no_measure(function: Any, shape: tuple[int, ...], *, learns: bool) -> str:
    """Return what is wrong with the values of a loss or a metric; "" for nothing."""
    targets, predictions = tf.zeros(shape), tf.ones(shape)
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        values = tf.convert_to_tensor(function(targets, predictions))
    if learns and tape.gradient(values, predictions) is None:
        return "does not depend on the predictions, or in a way without a slope"
    return ""


def _prepare_callback(callback: Any) -> list[Any]:
    """Copy an instance and call a function; leave a class to scikeras."""
    if isinstance(callback, keras.callbacks.Callback):
        return [copy_callback(callback)]
    return _listed(callback()) or [None] if is_factory(callback) else [callback]


def _listed(values: Any) -> list[Any] | None:
    """Return one or several settings as a list."""
    if values is None:
        return None
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _of_classes(setting: Any, output_activation: str) -> Any:
    """Return the form of a loss or a metric that suits the outputs of a network."""
    if output_activation not in _FORMS or not isinstance(setting, str):
        return setting
    name = _OF_CLASSES.get(setting)
    return f"{_FORMS[output_activation]}_{name}" if name else setting


def _as_metric(given: Any, made: Any) -> Any:
    """Return a metric under the name that was given, as Keras calls it in histories.

    A name that stands for several metrics, such as "accuracy", is left to Keras.
    """
    if isinstance(made, str) or not isinstance(given, str):
        return made
    if isinstance(made, keras.metrics.Metric):
        return type(made)(name=given)
    return keras.metrics.MeanMetricWrapper(made, name=given)


def _check_kinds(loss: Any, optimizer: Any, metrics: Any) -> None:
    """Raise if a setting is neither a name nor of the kind that Keras needs."""
    of_losses = inspect.isclass(loss) and not issubclass(loss, keras.losses.Loss)
    if of_losses or not (isinstance(loss, str) or callable(loss)):
        raise ValueError(
            "loss must be a name of Keras's, a function, or a class or an instance of "
            f"keras.losses.Loss. Got {loss!r} instead."
        )
    check_is_optimizer(optimizer)
    for metric in _listed(metrics) or ():
        if not (isinstance(metric, str) or callable(metric)):
            raise ValueError(
                "metrics must hold names of Keras's, functions or instances of "
                f"keras.metrics.Metric. Got {metric!r} instead."
            )


def _what_is_unknown(
    loss: Any, optimizer: Any, metrics: list[Any] | None
) -> str | None:
    """Return which name Keras does not know, and which ones it does."""
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
    """Return whether a module of Keras knows a name; other values pass."""
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
