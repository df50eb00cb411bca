"""Run a script as `python script.py` would, with its loops and functions compiled.

The module's own statements are rewritten region by region; each function and method defined at
the top level or in a class goes through `conure.jit` as it is defined.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, Final

from conure.api import jit_unasked, remember
from conure.dispatch import PATIENCE_OF_SCRIPTS, Dispatcher, nest
from conure.frontend.flow import binds
from conure.frontend.plausible import holds_loop
from conure.frontend.regions import Scope, rewrite_body
from conure.frontend.source import parse_text
from conure.signature import UNBOUND

_HOOKS: Final = "__conure__"


class Hooks:
    """The one global that a rewritten script has: what its new statements call."""

    UNBOUND = UNBOUND
    jit = staticmethod(jit_unasked)

    @staticmethod
    def look(name: Callable[[], object]) -> object:
        """The value of a name or a module's attribute, or UNBOUND."""
        try:
            return name()
        except (NameError, AttributeError):
            return UNBOUND


def run_script(path: str, arguments: Sequence[str], name: str = "") -> int:
    """Run the file (`-`: what stands on stdin) as `__main__`; returns the exit status. `name`: the
    folder that was named, whose `__main__.py` the file is.

    Uncaught exceptions are printed as CPython prints them, without frames of Conure; only
    `SystemExit` and, for the signal at the end of the process, `KeyboardInterrupt` go on.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    standard_input = path == "-"
    text = sys.stdin.buffer.read() if standard_input else Path(path).read_bytes()
    file = "<stdin>" if standard_input else os.path.abspath(path)
    module = _main_module(file)
    if name:
        vars(module)["__package__"] = ""
    sys.argv = [name or path, *arguments]
    sys.path[0] = "" if standard_input else str(Path(path).resolve().parent)
    return _run(text, file, module)


def run_module(name: str, arguments: Sequence[str]) -> int:
    """Run a module of `sys.path`, or the `__main__` of a package, as `python -m NAME` does."""
    sys.argv[:] = ["-m", *arguments]
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        print(f"conure: error while finding {name!r} ({error})", file=sys.stderr)
        return 1
    file = None if spec is None else spec.origin
    if spec is None or file is None or not file.endswith(".py"):
        near = f"; write {name} without -m" if os.path.isfile(name) else ""
        print(f"conure: no module named {name} written in Python{near}", file=sys.stderr)
        return 1
    module = _main_module(file)
    vars(module).update(__spec__=spec, __package__=spec.parent, __cached__=spec.cached)
    vars(module)["__loader__"] = spec.loader
    sys.argv[0] = file
    return _run(Path(file).read_bytes(), file, module)


def _run(text: bytes, file: str, module: ModuleType) -> int:
    sys.modules["__main__"] = module
    try:
        exec(compile_script(text, file, vars(module)), vars(module))
    except SystemExit:
        raise
    except BaseException as error:  # whatever the script raises is shown as CPython shows it
        error.__traceback__ = _without_conure(error)
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, KeyboardInterrupt):
            sys.excepthook = _shown_already
            raise
        return 1
    return 0


def _main_module(file: str) -> ModuleType:
    """A new `__main__` with the names that CPython gives to a script's module."""
    module = ModuleType("__main__")
    names = vars(module)
    names.update(__builtins__=builtins, __annotations__={}, __package__=None)
    if file != "<stdin>":
        names.update(__file__=file, __cached__=None)
        names["__loader__"] = SourceFileLoader("__main__", file)
    return module


def _shown_already(*_: object) -> None:
    """An exception hook for what has been printed."""


def compile_script(text: bytes, file: str, namespace: dict[str, Any]) -> CodeType:
    """The script's code, rewritten; `namespace` receives the hooks."""
    hooks = Hooks()
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        code = _rewritten(text, file, hooks)
        namespace[_HOOKS] = hooks
        return code
    return compile(text, file, "exec", dont_inherit=True)  # for CPython's own words


def _rewritten(text: bytes, file: str, hooks: Hooks) -> CodeType:
    tree = parse_text(text, file)
    scope = _scope(tree)
    head = _head_length(tree)
    body = rewrite_body(tree.body[head:], scope, scope.always_live, frozenset())
    made: list[Dispatcher] = []
    for region in scope.regions:
        name = f"region_{region.number}"
        install = functools.partial(setattr, hooks, name)
        dispatcher = Dispatcher(region, file, "<module>", {}, install, PATIENCE_OF_SCRIPTS)
        remember(dispatcher)
        install(dispatcher)
        made.append(dispatcher)
    nest(made)
    module = ast.Module(body=[*tree.body[:head], *body], type_ignores=[])
    return compile(ast.fix_missing_locations(module), file, "exec", dont_inherit=True)


def _head_length(tree: ast.Module) -> int:
    """The docstring and `from __future__` lines, which must stay first."""
    for k, stmt in enumerate(tree.body):
        future = isinstance(stmt, ast.ImportFrom) and stmt.module == "__future__"
        docstring = k == 0 and isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant)
        if not (future or docstring):
            return k
    return len(tree.body)


def _scope(tree: ast.Module) -> Scope:
    names = binds(tree)
    modules = frozenset(
        (alias.asname or alias.name).split(".")[0]
        for stmt in tree.body
        if isinstance(stmt, ast.Import)
        for alias in stmt.names
    )
    rebound = frozenset[str]().union(
        *(binds(stmt) for stmt in tree.body if not isinstance(stmt, ast.Import))
    )
    return Scope(
        locals=names,
        modules=modules - rebound,
        known=frozenset(vars(builtins)) - names,
        always_live=names,
        at_module_level=True,
        wrap=_with_jit,
    )


def _with_jit(stmt: ast.stmt) -> ast.stmt:
    """The definition of a function with loops with `jit` nearest to it; methods of classes too."""
    match stmt:
        case ast.FunctionDef() if holds_loop(stmt):
            hook = ast.Attribute(ast.Name(_HOOKS, ast.Load()), "jit", ast.Load())
            decorator = ast.copy_location(hook, stmt)
            return _changed(
                stmt, decorator_list=[*stmt.decorator_list, ast.fix_missing_locations(decorator)]
            )
        case ast.ClassDef():
            return _changed(stmt, body=[_with_jit(inner) for inner in stmt.body])
        case _:
            return stmt


def _changed(stmt: ast.stmt, **fields: object) -> ast.stmt:
    return type(stmt)(**{**vars(stmt), **fields})


def _without_conure(error: BaseException) -> TracebackType | None:
    """The traceback from the script's own first frame on."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename == __file__:
        frame = frame.tb_next
    return frame
