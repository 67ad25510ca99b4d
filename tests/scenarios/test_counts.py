"""Forecasts of counts and shares, whose levels must not be shifted."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import AutoregressiveForecaster, GRURegressor, SlidingWindow
from skrnn._serialization.state import StoredMixin
from tests.support.exhaustive import first_of_many

pytestmark = pytest.mark.untrained

DAYS = pd.date_range("2026-01-01", periods=120)
RNG = np.random.default_rng(0)
LEVEL = 50 + 40 * np.sin(np.arange(120) / 7 * 2 * np.pi)
COUNTS = pd.Series(RNG.poisson(LEVEL), DAYS, name="visits").astype(float)
SHOPS = pd.DataFrame({"small": COUNTS, "large": 100 * COUNTS, "closed": 0.0})
SETTINGS = {"epochs": 1, "random_state": 0, "predict_backend": "tensorflow"}


def network(loss="poisson", **parameters):
    return GRURegressor(2, loss=loss, **{**SETTINGS, **parameters})


def forecaster(estimator, **parameters):
    return AutoregressiveForecaster(estimator, **{"window": 7, **parameters})


@pytest.mark.parametrize("loss", first_of_many(["poisson", "msle", "mape"]))
def test_forecasts_of_counts_are_positive_and_compiled_as_in_numpy(loss):
    model = forecaster(network(loss), horizon=2).fit(None, COUNTS)
    compiled = model.forecast(20)
    # A relative error also learns targets below 0.
    assert (compiled > 0).all() or loss == "mape"
    model.estimator_.set_params(predict_backend="numpy")
    assert_allclose(model.forecast(20), compiled, rtol=1e-4)


def test_many_series_of_counts_are_divided_by_their_size():
    model = forecaster(network(), columns="series").fit(None, SHOPS)
    scale = model._origin.scale
    assert_array_equal(scale.centre, 0)
    size = np.sqrt((SHOPS**2).mean())
    assert_allclose(scale.spread[:, 0], [size["small"], size["large"], 1.0])
    forecasts = model.forecast(5)
    assert_allclose(forecasts["large"], 100 * forecasts["small"], rtol=1e-3)
    assert (model.forecast(5, history=SHOPS[["small"]]) > 0).all(axis=None)


def test_many_series_stay_as_they_are_where_the_unit_matters():
    model = forecaster(network("msle"), columns="series").fit(None, SHOPS)
    assert_array_equal(model._origin.scale.centre, 0)
    assert_array_equal(model._origin.scale.spread, 1)


INSIDE = [
    network(),
    network(output_activation="softplus", loss="mse"),
    GridSearchCV(network(), {"units": [2]}),
    make_pipeline(SlidingWindow(2), network()),
]


@pytest.mark.parametrize("estimator", INSIDE, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"difference": 1}, "difference must be 0.*set difference=0"),
        ({"difference": (1, 7)}, "difference must be 0"),
        ({"normalize": "last"}, "normalize must be None"),
        ({"normalize": "meanstd"}, "normalize must be None"),
        ({"log": True}, "log must be False"),
    ],
)
def test_what_shifts_levels_is_refused_by_name(estimator, parameters, message):
    with pytest.raises(ValueError, match=message):
        forecaster(estimator, **parameters).fit(None, COUNTS + 1)


def test_a_target_that_is_transformed_inside_may_be_shifted():
    inside = TransformedTargetRegressor(
        network(), func=np.exp, inverse_func=np.log, check_inverse=False
    )
    model = forecaster(inside, difference=1).fit(None, np.log(COUNTS + 1))
    assert np.isfinite(model.forecast(3)).all()


def test_the_scale_of_counts_survives_storing():
    model = forecaster(network(), columns="series").fit(None, SHOPS)
    again = AutoregressiveForecaster.__new__(AutoregressiveForecaster)
    again.__setstate__(model.__getstate__())
    assert isinstance(again, StoredMixin)
    assert again._plan.scaling == "scale"
    pd.testing.assert_frame_equal(again.forecast(3), model.forecast(3))
