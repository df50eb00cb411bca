"""Checked sums of 64-bit integers that vectorize.

Testing each partial sum for overflow would tie the turns of a loop together. A marked reduction
`s = s +? e` therefore adds without a test, and next to it the upper halves of all `e`. After n
additions the exact sum is within n * 2**32 of `high * 2**32`, so it fits in 64 bits if
|high| + n < 2**31. Where that does not hold (within n * 2**32 of the limits, too) it fails.
"""

from __future__ import annotations

from typing import Final

from conure.codegen.expression import single
from conure.codegen.scope import Scope
from conure.ir.nodes import Apply, Assign, Expr, For, Var
from conure.ir.types import Scalar
from conure.ir.walk import names_read, statements

_LIMIT: Final = 2**31


def addend(stmt: Assign) -> tuple[str, Expr] | None:
    """Of `s = s +? e` and its like: "add" or "sub", and e."""
    value = stmt.value
    if not isinstance(value, Apply) or value.op not in ("add", "sub") or not value.checked:
        return None
    first, second = value.args
    if isinstance(first, Var) and first.name == stmt.name:
        other = second
    elif value.op == "add" and isinstance(second, Var) and second.name == stmt.name:
        other = first
    else:
        return None
    return None if stmt.name in names_read(other) else (value.op, other)


def additions(loop: For, name: str, scalar: Scalar) -> int:
    """How many additions to this variable one turn makes; 0 if it changes in any other way."""
    if scalar.kind != "signed" or scalar.bits != 64:
        return 0
    inner = [stmt for stmt in statements(loop.body) if isinstance(stmt, For)]
    if any(isinstance(stmt, Assign) and stmt.name == name for stmt in statements(inner)):
        return 0
    changes = [
        stmt for stmt in statements(loop.body) if isinstance(stmt, Assign) and stmt.name == name
    ]
    return len(changes) if all(addend(stmt) is not None for stmt in changes) else 0


def start_sums(scope: Scope, loop: For) -> dict[str, int]:
    """Set up the upper halves of a loop's sums; how many additions each gets per turn."""
    found = {}
    for reduction in loop.mark.reductions:
        name = reduction.name
        if reduction.array or reduction.op != "add" or name in scope.high_sums:
            continue
        if count := additions(loop, name, scope.types[name]):
            slot = scope.function.slot("i64")
            high = scope.function.value(f"ashr i64 {scope.read(name)[0]}, 32")
            scope.function.emit(f"store i64 {high}, ptr {slot}")
            scope.high_sums[name] = slot
            found[name] = count
    return found


def add(scope: Scope, stmt: Assign) -> None:
    """One addition."""
    found = addend(stmt)
    assert found is not None, stmt
    value, (op, expr) = scope.function.value, found
    term = single(scope, expr)
    slot = scope.high_sums[stmt.name]
    upper = value(f"ashr i64 {term}, 32")
    high = value(f"{op} i64 {value(f'load i64, ptr {slot}')}, {upper}")
    scope.function.emit(f"store i64 {high}, ptr {slot}")
    scope.write(stmt.name, (value(f"{op} i64 {scope.read(stmt.name)[0]}, {term}"),))


def finish_sums(scope: Scope, counts: dict[str, int], span: tuple[str, str]) -> None:
    """After the loop: fail where a sum may not fit."""
    value = scope.function.value
    for name, count in counts.items():
        scope.module.declare("i64 @llvm.abs.i64(i64, i1)")
        high = value(f"load i64, ptr {scope.high_sums.pop(name)}")
        size = value(f"call i64 @llvm.abs.i64(i64 {high}, i1 false)")
        turns = value(f"mul i64 {value(f'sub i64 {span[1]}, {span[0]}')}, {count}")
        reach = value(f"add i64 {size}, {turns}")
        with scope.at(steering=name in scope.facts.steering):
            scope.fails(value(f"icmp uge i64 {reach}, {_LIMIT}"), True)
