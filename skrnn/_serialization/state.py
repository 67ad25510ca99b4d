"""What estimators store of themselves: plain values, under the version of their form.

A stored estimator holds numbers, strings, lists, dicts and arrays, and no objects of
pandas or of private classes. So what a file means does not depend on where such a class
lives, nor on the release of pandas, and skops needs trust in public classes only.

Parameters and public attributes are stored under their own names. Private attributes
have names of their own in files, which `_private_fields` of each class lists, so that
they can be renamed.

A new parameter needs no new version if its default means what was done before it
existed. Any other change to what is stored raises `STATE_VERSION`, and `__setstate__`
then turns states of the versions before into the new form, or says why it cannot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, ClassVar

from pandas import DataFrame

from skrnn._version import __version__

from . import pandas  # noqa: F401 -- Registers the plain forms of pandas objects.
from .plain import as_plain, restore

__all__ = ["STATE_VERSION", "StoredMixin"]

STATE_VERSION = 1

_FIELDS = ("_state_version", "_skrnn_version", "_private")


class StoredMixin:
    """Stores an estimator as plain values under a version."""

    # The attribute of each private field in files.
    _private_fields: ClassVar[dict[str, str]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Parameters are the user's and stay as they are, but skops stores no tables.
        given = _defaults(type(self))
        state = {
            key: value
            if key in given and not isinstance(value, DataFrame)
            else as_plain(value)
            for key, value in vars(self).items()
        }
        private = {
            field: state.pop(attribute)
            for field, attribute in self._private_fields.items()
            if attribute in state
        }
        return {
            **state,
            "_private": private,
            "_state_version": STATE_VERSION,
            "_skrnn_version": __version__,
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        state = dict(state)
        _check_is_versioned(type(self).__name__, state)
        version, release = state.pop("_state_version"), state.pop("_skrnn_version")
        _check_not_newer(type(self).__name__, version, release)
        private = {
            self._private_fields[field]: value
            for field, value in state.pop("_private").items()
        }
        found = {key: restore(value) for key, value in (state | private).items()}
        vars(self).update({**_defaults(type(self)), **found})


def _defaults(cls: type) -> dict[str, Any]:
    """Return the defaults of all parameters, for those that a stored state lacks."""
    parameters = signature(cls).parameters.values()
    given = (p for p in parameters if p.default is not Parameter.empty)
    return {parameter.name: parameter.default for parameter in given}


def _check_is_versioned(name: str, state: Mapping[str, Any]) -> None:
    """Raise if a state lacks what every release writes, and so cannot be read."""
    missing = [field for field in _FIELDS if field not in state]
    if missing:
        raise ValueError(
            f"A stored {name} must have the fields {', '.join(_FIELDS)}, which every "
            f"release of skrnn writes. Got a state without {', '.join(missing)}, as "
            "development versions from before 0.1.0 stored it; fit and store the "
            "estimator again."
        )


def _check_not_newer(name: str, version: int, release: str) -> None:
    """Raise if a later version made a state, which may mean something else."""
    if version > STATE_VERSION or _minor(release) > _minor(__version__):
        raise ValueError(
            f"{name} was stored by skrnn {release}, which is newer than skrnn "
            f"{__version__} here (state version {version}, here "
            f"{STATE_VERSION}); install skrnn {release} or later to load it, or fit "
            "and store it with the release that is here."
        )


def _minor(release: str) -> tuple[int, ...]:
    """Return major and minor number of a release; patches store what it stores."""
    return tuple(int(number) for number in re.findall(r"\d+", release)[:2])
