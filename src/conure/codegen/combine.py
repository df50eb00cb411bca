"""Combining what the chunks of a parallel reduction left: a fixed tree, neighbours first."""

from __future__ import annotations

from typing import Final

from conure.codegen.casts import real_constant
from conure.codegen.expression import apply_operator
from conure.codegen.records import read_record, write_values
from conure.codegen.scope import Operands, Scope, machine_type, parts
from conure.ir.nodes import Apply, For, Reduction, Var
from conure.ir.ops import OPS
from conure.ir.types import Scalar, truth
from conure.ir.walk import walk

KEEPING: Final = ("less", "less_equal", "greater", "greater_equal")
"""Reductions that keep the new value where it compares so with the one kept."""


def identity(op: str, scalar: Scalar) -> Operands | None:
    """What a chunk starts from: combined with any value, it gives that value, bit for bit. None:
    from the value before the loop, since combining that again changes nothing.

    >>> from conure.ir.types import F64, I8
    >>> identity("add", F64) == (real_constant(-0.0),), identity("mul", I8)
    (True, ('1',))
    """
    if op not in ("add", "mul", "bitxor"):
        return None
    if scalar.kind not in ("real", "complex"):
        return (str(int(op == "mul")),)
    first = real_constant(1.0 if op == "mul" else -0.0)
    if parts(scalar) == 1:
        return (first,)
    return first, real_constant(0.0 if op == "mul" else -0.0)


def combine_tree(
    scope: Scope, loop: For, reductions: tuple[Reduction, ...], partials: str, chunks: str
) -> None:
    """Combine all into partials[0], and that with the variables' values from before the loop."""
    names = tuple(each.name for each in reductions)
    function, value = scope.function, scope.function.value
    gap_cell, row_cell = function.slot("i64"), function.slot("i64")
    level, pair, onward, raised, done = (
        function.label(hint) for hint in ("level", "pair", "onward", "raised", "combined")
    )
    function.emit(f"store i64 1, ptr {gap_cell}")
    function.begin(level)
    gap = value(f"load i64, ptr {gap_cell}")
    function.emit(f"store i64 0, ptr {row_cell}")
    function.branch_if(value(f"icmp ult i64 {gap}, {chunks}"), pair, done)
    function.begin(pair)
    row = value(f"load i64, ptr {row_cell}")
    other = value(f"add i64 {row}, {gap}")
    function.branch_if(value(f"icmp ult i64 {other}, {chunks}"), onward, raised)
    function.begin(onward)
    left = read_record(scope, names, partials, row)
    right = read_record(scope, names, partials, other)
    both = {
        each.name: _combine(scope, loop, each, left[each.name], right[each.name])
        for each in reductions
    }
    write_values(scope, names, partials, row, both)
    function.emit(f"store i64 {value(f'add i64 {other}, {gap}')}, ptr {row_cell}")
    function.branch(pair)
    function.begin(raised)
    function.emit(f"store i64 {value(f'shl i64 {gap}, 1')}, ptr {gap_cell}")
    function.branch(level)
    function.begin(done)
    total = read_record(scope, names, partials, "0")
    for each in reductions:
        before = scope.read(each.name), "1"
        scope.write(each.name, _combine(scope, loop, each, before, total[each.name])[0])


def _combine(
    scope: Scope,
    loop: For,
    reduction: Reduction,
    left: tuple[Operands, str],
    right: tuple[Operands, str],
) -> tuple[Operands, str]:
    value, scalar = scope.function.value, scope.types[reduction.name]
    some = value(f"or i1 {left[1]}, {right[1]}")
    operands = Var(reduction.name, scalar), Var(reduction.name, scalar)
    if reduction.op == "last" or reduction.op in KEEPING:
        newer = right[1]
        if reduction.op in KEEPING:
            test = Apply(reduction.op, operands, truth(scalar))
            (newer,) = apply_operator(scope, test, [right[0], left[0]])
        kind, pairs = machine_type(scalar), zip(right[0], left[0], strict=True)
        return tuple(
            value(f"select i1 {newer}, {kind} {new}, {kind} {old}") for new, old in pairs
        ), some
    checked = OPS[reduction.op].can_fail(scalar) and _checked(loop)
    node = Apply(reduction.op, operands, scalar, checked)
    return apply_operator(scope, node, [left[0], right[0]]), some


def _checked(loop: For) -> bool:
    """Whether the loop checks anything; then the combining of its partial results is, too."""
    return any(isinstance(node, Apply) and node.checked for node in walk(loop.body))
