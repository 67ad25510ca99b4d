"""Programs: Keras models with what is compiled for them, lent to one user at a time.

Building, tracing and compiling a network costs seconds, and memory that TensorFlow
never gives back. What a program depends on is therefore its key, and all the rest -
weights, state of the optimizer, random numbers, learning rate - is set before each use.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from skrnn._process.config import get_config
from skrnn._process.fork import check_not_forked
from skrnn._process.memory import check_memory_maps

from .tensorflow import keras

__all__ = ["PROGRAMS"]


class ProgramCache:
    """Programs by what they depend on; the least recently used ones are dropped.

    How many are kept, those on loan not counted, is the setting `program_cache_size`.
    """

    def __init__(self) -> None:
        self.n_built = 0
        self._free: OrderedDict[int, tuple[Hashable, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._free)

    @contextlib.contextmanager
    def lend(self, key: Hashable, build: Callable[[], Any]) -> Iterator[Any]:
        """Lend a program to one user at a time; one whose use failed is dropped.

        Parameters
        ----------
        key : hashable or None
            What the program depends on; None is never kept.
        build : callable
            Builds the program if none is free.

        Raises
        ------
        RuntimeError
            If this process is a fork of the one in which TensorFlow has started.
        """
        check_not_forked()
        if key is not None:
            # Keras makes metrics, and losses for its own loop, in the precision that
            # was set last, even if the user set it for other models.
            key = (key, keras.config.floatx(), keras.config.dtype_policy().name)
        program = self._take(key)
        if program is None:
            check_memory_maps()
            program = build()
        yield program  # No `finally`: an error may leave a program in any state.
        if key is not None:
            self._keep(key, program)

    def clear(self) -> None:
        """Drop all programs."""
        with self._lock:
            self._free.clear()

    def _take(self, key: Hashable) -> Any:
        with self._lock:
            for number, (own_key, program) in reversed(self._free.items()):
                if own_key == key:
                    del self._free[number]
                    return program
            self.n_built += 1
        return None

    def _keep(self, key: Hashable, program: Any) -> None:
        with self._lock:
            # By identity: threads that train at once keep several of the same key.
            self._free[id(program)] = (key, program)
            while len(self._free) > get_config()["program_cache_size"]:
                self._free.popitem(last=False)


PROGRAMS = ProgramCache()
