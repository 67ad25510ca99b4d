"""The independent answer is a fit of each network alone, with its seed."""

import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import (
    AutoregressiveForecaster,
    GRUClassifier,
    GRURegressor,
    RNNRegressor,
)
from skrnn._engine.programs import PROGRAMS
from skrnn.inspection import gate_activations
from tests.support.networks import RNG, X, Y

GAPPY = X.copy()
GAPPY[:3, :2] = np.nan  # The first steps of the first windows.
GAPPY[5, 2, 1] = np.nan
TWO = np.column_stack([Y, Y**2])
WEIGHTS = RNG.uniform(1, 2, size=len(X))

BOUNDED = {
    "dropout": 0.3,
    "validation_split": 0.3,
    "early_stopping": True,
    "patience": 1,
    "epochs": 8,
    "learning_rate": 0.1,
}
DECODING = {
    "linear_path": True,
    "segment": 2,
    "decoder": "parallel",
    "incomplete": "mask",
    "clipnorm": 0.1,
    "learning_rate_decay": "cosine",
}


def make(cls=RNNRegressor, **parameters):
    settings = {"units": 2, "epochs": 2, "batch_size": 8, "random_state": 0}
    return cls(**{**settings, "n_networks": 3, **parameters})


def fit_alone(model, *data, **weights):
    """Fits of one network each, with the seeds of several networks."""
    settings = {**model.get_params(), "n_networks": 1}
    singles = [
        type(model)(**{**settings, "random_state": seed}) for seed in model.seeds_
    ]
    return [single.fit(*data, **weights) for single in singles]


def assert_same_networks(model, singles):
    for one, single in zip(model.estimators_, singles, strict=True):
        assert one.history_ == single.history_
        for ours, theirs in zip(one.weights_, single.weights_, strict=True):
            assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("parameters", "data", "weights"),
    [(BOUNDED, (X, Y), None), (DECODING, (GAPPY, TWO), WEIGHTS)],
    ids=["stopped early", "decoding"],
)
def test_each_network_is_that_of_a_fit_with_its_seed(parameters, data, weights):
    model = make(**parameters).fit(*data, weights)
    singles = fit_alone(model, *data, sample_weight=weights)
    assert_same_networks(model, singles)
    alone = np.array([single.predict(data[0]) for single in singles])
    assert_array_equal(model.predict_networks(data[0]), alone)
    assert_allclose(model.predict(data[0]), alone.mean(axis=0), rtol=1e-12)
    # Different seeds, or nothing would be shown.
    assert (alone.std(axis=0) > 0).all()


def test_each_network_stops_by_itself():
    model = make(**{**BOUNDED, "epochs": 30}, n_networks=4).fit(X, Y)
    epochs = [one.n_iter_ for one in model.estimators_]
    assert len(set(epochs)) > 1
    assert model.n_iter_ == max(epochs)
    # Of the 18 samples 12 are trained on, in batches of 8.
    assert [one.n_updates_ for one in model.estimators_] == [2 * n for n in epochs]
    assert model.n_updates_ == 2 * max(epochs)
    last = model.estimators_[int(np.argmax(epochs))].history_
    if sorted(epochs)[-1] > sorted(epochs)[-2]:  # Nothing else is left in its mean.
        assert model.history_["loss"][-1] == last["loss"][-1]
    first = np.mean([one.history_["loss"][0] for one in model.estimators_])
    assert_allclose(model.history_["loss"][0], first)


@pytest.mark.parametrize("optimizer", ["adam", keras.optimizers.Adam(use_ema=True)])
def test_each_network_goes_on_as_if_alone(optimizer):
    model = make(optimizer=optimizer).fit(X, Y)
    singles = fit_alone(model, X, Y)
    model.partial_fit(X[:9], Y[:9]).partial_fit(X, Y)
    for single in singles:
        single.partial_fit(X[:9], Y[:9]).partial_fit(X, Y)
    assert_same_networks(model, singles)
    assert (model.n_iter_, model.n_updates_) == (4, singles[0].n_updates_)


def test_each_network_starts_warm_as_if_alone():
    model = make(warm_start=True).fit(X, Y)
    singles = fit_alone(model, X, Y)
    assert_same_networks(model.fit(X, Y), [single.fit(X, Y) for single in singles])


def test_networks_without_a_seed_differ_and_go_on():
    model = make(random_state=None).fit(X, Y)
    assert len(set(model.seeds_)) == 3
    assert_same_networks(model, fit_alone(model, X, Y))
    assert model.partial_fit(X, Y).n_iter_ == 3


@pytest.mark.untrained
def test_one_network_is_no_list():
    model = make(n_networks=1).fit(X, Y)
    assert model.weights_[0].shape == (2, 2)
    assert not hasattr(model, "seeds_")
    (one,) = model.estimators_
    assert_array_equal(one.predict(X), model.predict_networks(X)[0])


@pytest.mark.untrained
def test_numpy_predicts_what_compiled_programs_do():
    model = make(n_networks=2).fit(X, TWO)
    by_numpy = model.set_params(predict_backend="numpy").predict_networks(X)
    compiled = model.set_params(predict_backend="tensorflow").predict_networks(X)
    assert by_numpy.shape == (2, len(X), 2)
    assert_allclose(compiled, by_numpy, atol=1e-5 * np.std(TWO))


@pytest.mark.untrained
@pytest.mark.parametrize("labels", [[0, 1], list("abc")], ids=["two", "three"])
def test_probabilities_are_the_mean_of_the_networks(labels):
    y = np.resize(labels, len(X))
    model = make(GRUClassifier, n_networks=2).fit(X, y)
    alone = [single.predict_proba(X) for single in fit_alone(model, X, y)]
    assert_array_equal(model.predict_proba_networks(X), alone)
    assert_allclose(model.predict_proba(X), np.mean(alone, axis=0), rtol=1e-12)


@pytest.mark.untrained
def test_a_keras_model_gives_the_mean(tmp_path):
    model = make(**DECODING).fit(GAPPY, TWO)
    model.to_keras().save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_allclose(loaded(GAPPY), model.predict(GAPPY), atol=1e-5 * np.std(TWO))


@pytest.mark.untrained
@pytest.mark.parametrize("normalize", [None, "meanstd"])
def test_forecasts_feed_the_mean_back(normalize):
    y = pd.Series(np.sin(np.arange(40.0)))
    inner = make(n_networks=2, predict_backend="tensorflow", epochs=1)
    model = AutoregressiveForecaster(inner, window=4, normalize=normalize)
    compiled = model.fit(None, y).forecast(7)
    if normalize is None:
        rows = list(y)
        for _ in range(7):
            alone = model.estimator_.predict_networks(np.reshape(rows[-4:], (1, 4, 1)))
            rows.append(alone.mean())
        assert_allclose(compiled, rows[40:], atol=1e-5)
    model.estimator_.predict_backend = "numpy"
    assert_allclose(model.forecast(7), compiled, atol=1e-5)


def test_a_program_is_compiled_once_for_all_networks():
    def loss(y_true, y_pred):  # Of a function no program is kept.
        return keras.ops.abs(y_true - y_pred)

    before = PROGRAMS.n_built
    make(loss=loss, epochs=1).fit(X, Y)
    assert PROGRAMS.n_built == before + 1


class Count(keras.callbacks.Callback):
    n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1


@pytest.mark.short_fits
def test_each_network_has_callbacks_of_its_own():
    model = make(callbacks=Count()).fit(X, Y)
    assert [each.n_epochs for each in model.callbacks_] == [2, 2, 2]


@pytest.mark.short_fits
def test_a_callback_changes_one_network_only():
    class Freeze(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.layers[1].trainable = False

    freezing = iter([Freeze(), keras.callbacks.LambdaCallback()])
    model = make(n_networks=2, epochs=1, callbacks=lambda: next(freezing)).fit(X, Y)
    single = fit_alone(model.set_params(callbacks=None), X, Y)[1]
    for ours, theirs in zip(
        model.estimators_[1].weights_, single.weights_, strict=True
    ):
        assert_array_equal(ours, theirs)


def test_clones_of_a_network_train_it_again():
    model = make().fit(X, Y)
    again = clone(model.estimators_[1]).fit(X, Y)
    assert_array_equal(again.predict(X), model.predict_networks(X)[1])


@pytest.mark.untrained
def test_the_table_of_layers_says_how_many_networks_there_are(capsys):
    make().fit(X, Y).summary()
    assert "3 networks, each with 6 updates: epochs=2" in capsys.readouterr().out


# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_their_number_cannot_change_when_training_goes_on(method):
    model = make(warm_start=True).fit(X, Y).set_params(n_networks=2)
    with pytest.raises(ValueError, match=r"n_networks must stay the same.*2 after 3"):
        getattr(model, method)(X, Y)


def test_callbacks_that_write_files_are_refused(tmp_path):
    model = make(callbacks=keras.callbacks.CSVLogger(tmp_path / "log.csv"))
    with pytest.raises(ValueError, match=r"n_networks=3.*Got a CSVLogger"):
        model.fit(X, Y)
    assert not list(tmp_path.iterdir())


@pytest.mark.untrained
def test_gates_are_those_of_one_network():
    model = make(GRURegressor).fit(X, Y)
    with pytest.raises(ValueError, match="n_networks=3; pass one of its estimators_"):
        gate_activations(model, X)
    shape = gate_activations(model.estimators_[0], X).gates["update"].shape
    assert shape == (len(X), 4, 2)


def test_too_many_networks_for_the_memory_are_refused():
    with pytest.raises(MemoryError, match="choose smaller widths or n_networks"):
        make(units=200_000).fit(X, Y)
