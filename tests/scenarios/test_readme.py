import csv
import os
import re
import runpy
import textwrap
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from skrnn._engine import training
from tests.support.exhaustive import first_of_many
from tests.support.untrained import untrained

ROOT = Path(__file__).parents[2]
# The start page shows the code of README.md, which need not run twice.
# test_coming_from.py runs the tabs of that page.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.rst"))]
FENCED = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^\.\. code-block:: python\n\n((?:(?: +.*)?\n)+)", re.MULTILINE)


def code_of(page):
    """All Python blocks of a page, as one program with the page's line numbers."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * len(text.splitlines())
    for found in (FENCED if page.suffix == ".md" else INDENTED).finditer(text):
        first = text.count("\n", 0, found.start(1))
        block = textwrap.dedent(found[1]).splitlines()
        lines[first : first + len(block)] = block
    return "\n".join(lines)


def lines_of_code(page):
    return [line for line in code_of(page).splitlines() if line]


PAGES_WITH_CODE = [page for page in PAGES if lines_of_code(page)]


# Pages about training, or that print what only training knows.
ABOUT_TRAINING = {
    "README.md",
    "autoencoders.rst",
    "beyond_memory.rst",
    "classification.rst",
    "networks.rst",
}
original_fit = training._fit


def fit_shortly(program, samples, validation, course, *others):
    course = replace(course, epochs=min(course.epochs, 2))
    return original_fit(program, samples, validation, course, *others)


def training_for(page, everyday):
    """Let networks train as little as shows whether the code of a page runs."""
    if page.name == "inspection.rst":  # Whose code asserts what was learned.
        return nullcontext()
    if page.name in ABOUT_TRAINING or not everyday:
        return patch.object(training, "_fit", fit_shortly)
    return untrained()


# README.md comes first; all pages of the guide together train for minutes.
@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    first_of_many(PAGES_WITH_CODE),
    ids=[page.name for page in PAGES_WITH_CODE],
)
def test_code_on_the_page_runs(page, tmp_path, monkeypatch, everyday):
    monkeypatch.chdir(tmp_path)
    program = compile(code_of(page), str(page), "exec")
    # An export to ONNX leaves a variable in the environment.
    with training_for(page, everyday), patch.dict(os.environ):
        exec(program, {"__name__": "__main__"})


def test_readme_and_start_page_show_the_same_code():
    assert lines_of_code(ROOT / "README.md") == lines_of_code(ROOT / "docs/index.rst")


def test_readme_shows_a_forecast_in_twelve_lines():
    first = FENCED.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert 0 < len([line for line in first[1].splitlines() if line]) <= 12


def test_gallery_lists_each_example_once():
    index = (ROOT / "examples/index.rst").read_text(encoding="utf-8")
    names = sorted(path.stem for path in (ROOT / "examples").glob("plot_*.py"))
    assert sorted(re.findall(r"^   (plot_\w+)$", index, re.MULTILINE)) == names
    assert (
        sorted(re.findall(r"^      :link: (plot_\w+)$", index, re.MULTILINE)) == names
    )


def test_cards_of_the_gallery_have_the_titles_of_the_pages():
    index = (ROOT / "examples/index.rst").read_text(encoding="utf-8")
    cards = re.findall(r"grid-item-card:: (.+)\n      :link: (\w+)\n", index)
    for title, name in cards:
        page = (ROOT / f"examples/{name}.py").read_text(encoding="utf-8")
        assert page.startswith(f'"""\n{title}\n')


def test_page_of_benchmarks_shows_tables_that_are_recorded(tmp_path):
    """And says so early where a section of benchmarks/README.md has another title."""
    program = runpy.run_path(str(ROOT / "benchmarks/tables.py"))
    program["write_tables"](tmp_path)
    page = (ROOT / "docs/benchmarks.rst").read_text(encoding="utf-8")
    shown = set(re.findall(r"generated/(\w+\.\w+)$", page, re.MULTILINE))
    assert shown == {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.glob("*.csv"):
        with open(path, encoding="utf-8", newline="") as file:
            assert len({len(row) for row in csv.reader(file)}) == 1
