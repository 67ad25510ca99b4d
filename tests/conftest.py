import os
from collections import Counter
from importlib.metadata import version
from operator import itemgetter
from random import Random

import pytest

# pytest reads this file before anything else is imported, and test runs in other
# processes inherit these variables.

# No test opens a window, on any machine.
os.environ["MPLBACKEND"] = "Agg"

# Most of a test run is compilation, three quarters of it optimization, which is XLA's
# to test and not ours. `make test-oldest` leaves it on where networks are compared with
# Keras. A flag that XLA does not know ends the process, so the releases are those that
# were tried.
FLAGS = ["--xla_backend_optimization_level=0"]
if version("tensorflow").startswith("2.21."):
    FLAGS += ["--xla_cpu_use_fusion_emitters=false"]
    FLAGS += ["--xla_cpu_parallel_codegen_split_count=1"]
os.environ.setdefault("XLA_FLAGS", " ".join(FLAGS))


def pytest_addoption(parser):
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run files and tests in random order",
    )


@pytest.fixture(scope="session")
def everyday(pytestconfig):
    """Whether this run leaves out what `make test-all` does."""
    return "not exhaustive" in pytestconfig.option.markexpr


@pytest.fixture(autouse=True)
def as_written(request, monkeypatch, everyday):
    """Leave out what takes most of a short fit, compiling it, except in `test-all`."""
    marked = request.node.get_closest_marker
    if everyday and marked("short_fits") and not marked("compiled"):
        from tests.support.as_written import compile_no_short_fit

        compile_no_short_fit(monkeypatch)


@pytest.fixture(autouse=True)
def weights_as_drawn(request):
    """Train no network in tests that are marked so."""
    if not request.node.get_closest_marker("untrained"):
        yield
        return
    from tests.support.untrained import untrained

    with untrained():
        yield


def pytest_collection_modifyitems(config, items):
    """Begin with the files of the most slow tests, none of which may come last."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])
    if (seed := config.getoption("shuffle")) is not None:
        shuffle(items, Random(seed))


def shuffle(items, rng):
    """Shuffle the tests of each file, and the files, which workers take as a whole."""
    place = {path: rng.random() for path in dict.fromkeys(item.path for item in items)}
    keyed = [((place[item.path], rng.random()), item) for item in items]
    items[:] = [item for _, item in sorted(keyed, key=itemgetter(0))]
