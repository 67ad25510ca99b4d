"""Optimizers: made by functions, and copied with everything that they hold.

Keras copies an optimizer by its configuration, in `copy.deepcopy`, pickle and a grid
search alike. What is not in the configuration is lost: variables excluded from weight
decay, the attributes of a subclass, schedules that are not registered.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import inspect
import re
from collections.abc import Hashable
from itertools import chain
from textwrap import shorten
from types import FunctionType
from typing import Any

import numpy as np

from skrnn._process.signals import signals_wait

from .factories import is_factory, needs_arguments
from .tensorflow import keras, tf

__all__ = [
    "adapt_optimizer",
    "check_is_optimizer",
    "copy_optimizer",
    "explain_copy",
    "explain_loss",
    "make_optimizer",
    "settings_key",
    "traced_settings",
]

_Optimizer = keras.optimizers.Optimizer
with signals_wait():
    _UNUSED = _Optimizer(0.1)
# Not `keras.Variable`, of which the variables of Keras 3.6 are none.
_KerasVariable = type(_UNUSED.iterations)
_CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")
_PLAIN = (int, float, str, type(None), re.Pattern)
_VARIABLES = (_KerasVariable, tf.Variable)

# Attributes that every optimizer has and that belong to its variables, the name of each
# variable included, and a cache. A copy has its own.
_MACHINERY = {
    name for name in vars(_UNUSED) if name.startswith("_") or name == "built"
} | {"name", "_exclude_from_weight_decay_cache"}


def check_is_optimizer(optimizer: Any) -> None:
    """Raise if a setting is neither a name nor a class or an instance of Keras's."""
    kind = optimizer if inspect.isclass(optimizer) else type(optimizer)
    if not issubclass(kind, (str, _Optimizer)):
        raise ValueError(f"{_refusal(optimizer)}.")


def make_optimizer(optimizer: Any) -> Any:
    """Return what a function makes; names, classes and instances are returned.

    Raises
    ------
    ValueError
        If a function needs arguments or does not return an optimizer, or if something
        else is given.
    """
    if not is_factory(optimizer) or needs_arguments(optimizer):
        check_is_optimizer(optimizer)
        return optimizer
    made = optimizer()
    if not isinstance(made, _Optimizer):
        raise ValueError(f"{_refusal(optimizer)}, which returned {made!r}.")
    return made


def copy_optimizer(optimizer: Any, copies: dict[int, Any] | None = None) -> Any:
    """Return a copy of an optimizer that has not been used yet, with all it holds.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Optimizer; it is not changed. What it holds and cannot be copied, such as a
        lock, is shared.
    copies : dict, default=None
        What has been copied, by identity: optimizers may hold others.
    """
    copies = {} if copies is None else copies
    if id(optimizer) in copies:
        return copies[id(optimizer)]
    settings = _settings(optimizer)
    # Not by the configuration, nor by the constructor of a subclass, which may need
    # arguments that no attribute tells.
    own = copies[id(optimizer)] = object.__new__(type(optimizer))
    rate = _copy_value(settings.pop("learning_rate"), copies)
    _Optimizer.__init__(own, rate, name=optimizer.name)
    # Collections first: other objects may hold the same optimizers as they do.
    for name in sorted(settings, key=lambda name: not _is_collection(settings[name])):
        setattr(own, name, _copy_value(settings[name], copies))
    _copy_variables(optimizer, own)
    return own


def adapt_optimizer(optimizer: Any, learning_rate: Any, clipnorm: float | None) -> Any:
    """Copy an optimizer, with a learning rate that is a schedule, and with clipping.

    Raises
    ------
    ValueError
        If the optimizer has a schedule or clips by itself, or holds others that do not
        follow it, or if it leaves out variables of another network.
    """
    _check_excludes_by_name(optimizer)
    own = copy_optimizer(optimizer)
    if isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        _check_has_plain_rate(optimizer)
        own.learning_rate = learning_rate
    if clipnorm is not None:
        _check_does_not_clip(optimizer)
        own.clipnorm = clipnorm
    return own


def _check_excludes_by_name(optimizer: Any) -> None:
    if vars(optimizer).get("_exclude_from_weight_decay"):
        raise ValueError(
            "optimizer must exclude variables from weight decay by their names. Got "
            f"{optimizer!r} instead, which excludes those of another network; call "
            "exclude_from_weight_decay(var_names=...)."
        )


def _check_has_plain_rate(optimizer: Any) -> None:
    if _holds_others(optimizer) or not isinstance(_rate(optimizer), float):
        raise ValueError(
            "learning_rate_decay must be None for an optimizer whose learning_rate is "
            f"not a number. Got {optimizer!r} instead; pass an optimizer without a "
            "schedule, or set learning_rate_decay=None."
        )


def _check_does_not_clip(optimizer: Any) -> None:
    clips = [name for name in _CLIPPING if getattr(optimizer, name) is not None]
    if not clips and not _holds_others(optimizer):
        return
    how = f"{clips[0]}={getattr(optimizer, clips[0])}" if clips else "others inside"
    raise ValueError(
        "clipnorm must be None for an optimizer that clips gradients itself. Got "
        f"{optimizer!r} with {how} instead; set one of the two to None."
    )


def settings_key(optimizer: Any) -> Hashable:
    """Identify an optimizer of Keras's by its settings; None if these do not tell."""
    try:
        return _frozen(optimizer)
    except TypeError:
        return None


def traced_settings(optimizer: Any) -> Hashable:
    """Return what the trace of an epoch depends on and a callback can change."""
    rate = vars(optimizer)["_learning_rate"]
    # The value of a variable is read anew in every epoch; only a schedule is traced.
    schedule = None if isinstance(rate, _VARIABLES) else rate
    return repr((schedule, _attributes(optimizer)))


def explain_loss(optimizer: Any) -> str | None:
    """Return what an optimizer loses when Keras copies it; None for nothing."""
    if _is_in_configuration(optimizer):
        return None
    try:
        copied = copy.deepcopy(optimizer)
    except Exception as error:  # What an optimizer holds can fail in any way.
        reason = shorten(str(error), 80)
        return f"which Keras cannot copy ({type(error).__name__}: {reason})"
    lost = _differences(optimizer, copied)
    return f"of which a copy lacks {', '.join(lost)}" if lost else None


def explain_copy(optimizer: Any) -> str | None:
    """Return what an optimizer lacks of the one that Keras has copied it from, if any.

    Keras (not yet 3.6) numbers the names of optimizers, but a copy has that of its
    original, which is still alive where a grid search has copied its values.
    """
    for other in gc.get_objects():
        if type(other) is type(optimizer) and _may_be_original(other, optimizer):
            lost = _differences(other, optimizer)
            if lost:
                return f"a copy that lacks {', '.join(lost)}"
    return None


def _may_be_original(other: Any, optimizer: Any) -> bool:
    if other is optimizer or other.built or other.name != optimizer.name:
        return False
    return bool(other.get_config() == optimizer.get_config())


def _refusal(optimizer: Any) -> str:
    return (
        "optimizer must be a name of Keras's, a class or an instance of "
        "keras.optimizers.Optimizer, or a function without arguments that returns an "
        f"instance. Got {optimizer!r} instead"
    )


def _settings(optimizer: Any) -> dict[str, Any]:
    """Return what says how an optimizer works."""
    return {**_attributes(optimizer), "learning_rate": _rate(optimizer)}


def _attributes(optimizer: Any) -> dict[str, Any]:
    """Return the attributes of an optimizer that are no variables of its own."""
    return {
        name: value
        for name, value in vars(optimizer).items()
        if name not in _MACHINERY and not _holds_variables(value)
    }


def _rate(optimizer: Any) -> Any:
    """Return the learning rate: a number, a schedule or a function."""
    rate = vars(optimizer)["_learning_rate"]
    return float(rate.numpy()) if isinstance(rate, _VARIABLES) else rate


def _is_of_keras(value: Any) -> bool:
    """Return whether a value is a number or an object of a class of Keras's."""
    return isinstance(value, float) or type(value).__module__.startswith("keras.")


def _holds_others(optimizer: Any) -> bool:
    """Return whether an optimizer leaves the work to others, which have their rates."""
    held = _attributes(optimizer).values()
    listed = chain.from_iterable(v if isinstance(v, list) else [v] for v in held)
    return any(isinstance(each, _Optimizer) for each in listed)


def _is_collection(value: Any) -> bool:
    return isinstance(value, (_Optimizer, dict, list, set))


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (dict, list, set)) and not value)


def _holds_variables(value: Any) -> bool:
    """Return whether a value is a variable, or a collection with one in it."""
    if isinstance(value, dict):
        return any(map(_holds_variables, value.values()))
    if isinstance(value, (list, tuple, set)):
        return any(map(_holds_variables, value))
    return isinstance(value, _VARIABLES)


def _copy_value(value: Any, copies: dict[int, Any]) -> Any:
    """Copy what an optimizer holds; lists and dicts leave Keras's own kinds of them."""
    if isinstance(value, _Optimizer):
        return copy_optimizer(value, copies)
    if isinstance(value, dict):
        return {key: _copy_value(each, copies) for key, each in value.items()}
    if isinstance(value, (list, set)):
        kind = list if isinstance(value, list) else set
        return kind(_copy_value(each, copies) for each in value)
    with contextlib.suppress(Exception):  # What a user's class holds can fail.
        return copy.deepcopy(value, copies)
    return value


def _copy_variables(optimizer: Any, own: Any) -> None:
    """Give an optimizer the variables that a constructor has made, not `build`."""
    made = {} if optimizer.built else vars(optimizer)
    for name, variable in made.items():
        if name not in _MACHINERY and isinstance(variable, _KerasVariable):
            value = variable.numpy()
            copied = own.add_variable(
                value.shape, lambda *_, value=value, **__: value, variable.dtype
            )
            setattr(own, name, copied)


def _frozen(value: Any) -> Hashable:
    """Return a setting as a value that equals others of the same meaning."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return frozenset((key, _frozen(each)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    if isinstance(value, set):
        return frozenset(map(_frozen, value))
    if not _is_of_keras(value):
        raise TypeError("Of an object of the user's, two that look alike may differ.")
    held = _settings(value) if isinstance(value, _Optimizer) else vars(value)
    return type(value), _frozen(held)


def _is_in_configuration(optimizer: Any) -> bool:
    """Return whether the configuration names all settings of an optimizer."""
    if not _is_of_keras(optimizer) or not _is_of_keras(_rate(optimizer)):
        return False
    settings = _settings(optimizer)
    held = {name for name, value in settings.items() if not _is_nothing(value)}
    return held <= set(optimizer.get_config())


def _differences(optimizer: Any, copied: Any) -> list[str]:
    settings, kept = _settings(optimizer), _settings(copied)
    return [name for name in settings if not _alike(settings[name], kept.get(name))]


def _alike(value: Any, other: Any) -> bool:
    """Return whether two settings mean the same; nothing may be an empty collection."""
    if value is other or (_is_nothing(value) and _is_nothing(other)):
        return True
    if type(value) is not type(other) or isinstance(value, FunctionType):
        return False
    if isinstance(value, _Optimizer):
        return not _differences(value, other)
    if isinstance(value, dict):
        keys = value.keys() == other.keys()
        return keys and all(_alike(value[key], other[key]) for key in value)
    if isinstance(value, (list, tuple)):
        sizes = len(value) == len(other)
        return sizes and all(map(_alike, value, other))
    if isinstance(value, (np.ndarray, tf.Tensor)):
        return bool(np.array_equal(value, other))
    if value == other:
        return True
    return hasattr(value, "__dict__") and _alike(vars(value), vars(other))
