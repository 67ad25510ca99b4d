import datetime

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import compute_class_weight

from skrnn._checks.labels import (
    as_codes,
    as_indicators,
    balanced_weights,
    check_classes,
    check_labels,
    encode,
    weights_of_classes,
)

ROWS = np.zeros(3)


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (["b", "a", "b"], "O"),
        (np.array(["b", "a", "b"]), "U"),
        (pd.Series(["b", "a", "b"], dtype="string"), "O"),
        (pd.Categorical(["b", "a", "b"], categories=["b", "a", "c"]), "O"),
        ([2, 1, 2], "i"),
        (np.array([2, 1, 2], dtype=object), "i"),
        (np.array([2, 1, 2], dtype=">u2"), "u"),
        (pd.Series([2, 1, 2], dtype="Int64"), "i"),
        (pd.Series([2, 1, 2], dtype="category"), "i"),
        ([2.0, 1.0, 2.0], "f"),
        ([True, False, True], "b"),
        (np.array([True, False, True], dtype=object), "b"),
        (pd.Series([True, False, True], dtype="boolean"), "b"),
        (pd.array([True, False, True], dtype="boolean"), "b"),
    ],
)
def test_labels_of_every_kind_keep_what_they_are(y, kind):
    labels = check_labels(None, y, ROWS)
    assert labels.dtype.kind == kind
    assert labels.tolist() == list(y)
    assert_array_equal(encode(labels, np.unique(labels)), [1, 0, 1])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "the target y is None"),
        ([None, "a", "b"], r"contains NaN or None .* first in row 0 .* 1 of 3 rows"),
        (["a", np.nan, "b"], "first in row 1"),
        ([1.0, 2.0, np.nan], "first in row 2"),
        (pd.Series([1, None, 2], dtype="Int64"), "first in row 1"),
        (pd.Series(["a", None, "b"], dtype="category"), "first in row 1"),
        ([np.inf, 1.0, 2.0], "contains infinity"),
        ([1.5, 2.25, 0.1], "Unknown label type: continuous"),
        ([1e300, 1.0, 2.0], "Unknown label type: continuous"),
        ([1j, 1.0, 2.0], "y must hold labels .* Got dtype complex128"),
        (np.array([b"a", b"b", b"a"]), "y must hold labels .* Got dtype .S1"),
        (np.zeros(3, "V4"), "y must hold labels .* Got dtype .V4"),
        ([1, "a", 2], "labels of the type int and str .* make all of them text"),
        ([datetime.date(2026, 1, 1)] * 3, "labels of the type date"),
        (pd.date_range("2026-01-01", periods=3), "Got dtype datetime64"),
        (pd.to_timedelta([1, 2, 1], "h").to_numpy(), "Got dtype timedelta64"),
        (np.zeros((3, 2)), r"shape \(3, 2\) .*MultiOutputClassifier.*argmax"),
        (np.zeros((3, 2, 2)), "1d array of one label"),
        (["a", "b"], r"inconsistent numbers of samples: \[3, 2\]"),
        ("abc", "should be a 1d array"),
    ],
)
def test_what_is_no_label_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        check_labels(None, y, ROWS)


def test_a_column_of_labels_is_taken_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        labels = check_labels(None, np.array([[1], [0], [1]]), ROWS)
    assert_array_equal(labels, [1, 0, 1])


@pytest.mark.parametrize("dtype", ["boolean", "bool", "category", "object"])
def test_a_column_of_a_frame_keeps_what_its_labels_are(dtype):
    y = pd.Series([True, False, True], dtype=dtype)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        labels = check_labels(None, y.to_frame(), ROWS)
    assert labels.dtype == bool
    assert_array_equal(labels, [True, False, True])


@pytest.mark.parametrize("classes", [[1, 2], ["1", "2"], [True, False]])
def test_labels_are_not_taken_for_those_of_another_type(classes):
    text = np.array(["1", "2", "1"])
    known = np.unique(classes)
    if known.dtype.kind == "U":
        assert_array_equal(encode(text, known), [0, 1, 0])
    else:
        with pytest.raises(ValueError, match="Got '1', '2' as well"):
            encode(text, known)


def test_many_unseen_labels_are_named_in_part():
    with pytest.raises(ValueError, match=r"Got 2, .*, 9 and 90 more as well; leave"):
        encode(np.arange(100), np.array([0, 1]))


@pytest.mark.parametrize(
    ("classes", "message"),
    [(None, "must be passed on the first call"), (["a"], "classes must hold at least")],
)
def test_announced_classes_must_be_several(classes, message):
    with pytest.raises(ValueError, match=message):
        check_classes(None, classes)


def test_many_classes_are_announced_without_a_warning():
    assert_array_equal(check_classes(None, range(30)), np.arange(30))


def test_two_classes_are_one_column():
    assert_array_equal(as_indicators(np.array([0, 1, 1]), 2), [[0], [1], [1]])
    three = as_indicators(np.array([0, 2, 1]), 3)
    assert_array_equal(three, [[1, 0, 0], [0, 0, 1], [0, 1, 0]])


def test_codes_come_back_from_indicators():
    for n_classes in (2, 3):
        codes = np.arange(6) % n_classes
        assert_array_equal(as_codes(as_indicators(codes, n_classes)), codes)


def test_balanced_weights_are_those_of_scikit_learn():
    y, classes = np.array([0, 0, 0, 1, 2, 2]), np.arange(3)
    theirs = compute_class_weight("balanced", classes=classes, y=y)
    assert_allclose(balanced_weights(y, np.ones(6), 3), theirs)
    # Weights of samples count as repetition.
    weight = np.array([1, 2, 3, 1, 2, 2])
    repeated = compute_class_weight("balanced", classes=classes, y=y.repeat(weight))
    assert_allclose(balanced_weights(y, weight, 3), repeated)


def test_class_that_does_not_occur_weighs_as_the_mean_sample():
    weights = balanced_weights(np.array([0, 2, 2]), np.ones(3), 3)
    assert_allclose(weights, [1.5, 1, 0.75])


def test_weights_by_label_are_one_where_none_is_given():
    classes = np.array(["a", "b"])
    assert_array_equal(weights_of_classes({"b": 3}, classes), [1, 3])
    assert_array_equal(weights_of_classes(None, classes), [1, 1])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"c": 1.0}, r"must name labels of y, 'a', 'b'\. Got 'c' as well"),
        ({"a": -1}, "Got -1 for the label 'a'"),
        ({"a": np.nan}, "Got nan for the label 'a'"),
        ({"a": "much"}, "Got 'much' for the label 'a'"),
    ],
)
def test_weights_that_mean_nothing_are_refused(class_weight, message):
    with pytest.raises(ValueError, match=message):
        weights_of_classes(class_weight, np.array(["a", "b"]))
