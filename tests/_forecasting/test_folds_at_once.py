"""Folds side by side against a loop over `update` and `predict`, written by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    AutoregressiveForecaster,
    GRURegressor,
    SkippedSeriesWarning,
    backtest,
)
from skrnn._forecasting import backtest as in_turn
from skrnn._forecasting import folds_at_once
from tests.support.series import refusal

N_DAYS, FIRST = 70, 40
DAYS = pd.date_range("2025-01-01", periods=N_DAYS, name="day")
FOLDS = [
    (np.arange(origin), np.arange(origin, origin + 5))
    for origin in (FIRST, FIRST + 3, FIRST + 4, FIRST + 11, FIRST + 20)
]


class Means(RegressorMixin, BaseEstimator):
    """Predict the mean of what each window holds, of which some may be missing."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X, y):
        self.n_outputs_ = np.shape(y)[1:]
        return self

    def predict(self, X):
        counts = np.maximum((~np.isnan(X)).sum(axis=1), 1)
        means = np.nansum(X, axis=1) / counts
        return np.broadcast_to(means[:, None], (len(X), *(self.n_outputs_ or (1,))))


def make_panel(seed=0):
    """Three series of different size on the same days, and columns known of them."""
    random = np.random.default_rng(seed)
    walks = random.normal(size=(N_DAYS, 3)).cumsum(axis=0)
    values = walks + np.array([5, 50, 500])
    return pd.DataFrame(values * [1, 3, 9], DAYS, ["a", "b", "c"])


def make_columns(index, seed=1):
    random = np.random.default_rng(seed)
    return pd.DataFrame(random.normal(size=(len(index), 2)), index, ["plan", "wind"])


def below(panel):
    """A wide frame as series below one another."""
    return panel.T.stack().rename("load").rename_axis(["shop", "day"])


def by_hand(forecaster, X, y, folds=FOLDS, coverage=None, quantiles=None):
    """Forecast fold after fold, with one forecaster that is updated in between."""
    stamps = y.index.get_level_values(-1)
    times = stamps.unique().sort_values()
    found, seen = [], None
    for train, test in folds:
        last, first = times[train[-1]], times[test[0]]
        if seen is None:
            rows = stamps <= last
            forecaster.fit(None if X is None else X[rows], y[rows])
        else:
            rows = (stamps > seen) & (stamps <= last)
            if rows.any():
                forecaster.update(None if X is None else X[rows], y[rows])
        seen = last
        ahead = (stamps >= first) & (stamps <= times[test[-1]])
        if isinstance(y.index, pd.MultiIndex):
            skipped = forecaster.skipped_series_.query("forecasts").index
            known = [name for name in forecaster.series_ if name not in skipped]
            ahead &= y.index.get_level_values(0).isin(known)
        frame = pd.DataFrame(index=y.index) if X is None else X
        frame = frame[ahead]
        parts = [np.reshape(forecaster.predict(frame), (len(frame), -1, 1))]
        if quantiles is not None:
            ends = np.asarray(forecaster.predict_quantiles(frame, quantiles))
            parts.append(ends.reshape(len(frame), -1, len(quantiles)))
        if coverage is not None:
            ends = np.asarray(forecaster.predict_interval(frame, coverage))
            parts.append(ends.reshape(len(frame), -1, 2))
        values = np.concatenate(parts, axis=2).transpose(1, 0, 2)
        found.append(values.reshape(-1, values.shape[2]))
    return np.concatenate(found)


def check(forecaster, X, y, *, at_once=True, folds=FOLDS, rtol=1e-9, **bands):
    """Compare a backtest with the loop, and check by which way it went."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore", SkippedSeriesWarning)
        looped = []
        original = in_turn.predict_in_turn
        patch.setattr(
            in_turn, "predict_in_turn", lambda *a: looped.append(1) or original(*a)
        )
        results = backtest(forecaster, X, y, folds, refit=False, **bands)
        expected = by_hand(forecaster, X, y, folds, **bands)
    names = [c for c in results if c == "y_pred" or c[0] == "q" or c in BAND_ENDS]
    found = results[names].to_numpy()
    expected = expected[~np.isnan(expected[:, 0])]
    assert_allclose(found, expected, rtol=rtol)
    assert bool(looped) != at_once
    return results


BAND_ENDS = ("lower", "upper")


def forecaster_of(estimator=None, **parameters):
    settings = {"window": 4, **parameters}
    return AutoregressiveForecaster(estimator or Ridge(), **settings)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"horizon": 3},
        {"difference": 1, "log": True},
        {"difference": (1, 7), "horizon": 2},
        {"normalize": "meanstd"},
        {"normalize": "last", "bounds": (0, None)},
        {"window": [1, 2, 7]},
        {"calendar": ("weekday", "month")},
        {"calendar": ("weekday",), "horizon": 5, "holidays": DAYS[[45, 52]]},
    ],
    ids=str,
)
@pytest.mark.parametrize("columns", [[], ["plan"]])
def test_folds_side_by_side_are_those_of_a_loop(parameters, columns):
    y = make_panel()["b"]
    X = make_columns(DAYS)[columns] if columns else None
    check(forecaster_of(**parameters), X, y)


def test_chunks_of_folds_change_nothing(monkeypatch):
    monkeypatch.setattr(folds_at_once, "MOST_VALUES", 1)
    check(forecaster_of(horizon=2), make_columns(DAYS), make_panel()["b"])


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("horizon", [1, 3])
def test_panel_with_a_late_and_a_short_series(wide, horizon):
    panel = make_panel()
    panel.loc[DAYS[:48], "b"] = np.nan
    panel.loc[DAYS[:36], "c"] = np.nan
    panel = panel.assign(d=panel["a"] + 1.0)
    panel.loc[DAYS[55:], "d"] = np.nan
    y = panel if wide else below(panel).dropna()
    columns = "series" if wide else "targets"
    results = check(forecaster_of(columns=columns, horizon=horizon), None, y)
    begins = results.query("series == 'b'")["fold"].min()
    assert begins == 4


def test_panel_with_columns_known_in_advance_and_past_ones():
    y = below(make_panel())
    X = make_columns(y.index)
    static = pd.DataFrame({"size": [1.0, 2.0, 3.0]}, ["a", "b", "c"])
    check(forecaster_of(past="wind", horizon=5, static=static), X, y)


def test_bands_of_a_panel():
    y = below(make_panel())
    bands = {"coverage": 0.8, "quantiles": [0.2, 0.5, 0.7]}
    check(forecaster_of(calibration=20, horizon=2), None, y, **bands)
    X = make_columns(y.index)[["plan"]]
    check(forecaster_of(calibration=20, horizon=2), X, y, **bands)


@pytest.mark.untrained
def test_bands_of_a_network_of_quantiles():
    y = below(make_panel())
    network = GRURegressor(2, epochs=1, quantiles=(0.1, 0.5, 0.9), random_state=0)
    bands = {"coverage": 0.8, "quantiles": [0.2, 0.7]}
    forecaster = forecaster_of(network, horizon=5, calibration=20)
    check(forecaster, None, y, rtol=1e-4, **bands)


@pytest.mark.untrained
@pytest.mark.parametrize("horizon", [5, 2])
def test_bands_of_a_distribution_are_drawn_in_turn_beyond_a_block(horizon):
    network = GRURegressor(2, epochs=1, distribution="normal", random_state=0)
    forecaster = forecaster_of(network, horizon=horizon)
    y, at_once = make_panel()["a"], horizon == 5
    check(forecaster, None, y, at_once=at_once, rtol=1e-4, coverage=0.8)


def test_several_targets_and_arrays():
    panel = make_panel()
    check(forecaster_of(), None, panel)
    results = backtest(forecaster_of(), None, panel.to_numpy(), FOLDS, refit=False)
    framed = backtest(forecaster_of(), None, panel, FOLDS, refit=False)
    assert_allclose(results["y_pred"], framed["y_pred"])


@pytest.mark.parametrize("estimator", [Ridge(), Means()], ids=["whole", "missing"])
def test_holes_and_missing_values(estimator):
    y = make_panel()["b"].drop(DAYS[[10, 41, 52]])
    y[DAYS[[42, 43, 59, 60, 61]]] = np.nan
    if isinstance(estimator, Means):
        check(forecaster_of(estimator), None, y, folds=FOLDS)
        return
    # A ridge cannot start behind a missing value: both ways say so.
    with refusal("miss|hole|NaN"):
        backtest(forecaster_of(estimator), None, y, FOLDS, refit=False)
    whole = [FOLDS[0], (np.arange(50), np.arange(50, 55))]
    check(forecaster_of(estimator), None, y, folds=whole)


def test_gaps_before_the_test_rows_and_folds_in_another_order():
    y, X = make_panel()["a"], make_columns(DAYS)
    folds = [(train, test + 3) for train, test in FOLDS]
    forecaster = forecaster_of(horizon=2)
    ordered = backtest(forecaster, X, y, folds, refit=False)
    mixed = backtest(forecaster, X, y, folds[::-1], refit=False)
    mixed = mixed.assign(fold=4 - mixed["fold"]).sort_values(["fold", "step"])
    assert_allclose(ordered["y_pred"], mixed["y_pred"])
    expected = []
    for train, test in folds:
        fitted = forecaster_of(horizon=2).fit(X[:FIRST], y[:FIRST])
        if len(train) > FIRST:
            fitted.update(X[FIRST : len(train)], y[FIRST : len(train)])
        ahead = fitted.predict(X[len(train) : test[-1] + 1])
        expected.append(ahead[3:])
    assert_allclose(ordered["y_pred"], np.concatenate(expected), rtol=1e-9)


@pytest.mark.parametrize("begin", [0, 42, 49])
def test_cold_starts(begin):
    panel = make_panel()
    panel.loc[DAYS[:begin], "b"] = np.nan
    y = below(panel).dropna()
    forecaster = forecaster_of(Means(), cold_start=True)
    check(forecaster, None, y, folds=FOLDS)


def test_cold_series_without_rows_start_in_turn():
    panel = make_panel()
    panel.loc[DAYS[:47], "b"] = np.nan
    forecaster = forecaster_of(Means(), cold_start=True, columns="series")
    check(forecaster, None, panel, at_once=False)


@pytest.mark.parametrize("wide", [True, False])
def test_cold_fold_that_no_series_can_start_goes_as_in_turn(wide):
    panel = make_panel().drop(DAYS[[41]])
    y = panel if wide else panel["a"]
    columns = "series" if wide else "targets"
    # The last of two rows whose differences are added up stands behind a hole.
    folds = [(np.arange(end), np.arange(end, end + 2)) for end in (38, 42, 50)]
    forecaster = forecaster_of(Means(), cold_start=True, difference=2, columns=columns)
    with refusal("Forecasts add up differences"):
        backtest(forecaster, None, y, folds, refit=False)


def test_pipelines_and_other_forecasters_go_in_turn():
    y, X = make_panel()["a"], make_columns(DAYS)
    scaler = StandardScaler().set_output(transform="pandas")
    pipeline = make_pipeline(scaler, forecaster_of())
    results = backtest(pipeline, X, y, FOLDS, refit=False)
    rows = slice(0, FIRST)
    fitted = pipeline.fit(X[rows], y[rows])
    new = slice(FIRST, FIRST + 3)
    fitted[-1].update(scaler.transform(X[new]), y[new])
    expected = fitted.predict(X[FIRST + 3 : FIRST + 8])
    assert_allclose(results.query("fold == 1")["y_pred"], expected)

    class Other(AutoregressiveForecaster):
        def predict(self, X):
            return super().predict(X) + 1000.0

    assert backtest(Other(Ridge()), X, y, FOLDS, refit=False)["y_pred"].min() > 800


@pytest.mark.untrained
def test_network_rolls_out_all_folds_and_series_in_one_call(monkeypatch):
    y = below(make_panel())
    network = GRURegressor(units=2, epochs=1, random_state=0)
    calls, roll_out = [], GRURegressor._roll_out

    def count(self, targets, *others):
        calls.append(len(targets))
        return roll_out(self, targets, *others)

    monkeypatch.setattr(GRURegressor, "_roll_out", count)
    backtest(forecaster_of(network), None, y, FOLDS, refit=False)
    assert calls == [3 * len(FOLDS)]


def test_missing_rows_of_known_columns_are_refused_as_in_turn():
    y, X = make_panel()["a"], make_columns(DAYS)
    keep = DAYS.delete([50])
    with refusal("X must have a row for each step"):
        backtest(forecaster_of(), X.loc[keep], y[keep], _around(50), refit=False)


def _around(place):
    """Folds one of which forecasts over a row that is left out."""
    return [
        (np.arange(FIRST), np.arange(FIRST, FIRST + 3)),
        (np.arange(place - 2), np.arange(place - 2, place + 2)),
    ]
