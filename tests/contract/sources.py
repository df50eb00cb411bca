"""The files of the project, read once, for the tests about the project itself."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "conure"
WRITTEN = ("src", "tests", "examples", "benchmarks")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def package_files() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def all_files() -> list[Path]:
    """Every Python file that people write here."""
    return sorted(path for folder in WRITTEN for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """`src/conure/ir/nodes.py` is `conure.ir.nodes`, `ir/__init__.py` is `conure.ir`."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def short(path: Path) -> str:
    """The path as these tests' tables write it: inside the package, else inside the project."""
    return path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT).as_posix()


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(node: ast.AST) -> Iterator[Function]:
    """Every function at or below a node."""
    return (each for each in ast.walk(node) if isinstance(each, Function))
