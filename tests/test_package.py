import ast
import subprocess
import sys
from collections import defaultdict
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest

import skrnn

PACKAGE = Path(skrnn.__file__).parent

# The layers of the package, lowest first: leaves, engine, estimators. A module
# imports from its own layer and from those below, and nobody imports in a circle.
LAYERS = (
    {
        "_autoencoder_layers",
        "_autoencoder_networks",
        "_cells",
        "_config",
        "_conformal",
        "_drawing",
        "_folds",
        "_forward",
        "_labels",
        "_losses",
        "_memory",
        "_networks",
        "_normalization",
        "_origin",
        "_moments",
        "_panel",
        "_past",
        "_pieces",
        "_plain",
        "_recursion",
        "_runs",
        "_scaling",
        "_stored_rows",
        "_scikeras",
        "_signals",
        "_state",
        "_summary",
        "_tensorflow",
        "_transformation",
        "_time_axis",
        "_validation",
        "_windows",
    },
    {"_epoch", "_programs", "_rolling", "_training", "_watching"},
    {
        "_autoencoder",
        "_backtest",
        "_base_autoencoder",
        "_base_classifier",
        "_base_forecaster",
        "_base_network",
        "_base_recurrent",
        "_calibration",
        "_detector",
        "_extrapolator",
        "_forecast_checks",
        "_forecast_input",
        "_errors",
        "_forecast_display",
        "_forecaster",
        "_loss_display",
        "_recommended",
        "_recurrent",
        "_recurrent_autoencoder",
        "_recurrent_classifiers",
        "_make_windows",
        "_sliding_window",
        "_variational_autoencoder",
        "datasets",
        "inspection",
    },
)

# The only modules that may know these packages, wherever in the file they do.
# `_tensorflow` hands Keras on, so to import from it counts as well.
MAY_IMPORT_KERAS = {
    "_autoencoder_layers",
    "_autoencoder_networks",
    "_epoch",
    "_losses",
    "_networks",
    "_programs",
    "_rolling",
    "_scikeras",
    "_tensorflow",
    "_training",
    "_watching",
}
MAY_IMPORT_SKLEARN_PRIVATE = {"_validation"}


def run_in_fresh_interpreter(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def component(path):
    """Name of the module or subpackage that a file belongs to.

    A module that outgrew one file may be several: `_training_cache.py` or
    `_training/cache.py` belong to `_training`.
    """
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "_training" if name.startswith("_training") else name


def imported_names(path):
    """Every dotted name that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{absolute(node, path)}.{alias.name}" for alias in node.names)


def absolute(node, path):
    folder = ("skrnn", *path.relative_to(PACKAGE).parts[:-1])
    parents = folder[: len(folder) + 1 - node.level] if node.level else ()
    return ".".join((*parents, *filter(None, [node.module])))


def imported_components(path):
    names = [name.split(".") for name in imported_names(path)]
    found = {
        component(PACKAGE / parts[1])
        for parts in names
        if parts[0] == "skrnn" and len(parts) > 1
    }
    return found - {component(path)}


def layer(name):
    found = [height for height, names in enumerate(LAYERS) if name in names]
    assert found, f"skrnn.{name} has no layer yet: add it to LAYERS."
    return found[0]


SOURCES = sorted(PACKAGE.rglob("*.py"))
SOURCE_IDS = [path.relative_to(PACKAGE).as_posix() for path in SOURCES]
each_source = pytest.mark.parametrize("path", SOURCES, ids=SOURCE_IDS)


def test_import_and_every_public_name_load_neither_networks_nor_plots():
    finished = run_in_fresh_interpreter(
        "import sys, skrnn\n"
        "for name in skrnn.__all__: getattr(skrnn, name)\n"
        "heavy = {'tensorflow', 'keras', 'scikeras', 'matplotlib'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""


def test_import_alone_loads_no_dependency():
    finished = run_in_fresh_interpreter(
        "import sys, skrnn\n"
        "sys.exit(' '.join({'numpy', 'pandas', 'sklearn'} & set(sys.modules)) or None)"
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("name", skrnn.__all__)
def test_public_name_is_importable_and_documented(name):
    assert getattr(skrnn, name).__doc__


def test_all_is_the_table_of_modules():
    assert skrnn.__all__ == sorted({*skrnn._MODULE_OF, *skrnn._SUBPACKAGES})


def test_dir_lists_every_public_name():
    assert set(skrnn.__all__) <= set(dir(skrnn))


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'skrnn' has no attribute 'TCN'"):
        skrnn.TCN  # noqa: B018 -- The access is the test.


def test_version_is_the_installed_one():
    assert skrnn.__version__ == version("skrnn")


@each_source
def test_imports_point_one_way(path):
    own = component(path)
    if own == "__init__":  # Above all layers: nothing may import from it.
        return
    for other in imported_components(path):
        assert layer(other) <= layer(own), f"skrnn.{own} must not import skrnn.{other}"


def test_imports_make_no_circle():
    graph = defaultdict(set)
    for path in SOURCES:
        graph[component(path)] |= imported_components(path)
    TopologicalSorter(graph).prepare()  # Raises CycleError, which names the circle.


@each_source
def test_keras_is_imported_where_networks_are_made_and_nowhere_else(path):
    if component(path) in MAY_IMPORT_KERAS:
        return
    packages = {name.split(".")[0] for name in imported_names(path)}
    assert not packages & {"keras", "scikeras", "tensorflow"}
    assert "_tensorflow" not in imported_components(path)


@each_source
def test_private_names_of_sklearn_stay_in_one_module(path):
    if component(path) in MAY_IMPORT_SKLEARN_PRIVATE:
        return
    names = [name for name in imported_names(path) if name.startswith("sklearn.")]
    assert not [name for name in names if "._" in name]
