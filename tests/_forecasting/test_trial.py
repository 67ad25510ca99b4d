import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skrnn._forecasting import trial
from skrnn._forecasting.differencing import Differencing
from skrnn._forecasting.plan import ForecastPlan
from skrnn._forecasting.series import series_from_long, series_from_wide
from skrnn._forecasting.trial import Trial


def wave(n_rows, period, noise=0.1):
    step = np.arange(n_rows)
    random = np.random.default_rng(3).normal(scale=noise, size=n_rows)
    return (
        np.sin(2 * np.pi * step / period) + np.cos(4 * np.pi * step / period) + random
    )


def compare(candidates, horizon, rows):
    """Return the place of the best of some windows, logs and modes, and the errors."""
    plans = [
        ForecastPlan(window, horizon, Differencing((), log), mode)
        for window, log, mode in candidates
    ]
    held_out = Trial.hold_out(rows, [plan.window for plan in plans], horizon, 0)
    errors = [held_out.linear_error(plan, Ridge()) for plan in plans]
    return held_out.best(errors), errors


def compared(values, candidates, horizon=12):
    known = np.empty((len(values), 0))
    rows = series_from_long(np.reshape(values, (-1, 1)), known, None)
    return compare(candidates, horizon, rows)


def test_a_logarithm_is_chosen_for_growth_by_a_rate():
    growth = np.exp(0.02 * np.arange(200) + 0.3 * wave(200, 12))
    candidates = [(24, False, "last"), (24, True, "last")]
    best, _ = compared(growth, candidates)
    assert best == 1
    best, _ = compared(wave(200, 12) + 5, candidates)
    assert best == 0


def test_a_window_of_the_whole_period_is_chosen():
    best, _ = compared(wave(900, 168), [(w, False, None) for w in (24, 72, 168)], 24)
    assert best == 2


def test_what_is_hardly_better_does_not_replace_the_default():
    candidates = [(36, False, "meanstd"), (24, False, "meanstd"), (24, False, "last")]
    best, errors = compared(np.random.default_rng(0).normal(size=90), candidates)
    assert min(errors) < errors[0]
    assert best == 0


def test_units_of_the_series_do_not_matter():
    growth = np.exp(0.02 * np.arange(200) + 0.3 * wave(200, 12))
    others = [10 + np.random.default_rng(i).normal(size=200) for i in range(3)]
    y = np.stack([growth, *others], axis=1)
    candidates = [(w, True, n) for w in (12, 24) for n in ("last", "meanstd")]
    names = list(range(4))
    found = []
    for units in (1, 10.0 ** np.array([6, -6, 0, 3])):
        rows = series_from_wide(y * units, np.empty((200, 0)), None, names)
        found.append(compare(candidates, 12, rows)[1])
    assert_allclose(*found)


def test_too_few_rows_to_compare_leave_the_default():
    candidates = [(12, False, "meanstd"), (12, False, "last")]
    best, errors = compared(wave(14, 12), candidates, horizon=1)
    assert best == 0
    best, errors = compared(np.append(np.full(60, np.nan), 1), candidates)
    assert best == 0
    assert np.isnan(errors).all()


def test_windows_too_long_for_some_series_are_dearer():
    y = np.random.default_rng(0).normal(size=(200, 20))
    short = y.copy()
    short[:-30, 0] = np.nan
    candidates = [(7, False, None), (36, False, None)]
    errors = []
    for values in (y[:, 1:], short):
        names = list(range(values.shape[1]))
        rows = series_from_wide(values, np.empty((200, 0)), None, names)
        errors.append(compare(candidates, 7, rows)[1])
    assert_allclose(errors[1][1] - errors[0][1], np.log(2) / 20, atol=0.02)
    assert_allclose(errors[1][0], errors[0][0], atol=0.02)


def test_of_very_many_series_evenly_spaced_ones_are_compared(monkeypatch):
    y = np.random.default_rng(0).normal(size=(100, 9))
    y[:40, 4] = np.nan
    every = series_from_wide(y, np.empty((100, 0)), None, list("abcdefghi"))
    third = series_from_wide(y[:, ::4], np.empty((100, 0)), None, list("aei"))
    expected = Trial.hold_out(third, [12], 6, 0)
    monkeypatch.setattr(trial, "MOST_ROWS", 250)
    found = Trial.hold_out(every, [12], 6, 0)
    assert found.rows.names == expected.rows.names
    for field in ("targets", "codes", "starts", "stops", "stamps"):
        values = [getattr(each.rows, field) for each in (found, expected)]
        if field != "stamps":
            assert_array_equal(*values)
        assert len(values[0]) == len(values[1])
    plan = ForecastPlan(12, 6, Differencing(), "last")
    assert found.linear_error(plan, Ridge()) == expected.linear_error(plan, Ridge())
