"""Windows in the form that an estimator takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skrnn._estimators.inside import accepts_windows
from skrnn._process.memory import check_memory
from skrnn._windows.windows import Windows

__all__ = ["as_input", "check_table_fits", "compiled_roll_out"]


def compiled_roll_out(estimator: BaseEstimator) -> Any:
    """Return the method of recurrent regressors that rolls out in one compiled call.

    None for any other estimator. Only the class is asked: a FrozenEstimator would
    answer for the estimator inside, but predicts with it step by step.
    """
    return getattr(type(estimator), "_roll_out", None)


def as_input(
    windows: NDArray[np.float64], estimator: BaseEstimator
) -> NDArray[np.float64]:
    """Return windows as the estimator takes them: with three axes, or as a table."""
    if accepts_windows(estimator):
        return windows
    return windows.reshape(len(windows), -1)


def check_table_fits(windows: Windows, estimator: BaseEstimator) -> None:
    """Raise if a copy of all windows would not fit into memory."""
    check_memory(
        windows.n_bytes,
        f"The table of windows that {type(estimator).__name__} learns from "
        f"(window={windows.n_steps}, {len(windows)} rows of "
        f"{windows.n_features} channels)",
        "shorten window, pass fewer rows, or use a recurrent regressor, which "
        "needs no copy of the windows",
    )
