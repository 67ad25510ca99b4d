import datetime
import pickle
from dataclasses import dataclass, fields

import joblib
import numpy as np
import pandas as pd
import pytest

import skrnn
from skrnn._serialization.plain import (
    _MAKERS,
    KIND,
    as_plain,
    cut_apart,
    lay_end_to_end,
    restore,
    stored,
)

ZONES = [None, "UTC", "Europe/Oslo", "+01:00"]
DATES = [
    pd.date_range("2024-02-20", periods=9, freq=freq, tz=zone, name="day")
    for freq in ("D", "h", "15min", "B", "W-TUE", "ME", "QS-FEB")
    for zone in ZONES
]
STAMPS = [
    *DATES,
    DATES[0][:0],
    DATES[2][[0, 1, 5]],
    DATES[0].as_unit("s"),
    *(pd.period_range("2024-02", periods=9, freq=f) for f in ("M", "D", "Q", "h")),
    pd.timedelta_range(0, periods=5, freq="2h", name="since"),
    pd.RangeIndex(2, 20, 3, name="row"),
    pd.Index([0.5, 1.5], name=("a", 1)),
    pd.Index([3, 4], dtype="int32"),
    pd.Index([3, 4], dtype="Int64"),
]
LABELS = [
    pd.Index(["a", "b"], name="town"),
    pd.Index(["a", 1, None, ("x", 2), pd.Timestamp("2024-01-01")], dtype=object),
    pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    pd.MultiIndex.from_product([["a", "b"], DATES[2][:3]], names=["town", None]),
]
OFFSETS = [
    *(index.freq for index in STAMPS if getattr(index, "freq", None) is not None),
    pd.DateOffset(days=3),
    pd.DateOffset(n=2, months=2),
    pd.DateOffset(5),
    pd.offsets.BMonthEnd(2),
    pd.offsets.CustomBusinessDay(2, weekmask="Mon Wed", holidays=["2024-01-01"]),
    pd.offsets.CustomBusinessHour(start=["08:00", "13:30"], end=["12:00", "17:00"]),
    pd.offsets.BusinessHour(start="10:00"),
]
NAMES = ["a", 3, None, 2.5, ("a", 1), np.int64(3), ("a", pd.Timestamp("2024-01-01"))]


def holds_pandas(plain):
    return b"pandas." in pickle.dumps(plain)


@pytest.mark.parametrize("index", STAMPS + LABELS, ids=repr)
def test_an_index_comes_back_the_same(index):
    plain = as_plain(index)
    assert not holds_pandas(plain)
    found = restore(plain)
    pd.testing.assert_index_equal(found, index, exact=True)
    assert getattr(found, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize("index", STAMPS[:40], ids=repr)
def test_a_stamp_comes_back_the_same(index):
    for stamp in index[1:2]:
        found = restore(as_plain(stamp))
        assert found == stamp
        assert type(found) is type(stamp)
        assert getattr(found, "unit", None) == getattr(stamp, "unit", None)


@pytest.mark.parametrize("offset", OFFSETS, ids=repr)
def test_an_offset_comes_back_the_same(offset):
    plain = as_plain(offset)
    assert not holds_pandas(plain)
    assert restore(plain) == offset


@pytest.mark.parametrize(
    "value",
    [
        pd.CategoricalIndex(["a", "b"]),
        pd.offsets.CustomBusinessDay(normalize=True),
        pd.DateOffset(n=1, normalize=True, days=1),
        pd.Series([1.0]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_plain_form_stays_as_it_is(value):
    assert as_plain(value) is value


@pytest.mark.parametrize("name", ["ours", "UTC", ""])
def test_a_zone_with_a_name_of_its_own_stays_as_it_is(name):
    zone = datetime.timezone(datetime.timedelta(hours=1), name)
    index = pd.date_range("2024-01-01", periods=3, tz=zone)
    assert as_plain(index) is index


@pytest.mark.parametrize("columns", [["a", "b"], [0, 1], LABELS[-1]], ids=str)
def test_a_frame_without_rows_keeps_its_columns(columns):
    frame = pd.DataFrame(np.ones((2, len(columns))), columns=columns)
    plain = as_plain(frame.iloc[:0])
    assert not holds_pandas(plain)
    pd.testing.assert_index_equal(restore(plain).columns, frame.columns, exact=True)


@pytest.mark.parametrize("index", [[0, 1], ["a", "b"], LABELS[-1][:2]], ids=str)
def test_a_frame_with_rows_comes_back_with_its_values(index):
    columns = {
        "number": [1.5, 2.0],
        "count": np.array([1, 2], dtype=np.int8),
        "open": [True, False],
        "region": np.array(["coast", "hill"], dtype=object),
        "day": DATES[0][:2],
    }
    frame = pd.DataFrame(columns, index=index)
    plain = as_plain(frame)
    assert not holds_pandas(plain)
    pd.testing.assert_frame_equal(restore(plain), frame)


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_series_without_rows_keeps_its_name(name):
    column = pd.Series([1.0], name=name, index=DATES[0][:1])[:0]
    found = restore(as_plain(column))
    assert found.name == name
    assert type(found.name) is type(name)


@pytest.mark.parametrize("value", [3, "a", [1, 2], {"a": 1}, None, np.float64(2)])
def test_plain_values_stay_as_they_are(value):
    assert as_plain(value) is value
    assert restore(value) is value


@pytest.mark.parametrize("counts", [[], [3], [0, 2, 0], [1, 4, 2]], ids=str)
def test_arrays_laid_end_to_end_are_cut_apart(counts):
    arrays = [np.full((count, 2), i) for i, count in enumerate(counts)]
    found = cut_apart(*lay_end_to_end(arrays))
    assert [part.tolist() for part in found] == [part.tolist() for part in arrays]


@dataclass
class Pair:
    left: object
    right: object


@dataclass
class Couple:
    second: object
    first: object


@pytest.fixture
def registry(monkeypatch):
    """Classes can be registered for the time of a test."""
    monkeypatch.setattr("skrnn._serialization.plain._MAKERS", dict(_MAKERS))


@pytest.mark.usefixtures("registry")
def test_a_stored_class_is_stored_by_its_fields_within_others():
    stored("Pair", {"left": "left", "right": "right"})(Pair)
    state = as_plain(Pair([Pair(DATES[0], 1)], (2, None)))
    assert not holds_pandas(state)
    found = restore(state)
    assert found.left[0].left.equals(DATES[0])
    assert (found.left[0].right, found.right) == (1, (2, None))


@pytest.mark.usefixtures("registry")
def test_a_class_and_its_attributes_can_be_renamed_and_read_what_was_stored():
    stored("Pair", {"left": "left", "right": "right"})(Pair)
    state = as_plain(Pair(1, Pair(2, 3)))
    stored("Pair", {"left": "first", "right": "second"})(Couple)
    assert restore(state) == Couple(first=1, second=Couple(first=2, second=3))


@pytest.mark.usefixtures("registry")
def test_ragged_fields_are_one_array_in_files():
    stored("Pair", {"left": "left", "right": "right"}, ragged=("left",))(Pair)
    arrays = [np.arange(3), np.arange(0), np.arange(2)]
    state = as_plain(Pair(arrays, None))
    assert state["left"][0].tolist() == [0, 1, 2, 0, 1]
    found = restore(state).left
    assert [part.tolist() for part in found] == [part.tolist() for part in arrays]


PUBLIC = [getattr(skrnn, name) for name in skrnn.__all__]  # All modules are loaded now.
STORED = [cls for cls in as_plain.registry if cls.__module__.startswith("skrnn.")]


@pytest.mark.parametrize("cls", STORED)
def test_no_field_of_a_stored_class_is_forgotten(cls):
    filled = object.__new__(cls)
    names = [field.name for field in fields(cls)]
    vars(filled).update({name: [np.array([i])] for i, name in enumerate(names)})
    found = [value[0] for key, value in as_plain(filled).items() if key != KIND]
    assert sorted(np.concatenate(found)) == list(range(len(names)))


def test_a_generator_goes_on_with_its_numbers():
    generator = np.random.RandomState(3)
    generator.normal(size=5)
    plain = as_plain(generator)
    assert not isinstance(plain, np.random.RandomState)
    found = restore(plain)
    assert (found.normal(size=700) == generator.normal(size=700)).all()


def test_empty_arrays_hash_alike_whatever_they_were_cut_from():
    whole, cut = np.zeros((4, 0)), np.zeros((4, 6))[:, 3:3]
    assert joblib.hash(whole) != joblib.hash(cut)
    assert joblib.hash(as_plain(whole)) == joblib.hash(as_plain(cut))
