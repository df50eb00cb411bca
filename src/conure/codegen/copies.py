"""Arrays that a parallel loop accumulates into: a copy per chunk, combined in order.

The number of chunks depends on the number of turns only, and whether there are copies at all on
the sizes, so that the answer does not depend on the number of threads. Where the copies would be
large next to the loop's work the loop runs in place instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conure.codegen.combine import identity
from conure.codegen.memory import current, declare_array, heap
from conure.codegen.scope import Array, Scope
from conure.ir.nodes import Apply, Const, Dim, Expr, For, If, Load, Reduction, Stmt, Store, Var
from conure.ir.ops import KEEPING, OPS
from conure.ir.types import INT, ArrayType, Scalar, truth
from conure.ir.walk import walk

MOST_COPIES: Final = 16
_MOST_ELEMENTS: Final = 1 << 20
_CHUNK: Final = "chunk of copies"


def array_sums(loop: For) -> tuple[Reduction, ...]:
    """The arrays that a loop accumulates into."""
    return tuple(each for each in loop.mark.reductions if each.array)


def copyable(scope: Scope, loop: For) -> bool:
    """Whether each of them can have copies."""
    return all(
        each.op != "last" and each.name in scope.arrays and each.name not in scope.facts.rebound
        for each in array_sums(loop)
    )


def elements(scope: Scope, array: Array) -> str:
    """How many elements an array has."""
    total = "1"
    for extent in array.dims:
        total = scope.function.value(f"mul i64 {total}, {extent}")
    return total


def pays(scope: Scope, loop: For, trips: str) -> str:
    """Whether the copies are small: for themselves, and next to the turns."""
    value = scope.function.value
    total = "0"
    for each in array_sums(loop):
        total = value(f"add i64 {total}, {elements(scope, current(scope, each.name))}")
    small = value(f"icmp ult i64 {total}, {_MOST_ELEMENTS}")
    many = value(f"icmp ugt i64 {trips}, {4 * MOST_COPIES}")
    return value(f"and i1 {small}, {many}")


def allocate_copies(scope: Scope, loop: For) -> dict[str, str]:
    """Memory for the copies of each array."""
    found = {}
    for each in array_sums(loop):
        array = current(scope, each.name)
        found[each.name] = heap(scope, array.type.dtype, (str(MOST_COPIES), *array.dims))
    return found


def own_copy(kernel: Scope, reduction: Reduction, array: Array, base: str) -> list[Stmt]:
    """In the kernel, the name means this chunk's copy; the statements that fill it."""
    value, kind = kernel.function.value, array.type
    bytes_each = value(f"mul i64 {elements(kernel, array)}, {kind.dtype.bytes}")
    place = value(f"mul i64 %chunk, {bytes_each}")
    data = value(f"getelementptr inbounds i8, ptr {base}, i64 {place}")
    before = f"{reduction.name} before"
    declare_array(kernel, replace(array, name=before))
    flat = ArrayType(kind.dtype, kind.rank, "C")
    declare_array(kernel, replace(array, type=flat, data=data, strides=()))
    index = _index(reduction.name, kind.rank)
    start = _start(reduction.op, kind.dtype)
    first: Expr = Load(before, index, kind.dtype, False) if start is None else start
    return _over(array, index, Store(reduction.name, index, first, False))


def _start(op: str, scalar: Scalar) -> Const | None:
    """The operator's identity as a constant (see `combine.identity`)."""
    if identity(op, scalar) is None:
        return None
    number: complex = 1 if op == "mul" else 0
    if op == "add" and scalar.kind == "real":
        number = -0.0
    if op == "add" and scalar.kind == "complex":
        number = complex(-0.0, -0.0)
    if scalar.is_integer or scalar.kind == "bool":
        number = int(number.real)
    return Const(number, scalar)


def combining(scope: Scope, loop: For, copies: dict[str, str], chunks: str) -> list[Stmt]:
    """Statements that add the copies to the arrays, chunk after chunk."""
    made: list[Stmt] = []
    for each in array_sums(loop):
        array = current(scope, each.name)
        kind, name = array.type, f"{each.name} copies"
        flat = ArrayType(kind.dtype, kind.rank + 1, "C")
        dims = (chunks, *array.dims)
        declare_array(scope, Array(name, flat, copies[each.name], dims, ()))
        index = _index(each.name, kind.rank)
        old = Load(each.name, index, kind.dtype, False)
        new = Load(name, (Var(_CHUNK, INT), *index), kind.dtype, False)
        inside = _over(array, index, _combine(loop, each, old, new, index))
        start, step = Const(0, INT), Const(1, INT)
        made.append(For(_CHUNK, start, Dim(name, 0, INT), step, tuple(inside)))
    return made


def _combine(
    loop: For, reduction: Reduction, old: Load, new: Load, index: tuple[Expr, ...]
) -> Stmt:
    scalar = old.type
    if reduction.op in KEEPING:
        better = Apply(reduction.op, (new, old), truth(scalar))
        return If(better, (Store(reduction.name, index, new, False),))
    checked = OPS[reduction.op].can_fail(scalar) and any(
        isinstance(node, Apply) and node.checked for node in walk(loop.body)
    )
    value = Apply(reduction.op, (old, new), scalar, checked)
    return Store(reduction.name, index, value, False)


def _index(name: str, rank: int) -> tuple[Expr, ...]:
    return tuple(Var(f"{name} axis {axis}", INT) for axis in range(rank))


def _over(array: Array, index: tuple[Expr, ...], stmt: Stmt) -> list[Stmt]:
    """The statement for every index of an array."""
    for axis in reversed(range(array.type.rank)):
        variable = index[axis]
        assert isinstance(variable, Var)
        start, step = Const(0, INT), Const(1, INT)
        stmt = For(variable.name, start, Dim(array.name, axis, INT), step, (stmt,))
    return [stmt]
