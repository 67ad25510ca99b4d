"""Settings of the process."""

from __future__ import annotations

import threading

from skrnn._serialization.names import set_module

__all__ = ["get_config", "set_config"]

_LOCK = threading.Lock()
_CONFIG = {"program_cache_size": 32}


@set_module("skrnn")
def get_config() -> dict[str, int]:
    """Give the settings of this process.

    Returns
    -------
    config : dict
        A copy of what `set_config` sets.

    Examples
    --------
    >>> import skrnn
    >>> skrnn.get_config()
    {'program_cache_size': 32}
    """
    with _LOCK:
        return dict(_CONFIG)


@set_module("skrnn")
def set_config(*, program_cache_size: int | None = None) -> None:
    """Change the settings of this process.

    Parameters
    ----------
    program_cache_size : int, default=None
        Compiled networks to keep for later fits and predictions, the least recently
        used ones given up first; 0 keeps none. A search over more architectures than
        are kept compiles them again. None changes nothing.

    Raises
    ------
    ValueError
        If `program_cache_size` is no integer of at least 0.

    Examples
    --------
    >>> import skrnn
    >>> skrnn.set_config(program_cache_size=32)
    """
    if program_cache_size is None:
        return
    whole = type(program_cache_size) is int  # True is an int, too.
    if not whole or program_cache_size < 0:
        raise ValueError(
            "program_cache_size must be an integer of at least 0. Got "
            f"{program_cache_size!r} instead."
        )
    with _LOCK:
        _CONFIG["program_cache_size"] = program_cache_size
