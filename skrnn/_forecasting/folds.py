"""The folds of a backtest: training rows, test rows, and the steps between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import TimeSeriesSplit, check_cv

from skrnn._index.time_axis import TimeAxis

__all__ = ["Fold", "make_folds", "rows_of_series", "split_places"]

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True)
class Fold:
    """One forecast of a backtest.

    Parameters
    ----------
    number : int
        Its number in the order of `cv`.
    origin : int
        Place in time of the last training row.
    train : ndarray
        Numbers of the training rows.
    ahead : ndarray
        Numbers of all rows from the origin to the last test row.
    is_test : ndarray of bool
        Which of the rows ahead are test rows.
    steps : ndarray
        Steps from the origin to each test row.
    """

    number: int
    origin: int
    train: NDArray[np.intp]
    ahead: NDArray[np.intp]
    is_test: NDArray[np.bool_]
    steps: NDArray[np.intp]

    @property
    def test(self) -> NDArray[np.intp]:
        """Numbers of the test rows."""
        return self.ahead[self.is_test]


def split_places(axis: TimeAxis, cv: Any, X: Any, y: Any) -> list[Split]:
    """Return the training and test places in time of every fold.

    Raises
    ------
    TypeError
        If `cv` is neither a number nor gives pairs of rows.
    ValueError
        If there is no fold, or one has no rows, or test rows that do not come after
        its training rows.
    """
    rows: tuple[Any, ...] = (y if X is None else X, y)
    # A splitter that saw the rows of many series would split them by series, not time.
    if axis.series is not None:
        rows = (pd.DataFrame(index=axis.stamps),)
    if isinstance(cv, Integral):
        cv = TimeSeriesSplit(cv)
    # bytes have a method `split`, too. So has text, but `check_cv` raises for that.
    if cv is None or (hasattr(cv, "split") and not isinstance(cv, bytes)):
        cv = check_cv(cv).split(*rows)
    places = _read_splits(cv)
    if not places:
        raise ValueError("cv must give at least one fold. Got none.")
    for number, split in enumerate(places):
        _check_order(axis, number, *split)
    return places


def make_folds(
    axis: TimeAxis, splits: Sequence[Split], *, refit: bool, takes_new: bool
) -> list[Fold]:
    """Find the rows of every fold, of series that the forecaster has seen.

    Parameters
    ----------
    axis : TimeAxis
        The places of all rows.
    splits : sequence of (train, test)
        Places in time of each fold.
    refit : bool
        Whether each fold is learned; otherwise the earliest one is.
    takes_new : bool
        Whether the forecaster gets series that begin after that by `update`.
    """
    earliest = min((train for train, _ in splits), key=np.max)
    folds = []
    for number, (train, test) in enumerate(splits):
        origin, last = int(train.max()), int(test.max())
        updated_to = origin if takes_new else int(earliest.max())
        seen = np.append(earliest, np.arange(earliest.max() + 1, updated_to + 1))
        learned = axis.rows_at(train if refit else seen)
        ahead = axis.rows_at(np.arange(origin + 1, last + 1))
        ahead = rows_of_series(axis, ahead, learned)
        is_test = np.isin(axis.places[ahead], test)
        if not is_test.any():
            raise ValueError(
                "cv must give test rows of series that have training rows. Got none in "
                f"fold {number}; train on more rows, or leave that fold out."
            )
        steps = axis.steps_after(origin, last)[axis.places[ahead] - origin - 1]
        fold = Fold(number, origin, axis.rows_at(train), ahead, is_test, steps[is_test])
        folds.append(fold)
    return folds


def rows_of_series(
    axis: TimeAxis, rows: NDArray[np.intp], learned: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Leave out the rows of series that none of the learned rows belongs to."""
    if axis.series is None:
        return rows
    return rows[axis.series[rows].isin(axis.series[learned].unique())]


def _read_splits(splits: Any) -> list[Split]:
    """Read the training and the test rows of all folds."""
    places = []
    try:
        folds = iter(splits)
    except TypeError as error:
        raise TypeError(_no_folds(splits)) from error
    for fold in folds:
        try:
            train, test = fold
            places.append((_as_numbers(train), _as_numbers(test)))
        except (TypeError, ValueError) as error:
            raise TypeError(_no_folds(fold)) from error
    return places


def _no_folds(got: Any) -> str:
    return (
        "cv must be a number of folds, a splitter such as TimeSeriesSplit, or pairs of "
        f"the numbers of training and test rows. Got {got!r} instead."
    )


def _as_numbers(places: Any) -> NDArray[np.intp]:
    """Return row numbers; the splits of cv may be masks, as scikit-learn takes them."""
    places = np.asarray(places)
    return np.flatnonzero(places) if places.dtype == bool else places


def _check_order(
    axis: TimeAxis, number: int, train: NDArray[np.intp], test: NDArray[np.intp]
) -> None:
    """Raise if a fold lacks rows, or test rows do not come after training rows."""
    if len(train) == 0 or len(test) == 0:
        raise ValueError(
            f"cv must give training and test rows in each fold. Got {len(train)} and "
            f"{len(test)} in fold {number}; leave that fold out."
        )
    if test.min() <= train.max():
        raise ValueError(
            "cv must give test rows that come after the training rows of their fold. "
            f"Got the test row {axis.stamps[test.min()]} and the training row "
            f"{axis.stamps[train.max()]} in fold {number}; use TimeSeriesSplit."
        )
