"""What estimators store of themselves: plain values, under the version of their form.

A stored estimator holds numbers, strings, lists, dicts and arrays, and no objects of
pandas or of private classes. So what a file means does not depend on where such a class
lives, nor on the release of pandas, and skops needs trust in public classes only.

A new parameter needs no new version if its default means what was done before it
existed. Any other change to what is stored raises `STATE_VERSION`, and `UPGRADES` says
how the state of the version before becomes one of the next, or why it cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
        version = state.pop("_state_version", 0)
        release = state.pop("_skrnn_version", None)
        _check_not_newer(name, version, release)
        state = {key: restore(value) for key, value in state.items()}
        for upgrade in UPGRADES[version:]:
            upgrade(name, state)
        vars(self).update({**_defaults(type(self)), **state})


def _defaults(cls: type) -> dict[str, Any]:
    """Give the defaults of all parameters, for those that a stored state lacks."""
    parameters = signature(cls).parameters.values()
    given = (p for p in parameters if p.default is not Parameter.empty)
    return {parameter.name: parameter.default for parameter in given}


def _check_not_newer(name: str, version: int, release: str | None) -> None:
    """Refuse a state that a later version made, which may mean something else."""
    if version > STATE_VERSION or _minor(release) > _minor(__version__):
        raise ValueError(
            f"{name} was stored by skrnn {release}, which is newer than skrnn "
            f"{__version__} here (state version {version}, here "
            f"{STATE_VERSION}); install skrnn {release} or later to load it, or fit "
            "and store it with the release that is here."
        )


def _minor(release: str | None) -> tuple[int, ...]:
    """Give major and minor number of a release; patches store what it stores."""
    return tuple(int(number) for number in re.findall(r"\d+", release or "")[:2])


def _from_unversioned(name: str, state: dict[str, Any]) -> None:
    """Upgrade what was stored before the state had a version, ahead of skrnn 0.1.0."""
    network = state.get("_network", {})
    if "segment" in network:
        unprojected = network["segment"] > 1 and not network["dense_before"]
        if unprojected and "decoder" not in network:
            raise _too_old(name, "segments had no Dense projection then")
        defaults = {"frozen": False, "decoder": "dense", "output_activation": "linear"}
        state["_network"] = {**defaults, **network}
    forecaster = {"estimator_", "horizon"} <= state.keys()
    if forecaster and not {"_origin", "window_"} <= state.keys():
        raise _too_old(name, "it did not keep where forecasts start then")


def _too_old(name: str, reason: str) -> ValueError:
    return ValueError(
        f"{name} was stored by a development version of skrnn from before 0.1.0, "
        f"without a state version, and cannot be used by skrnn {__version__}, "
        f"because {reason}; fit and store it again."
    )


# The one at place v turns a state of version v into one of version v + 1.
UPGRADES: tuple[Callable[[str, dict[str, Any]], None], ...] = (_from_unversioned,)
