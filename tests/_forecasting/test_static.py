import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster, GRURegressor, backtest
from tests.support.series import refusal

N_ROWS, WINDOW = 30, 2
TABLE = pd.DataFrame(
    {"size": [1.0, 5.0, 2.0, 4.0], "region": ["coast", "hill", "coast", "lake"]},
    index=["a", "b", "c", "later"],
)
CODES = {"a": [1.0, 1.0, 0.0], "b": [5.0, 0.0, 1.0], "c": [2.0, 1.0, 0.0]}


@pytest.fixture
def panel():
    random = np.random.default_rng(0)
    days = pd.date_range("2025-01-01", periods=N_ROWS)
    values = random.normal(size=(N_ROWS, 3)).cumsum(axis=0)
    return pd.DataFrame(values, days, list("abc"))


def forecaster_of(estimator=None, **parameters):
    settings = {"window": WINDOW, "static": TABLE, "columns": "series", **parameters}
    return AutoregressiveForecaster(estimator or Ridge(), **settings)


def forecast_by_hand(panel, n_steps):
    scaled = (panel - panel.mean()) / panel.std(ddof=0)

    def row(values, name, t):
        return [v for s in range(t - WINDOW, t) for v in (values[s], *CODES[name])]

    rows, targets = [], []
    for name in panel:
        values = scaled[name].tolist()
        rows += [row(values, name, t) for t in range(WINDOW, N_ROWS)]
        targets += values[WINDOW:]
    model = Ridge().fit(rows, targets)
    forecasts = {}
    for name in panel:
        values = scaled[name].tolist()
        for t in range(N_ROWS, N_ROWS + n_steps):
            values.append(model.predict([row(values, name, t)])[0])
        new = np.array(values[N_ROWS:])
        forecasts[name] = new * panel[name].std(ddof=0) + panel[name].mean()
    return pd.DataFrame(forecasts)


def test_estimator_sees_the_columns_of_each_series_at_each_step(panel):
    fitted = forecaster_of().fit(None, panel)
    assert_allclose(fitted.forecast(4), forecast_by_hand(panel, 4), rtol=1e-8)


def test_order_and_further_rows_of_the_table_do_not_matter(panel):
    first = forecaster_of().fit(None, panel).forecast(3)
    shuffled = forecaster_of(static=TABLE.loc[["c", "later", "b", "a"]])
    assert_array_equal(shuffled.fit(None, panel).forecast(3), first)
    kinds = TABLE.astype({"region": "category"})
    assert_array_equal(forecaster_of(static=kinds).fit(None, panel).forecast(3), first)


def test_long_panel_has_the_columns_of_the_wide_one(panel):
    long = panel.T.stack()
    fitted = forecaster_of(columns="targets").fit(None, long)
    expected = forecast_by_hand(panel, 3)
    for name in panel:
        assert_allclose(fitted.forecast(3)[name], expected[name], rtol=1e-8)


def test_columns_stand_beside_those_of_rows(panel):
    random = np.random.default_rng(1)
    days = pd.date_range("2025-01-01", periods=N_ROWS + 3)
    X = pd.DataFrame(random.normal(size=(N_ROWS + 3, 2)), days, ["plan", "wind"])
    fitted = forecaster_of(past="wind", horizon=3).fit(X[:N_ROWS], panel)
    # For each of two steps: y, three columns of the table, wind, and three plans.
    assert fitted.estimator_.n_features_in_ == 2 * (1 + 3 + 1 + 3)
    assert np.isfinite(fitted.predict(X[N_ROWS:])).all(axis=None)


@pytest.mark.untrained
def test_compiled_network_sees_what_it_was_trained_with(panel):
    network = GRURegressor(
        units=2, epochs=1, random_state=0, predict_backend="tensorflow"
    )
    fitted = forecaster_of(network).fit(None, panel)
    scale = fitted._origin.scale
    scaled = (panel.to_numpy() - scale.centre[:, 0]) / scale.spread[:, 0]
    windows = np.array(
        [
            [[scaled[t, i], *CODES[name]] for t in (-2, -1)]
            for i, name in enumerate(panel)
        ]
    )
    expected = fitted.estimator_.predict(windows) * scale.spread[:, 0]
    expected += scale.centre[:, 0]
    assert_allclose(fitted.forecast(1).iloc[0], expected, rtol=1e-4, atol=1e-5)


def test_series_that_come_later_have_a_row_of_the_table(panel):
    long = panel.T.stack()
    fitted = forecaster_of(columns="targets").fit(None, long)
    new = pd.concat([panel["a"][-3:] + 1], keys=["later"])
    fitted.update(None, new)
    ahead = fitted.forecast(2)["later"]
    assert np.isfinite(ahead).all()
    unknown = forecaster_of(columns="targets").fit(None, long)
    unknown.update(None, pd.concat([panel["a"][-3:]], keys=["nobody"]))
    with refusal("static must have a row for each series. Got none for 'nobody';"):
        unknown.forecast(2)
    with refusal("Got none for 'nobody';"):
        unknown.predict_from(None, pd.concat([panel["a"]], keys=["nobody"]))


def test_calibration_update_and_backtest_use_the_table(panel):
    fitted = forecaster_of(calibration=10).fit(None, panel)
    model = forecaster_of().fit(None, panel[:20])
    errors = panel[20:22].to_numpy() - model.forecast(2).to_numpy()
    spread = fitted._origin.scale.spread[:, 0]
    assert_allclose(
        fitted.calibration_errors_[:, 0, :2, 0].T * spread, errors, rtol=1e-7
    )
    expected = model.forecast(3, history=panel[20:])
    assert expected.shape == (3, 3)
    results = backtest(forecaster_of(), None, panel, 2, refit=False)
    assert results["y_pred"].notna().all()


def test_copies_and_pickles_keep_the_table(panel):
    fitted = forecaster_of().fit(None, panel)
    restored = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(restored.forecast(3), fitted.forecast(3))
    again = clone(fitted).fit(None, panel)
    assert_array_equal(again.forecast(3), fitted.forecast(3))


def test_files_of_skops_keep_the_table_as_it_was(panel):
    sio = pytest.importorskip("skops.io")
    table = TABLE.assign(kind=TABLE["region"].astype("category"), open=True)
    fitted = forecaster_of(static=table).fit(None, panel)
    stored = sio.dumps(fitted)
    restored = sio.loads(stored, trusted=["skrnn.AutoregressiveForecaster"])
    assert_array_equal(restored.forecast(3), fitted.forecast(3))
    plain = table.astype({"kind": object})
    pd.testing.assert_frame_equal(restored.static, plain)
    assert_array_equal(clone(restored).fit(None, panel).forecast(3), fitted.forecast(3))


@pytest.mark.parametrize(
    ("static", "message"),
    [
        (TABLE.drop(index="b"), "static must have a row .* Got none for 'b'"),
        (TABLE.loc[["a", "a", "b", "c"]], "several for 'a'"),
        (TABLE.assign(size=np.nan), "Got nan for the series 'a' in column 'size'"),
        (TABLE.assign(region=None), "column 'region'"),
    ],
)
def test_tables_that_do_not_suit_are_refused(panel, static, message):
    with refusal(message):
        forecaster_of(static=static).fit(None, panel)


def test_static_columns_of_a_single_series_are_refused(panel):
    with refusal("static has columns of many series"):
        forecaster_of(columns="targets").fit(None, panel["a"])


def test_very_many_categories_are_refused():
    days = pd.date_range("2025-01-01", periods=6)
    names = [f"s{i}" for i in range(101)]
    panel = pd.DataFrame(np.random.default_rng(0).normal(size=(6, 101)), days, names)
    table = pd.DataFrame({"name": names}, names)
    with refusal("static may have 100 categories .* Got 101 in column 'name'"):
        forecaster_of(static=table).fit(None, panel)
