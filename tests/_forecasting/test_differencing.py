import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._forecasting.differencing import Differencing, read_lags

each_lags = pytest.mark.parametrize(
    "lags", [(), (1,), (1, 1), (12,), (1, 12), (4, 1, 2)], ids=str
)


def make_rows(n_rows=40, n_targets=2):
    return np.random.default_rng(0).normal(size=(n_rows, n_targets)).cumsum(axis=0)


@each_lags
def test_differences_are_those_of_pandas(lags):
    expected = pd.DataFrame(make_rows())
    for lag in lags:
        expected = expected.diff(lag)
    assert_allclose(Differencing(lags).difference(make_rows()), expected)
    assert Differencing(lags).n_lost == expected[0].isna().sum()


@each_lags
@pytest.mark.parametrize("n_steps", [1, 3, 15])
def test_adding_up_takes_differences_back(lags, n_steps):
    rows = make_rows()
    differencing = Differencing(lags)
    ahead = differencing.difference(rows)[-n_steps:]
    past = rows[: -n_steps or None]
    assert_allclose(differencing.integrate(past, ahead), rows[-n_steps:], rtol=1e-12)


def test_adding_up_needs_only_the_last_rows_and_takes_many_series():
    series = np.stack([make_rows(), 2 * make_rows() + 1])
    differencing = Differencing((1, 12))
    ahead = differencing.difference(series)[:, -5:]
    past = series[:, -5 - differencing.n_lost : -5]
    assert_allclose(differencing.integrate(past, ahead), series[:, -5:], rtol=1e-12)


def test_logarithm_is_taken_back():
    rows = np.array([[0.5], [2.0], [1e6]])
    differencing = Differencing(log=True)
    assert_array_equal(differencing.take_log(rows), np.log(rows))
    assert_allclose(differencing.undo_log(np.log(rows)), rows, rtol=1e-14)


@pytest.mark.parametrize(
    ("difference", "lags"), [(0, ()), (2, (1, 1)), ((1, 12), (1, 12)), ([7], (7,))]
)
def test_an_order_is_that_many_lags_of_one(difference, lags):
    assert read_lags(difference, n_rows=9) == lags


@pytest.mark.parametrize("difference", [(0,), (1, -12), (1.5,), ("1",)])
def test_what_is_no_lag_is_refused(difference):
    with pytest.raises(ValueError, match="difference must be an order such as 1 or 2"):
        read_lags(difference, n_rows=9)
