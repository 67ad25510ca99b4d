import lzma
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import InconsistentVersionWarning

import skrnn
from skrnn import GRURegressor, LSTMRegressor, SlidingWindow
from skrnn._serialization.state import STATE_VERSION, UPGRADES

# Estimators by name, as skrnn stored them in commit 62f1b07, before states had a
# version, before `decoder` and `predict_backend`, before segments had a projection and
# forecasters an origin; with what they said of X then.
UNVERSIONED = Path(__file__).parents[1] / "data" / "unversioned.pickle.xz"
OLD = pickle.loads(lzma.decompress(UNVERSIONED.read_bytes()))
USABLE = [name for name, old in OLD.items() if "method" in old]


def load_old(name):
    if np.lib.NumpyVersion(np.__version__) < "2.0.0":
        pytest.skip("NumPy 1 cannot read the generators that NumPy 2 has stored")
    with warnings.catch_warnings():
        # Some of them hold estimators of the scikit-learn of that time.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return pickle.loads(OLD[name]["estimator"])


def load(state, cls=SlidingWindow):
    estimator = cls.__new__(cls)
    estimator.__setstate__(state)
    return estimator


def test_a_state_says_its_version_and_that_of_skrnn():
    state = SlidingWindow(3).__getstate__()
    assert state["_state_version"] == STATE_VERSION == len(UPGRADES)
    assert state["_skrnn_version"] == skrnn.__version__


def test_a_loaded_estimator_has_no_more_attributes_than_the_stored_one():
    windows = SlidingWindow(3).fit(np.zeros((5, 1)))
    assert vars(load(windows.__getstate__())).keys() == vars(windows).keys()


def test_storing_leaves_an_estimator_as_it_is():
    windows = SlidingWindow(3).fit(np.zeros((5, 1)))
    before = dict(vars(windows))
    windows.__getstate__()
    assert vars(windows) == before
    assert vars(windows)["_past"] is before["_past"]


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


def test_what_another_patch_of_this_release_stored_is_loaded():
    patch = skrnn.__version__.rpartition(".")[0] + ".99"
    state = SlidingWindow(3).__getstate__() | {"_skrnn_version": patch}
    assert load(state).window == 3


def test_parameters_that_came_later_get_their_defaults():
    state = GRURegressor(5).__getstate__()
    del state["predict_backend"], state["decoder"]
    loaded = load(state, GRURegressor)
    assert loaded.get_params() == GRURegressor(5).get_params()


@pytest.mark.parametrize("name", USABLE)
def test_what_was_stored_without_a_version_says_what_it_said(name):
    old = OLD[name]
    said = getattr(load_old(name), old["method"])(old["X"])
    assert_allclose(said, old["result"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["recurrent", "autoencoder", "recurrent autoencoder"])
def test_training_goes_on_from_what_was_stored_without_a_version(name):
    model, X = load_old(name), OLD[name]["X"]
    n_epochs, scaling = model.n_iter_, model.scaling_
    assert model.partial_fit(3 * X, np.ones(len(X))).n_iter_ == n_epochs + 1
    # There were no statistics then to go on with, so the inputs keep their scale.
    assert_array_equal(model.scaling_.x_mean, scaling.x_mean)
    assert_array_equal(model.scaling_.x_scale, scaling.x_scale)


def test_what_was_stored_without_a_version_has_all_parameters():
    expected = LSTMRegressor(2, epochs=1, random_state=0)
    assert load_old("recurrent").get_params() == expected.get_params()


@pytest.mark.parametrize("name", ["unfitted", "unfitted forecaster"])
def test_an_unfitted_estimator_without_a_version_is_like_a_new_one(name):
    loaded = load_old(name)
    assert vars(loaded).keys() == vars(type(loaded)()).keys()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("segments", "GRURegressor .* segments had no Dense projection then; fit"),
        ("forecaster", "AutoregressiveForecaster .* did not keep where forecasts star"),
    ],
)
def test_what_means_nothing_any_more_is_refused_by_version(name, message):
    with pytest.raises(ValueError, match=f"(?s)before 0.1.0.*{skrnn.__version__}.*"):
        load_old(name)
    with pytest.raises(ValueError, match=message):
        load_old(name)
