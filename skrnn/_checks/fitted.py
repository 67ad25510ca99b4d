"""Assign all that a fit has learned at once."""

from __future__ import annotations

from typing import Any

__all__ = ["set_fitted"]


def set_fitted(estimator: Any, fitted: dict[str, Any]) -> None:
    """Set all that a fit has learned at once, in place of older values.

    Values that are None stand for attributes which do not exist after this fit, such as
    `feature_names_in_` where the columns have no names.
    """
    state = {
        name: value for name, value in vars(estimator).items() if name not in fitted
    }
    state |= {name: value for name, value in fitted.items() if value is not None}
    # One assignment, which no interrupt can divide.
    estimator.__dict__ = state
