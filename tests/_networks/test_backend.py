from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import (
    AutoregressiveForecaster,
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    make_windows,
)
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.tensorflow import keras
from skrnn._networks.backend import _count_multiplications, chooses_numpy
from skrnn._networks.description import RecurrentNetwork
from tests.support.exhaustive import crossed

pytestmark = pytest.mark.untrained


def fitted(cls=LSTMRegressor, n_steps=8, **settings):
    X, y = make_windows(50 + np.sin(np.arange(60) / 5), window=n_steps)
    settings = {"epochs": 1, "random_state": 0, "learning_rate": 0.05, **settings}
    return cls(**{"units": 4, **settings}).fit(X, y), X


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"units": (3, 2), "bidirectional": True, "dense_after": 3},
        {"stateful": True, "batch_size": 7, "units": (3, 2)},
        {"segment": 2},
    ],
    ids=str,
)
def test_backends_agree(settings):
    model, X = fitted(**settings)
    X = X.copy()
    X[:2, :3] = X[5, -1] = np.nan
    predicted = [
        model.set_params(predict_backend=backend).predict(X)
        for backend in ("numpy", "tensorflow")
    ]
    assert_allclose(*predicted, rtol=1e-6)


@pytest.mark.parametrize(
    ("cls", "bidirectional"),
    crossed([RNNRegressor, LSTMRegressor, GRURegressor], [False, True]),
)
def test_backends_agree_on_a_stateful_window_with_nothing_observed(cls, bidirectional):
    settings = {"stateful": True, "batch_size": 7, "units": (3, 2)}
    model, X = fitted(cls, bidirectional=bidirectional, **settings)
    X = X[:28].copy()
    X[9] = X[17, :3] = np.nan
    predicted = [
        model.set_params(predict_backend=backend).predict(X)
        for backend in ("numpy", "tensorflow")
    ]
    assert_allclose(*predicted, rtol=1e-6)


def test_backends_agree_on_outputs_of_a_parallel_decoder():
    X, y = make_windows(np.sin(np.arange(60) / 5), window=8, horizon=5)
    settings = {"decoder": "parallel", "segment": 2, "epochs": 1}
    model = LSTMRegressor(4, **settings).fit(X, y)
    numpy, tensorflow = (
        model.set_params(predict_backend=backend).predict(X)
        for backend in ("numpy", "tensorflow")
    )
    assert_allclose(numpy, tensorflow, rtol=1e-5, atol=1e-6)


def test_a_linear_path_is_counted_once_for_each_window():
    plain = RecurrentNetwork("gru", n_steps=50, n_features=1, n_targets=9, units=(3,))
    line = replace(plain, linear_path=True)
    # 50 products and a bias for each target.
    costs = [_count_multiplications(network, 7) for network in (plain, line)]
    assert costs[1] - costs[0] == 7 * 51 * 9


def test_few_windows_build_no_program_and_many_do():
    model, X = fitted()
    built = PROGRAMS.n_built
    model.predict(X)
    assert PROGRAMS.n_built == built
    PROGRAMS.clear()
    model.predict(np.concatenate([X] * 100))
    assert PROGRAMS.n_built == built + 1


def test_predictions_do_not_depend_on_what_ran_before():
    model, X = fitted()
    before = model.predict(X)
    model.predict(np.concatenate([X] * 100))
    assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize(
    ("backend", "n_windows", "n_calls", "expected"),
    [
        ("auto", 1, 1, True),
        ("auto", 1, 100, True),
        ("auto", 1, 100_000, False),
        ("auto", 10_000, 1, False),
        ("numpy", 10_000, 100_000, True),
        ("tensorflow", 1, 1, False),
    ],
)
def test_choice_follows_the_backend_and_the_work(backend, n_windows, n_calls, expected):
    model, _ = fitted()
    task = model._network, n_windows, n_calls
    assert chooses_numpy(backend, *task) == expected


def test_an_activation_that_numpy_lacks_is_left_to_keras_or_refused():
    model, X = fitted(activation=keras.ops.sin)
    left_to_keras = model.predict(X)
    model.set_params(predict_backend="tensorflow")
    assert_array_equal(model.predict(X), left_to_keras)
    with pytest.raises(ValueError, match="predict_backend='numpy' must have an activa"):
        model.set_params(predict_backend="numpy").predict(X)


def test_unknown_backend_is_refused_in_fit_and_in_predict():
    model, X = fitted()
    model.set_params(predict_backend="torch")
    for call in (model.predict, lambda X: model.fit(X, X[:, 0, 0])):
        with pytest.raises(ValueError, match="predict_backend"):
            call(X)


@pytest.mark.parametrize("normalize", [None, "last", "meanstd"])
def test_forecasts_of_both_backends_agree(normalize):
    y = 50 + np.sin(np.arange(80) / 5)
    inner = RNNRegressor(4, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(inner, window=6, normalize=normalize)
    forecaster.fit(None, y)
    forecasts = []
    for backend in ("numpy", "tensorflow"):
        forecaster.estimator_.set_params(predict_backend=backend)
        forecasts.append(forecaster.forecast(12))
    assert_allclose(*forecasts, rtol=1e-5)
