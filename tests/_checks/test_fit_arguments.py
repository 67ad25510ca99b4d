import inspect

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skrnn import (
    Autoencoder,
    AutoencoderDetector,
    AutoregressiveForecaster,
    GRURegressor,
    LSTMClassifier,
    RecurrentAutoencoder,
    SlidingWindow,
)

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
NETWORKS = [GRURegressor(), LSTMClassifier(), Autoencoder(), RecurrentAutoencoder()]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", ["callbacks", "epochs", "batch_size", "verbose"])
def test_parameters_in_fit_are_told_where_they_belong(network, method, name):
    owner = type(network).__name__
    message = rf"^{name} is a parameter of {owner}, .* pass {owner}\({name}=\.\.\.\)"
    with pytest.raises(TypeError, match=message):
        getattr(network, method)(X, Y, **{name: 1})


def test_samples_to_validate_on_are_told_their_names():
    with pytest.raises(TypeError, match=r"^validation_data .* X_val=\.\.\., y_val="):
        GRURegressor().fit(X, Y, validation_data=(X, Y))
    with pytest.raises(TypeError, match=r"^validation_data .* as X_val=\.\.\.\.$"):
        Autoencoder().fit(X, validation_data=(X, X))


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        (AutoregressiveForecaster(GRURegressor()), "estimator__epochs"),
        (AutoencoderDetector(Autoencoder()), "autoencoder__epochs"),
    ],
)
def test_parameters_of_the_estimator_inside_are_told_so(outer, inner):
    message = rf"^epochs is a parameter of the estimator inside .*\({inner}="
    with pytest.raises(TypeError, match=message):
        outer.fit(X, Y, epochs=3)


def test_parameters_reach_fit_through_a_pipeline():
    model = make_pipeline(SlidingWindow(2), GRURegressor())
    with pytest.raises(TypeError, match=r"^callbacks is a parameter of GRURegressor"):
        model.fit(X, Y, gruregressor__callbacks=[])


def test_other_arguments_get_the_error_of_python():
    with pytest.raises(TypeError, match="unexpected keyword argument 'initial_epoch'"):
        GRURegressor().fit(X, Y, initial_epoch=3)
    names = list(inspect.signature(GRURegressor.fit).parameters)
    assert names[:4] == ["self", "X", "y", "sample_weight"]
    assert "kwargs" not in names


def test_a_forecaster_says_how_it_takes_a_series_without_columns():
    y = np.arange(20.0)
    forecaster = AutoregressiveForecaster(Ridge(), window=3)
    with pytest.raises(TypeError, match=r"^y is missing: .* are fit\(None, y\)\.$"):
        forecaster.fit(y)
    np.testing.assert_allclose(forecaster.fit(None, y).forecast(1), 20, rtol=0.01)
    assert len(forecaster.fit(None, y=y).forecast(2)) == 2
