"""Nothing grows beyond what one can read: files, functions, classes; and no lumber rooms."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.contract.sources import Function, all_files, functions, package_files, short, tree

FILE_LINES = 500
FUNCTION_LINES = 50
CLASS_LINES = 200
CLASS_METHODS = 20

FORBIDDEN = {"utils", "helpers", "misc", "common", "tools", "base", "util", "helper", "tool"}

LARGER: dict[str, str] = {
    "frontend/numpy_table.py:_numpy": "a table, one row per function of NumPy",
}
"""`file` or `file:name` that may exceed its limit, and why; say the same in the file."""


def span(node: Function | ast.ClassDef) -> int:
    """Lines of a definition; a function's docstring is not counted, so that nobody saves on it."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if isinstance(node, Function) and ast.get_docstring(node) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def dunder(function: Function) -> bool:
    """Whether Python itself calls it: a class that acts as a number needs a dozen."""
    return function.name.startswith("__") and function.name.endswith("__")


def check(name: str, size: int, limit: int) -> None:
    assert size <= limit or name in LARGER, f"{name}: {size}, at most {limit}"


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_file(path: Path) -> None:
    check(short(path), len(path.read_text(encoding="utf-8").splitlines()), FILE_LINES)


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_functions(path: Path) -> None:
    for function in functions(tree(path)):
        check(f"{short(path)}:{function.name}", span(function), FUNCTION_LINES)


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_classes(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            check(f"{short(path)}:{node.name}", span(node), CLASS_LINES)
            methods = sum(isinstance(each, Function) and not dunder(each) for each in node.body)
            check(f"{short(path)}:{node.name}", methods, CLASS_METHODS)


@pytest.mark.parametrize("path", all_files(), ids=short)
def test_a_module_is_named_for_what_it_does(path: Path) -> None:
    assert not FORBIDDEN & set(Path(short(path)).with_suffix("").parts)
