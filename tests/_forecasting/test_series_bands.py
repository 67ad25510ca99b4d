import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin

from skrnn import AutoregressiveForecaster
from skrnn._forecasting.series_bands import error_quantiles, measure_sizes, radii


def of_all(errors, coverage):
    """Radii of a series that has no errors of its own."""
    return radii(errors, coverage, np.array([-1]))[0]


def triangle(random, n_series, n_origins):
    """Errors of random walks: sums of the steps from each origin to the end."""
    errors = np.full((n_series, n_origins, n_origins), np.nan)
    steps = random.normal(size=(n_series, n_origins))
    for origin in range(n_origins):
        sums = steps[:, origin:].cumsum(axis=1)
        errors[:, origin, : n_origins - origin] = sums
    return errors


def test_single_series_has_the_radii_of_all_errors():
    errors = triangle(np.random.default_rng(0), 1, 30)
    assert_array_equal(radii(errors, 0.8, np.array([0]))[0], of_all(errors, 0.8))


def test_alike_series_share_their_errors():
    one = triangle(np.random.default_rng(0), 1, 12)
    errors = np.concatenate([one, -one, one])
    found = radii(errors, 0.9, np.arange(3))
    # Three times nine errors are enough where nine of a single series are not.
    assert np.isfinite(found[:, :8]).all()
    assert_array_equal(found, np.tile(of_all(errors, 0.9), (3, 1)))


def test_unlike_series_with_many_errors_have_their_own_radii():
    errors = np.random.default_rng(0).normal(size=(3, 4000, 1))
    errors *= np.array([1, 5, 40])[:, None, None]
    found = radii(errors, 0.9, np.array([2, 0]))
    ranks = np.sort(np.abs(errors[..., 0]), axis=1)[:, 3600]
    assert_allclose(found[:, 0], ranks[[2, 0]], rtol=0.02)


def test_series_of_another_shape_keeps_its_own_quantile():
    # Seldom wrong, but then by far: 90 % of the errors are 0.
    random = np.random.default_rng(0)
    errors = random.normal(size=(4, 1000, 1))
    errors[0] = np.where(random.random((1000, 1)) < 0.05, 30.0, 0.0)
    assert radii(errors, 0.9, np.array([0]))[0, 0] < 0.3


def test_series_without_errors_has_the_radii_of_all():
    errors = np.random.default_rng(0).normal(size=(3, 50, 4)) * [[[1]], [[9]], [[1]]]
    errors[2] = np.nan
    found = radii(errors, 0.9, np.array([0, 2, -1]))
    assert_array_equal(found[1], of_all(errors, 0.9))
    assert_array_equal(found[2], found[1])
    assert (found[0] < found[1] / 2).all()


def test_sizes_are_those_of_the_other_origins():
    errors = triangle(np.random.default_rng(0), 3, 9) * [[[1]], [[5]], [[2]]]
    measured = measure_sizes(errors)
    of_step = np.nanmean(errors**2, axis=(0, 1))
    for series, origin, step in [(0, 0, 0), (1, 2, 3), (2, 1, 6)]:
        near = slice((step + 2) // 2 - 1, step + 1)  # From half as many steps on.
        scaled = (errors[series] ** 2 / of_step)[:, near]
        own = np.sqrt(np.nanmean(scaled))
        others = np.sqrt(np.nanmean(np.delete(scaled, origin, axis=0)))
        assert_allclose(measured.sizes[series, step], own)
        relative = errors[series, origin, step] / others
        assert_allclose(measured.relative[series, origin, step], relative)


def test_sizes_that_differ_by_chance_are_not_trusted():
    random = np.random.default_rng(0)
    errors = random.normal(size=(2000, 20, 1))
    assert measure_sizes(errors).weights.max() < 0.2
    errors *= 10 ** random.normal(size=(2000, 1, 1))
    assert measure_sizes(errors).weights.min() > 0.97


def test_exact_forecasts_of_one_series_leave_the_bands_of_others():
    errors = np.random.default_rng(0).normal(size=(3, 60, 2))
    errors[0] = 0.0
    found = radii(errors, 0.9, np.arange(3))
    assert (found[0] < 0.02).all()
    assert_allclose(found[1:], np.sort(np.abs(errors[1:]), axis=1)[:, 54], rtol=0.2)


def test_quantiles_of_each_series_never_cross():
    random = np.random.default_rng(0)
    errors = random.standard_t(2, size=(6, 14, 5)) * 4.0 ** np.arange(6)[:, None, None]
    levels = [0.9, 0.05, 0.5, 0.95, 0.1, 0.3]
    found = error_quantiles(errors, levels, np.arange(6))
    assert found.shape == (6, 5, 6)
    assert (np.diff(found[..., np.argsort(levels)], axis=-1) >= 0).all()
    # Each level stands where it was asked for.
    alone = error_quantiles(errors, [0.3], np.arange(6))
    assert_allclose(alone[..., 0], found[..., 5])


SCALES = np.array([1.0, 4.0, 30.0])


@pytest.mark.parametrize("n_origins", [10, 24])
@pytest.mark.parametrize("scales", [np.ones(3), SCALES])
def test_radii_cover_their_share_of_each_series(n_origins, scales):
    random = np.random.default_rng(0)
    inside, n_steps, n_draws = 0.0, 5, 100
    for _ in range(n_draws):
        errors = triangle(random, 3, n_origins) * scales[:, None, None]
        found = radii(errors, 0.8, np.arange(3))[:, :n_steps]
        new = random.normal(size=(3, n_steps)).cumsum(axis=1) * scales[:, None]
        inside += np.abs(new) <= found
    by_series = inside.mean(axis=1) / n_draws
    # Few errors of unlike series lean to those of all, so that the smallest one is
    # covered too well rather than too seldom.
    assert by_series.min() > 0.75
    assert by_series.max() < (0.94 if n_origins == 10 else 0.89)


class Repeat(RegressorMixin, BaseEstimator):
    """The last value."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.asarray(X)[:, -1]


def test_bands_of_unlike_series_cover_each_of_them():
    random, n_rows = np.random.default_rng(0), 70
    forecaster = AutoregressiveForecaster(
        Repeat(), window=1, columns="series", calibration=40
    )
    ahead = pd.DataFrame(index=range(n_rows, n_rows + 2))
    inside, widths = [], []
    for _ in range(100):
        walks = random.normal(size=(n_rows + 2, 2)) * [0.1, 8]
        walks[:, 0] = walks[:, 0].cumsum()
        y = pd.DataFrame(100 + walks, columns=["smooth", "noisy"])
        band = forecaster.fit(None, y[:n_rows]).predict_interval(ahead, 0.9)
        ends = [band.xs(end, axis=1, level=1) for end in ("lower", "upper")]
        inside.append((ends[0] <= y[n_rows:]) & (y[n_rows:] <= ends[1]))
        widths.append((ends[1] - ends[0]).mean())
    covered = pd.concat(inside).mean()
    assert covered.between(0.86, 0.94).all()
    # 1.645 standard deviations to both sides: of steps of 0.1, one or two of them, and
    # of differences of values with a deviation of 8.
    expected = 2 * 1.645 * np.array([0.1 * (1 + 2**0.5) / 2, 8 * 2**0.5])
    assert_allclose(pd.concat(widths, axis=1).mean(axis=1), expected, rtol=0.15)


def test_bands_of_a_history_are_those_of_its_series_or_of_all():
    random = np.random.default_rng(0)
    scales = {"a": 1.0, "b": 20.0}
    days = pd.date_range("2024-01-01", periods=80, freq="D")
    rows = {
        k: pd.Series(scale * random.normal(size=80), days)
        for k, scale in scales.items()
    }
    # Spreads are the same, so that only the errors tell the series apart.
    for series in rows.values():
        series[:3] = [200.0, -200.0, 200.0]
    y = pd.concat(rows)
    forecaster = AutoregressiveForecaster(Repeat(), window=1, calibration=50)
    forecaster.fit(None, y)

    def width(name, history):
        index = pd.MultiIndex.from_product([[name], days[-1:] + pd.Timedelta("1D")])
        band = forecaster.predict_interval(
            pd.DataFrame(index=index), history=pd.concat({name: history})
        )
        return float((band["upper"] - band["lower"]).iloc[0])

    assert width("a", rows["a"]) < width("new", rows["a"]) / 4
    assert width("b", rows["b"]) > 10 * width("a", rows["a"])
