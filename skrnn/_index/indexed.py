"""Arrays that carry the index of the rows that they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["IndexedArray"]


class IndexedArray(np.ndarray):
    """An array with the index of the rows that it belongs to.

    What is computed or taken from it is a plain array without an index.
    """

    # NumPy copies no attribute to the views that it makes: they have this None.
    index: Any = None

    def __reduce__(self) -> Any:
        """Return how to rebuild a view or a copy, which is a plain array."""
        return np.asarray(self).__reduce__()

    def __array_wrap__(
        self, array: NDArray[Any], context: Any = None, return_scalar: bool = False
    ) -> Any:
        """Return what is computed from the array as a plain array or a number."""
        return array[()] if return_scalar else np.asarray(array)

    def __getitem__(self, key: Any) -> Any:
        """Return a part as a plain array."""
        return np.asarray(self)[key]
