import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster, GRURegressor, error_by_step
from skrnn._forecasting import many_origins
from tests.support.series import make_daily, refusal

N_ROWS = 60


def forecaster_of(estimator=None, **parameters):
    settings = {"window": 3, **parameters}
    return AutoregressiveForecaster(estimator or Ridge(), **settings)


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("chunk", [10, 2**24])
def test_forecasts_are_those_after_update_with_each_origin(monkeypatch, horizon, chunk):
    monkeypatch.setattr(many_origins, "MOST_VALUES", chunk)
    X, y = make_daily()
    fitted = forecaster_of(horizon=horizon, difference=1).fit(X[:40], y[:40])
    origins = y.index[[44, 40, 55]]
    results = fitted.predict_from(X, y, origins, n_steps=4)
    assert results["fold"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    for place, (_, fold) in zip([40, 44, 55], results.groupby("fold"), strict=True):
        history = X[: place + 1], y[: place + 1]
        ahead = X[place + 1 : place + 5]
        expected = fitted.predict(ahead, history=history)
        assert_allclose(fold["y_pred"], expected, rtol=1e-9)
        assert_allclose(fold["y_true"], y[ahead.index])
        assert fold["origin"].unique() == [y.index[place]]
        assert fold["stamp"].tolist() == list(ahead.index)
        assert fold["step"].tolist() == [1, 2, 3, 4]


def test_fitted_values_are_predictions_of_the_training_windows():
    y = np.random.default_rng(0).normal(size=N_ROWS).cumsum()
    fitted = forecaster_of().fit(None, y)
    results = fitted.predict_from(None, y)
    windows = np.array([y[t - 3 : t] for t in range(3, N_ROWS)])
    assert_allclose(results["y_pred"], fitted.estimator_.predict(windows))
    assert results["stamp"].tolist() == list(range(3, N_ROWS))
    assert_allclose(results["y_true"], y[3:])


def test_forecasts_end_with_the_rows_and_never_cross_a_hole():
    days = pd.date_range("2025-01-01", periods=N_ROWS).delete([30])
    y = pd.Series(np.random.default_rng(0).normal(size=N_ROWS - 1), days, name="load")
    results = forecaster_of().fit(None, y).predict_from(None, y, n_steps=5)
    steps = (results["stamp"] - results["origin"]).dt.days
    assert (steps == results["step"]).all()
    before = results["origin"] <= days[29]
    assert results["stamp"][before].max() == days[29]
    assert results["origin"][~before].min() == days[32]
    assert results["stamp"].max() == days[-1]
    assert (results["series"] == "load").all()


@pytest.mark.parametrize("wide", [True, False])
def test_series_keep_the_scale_of_fit_and_may_begin_late(wide):
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    random = np.random.default_rng(1)
    panel = pd.DataFrame(random.normal(size=(N_ROWS, 2)).cumsum(0), days, list("ab"))
    panel["b"] = 100 * panel["b"]
    columns = "series" if wide else "targets"

    def form(rows):
        return rows if wide else rows.T.stack()

    fitted = forecaster_of(columns=columns).fit(None, form(panel[:40]))
    late = panel.copy()
    late.loc[days[:45], "b"] = np.nan
    late = late if wide else late.T.stack().dropna()
    results = fitted.predict_from(None, late, days[[42, 50]], n_steps=2)
    assert results.groupby("fold")["series"].unique().map(list).tolist() == [
        ["a"],
        ["a", "b"],
    ]
    fitted.update(None, form(panel[40:51]))
    expected = fitted.forecast(2)
    for name in "ab":
        is_last = results["series"].eq(name) & results["fold"].eq(1)
        assert_allclose(results["y_pred"][is_last], expected[name], rtol=1e-9)


def test_errors_by_step_take_the_results():
    X, y = make_daily()
    fitted = forecaster_of().fit(X[:40], y[:40])
    results = fitted.predict_from(X, y, y.index[40:50], n_steps=3)
    errors = error_by_step(results)
    first = results[results["step"] == 1]
    assert_allclose(errors["MAE"].iloc[0], (first.y_true - first.y_pred).abs().mean())


def test_targets_of_a_series_have_rows_of_their_own():
    y = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    fitted = forecaster_of().fit(None, y[:40])
    results = fitted.predict_from(None, y, [50], n_steps=2)
    expected = fitted.forecast(2, history=y[:51])
    assert results["target"].tolist() == [0, 0, 1, 1]
    assert_allclose(results["y_pred"], expected.T.ravel())


@pytest.mark.untrained
def test_network_rolls_out_all_origins_in_one_call(monkeypatch):
    X, y = make_daily()
    network = GRURegressor(units=2, epochs=1, random_state=0)
    fitted = forecaster_of(network, past="wind", horizon=2).fit(X[:40], y[:40])
    calls, roll_out = [], GRURegressor._roll_out

    def count(self, targets, *others):
        calls.append(len(targets))
        return roll_out(self, targets, *others)

    monkeypatch.setattr(GRURegressor, "_roll_out", count)
    fitted.predict_from(X, y, n_steps=2)
    assert calls == [len(y) - 3]
    with refusal("at most horizon=2"):
        fitted.predict_from(X, y, n_steps=3)


def test_origins_that_are_no_rows_are_refused():
    X, y = make_daily()
    fitted = forecaster_of().fit(X, y)
    with refusal("origins must be stamps of rows"):
        fitted.predict_from(X, y, [pd.Timestamp("1999-01-01")])
    with refusal("A forecast starts from 3 rows without a hole"):
        fitted.predict_from(X, y, y.index[:1])


@pytest.mark.parametrize("columns", [[], ["sun"], ["wind", "sun"]])
def test_origins_know_the_calendar_of_their_rows(columns):
    X, y = make_daily()
    X = X[columns]
    past = "wind" if "wind" in columns else None
    calendar = {"calendar": ("weekday",), "holidays": y.index[[50]]}
    fitted = forecaster_of(horizon=3, past=past, **calendar).fit(X[:40], y[:40])
    results = fitted.predict_from(X, y, y.index[[44, 48]], n_steps=2)
    for place, (_, fold) in zip([44, 48], results.groupby("fold"), strict=True):
        history = X[: place + 1], y[: place + 1]
        ahead = X[place + 1 : place + 3]
        expected = fitted.predict(ahead, history=history)
        assert_allclose(fold["y_pred"], expected, rtol=1e-9)
