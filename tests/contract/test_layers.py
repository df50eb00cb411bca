"""Imports go downwards: the layers of the package, no cycles, no hidden imports."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.contract.sources import PACKAGE, functions, module_name, package_files, short, tree

_CORE = ("target", "artifact", "ir", "errors")
_MIDDLE = ("frontend", "analysis", "schedule", "passes", "codegen", "runtime", "configuration")
_BELOW_PIPELINE = (*_CORE, *_MIDDLE)
_BELOW_CALLS = (*_BELOW_PIPELINE, "pipeline")
_BELOW_DOORS = (
    *_BELOW_CALLS,
    "signature",
    "outcomes",
    "quick",
    "refusals",
    "dispatch",
    "foresight",
    "explanation",
)
_DOORS = ("api", "operators", "numpy")

LAYERS: dict[str, tuple[str, ...]] = {
    "record": (),  # what plain data classes are made of: every layer may import it
    "errors": (),
    "configuration": ("errors",),  # OptionError belongs to the one exception tree
    "ir": ("errors",),
    "target": ("ir", "errors"),
    "artifact": ("ir", "errors"),
    "frontend": ("ir", "errors"),
    "analysis": ("ir", "errors"),
    "schedule": ("analysis", "target", "ir", "errors"),
    "passes": ("schedule.choices", "analysis", "target", "ir", "errors"),
    "codegen": _CORE,
    "runtime": (*_CORE, "configuration"),
    "pipeline": _BELOW_PIPELINE,
    "artifacts": ("pipeline", *_BELOW_PIPELINE),
    "inventory": _BELOW_PIPELINE,
    "signature": ("frontend", "ir", "errors"),
    "outcomes": ("signature", "frontend", "ir", "errors"),
    "quick": ("artifact", "signature", "runtime", "frontend", "configuration", "ir", "errors"),
    "refusals": (),
    "dispatch": (*_BELOW_CALLS, "artifacts", "signature", "outcomes", "quick", "refusals"),
    "foresight": (*_BELOW_CALLS, "signature", "outcomes", "dispatch"),
    "explanation": (*_BELOW_CALLS, "signature", "outcomes", "dispatch", "foresight"),
    "lazy": ("artifacts", *_BELOW_DOORS),
    "api": _BELOW_DOORS,
    "operators": _BELOW_DOORS,
    "numpy": ("lazy", *_BELOW_DOORS),
    "implicit": (*_BELOW_DOORS, *_DOORS),
    "specializers": (*_BELOW_DOORS, *_DOORS),
    "cluster": (*_BELOW_DOORS, *_DOORS),
    "terminal": ("explanation", "errors"),
    "cli": (*_BELOW_DOORS, *_DOORS, "implicit", "specializers", "cluster", "terminal", "inventory"),
    "__main__": ("cli",),
    "": (),  # conure/__init__.py: its names are resolved lazily, from a table
}
"""What each part of the package may import, besides itself."""

INSIDE_FUNCTIONS: dict[tuple[str, str], str] = {
    (
        "codegen/assemble.py",
        "binding",
    ): "loading finished code does without it, 27 ms",
    ("codegen/load.py", "__init__"): "llvmlite's public names serve versions that are not known",
    ("api.py", "explain"): "explaining needs the compiler proper; a warm start does without it",
    ("api.py", "explain_all"): "as for explain",
    ("cli.py", "_devices"): "measuring needs the compiler proper; a script does without it",
    ("cli.py", "_explain"): "rich is slow to import, and a script that only runs needs none of it",
    (
        "configuration.py",
        "_nearest",
    ): "difflib takes 2 ms to import, and only a misspelt option needs it",
    ("artifacts.py", "_make"): "the compiler proper is not needed where the cache has the code",
    ("artifacts.py", "_assemble"): "as for _make",
    ("numpy/seam.py", "engine"): "small programs do without the compiler's front end, 50 ms",
    ("__init__.py", "__getattr__"): "the public names are resolved at their first use",
    (
        "numpy/mirror.py",
        "ours",
    ): "random numbers and other classes are loaded when they are asked for",
    ("numpy/mirror.py", "_module"): "submodules are, as NumPy's are",
    ("numpy/mirror.py", "find_spec"): "a module is looked for where NumPy has it",
    ("numpy/mirror.py", "exec_module"): "as for find_spec",
    ("numpy/protocols.py", "__array_namespace__"): "the namespace holds this very class",
    ("analysis/exact.py", "_isl"): "islpy takes 0.14 s to import, and most loops need no isl",
}
"""(file, function) that may import when called, and why; vendor drivers need no row."""

DRIVERS = ("cuda", "nvmath", "pyopencl")
"""Libraries that a device file under runtime/ may load when its device is asked for."""

HOMES: dict[str, tuple[str, ...]] = {
    "llvmlite": ("codegen/",),
    "islpy": ("analysis/",),
    **dict.fromkeys(DRIVERS, ("runtime/",)),
}
"""The only places that know a heavy library."""


def resolved(node: ast.Import | ast.ImportFrom, path: Path) -> list[str]:
    """The full names of the modules that an import statement loads."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    origin = node.module or ""
    if node.level:
        package = module_name(path).split(".")
        keep = len(package) - node.level + (path.name == "__init__.py")
        origin = ".".join([*package[:keep], *([node.module] if node.module else [])])
    return [
        name if (name := f"{origin}.{alias.name}") in modules() else origin for alias in node.names
    ]


@functools.cache
def modules() -> dict[str, Path]:
    return {module_name(path): path for path in package_files()}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in resolved(node, path):
                yield node.lineno, name


def ours(path: Path) -> Iterator[tuple[int, str]]:
    """The imports within the package; its `__version__`, which loads nothing, is left out."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and [name.name for name in node.names] == [
            "__version__"
        ]:
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in resolved(node, path):
                if name.split(".")[0] == "conure":
                    yield node.lineno, name


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_a_module_imports_only_from_lower_layers(path: Path) -> None:
    layer = module_name(path).removeprefix("conure").lstrip(".").split(".")[0]
    assert layer in LAYERS, f"{short(path)}: give the new layer {layer!r} a row in LAYERS"
    for line, name in ours(path):
        target = name.removeprefix("conure").lstrip(".")
        allowed = any(within(target, part) for part in (layer, "record", *LAYERS[layer]) if part)
        assert allowed, f"{short(path)}:{line}: {layer or '__init__'} may not import {name}"


def test_no_cycles() -> None:
    graph = {
        module_name(path): {name for _, name in ours(path) if name != module_name(path)}
        for path in package_files()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " -> ".join(reversed(error.args[1])))


def hidden_imports(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """(line, function, modules) of each import made by a function when it is called."""
    for function in functions(tree(path)):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node.lineno, function.name, resolved(node, path)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in _IMPORTERS:
                yield node.lineno, function.name, ["?"]


_IMPORTERS = ("__import__", "import_module", "importlib.import_module")


def is_driver(path: Path, names: list[str]) -> bool:
    return path.parent == PACKAGE / "runtime" and all(
        name.split(".")[0] in DRIVERS for name in names
    )


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_no_import_inside_a_function(path: Path) -> None:
    for line, function, names in hidden_imports(path):
        allowed = (short(path), function) in INSIDE_FUNCTIONS or is_driver(path, names)
        assert allowed, f"{short(path)}:{line}: {function} imports {', '.join(names)}"


def test_each_exception_is_still_needed() -> None:
    used = {
        (short(path), function)
        for path in package_files()
        for _, function, _ in hidden_imports(path)
    }
    assert set(INSIDE_FUNCTIONS) <= used


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_nothing_is_imported_for_types_only(path: Path) -> None:
    names = {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    assert "TYPE_CHECKING" not in names | attributes, f"{short(path)}: a layer is wrong"


@pytest.mark.parametrize("path", package_files(), ids=short)
def test_heavy_libraries_have_one_home(path: Path) -> None:
    for line, name in imports(path):
        homes = HOMES.get(name.split(".")[0], ("",))
        assert short(path).startswith(homes), f"{short(path)}:{line}: {name} belongs in {homes}"


def test_only_declared_libraries_are_required() -> None:
    known = {"conure", "numpy", "llvmlite", "islpy", "scipy", "rich", "matplotlib", "dask"}
    known |= {"distributed", "IPython", *DRIVERS, *sys.stdlib_module_names}
    for path in package_files():
        for line, name in imports(path):
            assert name.split(".")[0] in known, f"{short(path)}:{line}: {name} is no dependency"
