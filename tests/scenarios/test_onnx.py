import os
from unittest.mock import patch

import keras
import numpy as np
import pytest

from skrnn import (
    Autoencoder,
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    RecurrentAutoencoder,
    RNNRegressor,
    VariationalAutoencoder,
)
from tests.support.exhaustive import first_of_many
from tests.support.networks import RNG, STILL, Y

# Ahead of the import: what came with older releases can break the import itself.
if tuple(map(int, keras.version().split(".")[:2])) < (3, 8):
    pytest.skip("Keras exports to ONNX from 3.8 on.", allow_module_level=True)
runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")

pytestmark = pytest.mark.untrained

N_STEPS = 4
WINDOWS = RNG.normal(size=(18, N_STEPS, 2)) * [3.0, 0.2] + [1000.0, -1.0]
WINDOWS[:3, :2] = np.nan  # The first steps of the first windows, as at a start.
WINDOWS[5, 2, 1] = np.nan  # A hole in one feature.
ROWS = WINDOWS[6:, 0]
SMALL = {**STILL, "units": 3, "random_state": 0}


def exported(model, path):
    """What ONNX Runtime makes of a Keras model, for any number of samples."""
    with patch.dict(os.environ):  # Where tf2onnx sets TensorFlow's level of logging.
        model.export(path, format="onnx", verbose=False)
    session = runtime.InferenceSession(path)
    (taken,) = session.get_inputs()
    dtype = {"tensor(double)": np.float64, "tensor(float)": np.float32}[taken.type]
    return lambda X: session.run(None, {taken.name: X.astype(dtype)})[0]


def assert_close(ours, theirs, scale):
    assert theirs.shape == ours.shape
    assert (np.abs(theirs - ours) <= 1e-5 * scale).all()


@pytest.mark.parametrize(
    "cls", first_of_many([LSTMRegressor, RNNRegressor, GRURegressor])
)
def test_onnx_predicts_the_same(cls, tmp_path):
    model = cls(**SMALL).fit(WINDOWS, Y)
    predict = exported(model.to_keras(), tmp_path / "model.onnx")
    for X in (WINDOWS, WINDOWS[:1]):
        assert_close(model.predict(X), predict(X)[:, 0], Y.std())


def test_onnx_predicts_the_same_quantiles(tmp_path):
    model = GRURegressor(**SMALL, quantiles=(0.1, 0.5, 0.6)).fit(WINDOWS, Y)
    predict = exported(model.to_keras(), tmp_path / "model.onnx")
    assert_close(model.predict_quantiles(WINDOWS), predict(WINDOWS)[:, 0], Y.std())


def test_onnx_looks_up_the_same_categories(tmp_path):
    coded = np.insert(WINDOWS, 1, np.arange(18)[:, None] % 4, axis=2)
    coded[4, 1, 1] = np.nan
    model = GRURegressor(**SMALL, categories={1: 2}).fit(coded, Y)
    predict = exported(model.to_keras(), tmp_path / "model.onnx")
    coded[6:8, :, 1] = 7.0
    assert_close(model.predict(coded), predict(coded)[:, 0], Y.std())


def test_onnx_predicts_the_same_at_every_step(tmp_path):
    y = np.nan_to_num(WINDOWS[..., 0])
    model = GRURegressor(**SMALL, return_sequences=True).fit(WINDOWS, y)
    predict = exported(model.to_keras(), tmp_path / "model.onnx")
    assert_close(model.predict(WINDOWS), predict(WINDOWS)[..., 0], y.std())


@pytest.mark.exhaustive
@pytest.mark.parametrize("activation", ["softplus", "exponential", "sigmoid"])
def test_onnx_predicts_the_same_by_other_outputs(activation, tmp_path):
    targets = (Y - Y.min()) / np.ptp(Y)
    model = GRURegressor(**SMALL, output_activation=activation).fit(WINDOWS, targets)
    predict = exported(model.to_keras(), tmp_path / "model.onnx")
    assert_close(model.predict(WINDOWS), predict(WINDOWS)[:, 0], 1.0)


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(
    ("cls", "parameters"),
    [
        (RNNRegressor, {"units": (2, 3), "dense_before": 2, "dense_after": 2}),
        (LSTMRegressor, {"bidirectional": True}),
        (GRURegressor, {"segment": 2}),
        (LSTMRegressor, {"segment": 2, "decoder": "parallel"}),
        (GRURegressor, {"linear_path": True}),
    ],
)
def test_onnx_predicts_the_same_with_every_kind_of_network(cls, parameters, tmp_path):
    targets = np.stack([Y, -Y, Y**2], axis=1)
    model = cls(**{**SMALL, **parameters}).fit(WINDOWS, targets)
    predict = exported(model.to_keras(), tmp_path / "model.onnx")
    for X in (WINDOWS, WINDOWS[:1]):
        assert_close(model.predict(X), predict(X), targets.std(axis=0))


@pytest.mark.parametrize("n_classes", first_of_many([3, 2]))
def test_onnx_gives_the_same_probabilities(n_classes, tmp_path):
    labels = np.arange(len(WINDOWS)) % n_classes
    model = GRUClassifier(**SMALL).fit(WINDOWS, labels)
    predict = exported(model.to_keras(), tmp_path / "model.onnx")
    assert_close(model.predict_proba(WINDOWS), predict(WINDOWS), 1.0)


def test_onnx_starts_a_stateful_network_at_zero_for_each_batch(tmp_path):
    model = GRURegressor(**SMALL, stateful=True, batch_size=6).fit(WINDOWS, Y)
    predict = exported(model.to_keras(), tmp_path / "model.onnx")
    for first in (3, 9):  # In one call the estimator would go on instead.
        batch = WINDOWS[first : first + 6]
        assert_close(model.predict(batch), predict(batch)[:, 0], Y.std())


@pytest.mark.parametrize(
    ("autoencoder", "X"),
    [
        (Autoencoder(1, **STILL, random_state=0), ROWS),
        (VariationalAutoencoder(1, **STILL, random_state=0), ROWS),
        (RecurrentAutoencoder(2, cell="rnn", **SMALL), WINDOWS[6:]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_onnx_encodes_decodes_and_copies_the_same(autoencoder, X, tmp_path):
    autoencoder.fit(X)
    codes = autoencoder.transform(X)
    scale = X.std(axis=tuple(range(X.ndim - 1)))
    copy = exported(autoencoder.to_keras(), tmp_path / "copy.onnx")
    assert_close(autoencoder.reconstruct(X), copy(X), scale)
    encode = exported(autoencoder.encoder_, tmp_path / "encoder.onnx")
    assert_close(codes, encode(X), codes.std())
    decode = exported(autoencoder.decoder_, tmp_path / "decoder.onnx")
    assert_close(autoencoder.inverse_transform(codes), decode(codes), scale)
