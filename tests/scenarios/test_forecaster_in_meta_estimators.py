"""Forecasters in what scikit-learn wraps around estimators, on frames."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skrnn import AutoregressiveForecaster, backtest
from tests.support.series import refusal

DAYS = pd.date_range("2024-01-01", periods=100, freq="D")


@pytest.fixture
def shop():
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {"day": DAYS.day_name(), "price": random.normal(10, 1, 100)}, index=DAYS
    )
    return X, pd.Series(random.poisson(2, 100) * 1.0, index=DAYS, name="sold")


@pytest.fixture
def priced(shop):
    return shop[0][["price"]], shop[1]


def ridge(window=7, alpha=1.0, **params):
    return AutoregressiveForecaster(Ridge(alpha), window=window, **params)


@pytest.mark.parametrize("horizon", [1, 4])
def test_targets_are_transformed_around_a_forecaster(priced, horizon):
    X, y = priced
    model = TransformedTargetRegressor(
        ridge(horizon=horizon), func=np.log1p, inverse_func=np.expm1
    )
    predicted = model.fit(X[:90], y[:90]).predict(X[90:])
    alone = ridge(horizon=horizon).fit(X[:90], np.log1p(y[:90]))
    assert_allclose(predicted, np.expm1(alone.predict(X[90:])))
    cv = TimeSeriesSplit(3, test_size=5)
    scores = cross_val_score(model, X, y, cv=cv, scoring="neg_mean_absolute_error")
    for score, (train, test) in zip(scores, cv.split(X), strict=True):
        alone.fit(X.iloc[train], np.log1p(y.iloc[train]))
        error = np.expm1(alone.predict(X.iloc[test])) - y.iloc[test]
        assert_allclose(-score, error.abs().mean())


def test_several_targets_are_transformed_around_a_forecaster(priced):
    X, y = priced
    both = pd.DataFrame({"sold": y, "double": 2 * y})
    model = TransformedTargetRegressor(ridge(), transformer=StandardScaler())
    predicted = model.fit(X[:90], both[:90]).predict(X[90:])
    scaler = StandardScaler().fit(both[:90])
    alone = ridge().fit(X[:90].to_numpy(), scaler.transform(both[:90]))
    expected = scaler.inverse_transform(alone.predict(X[90:].to_numpy()))
    assert_allclose(predicted, expected)


def test_predictions_have_the_kind_of_y(priced):
    X, y = priced
    forecaster = ridge(calibration=30)
    forecaster.fit(X[:90], y[:90].to_numpy())
    assert type(forecaster.predict(X[90:])) is np.ndarray
    assert type(forecaster.predict_interval(X[90:], 0.5)) is np.ndarray
    assert type(forecaster.fit(None, y.to_numpy()).forecast(2)) is np.ndarray
    forecaster.fit(X[:90], y[:90])
    assert forecaster.predict(X[90:]).index.equals(X.index[90:])
    assert forecaster.predict_interval(X[90:], 0.5).index.equals(X.index[90:])
    # The index of X says which rows an array of y belongs to, all the same.
    by_index = ridge(exogenous=False).fit(X[:90], y[:90].to_numpy())
    whole = by_index.predict(X[90:])
    assert_allclose(by_index.predict(X.iloc[[93, 97]]), whole[[3, 7]])


def test_forecasters_vote(priced):
    X, y = priced
    models = [("week", ridge()), ("days", ridge(2, horizon=3))]
    predicted = VotingRegressor(models).fit(X[:90], y[:90]).predict(X[90:99])
    alone = [model.fit(X[:90], y[:90]).predict(X[90:99]) for _, model in models]
    assert_allclose(predicted, np.mean(alone, axis=0))


def test_fitted_forecasters_are_stacked(priced):
    X, y = priced[0][[]], priced[1]
    models = [
        (name, ridge(window).fit(X[:60], y[:60].to_numpy()))
        for name, window in (("week", 7), ("days", 2))
    ]
    stack = StackingRegressor(models, LinearRegression(), cv="prefit")
    predicted = stack.fit(X[60:90], y[60:90]).predict(X[90:])
    ahead = np.stack([model.predict(X[60:]) for _, model in models], axis=1)
    final = LinearRegression().fit(ahead[:30], y[60:90])
    assert_allclose(predicted, final.predict(ahead[30:]))


def test_stacking_that_would_skip_known_rows_is_refused(priced):
    X, y = priced
    model = ridge().fit(X[:60], y[:60].to_numpy())
    stack = StackingRegressor([("week", model)], Ridge(), cv="prefit")
    stack.fit(X[60:90], y[60:90])
    with refusal(f"X must have a row for each step.*Got none for {DAYS[60]}"):
        stack.predict(X[90:])


def encoder():
    return make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["day"]), (StandardScaler(), ["price"])
    )


def encoded_by_hand(X, n_rows):
    """Dummies of days in the order of their names, and standardised prices."""
    dummies = pd.get_dummies(X["day"], dtype=float)
    price, seen = X["price"], X["price"][:n_rows]
    return dummies.assign(price=(price - seen.mean()) / seen.std(ddof=0))


def on_index(calibration=0):
    return make_pipeline(
        encoder().set_output(transform="pandas"), ridge(calibration=calibration)
    )


def test_columns_are_transformed_before_a_forecaster(shop):
    X, y = shop
    encoded = encoded_by_hand(X, 90).to_numpy()
    expected = ridge().fit(encoded[:90], y[:90].to_numpy()).predict(encoded[90:])
    predicted = on_index().fit(X[:90], y[:90]).predict(X[90:])
    assert_allclose(predicted, expected, rtol=1e-6)
    assert predicted.index.equals(X.index[90:])
    with refusal("X must have a row for each step"):
        on_index().fit(X[:90], y[:90]).predict(X[95:])


def test_an_index_that_a_pipeline_drops_is_warned_of(shop):
    X, y = shop
    model = make_pipeline(encoder(), ridge())
    with pytest.warns(UserWarning, match="y has an index and X has none"):
        model.fit(X[:90], y[:90])
    assert_allclose(
        model.predict(X[90:]), on_index().fit(X[:90], y[:90]).predict(X[90:])
    )


def test_intervals_and_updates_reach_the_forecaster_in_a_pipeline(shop):
    X, y = shop
    model = on_index(calibration=30).fit(X[:80], y[:80])
    encoded, sold = encoded_by_hand(X, 80).to_numpy(), y.to_numpy()
    alone = ridge(calibration=30).fit(encoded[:80], sold[:80])
    band = model[-1].predict_interval(model[:-1].transform(X[80:85]), 0.5)
    expected = alone.predict_interval(encoded[80:85], 0.5)
    assert_allclose(band, expected, rtol=1e-6)
    model[-1].update(model[:-1].transform(X[80:90]), y[80:90])
    alone.update(encoded[80:90], sold[80:90])
    assert_allclose(model.predict(X[90:]), alone.predict(encoded[90:]), rtol=1e-6)


@pytest.mark.parametrize("refit", [True, False])
def test_backtest_of_a_pipeline_is_that_of_its_forecaster(shop, refit):
    X, y = shop
    cv = TimeSeriesSplit(3, test_size=5)
    results = backtest(on_index(calibration=30), X, y, cv, refit=refit, coverage=0.5)
    for fold, (train, test) in enumerate(cv.split(X)):
        n_fit = len(train) if refit else 85
        encoded = encoded_by_hand(X, n_fit).to_numpy()
        alone = ridge(calibration=30).fit(encoded[:n_fit], y[:n_fit].to_numpy())
        if len(train) > n_fit:
            alone.update(encoded[n_fit : len(train)], y[n_fit : len(train)].to_numpy())
        rows = results[results["fold"] == fold]
        assert_allclose(rows["y_pred"], alone.predict(encoded[test]), rtol=1e-6)
        band = alone.predict_interval(encoded[test], 0.5)
        assert_allclose(rows[["lower", "upper"]], band, rtol=1e-6)


def test_backtest_names_the_series_of_a_forecaster_in_a_pipeline(priced):
    X, y = priced
    both = pd.DataFrame({"a": y, "b": 2 * y})
    scaler = StandardScaler().set_output(transform="pandas")
    model = make_pipeline(scaler, ridge(columns="series"))
    results = backtest(model, X, both, 2)
    assert list(results["series"].unique()) == ["a", "b"]
    search = GridSearchCV(model, {}, cv=TimeSeriesSplit(2))
    again = backtest(search, X, both, 2)
    pd.testing.assert_frame_equal(again, results)
