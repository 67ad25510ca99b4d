import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster, backtest
from skrnn._forecasting.categories import Categories
from tests.support.series import refusal

N_ROWS, HORIZON = 40, 2


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    days = pd.date_range("2025-01-01", periods=N_ROWS + HORIZON)
    tariff = np.array(["low", "high", "night"])[random.integers(0, 3, len(days))]
    X = pd.DataFrame({"plan": random.normal(size=len(days)), "tariff": tariff}, days)
    y = X["plan"] + 3.0 * (X["tariff"] == "high") + random.normal(size=len(days))
    return X, y


def encoded(X, name="tariff", levels=("high", "low", "night")):
    columns = {f"{name}={level}": (X[name] == level).astype(float) for level in levels}
    place = list(X).index(name)
    others = [X[[column]] for column in X if column != name]
    return pd.concat([*others[:place], pd.DataFrame(columns), *others[place:]], axis=1)


def forecaster_of(**parameters):
    settings = {"window": 2, "horizon": HORIZON, **parameters}
    return AutoregressiveForecaster(Ridge(), **settings)


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_strings_and_categories_become_columns_of_zeros_and_ones(data, dtype):
    X, y = data
    kinds = X.astype({"tariff": dtype})
    fitted = forecaster_of().fit(kinds[:N_ROWS], y[:N_ROWS])
    by_hand = forecaster_of().fit(encoded(X)[:N_ROWS], y[:N_ROWS])
    expected = by_hand.predict(encoded(X)[N_ROWS:])
    assert_allclose(fitted.predict(kinds[N_ROWS:]), expected, rtol=1e-9)
    assert fitted.n_features_in_ == 2
    assert list(fitted.feature_names_in_) == ["plan", "tariff"]


def test_numbers_in_a_column_of_categories_are_levels(data):
    X, y = data
    zones = X.assign(tariff=(X["tariff"] == "low").astype(int) + 4)
    fitted = forecaster_of().fit(zones.astype({"tariff": "category"})[:N_ROWS], y[:-2])
    by_hand = encoded(zones, levels=[4, 5])
    expected = forecaster_of().fit(by_hand[:N_ROWS], y[:N_ROWS])
    assert_allclose(fitted.predict(zones[N_ROWS:]), expected.predict(by_hand[N_ROWS:]))


def test_category_that_fit_has_not_seen_has_zeros(data):
    X, y = data
    fitted = forecaster_of().fit(X[:N_ROWS], y[:N_ROWS])
    by_hand = forecaster_of().fit(encoded(X)[:N_ROWS], y[:N_ROWS])
    new = X[N_ROWS:].assign(tariff="holiday")
    assert_allclose(fitted.predict(new), by_hand.predict(encoded(new)), rtol=1e-9)


def test_past_columns_may_be_categories(data):
    X, y = data
    fitted = forecaster_of(past="tariff").fit(X[:N_ROWS], y[:N_ROWS])
    past = ["tariff=high", "tariff=low", "tariff=night"]
    by_hand = forecaster_of(past=past).fit(encoded(X)[:N_ROWS], y[:N_ROWS])
    expected = by_hand.predict(encoded(X)[N_ROWS:])
    for future in (X[N_ROWS:], X[N_ROWS:][["plan"]], X[N_ROWS:].assign(tariff=None)):
        assert_allclose(fitted.predict(future), expected, rtol=1e-9)


def test_categories_follow_updates_histories_backtests_and_pickles(data):
    X, y = data
    fitted = forecaster_of().fit(X[:30], y[:30])
    history = X[:N_ROWS], y[:N_ROWS]
    expected = fitted.predict(X[N_ROWS:], history=history)
    restored = pickle.loads(pickle.dumps(fitted)).update(X[30:N_ROWS], y[30:N_ROWS])
    assert_array_equal(restored.predict(X[N_ROWS:]), expected)
    results = backtest(forecaster_of(), X, y, 2)
    assert results["y_pred"].notna().all()


def test_missing_categories_and_arrays_are_refused(data):
    X, y = data
    fitted = forecaster_of().fit(X[:N_ROWS], y[:N_ROWS])
    with refusal(
        "column 'tariff' needs a category in each row. Got none at 2025-02-10"
    ):
        fitted.predict(X[N_ROWS:].assign(tariff=[None, "low"]))
    with refusal("X must be a DataFrame, because fit saw categories", TypeError):
        fitted.predict(np.zeros((HORIZON, 2)))


def test_dates_and_mixed_columns_are_still_refused(data):
    X, y = data
    with refusal("Dates and durations", TypeError):
        forecaster_of().fit(X.assign(tariff=X.index), y)
    mixed = X.assign(tariff=["low", 3.0] * (len(X) // 2))
    with refusal("cannot be used as numbers"):
        forecaster_of().fit(mixed, y)


def test_levels_are_sorted_by_their_text():
    frame = pd.DataFrame({"a": [1, 2], "b": ["z", "a"]})
    found = Categories.learn(frame)
    assert found == Categories(["b"], [["a", "z"]])
    assert found.encode(frame).columns.tolist() == ["a", "b=a", "b=z"]
    assert found.encoded_places(["a", "b"], (1,)) == (1, 2)


def test_numbers_as_text_are_numbers_and_not_categories(data):
    X, y = data
    text = X.drop(columns="tariff").assign(plan=X["plan"].map(str))
    assert Categories.learn(text) == Categories()
    fitted = forecaster_of().fit(text[:N_ROWS], y[:N_ROWS])
    expected = forecaster_of().fit(X[["plan"]][:N_ROWS], y[:N_ROWS])
    predicted = expected.predict(X[["plan"]][N_ROWS:])
    assert_allclose(fitted.predict(text[N_ROWS:]), predicted, rtol=1e-9)


def test_levels_of_another_type_are_refused_where_they_are_read(data):
    X, y = data
    zones = X.assign(tariff=(X["tariff"] == "low").astype(int) + 4)
    for levels, others, way in [
        (zones.astype({"tariff": "category"}), zones.astype({"tariff": str}), "int"),
        (X, zones, "str"),
    ]:
        fitted = forecaster_of().fit(levels[:N_ROWS], y[:N_ROWS])
        with refusal(rf"levels of the type that fit saw.*astype\({way}\)"):
            fitted.predict(others[N_ROWS:])
        observed = forecaster_of(past="tariff").fit(levels[:N_ROWS], y[:N_ROWS])
        assert_allclose(
            observed.predict(others[N_ROWS:]), observed.predict(X[["plan"]][N_ROWS:])
        )
