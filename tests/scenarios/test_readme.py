import os
import re
import textwrap
from pathlib import Path
from unittest.mock import patch

import pytest

ROOT = Path(__file__).parents[2]
# The start page shows the code of README.md, which need not run twice.
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", PAGES_WITH_CODE, ids=[page.name for page in PAGES_WITH_CODE]
)
def test_code_on_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program = compile(code_of(page), str(page), "exec")
    with patch.dict(os.environ):  # Where an export to ONNX leaves a variable.
        exec(program, {"__name__": "__main__"})


def test_readme_and_start_page_show_the_same_code():
    assert lines_of_code(ROOT / "README.md") == lines_of_code(ROOT / "docs/index.rst")


def test_readme_shows_a_forecast_in_twelve_lines():
    first = FENCED.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert 0 < len([line for line in first[1].splitlines() if line]) <= 12
