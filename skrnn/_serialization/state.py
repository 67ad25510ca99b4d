"""What estimators store of themselves: plain values, under the version of their form.

A stored estimator holds numbers, strings, lists, dicts and arrays, and no objects of
pandas or of private classes. So what a file means does not depend on where such a class
lives, nor on the release of pandas, and skops needs trust in public classes only.

A new parameter needs no new version if its default means what was done before it
existed. Any other change to what is stored raises `STATE_VERSION`, and `__setstate__`
then turns states of the versions before into the new form, or says why it cannot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

from skrnn._version import __version__

from .plain import as_plain, restore

__all__ = ["STATE_VERSION", "StoredMixin"]

STATE_VERSION = 1


class StoredMixin:
    """Stores an estimator as plain values, and reads what older versions stored."""

    def __getstate__(self) -> dict[str, Any]:
        given = _defaults(type(self))  # Parameters are the user's and stay as they are.
        state = vars(self).items()
        return {
            **{key: v if key in given else as_plain(v) for key, v in state},
            "_state_version": STATE_VERSION,
            "_skrnn_version": __version__,
        }

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        state, name = dict(state), type(self).__name__
        version, release = state.pop("_state_version"), state.pop("_skrnn_version")
        _check_not_newer(name, version, release)
        state = {key: restore(value) for key, value in state.items()}
        vars(self).update({**_defaults(type(self)), **state})


def _defaults(cls: type) -> dict[str, Any]:
    """Give the defaults of all parameters, for those that a stored state lacks."""
    parameters = signature(cls).parameters.values()
    given = (p for p in parameters if p.default is not Parameter.empty)
    return {parameter.name: parameter.default for parameter in given}


def _check_not_newer(name: str, version: int, release: str) -> None:
    """Refuse a state that a later version made, which may mean something else."""
    if version > STATE_VERSION or _minor(release) > _minor(__version__):
        raise ValueError(
            f"{name} was stored by skrnn {release}, which is newer than skrnn "
            f"{__version__} here (state version {version}, here "
            f"{STATE_VERSION}); install skrnn {release} or later to load it, or fit "
            "and store it with the release that is here."
        )


def _minor(release: str) -> tuple[int, ...]:
    """Give major and minor number of a release; patches store what it stores."""
    return tuple(int(number) for number in re.findall(r"\d+", release)[:2])
