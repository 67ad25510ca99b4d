import ast
import inspect
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest
import sklearn.base
from _pytest.doctest import DoctestModule

import skrnn

PACKAGE = Path(skrnn.__file__).parent

# Each package imports from itself and from those before it.
ORDER = (
    "_version",
    "_serialization",
    "_process",
    "_checks",
    "_index",
    "_windows",
    "_scaling",
    "_networks",
    "_engine",
    "_estimators",
    "_forecasting",
    "_plotting",
    "inspection",
    "datasets",
    "__init__",
)


def run_in_fresh_interpreter(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def package_of(path):
    """Name of the package that a file belongs to, of the module if it is in none."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def syntax_tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_names(path):
    """Every dotted name that a file imports, inside functions too."""
    for node in ast.walk(syntax_tree(path)):
        yield from names_in_import(node, path)


def names_in_import(node, path):
    """The dotted names that a node of the syntax tree imports; none if no import."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{absolute(node, path)}.{alias.name}" for alias in node.names)


def run_at_once(node):
    """The nodes of a syntax tree that an import runs: all but bodies of functions."""
    yield node
    if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from run_at_once(child)


def absolute(node, path):
    folder = ("skrnn", *path.relative_to(PACKAGE).parts[:-1])
    parents = folder[: len(folder) + 1 - node.level] if node.level else ()
    return ".".join((*parents, *filter(None, [node.module])))


def imported_packages(path):
    """The packages of skrnn that a file imports from, its own left out."""
    names = [name.split(".") for name in imported_names(path)]
    found = {parts[1] for parts in names if parts[0] == "skrnn" and len(parts) > 1}
    return found - {package_of(path)}


def imported_files(path):
    """The files of its own package that a file imports from."""
    folder = ".".join(("skrnn", *path.relative_to(PACKAGE).parts[:-1]))
    files = {file.stem for file in path.parent.glob("*.py")}
    depth = folder.count(".") + 1
    own = [name for name in imported_names(path) if name.startswith(f"{folder}.")]
    return {name.split(".")[depth] for name in own} & files


# Names such as `_validate_params`, which estimators inherit from scikit-learn.
BASES = [cls for cls in vars(sklearn.base).values() if inspect.isclass(cls)]
PRIVATE = {name for cls in BASES for name in dir(cls) if re.match("_(?!_)", name)}

SOURCES = sorted(PACKAGE.rglob("*.py"))
SOURCE_IDS = [path.relative_to(PACKAGE).as_posix() for path in SOURCES]
each_source = pytest.mark.parametrize("path", SOURCES, ids=SOURCE_IDS)


def test_import_and_every_public_name_load_neither_networks_nor_plots():
    finished = run_in_fresh_interpreter(
        "import sys, skrnn\n"
        "for name in skrnn.__all__: getattr(skrnn, name)\n"
        "import skrnn.datasets, skrnn.inspection\n"
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


@pytest.mark.parametrize("module", [skrnn, skrnn.datasets, skrnn.inspection])
def test_public_names_say_the_module_that_users_import_them_from(module):
    public = [getattr(module, name) for name in module.__all__]
    public = [each for each in public if not inspect.ismodule(each)]
    assert {each.__module__ for each in public} == {module.__name__}


@pytest.mark.parametrize("module", [skrnn, skrnn.datasets, skrnn.inspection])
def test_pytest_finds_an_example_in_the_docstring_of_every_public_name(module, request):
    # doctest looks for a class in the module that `__module__` says. There it stands
    # once it was loaded, which pytest does with all that `dir` lists.
    file = DoctestModule.from_parent(request.session, path=Path(module.__file__))
    found = {item.name for item in file.collect()}
    public = set(module.__all__) - set(skrnn._SUBPACKAGES)
    assert {f"{module.__name__}.{name}" for name in public} <= found


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
def test_a_package_imports_only_from_those_before_it(path):
    own = ORDER.index(package_of(path))
    later = {name for name in imported_packages(path) if ORDER.index(name) > own}
    assert not later


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in SOURCES}), ids=lambda folder: folder.name
)
def test_files_of_a_package_make_no_circle(folder):
    graph = {path.stem: imported_files(path) for path in folder.glob("*.py")}
    TopologicalSorter(graph).prepare()  # Raises CycleError, which names the circle.


@each_source
def test_keras_and_tensorflow_are_imported_in_the_engine_alone(path):
    if package_of(path) == "_engine":
        return
    packages = {name.split(".")[0] for name in imported_names(path)}
    assert not packages & {"keras", "scikeras", "tensorflow"}


@each_source
def test_the_engine_is_imported_inside_functions(path):
    if package_of(path) == "_engine":
        return
    module = syntax_tree(path)
    names = [n for node in run_at_once(module) for n in names_in_import(node, path)]
    assert not [name for name in names if name.startswith("skrnn._engine")]


@each_source
def test_private_names_of_sklearn_stand_in_one_file(path):
    if path == PACKAGE / "_checks" / "sklearn.py":
        return
    names = [name for name in imported_names(path) if name.startswith("sklearn.")]
    assert not [name for name in names if "._" in name]
    source = path.read_text(encoding="utf-8")
    assert "_sklearn_" not in source.replace("__sklearn_", "")
    nodes = ast.walk(syntax_tree(path))
    assert (
        not {node.attr for node in nodes if isinstance(node, ast.Attribute)} & PRIVATE
    )


def test_no_two_classes_are_stored_under_one_name():
    kinds = [
        kind
        for source in SOURCES
        for kind in re.findall(
            r"@(?:stored|made_from)\(\s*\"(\w+)\"", source.read_text("utf-8")
        )
    ]
    assert len(kinds) > 25
    assert [kind for kind in set(kinds) if kinds.count(kind) > 1] == []
