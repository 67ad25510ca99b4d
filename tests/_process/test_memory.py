import contextlib
import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from skrnn import (
    Autoencoder,
    AutoregressiveForecaster,
    GRURegressor,
    LSTMRegressor,
    RecurrentAutoencoder,
    RNNRegressor,
    SlidingWindow,
)
from skrnn._engine.programs import PROGRAMS
from skrnn._process import memory

# Windows of 12 500 steps over 200 000 rows: 18.7 GB if they were copied. A process of
# its own, because the peak of resident memory never comes down again. The weights
# choose few windows to train on, because the time is that of the windows.
CODE = """
import resource
import numpy as np
from skrnn import RNNRegressor, SlidingWindow


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


rng = np.random.default_rng(0)
rows = rng.normal(size=(200_000, 1))
y, weight = rows[:, 0], np.zeros(len(rows))
weight[-64:] = 1
model = RNNRegressor(2, segment=2500, epochs=1, batch_size=8, random_state=0)
small = SlidingWindow(12_500).fit_transform(rows[:12_600])
model.fit(small, y[:12_600], sample_weight=np.r_[np.zeros(12_500), np.ones(100)])
model.predict(small[-600:])
before = peak()
X = SlidingWindow(12_500).fit_transform(rows)
model.fit(X, y, sample_weight=weight).predict(X[-3000:])
print(X.nbytes / 2**30, peak() - before)
"""


@pytest.mark.slow
def test_memory_grows_with_the_rows_and_not_with_the_windows():
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    gigabytes, grown_by_megabytes = map(float, done.stdout.split())
    assert gigabytes > 18
    assert grown_by_megabytes < 200


# Fits and small predictions of networks in turn; `benchmarks/bench_long_life.py` has a
# thousand times as many.
LONG_LIFE = """
import gc
import os
import numpy as np
from skrnn import AutoregressiveForecaster, RNNRegressor


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


X, y = np.random.default_rng(0).normal(size=(40, 5, 2)), np.arange(40.0)
model = RNNRegressor(2, epochs=1)
forecaster = AutoregressiveForecaster(RNNRegressor(2, epochs=1), window=3)


def live(n_turns):
    for _ in range(n_turns):
        model.fit(X, y)
        forecaster.fit(None, y)
        for _ in range(10):
            model.predict(X[:3])
            forecaster.forecast(2)
    gc.collect()


live(5)
before = resident()
live(60)
print(resident() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_stays_over_a_long_life_of_fits_and_predictions():
    done = subprocess.run(
        [sys.executable, "-c", LONG_LIFE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5


ROWS = np.zeros((200, 1))
RNG = np.random.default_rng(0)
TOO_LARGE = {
    "a flat table": (
        lambda: SlidingWindow(80_000, flatten=True).fit(np.zeros((200_000, 1))),
        lambda made: made.transform(np.zeros((200_000, 1))),
        "flatten=True",
    ),
    "what Ridge learns from": (
        lambda: AutoregressiveForecaster(Ridge(), window=80_000),
        lambda made: made.fit(None, np.zeros(200_000)),
        "table of windows that Ridge learns from",
    ),
    "a forecast": (
        lambda: AutoregressiveForecaster(Ridge(), window=2).fit(None, ROWS[:, 0]),
        lambda made: made.forecast(10**12),
        "n_steps=1000000000000",
    ),
    **{
        f"units of {cls.__name__}": (
            lambda cls=cls: cls(units=(3, 10**6), dense_before=2),
            lambda made: made.fit(ROWS.reshape(20, 10), ROWS[:20, 0]),
            r"units=\(3, 1000000\)",
        )
        for cls in (RNNRegressor, LSTMRegressor, GRURegressor)
    },
    "hidden layers": (
        lambda: Autoencoder(2, hidden_layer_sizes=(10**6, 10**6)),
        lambda made: made.fit(ROWS.reshape(20, 10)),
        "hidden_layer_sizes",
    ),
    "units of an autoencoder": (
        lambda: RecurrentAutoencoder(2, units=10**30),
        lambda made: made.fit(ROWS.reshape(20, 10)),
        "units",
    ),
}


@pytest.mark.parametrize(("make", "use", "what"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_cannot_fit_is_refused_with_its_bytes_and_a_way_out(make, use, what):
    made = make()
    before = {**vars(made)}
    with pytest.raises(MemoryError, match=rf"(?s){what}.* bytes \(.*available; \w+"):
        use(made)
    assert vars(made) == before


def test_nothing_is_refused_where_the_system_says_nothing(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    memory.check_memory(10**18, "X", "pass less")


@contextlib.contextmanager
def few_memory_maps():
    """Take nearly all memory maps that the system allows, for a while."""
    limit = Path("/proc/sys/vm/max_map_count")
    if not limit.exists() or int(limit.read_text()) > 200_000:
        pytest.skip("needs a limit that can be reached")
    n_used = Path("/proc/self/maps").read_bytes().count(b"\n")
    n_taken = int(limit.read_text()) - n_used - 1500
    # Neighbours of equal protection would be one map.
    modes = (mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE)
    maps = [mmap.mmap(-1, 4096, prot=modes[i % 2]) for i in range(n_taken)]
    try:
        yield
    finally:
        for each in maps:
            each.close()


def test_compiling_is_refused_before_memory_maps_end_the_process():
    windows, y = RNG.normal(size=(9000, 5, 2)), RNG.normal(size=9000)
    few = slice(100)
    refused = {"match": r"memory maps; .* Go on in a new process"}
    model = RNNRegressor(units=3, epochs=1, random_state=0)
    model.set_params(predict_backend="tensorflow")
    PROGRAMS.clear()
    unfitted = {**vars(model)}
    with few_memory_maps(), pytest.raises(MemoryError, **refused):
        model.fit(windows[few], y[few])
    assert vars(model) == unfitted

    model.fit(windows[few], y[few])
    with few_memory_maps():
        model.fit(windows[few], y[few])  # What is compiled already goes on.
        with pytest.raises(MemoryError, **refused):
            model.predict(windows[few])
        fitted = {**vars(model)}
        with pytest.raises(MemoryError, **refused):
            model.fit(windows, y)  # An epoch over a larger table.
    assert vars(model) == fitted
    assert np.isfinite(model.fit(windows, y).predict(windows[few])).all()


def test_a_group_leaves_its_limit_and_what_it_has_cached(tmp_path):
    folder = tmp_path / "sys"
    folder.mkdir()
    (folder / "memory.max").write_text("1000")
    (folder / "memory.current").write_text("700")
    (folder / "memory.stat").write_text("anon 300\nfile 400\nshmem 50\n")
    files = memory._GROUPS[""]
    assert list(memory._left_in_group(folder, *files)) == [650]
    (folder / "memory.max").write_text("max")
    assert list(memory._left_in_group(folder, *files)) == []


def test_network_weights_are_counted_without_building_it():
    from skrnn._engine.models import build_model
    from skrnn._networks.description import RecurrentNetwork

    for cell in ("rnn", "lstm", "gru"):
        shape = {"n_steps": 6, "n_features": 3, "n_targets": 2, "segment": 2}
        network = RecurrentNetwork(cell, units=(40, 30), dense_after=(50,), **shape)
        assert network.n_weights == build_model(network).count_params()
