"""How long CPython would take for a program: small work is not worth compiling.

>>> from conure.ir.parse import parse
>>> program = parse("program p(x: f64[1]C, n: int) { for i in 0:n { x[i] = 0.0:f64 } }")
>>> round(python_seconds(program, {"n": 1000}) * 1e6)
100
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from conure.ir.nodes import (
    Apply,
    Assign,
    Const,
    Dim,
    Expr,
    For,
    If,
    Load,
    Program,
    Stmt,
    Store,
    Var,
    While,
)  # fmt: skip
from conure.ir.walk import bodies, expressions, walk

_STEP = 20e-9  # of a loop, an assignment, a name
_OPERATION = 30e-9  # on Python scalars; about twice that on NumPy's
_ACCESS = 80e-9  # an element of an array, as a NumPy scalar

Facts = Mapping[str, float | tuple[int, ...]]
"""What is known: numbers of scalars, shapes of arrays."""


def python_seconds(program: Program, facts: Facts) -> float:
    """An estimate for these arguments; infinite where a loop's length cannot be told."""
    try:
        return _list(program.body, dict(facts))
    except (OverflowError, ValueError):  # with numbers that no float holds, or from inf - inf
        return math.inf


def _list(stmts: tuple[Stmt, ...], known: dict[str, float | tuple[int, ...]]) -> float:
    return sum(_statement(stmt, known) for stmt in stmts)


def _statement(stmt: Stmt, known: dict[str, float | tuple[int, ...]]) -> float:
    own = sum(_expression(expr) for expr in expressions(stmt))
    match stmt:
        case While():
            return math.inf
        case For():
            trips = _trips(stmt, known)
            start = _number(stmt.start, known)
            if trips and start is not None and math.isfinite(trips):
                middle = start + (trips - 1) / 2 * (_number(stmt.step, known) or 1)
                known[stmt.index] = middle
            return own + (trips * (_STEP + _list(stmt.body, known)) if trips else 0.0)
        case If():
            return own + max(_list(stmt.then, known), _list(stmt.orelse, known))
        case Assign():
            value = _number(stmt.value, known)
            known.pop(stmt.name, None)
            if value is not None:
                known[stmt.name] = value
            return own + _STEP
        case Store():
            return own + _ACCESS
        case _:
            return own + sum(_list(body, known) for body in bodies(stmt))


def _expression(expr: Expr) -> float:
    nodes = list(walk(expr))
    loads = sum(isinstance(node, Load) for node in nodes)
    applies = sum(isinstance(node, Apply) and node.op != "cast" for node in nodes)
    return loads * _ACCESS + applies * _OPERATION


def _trips(loop: For, known: dict[str, float | tuple[int, ...]]) -> float:
    start, stop, step = (_number(e, known) for e in (loop.start, loop.stop, loop.step))
    if start is None or stop is None or not step:
        return math.inf
    count = (stop - start) / step
    return max(0.0, math.ceil(count)) if math.isfinite(count) else math.inf


def _number(expr: Expr, known: dict[str, float | tuple[int, ...]]) -> float | None:
    match expr:
        case Const(value=int() | float() as value):
            return float(value)
        case Var():
            found = known.get(expr.name)
            return found if isinstance(found, int | float) else None
        case Dim():
            shape = known.get(expr.array)
            return shape[expr.axis] if isinstance(shape, tuple) else None
        case Apply():
            args = [_number(arg, known) for arg in expr.args]
            if any(arg is None for arg in args):
                return None
            return _applied(expr.op, [arg for arg in args if arg is not None])
        case _:
            return None


def _applied(op: str, args: list[float]) -> float | None:
    match op, args:
        case "add", (a, b):
            return a + b
        case "sub", (a, b):
            return a - b
        case "mul", (a, b):
            return a * b
        case "floordiv" | "divide", (a, b) if b:
            return a / b
        case "minimum", (a, b):
            return min(a, b)
        case "maximum", (a, b):
            return max(a, b)
        case "neg", (a,):
            return -a
        case "cast", (a,):
            return a
        case _:
            return None
