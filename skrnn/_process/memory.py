"""Check that memory suffices, before any array is allocated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["available_bytes", "check_memory", "check_memory_maps"]

# Less than this is not worth a look at the machine.
SMALL = 2**28

# Memory maps that compiling may take; an LSTM takes 177, deep networks some hundreds.
MAPS_OF_A_PROGRAM = 2048

# The files of a group of processes: what it may use, what it uses, and its details.
_GROUPS = {
    "memory": (
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        ("total_cache", "total_shmem"),
    ),
    "": ("memory.max", "memory.current", ("file", "shmem")),
}


def check_memory(n_bytes: int, what: str, way_out: str) -> None:
    """Raise if more memory is needed than the machine, or the container, has left.

    Parameters
    ----------
    n_bytes : int
        Memory that is needed at least. An estimate that is too low only leaves the
        error to the system.
    what : str
        Name of the parameter or the data that need it, as messages begin.
    way_out : str
        What to do instead, as messages end.

    Raises
    ------
    MemoryError
        If less is available.
    """
    if n_bytes < SMALL:
        return
    available = available_bytes()
    if available is not None and n_bytes > available:
        raise MemoryError(
            f"{what} needs at least {n_bytes} bytes ({n_bytes / 1e9:.3g} GB) of memory."
            f" Got {available} ({available / 1e9:.3g} GB) available; {way_out}."
        )


def check_memory_maps() -> None:
    """Raise if compiling could end the process.

    XLA never gives back the memory maps of what it compiled. At the limit of the system
    nothing in the process gets memory any more, and it dies without a word.

    Raises
    ------
    MemoryError
        If too few memory maps are left.
    """
    try:
        limit = int(Path("/proc/sys/vm/max_map_count").read_text())
        n_maps = Path("/proc/self/maps").read_bytes().count(b"\n")
    except OSError:  # Not Linux.
        return
    if n_maps + MAPS_OF_A_PROGRAM > limit:
        raise MemoryError(
            f"To compile one more network could end this process, which has {n_maps} "
            f"memory maps; vm.max_map_count allows {limit}, and TensorFlow keeps those "
            "of every network that it ever compiled, of each architecture, batch size, "
            "loss and optimizer. Go on in a new process, or in several (n_jobs), and "
            "choose from fewer sizes."
        )


def available_bytes() -> int | None:
    """Return how much memory this process can still get; None if it is not known.

    That is what the system can free without writing to disk, and its swap space, or
    less where the process belongs to a group with a limit, as in a container.
    """
    known = _read_numbers(Path("/proc/meminfo"))
    if "MemAvailable" not in known:
        return None  # Not Linux.
    left = [1024 * (known["MemAvailable"] + known.get("SwapFree", 0))]
    return max(min([*left, *_left_in_groups()]), 0)


def _left_in_groups() -> Iterator[int]:
    """Yield what is left to each group that this process belongs to."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in _GROUPS:
            continue
        root = Path("/sys/fs/cgroup") / controllers
        group = root / path.lstrip("/")
        # Inside a container the path may be that outside of it.
        for folder in (group, *group.parents):
            yield from _left_in_group(folder, *_GROUPS[controllers])
            if folder == root:
                break


def _left_in_group(
    folder: Path, limit: str, usage: str, reclaimable: tuple[str, str]
) -> Iterator[int]:
    """Yield what is left to a group, in which cached files do not count."""
    try:
        allowed = int((folder / limit).read_text())
        used = int((folder / usage).read_text())
    except (OSError, ValueError):  # No such group, or "max": no limit.
        return
    details = _read_numbers(folder / "memory.stat")
    cached, shared = (details.get(name, 0) for name in reclaimable)
    yield allowed - used + cached - shared


def _read_numbers(path: Path) -> dict[str, int]:
    """Read a file whose lines are a name and a number; {} if there is none."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    rows = (line.replace(":", " ").split() for line in lines)
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
