"""Read a stretch of rows at a time, from memory, a file or a task graph."""

from __future__ import annotations

import mmap
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["count_rows", "read_rows"]


def count_rows(rows: Any, name: str) -> int:
    """Count the rows of what can be sliced, reading none.

    Raises
    ------
    TypeError
        If it cannot be sliced, or does not know how many rows it has.
    """
    if not hasattr(rows, "__getitem__"):
        raise TypeError(
            f"{name} must be an array, or something that gives an array when it is "
            f"sliced, as {name}[0:1000]. Got {type(rows).__name__} instead."
        )
    shape = getattr(rows, "shape", None)
    n_rows = shape[0] if shape else len(rows)
    if not isinstance(n_rows, Integral):
        raise TypeError(
            f"{name} must know the number of its rows. Got {type(rows).__name__} "
            f"with {n_rows!r} rows instead; call compute_chunk_sizes() of a Dask "
            "array, or to_dask_array(lengths=True) of a Dask frame."
        )
    return int(n_rows)


def read_rows(rows: Any, first: int, stop: int) -> Any:
    """Read some rows: those of a frame as a frame, others as an array.

    Pages of a file that is mapped into memory count as held from when they are touched
    until the mapping ends. So the rows of an `np.memmap` are copied out of another
    mapping, which ends at once. `mmap.madvise` could release the pages of the
    caller's mapping, but Windows lacks it, and it needs the numbers of pages, too.
    """
    if isinstance(rows, np.memmap):
        copied = _copy_from_file(rows[first:stop])
        if copied is not None:
            return copied
    if hasattr(rows, "iloc"):  # Slices of a frame can mean labels.
        return rows.iloc[first:stop]
    return np.asarray(rows[first:stop])


def _copy_from_file(rows: Any) -> NDArray[Any] | None:
    """Copy a part of a mapped file out of another mapping; None if that cannot be."""
    mapping: Any = rows
    while isinstance(mapping, np.ndarray):
        mapping = mapping.base
    own_changes = rows.mode == "c"  # Those are in no file.
    forward = all(stride >= 0 for stride in rows.strides)
    named = rows.filename is not None and Path(rows.filename).exists()
    if not isinstance(mapping, mmap.mmap) or own_changes or not forward or not named:
        return None
    # A part of a memmap says where the whole begins, which mmap rounds down.
    begin = rows.offset - rows.offset % mmap.ALLOCATIONGRANULARITY
    if not _maps_file(mapping, rows.filename, begin):
        return None
    begin += rows.ctypes.data - np.frombuffer(mapping, np.uint8).ctypes.data
    steps = zip(rows.shape, rows.strides, strict=True)
    extent = rows.itemsize + sum((size - 1) * stride for size, stride in steps)
    raw = np.memmap(rows.filename, np.uint8, "r", begin, extent)
    return np.ndarray(rows.shape, rows.dtype, raw, strides=rows.strides).copy()


def _maps_file(mapping: mmap.mmap, path: Any, offset: int) -> bool:
    """Return whether a file is the one that is mapped, by its first and last page.

    Another file may have got the name since. The pages are the same in each call, or
    the memory held would grow with the rows that are read.
    """
    with Path(path).open("rb") as file:
        for first in (0, max(len(mapping) - mmap.PAGESIZE, 0)):
            page = mapping[first : first + mmap.PAGESIZE]
            file.seek(offset + first)
            if file.read(len(page)) != page:
                return False
    return True
