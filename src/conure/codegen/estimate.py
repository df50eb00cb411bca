"""How much work a loop is, estimated when it is reached: turns times the cost of its body.

Bounds of inner loops are evaluated with the outer indexes at their middles, so a triangle counts
half. What cannot be told beforehand counts as a few turns.
"""

from __future__ import annotations

from typing import Final

from conure.codegen.casts import real_constant
from conure.codegen.facts import is_leaf, loops_of, own_cost
from conure.codegen.memory import dimension
from conure.codegen.scope import Bounds, Scope
from conure.ir.nodes import Apply, Const, Dim, Expr, For, If, Stmt, Var, While
from conure.ir.types import INT
from conure.ir.walk import names_written, statements

_UNKNOWN_TURNS: Final = 16.0
_SCALAR_NANOSECONDS: Final = 0.3
_VECTOR_NANOSECONDS: Final = 0.08
_OVERHEAD: Final = 2.0  # of each turn, in additions

_OPERATIONS: Final = {"add": "fadd", "sub": "fsub", "mul": "fmul", "floordiv": "fdiv"}


def nanoseconds(scope: Scope, loop: For, bounds: Bounds) -> str:
    """The time of one turn of a loop, as an operand of type double."""
    middle = _double(scope, bounds.start)
    half = scope.function.value(f"fmul double {_double(scope, bounds.trips)}, 0.5")
    reach = scope.function.value(f"fmul double {half}, {_double(scope, bounds.step)}")
    known = {loop.index: scope.function.value(f"fadd double {middle}, {reach}")}
    return _turn(scope, loop, known, frozenset(names_written(loop)))


def _turn(scope: Scope, loop: For | While, known: dict[str, str], written: frozenset[str]) -> str:
    value = scope.function.value
    total = real_constant((own_cost(loop.body) + _OVERHEAD) * _unit(loop))
    for inner in loops_of(loop.body):
        if isinstance(inner, While):
            turns = real_constant(_UNKNOWN_TURNS)
        else:
            turns = _turns(scope, inner, known, written)
        time = value(f"fmul double {turns}, {_turn(scope, inner, known, written)}")
        total = value(f"fadd double {total}, {time}")
    return total


def _unit(loop: For | While) -> float:
    branches = any(isinstance(stmt, If | While) for stmt in statements(loop.body))
    lanes = isinstance(loop, For) and is_leaf(loop) and not branches
    return _VECTOR_NANOSECONDS if lanes else _SCALAR_NANOSECONDS


def _turns(scope: Scope, loop: For, known: dict[str, str], written: frozenset[str]) -> str:
    """The trips of an inner loop; its index becomes known, by its middle."""
    value = scope.function.value
    ends = [_number(scope, bound, known, written) for bound in (loop.start, loop.stop, loop.step)]
    start, stop, step = ends
    if start is None or stop is None or step is None:
        return real_constant(_UNKNOWN_TURNS)
    length = value(f"fsub double {stop}, {start}")
    half = value(f"fmul double {value(f'fadd double {stop}, {start}')}, 0.5")
    known[loop.index] = half
    turns = value(f"fdiv double {length}, {step}")
    positive = value(f"fcmp ogt double {turns}, 0.0")
    return value(f"select i1 {positive}, double {turns}, double 0.0")


def _number(scope: Scope, expr: Expr, known: dict[str, str], written: frozenset[str]) -> str | None:
    """An integer expression as a double, or None where it cannot be told beforehand."""
    match expr:
        case Const(value):
            return real_constant(float(value.real))
        case Var(name):
            if name in known:
                return known[name]
            there = name in scope.cells or name in scope.indexes
            if name in written or expr.type is not INT or not there:
                return None
            return _double(scope, scope.read(name)[0])
        case Dim(array, axis):
            if array not in scope.arrays:
                return None
            return _double(scope, dimension(scope, array, axis))
        case Apply(op, args) if op in _OPERATIONS:
            first, second = (_number(scope, arg, known, written) for arg in args)
            if first is None or second is None:
                return None
            return scope.function.value(f"{_OPERATIONS[op]} double {first}, {second}")
        case _:
            return None


def _double(scope: Scope, operand: str) -> str:
    return scope.function.value(f"sitofp i64 {operand} to double")


def body_nanoseconds(stmts: tuple[Stmt, ...]) -> float:
    """The time of one turn as far as the program alone tells; inner loops count a few turns."""
    time = own_cost(stmts) * _VECTOR_NANOSECONDS
    for inner in loops_of(stmts):
        time += _UNKNOWN_TURNS * body_nanoseconds(inner.body)
    return time + _OVERHEAD * _VECTOR_NANOSECONDS
