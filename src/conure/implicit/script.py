"""Run a script as `python script.py` would, with its loops and functions compiled.

The module's own statements are rewritten region by region; each function and method defined at
the top level or in a class goes through `conure.jit` as it is defined.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from conure.api import jit, remember
from conure.dispatch import Dispatcher
from conure.frontend.flow import binds
from conure.frontend.regions import Scope, rewrite_body
from conure.frontend.source import parse_text
from conure.signature import UNBOUND

_HOOKS: Final = "__conure__"


class Hooks:
    """The one global that a rewritten script has: what its new statements call."""

    UNBOUND = UNBOUND
    jit = staticmethod(jit)

    @staticmethod
    def look(name: Callable[[], object]) -> object:
        """The value of a name or a module's attribute, or UNBOUND."""
        try:
            return name()
        except (NameError, AttributeError):
            return UNBOUND


def run_script(path: str, arguments: Sequence[str]) -> int:
    """Run the file as `__main__`; returns the exit status. Uncaught exceptions are printed as
    CPython prints them, without frames of Conure."""
    text = Path(path).read_bytes()
    module = ModuleType("__main__")
    vars(module).update(__file__=path, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = module
    sys.argv = [path, *arguments]
    sys.path[0] = str(Path(path).resolve().parent)
    try:
        code = compile_script(text.decode("utf-8"), path, vars(module))
        exec(code, vars(module))
    except SystemExit:
        raise
    except BaseException as error:  # whatever the script raises is shown as CPython shows it
        sys.excepthook(type(error), error, _without_conure(error))
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def compile_script(text: str, path: str, namespace: dict[str, Any]) -> CodeType:
    """The script's code, rewritten; `namespace` receives the hooks."""
    tree = parse_text(text, path)
    hooks = Hooks()
    namespace[_HOOKS] = hooks
    scope = _scope(tree)
    head = _head_length(tree)
    body = rewrite_body(tree.body[head:], scope, scope.always_live, frozenset())
    for region in scope.regions:
        name = f"region_{region.number}"
        dispatcher = Dispatcher(
            region, path, "<module>", {}, lambda hook, name=name: setattr(hooks, name, hook)
        )
        remember(dispatcher)
        setattr(hooks, name, dispatcher)
    module = ast.Module(body=[*tree.body[:head], *body], type_ignores=[])
    return compile(ast.fix_missing_locations(module), path, "exec", dont_inherit=True)


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
    """A function definition with `jit` nearest to the function; methods of classes too."""
    match stmt:
        case ast.FunctionDef():
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


def _without_conure(error: BaseException) -> Any:
    """The traceback from the script's own first frame on."""
    frame = error.__traceback__
    own = str(Path(__file__).parent)
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(own):
        frame = frame.tb_next
    if frame is None and isinstance(error, SyntaxError):
        return None
    return frame or error.__traceback__
