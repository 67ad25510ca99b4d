"""Searches in processes of loky, on a cluster of Dask and on one of Ray."""

import contextlib
import json
import os
import re
import sys
import tempfile
import textwrap
import warnings
from itertools import chain
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend
from numpy.testing import assert_allclose
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 -- Enables it.
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline

from skrnn import AutoregressiveForecaster, RNNRegressor, SlidingWindow, backtest
from tests.support.exhaustive import first_of_many
from tests.support.workers import KillsItsWorker, Witness

pytestmark = pytest.mark.slow

# The clusters start, search and stop by the code of the guide: its blocks with a name,
# which test_readme.py leaves to this file.
GUIDE = Path(__file__).parents[2] / "docs/guide/scaling_out.rst"
NAMED = re.compile(
    r"^\.\. code-block:: python\n   :name: (\S+)\n\n((?:(?: +.*)?\n)+)", re.MULTILINE
)
BLOCKS = {
    name: textwrap.dedent(code)
    for name, code in NAMED.findall(GUIDE.read_text(encoding="utf-8"))
}

ROWS = np.random.default_rng(0).normal(size=(2000, 2))
Y = ROWS[:, 0]
CV = TimeSeriesSplit(3, test_size=50)  # Folds of about one size compile only once.
GRID = {"rnnregressor__learning_rate": [0.1, 0.01, 0.001]}


def run_block(name, **names):
    exec(compile(BLOCKS[name], str(GUIDE), "exec"), names)
    return names


def windowed(*steps):
    network = RNNRegressor(2, segment=100, epochs=1, random_state=0)
    return make_pipeline(*steps, SlidingWindow(100, gap=1), network)


# Each way to train many networks gives its scores and what it found to be the best.


def by_grid(*steps):
    search = GridSearchCV(windowed(*steps), GRID, cv=CV, refit=False).fit(ROWS, Y)
    return search.cv_results_["mean_test_score"], search.best_params_


def by_halving():
    resource = {"resource": "rnnregressor__epochs", "min_resources": 1}
    search = HalvingGridSearchCV(
        windowed(), GRID, cv=CV, factor=3, max_resources=3, **resource
    ).fit(ROWS, Y)
    assert search.n_iterations_ == 2
    return search.cv_results_["mean_test_score"], search.best_params_


def by_backtest():
    network = RNNRegressor(2, epochs=1, random_state=0)
    forecaster = AutoregressiveForecaster(network, window=3)
    stamps = pd.date_range("2025", periods=len(Y), freq="h")
    y = pd.Series(Y, index=stamps, name="load")
    results = backtest(forecaster, None, y, TimeSeriesSplit(3, test_size=5))
    return results["y_pred"].to_numpy(), results["stamp"].tolist()


OTHER_WAYS = [by_halving, by_backtest]


@pytest.fixture(scope="module")
def serial():
    return {way: way() for way in (by_grid, *OTHER_WAYS)}


def assert_same(found, expected):
    assert_allclose(found[0], expected[0], rtol=1e-5)
    assert found[1] == expected[1]


@pytest.fixture(scope="module")
def loky():
    get_reusable_executor().shutdown()
    yield
    get_reusable_executor().shutdown()


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    config = pytest.importorskip("dask").config
    pytest.importorskip("distributed")
    with config.set(temporary_directory=str(tmp_path_factory.mktemp("dask"))):
        with warnings.catch_warnings():
            # Another cluster on this machine has the port; then Dask takes another one.
            warnings.filterwarnings("ignore", r"\s*Port \d+ is already in use")
            names = run_block("start-dask")
        yield
        # On a busy machine workers take longer to end than the seconds that Dask waits.
        with contextlib.suppress(TimeoutError):
            run_block("stop-dask", **names)


@pytest.fixture(scope="module")
def ray():
    pytest.importorskip("ray")
    # The names of its sockets would be too long in pytest's own folder.
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Workers of Ray, unlike the others, do not get the paths that pytest adds.
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.delenv("RAY_ADDRESS", raising=False)
        names = run_block("start-ray")
        yield
        run_block("stop-ray", **names)


def weighing(name):
    """Give a backend of joblib that weighs its tasks, with all that they need."""
    with joblib.parallel_config(name):
        kind = type(get_active_backend()[0])

    class Weighing(kind):
        def submit(self, func, callback=None):
            n_bytes.append(len(cloudpickle.dumps(func)))
            return super().submit(func, callback)

    n_bytes = []
    return Weighing(), n_bytes


# Ray starts new processes for each search, which the other two keep.
KEPT = first_of_many(["loky", "dask"])
CLUSTERS = [*KEPT, pytest.param("ray", marks=pytest.mark.exhaustive)]


@pytest.fixture(scope="module", params=CLUSTERS)
def cluster(request):
    request.getfixturevalue(request.param)
    return request.param


@pytest.fixture(scope="module")
def searched(cluster, tmp_path_factory):
    """Search on a grid; give the results, notes of the workers and bytes of tasks."""
    folder = tmp_path_factory.mktemp(cluster)
    backend, n_bytes = weighing(cluster)
    with joblib.parallel_config(backend, n_jobs=2):
        found = by_grid(Witness(folder))
    return found, [json.loads(note.read_text()) for note in folder.iterdir()], n_bytes


def test_a_grid_search_gives_the_scores_of_this_process(searched, serial):
    assert_same(searched[0], serial[by_grid])


@pytest.mark.parametrize("cluster", KEPT, indirect=True, scope="module")
@pytest.mark.parametrize("way", OTHER_WAYS)
def test_every_other_way_gives_the_scores_of_this_process(cluster, way, serial):
    with joblib.parallel_config(cluster, n_jobs=2):
        assert_same(way(), serial[way])


def test_each_worker_imports_tensorflow_once_and_takes_its_share(searched, cluster):
    _, notes, _ = searched
    assert len(notes) == 9
    processes = {note["process"] for note in notes}
    assert os.getpid() not in processes
    imports = {(note["process"], note["tensorflow"]) for note in notes}
    # A worker that is started anew, as for its memory, would be a third process.
    assert len(imports) == len(processes) <= 2
    share = max(joblib.cpu_count() // 2, 1) if cluster == "loky" else 1
    assert {note["n_threads"] for note in notes} == {share}


def test_workers_receive_rows_and_not_windows(searched):
    """The windows, laid out, would be 100 times the rows."""
    _, notes, n_bytes = searched
    shapes = {tuple(note["shape"]) for note in notes}
    assert shapes == {(1850, 2), (1900, 2), (1950, 2)}
    assert ROWS.nbytes < max(n_bytes) < 3 * ROWS.nbytes
    assert max(note["held"] for note in notes) < 6 * ROWS.nbytes


# A worker that dies


def names_of_guide(tmp_path, *steps, **grid):
    """Give what the blocks of the guide search; the second fold kills a worker."""
    killer = KillsItsWorker(tmp_path / "killed", 1900, spared=os.getpid())
    model, folds = make_pipeline(killer, *steps), list(CV.split(ROWS))
    search = GridSearchCV(model, grid, cv=folds, refit=False, error_score="raise")
    names = {"joblib": joblib, "chain": chain, "X": ROWS, "y": Y, "folds": folds}
    return {**names, "search": search}


def lines_of_guide(tmp_path):
    """Give the same with a ridge regression, which needs no TensorFlow."""
    windows = SlidingWindow(2, gap=1, flatten=True)
    steps = windows, SimpleImputer(), Ridge()
    return names_of_guide(tmp_path, *steps, ridge__alpha=[1.0, 10.0])


def scores_of(search):
    return search.cv_results_["mean_test_score"]


@pytest.mark.exhaustive
def test_a_search_on_dask_outlives_a_killed_worker(dask, tmp_path, serial):
    names = names_of_guide(tmp_path, *windowed(), **GRID)
    search = run_block("search-on-dask", **names)["search"]
    assert (tmp_path / "killed").exists()
    assert_same((scores_of(search), search.best_params_), serial[by_grid])


@pytest.mark.exhaustive
def test_a_search_on_ray_outlives_a_killed_worker(ray, tmp_path):
    names = lines_of_guide(tmp_path)
    scores = scores_of(run_block("search-on-ray", **names)["search"])
    assert (tmp_path / "killed").exists()
    assert_allclose(scores, scores_of(names["search"].fit(ROWS, Y)))


def test_loky_ends_a_search_that_loses_a_worker_and_can_search_again(loky, tmp_path):
    names = lines_of_guide(tmp_path)
    with pytest.raises(TerminatedWorkerError):
        run_block("search-on-loky", **names)
    again = scores_of(run_block("search-on-loky", **names)["search"])
    assert_allclose(again, scores_of(names["search"].fit(ROWS, Y)))
