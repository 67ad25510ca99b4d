"""Settings of the process."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from skrnn._serialization.names import set_module

from .compilation_cache import VARIABLE, resolve_folder

__all__ = ["get_config", "set_config"]

_LOCK = threading.Lock()


def _folder_or_false(setting: bool | str | os.PathLike[str]) -> str | bool:
    folder = resolve_folder(setting)
    return False if folder is None else str(folder)


_CONFIG: dict[str, Any] = {
    "compilation_cache": _folder_or_false(os.environ.get(VARIABLE, "")),
    "program_cache_size": 32,
}


@set_module("skrnn")
def get_config() -> dict[str, Any]:
    """Return the settings of this process.

    Returns
    -------
    config : dict
        A copy of what `set_config` sets.

    Examples
    --------
    >>> import skrnn
    >>> skrnn.get_config()["program_cache_size"]
    32
    """
    with _LOCK:
        return dict(_CONFIG)


@set_module("skrnn")
def set_config(
    *,
    compilation_cache: bool | str | os.PathLike[str] | None = None,
    program_cache_size: int | None = None,
) -> None:
    """Change the settings of this process.

    Parameters
    ----------
    compilation_cache : bool, str or path, default=None
        Folder for compiled networks, which later processes load instead of compiling
        them again. True is a folder in the user's cache directory, False none, which
        is the initial setting unless the environment variable
        ``SKRNN_COMPILATION_CACHE`` names a folder. It has to be set before the first
        network is used, because TensorFlow reads it when it is imported. Processes
        that are started later, such as loky's workers, inherit it by that variable.
        None changes nothing.
    program_cache_size : int, default=None
        Compiled networks to keep in memory for later fits and predictions, the least
        recently used ones dropped first; 0 keeps none. A search over more
        architectures than are kept compiles them again. None changes nothing.

    Raises
    ------
    ValueError
        If `compilation_cache` is no folder and no bool, or `program_cache_size` no
        integer of at least 0.
    RuntimeError
        If `compilation_cache` changes after TensorFlow was imported.

    Notes
    -----
    The folder of compiled networks is kept below 256 MB; those that were used longest
    ago are deleted. It holds machine code, one subfolder for each release of
    TensorFlow, set of flags and kind of processor: let nobody write to it whose
    programs you would not run. Fits and predictions are the same to the bit with and
    without it. Programs for a GPU are not kept.

    Examples
    --------
    >>> import skrnn
    >>> skrnn.set_config(program_cache_size=32)
    """
    changes: dict[str, Any] = {}
    if program_cache_size is not None:
        changes["program_cache_size"] = _checked_size(program_cache_size)
    if compilation_cache is not None:
        changes["compilation_cache"] = _checked_folder(compilation_cache)
    with _LOCK:
        _CONFIG.update(changes)
    if "compilation_cache" in changes:
        os.environ[VARIABLE] = changes["compilation_cache"] or "0"


def _checked_size(size: int) -> int:
    whole = type(size) is int  # True is an int, too.
    if not whole or size < 0:
        raise ValueError(
            f"program_cache_size must be an integer of at least 0. Got {size!r} "
            "instead."
        )
    return size


def _checked_folder(setting: bool | str | os.PathLike[str]) -> str | bool:
    if not isinstance(setting, bool | str | os.PathLike):
        raise ValueError(
            f"compilation_cache must be a folder, True or False. Got {setting!r} "
            "instead."
        )
    folder = _folder_or_false(setting)
    if folder and os.path.exists(folder) and not os.path.isdir(folder):
        raise ValueError(
            f"compilation_cache must be a folder. Got {folder!r} instead, a file."
        )
    if folder != get_config()["compilation_cache"] and "tensorflow" in sys.modules:
        raise RuntimeError(
            "compilation_cache must be set before TensorFlow is imported, which has "
            "happened; call set_config right after importing skrnn, or set the "
            f"environment variable {VARIABLE} before Python starts."
        )
    return folder
