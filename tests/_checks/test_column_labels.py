import numpy as np
import pandas as pd
import pytest

from skrnn._checks.column_labels import check_number_labels, number_labels

FRAME = pd.DataFrame(np.arange(6.0).reshape(2, 3))


def test_labels_are_compared_where_all_are_numbers():
    labels = number_labels(FRAME)
    check_number_labels(labels, FRAME.to_numpy())
    check_number_labels(labels, FRAME.set_axis(list("abc"), axis=1))
    check_number_labels(labels, FRAME.set_axis([0.0, 1.0, 2.0], axis=1))
    with pytest.raises(ValueError, match=r"columns \[0, 1, 2\] .* Got \[2, 0, 1\]"):
        check_number_labels(labels, FRAME[[2, 0, 1]])


@pytest.mark.parametrize(
    "X", [FRAME.to_numpy(), FRAME[0], FRAME.set_axis(["a", 1, 2], axis=1)]
)
def test_others_have_no_labels_to_compare(X):
    assert number_labels(X) is None
    check_number_labels(None, FRAME)
