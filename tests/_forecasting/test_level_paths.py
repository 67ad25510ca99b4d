from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from skrnn import AutoregressiveForecaster, GRURegressor
from skrnn._forecasting.level_paths import paths_of_levels, scores_of, values_of
from skrnn._forecasting.network_bands import LevelRows
from skrnn._forecasting.paths import PathDraws

LEARNED = (0.1, 0.5, 0.8)
N_STEPS = 4


def test_value_at_the_score_of_an_observation_is_the_observation():
    random = np.random.default_rng(0)
    quantiles = np.sort(random.normal(size=(50, 3)), axis=1)
    observed = random.normal(scale=3, size=50)
    least = np.full((2, 50), 0.01)
    scores = scores_of(observed[:, None] - quantiles, LEARNED, least)
    values = values_of(scores[:, None], quantiles, LEARNED, least)[:, 0]
    assert_allclose(values, observed)


def test_scores_between_quantiles_are_levels():
    quantiles, least = np.array([1.0, 2.0, 4.0]), np.zeros(2)
    observed = np.array([0.0, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
    scores = scores_of(observed[:, None] - quantiles, LEARNED, least[:, None])
    # Outside: by distances from the median, here 1 below it and 2 above.
    assert_allclose(scores, [0.1 - 1, 0.1, 0.3, 0.5, 0.65, 0.8, 0.8 + 1])


def test_quantiles_that_coincide_give_finite_scores():
    errors, least = np.full((1, 3), 2.0), np.full((2, 1), 0.5)
    assert_allclose(scores_of(errors, LEARNED, least), [0.8 + 2 / 0.5])


def rows_of(sizes, n_origins=3000, coefficient=0.0, learned=LEARNED):
    """Rows whose quantiles are those of normal noise of some size, as all errors are.

    The noise of later steps depends on that of earlier ones.
    """
    random = np.random.default_rng(1)
    noise = random.normal(size=(1, n_origins, N_STEPS, 1))
    for step in range(1, N_STEPS):
        old = coefficient * noise[:, :, step - 1]
        noise[:, :, step] = old + np.sqrt(1 - coefficient**2) * noise[:, :, step]
    scale = random.uniform(0.5, 5, size=(1, n_origins, 1, 1))
    errors = (scale * noise)[..., None] - scale[..., None] * norm.ppf(learned)
    n_rows = len(sizes) * N_STEPS
    places = np.repeat(np.arange(len(sizes)), N_STEPS)
    values = np.repeat(sizes, N_STEPS)[:, None, None] * norm.ppf(learned)
    return LevelRows(
        learned,
        values,
        np.ones((n_rows, 1)),
        np.zeros(n_rows, dtype=int),
        np.tile(np.arange(1, N_STEPS + 1), len(sizes)),
        np.full(n_rows, N_STEPS),
        errors[None].astype(np.float32),
        places,
    )


def test_paths_are_as_wide_as_the_quantiles_of_their_rows():
    paths = paths_of_levels(rows_of([1.0, 10.0]), PathDraws.draw(2, 4000, 0))
    paths = paths[:, 0].reshape(2, N_STEPS, -1)
    for size, own in zip([1.0, 10.0], paths, strict=True):
        # Between the levels learned quantiles are interpolated along a line.
        levels = [0.1, 0.5, 0.8]
        ends = np.quantile(own, levels, axis=1).T
        expected = np.tile(size * norm.ppf(levels), (N_STEPS, 1))
        assert_allclose(ends, expected, atol=0.1 * size)


@pytest.mark.parametrize("coefficient", [0.0, 0.9])
def test_steps_of_a_path_depend_on_each_other_as_scores_do(coefficient):
    rows = rows_of([1.0], coefficient=coefficient)
    paths = paths_of_levels(rows, PathDraws.draw(1, 4000, 0))[:, 0]
    found = np.corrcoef(paths)[0, 1]
    assert_allclose(found, coefficient, atol=0.08)


def paths_on_one_side(rows, *, mirrored):
    draws = PathDraws.draw(1, 4000, 0)
    mirrors = np.full(4000, 0.0 if mirrored else 1.0)
    return paths_of_levels(rows, replace(draws, mirrors=mirrors))[:, 0]


@pytest.mark.parametrize("learned", [(0.1, 0.5, 0.9), LEARNED, (0.5, 0.9), (0.1, 0.5)])
def test_mirrored_paths_lie_on_the_other_side_of_the_median(learned):
    # The median is 0, and the quantiles are symmetric.
    rows = rows_of([1.0], learned=learned)
    paths = paths_on_one_side(rows, mirrored=False)
    assert_allclose(paths_on_one_side(rows, mirrored=True), -paths, atol=1e-5)


@pytest.mark.untrained
def test_paths_of_a_forecaster_are_as_wide_as_its_intervals():
    y = np.random.default_rng(0).normal(size=200).cumsum()
    network = GRURegressor(2, epochs=2, quantiles=(0.1, 0.5, 0.9), random_state=0)
    forecaster = AutoregressiveForecaster(
        network, window=3, horizon=N_STEPS, calibration=80, normalize="last"
    ).fit(None, y)
    paths = forecaster.sample_paths(N_STEPS, 2000, random_state=0)
    lower, upper = forecaster.predict_interval(N_STEPS, coverage=0.8).T
    inside = (paths > lower[:, None]) & (paths < upper[:, None])
    assert_allclose(inside.mean(axis=1), 0.8, atol=0.1)
    # Beyond a block the medians are fed back, and their errors drawn.
    assert forecaster.sample_paths(N_STEPS + 1, 5).shape == (N_STEPS + 1, 5)
