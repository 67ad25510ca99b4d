"""Numbers of any kind that scikit-learn's checks let pass, for every parameter."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from skrnn import (
    Autoencoder,
    AutoencoderDetector,
    AutoregressiveForecaster,
    RecurrentAutoencoder,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    VariationalAutoencoder,
)
from skrnn._estimators.training_data import split_samples

X = np.random.RandomState(0).normal(size=(16, 4, 1))
ROWS = X[..., 0]
TARGETS = X.sum(axis=(1, 2))

# Numbers that every kind can hold.
TRAINING = {
    "l2": 0.5,
    "learning_rate": 0.125,
    "clipnorm": 1.0,
    "epochs": 2,
    "batch_size": 4,
    "validation_split": 0.25,
    "early_stopping": True,
    "patience": 2,
    "shuffle": True,
    "verbose": 0,
    "random_state": 0,
}
RECURRENT = {
    "units": 2,
    "dense_before": 2,
    "dense_after": 3,
    "dropout": 0.25,
    "recurrent_dropout": 0.25,
    "segment": 2,
    "bidirectional": True,
}
COPYING = {"n_components": 1, "noise": 0.5, "input_dropout": 0.25}

CASES = {
    "regressor": (RNNRegressor, RECURRENT),
    "classifier": (RNNClassifier, RECURRENT),
    "rows": (Autoencoder, {**COPYING, "sparsity": 0.5, "hidden_layer_sizes": 3}),
    "variational": (VariationalAutoencoder, {**COPYING, "beta": 2.0}),
    "windows": (
        partial(RecurrentAutoencoder, cell="rnn"),
        {**COPYING, "units": 2, "dropout": 0.25},
    ),
}
KINDS = [
    (np.float32, np.int8, np.bool_),
    (np.float64, np.int64, np.bool_),
    (np.float16, np.uint16, bool),
]


def converted(settings, kinds):
    real, integer, boolean = kinds
    kind_of = {float: real, int: integer, bool: boolean}
    return {name: kind_of[type(value)](value) for name, value in settings.items()}


def results(name, settings):
    model = CASES[name][0](**settings)
    if name == "regressor":
        return model.fit(X, TARGETS).predict(X)
    if name == "classifier":
        return model.fit(X, TARGETS > 0).predict_proba(X)
    data = X if name == "windows" else ROWS
    return model.fit(data).score_samples(data)


@pytest.mark.parametrize(
    "name",
    [
        *("regressor", "rows", "variational"),
        pytest.param("classifier", marks=pytest.mark.exhaustive),
        pytest.param("windows", marks=pytest.mark.exhaustive),
    ],
)
def test_numbers_of_any_kind_train_as_floats_and_integers_do(name):
    settings = {**TRAINING, **CASES[name][1]}
    expected = results(name, settings)
    for kinds in KINDS:
        np.testing.assert_array_equal(
            results(name, converted(settings, kinds)), expected
        )


@pytest.mark.parametrize("one", [1, np.float16(1), np.int64(1)])
def test_whole_numbers_serve_for_real_ones(one):
    settings = {"epochs": 1, "optimizer": "sgd", "random_state": 0}
    names = ("learning_rate", "l2", "clipnorm", "noise", "sparsity")
    expected, got = (
        Autoencoder(1, **settings, **dict.fromkeys(names, value)).fit(ROWS).weights_
        for value in (1.0, one)
    )
    for weight, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(weight, other)


@pytest.mark.parametrize(
    "split", [0.1, np.float32(0.1), np.float16(0.1), Fraction(1, 10)]
)
def test_a_validation_split_is_the_number_that_was_written(split):
    trained, held_out = split_samples(np.arange(1000), split)
    assert (len(trained), len(held_out)) == (900, 100)


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64])
def test_windows_and_forecasts_take_integers_of_any_kind(kind):
    numbers = {"window": 3, "gap": 1, "dilation": 2}
    plain = SlidingWindow(**numbers).fit_transform(ROWS)
    windows = SlidingWindow(**{name: kind(value) for name, value in numbers.items()})
    np.testing.assert_array_equal(windows.fit_transform(ROWS), plain)
    numbers = {"window": 3, "horizon": 2, "difference": 1, "calibration": 4}
    series = np.sin(np.arange(200) / 3)
    expected, got = (
        AutoregressiveForecaster(Ridge(), **each).fit(None, series).forecast(3)
        for each in (numbers, {name: kind(value) for name, value in numbers.items()})
    )
    np.testing.assert_array_equal(got, expected)


@pytest.mark.untrained
@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_detectors_take_a_contamination_of_any_kind(kind):
    autoencoder = Autoencoder(1, epochs=1, random_state=0)
    expected, got = (
        AutoencoderDetector(autoencoder, contamination=value).fit(ROWS).offset_
        for value in (0.25, kind(0.25))
    )
    assert got == expected
