import copy
import importlib.util
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import LSTMRegressor, SlidingWindow
from skrnn._engine.tensorflow import keras
from tests.support import persisted

HAS_SKOPS = importlib.util.find_spec("skops") is not None
FORMATS = ["pickle", "joblib", "cloudpickle", *["skops"] * HAS_SKOPS]
each_format = pytest.mark.parametrize("ending", FORMATS)
each_class = pytest.mark.parametrize("cls", persisted.PUBLIC)
each_plain = pytest.mark.parametrize("name", persisted.PLAIN)


def again(estimator, ending, tmp_path):
    path = tmp_path / f"estimator.{ending}"
    persisted.store(estimator, path)
    return persisted.load(path)


def differences(one, other):
    """Names of the answers that are not the same, to the bit and to the type."""
    assert one.keys() == other.keys()
    return [name for name in one if not same(one[name], other[name])]


def same(one, other):
    if isinstance(one, (pd.Series, pd.DataFrame)):
        one, other = (pd.DataFrame(each) for each in (one, other))
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        return True
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(
            one, other, equal_nan=one.dtype.kind == "f"
        )
    return one == other


def types_inside(estimator):
    """Names of the public classes that an estimator is made of."""
    found = {type(estimator)} if type(estimator) in persisted.PUBLIC else set()
    for value in vars(estimator).values():
        parts = value if isinstance(value, list) else [value]
        parts = [part[-1] if type(part) is tuple and part else part for part in parts]
        inner = (
            types_inside(part) for part in parts if isinstance(part, BaseEstimator)
        )
        found |= set().union(*inner)
    return found


def trust_needed(estimator):
    """Names of the types that skops does not trust by itself."""
    io = pytest.importorskip("skops.io")
    return io.get_untrusted_types(data=io.dumps(estimator))


def names_of(types):
    return sorted(f"{each.__module__}.{each.__name__}" for each in types)


# --------------------------------------------------------------------------------------
# There and back
# --------------------------------------------------------------------------------------


@each_format
@each_class
def test_every_estimator_is_stored_before_it_is_fitted(cls, ending, tmp_path):
    estimator = persisted.small(cls)
    loaded = again(estimator, ending, tmp_path)
    assert type(loaded) is cls
    assert loaded.get_params() == estimator.get_params()
    assert vars(loaded).keys() == vars(estimator).keys()


@each_format
@each_plain
def test_windows_and_forecasts_survive_on_every_index(name, ending, tmp_path):
    estimator, X = persisted.ALL[name]()
    loaded = again(estimator, ending, tmp_path)
    assert not differences(
        persisted.answers(loaded, X), persisted.answers(estimator, X)
    )


@each_plain
def test_copies_are_independent(name):
    estimator, X = persisted.ALL[name]()
    before = pickle.dumps(estimator)
    copied = copy.deepcopy(estimator)
    assert not differences(
        persisted.answers(copied, X), persisted.answers(estimator, X)
    )
    for value in copied.__getstate__().values():
        if isinstance(value, np.ndarray) and value.dtype == float:
            value[:] = -1
    assert pickle.dumps(estimator) == before


@pytest.mark.untrained
@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        persisted.EVERYDAY,
        pytest.param(
            {*persisted.ALL} - persisted.EVERYDAY, marks=pytest.mark.exhaustive
        ),
    ],
    ids=["one of each family", "others"],
)
def test_every_estimator_answers_the_same_in_another_process(names, tmp_path):
    made = {name: persisted.ALL[name]() for name in sorted(names)}
    (tmp_path / "asked").write_bytes(pickle.dumps({n: X for n, (_, X) in made.items()}))
    for name, (estimator, _) in made.items():
        for ending in FORMATS:
            persisted.store(estimator, tmp_path / f"{name}.{ending}")
    script = [sys.executable, "-m", persisted.__name__, str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = pickle.loads((tmp_path / "answers").read_bytes())
    assert len(said) == len(made) * len(FORMATS)
    wrong = {}
    for name, (estimator, X) in made.items():
        expected = persisted.answers(estimator, X) | {"hash": joblib.hash(estimator)}
        for ending in FORMATS:
            wrong[name, ending] = differences(expected, said[f"{name}.{ending}"])
        if HAS_SKOPS:
            assert trust_needed(estimator) == names_of(types_inside(estimator))
    # To a RandomState of the user's skops gives another seed, though the same numbers.
    assert wrong.pop(("generator", "skops"), ["hash"]) == ["hash"]
    assert not {key: names for key, names in wrong.items() if names}


def test_a_loaded_estimator_goes_on_as_the_stored_one_does(tmp_path):
    model, X = persisted.NETWORKS["LSTMRegressor"]()
    y = persisted.ROW
    loaded = [again(model, ending, tmp_path) for ending in FORMATS]
    expected = model.partial_fit(X, y).weights_
    for other in loaded:
        for ours, theirs in zip(
            other.partial_fit(X, y).weights_, expected, strict=True
        ):
            assert_array_equal(ours, theirs)


# --------------------------------------------------------------------------------------
# What a file holds
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@each_plain
def test_a_pickle_names_neither_pandas_nor_a_private_module(name):
    pickled = pickle.dumps(persisted.ALL[name]()[0])
    assert b"skrnn" in pickled
    assert b"pandas." not in pickled
    assert b"skrnn._" not in pickled


@pytest.mark.untrained
@pytest.mark.parametrize(
    "name", ["windows on days", "forecasts on days", "LSTMRegressor", "Autoencoder"]
)
def test_every_private_attribute_has_a_name_in_files(name):
    made = persisted.ALL[name]()[0]
    own = {"_private", "_state_version", "_skrnn_version"}
    assert not [key for key in made.__getstate__() if key[0] == "_" and key not in own]
    # Some attributes exist after some fits only, such as weights that are averaged.
    assert made.__getstate__()["_private"].keys() <= made._private_fields.keys()


def test_the_size_does_not_grow_with_the_runs_or_series_beyond_their_rows():
    def size(n_series):
        index = pd.MultiIndex.from_product(
            [range(n_series), persisted.DAYS[:6]], names=["series", "day"]
        )
        X = pd.DataFrame({"u": np.zeros(len(index))}, index)
        return len(pickle.dumps(SlidingWindow(3).fit(X)))

    assert (size(400) - size(200)) / 200 < 60  # Two rows, a stamp, a number, a name.


def test_equal_estimators_have_equal_hashes():
    (one, X), (other, _) = (persisted.PLAIN["panel"]() for _ in range(2))
    assert joblib.hash(one) == joblib.hash(other) == joblib.hash(copy.deepcopy(one))
    assert joblib.hash(one) != joblib.hash(clone(one))
    one.predict(X)
    assert joblib.hash(one) == joblib.hash(other)


def test_a_cached_pipeline_fits_its_windows_once(tmp_path):
    memory = joblib.Memory(tmp_path, verbose=0)
    for _ in range(2):
        model = make_pipeline(SlidingWindow(3), FunctionTransformer(), memory=memory)
        model.fit(persisted.ROWS)
    entries = list(Path(tmp_path).rglob("output.pkl"))
    assert len(entries) == 1


def test_cloudpickle_stores_a_class_made_in_a_script():
    class Doubled(SlidingWindow):
        """Windows of another kind."""

        def transform(self, X):
            return 2 * super().transform(X)

    windows = Doubled(2).fit(persisted.ROWS)
    loaded = cloudpickle.loads(cloudpickle.dumps(windows))
    assert_array_equal(
        loaded.transform(persisted.ROWS), windows.transform(persisted.ROWS)
    )


# --------------------------------------------------------------------------------------
# skops
# --------------------------------------------------------------------------------------


@each_plain
def test_skops_asks_for_trust_in_nothing_but_the_public_classes(name):
    estimator, _ = persisted.ALL[name]()
    assert trust_needed(estimator) == names_of(types_inside(estimator))


def test_skops_refuses_types_that_are_not_trusted(tmp_path):
    io = pytest.importorskip("skops.io")
    from skops.io.exceptions import UntrustedTypesFoundException

    mark = tmp_path / "mark"
    steps = FunctionTransformer(os.system, kw_args={"a": f"touch {mark}"})
    model = make_pipeline(steps, SlidingWindow(2))
    data = io.dumps(model)
    with pytest.raises(UntrustedTypesFoundException, match="system"):
        io.loads(data, trusted=persisted.PUBLIC)
    with pytest.raises(UntrustedTypesFoundException, match="SlidingWindow"):
        io.loads(io.dumps(SlidingWindow(2)))
    assert not mark.exists()


def test_loading_a_skops_file_calls_nothing_that_trains_predicts_or_reads_data():
    io = pytest.importorskip("skops.io")
    data = io.dumps(persisted.ALL["panel"]()[0])
    called = set()

    def watch(frame, event, _):
        name, code = frame.f_globals.get("__name__", ""), frame.f_code
        written = code.co_filename != "<string>"  # Not made by dataclasses.
        if event == "call" and name.startswith("skrnn") and written:
            called.add((name, code.co_name))

    sys.setprofile(watch)
    try:
        io.loads(data, trusted=persisted.PUBLIC)
    finally:
        sys.setprofile(None)
    assert ("skrnn._serialization.state", "__setstate__") in called
    by_others = {
        each for each in called if not each[0].startswith("skrnn._serialization.")
    }
    assert not by_others


def test_an_unknown_part_of_a_state_is_refused():
    state = SlidingWindow(2).fit(persisted.ROWS).__getstate__()
    state["_private"]["context"]["__kind__"] = "system"
    with pytest.raises(ValueError, match="unknown part, 'system'"):
        SlidingWindow.__new__(SlidingWindow).__setstate__(state)


@pytest.mark.untrained
@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": keras.losses.mean_absolute_error},
        {"optimizer": keras.optimizers.SGD},
        {"callbacks": [keras.callbacks.TerminateOnNaN()]},
    ],
)
def test_functions_classes_and_callbacks_of_keras_need_trust_of_their_own(parameters):
    io = pytest.importorskip("skops.io")
    model = LSTMRegressor(**persisted.NET, **parameters)
    model.fit(persisted.WINDOWS, persisted.ROW)
    data = io.dumps(model)
    untrusted = io.get_untrusted_types(data=data)
    ours = [name for name in untrusted if name.startswith("skrnn.")]
    assert ours == ["skrnn.LSTMRegressor"]
    assert len(untrusted) == 2
    predicted = io.loads(data, trusted=untrusted).predict(persisted.WINDOWS)
    assert_array_equal(predicted, model.predict(persisted.WINDOWS))


def test_an_optimizer_of_keras_is_pickled_and_named_ahead_of_skops():
    io = pytest.importorskip("skops.io")
    X, y = persisted.WINDOWS, persisted.ROW
    optimizer = keras.optimizers.Adam(clipnorm=1.0)
    model = LSTMRegressor(**persisted.NET, optimizer=optimizer).fit(X, y)
    pickled = pickle.loads(pickle.dumps(model))
    assert_array_equal(pickled.predict(X), model.predict(X))
    assert_array_equal(
        pickled.partial_fit(X, y).weights_[0],
        copy.deepcopy(model).partial_fit(X, y).weights_[0],
    )
    with pytest.raises(TypeError, match="pickled"):
        io.dumps(model)
    data = io.dumps(model.set_params(optimizer="adam"))
    assert io.get_untrusted_types(data=data) == ["skrnn.LSTMRegressor"]


@pytest.mark.untrained
def test_a_skops_file_is_a_zip_of_numbers_and_words(tmp_path):
    pytest.importorskip("skops.io")
    model, _ = persisted.ALL["LSTMRegressor"]()
    persisted.store(model, tmp_path / "model.skops")
    with zipfile.ZipFile(tmp_path / "model.skops") as file:
        endings = {Path(name).suffix for name in file.namelist()}
    assert endings == {".json", ".npy"}
