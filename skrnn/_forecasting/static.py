"""Columns that do not change in time: one row for each series."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._checks.tables import as_floats
from skrnn._serialization.plain import stored

from .categories import Categories
from .embeddings import Embeddings
from .skipped_series import listed

__all__ = ["StaticColumns"]

# What numbers a series that was not learned from.
NO_NUMBER = -1.0


@stored(
    "StaticColumns",
    {"names": "names", "values": "values", "codes": "codes", "others": "others"},
)
@dataclass(frozen=True)
class StaticColumns:
    """Numbers of each series.

    Parameters
    ----------
    names : list of hashable
        Names of the series.
    values : ndarray of shape (n_series, n_static)
        Their columns, of which categories are zeros and ones, or codes.
    codes : list of tuple
        Columns that are codes, and their places.
    others : ndarray of shape (n_static,) or None, default=None
        The columns of series by any other name; None means that there may be none.
    """

    names: list[Hashable]
    values: NDArray[np.float64]
    codes: list[tuple[Hashable, int]] = field(default_factory=list)
    others: NDArray[np.float64] | None = None

    @classmethod
    def number(cls, names: list[Hashable]) -> StaticColumns:
        """Return a column that numbers series; those that come later have no number.

        Parameters
        ----------
        names : list of hashable
            Names of the series to learn from.
        """
        numbers = np.arange(len(names), dtype=np.float64)[:, None]
        return cls(list(names), numbers, others=np.array([NO_NUMBER]))

    @classmethod
    def read(
        cls,
        static: Any,
        learned: list[Hashable],
        embeddings: Embeddings | None = None,
    ) -> StaticColumns | None:
        """Read the parameter `static`.

        Parameters
        ----------
        static : DataFrame or None
            One row for each series, by its index. There may be more series than are
            learned from; their categories that no learned series has are zeros.
        learned : list of hashable
            Names of the series to learn from.
        embeddings : Embeddings or None, default=None
            Which columns a network embeds.
        """
        if static is None:
            return None
        _check_names(static, learned)
        names = list(static.index)
        categories = Categories.learn(
            static.loc[learned], name="static", embeddings=embeddings
        )
        encoded = categories.encode(static)
        values = as_floats(
            encoded, lambda: np.array(encoded, np.float64), name="static"
        )
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise ValueError(
                "static needs a finite number in each column. Got "
                f"{values[row, column]} for the series {names[row]!r} in column "
                f"{encoded.columns[column]!r}; fill it in, or drop the column."
            )
        return cls(names, values, categories.places_of_codes(list(static.columns)))

    def of_series(self, names: list[Hashable]) -> NDArray[np.float64]:
        """Return the columns of series by name.

        Raises
        ------
        ValueError
            If there is no row for one of them.
        """
        places = {_key(name): place for place, name in enumerate(self.names)}
        missing = [name for name in dict.fromkeys(names) if _key(name) not in places]
        if missing and self.others is None:
            raise ValueError(
                f"static must have a row for each series. Got none for "
                f"{listed(missing)}; add it before fit, also for series that come "
                "later."
            )
        # The last row, at -1, is that of all others.
        values = self.values
        if self.others is not None:
            values = np.vstack([values, self.others])
        return values[[places.get(_key(name), -1) for name in names]]


def _key(name: Hashable) -> Hashable:
    """Return what stands for a name: each NaN, which does not equal itself, for all."""
    return "NaN" if isinstance(name, float) and np.isnan(name) else (name,)


def _check_names(static: Any, learned: list[Hashable]) -> None:
    """Raise if a table is none of series by name."""
    if not isinstance(static, pd.DataFrame):
        raise TypeError(
            "static must be a DataFrame with a row for each series, by its name in the "
            f"index. Got {type(static).__name__} instead."
        )
    if learned == [None]:
        raise ValueError(
            "static has columns of many series. Got a single one, of which columns "
            "that do not change tell nothing; set static=None."
        )
    if not static.index.is_unique:
        raise ValueError(
            "static must have one row for each series. Got several for "
            f"{static.index[static.index.duplicated()][0]!r}; keep one of them."
        )
    missing = [name for name in learned if name not in static.index]
    if missing:
        raise ValueError(
            f"static must have a row for each series. Got none for {listed(missing)}, "
            "which y has; add it, also for series that come later."
        )
