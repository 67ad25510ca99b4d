"""Whether TensorFlow can run here: its threads do not follow a process into a fork."""

from __future__ import annotations

import os
import sys

__all__ = ["check_not_forked", "is_forked", "note_start"]

_STARTED_IN: list[int] = []


def note_start() -> None:
    """Keep in mind that TensorFlow has started in this process."""
    if not _STARTED_IN:
        _STARTED_IN.append(os.getpid())


def _note_fork() -> None:
    """Keep in mind, in a fork, that TensorFlow was started by other code before it.

    An imported TensorFlow starts its threads with its first operation only.
    """
    eager = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(eager, "_context", None)
    if not _STARTED_IN and getattr(context, "_initialized", False):
        _STARTED_IN.append(os.getppid())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def is_forked() -> bool:
    """Return whether TensorFlow has started in a process that this one is a fork of."""
    return bool(_STARTED_IN) and [os.getpid()] != _STARTED_IN


def check_not_forked() -> None:
    """Raise if TensorFlow would wait for threads that exist only in another process.

    Raises
    ------
    RuntimeError
        If this process is a fork of the one in which TensorFlow has started.
    """
    if is_forked():
        raise RuntimeError(
            "TensorFlow cannot run in a process that is a fork of one in which it has "
            'run before: it would wait for ever. Start processes by "spawn" or '
            '"forkserver" in place of "fork", such as '
            'multiprocessing.get_context("spawn").Pool(), or by loky, the default of '
            "joblib; or only predict here, by recurrent estimators with "
            "predict_backend='numpy' or 'auto'."
        )
