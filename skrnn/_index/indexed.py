"""Arrays that carry the index of the rows that they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["IndexedWindows"]


class IndexedWindows(np.ndarray):
    """Windows as an array, with the index of the rows that they belong to.

    What is computed or taken from it is a plain array without an index.
    """

    # NumPy copies no attribute to the views that it makes: they have this None.
    index: Any = None

    @classmethod
    def of(cls, windows: NDArray[Any], index: Any) -> IndexedWindows:
        """Return windows with an index, without a copy."""
        indexed = windows.view(cls)
        indexed.index = index
        return indexed

    def __reduce__(self) -> Any:
        """Return how to rebuild the windows with their index, for pickle and joblib.

        A Pipeline with `memory` caches what its transformers return.
        """
        return IndexedWindows.of, (np.asarray(self), self.index)

    def __array_wrap__(
        self, array: NDArray[Any], context: Any = None, return_scalar: bool = False
    ) -> Any:
        """Return what is computed from windows as a plain array or a number."""
        return array[()] if return_scalar else np.asarray(array)

    def __getitem__(self, key: Any) -> Any:
        """Return a part of the windows as a plain array."""
        return np.asarray(self)[key]
