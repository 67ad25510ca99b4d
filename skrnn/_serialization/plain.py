"""Plain forms of what estimators keep: numbers, strings, lists, dicts and arrays.

Each kind of object has a name in files, and so has each of its fields. They belong to
the format: a class or an attribute can be renamed, its name in files stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import singledispatch
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "KIND",
    "as_plain",
    "cut_apart",
    "lay_end_to_end",
    "made_from",
    "restore",
    "stored",
    "tagged",
]

# The key of a dict that names the kind of object which the dict stands for.
KIND = "__kind__"

T = TypeVar("T", bound=type)
Maker = TypeVar("Maker", bound=Callable[..., Any])

_MAKERS: dict[str, Callable[..., Any]] = {}


def stored(
    kind: str, fields: Mapping[str, str], *, ragged: Collection[str] = ()
) -> Callable[[T], T]:
    """Store objects of a class as dicts.

    Parameters
    ----------
    kind : str
        Name of the class in files.
    fields : dict of str
        For each field in files the attribute, which is a parameter of the class, too.
    ragged : collection of str, default=()
        Fields that are lists of arrays. They are stored as one array and its cuts,
        which takes less space where arrays are many and short.
    """

    def register(cls: T) -> T:
        @as_plain.register(cls)
        def _fields(value: Any) -> dict[str, Any]:
            values = {name: getattr(value, key) for name, key in fields.items()}
            values |= {name: lay_end_to_end(values[name]) for name in ragged}
            return tagged(kind, **values)

        def make(**values: Any) -> Any:
            values |= {name: cut_apart(*values[name]) for name in ragged}
            return cls(**{fields[name]: value for name, value in values.items()})

        _MAKERS[kind] = make
        return cls

    return register


def made_from(kind: str) -> Callable[[Maker], Maker]:
    """Register a function that makes an object of its fields in files."""

    def register(make: Maker) -> Maker:
        _MAKERS[kind] = make
        return make

    return register


@singledispatch
def as_plain(value: Any) -> Any:
    """Return the plain form of an object; what has none is returned as it is."""
    return value


def restore(value: Any) -> Any:
    """Return the object of a plain form; other values are returned as they are."""
    if isinstance(value, dict) and KIND in value:
        if value[KIND] not in _MAKERS:
            raise ValueError(f"A stored state has an unknown part, {value[KIND]!r}.")
        fields = {key: _restore_nested(field) for key, field in value.items()}
        return _MAKERS[fields.pop(KIND)](**fields)
    return value


def tagged(kind: str, /, **fields: Any) -> dict[str, Any]:
    """Return fields in their plain forms, and the kind of object that they make."""
    return {KIND: kind, **{name: _plain_nested(v) for name, v in fields.items()}}


def _plain_nested(value: Any) -> Any:
    # By type and not isinstance: a named tuple cannot be built from an iterator.
    if type(value) in (list, tuple):
        return type(value)(map(_plain_nested, value))
    return as_plain(value)


def _restore_nested(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(map(_restore_nested, value))
    return restore(value)


def lay_end_to_end(arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Join arrays, and return the joined array and the length of each."""
    counts = np.array([len(array) for array in arrays], dtype=np.intp)
    return [np.concatenate(arrays) if arrays else np.empty(0, dtype=np.intp), counts]


def cut_apart(joined: NDArray[Any], counts: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the arrays that `lay_end_to_end` joined."""
    # Of no cuts NumPy would make one empty array.
    return np.split(joined, np.cumsum(counts)[:-1]) if len(counts) else []


@as_plain.register(np.ndarray)
def _plain_array(array: NDArray[Any]) -> NDArray[Any]:
    # The strides of an empty array mean nothing, but joblib's hashes count them.
    return array if array.size else np.zeros(array.shape, array.dtype)


@as_plain.register(np.random.RandomState)
def _plain_generator(generator: np.random.RandomState) -> Any:
    # What skops loads has another seed, which is of no use, but which hashes count.
    state = generator.get_state(legacy=False)
    usual = state["bit_generator"] == "MT19937"
    return tagged("RandomState", state=state) if usual else generator


@made_from("RandomState")
def _generator(state: Any) -> np.random.RandomState:
    generator = np.random.RandomState(0)
    generator.set_state(state)
    return generator
