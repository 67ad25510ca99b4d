from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._scaling.moments import Moments

RNG = np.random.RandomState(0)
N = 40
NOISE = RNG.normal(size=(N, 2))
COLUMNS = {
    "plain": NOISE,
    "far from zero": 1e8 + NOISE,
    "far from zero, and nearly constant": 1e8 + 1e-4 * NOISE,
    "tiny": 1e-150 * NOISE,
    "a level that jumps": NOISE + 1e6 * (np.arange(N)[:, None] > 20),
    "constant": np.full((N, 2), 0.1),
    "constant at first": np.where(np.arange(N)[:, None] < 17, 0.1, NOISE),
    "missing now and then": np.where(RNG.uniform(size=(N, 2)) < 0.3, np.nan, NOISE),
    "missing at first": np.where(np.arange(N)[:, None] < 17, np.nan, 1e8 + NOISE),
}
CUTS = {"one by one": range(1, N), "uneven": [1, 2, 17, 18, 39], "halves": [20]}
WEIGHTS = {"alike": np.ones(N), "of many sizes": 10.0 ** RNG.randint(-6, 6, size=N)}


def by_fractions(column, weights):
    """Mean and standard deviation without any rounding on the way."""
    pairs = [
        (Fraction(x), Fraction(w))
        for x, w in zip(column.tolist(), weights.tolist(), strict=True)
        if x == x
    ]
    total = sum(w for _, w in pairs)
    mean = sum(w * x for x, w in pairs) / total
    variance = sum(w * (x - mean) ** 2 for x, w in pairs) / total
    return float(mean), float(variance) ** 0.5


def merged(values, weights, cuts):
    pieces = zip(
        np.split(values, list(cuts)), np.split(weights, list(cuts)), strict=True
    )
    return reduce(Moments.merge, (Moments.of(*piece) for piece in pieces))


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("cuts", [[], *CUTS.values()], ids=["whole", *CUTS])
@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS)
def test_moments_are_exact_however_samples_are_cut(values, cuts, weights):
    mean, scale = merged(values, weights, cuts).mean_and_scale()
    exact = [by_fractions(column, weights) for column in values.T]
    assert_allclose(mean, [each[0] for each in exact], rtol=1e-12)
    assert_allclose(scale, [each[1] for each in exact], rtol=1e-12)


def test_samples_of_no_weight_and_without_a_value_change_nothing():
    moments = Moments.of(NOISE, np.ones(N))
    for more in (np.full((3, 2), np.nan), np.full((3, 2), 1e9)):
        other = Moments.of(more, np.full(3, float(np.isnan(more).any())))
        for both in (moments.merge(other), other.merge(moments)):
            for ours, theirs in zip(
                both.mean_and_scale(), moments.mean_and_scale(), strict=True
            ):
                assert_array_equal(ours, theirs)


def test_nothing_observed_has_the_mean_and_the_scale_0():
    moments = Moments.of(np.full((3, 2), np.nan), np.ones(3)).merge(Moments.none(2))
    assert_array_equal(moments.mean_and_scale(), np.zeros((2, 2)))


@pytest.mark.parametrize("size", [1e200, 1e308])
def test_values_too_large_to_be_squared_have_no_finite_scale(size):
    large = Moments.of(size * np.sign(NOISE[:5]), np.ones(5))
    for moments in (large, large.merge(Moments.of(NOISE, np.ones(N)))):
        assert not np.isfinite(moments.mean_and_scale()[1]).any()


def test_columns_can_be_put_side_by_side():
    one, other = (Moments.of(NOISE[:, [i]], np.ones(N)) for i in (0, 1))
    both = one.beside(other).mean_and_scale()
    assert_allclose(both, Moments.of(NOISE, np.ones(N)).mean_and_scale())
