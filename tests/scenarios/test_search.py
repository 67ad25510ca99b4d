import threading

import joblib
import numpy as np
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit

from skrnn import RNNRegressor
from skrnn._engine.programs import PROGRAMS


def make_windows_and_targets(n_samples=90):
    X = np.random.default_rng(0).normal(size=(n_samples, 4, 2))
    return X, X[:, -1, 0] - X[:, -2, 1]


def make_search(units=(3,)):
    model = RNNRegressor(3, epochs=2, random_state=0)
    grid = {"units": units, "learning_rate": [0.1, 0.01, 0.001]}
    return GridSearchCV(model, grid, cv=TimeSeriesSplit(3))


def test_a_search_compiles_one_training_program_an_architecture():
    X, y = make_windows_and_targets()
    PROGRAMS.clear()
    search = make_search([2, 3]).fit(X, y)
    trained = [key for (key, *_), _ in PROGRAMS._free.values() if key[0] == "train"]
    assert len(trained) == 2
    built = PROGRAMS.n_built
    again = make_search([2, 3]).fit(X, y)
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


def test_shuffled_folds_share_programs_too():
    X, y = make_windows_and_targets()
    folds = KFold(3, shuffle=True, random_state=0)
    model = RNNRegressor(3, epochs=2, random_state=0)
    GridSearchCV(model, {"learning_rate": [0.1]}, cv=folds).fit(X, y)
    built = PROGRAMS.n_built
    GridSearchCV(model, {"learning_rate": [0.2]}, cv=folds).fit(X, y)
    assert PROGRAMS.n_built == built
