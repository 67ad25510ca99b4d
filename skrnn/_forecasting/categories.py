"""Categories of a table as columns of zeros and ones (one-hot encoding)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from skrnn._serialization.plain import stored

__all__ = ["Categories"]

# More levels of a column are rarely told apart, and each of them is an input.
MOST_LEVELS = 100


@stored("Categories", {"columns": "columns", "levels": "levels"})
@dataclass(frozen=True)
class Categories:
    """The columns of a frame that hold categories, and the levels seen in them.

    Parameters
    ----------
    columns : list of hashable
        Names of these columns.
    levels : list of list
        Levels of each. A level that was not seen has zeros in all columns.
    """

    columns: list[Hashable] = field(default_factory=list)
    levels: list[list[Any]] = field(default_factory=list)

    @property
    def n_more(self) -> int:
        """How many more columns there are after encoding."""
        return sum(len(levels) - 1 for levels in self.levels)

    @property
    def first_levels(self) -> dict[Hashable, Any]:
        """A level of each column."""
        pairs = zip(self.columns, self.levels, strict=True)
        return {column: levels[0] for column, levels in pairs}

    @classmethod
    def learn(cls, frame: Any, *, name: str = "X") -> Categories:
        """Find the columns of strings and of categories in a frame.

        Anything else than a frame of pandas has none.

        Raises
        ------
        ValueError
            If a column has very many levels.
        """
        if not isinstance(frame, pd.DataFrame) or not frame.columns.is_unique:
            return cls()
        columns = [column for column in frame if _holds_categories(frame[column])]
        levels = [_levels(frame[column], name) for column in columns]
        return cls(columns, levels)

    def encode(self, frame: Any) -> Any:
        """Return a frame with zeros and ones in place of categories.

        Raises
        ------
        ValueError
            If a category is missing.
        """
        if not self.columns:
            return frame
        levels = dict(zip(self.columns, self.levels, strict=True))
        parts = [
            _encode(frame[column], levels[column])
            if column in levels
            else frame[[column]]
            for column in frame
        ]
        return pd.concat(parts, axis=1)

    def encoded_places(
        self, columns: list[Hashable], places: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Return the places of some columns of a frame after encoding."""
        levels = dict(zip(self.columns, self.levels, strict=True))
        widths = [len(levels[name]) if name in levels else 1 for name in columns]
        ends = np.cumsum(widths)
        return tuple(
            int(place)
            for column in places
            for place in range(ends[column] - widths[column], ends[column])
        )


def _holds_categories(column: pd.Series[Any]) -> bool:
    """Return whether a column has the dtype of categories, or holds texts."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.infer_dtype(column, skipna=True) != "string":
        return False
    # Numbers that were read as text are numbers.
    return bool(pd.to_numeric(column.dropna(), errors="coerce").isna().any())


def _levels(column: pd.Series[Any], table: str) -> list[Any]:
    """Return the levels of a column, in the order of their texts."""
    levels = sorted(column.dropna().unique(), key=str)
    if len(levels) > MOST_LEVELS:
        raise ValueError(
            f"{table} may have {MOST_LEVELS} categories in a column, as each is an "
            f"input. Got {len(levels)} in column {column.name!r}; join rare ones, "
            "encode them as numbers, or drop the column."
        )
    return [getattr(level, "item", lambda level=level: level)() for level in levels]


def _encode(column: pd.Series[Any], levels: list[Any]) -> pd.DataFrame:
    """Return a column of zeros and ones for each level."""
    missing = column.isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"column {column.name!r} needs a category in each row. Got none at "
            f"{column.index[int(np.argmax(missing))]}; fill it in, for instance by "
            "'none'."
        )
    values = column.astype(object)
    _check_kind(values, levels)
    return pd.DataFrame(
        {f"{column.name}={level}": (values == level).astype(float) for level in levels},
        index=column.index,
    )


def _check_kind(values: pd.Series[Any], levels: list[Any]) -> None:
    """Raise if all levels are texts and no value is one, or the other way round."""
    seen, got = (
        {isinstance(value, str) for value in each} for each in (levels, values.unique())
    )
    if not seen & got:
        raise ValueError(
            f"column {values.name!r} must hold levels of the type that fit saw, such "
            f"as {levels[0]!r}. Got {values.iloc[0]!r}; convert it, for instance by "
            f"astype({type(levels[0]).__name__})."
        )
