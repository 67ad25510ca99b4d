import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skrnn import GRURegressor, SlidingWindow
from skrnn._estimators.target_checks import check_labelled
from tests.support.networks import X, Y, assert_same_weights, fitted

DAYS = pd.date_range("2025-03-01", periods=3)


@pytest.mark.parametrize(
    ("y", "place"),
    [
        (np.array([1, np.nan, 3]), r"column 0 .* at row 1"),
        (pd.Series([1, np.nan, 3], DAYS, name="rain"), "column 'rain' at 2025-03-02"),
        (
            pd.DataFrame({"a": [1, np.nan, np.nan], "b": [1, 2, np.nan]}),
            "column 'a' at 2",
        ),
    ],
)
def test_missing_target_is_named_with_the_weight_that_leaves_it_out(y, place):
    targets = np.asarray(y).reshape(3, -1)
    message = rf"Input y contains NaN in {place}.* sample_weight=~np.isnan\(y\)"
    with pytest.raises(ValueError, match=message):
        check_labelled(targets, np.ones(3, bool), y)


def test_sample_without_a_target_is_left_out_by_its_weight():
    missing = np.r_[np.nan, Y[1:]]
    settings = {"batch_size": 5}
    with pytest.raises(ValueError, match="Input y contains NaN"):
        fitted(y=missing, **settings)
    model = fitted(y=missing, sample_weight=~np.isnan(missing), **settings)
    assert_same_weights(model, fitted(X=X[1:], y=Y[1:], **settings))


def test_rows_without_a_target_stay_in_the_windows_of_a_pipeline():
    rows = pd.DataFrame({"u": np.sin(np.arange(20.0))})
    y = rows.u.where(rows.index % 5 > 0)
    gru = GRURegressor(2, epochs=1, random_state=0)
    model = make_pipeline(SlidingWindow(3), gru)
    model.fit(rows, y, gruregressor__sample_weight=~np.isnan(y))
    assert model[-1].n_windows_fit_ == 20 - 2 - 3  # Rows 5, 10 and 15; 0 begins a run.
