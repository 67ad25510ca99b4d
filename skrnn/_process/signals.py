"""Signals that wait while TensorFlow is at work.

TensorFlow does not survive an exception in the middle of its Python code, such as that
of Ctrl-C: it may crash, take the exception for an error of its own or lose it, or be
left in a state in which no later network can be built.
"""

from __future__ import annotations

import contextlib
import inspect
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

__all__ = ["HeldSignals", "signals_wait"]

# Those by which programs are stopped, where the system has them. What has waited is
# delivered in this order, and the exception of the last handler comes out.
_NAMES = ("SIGALRM", "SIGHUP", "SIGTERM", "SIGBREAK", "SIGINT")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]

# Who sends a signal for the third time does not want to wait any longer.
_PATIENCE = 2


class HeldSignals:
    """A stand-in for the handlers of signals, which holds them or lets them through."""

    def __init__(self) -> None:
        self._holds = False
        self._handlers: dict[int, Any] = {}
        self._waiting: list[int] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal, as Python calls a handler."""
        if self._holds and self._waiting.count(number) < _PATIENCE:
            self._waiting.append(number)
        else:
            self._handlers[number](number, frame)

    def hold(self) -> None:
        """Let signals wait from now on."""
        self._holds = True
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if not callable(handler) or handler is self:
                continue
            self._handlers[number] = handler
            try:
                signal.signal(number, self)
            except ValueError:  # Not the main thread, the only one that runs handlers.
                self._holds = False
                return

    def release(self) -> None:
        """Give the handlers their signals back, and call those that have waited."""
        raised = None
        while self._holds:
            # A handler that has its signal back can raise here. What is not yet given
            # back is held, or it would never be.
            try:
                for number, handler in self._handlers.items():
                    if signal.getsignal(number) is self:
                        signal.signal(number, handler)
                self._holds = False
            except BaseException as error:
                raised = error
        waiting, self._waiting = self._waiting, []
        for number in _SIGNALS:
            if number in waiting:
                try:
                    self._handlers[number](number, inspect.currentframe())
                except BaseException as error:  # The others are to be called as well.
                    raised = error
        if raised is not None:
            raise raised


@contextlib.contextmanager
def signals_wait() -> Iterator[HeldSignals]:
    """Let signals by which programs are stopped wait until work is done, or has failed.

    What their handlers in Python raise then comes out of this context, or of the
    function that it decorates. A signal that comes for the third time waits no longer.

    Yields
    ------
    held : HeldSignals
        What holds them; can release them, and hold them again, in between.
    """
    held = HeldSignals()
    try:
        held.hold()
        yield held
    finally:
        held.release()
