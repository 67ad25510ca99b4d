import numpy as np
import pandas as pd
import pytest

from skrnn._checks.places import check_finite, column_at, place_of

ROWS = np.array([[1.0, 2], [3, np.nan], [np.inf, 4]])
FRAME = pd.DataFrame(ROWS, pd.date_range("2024-01-01", periods=3), ["load", "sun"])


def test_a_column_has_the_name_that_the_caller_gave_it():
    assert column_at(1, FRAME) == "column 'sun'"
    assert column_at(0, FRAME["load"]) == "column 'load'"
    assert column_at(1, ROWS) == "column 1 (counted from 0)"


def test_the_first_bad_value_is_placed_by_its_stamp_or_else_its_row():
    bad = np.isnan(ROWS)
    assert place_of(bad, FRAME, FRAME.index) == "column 'sun' at 2024-01-02 00:00:00"
    assert place_of(bad, FRAME) == "column 'sun' at row 1"
    assert place_of(bad[:1], FRAME) is None


def test_missing_values_are_errors_only_where_they_may_not_be():
    with pytest.raises(ValueError, match=r"Input X contains NaN in .* at row 1; stop"):
        check_finite(ROWS, ROWS, None, "stop", name="X")
    with pytest.raises(ValueError, match=r"Input y contains infinity in .* at row 2"):
        check_finite(ROWS, ROWS, None, "stop", name="y", allow_nan=True)
