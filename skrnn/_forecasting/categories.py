"""Categories of a table as columns of zeros and ones (one-hot encoding), or codes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from skrnn._scaling.scaling import MISSING_CODE
from skrnn._serialization.plain import stored

from .embeddings import Embeddings

__all__ = ["Categories"]

# More levels of a column are rarely told apart, and each of them is an input.
MOST_LEVELS = 100


@stored(
    "Categories", {"columns": "columns", "levels": "levels", "embedded": "embedded"}
)
@dataclass(frozen=True)
class Categories:
    """The columns of a frame that hold categories, and the levels seen in them.

    Parameters
    ----------
    columns : list of hashable
        Names of these columns.
    levels : list of list
        Levels of each. A level that was not seen has zeros in all columns.
    embedded : list of hashable
        Columns among these that become codes, the places of their levels, which a
        network embeds. A level that was not seen is a missing code.
    """

    columns: list[Hashable] = field(default_factory=list)
    levels: list[list[Any]] = field(default_factory=list)
    embedded: list[Hashable] = field(default_factory=list)

    @property
    def n_more(self) -> int:
        """How many more columns there are after encoding."""
        return sum(self._width(column) - 1 for column in self.columns)

    @property
    def first_levels(self) -> dict[Hashable, Any]:
        """A level of each column."""
        pairs = zip(self.columns, self.levels, strict=True)
        return {column: levels[0] if levels else None for column, levels in pairs}

    @classmethod
    def learn(
        cls, frame: Any, *, name: str = "X", embeddings: Embeddings | None = None
    ) -> Categories:
        """Find the columns of strings and of categories in a frame.

        Anything else than a frame of pandas has none.

        Parameters
        ----------
        frame : DataFrame or other
            The table.
        name : str, default="X"
            What messages call it.
        embeddings : Embeddings or None, default=None
            Which columns a network embeds; None embeds none.

        Raises
        ------
        ValueError
            If a column has very many levels.
        """
        if not isinstance(frame, pd.DataFrame) or not frame.columns.is_unique:
            return cls()
        embeddings = embeddings or Embeddings()
        columns = [
            column
            for column in frame
            if column in embeddings.sizes or _holds_categories(frame[column])
        ]
        levels = [_levels(frame[column]) for column in columns]
        embedded = []
        for column, each in zip(columns, levels, strict=True):
            many = len(each) > MOST_LEVELS
            if many and not embeddings.allowed:
                raise ValueError(_too_many(name, column, len(each)))
            if many or column in embeddings.sizes:
                embedded.append(column)
        return cls(columns, levels, embedded)

    def encode(self, frame: Any, may_miss: Sequence[Hashable] = ()) -> Any:
        """Return a frame with zeros and ones, or codes, in place of categories.

        Parameters
        ----------
        frame : DataFrame
            The table.
        may_miss : sequence of hashable, default=()
            Columns in which categories may be missing, as if they were not seen.

        Raises
        ------
        ValueError
            If a category is missing.
        """
        if not self.columns:
            return frame
        levels = dict(zip(self.columns, self.levels, strict=True))
        parts = []
        for column in frame:
            if column not in levels:
                parts.append(frame[[column]])
                continue
            if column not in may_miss:
                _check_complete(frame[column])
            encode = _encode_codes if column in self.embedded else _encode_levels
            parts.append(encode(frame[column], levels[column]))
        return pd.concat(parts, axis=1)

    def encoded_places(
        self, columns: list[Hashable], places: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Return the places of some columns of a frame after encoding."""
        widths = [self._width(name) for name in columns]
        ends = np.cumsum(widths)
        return tuple(
            int(place)
            for column in places
            for place in range(ends[column] - widths[column], ends[column])
        )

    def places_of_codes(self, columns: list[Hashable]) -> list[tuple[Hashable, int]]:
        """Return the columns that became codes, and their places after encoding."""
        return [
            (name, self.encoded_places(columns, (columns.index(name),))[0])
            for name in self.embedded
        ]

    def _width(self, column: Hashable) -> int:
        """Return how many columns there are in place of one."""
        if column in self.embedded or column not in self.columns:
            return 1
        return len(self.levels[self.columns.index(column)])


def _holds_categories(column: pd.Series[Any]) -> bool:
    """Return whether a column has the dtype of categories, or holds texts."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if pd.api.types.infer_dtype(column, skipna=True) != "string":
        return False
    # Numbers that were read as text are numbers.
    return bool(pd.to_numeric(column.dropna(), errors="coerce").isna().any())


def _levels(column: pd.Series[Any]) -> list[Any]:
    """Return the levels of a column, in the order of their texts."""
    levels = sorted(column.dropna().unique(), key=str)
    return [getattr(level, "item", lambda level=level: level)() for level in levels]


def _too_many(table: str, column: Hashable, n_levels: int) -> str:
    """Return what to say of a column with more levels than there can be inputs."""
    encoder = "by TargetEncoder in a Pipeline around the forecaster"
    if table == "static":
        encoder = "such as the mean of y of each"
    return (
        f"{table} may have {MOST_LEVELS} categories in a column for an estimator that "
        f"does not embed them, as each is an input. Got {n_levels} in column "
        f"{column!r}; pass a recurrent estimator, such as GRURegressor(), join rare "
        f"ones, encode them as numbers, {encoder}, or drop the column."
    )


def _check_complete(column: pd.Series[Any]) -> None:
    """Raise if a category is missing."""
    missing = column.isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"column {column.name!r} needs a category in each row. Got none at "
            f"{column.index[int(np.argmax(missing))]}; fill it in, for instance by "
            "'none'."
        )


def _encode_codes(column: pd.Series[Any], levels: list[Any]) -> pd.DataFrame:
    """Return a column of the places of levels; one not seen is a missing code."""
    values = column.astype(object)
    _check_kind(values, levels)
    codes = pd.Index(levels, dtype=object).get_indexer(values)
    codes = np.where(values.isna(), MISSING_CODE, codes)
    return pd.DataFrame({column.name: codes.astype(float)}, index=column.index)


def _encode_levels(column: pd.Series[Any], levels: list[Any]) -> pd.DataFrame:
    """Return a column of zeros and ones for each level; zeros for one not seen."""
    values = column.astype(object)
    _check_kind(values, levels)
    return pd.DataFrame(
        {f"{column.name}={level}": (values == level).astype(float) for level in levels},
        index=column.index,
    )


def _check_kind(values: pd.Series[Any], levels: list[Any]) -> None:
    """Raise if all levels are texts and no value is one, or the other way round."""
    seen, got = (
        {isinstance(value, str) for value in each}
        for each in (levels, values.dropna().unique())
    )
    if got and seen and not seen & got:
        raise ValueError(
            f"column {values.name!r} must hold levels of the type that fit saw, such "
            f"as {levels[0]!r}. Got {values.dropna().iloc[0]!r}; convert it, for "
            f"instance by astype({type(levels[0]).__name__})."
        )
