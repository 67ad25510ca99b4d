import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import AutoregressiveForecaster, GRURegressor
from tests.support.series import refusal

N_ROWS, WINDOW, HORIZON = 40, 3, 2


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def series(random):
    return random.normal(size=N_ROWS).cumsum()


@pytest.fixture
def weights(random):
    return random.uniform(size=N_ROWS)


def forecaster_of(estimator=None, **parameters):
    settings = {"window": WINDOW, "horizon": HORIZON, **parameters}
    return AutoregressiveForecaster(estimator or Ridge(), **settings)


def forecast_by_hand(y, weights, n_train=N_ROWS):
    times = range(WINDOW, n_train - HORIZON + 1)
    model = Ridge().fit(
        [y[t - WINDOW : t] for t in times],
        [y[t : t + HORIZON] for t in times],
        sample_weight=[weights[t : t + HORIZON].mean() for t in times],
    )
    return model.predict([y[-WINDOW:]])[0]


def test_window_has_the_mean_weight_of_the_rows_that_it_predicts(series, weights):
    fitted = forecaster_of().fit(None, series, sample_weight=weights)
    expected = forecast_by_hand(series, weights)
    assert_allclose(fitted.forecast(HORIZON), expected, rtol=1e-9)
    unweighted = forecaster_of().fit(None, series).forecast(HORIZON)
    assert np.abs(unweighted - expected).max() > 1e-3


def test_equal_weights_are_no_weights(series):
    weighted = forecaster_of().fit(None, series, sample_weight=np.full(N_ROWS, 2.0))
    # Ridge's penalty counts half as much beside doubled weights.
    twice = forecaster_of(Ridge(0.5)).fit(None, series)
    assert_allclose(weighted.forecast(4), twice.forecast(4), rtol=1e-9)


def test_rows_without_weight_are_inputs_that_are_not_learned(series, weights):
    weights[:20] = 0
    spoilt = series.copy()
    spoilt[:10] = 1e6
    forecasts = [
        forecaster_of().fit(None, y, sample_weight=weights).forecast(HORIZON)
        for y in (series, spoilt)
    ]
    assert_allclose(*forecasts, rtol=1e-6)


def test_weights_follow_their_rows_in_panels(series, weights):
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    y, w = pd.Series(series, days), pd.Series(weights, days)
    names = ["a", "b"]
    long, long_weights = (
        pd.concat([one, two], keys=names).swaplevel().sort_index().swaplevel()
        for one, two in [(y, 3 * y + 5), (w, w[::-1].set_axis(days))]
    )
    panel = forecaster_of(Ridge(1e-9)).fit(None, long, sample_weight=long_weights)
    scaled = (series - series.mean()) / series.std()
    rows, targets, counts = [], [], []
    for own in (weights, weights[::-1]):
        for t in range(WINDOW, N_ROWS - HORIZON + 1):
            rows.append(scaled[t - WINDOW : t])
            targets.append(scaled[t : t + HORIZON])
            counts.append(own[t : t + HORIZON].mean())
    model = Ridge(1e-9).fit(rows, targets, sample_weight=counts)
    expected = model.predict([scaled[-WINDOW:]])[0] * series.std() + series.mean()
    assert_allclose(panel.forecast(HORIZON)["a"], expected, rtol=1e-6)


def test_row_of_a_wide_frame_has_one_weight_for_all_series(series, weights):
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    y = pd.DataFrame({"a": series, "b": 3 * series}, days)
    wide = forecaster_of(columns="series").fit(None, y, sample_weight=weights)
    long = y.T.stack()
    both = np.tile(weights, 2)
    expected = forecaster_of().fit(None, long, sample_weight=both).forecast(HORIZON)
    assert_allclose(wide.forecast(HORIZON)["a"], expected["a"], rtol=1e-9)


def test_holes_and_missing_values_keep_weights_at_their_rows(series, weights):
    days = pd.date_range("2025-01-01", periods=N_ROWS).delete([15, 16])
    y, w = np.delete(series, [15, 16]), np.delete(weights, [15, 16])
    fitted = forecaster_of().fit(None, pd.Series(y, days), sample_weight=w)
    runs = [(0, 15), (15, N_ROWS - 2)]
    times = [t for a, b in runs for t in range(a + WINDOW, b - HORIZON + 1)]
    model = Ridge().fit(
        [y[t - WINDOW : t] for t in times],
        [y[t : t + HORIZON] for t in times],
        sample_weight=[w[t : t + HORIZON].mean() for t in times],
    )
    expected = model.predict([y[-WINDOW:]])[0]
    assert_allclose(fitted.forecast(HORIZON), expected, rtol=1e-9)


def test_series_of_a_cold_start_have_weights(series, weights):
    network = GRURegressor(units=2, epochs=1, random_state=0)
    forecaster = forecaster_of(network, cold_start=True)
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    y = pd.DataFrame({"a": series, "b": series}, days)
    y.loc[days[:-3], "b"] = np.nan
    forecaster.set_params(columns="series").fit(None, y, sample_weight=weights)
    assert np.isfinite(forecaster.forecast(2)).all(axis=None)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda ridge: make_pipeline(StandardScaler(), ridge),
        lambda ridge: TransformedTargetRegressor(ridge),
        lambda ridge: GridSearchCV(ridge, {"alpha": [1.0]}, cv=2),
    ],
    ids=["Pipeline", "TransformedTargetRegressor", "GridSearchCV"],
)
def test_wrappers_pass_weights_on(series, weights, wrap):
    fitted = forecaster_of(wrap(Ridge())).fit(None, series, sample_weight=weights)
    unweighted = forecaster_of(wrap(Ridge())).fit(None, series)
    change = fitted.forecast(HORIZON) - unweighted.forecast(HORIZON)
    assert np.abs(change).max() > 1e-4


def test_metadata_routing_passes_the_weights_of_training_rows(series, weights):
    days = pd.DataFrame(index=pd.date_range("2025-01-01", periods=N_ROWS))
    y = pd.Series(series, days.index)
    cv = TimeSeriesSplit(2, test_size=HORIZON)
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(mean_absolute_error, greater_is_better=False)
        scorer.set_score_request(sample_weight=False)
        forecaster = forecaster_of().set_fit_request(sample_weight=True)
        scores = cross_val_score(
            forecaster,
            days,
            y,
            cv=cv,
            params={"sample_weight": weights},
            scoring=scorer,
        )
    for score, (train, test) in zip(scores, cv.split(days), strict=True):
        expected = forecast_by_hand(series[train], weights, len(train))
        assert_allclose(-score, np.abs(series[test] - expected).mean(), rtol=1e-9)


def test_estimators_without_weights_are_refused(series, weights):
    forecaster = forecaster_of(KNeighborsRegressor())
    with refusal("sample_weight needs .* Got KNeighborsRegressor, which does not"):
        forecaster.fit(None, series, sample_weight=weights)
    pipe = make_pipeline(StandardScaler(), KNeighborsRegressor())
    with refusal("sample_weight needs"):
        forecaster_of(pipe).fit(None, series, sample_weight=weights)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones(3), "sample_weight"),
        (-np.ones(N_ROWS), "must not be negative"),
        (np.arange(N_ROWS) < WINDOW, "above 0 in a row that a window predicts"),
        (np.full(N_ROWS, np.nan), "sample_weight contains NaN"),
    ],
)
def test_weights_that_are_none_are_refused(series, bad, message):
    with refusal(message):
        forecaster_of().fit(None, series, sample_weight=bad)


# --------------------------------------------------------------------------------------
# Of partial_fit


class Recorder(RegressorMixin, BaseEstimator):
    """Learn nothing, and record the windows and weights of each call."""

    def fit(self, X, y, sample_weight=None):
        self.calls_ = []
        return self.partial_fit(X, y, sample_weight)

    def partial_fit(self, X, y, sample_weight=None):
        if not hasattr(self, "calls_"):
            self.calls_ = []
        self.calls_.append((np.asarray(X), np.asarray(y), sample_weight))
        self.n_outputs_ = np.shape(y)[1:]
        return self

    def predict(self, X):
        return np.zeros((len(X), *self.n_outputs_))


def test_window_of_an_update_has_the_mean_weight_of_its_new_rows(series, weights):
    fitted = forecaster_of(Recorder()).fit(None, series[:30])
    fitted.partial_fit(None, series[30:], sample_weight=weights[30:])
    X, y, got = fitted.estimator_.calls_[-1]
    known = np.append(np.full(30, np.nan), weights[30:])
    times = range(30 - HORIZON + 1, N_ROWS - HORIZON + 1)
    assert_allclose(X, [series[t - WINDOW : t] for t in times])
    assert_allclose(y, [series[t : t + HORIZON] for t in times])
    assert_allclose(got, [np.nanmean(known[t : t + HORIZON]) for t in times])


def test_first_call_weighs_as_fit_does(series, weights):
    first = forecaster_of(Recorder()).partial_fit(None, series, sample_weight=weights)
    fitted = forecaster_of(Recorder()).fit(None, series, sample_weight=weights)
    assert_allclose(first.estimator_.calls_[0][2], fitted.estimator_.calls_[0][2])


@pytest.mark.parametrize("wide", [True, False])
def test_weights_of_an_update_follow_their_series(series, weights, wide):
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    panel = pd.DataFrame({"a": series, "b": -series}, days)

    def form(rows):
        return rows if wide else rows.T.stack()

    of_rows = pd.DataFrame({"a": weights, "b": weights if wide else 2 * weights}, days)
    forecaster = forecaster_of(
        Recorder(), columns="series" if wide else "targets", horizon=1
    )
    fitted = forecaster.fit(None, form(panel[:30]))
    new = of_rows[30:]
    passed = new["a"] if wide else new.T.stack()
    fitted.partial_fit(None, form(panel[30:]), sample_weight=passed)
    X, _, got = fitted.estimator_.calls_[-1]
    scaled = (series - series[:30].mean()) / series[:30].std()
    windows = np.array([scaled[t - WINDOW : t] for t in range(30, N_ROWS)])
    for name, of_series in [("a", windows), ("b", -windows)]:
        nearest = np.abs(X[:, None] - of_series).max(axis=2)
        is_own = nearest.min(axis=1) < 1e-9
        assert is_own.sum() == 10
        expected = new[name].to_numpy()[nearest.argmin(axis=1)[is_own]]
        assert_allclose(got[is_own], expected)


def test_late_rows_and_holes_keep_weights_at_their_steps(series, weights):
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    y, w = pd.Series(series, days), pd.Series(weights, days)
    fitted = forecaster_of(Recorder(), horizon=1).fit(None, y[:30])
    rows = [*range(31, 36), 37, 38, 39]
    fitted.partial_fit(None, y.iloc[rows], sample_weight=w.iloc[rows])
    # Row 34 is the first whose window is whole, and row 36 is missing.
    assert_allclose(fitted.estimator_.calls_[-1][2], weights[[34, 35]])


def test_network_learns_from_an_update_by_weights(series, weights):
    network = GRURegressor(units=2, epochs=1, random_state=0)
    fitted = forecaster_of(network).fit(None, series[:30])
    unweighted, weighted = (
        copy.deepcopy(fitted)
        .partial_fit(None, series[30:], sample_weight=of_rows)
        .forecast(HORIZON)
        for of_rows in (None, weights[30:])
    )
    assert np.abs(weighted - unweighted).max() > 1e-6


def test_estimator_whose_partial_fit_takes_no_weights_is_refused(series, weights):
    class Unweighted(Recorder):
        def partial_fit(self, X, y):
            return super().partial_fit(X, y)

        def fit(self, X, y, sample_weight=None):
            return self.partial_fit(X, y)

    fitted = forecaster_of(Unweighted()).fit(None, series[:30])
    before = fitted.forecast(1)
    with refusal("whose partial_fit takes it. Got Unweighted"):
        fitted.partial_fit(None, series[30:], sample_weight=weights[30:])
    assert_allclose(fitted.forecast(1), before)
    assert fitted.n_samples_fit_ == 30
