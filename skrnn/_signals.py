"""Signals that wait while TensorFlow is at work.

TensorFlow does not survive an exception in the middle of its Python code, such as that
of Ctrl-C: it may crash, take the exception for an error of its own or lose it, or be
left in a state in which no later network can be built.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

__all__ = ["signals_wait"]

# Those with which people stop a program. Not each is known on every system.
_NAMES = ("SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


@contextlib.contextmanager
def signals_wait() -> Iterator[WaitingRoom]:
    """Let signals that Python handles wait until the work is done, or has failed.

    Whatever their handlers raise then comes out of this context, or of the function
    that it decorates. Other threads than the main one never run a handler.

    Yields
    ------
    room : WaitingRoom
        Where signals wait; may be opened and closed in between.
    """
    room = WaitingRoom()
    try:
        room.close()
        yield room
    finally:
        room.open()


class WaitingRoom:
    """Stands in for the handlers of signals; calls them at once while it is open."""

    def __init__(self) -> None:
        self._is_open = True
        self._handlers: dict[int, Any] = {}
        self._waiting: dict[int, FrameType | None] = {}

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal, as Python calls a handler."""
        if self._is_open:
            self._handlers[number](number, frame)
        else:
            self._waiting[number] = frame

    def close(self) -> None:
        """Let signals wait from now on."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._is_open = False
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler) and handler is not self:
                self._handlers[number] = handler
                signal.signal(number, self)

    def open(self) -> None:
        """Give the handlers their signals back, and those that have been waiting."""
        if self._is_open:
            return
        self._is_open = True
        try:
            for number, handler in self._handlers.items():
                if signal.getsignal(number) is self:
                    signal.signal(number, handler)
        finally:
            self._deliver()

    def _deliver(self) -> None:
        """Call each handler that has waited, whatever the others raise."""
        if self._waiting:
            number, frame = self._waiting.popitem()
            try:
                self._handlers[number](number, frame)
            finally:
                self._deliver()
