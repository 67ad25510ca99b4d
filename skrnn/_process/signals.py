"""Hold signals back while TensorFlow is at work.

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

# Signals by which programs are stopped, where the system has them. Those that have
# waited are delivered in this order, and the exception of the last handler is raised.
_NAMES = ("SIGALRM", "SIGHUP", "SIGTERM", "SIGBREAK", "SIGINT")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]

# A user who sends a signal for the third time does not want to wait any longer.
_PATIENCE = 2


class HeldSignals:
    """A handler that holds signals back, or passes them to the handlers before it."""

    def __init__(self) -> None:
        self._holds = False
        self._handlers: dict[int, Any] = {}
        self._waiting: list[int] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Hold a signal back or pass it on; Python calls this as the handler."""
        if self._holds and self._waiting.count(number) < _PATIENCE:
            self._waiting.append(number)
        else:
            self._handlers[number](number, frame)

    def hold(self) -> None:
        """Hold signals back from now on."""
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

    def deliver(self) -> None:
        """Call the handlers of signals that have waited, and hold those that follow."""
        if self._waiting:
            self.release()
            self.hold()

    def release(self) -> None:
        """Restore the handlers, and call those whose signals have waited."""
        raised = None
        while self._holds:
            # A handler that is restored can raise here at once. The others have still
            # to be restored.
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
    """Hold back signals that stop programs until work is done or has failed.

    What their handlers raise is then raised by this context, or by the function that it
    decorates. A signal that is sent for the third time waits no longer.

    Yields
    ------
    held : HeldSignals
        Can release the signals, and hold them again, in between.
    """
    held = HeldSignals()
    try:
        held.hold()
        yield held
    finally:
        held.release()
