"""The names under which public classes and functions are stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["set_module"]

T = TypeVar("T", bound=Callable[..., Any])


def set_module(module: str) -> Callable[[T], T]:
    """Name a public object as users import it, whatever file it is defined in.

    pickle, joblib, cloudpickle and skops store the class of an estimator by its
    `__module__`, so stored estimators can be loaded after the file has moved.
    """

    def name(public: T) -> T:
        public.__module__ = module
        return public

    return name
