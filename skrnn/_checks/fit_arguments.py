"""Parameters of an estimator that users of Keras pass to `fit`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["names_parameters"]


def names_parameters(method: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate `fit` so that it says where arguments belong that Keras takes there.

    Its signature stays as it is. Arguments that are no parameters of the estimator
    either get Python's own error. One that forecasts says how it takes a series alone.

    Examples
    --------
    >>> from skrnn import GRURegressor
    >>> GRURegressor().fit([[1.0], [2.0]], [1.0, 2.0], epochs=5)
    Traceback (most recent call last):
        ...
    TypeError: epochs is a parameter of GRURegressor, not of its fit; pass \
GRURegressor(epochs=...), or call set_params(epochs=...) before fit.
    """
    known = inspect.signature(method).parameters

    @functools.wraps(method)
    def checked(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        for name in kwargs:
            if name not in known:
                _check_belongs(estimator, name, list(known), method.__name__)
        if hasattr(estimator, "forecast") and len(args) == 1 and "y" not in kwargs:
            raise TypeError(
                f"y is missing: {type(estimator).__name__}.{method.__name__} takes X "
                f"and y. Series without columns of X are {method.__name__}(None, y)."
            )
        return method(estimator, *args, **kwargs)

    return checked


def _check_belongs(estimator: Any, name: str, known: list[str], method: str) -> None:
    """Raise if an argument has its place elsewhere."""
    owner = type(estimator).__name__
    held_out = [f"{each}=..." for each in ("X_val", "y_val") if each in known]
    if name == "validation_data" and held_out:
        raise TypeError(
            f"validation_data is no argument of {owner}.{method}; pass the samples to "
            f"validate on as {', '.join(held_out)}."
        )
    if name in estimator.get_params(deep=False):
        raise TypeError(
            f"{name} is a parameter of {owner}, not of its {method}; pass "
            f"{owner}({name}=...), or call set_params({name}=...) before {method}."
        )
    inner = [p for p in estimator.get_params() if p.endswith(f"__{name}")]
    if inner:
        raise TypeError(
            f"{name} is a parameter of the estimator inside {owner}, not of its "
            f"{method}; pass it to that one, or call set_params({inner[0]}=...) before "
            f"{method}."
        )
