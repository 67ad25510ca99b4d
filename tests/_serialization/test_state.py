import numpy as np
import pytest

import skrnn
from skrnn import GRURegressor, SlidingWindow
from skrnn._serialization.state import STATE_VERSION


def load(state, cls=SlidingWindow):
    estimator = cls.__new__(cls)
    estimator.__setstate__(state)
    return estimator


def test_a_state_says_its_version_and_that_of_skrnn():
    state = SlidingWindow(3).__getstate__()
    assert state["_state_version"] == STATE_VERSION
    assert state["_skrnn_version"] == skrnn.__version__


def test_a_loaded_estimator_has_no_more_attributes_than_the_stored_one():
    windows = SlidingWindow(3).fit(np.zeros((5, 1)))
    assert vars(load(windows.__getstate__())).keys() == vars(windows).keys()


def test_storing_leaves_an_estimator_as_it_is():
    windows = SlidingWindow(3).fit(np.zeros((5, 1)))
    before = dict(vars(windows))
    windows.__getstate__()
    assert vars(windows) == before
    assert vars(windows)["_context"] is before["_context"]


@pytest.mark.parametrize(
    "versions",
    [
        {"_state_version": STATE_VERSION + 1},
        {"_skrnn_version": "7.0.0"},
        {"_state_version": STATE_VERSION + 1, "_skrnn_version": "7.0.0"},
    ],
)
def test_what_a_newer_version_stored_is_refused(versions):
    state = SlidingWindow(3).__getstate__() | versions
    release = state["_skrnn_version"]
    message = (
        f"SlidingWindow was stored by skrnn {release}, which is newer than skrnn "
        f"{skrnn.__version__} here .*install skrnn {release}"
    )
    with pytest.raises(ValueError, match=message):
        load(state)


@pytest.mark.parametrize("field", ["_state_version", "_skrnn_version", "_private"])
def test_a_state_without_a_version_is_refused_with_a_way_out(field):
    state = SlidingWindow(3).__getstate__()
    del state[field]
    message = f"A stored SlidingWindow must have .* without {field}, .*store .* again"
    with pytest.raises(ValueError, match=message):
        load(state)


def test_a_private_attribute_can_be_renamed(monkeypatch):
    state = SlidingWindow(3).fit(np.zeros((5, 1))).__getstate__()
    monkeypatch.setattr(SlidingWindow, "_private_fields", {"context": "_memory"})
    assert vars(load(state))["_memory"].tails[0].shape == (2, 1)


def test_what_another_patch_of_this_release_stored_is_loaded():
    patch = skrnn.__version__.rpartition(".")[0] + ".99"
    state = SlidingWindow(3).__getstate__() | {"_skrnn_version": patch}
    assert load(state).window == 3


def test_parameters_that_came_later_get_their_defaults():
    state = GRURegressor(5).__getstate__()
    del state["predict_backend"], state["decoder"]
    loaded = load(state, GRURegressor)
    assert loaded.get_params() == GRURegressor(5).get_params()
