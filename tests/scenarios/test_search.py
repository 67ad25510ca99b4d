import json
import os
import threading

import cloudpickle
import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from joblib.parallel import LokyBackend
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import RNNRegressor, SlidingWindow
from skrnn._engine.programs import PROGRAMS
from tests.support.workers import Witness


class WeighingLoky(LokyBackend):
    """Sends tasks to worker processes, and weighs each of them."""

    def submit(self, func, callback=None):
        self.n_bytes = [*getattr(self, "n_bytes", []), len(cloudpickle.dumps(func))]
        return super().submit(func, callback)


def make_windows_and_targets(n_samples=90):
    X = np.random.default_rng(0).normal(size=(n_samples, 4, 2))
    return X, X[:, -1, 0] - X[:, -2, 1]


def make_search(**settings):
    model = RNNRegressor(3, epochs=2, random_state=0)
    grid = {"units": [2, 3], "learning_rate": [0.1, 0.01, 0.001]}
    return GridSearchCV(model, grid, cv=TimeSeriesSplit(3), **settings)


def fit_in_a_worker(seed):
    X, y = make_windows_and_targets()
    return RNNRegressor(3, epochs=2, random_state=seed).fit(X, y).weights_


def test_a_search_compiles_one_training_program_an_architecture():
    X, y = make_windows_and_targets()
    PROGRAMS.clear()
    search = make_search().fit(X, y)
    trained = [key for (key, *_), _ in PROGRAMS._free.values() if key[0] == "train"]
    assert len(trained) == 2
    built = PROGRAMS.n_built
    again = make_search().fit(X, y)
    assert PROGRAMS.n_built == built
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(search.cv_results_[name], again.cv_results_[name])


def test_threads_search_at_once_without_waiting_for_each_other_for_ever():
    X, y = make_windows_and_targets()
    found = {}

    def search(number):
        found[number] = make_search().fit(X, y).cv_results_["mean_test_score"]

    threads = [threading.Thread(target=search, args=(i,), daemon=True) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
    assert set(found) == {0, 1}
    expected = make_search().fit(X, y).cv_results_["mean_test_score"]
    for scores in found.values():
        np.testing.assert_array_equal(scores, expected)


def test_threads_of_joblib_give_the_scores_of_one():
    X, y = make_windows_and_targets()
    alone = make_search().fit(X, y).cv_results_["mean_test_score"]
    with joblib.parallel_config(backend="threading", n_jobs=2):
        beside = make_search().fit(X, y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(beside, alone)


@pytest.fixture(scope="module")
def search_in_workers(tmp_path_factory):
    """Search in two new workers; give their notes, the bytes of tasks, and the rows."""
    folder = tmp_path_factory.mktemp("notes")
    rows = np.random.default_rng(0).normal(size=(2000, 2))
    model = make_pipeline(
        Witness(folder),
        SlidingWindow(100, gap=1),
        RNNRegressor(2, segment=100, epochs=1, random_state=0),
    )
    grid = {"rnnregressor__learning_rate": [0.1, 0.01], "rnnregressor__units": [1, 2]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(3), refit=False)
    get_reusable_executor().shutdown()
    backend = WeighingLoky()
    with joblib.parallel_config(backend, n_jobs=2):
        search.fit(rows, rows[:, 0])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    notes = [json.loads(note.read_text()) for note in folder.iterdir()]
    assert len(notes) == 12
    return notes, backend.n_bytes, rows


@pytest.mark.slow
def test_each_worker_imports_tensorflow_once(search_in_workers):
    notes, _, _ = search_in_workers
    processes = {note["process"] for note in notes}
    imports = {(note["process"], note["tensorflow"]) for note in notes}
    # A worker that is started anew, as for its memory, would be a third process.
    assert os.getpid() not in processes
    assert len(imports) == len(processes) <= 2


@pytest.mark.slow
def test_workers_take_their_share_of_the_cores(search_in_workers):
    notes, _, _ = search_in_workers
    share = max(joblib.cpu_count() // 2, 1)
    assert {note["n_threads"] for note in notes} == {share}


@pytest.mark.slow
def test_workers_receive_rows_and_not_windows(search_in_workers):
    notes, n_bytes, rows = search_in_workers
    assert {tuple(note["shape"]) for note in notes} == {(500, 2), (1000, 2), (1500, 2)}
    # A task holds X, y, a split and the pipeline; the windows would be 100 times X.
    assert rows.nbytes < max(n_bytes) < 3 * rows.nbytes


@pytest.mark.slow
def test_workers_learn_the_weights_of_this_process():
    here = fit_in_a_worker(0)
    there = joblib.Parallel(n_jobs=2, backend="loky")(
        joblib.delayed(fit_in_a_worker)(0) for _ in range(3)
    )
    for weights in there:
        for mine, theirs in zip(here, weights, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_shuffled_folds_share_programs_too():
    X, y = make_windows_and_targets()
    folds = KFold(3, shuffle=True, random_state=0)
    model = RNNRegressor(2, epochs=1, random_state=0)
    GridSearchCV(model, {"learning_rate": [0.1]}, cv=folds).fit(X, y)
    built = PROGRAMS.n_built
    GridSearchCV(model, {"learning_rate": [0.2]}, cv=folds).fit(X, y)
    assert PROGRAMS.n_built == built
