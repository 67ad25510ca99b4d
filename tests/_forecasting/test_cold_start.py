import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skrnn import AutoregressiveForecaster, GRURegressor, SkippedSeriesWarning
from tests.support.series import no_columns, refusal

DAYS = pd.date_range("2024-01-01", periods=40, freq="D")


class MeanOfWindow(RegressorMixin, BaseEstimator):
    """The mean of what a window holds of y, and of an empty one the mean of y."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X, y):
        self.X_, self.y_, self.mean_ = np.array(X), np.array(y), np.mean(y)
        return self

    def predict(self, X):
        X = np.asarray(X)
        counts = np.maximum((~np.isnan(X)).sum(axis=1), 1)
        empty = np.isnan(X).all(axis=1)
        return np.where(empty, self.mean_, np.nansum(X, axis=1) / counts)


class AboveMean(MeanOfWindow):
    """One more than that, so that the scale of a series shows in its forecasts."""

    def predict(self, X):
        return super().predict(X) + 1


def cold(estimator=None, **params):
    estimator = MeanOfWindow() if estimator is None else estimator
    return AutoregressiveForecaster(estimator, window=3, cold_start=True, **params)


def panel(**series):
    return pd.concat({name: pd.Series(*rows) for name, rows in series.items()})


def rows_of(name, n_steps, first=20):
    index = pd.MultiIndex.from_product([[name], DAYS[first : first + n_steps]])
    return no_columns(index)


def test_windows_that_begin_missing_are_part_of_training():
    y = np.array([3.0, 5, 4, 8])
    learned = cold().fit(None, y).estimator_
    nan = np.nan
    by_hand = [[nan, nan, nan], [nan, nan, 3], [nan, 3, 5], [3, 5, 4]]
    assert_array_equal(learned.X_, by_hand)
    assert_array_equal(learned.y_, y)


def test_windows_never_begin_missing_behind_a_hole():
    y = pd.Series([3.0, 5, 4, 8, 1], DAYS[[0, 1, 2, 10, 11]])
    learned = cold().fit(None, y).estimator_
    assert_array_equal(learned.y_, [3, 5, 4])


@pytest.mark.parametrize("n_rows", [0, 1, 2, 3])
def test_series_with_few_rows_is_forecast_from_those_it_has(n_rows):
    random = np.random.default_rng(0)
    long = 100 + 10 * random.normal(size=(2, 20))
    y = panel(a=(long[0], DAYS[:20]), b=(3 * long[1], DAYS[:20]))
    few = np.array([50.0, 80, 60])[:n_rows]
    if n_rows:
        y = pd.concat([y, panel(few=(few, DAYS[20 - n_rows : 20]))])
    forecaster = cold(AboveMean()).fit(None, y)
    centres = np.array([long[0].mean(), 3 * long[1].mean()])
    spreads = np.array([long[0].std(), 3 * long[1].std()])
    centre = few.mean() if n_rows else np.median(centres)
    spread = few.std() if n_rows > 1 else np.median(spreads)
    rows = list((few - centre) / spread)
    for _ in range(4):
        last = rows[-3:]
        rows.append(1 + (np.mean(last) if last else forecaster.estimator_.mean_))
    expected = np.array(rows[n_rows:]) * spread + centre
    assert_allclose(forecaster.predict(rows_of("few", 4)), expected)
    # Beside others, and of a copy that went through a file.
    both = pd.concat([rows_of("a", 4), rows_of("few", 4)])
    loaded = pickle.loads(pickle.dumps(forecaster))
    assert_allclose(loaded.predict(both)[4:], expected)


def test_history_may_be_shorter_than_a_window():
    random = np.random.default_rng(0)
    y = panel(a=(random.normal(size=20), DAYS[:20]), b=(np.arange(20.0), DAYS[:20]))
    forecaster = cold().fit(None, y)
    history = panel(new=([7.0], DAYS[19:20]))
    assert_allclose(forecaster.predict(rows_of("new", 1), history=history), 7.0)


def test_wide_column_that_has_not_begun_is_forecast():
    table = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 3}, DAYS[:20])
    table["late"] = np.nan
    forecaster = cold(columns="series").fit(None, table)
    assert not forecaster.skipped_series_["forecasts"].any()
    levels = table.mean().median(), table.std(ddof=0).median()
    first = forecaster.estimator_.mean_ * levels[1] + levels[0]
    assert_allclose(forecaster.forecast(2)["late"].iloc[0], first)


def test_bands_reach_series_without_rows():
    random = np.random.default_rng(0)
    y = panel(a=(random.normal(size=30), DAYS[:30]), b=(np.arange(30.0), DAYS[:30]))
    forecaster = cold(calibration=15).fit(None, y)
    band = forecaster.predict_interval(rows_of("new", 2, 30), 0.8)
    middle = forecaster.predict(rows_of("new", 2, 30))
    assert_allclose(band.mean(axis=1), middle)
    assert (band["upper"] > band["lower"]).all()


def test_columns_known_ahead_reach_a_series_without_rows():
    class FirstColumn(MeanOfWindow):
        def predict(self, X):
            return np.asarray(X)[:, -1]

    random = np.random.default_rng(0)
    y = panel(a=(random.normal(size=20), DAYS[:20]), b=(np.arange(20.0), DAYS[:20]))
    X = pd.DataFrame({"x": random.normal(size=40)}, y.index)
    forecaster = cold(FirstColumn()).fit(X, y)
    ahead = rows_of("new", 3).assign(x=[0.5, -1.0, 2.0])
    centre, spread = forecaster._origin.scale.centre, forecaster._origin.scale.spread
    expected = ahead["x"] * np.median(spread) + np.median(centre)
    assert_allclose(forecaster.predict(ahead), expected)


@pytest.mark.untrained
@pytest.mark.parametrize("normalize", ["last", "meanstd"])
def test_networks_start_from_nothing(normalize):
    random = np.random.default_rng(0)
    y = panel(a=(random.normal(size=20), DAYS[:20]), b=(np.arange(20.0), DAYS[:20]))
    inner = GRURegressor(2, epochs=1, random_state=0)
    forecaster = cold(inner, normalize=normalize, horizon=2).fit(None, y)
    assert inner.incomplete == "skip"
    assert forecaster.estimator_.incomplete == "mask"
    # The two begin with windows without a value, and so does a new series.
    both = pd.concat([rows_of("new", 3), rows_of("a", 3)])
    found = forecaster.predict(both)
    assert np.isfinite(found).all()
    assert_allclose(found[3:], forecaster.predict(rows_of("a", 3)), rtol=1e-4)


@pytest.mark.untrained
def test_network_in_a_pipeline_learns_windows_that_begin_missing():
    inner = make_pipeline("passthrough", GRURegressor(2, epochs=1))
    forecaster = cold(inner).fit(None, np.arange(10.0))
    assert forecaster.estimator_[-1].incomplete == "mask"


def test_trees_take_windows_that_begin_missing():
    y = panel(a=(np.arange(20.0), DAYS[:20]), few=([5.0], DAYS[19:20]))
    trees = HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=2)
    assert np.isfinite(cold(trees).fit(None, y).forecast(3)).all()


def test_estimator_without_missing_values_is_refused_by_name():
    with refusal("cold_start=True needs an estimator .*Got Ridge, .*LSTMRegressor"):
        cold(Ridge()).fit(None, np.arange(20.0))


def test_differences_need_the_rows_they_add_up_from():
    y = panel(a=(np.arange(20.0), DAYS[:20]), one=([5.0], DAYS[19:20]))
    forecaster = cold(difference=1).fit(None, y)
    assert np.isfinite(forecaster.predict(rows_of("one", 2))).all()
    with refusal("add up differences from the last 1 rows of y of series 'new'"):
        forecaster.predict(rows_of("new", 2))


def test_series_that_were_not_seen_are_refused_unless_asked_for():
    y = panel(a=(np.arange(20.0), DAYS[:20]), few=([5.0], DAYS[19:20]))
    forecaster = cold().set_params(cold_start=False)
    with pytest.warns(SkippedSeriesWarning):
        forecaster.fit(None, y)
    with refusal("Got 1 of series 'few' .*cold_start=True"):
        forecaster.predict(rows_of("few", 1))
    with refusal("'new', which fit has not seen.*cold_start=True"):
        forecaster.predict(rows_of("new", 1))
