"""An array of windows that knows its rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._index.indexed import IndexedArray

from .windows import Windows

__all__ = ["WindowArray"]


class WindowArray(IndexedArray):
    """Windows as a read-only array of shape (n_samples, n_steps, n_features).

    It is pickled as its rows and the starts of its windows, which take `n_steps` times
    less than the array: a Pipeline with `memory`, joblib and Dask store and send it.
    """

    windows: Windows | None = None

    @classmethod
    def of(cls, windows: Windows, index: Any = None) -> WindowArray:
        """Return windows as an array that carries their rows and an index."""
        array = windows.materialise().view(cls)
        # The rows would no longer be those of the array if it were written to.
        array.flags.writeable = False
        array.windows = windows
        array.index = index
        return array

    def __reduce__(self) -> Any:
        """Return how to rebuild the windows from their rows."""
        if self.windows is None:
            return np.asarray(self).__reduce__()
        return WindowArray.of, (self.windows, self.index)
