import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder

from skrnn import AutoregressiveForecaster, RNNRegressor
from skrnn._forecasting.completion import Completion
from skrnn._forecasting.static import StaticColumns
from tests.support.series import refusal

N_ROWS, WINDOW, HORIZON = 36, 3, 2
NET = {"units": 2, "epochs": 1, "random_state": 0, "predict_backend": "numpy"}
DAYS = pd.date_range("2025-01-01", periods=N_ROWS + 4)
MANY = [f"s{i:03}" for i in range(104)]


def data():
    random = np.random.default_rng(0)
    n = len(DAYS)
    X = pd.DataFrame(
        {
            "plan": random.normal(size=n),
            "tariff": np.array(["low", "high", "night"])[random.integers(0, 3, n)],
            "sky": np.array(["clear", "cloudy"])[random.integers(0, 2, n)],
        },
        DAYS,
    )
    return X, pd.Series(random.normal(size=n).cumsum(), DAYS)


def forecaster_of(estimator=None, **parameters):
    estimator = estimator or RNNRegressor(**NET, categories={"tariff": 2, "sky": 1})
    settings = {"window": WINDOW, "horizon": HORIZON, **parameters}
    return AutoregressiveForecaster(estimator, **settings)


def many_series(n_rows=8):
    index = pd.MultiIndex.from_product([MANY, DAYS[:n_rows]], names=["store", "day"])
    y = pd.Series(np.random.default_rng(0).normal(size=len(index)), index)
    static = pd.DataFrame({"store": MANY, "size": np.arange(104.0)}, MANY)
    return y, static


def test_forecasts_are_those_of_windows_with_codes():
    X, y = data()
    fitted = forecaster_of(past="sky").fit(X[:N_ROWS], y[:N_ROWS])
    # A step: the target, the past column, and what is known of the next two rows.
    sky = (X["sky"] == "cloudy").to_numpy(float)
    tariff = X["tariff"].map({"high": 0, "low": 1, "night": 2}).to_numpy(float)
    known, windows, targets = np.column_stack([X["plan"], tariff]), [], []
    for end in range(WINDOW, N_ROWS - HORIZON + 2 * HORIZON + 1):
        steps = range(end - WINDOW, end)
        windows.append(
            [[y.iloc[t], sky[t], *known[t + 1], *known[t + 2]] for t in steps]
        )
        targets.append(y.iloc[end : end + HORIZON].to_numpy())
    n_learned = N_ROWS - HORIZON - WINDOW + 1
    network = RNNRegressor(**NET, categories={(3, 5): 2, 1: 1})
    network.fit(np.array(windows[:n_learned]), np.array(targets[:n_learned]))
    assert fitted.estimator_.categories == {"3,5": 2, 1: 1}
    expected = network.predict(np.array(windows)[[N_ROWS - WINDOW]])[0]
    assert_allclose(fitted.predict(X[N_ROWS : N_ROWS + 2]), expected, rtol=1e-5)
    assert fitted.estimator.categories == {"tariff": 2, "sky": 1}


@pytest.mark.untrained
def test_categories_not_seen_are_others_for_known_and_past_columns():
    X, y = data()
    fitted = forecaster_of(past="sky").fit(X[:N_ROWS], y[:N_ROWS])
    future = X[N_ROWS : N_ROWS + 2]
    found = [
        fitted.predict(future.assign(tariff=[new, "low"])) for new in ("new", "newer")
    ]
    assert_array_equal(*found)
    assert (found[0] != fitted.predict(future.assign(tariff=["high", "low"]))).any()


@pytest.mark.parametrize("estimator", [None, Ridge()])
def test_missing_categories_of_past_columns_count_as_not_seen(estimator):
    X, y = data()
    some = np.arange(len(X)) % 5 == 0
    missing, new = (
        X.assign(sky=X["sky"].where(~some, value)) for value in (None, "fog")
    )
    fitted = forecaster_of(estimator, past="sky").fit(missing[:N_ROWS], y[:N_ROWS])
    ahead = X[N_ROWS : N_ROWS + 2].drop(columns="sky")
    found = [
        fitted.predict(ahead, history=(rows[:N_ROWS], y[:N_ROWS]))
        for rows in (missing, new)
    ]
    assert_array_equal(*found)
    assert np.isfinite(found[0]).all()


@pytest.mark.untrained
def test_compiled_roll_outs_look_up_the_same_embeddings():
    X, y = data()
    y.iloc[N_ROWS - 2] = np.nan  # A hole, which steps with codes have filled.
    known = X.drop(columns="sky")
    network = RNNRegressor(**NET, categories={"tariff": 2})
    fitted = forecaster_of(network).fit(known[:N_ROWS], y[:N_ROWS])
    for n_rows in (3, 4):  # The last block may be known in part.
        rows = known[N_ROWS : N_ROWS + n_rows]
        by_numpy = fitted.predict(rows)
        fitted.estimator_.predict_backend = "tensorflow"
        assert_allclose(fitted.predict(rows), by_numpy, rtol=1e-5)
        fitted.estimator_.predict_backend = "numpy"


def test_rows_behind_the_last_known_one_have_no_category():
    known = np.random.default_rng(0).normal(size=(30, 2))
    known[:, 1] = np.arange(30) % 3
    completion = Completion.learn(known, np.arange(5, 28), 3, 2, (1,))
    plain = Completion.learn(known[:, :1], np.arange(5, 28), 3, 2)
    ends = np.array([10]), np.array([12])
    filled = completion.fill_in(known[None], *ends)[0, 10:12]
    assert_array_equal(filled[:, 1], -1)
    expected = plain.fill_in(known[None, :, :1], *ends)[0, 10:12, 0]
    assert_allclose(filled[:, 0], expected, rtol=1e-6)


@pytest.mark.untrained
def test_names_of_many_series_are_embedded():
    y, static = many_series()
    later = pd.concat([static, static.iloc[:1].set_axis(["new"]).assign(store="new")])
    network = TransformedTargetRegressor(RNNRegressor(**NET))
    fitted = forecaster_of(network, static=later, horizon=1).fit(None, y)
    inside = fitted.estimator_.regressor_
    assert inside.categories == {1: "auto"}
    assert inside.weights_[0].shape == (105, 11)
    assert_array_equal(fitted._plan.static.values[:, 0], [*range(104), -1])
    assert np.isfinite(fitted.forecast(2)).all()


@pytest.mark.untrained
def test_few_levels_stay_zeros_and_ones_unless_they_are_named():
    static = pd.DataFrame({"town": ["a", "b"], "size": [1, 2]}, ["x", "y"])
    assert StaticColumns.read(static, ["x", "y"]).codes == []
    days = DAYS[:12]
    y = pd.Series(
        np.arange(24.0) ** 2 % 7, pd.MultiIndex.from_product([["x", "y"], days])
    )
    plain = forecaster_of(RNNRegressor(**NET), static=static).fit(None, y)
    assert plain.estimator_.categories is None
    # Also numbers, which are categories where they are named.
    network = RNNRegressor(**NET, categories={"size": 1})
    named = forecaster_of(network, static=static).fit(None, y)
    assert named.estimator_.categories == {3: 1}


def test_many_levels_need_a_network_or_an_encoder():
    y, static = many_series()
    words = r"static may have 100 categories.*Got 104 in column 'store'.*GRURegressor"
    with pytest.raises(ValueError, match=words):
        forecaster_of(Ridge(), static=static).fit(None, y)
    X = y.index.get_level_values("store").to_frame(index=False).set_index(y.index)
    with pytest.raises(ValueError, match=r"X may have 100 .*TargetEncoder"):
        forecaster_of(Ridge()).fit(X, y)
    encoder = ColumnTransformer([("codes", TargetEncoder(), ["store"])])
    encoder.set_output(transform="pandas")
    model = make_pipeline(encoder, forecaster_of(Ridge())).fit(X[:-2], y[:-2])
    assert np.isfinite(model.predict(X[-2:])).all()


def test_names_that_no_column_has_are_refused():
    X, y = data()
    network = RNNRegressor(**NET, categories={"shop": 2})
    with refusal("must name columns of X or static, which are DataFrames. Got 'shop'"):
        forecaster_of(network).fit(X, y)
    with refusal("Got 'tariff', but the columns are"):
        forecaster_of(exogenous=False).fit(X, y)
