"""Calls to the user's own functions: their bodies stand in the place of the call.

Everything taken from the callee's world (its globals, closure cells, defaults, its code) becomes
a guard, so that rebinding any of it takes effect at the next call.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from conure.frontend.context import Frame, Lowering, Target, atom
from conure.frontend.joins import RETURN_VALUE
from conure.frontend.liveness import assigned_names, liveness
from conure.frontend.lowered import Guard
from conure.frontend.names import constant, from_outside
from conure.frontend.returns import finish_returns
from conure.frontend.source import mangle
from conure.frontend.values import (
    Binding,
    Closure,
    Elements,
    Environment,
    Number,
    Object,
    Poison,
    Tuple,
    Value,
)

_DEEPEST = 12
Definition = ast.FunctionDef | ast.Lambda


def inline(
    ctx: Lowering,
    function: types.FunctionType,
    given: Sequence[Value],
    named: Mapping[str, Value],
) -> Value:
    """A call to a plain Python function."""
    definition = _definition(function)
    if definition is None:
        ctx.refuse(f"the source of {function.__name__} is not at hand")
    ctx.guards.append(Guard(function, "__code__", function.__code__))
    defaults = _defaults(ctx, function)
    file = function.__code__.co_filename
    return _inline(
        ctx, function.__name__, file, definition, given, named, defaults,
        _outside(ctx, function), function.__code__,
    )  # fmt: skip


def inline_closure(
    ctx: Lowering, closure: Closure, given: Sequence[Value], named: Mapping[str, Value]
) -> Value:
    """A call to a function or lambda that the region itself defines."""
    frame = closure.frame
    assert isinstance(frame, Frame), frame
    if closure.node.args.defaults or closure.node.args.kw_defaults:
        ctx.refuse("defaults of a function defined in the loop are not compiled")

    def outside(name: str) -> Value | None:
        binding = frame.env.get(name)
        if binding is not None and binding.bound is None:
            return binding.value
        return None if name in frame.assigned else frame.outside(name)

    name = closure.node.name if isinstance(closure.node, ast.FunctionDef) else "lambda"
    return _inline(
        ctx, name, frame.file, closure.node, given, named, {}, outside, closure.node
    )  # fmt: skip


def _inline(
    ctx: Lowering,
    name: str,
    file: str,
    definition: Definition,
    given: Sequence[Value],
    named: Mapping[str, Value],
    defaults: Mapping[str, Value],
    outside: Callable[[str], Value | None],
    code: object,
) -> Value:
    if any(frame.code is code for frame in (*ctx.inlined, ctx.frame)):
        ctx.refuse(f"{name} calls itself; recursion is not compiled", "write it as a loop")
    if len(ctx.inlined) >= _DEEPEST:
        ctx.refuse("calls are nested too deeply to be inlined")
    env = _parameters(ctx, name, definition, given, named, defaults)
    body = _body(definition)
    prefix = ctx.unique(name.strip("<>")) + "."
    names = frozenset(env) | assigned_names(body)
    target = Target(f"{prefix}return")
    frame = Frame(name, file, prefix, env, outside, liveness(body, ()), names, target, code)
    return _run(ctx, frame, body)


def _run(ctx: Lowering, frame: Frame, body: Sequence[ast.stmt]) -> Value:
    caller, at, reachable, returning = ctx.frame, ctx.at, ctx.reachable, ctx.returning
    ctx.inlined.append(caller)
    ctx.frame = frame
    ctx.returning = False
    frame.env[RETURN_VALUE] = Binding(Object(None))
    try:
        with ctx.nested() as statements:
            ctx.body(ctx, body, "function")
        finish_returns(ctx, statements)
        value = ctx.env[RETURN_VALUE].value if RETURN_VALUE in ctx.env else Object(None)
        if isinstance(value, Poison):
            ctx.refuse(value.message.replace("'return.value' holds", f"{frame.function} returns"))
    finally:
        ctx.frame = caller
        ctx.inlined.pop()
        ctx.at, ctx.reachable, ctx.returning = at, reachable, returning
    return value


def _body(definition: Definition) -> list[ast.stmt]:
    if isinstance(definition, ast.FunctionDef):
        return definition.body
    returned = ast.Return(definition.body)
    return [ast.copy_location(returned, definition.body)]


# ---- parameters ------------------------------------------------------------------------------


def _parameters(
    ctx: Lowering,
    name: str,
    definition: Definition,
    given: Sequence[Value],
    named: Mapping[str, Value],
    defaults: Mapping[str, Value],
) -> Environment:
    spec = definition.args
    if spec.vararg or spec.kwarg:
        ctx.refuse(f"{name} takes *args or **kwargs, which is not compiled")
    positional = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    keywords = [arg.arg for arg in spec.kwonlyargs]
    values = dict(zip(positional, given, strict=False))
    only = {arg.arg for arg in spec.posonlyargs}
    wrong = [key for key in named if key in values or key in only]
    unknown = [key for key in named if key not in (*positional, *keywords)]
    missing = [
        key
        for key in (*positional, *keywords)
        if key not in values and key not in named and key not in defaults
    ]
    if wrong or unknown or missing or len(given) > len(positional):
        ctx.refuse(f"the arguments do not fit {name}, so the call raises TypeError")
    bound = {**defaults, **values, **named}
    return {key: Binding(_argument(ctx, value)) for key, value in bound.items()}


def _argument(ctx: Lowering, value: Value) -> Value:
    """The callee cannot change its caller's variables, so a variable may stand for itself."""
    match value:
        case Number(expr) if atom(expr):
            return value
        case Number():
            return ctx.held_number(value)
        case Tuple(items, origin):
            return Tuple(tuple(_argument(ctx, item) for item in items), origin)
        case Elements():
            ctx.refuse("an array expression as an argument is not compiled", "name it first")
        case _:
            return value


def _defaults(ctx: Lowering, function: types.FunctionType) -> dict[str, Value]:
    ctx.guards.append(Guard(function, "__defaults__", function.__defaults__))
    ctx.guards.append(Guard(function, "__kwdefaults__", function.__kwdefaults__))
    found: dict[str, Value] = {}
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    given = function.__defaults__ or ()
    for name, value in zip(names[len(names) - len(given) :], given, strict=True):
        found[name] = constant(value)
    for name, value in (function.__kwdefaults__ or {}).items():
        found[name] = constant(value)
    return found


# ---- the callee's world ----------------------------------------------------------------------


def _outside(ctx: Lowering, function: types.FunctionType) -> Callable[[str], Value | None]:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))

    def outside(name: str) -> Value | None:
        _check_constant(ctx, function, name, name in cells)
        if name in cells:
            try:
                value = cells[name].cell_contents
            except ValueError:
                return None
            return from_outside(ctx, cells[name], "cell_contents", value)
        if name in function.__globals__:
            value = function.__globals__[name]
            return from_outside(ctx, function.__globals__, name, value)
        if hasattr(builtins, name):
            value = getattr(builtins, name)
            ctx.guards.append(Guard(vars(builtins), name, value))
            return Object(value)
        return None

    return outside


def _check_constant(ctx: Lowering, function: types.FunctionType, name: str, in_cell: bool) -> None:
    """What the region itself assigns is not what the guard saw on entry."""
    outermost = ctx.inlined[0] if ctx.inlined else ctx.frame
    shared = in_cell or outermost.function == "<module>"
    if shared and name in outermost.assigned:
        ctx.refuse(
            f"{function.__name__} reads {name!r}, which is assigned here too",
            f"pass {name} as an argument",
        )


@lru_cache(maxsize=256)
def _parsed(code: types.CodeType) -> ast.Module | None:
    try:
        lines, first = inspect.getsourcelines(code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    indent = len(lines[0]) - len(lines[0].lstrip())
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt | ast.arg | ast.keyword):
            node.lineno += first - 1
            node.col_offset += indent
            node.end_lineno = (node.end_lineno or node.lineno) + first - 1
            node.end_col_offset = (node.end_col_offset or node.col_offset) + indent
    return tree


def _definition(function: types.FunctionType) -> Definition | None:
    """The syntax of a function, with the line numbers of its file."""
    tree = _parsed(function.__code__)
    if tree is None:
        return None
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    if function.__name__ == "<lambda>":
        return lambdas[0] if len(lambdas) == 1 else None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function.__code__.co_name:
            mangle(node, function.__qualname__)
            return node
    return None
