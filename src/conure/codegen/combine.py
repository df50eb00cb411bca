"""Combining what the chunks of a parallel reduction left: a fixed tree, neighbours first."""

from __future__ import annotations

import math

from conure.codegen.casts import real_constant
from conure.codegen.expression import apply_operator
from conure.codegen.records import read_record, write_values
from conure.codegen.scope import Operands, Scope, machine_type, parts
from conure.ir.nodes import Apply, For, Reduction, Var
from conure.ir.ops import OPS
from conure.ir.types import Scalar
from conure.ir.walk import walk


def identity(op: str, scalar: Scalar) -> Operands:
    """What a chunk starts from: combined with any value, it gives that value, bit for bit.

    >>> from conure.ir.types import F64, I8
    >>> identity("add", F64) == (real_constant(-0.0),), identity("minimum", I8)
    (True, ('127',))
    """
    if scalar.kind in ("real", "complex"):
        starts = {
            "add": -0.0, "mul": 1.0, "minimum": math.inf, "maximum": -math.inf,
            "fmin": math.nan, "fmax": math.nan,
        }  # fmt: skip
        first = real_constant(starts[op])
        if parts(scalar) == 1:
            return (first,)
        return first, real_constant(-0.0 if op == "add" else 0.0)
    low, high = scalar.range
    if op in ("minimum", "maximum"):
        return (str(int(high if op == "minimum" else low)),)
    return (str(int({"add": 0, "mul": 1, "and": 1, "bitand": -1}.get(op, 0))),)


def combine_tree(
    scope: Scope, loop: For, reductions: tuple[Reduction, ...], partials: str, chunks: str
) -> None:
    """partials[0] becomes all of them combined; then the variables, with their values from before."""
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
    if reduction.op == "last":
        kind = machine_type(scalar)
        pairs = zip(right[0], left[0], strict=True)
        return tuple(
            value(f"select i1 {right[1]}, {kind} {new}, {kind} {old}") for new, old in pairs
        ), some
    operands = Var(reduction.name, scalar), Var(reduction.name, scalar)
    checked = OPS[reduction.op].can_fail(scalar) and _checked(loop)
    node = Apply(reduction.op, operands, scalar, checked)
    return apply_operator(scope, node, [left[0], right[0]]), some


def _checked(loop: For) -> bool:
    """Whether the loop checks anything; then the combining of its partial results is, too."""
    return any(isinstance(node, Apply) and node.checked for node in walk(loop.body))
