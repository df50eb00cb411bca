"""Combining what the chunks of a parallel reduction left: a fixed tree, neighbours first."""

from __future__ import annotations

from conure.codegen.casts import real_constant
from conure.codegen.expression import apply_operator
from conure.codegen.records import read_record, write_values
from conure.codegen.scope import Operands, Scope, machine_type, parts
from conure.ir.nodes import Apply, For, Reduction, Var
from conure.ir.ops import KEEPING, OPS
from conure.ir.types import Scalar, truth
from conure.ir.walk import walk

_Record = dict[str, tuple[Operands, str]]  # by name: the value, and whether it was set


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
    names = tuple(name for each in reductions for name in each.names)
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
    both = combine_records(scope, loop, reductions, left, right)
    write_values(scope, names, (partials, row, "ptr"), both)
    function.emit(f"store i64 {value(f'add i64 {other}, {gap}')}, ptr {row_cell}")
    function.branch(pair)
    function.begin(raised)
    function.emit(f"store i64 {value(f'shl i64 {gap}, 1')}, ptr {gap_cell}")
    function.branch(level)
    function.begin(done)
    total = read_record(scope, names, partials, "0")
    for each in reductions:
        before: _Record = {name: (scope.read(name), "1") for name in each.names}
        for name, (kept, _) in _combine(scope, loop, each, before, total).items():
            scope.write(name, kept)


def combine_records(
    scope: Scope, loop: For, reductions: tuple[Reduction, ...], left: _Record, right: _Record
) -> _Record:
    """What two neighbours got, together."""
    both: _Record = {}
    for each in reductions:
        both |= _combine(scope, loop, each, left, right)
    return both


def _combine(
    scope: Scope, loop: For, reduction: Reduction, left: _Record, right: _Record
) -> _Record:
    value, scalar, name = scope.function.value, scope.types[reduction.name], reduction.name
    some = value(f"or i1 {left[name][1]}, {right[name][1]}")
    operands = Var(name, scalar), Var(name, scalar)
    if reduction.op == "last" or reduction.op in KEEPING:
        newer = right[name][1]
        if reduction.op in KEEPING:
            test = Apply(reduction.op, operands, truth(scalar))
            (better,) = apply_operator(scope, test, [right[name][0], left[name][0]])
            newer = value(f"and i1 {newer}, {better}")
        return {
            each: (_select(scope, newer, each, right[each][0], left[each][0]), some)
            for each in reduction.names
        }
    checked = OPS[reduction.op].can_fail(scalar) and _checked(loop)
    node = Apply(reduction.op, operands, scalar, checked)
    return {name: (apply_operator(scope, node, [left[name][0], right[name][0]]), some)}


def _select(scope: Scope, newer: str, name: str, new: Operands, old: Operands) -> Operands:
    kind, value = machine_type(scope.types[name]), scope.function.value
    return tuple(
        value(f"select i1 {newer}, {kind} {a}, {kind} {b}") for a, b in zip(new, old, strict=True)
    )


def _checked(loop: For) -> bool:
    """Whether the loop checks anything; then the combining of its partial results is, too."""
    return any(isinstance(node, Apply) and node.checked for node in walk(loop.body))
