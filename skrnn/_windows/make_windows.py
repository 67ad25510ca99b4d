"""Whole windows of a series and what follows them, at once or chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from skrnn._checks.tables import as_floats
from skrnn._serialization.names import set_module

from .stored_rows import count_rows, read_rows
from .windows import Windows

__all__ = ["iter_windows", "make_windows"]


@set_module("skrnn")
def make_windows(
    series: Any,
    window: int,
    horizon: int = 1,
    gap: int = 1,
    stride: int = 1,
    *,
    target: Any = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut a series into whole windows and the values that follow them.

    Only windows which lie within the series, together with what they predict, are
    returned: no row is padded.

    Parameters
    ----------
    series : array-like of shape (n_rows,) or (n_rows, n_features)
        Values in time order.
    window : int
        Steps in a window.
    horizon : int, default=1
        Values to predict, one after the other, for each window.
    gap : int, default=1
        Rows from the last step of a window to the first value to predict. 1 is the
        next row, 0 the last step itself.
    stride : int, default=1
        Rows from one window to the next.
    target : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
        Values to predict, on the rows of the series. None predicts the series itself.

    Returns
    -------
    X : ndarray of shape (n_samples, window, n_features)
        Windows, oldest step first.
    y : ndarray of shape (n_samples,), (n_samples, horizon), (n_samples, n_targets) \
or (n_samples, horizon, n_targets)
        The values that follow; axes of a single horizon or of a target with one axis
        are left out.

    Raises
    ------
    ValueError
        If the series is shorter than one window and what it predicts, has other rows
        than the target, or holds missing or infinite values.
    TypeError
        If the series holds dates.

    See Also
    --------
    SlidingWindow : The transformer, one window for every row.
    iter_windows : The same windows chunk by chunk, from rows on a disk.

    Examples
    --------
    >>> from skrnn import make_windows
    >>> X, y = make_windows([1.0, 2.0, 3.0, 4.0], window=2)
    >>> X[:, :, 0]
    array([[1., 2.],
           [2., 3.]])
    >>> y
    array([3., 4.])
    """
    window, horizon, gap, stride = _integers(
        window=window, horizon=horizon, gap=gap, stride=stride
    )
    rows = _as_numbers(series, "series")
    targets = rows if target is None else _as_numbers(target, "target")
    starts = np.asarray(_starts(len(rows), len(targets), window, horizon, gap, stride))
    # A copy, because the caller may write into windows, and a view shares their rows.
    X = Windows(rows.reshape(len(rows), -1), starts, window).materialise().copy()
    return X, _following(targets, starts + window - 1 + gap, horizon)


@set_module("skrnn")
def iter_windows(
    series: Any,
    window: int,
    horizon: int = 1,
    gap: int = 1,
    stride: int = 1,
    *,
    target: Any = None,
    chunk_size: int = 65_536,
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Cut a series that is larger than memory into windows, a chunk of them at a time.

    The chunks together are what `make_windows` returns. Each one reads its own rows
    and no others, so that it is ready for `partial_fit` or `predict`.

    Parameters
    ----------
    series : array-like of shape (n_rows,) or (n_rows, n_features)
        Values in time order: an `np.memmap`, a Dask array, a data set of an HDF5 file,
        or anything else that returns an array when its rows are sliced.
    window : int
        Steps in a window.
    horizon : int, default=1
        Values to predict, one after the other, for each window.
    gap : int, default=1
        Rows from the last step of a window to the first value to predict. 1 is the
        next row, 0 the last step itself.
    stride : int, default=1
        Rows from one window to the next.
    target : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
        Values to predict, on the rows of the series. None predicts the series itself.
    chunk_size : int, default=65536
        Windows in a chunk; the last one may have fewer. In multiples of the batch size
        of a network the chunks are trained on in the batches of one `fit`.

    Yields
    ------
    X : ndarray of shape (n_samples, window, n_features)
        Windows, oldest step first. With a stride of 1 they are a read-only view of the
        rows of the chunk, which is `window` times as small.
    y : ndarray of shape (n_samples,), (n_samples, horizon), (n_samples, n_targets) \
or (n_samples, horizon, n_targets)
        The values that follow, as `make_windows` returns them.

    Raises
    ------
    ValueError
        If the series is shorter than one window and what it predicts, or has other rows
        than the target; on the way, if the rows of a chunk hold missing or infinite
        values.
    TypeError
        If the series cannot be sliced or does not know its number of rows, as a Dask
        array of unknown chunks; on the way, if it holds dates.

    See Also
    --------
    make_windows : All windows at once.

    Notes
    -----
    Neighbouring chunks share ``window - 1 + gap + horizon - stride`` rows, which are
    read twice. A block of a Dask array is computed for each chunk that reads from it.

    The rows of an `np.memmap` are read from its file, by a mapping for each chunk:
    pages of a mapping count as memory of the process from when they are touched until
    it ends. A memmap of mode "c" is read through its own mapping, and keeps its pages.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import iter_windows
    >>> for X, y in iter_windows(np.arange(8.0), window=3, chunk_size=2):
    ...     print(X[:, :, 0].tolist(), y)
    [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]] [3. 4.]
    [[2.0, 3.0, 4.0], [3.0, 4.0, 5.0]] [5. 6.]
    [[4.0, 5.0, 6.0]] [7.]
    """
    window, horizon, gap, stride, chunk_size = _integers(
        window=window, horizon=horizon, gap=gap, stride=stride, chunk_size=chunk_size
    )
    n_rows = count_rows(series, "series")
    n_targets = n_rows if target is None else count_rows(target, "target")
    starts = _starts(n_rows, n_targets, window, horizon, gap, stride)
    # A generator of its own, so that the checks above do not wait for the first chunk.
    return _chunks(series, target, starts, chunk_size, (window, horizon, gap))


def _chunks(
    series: Any, target: Any, starts: range, chunk_size: int, sizes: tuple[int, ...]
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    window, horizon, gap = sizes
    ahead = window - 1 + gap
    for first in range(0, len(starts), chunk_size):
        chunk = starts[first : first + chunk_size]
        low, high = chunk[0], chunk[-1] + window
        if target is None:
            values = _read(series, "series", low, chunk[-1] + ahead + horizon)
            target_rows, first_target = values, low
        else:
            values, first_target = _read(series, "series", low, high), low + ahead
            stop = chunk[-1] + ahead + horizon
            target_rows = _read(target, "target", first_target, stop)
        rows = values[: high - low].reshape(high - low, -1)
        places = np.asarray(chunk) - low
        X = Windows(rows, places, window).materialise()
        first_predicted = places + low + ahead - first_target
        yield X, _following(target_rows, first_predicted, horizon)


def _integers(**numbers: Any) -> list[int]:
    """Check numbers, and return them as integers of Python, which do not overflow."""
    for name, value in numbers.items():
        least = 0 if name == "gap" else 1
        if not isinstance(value, Integral) or value < least:
            raise ValueError(
                f"{name} must be an integer of at least {least}. Got {value!r} instead."
            )
    return [int(value) for value in numbers.values()]


def _starts(
    n_rows: int, n_targets: int, window: int, horizon: int, gap: int, stride: int
) -> range:
    """Return the first row of each window that is whole, with what it predicts."""
    if n_targets != n_rows:
        raise ValueError(
            f"target must have the rows of series, {n_rows}. Got {n_targets} instead."
        )
    ahead = window - 1 + gap
    if n_rows < ahead + horizon:
        raise ValueError(
            f"window must fit into the series. Got window={window}, gap={gap}, "
            f"horizon={horizon}, which span {ahead + horizon} rows, but series has "
            f"{n_rows}; shorten the window or pass more rows."
        )
    # A range, because rows on a disk may have more windows than fit into memory.
    return range(0, n_rows - ahead - horizon + 1, stride)


def _following(rows: NDArray[Any], places: NDArray[Any], horizon: int) -> NDArray[Any]:
    """Return a copy of what windows predict, without axes of a single entry."""
    y = Windows(rows.reshape(len(rows), -1), places, horizon).gather()
    if rows.ndim == 1:
        y = y[:, :, 0]
    return y[:, 0] if horizon == 1 else y


def _as_numbers(rows: Any, name: str) -> NDArray[Any]:
    rules = {"dtype": (np.float64, np.float32), "ensure_2d": False}
    return as_floats(
        rows, lambda: check_array(rows, input_name=name, **rules), name=name
    )


def _read(rows: Any, name: str, first: int, stop: int) -> NDArray[Any]:
    """Read rows as numbers; errors name the rows."""
    try:
        return _as_numbers(read_rows(rows, first, stop), name)
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"Rows {first} to {stop - 1} of {name}: {error}") from error
