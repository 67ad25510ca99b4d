import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "docs/index.rst",
    *sorted((ROOT / "docs/guide").glob("*.rst")),
]
FENCED = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^\.\. code-block:: python\n\n((?:(?: +.*)?\n)+)", re.MULTILINE)


def code_of(page):
    """All Python blocks of a page, as one program: later blocks use earlier names."""
    pattern = FENCED if page.suffix == ".md" else INDENTED
    blocks = pattern.findall(page.read_text(encoding="utf-8"))
    return "\n".join(textwrap.dedent(block) for block in blocks)


PAGES_WITH_CODE = [page for page in PAGES if code_of(page)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", PAGES_WITH_CODE, ids=[page.name for page in PAGES_WITH_CODE]
)
def test_code_on_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program = compile(code_of(page), str(page), "exec")
    exec(program, {"__name__": "__main__"})


def test_readme_and_start_page_show_the_same_code():
    assert (
        code_of(ROOT / "README.md").strip() == code_of(ROOT / "docs/index.rst").strip()
    )


def test_readme_shows_a_forecast_in_twelve_lines():
    lines = code_of(ROOT / "README.md").splitlines()
    assert len([line for line in lines if line]) <= 12
