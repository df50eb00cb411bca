"""Fold what is constant, apply the rewrite rules, and drop statements that do nothing.

>>> from conure.ir.parse import parse
>>> from conure.ir.text import show
>>> print(show(simplify(parse('''
... program f(a: f64[1]C, n: int, c: bool) {
...     assume 2 + 2 < 5
...     for i in 0:n { block next { if c == False { leave next } a[i + 0] = 1.0:f64 / 4.0:f64 } }
...     while c and False { fail }
... }'''))))
program f(a: f64[1]C, n: int, c: bool) {
    for i in 0:n {
        if c {
            a[i] = 0.25:f64
        }
    }
}
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from conure.ir.arithmetic import Failed, compute, convert, value_of
from conure.ir.nodes import (
    SERIAL,
    Apply,
    Assign,
    Assume,
    Block,
    Const,
    Expr,
    Fail,
    For,
    If,
    Leave,
    Mark,
    Program,
    Stmt,
    Var,
    While,
)
from conure.ir.ops import apply, cast_can_fail
from conure.ir.rules import can_fail, rewrite
from conure.ir.types import INT, Scalar
from conure.ir.walk import map_expressions, map_statements, statements, substitute

_ROUNDS: Final = 8  # each round only uncovers what the one before folded; two are usual
_SINGLE: Final = ("f32", "c64")


def simplify(program: Program) -> Program:
    """The same program with fewer nodes; every check that can still fail is kept."""
    for _ in range(_ROUNDS):
        body = map_expressions(program.body, simplify_expression)
        body = _reachable(map_statements(body, _statement))
        if body is program.body:
            break
        program = program.with_body(body)
    return program


# ---- expressions ---------------------------------------------------------------------------


def simplify_expression(expr: Expr) -> Expr:
    """The outermost operator of an expression folded and rewritten, its operands as they are."""
    while isinstance(expr, Apply):
        new = _folded(expr) or _shorter_cast(expr) or _never_fails(expr) or rewrite(expr)
        if new is None:
            break
        expr = new
    return expr


def _folded(expr: Apply) -> Const | None:
    """The constant that an operator yields on constants, unless it would fail."""
    values = [value_of(arg) for arg in expr.args if isinstance(arg, Const)]
    if len(values) < len(expr.args):
        return None
    try:
        if expr.op == "cast":
            return _constant(convert(values[0], expr.type, checked=True), expr.type)
        return _constant(compute(expr.op, tuple(values), expr.type, checked=True), expr.type)
    except Failed:
        return None


def _constant(value: Any, scalar: Scalar) -> Const:
    return Const(value.item() if isinstance(value, np.generic) else value, scalar)


def _shorter_cast(expr: Apply) -> Expr | None:
    """`f64(int(x))` is `f64(x)` where the inner cast keeps every value."""
    if expr.op != "cast":
        return None
    inner = expr.args[0]
    if inner.type is expr.type:
        return inner
    if not isinstance(inner, Apply) or inner.op != "cast":
        return None
    value = inner.args[0]
    source, middle, target = value.type, inner.type, expr.type
    if not keeps_values(source, middle):
        return None
    if source is target:
        return value
    if target.is_integer and not keeps_values(source, target):
        rounded = source.is_integer and middle.kind == "real"
        if rounded or (expr.checked and not cast_can_fail(source, target)):
            return None
    if source.is_integer and source.bits == 64 and target.name in _SINGLE:
        return None  # an `int` is rounded twice, an `i64` once
    checked = expr.checked and cast_can_fail(source, target)
    return Apply("cast", (value,), target, checked, expr.loc)


def keeps_values(source: Scalar, target: Scalar) -> bool:
    """Whether every value of a type is one of the other, so that a cast there and on loses none."""
    if source.kind == "bool":
        return True
    if target.kind == "bool":
        return False
    if source.is_integer and target.is_integer:
        return target.range[0] <= source.range[0] and source.range[1] <= target.range[1]
    if source.is_integer:
        return source.bits < (24 if target.name in _SINGLE else 53)
    if source.kind == target.kind:
        return source.bits <= target.bits
    return source.kind == "real" and target.kind == "complex" and 2 * source.bits <= target.bits


def _never_fails(expr: Apply) -> Apply | None:
    """Clear the check of a division or a shift by a constant with which it cannot fail."""
    if not expr.checked or len(expr.args) != 2 or not isinstance(expr.args[1], Const):
        return None
    value, scalar = expr.args[1].value, expr.type
    match expr.op:
        case "divide" | "mod":
            rounds_twice = expr.op == "divide" and expr.args[0].type is INT
            safe = scalar.kind != "complex" and value != 0 and not rounds_twice
        case "floordiv":
            safe = value != 0 and (scalar.kind == "real" or value != -1)
        case "shr":
            safe = isinstance(value, int) and 0 <= value < scalar.bits
        case _:
            safe = False
    return replace(expr, checked=False) if safe else None


# ---- statements ----------------------------------------------------------------------------


def _statement(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
    """What stands for a statement, its own lists being simplified already."""
    match stmt:
        case Assign(value=Var(name=name)) if name == stmt.name:
            return ()
        case Assume(condition=Const(value=True)):
            return ()
        case While(condition=Const(value=False)):
            return ()
        case While(body=body) if (kept := _reachable(body)) is not body:
            return replace(stmt, body=kept)
        case If():
            return _branch(stmt)
        case Block():
            return _block(stmt)
        case For():
            return _loop(stmt)
        case _:
            return stmt


def _reachable(stmts: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    for position, stmt in enumerate(stmts[:-1]):
        if isinstance(stmt, Leave | Fail):
            return stmts[: position + 1]
    return stmts


def _branch(stmt: If) -> Stmt | tuple[Stmt, ...]:
    then, orelse = _reachable(stmt.then), _reachable(stmt.orelse)
    if isinstance(stmt.condition, Const):
        return then if stmt.condition.value else orelse
    if not then and not orelse and not can_fail(stmt.condition):
        return ()
    if not then and orelse:
        negated = simplify_expression(apply("not", stmt.condition))
        return replace(stmt, condition=negated, then=orelse, orelse=())
    if then is stmt.then and orelse is stmt.orelse:
        return stmt
    return replace(stmt, then=then, orelse=orelse)


def _block(stmt: Block) -> Stmt | tuple[Stmt, ...]:
    body = _structured(_reachable(stmt.body), stmt.label)
    left = (inner.label for inner in statements(body) if isinstance(inner, Leave))
    if stmt.label not in left:
        return body
    return stmt if body is stmt.body else replace(stmt, body=body)


def _structured(stmts: tuple[Stmt, ...], label: str) -> tuple[Stmt, ...]:
    """Statements before the end of block `label`: `if c { leave } rest` is `if not c { rest }`."""
    for position, stmt in enumerate(stmts):
        before, rest = stmts[:position], stmts[position + 1 :]
        if stmt == Leave(label):
            return before
        if not isinstance(stmt, If):
            continue
        then, orelse = stmt.then, stmt.orelse
        if then[-1:] == (Leave(label),):
            new = replace(stmt, then=then[:-1], orelse=_structured(orelse + rest, label))
            return (*before, new)
        if orelse[-1:] == (Leave(label),):
            new = replace(stmt, then=_structured(then + rest, label), orelse=orelse[:-1])
            return (*before, new)
        if not rest:
            inner = _structured(then, label), _structured(orelse, label)
            if inner != (then, orelse):
                return (*before, replace(stmt, then=inner[0], orelse=inner[1]))
    return stmts


def _loop(loop: For) -> Stmt | tuple[Stmt, ...]:
    body, mark = _reachable(loop.body), _mark(loop.mark)
    bounds = (loop.start, loop.stop, loop.step)
    values = [bound.value for bound in bounds if isinstance(bound, Const)]
    if len(values) == 3:
        start, stop, step = (int(value.real) for value in values)
        trips = len(range(start, stop, step))
        if trips <= 1:
            return substitute(body, {loop.index: loop.start}) if trips else ()
    idle = loop.start == loop.stop or not body
    if idle and not any(map(can_fail, bounds)):
        return ()
    if body is loop.body and mark is loop.mark:
        return loop
    return replace(loop, body=body, mark=mark)


def _mark(mark: Mark) -> Mark:
    if not isinstance(mark.guard, Const):
        return mark
    return replace(mark, guard=None) if mark.guard.value else SERIAL
