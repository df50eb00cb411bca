"""Documents run: the Python in README and docs/, the examples of docstrings; and a CHANGELOG.

A fence ```` ```python ```` is run, all fences of a document together as one script. A fence
```` ```output ```` must be among what the script prints. Anything that should not run is a
```` ```text ```` or a ```` ```console ```` fence.
"""

from __future__ import annotations

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.sources import PACKAGE, ROOT, module_name, package_files, short

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)

LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")

documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def fences(text: str, language: str) -> list[tuple[int, str]]:
    """(line, content) of each fence in a language."""
    return [
        (text.count("\n", 0, match.start(2)), match[2])
        for match in FENCE.finditer(text)
        if match[1] == language
    ]


def script(text: str) -> str:
    """The document's Python on its own lines, so that a traceback points into the document."""
    lines = [""] * (text.count("\n") + 1)
    for start, content in fences(text, "python"):
        for number, line in enumerate(content.splitlines(), start):
            lines[number] = line
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", documents, ids=short)
def test_the_python_of_a_document_runs(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not fences(text, "python"):
        return
    if not (PACKAGE / "api.py").exists():
        pytest.skip("the documents use conure.jit, which is not written yet")
    program = tmp_path / f"{path.stem}.py"
    program.write_text(script(text), encoding="utf-8")
    answer = subprocess.run(
        [sys.executable, program.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    for line, output in fences(text, "output"):
        assert output in answer.stdout, f"{path.name}:{line + 1}: this is not what it prints"


def test_fences_keep_their_lines() -> None:
    text = "one\n```python\nx = 3\nprint(x)\n```\nsix\n```output\n3\n```\n"
    assert script(text).splitlines()[2:4] == ["x = 3", "print(x)"]
    assert fences(text, "output") == [(7, "3\n")]


@pytest.mark.parametrize("path", documents, ids=short)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


OF_NUMPY = ("conure.numpy.ndarray", "conure.numpy.streams.default_rng")
"""What carries NumPy's own documentation, which NumPy tests."""


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_docstring_examples(path: Path) -> None:
    if path.name == "__main__.py":
        return
    try:
        module = importlib.import_module(module_name(path))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "conure":
            raise
        pytest.skip(f"{error.name} is not installed")
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for example in doctest.DocTestFinder().find(module):
        names = module.__name__ == "conure.numpy" and example.name != "conure.numpy"
        if not names and not example.name.startswith(OF_NUMPY):
            runner.run(example)
    assert runner.summarize().failed == 0, "the report is above"


def test_the_changelog_has_a_place_for_the_next_line() -> None:
    assert re.search(r"^## Unreleased$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
