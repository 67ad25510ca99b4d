"""Functions without arguments that return a setting, such as a callback."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["is_factory", "needs_arguments"]


def is_factory(setting: Any) -> bool:
    """Return whether something is called to get a setting; Keras's are not callable."""
    return callable(setting) and not inspect.isclass(setting)


def needs_arguments(function: Callable[..., Any]) -> bool:
    """Return whether a function cannot be called without arguments."""
    try:
        inspect.signature(function).bind()
    except TypeError:
        return True
    except ValueError:  # One written in C that does not tell.
        return False
    return False
