"""The page for people who know another package: the same program in both."""

import re
import textwrap

import pytest

# Ahead of scikeras itself, which changes Keras's models for the whole process.
import skrnn._engine.scikeras  # noqa: F401

from .test_readme import ROOT

PAGE = ROOT / "docs/guide/coming_from.rst"
TAB = re.compile(
    r"^ {3}\.\. tab-item:: (.+)\n\n"
    r" {6}\.\. code-block:: python\n\n((?:(?: {10}.*)?\n)+)",
    re.MULTILINE,
)
TABS = [(tab[1], textwrap.dedent(tab[2])) for tab in TAB.finditer(PAGE.read_text())]
OURS = [code for package, code in TABS if package == "skrnn"]
THEIRS = {package: code for package, code in TABS if package != "skrnn"}


def run(code):
    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})


def test_each_package_has_a_program_beside_one_of_skrnn():
    assert list(THEIRS) == [
        "skforecast",
        "darts",
        "neuralforecast",
        "scikeras",
        "Keras",
    ]
    assert [package for package, _ in TABS[1::2]] == ["skrnn"] * len(THEIRS)


@pytest.mark.slow
@pytest.mark.parametrize("code", OURS, ids=THEIRS)
def test_program_of_skrnn_runs(code):
    run(code)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.filterwarnings("default")  # Those of other packages are not ours to mend.
@pytest.mark.parametrize("package", THEIRS)
def test_program_of_the_other_package_runs(package, tmp_path, monkeypatch):
    pytest.importorskip(package.lower())
    monkeypatch.chdir(tmp_path)  # darts and Lightning write logs.
    run(THEIRS[package])
