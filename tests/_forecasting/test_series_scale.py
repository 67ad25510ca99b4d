import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._forecasting.series import series_from_long
from skrnn._forecasting.series_scale import SeriesScale, mean_and_deviation

# Row numbers of x are 0 to 7, those of y 8 to 14.
INDEX = pd.MultiIndex.from_tuples(
    [("x", t) for t in [0, 1, 2, 5, 6, 7, 8, 9]] + [("y", t) for t in range(4, 11)]
)


def make_series(missing=()):
    targets = np.arange(15.0)[:, None]
    targets[list(missing)] = np.nan
    return series_from_long(targets, np.empty((15, 0)), INDEX)


def test_scale_is_mean_and_deviation_of_the_rows_in_runs():
    series = make_series(missing=[4, 8, 14]).before_last(2)
    values = np.random.default_rng(0).normal(size=(15, 2))
    values[4] = np.nan
    values[1, 1] = np.nan
    centre, spread = mean_and_deviation(values, series)
    for code, rows in enumerate(([0, 1, 2, 3, 5], [9, 10, 11])):
        for target in (0, 1):
            observed = [v for v in values[rows, target] if not np.isnan(v)]
            assert_allclose(centre[code, target], np.mean(observed))
            assert_allclose(spread[code, target], np.std(observed))


def test_constant_series_has_the_spread_1():
    series = make_series()
    values = np.where(series.codes == 0, 0.1 + 1e9, 0.0)[:, None]
    centre, spread = mean_and_deviation(values, series)
    assert_allclose(centre, [[0.1 + 1e9], [0]])
    assert_array_equal(spread, 1)


def test_series_without_training_rows_has_the_scale_of_all_its_rows():
    series = make_series()
    values = np.random.default_rng(0).normal(size=(15, 1))
    training = series.before_last(7)  # The first row of x, and none of y.
    scale = SeriesScale.learn(values, series, training)
    assert_allclose(scale.centre, [values[0], values[8:].mean(keepdims=True)[0]])
    assert_allclose(scale.spread[1], values[8:].std())


def test_each_row_gets_the_scale_of_its_series():
    scale = SeriesScale(np.array([[1.0], [10.0]]), np.array([[2.0], [5.0]]))
    assert_allclose(scale.apply(np.array([[5.0], [5.0]]), [0, 1]), [[2.0], [-1.0]])
    assert_allclose(scale.take([1]).apply(np.array([[5.0]]), [0]), [[-1.0]])


def test_identity_leaves_values_as_they_are():
    values = np.array([[-0.0, 1e300], [np.nan, 3.0]])
    got = SeriesScale.identity(2, 2).apply(values, np.array([1, 0]))
    assert_array_equal(got, values)
