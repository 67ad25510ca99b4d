"""Bounds of the logarithms of variances that a variational network learns.

They are smooth, because training cannot leave a region without a slope. The engine
gives them the functions of Keras in place of NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["bound_code", "bound_noise"]

# float32 holds the variances of codes between them: those of exp(-20) and of exp(20).
LARGEST_CODE = 20.0

# Of exact copies the variance would be 0, and minus the log likelihood minus infinity.
SMALLEST_NOISE = -14.0


def bound_code(log_variance: Any, arctan: Callable[[Any], Any] = np.arctan) -> Any:
    """Bound log variances of codes to 20 in size; near 0 they hardly change."""
    # Its slope falls with the square of the size, that of a tanh soon is 0 in float32.
    factor = 2 * LARGEST_CODE / np.pi
    return factor * arctan(log_variance / factor)


def softplus(x: Any) -> Any:
    """Compute ``log(1 + exp(x))``."""
    return np.logaddexp(0.0, x)


def bound_noise(log_variance: Any, softplus: Callable[[Any], Any] = softplus) -> Any:
    """Bound the log variance of the noise to at least -14; above it hardly changes."""
    return SMALLEST_NOISE + softplus(log_variance - SMALLEST_NOISE)
