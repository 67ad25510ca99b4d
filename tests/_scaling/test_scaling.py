from functools import reduce

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._scaling.scaling import Statistics
from skrnn._windows.windows import Windows, windows_of

RNG = np.random.RandomState(0)
ROWS = RNG.normal(size=(12, 2)) * [3.0, 0.1] + [50.0, -2.0]
OVERLAPPING = Windows(ROWS, np.arange(9), n_steps=4)
Y = RNG.normal(size=(9, 2)) + 7


def learn(windows=OVERLAPPING, y=Y, weight=None, standardize=True):
    weight = np.ones(len(windows)) if weight is None else np.asarray(weight, float)
    statistics = Statistics.of(windows, y, weight, standardize=standardize)
    statistics.check_observed()
    return statistics.scaling()


def test_statistics_are_those_of_every_step_of_every_window():
    scaling, steps = learn(), OVERLAPPING.gather().reshape(-1, 2)
    assert_allclose(scaling.x_mean, steps.mean(axis=0))
    assert_allclose(scaling.x_scale, steps.std(axis=0))
    assert_allclose(scaling.y_mean, Y.mean(axis=0))
    assert_allclose(scaling.y_scale, Y.std(axis=0))


def test_shared_rows_and_copied_windows_have_the_same_statistics():
    shared, copied = learn(), learn(windows_of(OVERLAPPING.gather()))
    for name, value in vars(shared).items():
        assert_allclose(getattr(copied, name), value, rtol=1e-12)


def test_weights_mean_repetition():
    weight = np.array([1, 3, 0, 2, 1, 1, 2, 0, 1])
    repeated = np.repeat(np.arange(9), weight)
    weighted, expected = (
        learn(weight=weight),
        learn(OVERLAPPING.take(repeated), Y[repeated]),
    )
    for name, value in vars(expected).items():
        assert_allclose(getattr(weighted, name), value, rtol=1e-12)


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("standardize", [True, False])
def test_statistics_of_chunks_are_those_of_all_windows(size, standardize):
    rows = ROWS + np.array([1e6, 0.0])
    rows[:7, 1] = np.nan  # Of which the first chunks have nothing.
    windows, weight = OVERLAPPING.with_rows(rows), RNG.uniform(0.1, 3, size=9)

    def statistics(samples):
        parts = windows.take(samples), Y[samples], weight[samples]
        return Statistics.of(*parts, standardize=standardize)

    chunks = [statistics(slice(i, i + size)) for i in range(0, 9, size)]
    running = reduce(Statistics.merge, chunks).scaling()
    for name, value in vars(statistics(slice(None)).scaling()).items():
        assert_allclose(getattr(running, name), value, rtol=1e-12)


def test_scaling_of_inputs_that_was_taken_over_stays():
    given, weight = learn(), np.ones(9)
    chunks = [
        Statistics.of(windows, Y, weight, standardize=True, inputs=inputs)
        for windows, inputs in (
            (OVERLAPPING, given),
            (OVERLAPPING.with_rows(3 * ROWS), None),
        )
    ]
    scaling = reduce(Statistics.merge, chunks).scaling()
    assert_array_equal(scaling.x_mean, given.x_mean)
    assert_array_equal(scaling.fill, given.fill)


def test_column_without_a_value_so_far_is_left_as_it_is():
    rows = ROWS.copy()
    rows[:, 1] = np.nan
    windows = OVERLAPPING.with_rows(rows)
    scaling = Statistics.of(windows, Y, np.ones(9), standardize=True).scaling()
    assert (scaling.x_mean[1], scaling.x_scale[1], scaling.fill[1]) == (0, 1, 0)


def test_rows_in_no_window_do_not_count():
    rows = np.vstack([ROWS, np.full((3, 2), 1e9)])
    assert_array_equal(learn(OVERLAPPING.with_rows(rows)).x_mean, learn().x_mean)


def test_scaled_training_steps_have_mean_zero_and_variance_one():
    scaled = learn().scale_windows(OVERLAPPING)
    steps = scaled.gather().reshape(-1, 2)
    assert steps.dtype == np.float32
    assert_allclose(steps.mean(axis=0), 0, atol=1e-5)
    assert_allclose(steps.std(axis=0), 1, rtol=1e-5)


def test_targets_come_back_in_their_units():
    scaling = learn()
    assert_allclose(scaling.restore_targets(scaling.scale_targets(Y)), Y, rtol=1e-6)


@pytest.mark.parametrize("standardize", [True, False])
def test_holes_get_the_mean_and_empty_steps_stay_missing(standardize):
    rows = ROWS.copy()
    rows[4, 0] = rows[7] = np.nan
    windows = OVERLAPPING.with_rows(rows)
    scaling = learn(windows, standardize=standardize)
    mean = np.nanmean(windows.gather().reshape(-1, 2), axis=0)
    scaled = scaling.scale_windows(windows).rows
    assert_allclose(scaled[4, 0], 0.0 if standardize else mean[0], rtol=1e-6)
    assert_array_equal(np.isnan(scaled).all(axis=1), np.arange(12) == 7)
    assert np.isnan(scaled).sum() == 2


def test_scaling_does_not_write_into_the_rows():
    before = ROWS.copy()
    learn().scale_windows(OVERLAPPING)
    assert_array_equal(ROWS, before)


def test_without_standardize_nothing_changes():
    scaling = learn(standardize=False)
    assert_array_equal(scaling.scale_windows(OVERLAPPING).rows, ROWS.astype(np.float32))
    assert_array_equal(scaling.scale_targets(Y), Y.astype(np.float32))
    assert_array_equal(scaling.restore_targets(np.float32([[3, 4]])), [[3.0, 4.0]])


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e-30, 1e12])
def test_constant_column_is_centred_and_constant_target_predicted(constant):
    windows = OVERLAPPING.with_rows(np.full_like(ROWS, constant))
    scaling = learn(windows, np.full((9, 1), constant))
    assert_allclose(scaling.scale_windows(windows).rows, 0, atol=1e-3)
    predicted = scaling.restore_targets(np.float32([[-5.0], [5.0]]))
    assert_allclose(predicted, constant, rtol=1e-12)


def test_constant_target_varies_as_soon_as_it_does():
    constant = learn(y=np.full((9, 2), 0.1))
    still = constant.let_vary(np.array([[0.1, 0.1]]))
    assert_array_equal(still.y_scale, [0, 0])
    varies = constant.let_vary(np.array([[0.1, 0.1], [0.1, 8.0]]))
    assert_array_equal(varies.y_scale, [0, 1])


@pytest.mark.parametrize("standardize", [True, False])
def test_column_without_a_value_in_a_weighted_window_is_refused(standardize):
    rows = ROWS.copy()
    rows[:8, 1] = np.nan
    weight = np.arange(9) < 5  # The windows that end before row 8.
    with pytest.raises(ValueError, match=r"X is NaN in column 1 .* of every training"):
        learn(OVERLAPPING.with_rows(rows), weight=weight, standardize=standardize)
