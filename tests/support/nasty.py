"""Values that are no parameters, and tables that are broken, or only look so."""

import datetime
import decimal
from collections.abc import Iterator

import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.utils._param_validation import (
    HasMethods,
    generate_invalid_param_val,
    generate_valid_param,
    make_constraint,
)


class NoSetting:
    pass


VALUES = (
    None, True, False, -1, 0, 1, 2, 10**12, 10**30, -0.0, 0.5, 1.0, 2.5, 1 + 2j,
    float("nan"), float("inf"), -float("inf"), "", "nonsense", "mse", "auto", b"x",
    (), [], {}, set(), (0,), (1, 2), (2.5,), ["a"], [None], [[1]], range(2), slice(1),
    NoSetting, NoSetting(), int, print, lambda *args: 1, ..., NotImplemented,
    np.bool_(True), np.int8(-3), np.int64(2), np.uint8(1), np.float32("nan"),
    np.float64(0.25), np.array(2), np.array([1, 2]), np.array([]), np.datetime64("NaT"),
    pd.NA, pd.NaT, pd.Series([1]), pd.DataFrame(), pd.Timestamp(0), decimal.Decimal(1),
)  # fmt: skip


def values_for(constraints) -> Iterator[object]:
    """Nasty values, and those that scikit-learn makes for constraints."""
    yield from VALUES
    for constraint in map(make_constraint, constraints):
        generators = [generate_invalid_param_val, generate_valid_param]
        if isinstance(constraint, HasMethods):  # A valid one has methods that fail.
            generators.pop()
        for generate in generators:
            try:
                value = generate(constraint)
            except (NotImplementedError, TypeError):
                continue  # Such as a constraint that nothing violates.
            yield value


def same_numbers(A) -> dict[str, object]:
    """Containers of the same numbers, with which all must go on as with the array."""
    frame = pd.DataFrame(A, columns=list("abcdefgh")[: A.shape[1]])
    read_only = A.copy()
    read_only.setflags(write=False)
    made = {
        "frame": frame,
        "Fortran": np.asfortranarray(A),
        "every other row": np.repeat(A, 2, axis=0)[::2],
        "backwards": A[::-1].copy()[::-1],
        "columns backwards": A[:, ::-1].copy()[:, ::-1],
        "read-only": read_only,
        "big-endian": A.astype(">f8"),
        "long doubles": A.astype(np.longdouble),
        "objects": A.astype(object),
        "objects in a frame": frame.astype(object),
        "lists": A.tolist(),
        "tuples": tuple(map(tuple, A)),
        "memoryview": memoryview(np.ascontiguousarray(A)),
        "an empty mask": np.ma.masked_array(A),
        "subclass": A.view(type("Subclass", (np.ndarray,), {})),
        "nullable": frame.astype("Float64"),
        "frame of a subclass": type("Subclass", (pd.DataFrame,), {})(frame),
        "labels that are numbers": frame.set_axis(range(A.shape[1]), axis=1),
    }
    for name, make in FOREIGN.items():
        made[name] = make(frame)
    return made


def _foreign():
    """Frames of packages that are perhaps not installed."""
    kinds = {}
    try:
        import pyarrow  # noqa: F401

        kinds["Arrow"] = lambda frame: frame.astype("double[pyarrow]")
    except ImportError:
        pass
    try:
        import polars

        kinds["Polars"] = lambda frame: polars.DataFrame(frame.to_dict("list"))
    except ImportError:
        pass
    return kinds


FOREIGN = _foreign()


def indexed(A) -> dict[str, pd.DataFrame]:
    """Frames on indexes of many kinds."""
    frame = pd.DataFrame(A, columns=list("abcdefgh")[: A.shape[1]])
    n = len(A)
    days = pd.date_range("2024", periods=n)
    kinds = {
        "stamps": days,
        "a missing stamp": pd.DatetimeIndex([pd.NaT, *days[1:]]),
        "the same stamp": [0] * n,
        "backwards": range(n, 0, -1),
        "text": [f"row {i}" for i in range(n)],
        "objects": pd.Index(list(days), dtype=object),
        "categories": pd.CategoricalIndex(range(n)),
        "booleans": [i > 2 for i in range(n)],
        "intervals": pd.interval_range(0, n),
        "series": pd.MultiIndex.from_product([["a"], range(n)]),
        "three levels": pd.MultiIndex.from_product([["a"], [1], days]),
        "NaN": [np.nan, *range(1, n)],
        "infinity": [*range(n - 1), np.inf],
        "unsigned": np.arange(n, dtype=np.uint8),
        "complex": np.arange(n) + 0j,
        "nullable": pd.Index(range(n), dtype="Int64"),
    }
    frames = {f"index of {name}": frame.set_axis(i) for name, i in kinds.items()}
    labels = {
        "equal labels": ["a"] * A.shape[1],
        "labels of two types": [0, *"bcdefgh"][: A.shape[1]],
        "two rows of labels": pd.MultiIndex.from_product([["a"], range(A.shape[1])]),
        "no labels": [None] * A.shape[1],
    }
    return frames | {
        name: frame.set_axis(each, axis=1) for name, each in labels.items()
    }


def changed(A, value):
    A = A.copy()
    A[len(A) // 3, 0] = value
    return A


def numeric(A) -> dict[str, object]:
    """Arrays of other numbers, some of which are too many, too few or too large."""
    nan_column = A.copy()
    nan_column[:, 0] = np.nan
    return {
        "NaN": changed(A, np.nan),
        "a column of NaN": nan_column,
        "only NaN": np.nan * A,
        "infinity": changed(A, np.inf),
        "minus infinity": changed(A, -np.inf),
        "a huge value": changed(A, 1e308),
        "huge values": A * 1e300,
        "tiny values": A * 1e-310,
        "zeros": A * 0,
        "far from zero": A + 1e15,
        "no row": A[:0],
        "no column": A[:, :0],
        "one row": A[:1],
        "two rows": A[:2],
        "one axis": A[:, 0],
        "four axes": A[None, None],
        "no axis": np.array(3.0),
        "half": A.astype(np.float16),
        "single": A.astype(np.float32),
        "booleans": A > 0,
        "small integers": (50 * A).astype(np.int8),
        "unsigned": np.abs(50 * A).astype(np.uint8),
        "complex": A + 1j,
        "dates": (100 * A).astype("M8[s]"),
        "durations": (100 * A).astype("m8[s]"),
        "a mask": np.ma.masked_array(A, mask=np.median(A) < A),
        "records": np.zeros(len(A), dtype=[("a", float), ("b", float)]),
        "raw memory": np.zeros(A.shape, "V8"),
        "text": A.astype(str),
        "words": np.full(A.shape, "word"),
        "bytes": A.astype("S"),
        "sparse": scipy.sparse.csr_matrix(A),
        "sparse array": scipy.sparse.csr_array(A),
        "integers beyond floats": [[10**400] * A.shape[1]] * len(A),
        "decimals": [[decimal.Decimal("1.5")] * A.shape[1]] * len(A),
    }


def no_arrays(A) -> dict[str, object]:
    """What is no table at all."""
    itself = [1.0]
    itself.append(itself)
    return {
        "None": None,
        "a number": 3.0,
        "text instead of a table": "text",
        "bytes instead of a table": A.tobytes(),
        "a dict": {"a": A[:, 0].tolist()},
        "a set": {1, 2},
        "a generator": (row for row in A),
        "an object": object(),
        "a class": NoSetting,
        "rows of unequal length": [[1.0, 2.0], [1.0]] * (len(A) // 2),
        "lists in an array": np.array([[[1.0]], [[1.0, 2.0]]] * (len(A) // 2), object),
        "a list in itself": itself,
        "a Series": pd.Series(A[:, 0]),
        "an Index": pd.Index(A[:, 0]),
        "an empty list": [],
        "an empty frame": pd.DataFrame(),
    }


def mixed(A) -> dict[str, object]:
    """Frames with a column that is none, or misses values in its own way."""
    frame = pd.DataFrame(A, columns=list("abcdefgh")[: A.shape[1]])
    columns = {
        "text": "x",
        "text among numbers": [1, "x"] * (len(A) // 2),
        "a date": pd.Timestamp("2024"),
        "a date with a zone": pd.Timestamp("2024", tz="UTC"),
        "a date of Python": datetime.date(2024, 1, 1),
        "a period": pd.Period("2024"),
        "an interval": pd.interval_range(0, len(A)),
        "lists": [[1]] * len(A),
        "categories": pd.Categorical(["u", "v"] * (len(A) // 2)),
        "categories of numbers": pd.Categorical([1, 2] * (len(A) // 2)),
        "None": None,
    }
    frames = {f"a column of {name}": frame.assign(a=c) for name, c in columns.items()}
    many = frame > 1
    return frames | {
        "None in cells": frame.astype(object).mask(many, None),
        "missing integers": (10 * frame).round().astype("Int64").mask(many),
        "missing booleans": (frame > 0).astype("boolean").mask(many),
        "missing floats": frame.astype("Float64").mask(many),
        "a sparse frame": frame.astype(pd.SparseDtype(float)),
        "text in a frame": frame.astype(str),
    }


def broken(A) -> dict[str, object]:
    """All of them."""
    return numeric(A) | no_arrays(A) | mixed(A) | indexed(A)
