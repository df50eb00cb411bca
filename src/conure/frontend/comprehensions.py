"""`sum(e for i in range(n) if c)` and its kin: loops that stand in a function of their own.

    sum(a[i] for i in range(n))   -->   sum_of = 0
                                        for i in range(n):
                                            sum_of = sum_of + a[i]
                                        return sum_of

The names a comprehension binds are its own, as are those of an inlined function; so it becomes
one. `any` and `all` of a generator stop early; of a list they do not.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from typing import Any, Final

from conure.frontend.context import Lowering
from conure.frontend.inlining import inline_closure
from conure.frontend.new_arrays import constant_of
from conure.frontend.values import Closure, Number, Value
from conure.ir.types import FLOAT

Comprehension = ast.GeneratorExp | ast.ListComp
_COMPENSATES: Final = sys.version_info >= (3, 12)
_PLACE: Final = "element"

# What stands before the loop, in each turn, and after it.
_SUM = "result = 0", "result = result + element", "return result"
_EXTREME = (
    "found = False\nresult = start",
    "item = element\nif not found or item < result:\n  result = item\nfound = True",
    "if not found:\n  raise ValueError\nreturn result",
)
_TRIED = "", "item = element", "return item"
_FROM_FIRST = "", "item = element\nif item < result:\n  result = item", "return result"
_ANY = "", "if element:\n  return True", "return False"
_ANY_OF_ALL = "result = False", "if element:\n  result = True", "return result"


def of_comprehension(ctx: Lowering, function: object, node: Comprehension) -> Value:
    """One of the five functions, of a comprehension."""
    if any(each.is_async for each in node.generators) or _names_things(node):
        ctx.refuse("a comprehension that binds names outside is not compiled")
    if function is sum:
        result = _run(ctx, node, _SUM)
        check_sum(ctx, result)
        return result
    if function in (any, all):
        return _of_truths(ctx, function is all, node)
    return _extreme(ctx, function is max, node)


def _names_things(node: Comprehension) -> bool:
    return any(isinstance(part, ast.NamedExpr) for part in ast.walk(node))


def check_sum(ctx: Lowering, value: Value) -> None:
    """Since 3.12 Python's own floats are summed with compensation."""
    if _COMPENSATES and isinstance(value, Number) and FLOAT in (value.type, value.python):
        ctx.refuse("sum of Python floats, which compensates rounding, is not compiled")


def _of_truths(ctx: Lowering, every: bool, node: Comprehension) -> Value:
    template: Sequence[str] = _ANY_OF_ALL if isinstance(node, ast.ListComp) else _ANY
    element: ast.expr = node.elt
    if every:
        swap = {"True": "False", "False": "True"}
        template = tuple(_swapped(part, swap) for part in template)
        element = ast.copy_location(ast.UnaryOp(ast.Not(), node.elt), node.elt)
    return _run(ctx, node, template, element)


def _swapped(text: str, names: dict[str, str]) -> str:
    return " ".join(names.get(word, word) for word in text.split(" "))


def _extreme(ctx: Lowering, largest: bool, node: Comprehension) -> Value:
    """The first turn is taken out of the loop where that is easy: what is left is a reduction."""
    first = _first_turn(node)
    template: Sequence[str] = _EXTREME if first is None else _FROM_FIRST
    if largest:
        template = tuple(part.replace("<", ">") for part in template)
    if first is not None:
        begin, rest = first
        return _run(ctx, rest, template, begin=begin)
    with ctx.nested():
        tried = _run(ctx, node, _TRIED)
    if not isinstance(tried, Number) or tried.kind is not None:
        ctx.refuse("min and max of these are not compiled", "write the loop")
    return _run(ctx, node, template, start=Number(constant_of(0, tried.type)))


def _first_turn(node: Comprehension) -> tuple[list[ast.stmt], Comprehension] | None:
    """Statements of the first turn of `e for i in range(n)`, and the comprehension without it."""
    match node.generators:
        case [
            ast.comprehension(
                ast.Name() as target,
                ast.Call(ast.Name("range"), [*bounds], keywords=[]) as call,
                [],
            )
        ] if 1 <= len(bounds) <= 2 and not any(isinstance(b, ast.Starred) for b in bounds):
            pass
        case _:
            return None
    names = _Names(node)
    low = bounds[0] if len(bounds) == 2 else ast.Constant(0)
    begin = _statements(
        f"{names['start']} = low\n{names['stop']} = high\n"
        f"if not {names['start']} < {names['stop']}:\n  raise ValueError\n"
        f"target = {names['start']}\n{names['result']} = element",
        {"low": low, "high": bounds[-1], "element": node.elt, "target": target},
        node,
    )
    later = ast.BinOp(ast.Name(names["start"], ast.Load()), ast.Add(), ast.Constant(1))
    loop = ast.Call(call.func, [later, ast.Name(names["stop"], ast.Load())], [])
    generator = ast.comprehension(target, loop, [], 0)
    return begin, ast.copy_location(ast.GeneratorExp(node.elt, [generator]), node)


# ---- templates -------------------------------------------------------------------------------


class _Names(dict[str, str]):
    """Names of our own, other than all that the comprehension mentions."""

    def __init__(self, node: ast.AST) -> None:
        super().__init__()
        self.taken = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}

    def __missing__(self, key: str) -> str:
        name = f"{key}_of"
        while name in self.taken:
            name += "_"
        self[key] = name
        return name


class _Filled(ast.NodeTransformer):
    """A template with the user's expressions in their places."""

    def __init__(self, parts: dict[str, ast.expr], names: dict[str, str]) -> None:
        self.parts, self.names = parts, names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.parts:
            part = self.parts[node.id]
            return ast.Name(part.id, node.ctx) if isinstance(part, ast.Name) else part
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def _statements(
    text: str, parts: dict[str, ast.expr], at: ast.AST, names: dict[str, str] | None = None
) -> list[ast.stmt]:
    filled = _Filled(parts, names or {})
    result: list[ast.stmt] = [filled.visit(stmt) for stmt in ast.parse(text).body]
    for stmt in result:
        _place(stmt, at)
    return result


def _place(node: ast.AST, at: ast.AST) -> None:
    """Put what has no place where the comprehension is."""
    for part in ast.walk(node):
        if isinstance(part, ast.stmt | ast.expr) and (
            not hasattr(part, "lineno") or isinstance(part, ast.stmt)
        ):
            ast.copy_location(part, at)


def _run(
    ctx: Lowering,
    node: Comprehension,
    template: Sequence[str],
    element: ast.expr | None = None,
    begin: Sequence[ast.stmt] = (),
    start: Number | None = None,
) -> Value:
    names = _Names(node)
    own = {key: names[key] for key in ("result", "found", "item", "start")}
    parts: dict[str, ast.expr] = {_PLACE: element or node.elt}
    before, turn, after = (_statements(text, parts, node, own) for text in template)
    for generator in reversed(node.generators):
        for test in reversed(generator.ifs):
            turn = [ast.If(test, turn, [])]
        turn = [ast.For(generator.target, generator.iter, turn, [])]
    body = [*begin, *before, *turn, *after]
    nothing: list[Any] = []
    given = [] if start is None else [ast.arg(own["start"])]
    arguments = ast.arguments(nothing, given, None, nothing, nothing, None, nothing)
    made = ast.FunctionDef("comprehension", arguments, body, [])
    for stmt in (made, *body):
        _place(stmt, node)
    values = () if start is None else (start,)
    return inline_closure(ctx, Closure(made, ctx.frame), values, {})
