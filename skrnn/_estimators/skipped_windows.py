"""The windows that training leaves out, and the warning that counts them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skrnn._serialization.names import set_module
from skrnn._windows.windows import Windows

__all__ = ["SkippedWindowsWarning", "begin_runs", "warn_of_skipped"]

# Shares of all windows: of those left out within runs, and of all those left out.
MOST_WITHIN_RUNS, MOST_LEFT_OUT = 0.1, 0.5


@set_module("skrnn")
class SkippedWindowsWarning(UserWarning):
    """More windows were left out of training than one would expect.

    With ``incomplete="skip"`` windows that begin with missing steps are not trained on.
    The first windows of each run of rows always do. There is a warning if more than a
    tenth of the windows are left out besides these, or more than half of all.
    `n_windows_fit_` of the estimator is the number of windows that it was trained on.

    Examples
    --------
    Short sequences that are padded ahead are complete only if they are the longest:

    >>> import warnings
    >>> import numpy as np
    >>> from skrnn import GRURegressor, SkippedWindowsWarning
    >>> X = np.random.default_rng(0).normal(size=(20, 4))
    >>> X[:15, :2] = np.nan
    >>> y = np.nansum(X, axis=1)
    >>> gru = GRURegressor(2, epochs=1, incomplete="skip")
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     n_windows = gru.fit(X, y).n_windows_fit_
    >>> n_windows, [warning.category.__name__ for warning in caught]
    (5, ['SkippedWindowsWarning'])

    They are all trained on with ``incomplete="mask"``:

    >>> gru.set_params(incomplete="mask").fit(X, y).n_windows_fit_
    20
    """


def begin_runs(windows: Windows, missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which windows begin missing because a run of rows begins.

    Parameters
    ----------
    windows : Windows
        Windows. Those that start one row apart belong to one run; if none do, they are
        taken for one run as they stand.
    missing : ndarray of bool of shape (n_samples,)
        Windows that begin with missing steps.

    Returns
    -------
    begin : ndarray of bool of shape (n_samples,)
        Those ahead of the first other window of their run, as many as a window is long.
    """
    places = np.arange(len(windows))
    breaks = _begin_apart(windows)
    if breaks.all():
        order, breaks = places, np.zeros_like(breaks)
    else:
        order = np.argsort(windows.starts, kind="stable")
    is_first = np.concatenate([[True], breaks])
    first = np.maximum.accumulate(np.where(is_first, places, 0))
    n_whole = np.cumsum(~missing[order])
    n_whole_before = n_whole[first] - ~missing[order][first]
    leads = (n_whole == n_whole_before) & (
        places - first < windows.n_steps * windows.dilation
    )
    begin = np.empty(len(windows), dtype=bool)
    begin[order] = leads
    return begin


def _begin_apart(windows: Windows) -> NDArray[np.bool_]:
    """Return which windows, in order of their rows, leave their run behind them.

    Sequences that share no rows all do.
    """
    return np.diff(np.sort(windows.starts)) != 1


def warn_of_skipped(
    estimator: Any, windows: Windows, skipped: NDArray[np.bool_], use: str = "training"
) -> None:
    """Warn if more windows are left out than the beginnings of runs explain.

    Parameters
    ----------
    estimator : estimator
        Named in the message.
    windows : Windows
        All windows.
    skipped : ndarray of bool of shape (n_samples,)
        Windows that are left out because they begin with missing steps.
    use : {"training", "validation"}, default="training"
        What they are left out of.
    """
    n_windows, n_skipped = len(windows), int(skipped.sum())
    if n_skipped == 0:
        return
    n_beginning = int((begin_runs(windows, windows.begin_missing()) & skipped).sum())
    is_expected = n_skipped - n_beginning <= MOST_WITHIN_RUNS * n_windows
    if is_expected and n_skipped <= MOST_LEFT_OUT * n_windows:
        return
    known = f"; {n_beginning} of them stand where a run of rows begins"
    warnings.warn(
        f"{type(estimator).__name__} leaves {n_skipped} of {n_windows} windows out of "
        f"{use}, because their first steps are missing"
        f"{'' if _begin_apart(windows).all() else known}. Set incomplete='mask' to use "
        "the steps that they have, pad short sequences with NaN behind "
        "instead of ahead, shorten the window, or ignore SkippedWindowsWarning.",
        SkippedWindowsWarning,
        stacklevel=2,
    )
