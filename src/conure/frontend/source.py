"""A user's function or script as syntax with its true file, lines and columns.

>>> def double(x):
...     return 2 * x
>>> other = parse_text("def double(x):\\n    return x + x\\n", "<demo>").body[0]
>>> with_code(double, recompile(other, double), {})("a")
'aa'
"""

from __future__ import annotations
import __future__

import ast
import functools
import inspect
import operator
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import CellType, CodeType, FunctionType
from typing import Any, Final

from conure.errors import Loc, Reason

_FACTORY: Final = "__conure_factory"
_BODY: Final = "__conure_body"  # not the function's own name, which is a global one to it
_FUTURE: Final = functools.reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)


def parse_text(text: str | bytes, file: str) -> ast.Module:
    """Syntax of a whole script; bytes are read as their encoding line says."""
    tree = ast.parse(text, filename=file)
    assert isinstance(tree, ast.Module)
    return tree


def parse_function(function: FunctionType) -> ast.FunctionDef | Reason:
    """Syntax of one function, lines and columns as in its file; a reason where there is none."""
    place = place_of_function(function)
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        return Reason("the source text of this function cannot be found", place)
    text = "".join(lines)
    flat = textwrap.dedent(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said already when the file was compiled
            node = ast.parse(flat).body[0]
    except (SyntaxError, RecursionError, IndexError):
        return Reason("the source text of this function does not stand alone", place)
    if not isinstance(node, ast.FunctionDef) or node.name != function.__code__.co_name:
        return Reason("only functions made by `def` are compiled", place, "use `def`")
    indent = len(lines[0]) - len(lines[0].lstrip())
    _shift(node, first - 1, indent)
    mangle(node, function.__qualname__)
    return node


def mangle(tree: ast.FunctionDef, qualified: str) -> None:
    """Private names of a class as its body has them: `self.__x` is `self._Owner__x`."""
    parts = qualified.split(".")
    owners = [a for a, b in pairwise(parts) if "<locals>" not in (a, b)]
    owner = owners[-1].lstrip("_") if owners else ""
    if not owner:
        return

    def private(name: str) -> str:
        hidden = name.startswith("__") and not name.endswith("__")
        return f"_{owner}{name}" if hidden else name

    for node in ast.walk(tree):
        match node:
            case ast.Name():
                node.id = private(node.id)
            case ast.Attribute():
                node.attr = private(node.attr)
            case ast.arg():
                node.arg = private(node.arg)
            case ast.keyword(arg=str(name)):
                node.arg = private(name)
            case ast.Global() | ast.Nonlocal():
                node.names = [private(name) for name in node.names]
            case _:
                pass


def _shift(tree: ast.AST, lines: int, columns: int) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias):
            node.lineno += lines
            node.col_offset += columns
            node.end_lineno = (node.end_lineno or node.lineno) + lines
            node.end_col_offset = (node.end_col_offset or 0) + columns


def place_of(node: ast.AST, file: str, function: str) -> Loc:
    """The span of a syntax node."""
    line = getattr(node, "lineno", 0)
    column = getattr(node, "col_offset", 0)
    end_line = getattr(node, "end_lineno", None) or line
    end_column = getattr(node, "end_col_offset", None) or column
    return Loc(file, line, column, end_line, end_column, function)


def place_of_function(function: FunctionType) -> Loc:
    """Where its `def` or first decorator stands."""
    code = function.__code__
    return Loc(code.co_filename, code.co_firstlineno, 0, 0, 0, "")


def recompile(node: ast.stmt, function: FunctionType, extra: Sequence[str] = ()) -> CodeType:
    """Code with the syntax of `node` for the place of `function`: same name, file and free
    names; `extra` names are free as well."""
    assert isinstance(node, ast.FunctionDef)
    bare = _definition(_BODY, _without_defaults(node.args), node.body, node)
    bare.decorator_list = node.decorator_list  # never run; the code's first line is theirs
    free = (*function.__code__.co_freevars, *extra)
    factory = _definition(_FACTORY, _parameters(free), [bare], node)
    module = ast.fix_missing_locations(ast.Module(body=[factory], type_ignores=[]))
    file, flags = function.__code__.co_filename, function.__code__.co_flags & _FUTURE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = compile(module, file, "exec", flags=flags, dont_inherit=True)
    code = _nested(_nested(made, _FACTORY), _BODY)
    named = _requalified(code, f"{_FACTORY}.<locals>.{_BODY}", function.__qualname__)
    return named.replace(co_name=function.__code__.co_name)


def _requalified(code: CodeType, old: str, new: str) -> CodeType:
    """The code with qualified names inside it, those of classes included, under another one."""
    constants: list[object] = []
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            constant = _requalified(constant, old, new)
        elif isinstance(constant, str) and constant.startswith(old):
            constant = new + constant.removeprefix(old)
        constants.append(constant)
    name = new + code.co_qualname.removeprefix(old)
    return code.replace(co_qualname=name, co_consts=tuple(constants))


def with_code(
    function: FunctionType, code: CodeType, extra: Mapping[str, CellType]
) -> FunctionType:
    """The function with other code: same globals, closure cells and defaults; `extra` cells for
    the names that `recompile` made free."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    cells |= extra
    closure = tuple(cells[name] for name in code.co_freevars)
    result = FunctionType(code, function.__globals__, function.__name__, None, closure)
    result.__defaults__ = function.__defaults__
    result.__kwdefaults__ = function.__kwdefaults__
    return result


def _definition(
    name: str, arguments: ast.arguments, body: list[ast.stmt], place: ast.stmt
) -> ast.FunctionDef:
    made = ast.FunctionDef(name=name, args=arguments, body=body, decorator_list=[], returns=None)
    if "type_params" in ast.FunctionDef._fields:  # Python 3.12 and later
        setattr(made, "type_params", [])  # noqa: B010 # the field is unknown to 3.11's types
    return ast.copy_location(made, place)


def _without_defaults(arguments: ast.arguments) -> ast.arguments:
    """The parameters, with placeholders where there are defaults (the values are copied)."""
    none = ast.Constant(value=None)
    plain = ast.arguments(
        posonlyargs=[_bare(a) for a in arguments.posonlyargs],
        args=[_bare(a) for a in arguments.args],
        vararg=_bare(arguments.vararg) if arguments.vararg else None,
        kwonlyargs=[_bare(a) for a in arguments.kwonlyargs],
        kw_defaults=[none if d is not None else None for d in arguments.kw_defaults],
        kwarg=_bare(arguments.kwarg) if arguments.kwarg else None,
        defaults=[none for _ in arguments.defaults],
    )
    return plain


def _bare(argument: ast.arg) -> ast.arg:
    return ast.arg(arg=argument.arg, lineno=argument.lineno, col_offset=argument.col_offset)


def _parameters(names: tuple[str, ...]) -> ast.arguments:
    return ast.arguments(
        posonlyargs=[], args=[ast.arg(arg=name) for name in names], vararg=None,
        kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[],
    )  # fmt: skip


def _nested(code: CodeType, name: str) -> CodeType:
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and constant.co_name == name:
            return constant
    raise AssertionError(f"{name} is not in {code.co_name}")


def outermost_names(function: Callable[..., Any]) -> dict[str, object]:
    """What the function can see from outside: globals, then closure cells that are filled."""
    assert isinstance(function, FunctionType)
    seen: dict[str, object] = dict(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            seen[name] = cell.cell_contents
        except ValueError:
            seen.pop(name, None)
    return seen
