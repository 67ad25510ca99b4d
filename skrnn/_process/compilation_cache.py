"""Compiled programs in a folder that processes share."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

__all__ = ["VARIABLE", "ProgramFolder", "describe_processor", "resolve_folder"]

VARIABLE = "SKRNN_COMPILATION_CACHE"
MAX_BYTES = 256 * 2**20

_ON, _OFF = ("1", "true"), ("", "0", "false")
_DIGEST_SIZE = 32


def resolve_folder(setting: bool | str | os.PathLike[str]) -> Path | None:
    """Return the folder that a setting means.

    Parameters
    ----------
    setting : bool, str or path
        A folder; True, "1" or "true" for one in the user's cache directory; False, "",
        "0" or "false" for none.

    Returns
    -------
    folder : Path or None
        An absolute path.
    """
    text = os.fspath(setting) if not isinstance(setting, bool) else str(setting)
    if text.lower() in _OFF:
        return None
    if text.lower() in _ON:
        return _folder_of_user()
    return Path(text).expanduser().absolute()


def _folder_of_user() -> Path:
    try:
        from platformdirs import user_cache_path
    except ImportError as error:
        raise ImportError(
            "compilation_cache=True needs platformdirs, which finds the directory of "
            "the user; install it by pip, or name a folder."
        ) from error
    return user_cache_path("skrnn", appauthor=False) / "compiled"


class ProgramFolder:
    """Compiled programs by name, as many as `max_bytes` allow, the oldest out first.

    Processes may read and write at the same time: a file appears as a whole, under a
    name that stands for its content, and one that is damaged is as good as missing.

    Parameters
    ----------
    folder : Path
        The folder that is shared.
    versions : iterable of str
        What a program depends on beside its name: releases, flags, the processor.
        Programs of other versions live, and are bounded, in the same folder.
    max_bytes : int
        Size of the folder, other versions included.
    """

    def __init__(
        self, folder: Path, versions: Iterable[str], max_bytes: int = MAX_BYTES
    ) -> None:
        self._folder = folder
        version = hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]
        self._own = folder / version
        self._max_bytes = max_bytes

    def is_writable(self) -> bool:
        """Return whether a file can be written; the folder is created."""
        return self.write("writable", b"")

    def read(self, name: str) -> bytes | None:
        """Return what was written under a name; None if it is missing or damaged."""
        path = self._own / name
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, packed = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
        if hashlib.sha256(packed).digest() != digest:
            return None
        with contextlib.suppress(OSError):  # A folder that is only readable.
            os.utime(path)  # What is used stays.
        return zlib.decompress(packed)

    def write(self, name: str, content: bytes) -> bool:
        """Write a file, make room for it, and return whether that was possible."""
        packed = zlib.compress(content, level=1)
        temporary = self._own / f"{uuid4().hex}.tmp"
        try:
            # Programs are executed, so nobody else may write here.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._own.mkdir(mode=0o700, exist_ok=True)
            temporary.write_bytes(hashlib.sha256(packed).digest() + packed)
            os.replace(temporary, self._own / name)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            return False
        self._make_room()
        return True

    def delete(self, name: str) -> None:
        """Delete what was written under a name, if it can be."""
        with contextlib.suppress(OSError):
            (self._own / name).unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Delete the files that were used longest ago; another process may do so, too.

        Only what looks like ours is deleted, in case the folder holds other things.
        """
        files = []
        for path in self._folder.glob("*/*"):
            if _OURS.fullmatch(f"{path.parent.name}/{path.name}"):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    files.append((status.st_mtime, status.st_size, path))
        n_bytes = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if n_bytes <= self._max_bytes:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            n_bytes -= size


_OURS = re.compile(r"[0-9a-f]{16}/([0-9a-f]{32}(\.tmp)?|writable)")


def describe_processor() -> list[str]:
    """Return what decides for which processor a program is compiled.

    Where the system does not tell the features of its processor, the name of the
    machine stands for them.
    """
    n_cores = (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count()
    )
    described = [platform.system(), platform.machine(), f"{n_cores} cores"]
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    features = sorted({line for line in lines if _FEATURES.match(line)})
    return described + (features or [platform.processor(), platform.node()])


# On x86, and on ARM.
_FEATURES = re.compile(
    r"(vendor_id|cpu family|model|model name|flags"
    r"|Features|CPU implementer|CPU architecture|CPU variant|CPU part)\s*:"
)
