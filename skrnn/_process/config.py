"""Settings of the process."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from skrnn._serialization.names import set_module

from .compilation_cache import VARIABLE, resolve_folder

__all__ = ["forget_compilation_cache", "get_config", "set_config"]

_LOCK = threading.Lock()

# Variables by which processes that start later inherit settings. That of the memory is
# TensorFlow's own.
VARIABLES = {
    "compilation_cache": VARIABLE,
    "device": "SKRNN_DEVICE",
    "execution": "SKRNN_EXECUTION",
    "gpu_memory_growth": "TF_FORCE_GPU_ALLOW_GROWTH",
}


def _folder_or_false(setting: bool | str | os.PathLike[str]) -> str | bool:
    folder = resolve_folder(setting)
    return False if folder is None else str(folder)


_CHOICES = {
    "device": ("auto", "cpu", "gpu"),
    "execution": ("auto", "xla", "graph"),
}


def _checked_choice(name: str, choice: str, shown: str = "") -> str:
    if choice not in _CHOICES[name]:
        allowed = ", ".join(map(repr, _CHOICES[name]))
        raise ValueError(
            f"{shown or name} must be one of {allowed}. Got {choice!r} instead."
        )
    return choice


def _inherited_choice(name: str) -> str:
    variable = VARIABLES[name]
    return _checked_choice(name, os.environ.get(variable) or "auto", variable)


_CONFIG: dict[str, Any] = {
    "compilation_cache": _folder_or_false(os.environ.get(VARIABLE, "")),
    "device": _inherited_choice("device"),
    "execution": _inherited_choice("execution"),
    "gpu_memory_growth": os.environ.get(VARIABLES["gpu_memory_growth"]) == "true",
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
    device: str | None = None,
    execution: str | None = None,
    gpu_memory_growth: bool | None = None,
    program_cache_size: int | None = None,
) -> None:
    """Change the settings of this process, and of those that it starts later.

    The size of the cache is that of this process alone. Processes that are started
    later, such as loky's workers, inherit the others by environment variables.

    Parameters
    ----------
    compilation_cache : bool, str or path, default=None
        Folder for compiled networks, which later processes load instead of compiling
        them again. True is a folder in the user's cache directory, False none, which
        is the initial setting unless the environment variable
        ``SKRNN_COMPILATION_CACHE`` names a folder. It has to be set before the first
        network is used, because TensorFlow reads it when it is imported. A folder that
        cannot be used then is warned of, and the setting becomes False. None changes
        nothing.
    device : {"auto", "cpu", "gpu"}, default=None
        Where TensorFlow computes. "auto", the initial setting unless the environment
        variable ``SKRNN_DEVICE`` names another one, uses the first GPU that TensorFlow
        sees for calls of more than 3e7 multiplications, and the CPU for smaller ones,
        which are faster there. "cpu", if it is set before the first network is used and
        before TensorFlow is imported, also hides all GPUs from TensorFlow, so that it
        takes no memory there. "gpu" raises an error when a network is used on a machine
        without one. Predictions by NumPy stay on the CPU. None changes nothing.
    execution : {"auto", "xla", "graph"}, default=None
        By which kernels TensorFlow computes: "xla" compiles them for the network,
        "graph" takes TensorFlow's own, those of cuDNN on a GPU, and also runs all
        batches of an epoch in one call. "auto", the initial setting unless the
        environment variable ``SKRNN_EXECUTION`` names another one, is "graph" on a GPU
        for networks of which cuDNN can run the recurrent layers, and else "xla". None
        changes nothing.
    gpu_memory_growth : bool, default=None
        Whether TensorFlow takes memory of a GPU when it needs some, in place of nearly
        all at once, so that processes can share a GPU. It sets the environment variable
        ``TF_FORCE_GPU_ALLOW_GROWTH``, which also is the initial setting, and has to be
        set before the first network is used. None changes nothing.
    program_cache_size : int, default=None
        Compiled networks to keep in memory for later fits and predictions, the least
        recently used ones dropped first; 0 keeps none. A search over more
        architectures than are kept compiles them again. None changes nothing.

    Raises
    ------
    ValueError
        If a setting is none of those that are allowed.
    RuntimeError
        If `compilation_cache` or `gpu_memory_growth` changes after TensorFlow was
        imported.

    Notes
    -----
    The folder of compiled networks is kept below 256 MB; those that were used longest
    ago are deleted. It holds machine code, one subfolder for each release of
    TensorFlow, set of flags and kind of processor: let nobody write to it whose
    programs you would not run. Fits and predictions are the same to the bit with and
    without it. Programs for a GPU are not kept.

    cuDNN takes LSTM and GRU layers with the activation "tanh" and without recurrent
    dropout, and no masks of steps that are missing at the beginning. On the CPU, fits
    of the same `random_state` are the same to the bit; a GPU rounds in another way than
    the CPU, and so do "xla" and "graph", which also differ in the random numbers of
    dropout.

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
    if device is not None:
        changes["device"] = _checked_choice("device", device)
    if execution is not None:
        changes["execution"] = _checked_choice("execution", execution)
    if gpu_memory_growth is not None:
        changes["gpu_memory_growth"] = _checked_growth(gpu_memory_growth)
    with _LOCK:
        _CONFIG.update(changes)
    for name in changes.keys() & VARIABLES.keys():
        os.environ[VARIABLES[name]] = _as_text(changes[name])


def forget_compilation_cache() -> None:
    """Set `compilation_cache` to False where the folder cannot be used.

    Processes that start later inherit the folder, which they may be able to use.
    """
    with _LOCK:
        _CONFIG["compilation_cache"] = False


def _as_text(setting: str | bool) -> str:
    """Return a setting as TensorFlow and `resolve_folder` read it."""
    return setting if isinstance(setting, str) else str(setting).lower()


def _check_in_time(name: str, setting: object) -> None:
    """Raise if a setting changes that TensorFlow has read already."""
    if setting != get_config()[name] and "tensorflow" in sys.modules:
        raise RuntimeError(
            f"{name} must be set before TensorFlow is imported, which has happened; "
            "call set_config ahead of importing TensorFlow or Keras and of using a "
            f"network, or set the environment variable {VARIABLES[name]} before Python "
            "starts."
        )


def _checked_growth(growth: bool) -> bool:
    if not isinstance(growth, bool):
        raise ValueError(
            f"gpu_memory_growth must be True or False. Got {growth!r} instead."
        )
    _check_in_time("gpu_memory_growth", growth)
    return growth


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
            f"compilation_cache must be a folder. Got {folder!r} instead, a file; "
            "choose another name."
        )
    _check_in_time("compilation_cache", folder)
    return folder
