import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import AutoregressiveForecaster, PooledRidgeCV, backtest
from tests.support.series import refusal

MONTHS = 48


def make_panel(n_rows=MONTHS, n_series=4, *, frequency="M", by_rate=False, seed=0):
    """Series with a season of their own each, which grows with them or does not."""
    season = {"M": 12, "Q": 4, "D": 7}[frequency]
    random, step = np.random.default_rng(seed), np.arange(n_rows)[:, None]
    phases = random.uniform(0, season, size=n_series)
    wave = 0.2 * np.sin(2 * np.pi * (step + phases) / season)
    noise = 0.02 * random.normal(size=(n_rows, n_series))
    size = 10.0 ** np.arange(n_series)
    y = np.exp(step / 50 + wave + noise) if by_rate else 5 + step / 50 + wave + noise
    names = [*"abcdefghijklmnopqrst"[:n_series]]
    index = pd.period_range("2015-01", periods=n_rows, freq=frequency)
    return pd.DataFrame(size * y, index, names)


def fitted(y, **parameters):
    return AutoregressiveForecaster(columns="series", **parameters).fit(None, y)


def is_of_series(forecaster):
    return isinstance(forecaster.estimator_, PooledRidgeCV)


def ridge_of_months(estimator=None, **parameters):
    given = {"window": 4, "horizon": 12, "normalize": "last", "calendar": ("month",)}
    estimator = PooledRidgeCV() if estimator is None else estimator
    given |= {"columns": "series"}
    return AutoregressiveForecaster(estimator, **(given | parameters))


@pytest.mark.parametrize(
    ("frequency", "n_rows", "window"), [("M", 30, 2), ("M", 108, 12), ("Q", 36, 4)]
)
def test_young_series_get_seasons_of_their_own(frequency, n_rows, window):
    season = {"M": 12, "Q": 4}[frequency]
    y = make_panel(n_rows + season, frequency=frequency)
    forecaster = fitted(y[:n_rows])
    assert is_of_series(forecaster)
    assert (forecaster.window_, forecaster.horizon_) == (window, season)
    error = np.abs(forecaster.forecast(season) - y[n_rows:])
    before = y[n_rows - season : n_rows].to_numpy()
    seasonal = np.abs(before - y[n_rows:].to_numpy()).mean(axis=0)
    assert (error.mean() < 0.8 * seasonal).all()


@pytest.mark.parametrize(
    ("frequency", "n_rows", "n_series"),
    [
        ("M", 24, 4),
        ("M", 109, 4),
        ("Q", 8, 4),
        ("Q", 37, 4),
        ("D", 40, 4),
        ("M", 48, 1),
        ("M", 108, 27),
    ],
)
@pytest.mark.filterwarnings("ignore:AutoregressiveForecaster chose window")
@pytest.mark.untrained
def test_other_series_do_not(frequency, n_rows, n_series):
    y = make_panel(n_rows, min(n_series, 20), frequency=frequency)
    more = y.iloc[:, : max(0, n_series - 20)].add_suffix("2")
    assert not is_of_series(fitted(pd.concat([y, more], axis=1)))


@pytest.mark.parametrize(
    "given",
    [
        {"window": 12},
        {"horizon": 1},
        {"normalize": "meanstd"},
        {"normalize": None},
        {"calendar": None},
        {"calendar": ("year",)},
        {"difference": 1},
        {"cold_start": True},
        {"holidays": ["2016-12-25"]},
        {"static": pd.DataFrame({"size": [1.0, 2, 3, 4]}, [*"abcd"])},
    ],
)
@pytest.mark.untrained
def test_what_is_asked_for_besides_is_heeded(given):
    assert not is_of_series(fitted(make_panel(), **given))


@pytest.mark.untrained
def test_columns_missing_values_weights_and_first_steps_are_for_others():
    y, X = (
        make_panel(),
        pd.DataFrame({"price": np.arange(MONTHS) % 5}, make_panel().index),
    )
    holed = y.mask((y.index == y.index[20])[:, None] & (y.columns == "b"))
    many = AutoregressiveForecaster(columns="series")
    for forecaster in (
        clone(many).fit(X, y),
        clone(many).fit(None, holed),
        clone(many).fit(None, y, sample_weight=np.ones(MONTHS)),
        clone(many).partial_fit(None, y),
    ):
        assert not is_of_series(forecaster)


@pytest.mark.untrained
def test_series_that_are_constant_or_missing_later_are_for_others():
    y = make_panel(60)
    assert not is_of_series(fitted(y.assign(b=0.03)))
    held_out = y.mask((y.index == y.index[55])[:, None] & (y.columns == "b"))
    assert not is_of_series(fitted(held_out, calibration=12))
    assert is_of_series(fitted(y, calibration=12))


def test_forecasts_of_young_series_stay_within_bounds():
    y = make_panel(60, 3)
    free, most = fitted(y), float(y.max().max())
    bounded = fitted(y, bounds=(0, most))
    assert is_of_series(bounded)
    assert (free.forecast(12) > most).any(axis=None)
    assert (bounded.forecast(12) <= most).all(axis=None)


def test_a_series_may_be_named_nan():
    y = make_panel(36, 3)
    y.columns = [np.nan, 1.0, 2.0]
    forecaster = ridge_of_months().fit(None, y)
    copy = pickle.loads(pickle.dumps(forecaster))
    assert_array_equal(copy.forecast(3), forecaster.forecast(3))
    assert_allclose(forecaster.forecast(3, history=y), forecaster.forecast(3))


@pytest.mark.parametrize(
    "given", [{"normalize": "last"}, {"calendar": ("month",)}, {"log": True}]
)
def test_what_is_chosen_may_be_asked_for(given):
    y = make_panel(by_rate=True)
    assert_array_equal(fitted(y, **given).forecast(5), fitted(y).forecast(5))


def test_the_set_up_that_is_shown_forecasts_the_same():
    y = make_panel()
    forecaster = fitted(y)
    assert forecaster.set_up_.estimator.groups is None
    assert_array_equal(
        clone(forecaster.set_up_).fit(None, y).forecast(12), forecaster.forecast(12)
    )
    assert forecaster.comparison_["estimator"] == ["PooledRidgeCV"]
    assert np.isnan(forecaster.comparison_["error"]).all()


@pytest.mark.untrained
@pytest.mark.parametrize("seed", range(3))
def test_what_has_no_season_is_left_to_others(seed):
    noise = np.random.default_rng(seed).lognormal(2, 0.7, size=(60, 6))
    y = pd.DataFrame(noise, make_panel(60).index)
    assert not is_of_series(fitted(y))
    assert not is_of_series(fitted(y.cumsum()))
    months = y.index.month.to_numpy()[:, None]
    assert is_of_series(fitted(y * np.exp(np.sin((months + np.arange(6)) / 2))))


@pytest.mark.parametrize("by_rate", [True, False])
def test_the_logarithm_is_taken_where_series_grow_by_a_rate(by_rate):
    y = make_panel(72, by_rate=by_rate)
    forecaster = fitted(y)
    assert is_of_series(forecaster)
    assert forecaster.set_up_.log is by_rate
    assert fitted(-y).set_up_.log is False
    assert fitted(y, loss="mse").set_up_.log is False


def by_hand(y, alpha, pooling):
    """Forecast a year by the equations, for windows of 4 months and the "last"."""
    scaled = ((y - y.mean()) / y.std(ddof=0)).to_numpy()
    month = np.eye(12)[y.index.month - 1]
    rows = []
    for series in range(y.shape[1]):
        for first in range(4, len(y) - 11):
            ahead = (first + np.arange(12)) % 12
            rows.append((series, first, ahead))

    def inputs_of(series, first):
        lags = scaled[first - 4 : first, series]
        # Each step sees the month 12, 8, 4 rows later, of which those after it.
        later = (np.arange(first - 4, first)[:, None] + [4, 8, 12]) % 12
        return np.concatenate([lags - lags[-1], *np.eye(12)[later].reshape(4, -1)])

    assert (month[:12].argmax(axis=1) == np.arange(12)).all()
    X = np.array([inputs_of(series, first) for series, first, _ in rows])
    targets = np.array(
        [
            scaled[first : first + 12, series] - scaled[first - 1, series]
            for series, first, _ in rows
        ]
    )
    codes = np.array([series for series, *_ in rows])
    table = np.column_stack([codes, X])
    ridge = PooledRidgeCV([alpha], pooling=pooling, groups=[0]).fit(table, targets)
    last = [[series, *inputs_of(series, len(y))] for series in range(y.shape[1])]
    ahead = ridge.predict(last) + scaled[-1][:, None]
    return ahead.T * y.std(ddof=0).to_numpy() + y.mean().to_numpy()


@pytest.mark.parametrize("pooling", [0.0, 0.5])
def test_a_forecaster_numbers_its_series(pooling):
    y = make_panel(36, 3)
    ridge = PooledRidgeCV([1.0], pooling=pooling)
    forecaster = ridge_of_months(ridge).fit(None, y)
    assert_allclose(forecaster.forecast(12), by_hand(y, 1.0, pooling), rtol=1e-6)
    assert ridge.groups is None
    assert len(forecaster.estimator_.groups_) == 3


def test_other_columns_stand_before_the_number():
    y = make_panel(36, 3)
    static = pd.DataFrame({"kind": ["x", "y", "x"], "size": [1, 2, 1]}, [*"abc"])
    with_static = ridge_of_months(static=static).fit(None, y)
    # Within a series they do not change.
    without = ridge_of_months().fit(None, y)
    assert_allclose(with_static.forecast(12), without.forecast(12))
    assert len(with_static.estimator_.groups_) == 3
    assert with_static.estimator_.coef_.shape == (3, 12, 4 * (1 + 3 + 36))


def test_blocks_too_long_for_the_rows_have_a_way_out():
    y = make_panel(36, 3)
    forecaster = ridge_of_months(window=24)
    with refusal("3 groups of one sample each; .* shorter window or horizon"):
        forecaster.fit(None, y)
    ridge_of_months(window=22).fit(None, y)
    ridge_of_months(PooledRidgeCV(groups=[]), window=24).fit(None, y)


def test_single_lags_know_the_series_too():
    y = make_panel(36, 3)
    forecaster = ridge_of_months(window=[1, 12]).fit(None, y)
    assert len(forecaster.estimator_.groups) == 2
    assert len(forecaster.estimator_.groups_) == 3
    assert np.isfinite(forecaster.forecast(14)).all(axis=None)


def test_a_series_alone_is_one_group():
    y = make_panel(36, 1)["a"]
    forecaster = ridge_of_months().set_params(columns="targets").fit(None, y)
    assert forecaster.estimator_.groups is None
    assert np.isfinite(forecaster.forecast(12)).all()


def test_groups_that_are_given_are_kept():
    y = make_panel(36, 3)
    forecaster = ridge_of_months(PooledRidgeCV(groups=[1])).fit(None, y)
    assert forecaster.estimator_.groups == [1]
    assert forecaster._plan.static is None


def test_a_step_of_a_pipeline_cannot_be_told_of_groups():
    y = make_panel(36, 3)
    steps = make_pipeline(StandardScaler(), PooledRidgeCV())
    with refusal("estimator must be a PooledRidgeCV itself.* Got one in Pipeline"):
        ridge_of_months(steps).fit(None, y)
    ridge_of_months(steps, columns="targets").fit(None, y["a"])
    ridge_of_months(steps.set_params(pooledridgecv__groups=[1])).fit(None, y)


def test_a_search_inside_chooses_what_is_shared():
    y = make_panel(36, 3)
    search = GridSearchCV(PooledRidgeCV(), {"pooling": [0.2, 0.8]}, cv=2)
    forecaster = ridge_of_months(search).fit(None, y)
    best = forecaster.estimator_.best_estimator_
    assert len(best.groups_) == 3
    given = ridge_of_months(PooledRidgeCV(pooling=best.pooling)).fit(None, y)
    assert_array_equal(forecaster.forecast(12), given.forecast(12))


def test_a_later_series_goes_on_by_what_all_have_in_common():
    y = make_panel(36, 3)
    long = y.stack().swaplevel().sort_index()
    later = pd.concat({"new": 2 * long.loc["a"] + 7})
    # Nothing is in common but the steps in the mean, in units of each series.
    ridge = ridge_of_months(PooledRidgeCV([1.0], pooling=0))
    ridge.set_params(columns="targets").fit(None, long).update(None, later)
    steps = ridge.forecast(12).loc["new"] - later.iloc[-1]
    scaled = (y / y.std(ddof=0)).to_numpy()
    mean_steps = [(scaled[4 + n : 25 + n] - scaled[3:24]).mean() for n in range(12)]
    assert_allclose(steps / steps.iloc[-1], np.array(mean_steps) / mean_steps[-1])


def test_a_new_series_has_no_number_and_one_with_static_is_refused():
    y = make_panel(36, 3).stack().swaplevel().sort_index()
    static = pd.DataFrame({"size": [1, 2, 3]}, [*"abc"])
    later = y.loc[["a"]].rename({"a": "new"}, level=0)
    forecaster = ridge_of_months(static=static).set_params(columns="targets")
    forecaster.fit(None, y).update(None, later)
    with pytest.raises(ValueError, match="static must have a row for each series"):
        forecaster.forecast(1)


def test_backtests_bands_and_copies_number_the_series_alike():
    y = make_panel(60, 3)
    forecaster = fitted(y, calibration=12)
    assert is_of_series(forecaster)
    band = forecaster.predict_interval(3)
    assert np.isfinite(np.asarray(band, dtype=float)).all()
    copy = pickle.loads(pickle.dumps(forecaster))
    assert_array_equal(copy.forecast(12), forecaster.forecast(12))
    found = backtest(
        AutoregressiveForecaster(columns="series"),
        None,
        y,
        TimeSeriesSplit(2, test_size=6),
    )
    first = fitted(y[:48]).forecast(6)
    assert_allclose(
        found["y_pred"].to_numpy()[: first.size], first.to_numpy().T.ravel()
    )


def test_history_of_some_series_finds_their_numbers():
    y = make_panel(48, 3)
    forecaster = ridge_of_months().set_params(columns="targets")
    long = y.stack().swaplevel().sort_index()
    forecaster.fit(None, long)
    some = long.loc[["c", "b"]]
    ahead = forecaster.forecast(12, history=some)
    expected = forecaster.forecast(12)
    for name in "bc":
        assert_allclose(ahead.loc[name], expected.loc[name])
