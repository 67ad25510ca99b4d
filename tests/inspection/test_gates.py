import copy
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    Autoencoder,
    AutoregressiveForecaster,
    GRURegressor,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
    SlidingWindow,
    make_windows,
)
from skrnn._engine.tensorflow import keras
from skrnn.inspection import gate_activations
from tests.support.untrained import untrained

pytestmark = pytest.mark.untrained

RNG = np.random.default_rng(0)
N_ROWS = 24
ROWS = pd.DataFrame(
    {"load": np.sin(np.arange(N_ROWS) / 3), "temp": RNG.normal(size=N_ROWS)},
    index=pd.date_range("2026-02-20", periods=N_ROWS, name="day"),
)
Y = 50 + 7 * ROWS["temp"].to_numpy()
SHORT = {"epochs": 2, "learning_rate": 0.05, "random_state": 0}
X = SlidingWindow(4).fit_transform(ROWS.to_numpy())[3:].copy()


@pytest.fixture(scope="module")
def lstm():
    with untrained():
        return LSTMRegressor(3, **SHORT).fit(X, Y[3:])


@pytest.fixture(scope="module")
def both_ways():
    network = GRURegressor((3, 2), bidirectional=True, segment=2, **SHORT)
    with untrained():
        return network.fit(X, Y[3:])


@pytest.fixture(scope="module")
def pipeline():
    """With steps two rows apart, the last of them the row before."""
    slider = SlidingWindow(4, gap=1, dilation=2)
    with untrained():
        return make_pipeline(slider, LSTMRegressor(3, **SHORT)).fit(ROWS, Y)


def output(model, last):
    """Let the last layer of a network read a state, in the units of y."""
    kernel, bias = model.weights_[-2:]
    return model.scaling_.restore_targets(last @ kernel + bias)[:, 0]


def before(states):
    """The states before each step, which begin at 0."""
    return np.concatenate([np.zeros_like(states[:, :1]), states[:, :-1]], axis=1)


# --------------------------------------------------------------------------------------
# The numbers
# --------------------------------------------------------------------------------------


def test_gates_of_an_lstm_satisfy_its_equations_and_end_in_the_prediction(lstm):
    g = gate_activations(lstm, X)
    assert list(g) == ["input", "forget", "candidate", "output", "cell", "hidden"]
    assert_allclose(g.cell, g.forget * before(g.cell) + g.input * g.candidate)
    assert_allclose(g.hidden, g.output * np.tanh(g.cell))
    assert_allclose(output(lstm, g.hidden[:, -1]), lstm.predict(X), rtol=1e-5)


def test_directions_of_a_gru_end_in_the_prediction_where_they_finish(both_ways):
    forward, back = (
        gate_activations(both_ways, X, direction=direction)
        for direction in ("forward", "backward")
    )
    assert list(forward) == ["update", "reset", "candidate", "hidden"]
    z, h = forward.update, forward.hidden
    assert_allclose(h, z * before(h) + (1 - z) * forward.candidate)
    z, h = back.update[:, ::-1], back.hidden[:, ::-1]
    assert_allclose(h, z * before(h) + (1 - z) * back.candidate[:, ::-1])
    last = np.concatenate([forward.hidden[:, -1], back.hidden[:, 0]], axis=1)
    assert_allclose(output(both_ways, last), both_ways.predict(X), rtol=1e-5)


def test_layers_are_counted_from_either_end(both_ways):
    units = [
        gate_activations(both_ways, X, layer=layer).hidden.shape[2]
        for layer in (0, 1, -1, -2)
    ]
    assert units == [3, 2, 2, 3]
    first = gate_activations(both_ways, X, layer=-2, direction="backward")
    assert_array_equal(
        first.reset, gate_activations(both_ways, X, layer=0, direction="backward").reset
    )


def test_steps_with_nothing_observed_have_no_gates_and_keep_the_state(lstm):
    windows = X[:2].copy()
    windows[0, 2] = np.nan
    g = gate_activations(lstm, windows)
    assert np.isnan(g.forget[0, 2]).all()
    assert np.isfinite(g.forget[1]).all()
    assert_array_equal(g.cell[0, 2], g.cell[0, 1])
    assert_allclose(output(lstm, g.hidden[:, -1]), lstm.predict(windows), rtol=1e-5)


def test_stateful_windows_go_on_from_the_batch_before():
    network = RNNRegressor(3, stateful=True, batch_size=7, **SHORT).fit(X, Y[3:])
    hidden = gate_activations(network, X).hidden
    assert_allclose(output(network, hidden[:, -1]), network.predict(X), rtol=1e-5)
    alone = gate_activations(network, X[7:]).hidden
    assert not np.allclose(alone[0], hidden[7])


def test_activations_that_numpy_lacks_are_those_of_keras(lstm):
    other = copy.copy(lstm)
    other._network = replace(lstm._network, activation=keras.ops.tanh)
    expected = gate_activations(lstm, X).cell
    assert_allclose(gate_activations(other, X).cell, expected, atol=1e-6)


def test_windows_are_given_in_the_units_of_x(lstm):
    g = gate_activations(lstm, X)
    assert_array_equal(g.windows, X)
    assert g.feature_names == ["x0", "x1"]


def test_features_of_windows_can_be_named(lstm):
    names = ["value", "cue"]
    assert gate_activations(lstm, X, feature_names=names).feature_names == names
    with pytest.raises(ValueError, match=r"feature_names must name each.* 2\. Got"):
        gate_activations(lstm, X, feature_names=["value"])


# --------------------------------------------------------------------------------------
# What estimators are around it
# --------------------------------------------------------------------------------------


def test_rows_pass_the_steps_ahead_of_the_network(pipeline):
    windows = pipeline[:-1].transform(ROWS)
    g = gate_activations(pipeline, ROWS)
    assert_array_equal(g.cell, gate_activations(pipeline[-1], windows).cell)
    assert g.feature_names == ["load", "temp"]
    assert_array_equal(g.lags, [7, 5, 3, 1])


@pytest.mark.parametrize(
    "around",
    [
        lambda network: make_pipeline(None, "passthrough", network),
        lambda network: GridSearchCV(network, {"epochs": [2]}, cv=2),
        lambda network: TransformedTargetRegressor(network),
        lambda network: FrozenEstimator(network),
        lambda network: make_pipeline(
            TransformedTargetRegressor(FrozenEstimator(network))
        ),
    ],
    ids=["pipeline", "search", "target", "frozen", "nested"],
)
def test_network_is_found_inside(around, lstm):
    outer = around(lstm).fit(X, Y[3:])
    assert gate_activations(outer, X).forget.shape == (len(X), 4, 3)


def test_estimator_of_a_forecaster_tells_of_windows_of_the_series():
    series = np.sin(np.arange(30) / 3)
    network = RNNRegressor(3, **SHORT)
    forecaster = AutoregressiveForecaster(network, window=4).fit(None, series)
    windows, _ = make_windows(series, window=4)
    assert len(gate_activations(forecaster.estimator_, windows).hidden) == 26
    with pytest.raises(TypeError, match=r"pass its estimator_ and windows"):
        gate_activations(forecaster, windows)


@pytest.mark.parametrize(
    "around", [FixedThresholdClassifier, TunedThresholdClassifierCV]
)
def test_network_is_found_behind_a_threshold(around):
    classifier = RNNClassifier(3, **SHORT)
    outer = around(classifier).fit(X, Y[3:] > np.median(Y[3:]))
    assert gate_activations(outer, X).hidden.shape == (len(X), 4, 3)


def test_other_estimators_around_a_network_are_to_be_opened():
    outer = SelectFromModel(RNNRegressor(3, **SHORT)).fit(X, Y[3:])
    with pytest.raises(
        TypeError, match=r"Got SelectFromModel.*; pass its estimator_\.$"
    ):
        gate_activations(outer, X)


# --------------------------------------------------------------------------------------
# Time and tables
# --------------------------------------------------------------------------------------

INDEXES = {
    "days": ROWS.index,
    "zoned days, clocks go forward": pd.date_range(
        "2026-03-20", periods=N_ROWS, tz="Europe/Berlin"
    ),
    "hours": pd.date_range("2026-03-28", periods=N_ROWS, freq="h", tz="Europe/Berlin"),
    "months": pd.period_range("2024-01", periods=N_ROWS, freq="M", name="month"),
    "month ends": pd.date_range("2024-01-31", periods=N_ROWS, freq="ME"),
    "business days": pd.bdate_range("2024-01-31", periods=N_ROWS),
    "numbers": pd.RangeIndex(100, 100 + 2 * N_ROWS, 2),
    "floats": pd.Index(np.arange(N_ROWS) / 4),
    "tenths": pd.Index(np.arange(N_ROWS) * 0.1),
    "durations": pd.timedelta_range("0h", periods=N_ROWS, freq="15min"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_steps_have_the_stamps_of_their_rows(name, pipeline):
    index = INDEXES[name]
    model = copy.deepcopy(pipeline)
    model[0].fit(ROWS.set_axis(index))
    g = gate_activations(model, ROWS.set_axis(index))
    for row in (7, 12, N_ROWS - 1):
        rows = [row - 1 - 2 * step for step in (3, 2, 1, 0)]
        assert list(g.times(row)) == list(index[rows])
    frame = g.to_frame()
    assert frame.index.get_level_values(0).equals(index.repeat(4))
    assert frame.index.names[-1] == (index.name or "time")
    times = [time for row in range(N_ROWS) for time in g.times(row)]
    assert list(frame.index.get_level_values(-1)) == times


def test_steps_before_the_rows_have_stamps_too(pipeline):
    times = gate_activations(pipeline, ROWS).times(0)
    assert list(times.strftime("%d")) == ["13", "15", "17", "19"]


def test_stamps_of_many_series_are_their_own(pipeline):
    index = pd.MultiIndex.from_product(
        [["a", "b"], pd.RangeIndex(12)], names=["series", "hour"]
    )
    model = copy.deepcopy(pipeline)
    model[0].fit(ROWS.set_axis(index))
    g = gate_activations(model, ROWS.set_axis(index))
    assert list(g.times(12 + 9)) == [2, 4, 6, 8]
    assert g.to_frame().index.names == ["series", "row", "hour"]


def test_frame_of_one_window_has_its_gates_by_time(pipeline):
    g = gate_activations(pipeline, ROWS)
    frame = g.to_frame(sample=-1)
    assert frame.index.equals(ROWS.index[[-8, -6, -4, -2]])
    assert_array_equal(frame["forget"], g.forget[-1])
    assert_array_equal(frame["hidden", 2], g.hidden[-1, :, 2])


def test_frame_of_all_windows_has_one_below_the_other(lstm):
    g = gate_activations(lstm, X)
    frame = g.to_frame()
    assert frame.index.names == ["sample", "step"]
    assert frame.shape == (len(X) * 4, 6 * 3)
    assert frame.loc[(5, 2), ("cell", 1)] == g.cell[5, 2, 1]


def test_steps_of_scaled_rows_have_no_stamps_but_the_samples_have(pipeline):
    model = make_pipeline(StandardScaler(), *copy.deepcopy(pipeline)).fit(ROWS, Y)
    frame = gate_activations(model, ROWS).to_frame()
    assert frame.index.get_level_values("day").equals(ROWS.index.repeat(4))
    assert list(frame.index.get_level_values("step")[:5]) == [0, 1, 2, 3, 0]


def test_segments_stand_for_their_last_rows(both_ways):
    g = gate_activations(both_ways, X)
    assert g.segment == 2
    assert g.to_frame().index.names == ["sample", "segment"]
    model = make_pipeline(SlidingWindow(4).fit(ROWS), both_ways)
    g = gate_activations(model, ROWS)
    assert g.hidden.shape == (N_ROWS, 2, 2)
    assert list(g.to_frame(9).index) == list(ROWS.index[[7, 9]])
    assert list(g.times(9, every_step=True)) == list(ROWS.index[6:10])


def test_result_is_an_ordinary_object(lstm):
    g = pickle.loads(pickle.dumps(copy.copy(gate_activations(lstm, X))))
    assert_array_equal(g["output"], g.output)
    assert {"forget", "to_frame"} <= set(dir(g))
    assert len(g) == 6
    with pytest.raises(AttributeError, match="no gate 'reset'; the layer has input"):
        g.reset  # noqa: B018 -- The access is the test.
    with pytest.raises(IndexError):
        g.to_frame(sample=len(X))


# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [LSTMRegressor(), make_pipeline(SlidingWindow(4), LSTMRegressor())],
    ids=["alone", "in a pipeline"],
)
def test_what_is_not_fitted_is_refused(estimator):
    with pytest.raises(NotFittedError):
        gate_activations(estimator, ROWS)


@pytest.mark.parametrize("around", [lambda e: e, make_pipeline], ids=["alone", "in"])
def test_what_has_no_gates_is_refused(around):
    model = around(Ridge()).fit(ROWS, Y)
    with pytest.raises(TypeError, match=r"needs a recurrent estimator.*Got Ridge"):
        gate_activations(model, ROWS)


def test_an_autoencoder_is_refused():
    model = Autoencoder(1, epochs=1).fit(ROWS)
    with pytest.raises(TypeError, match="Got Autoencoder instead"):
        gate_activations(model, ROWS)


@pytest.mark.parametrize("layer", [1, -2, 0.0, None])
def test_a_layer_that_is_not_there_is_refused(layer, lstm):
    with pytest.raises(ValueError, match=r"layer must be an integer from -1 to 0"):
        gate_activations(lstm, X, layer=layer)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_direction_of_one_way_is_refused(direction, lstm):
    with pytest.raises(ValueError, match=f"direction='{direction}' needs a network"):
        gate_activations(lstm, X, direction=direction)


def test_an_unknown_direction_is_refused(both_ways):
    with pytest.raises(ValueError, match=r"or None\. Got 'up' instead"):
        gate_activations(both_ways, X, direction="up")


def test_windows_of_another_shape_are_refused(lstm):
    with pytest.raises(ValueError, match="X has 3 steps, but LSTMRegressor"):
        gate_activations(lstm, X[:, 1:])
