"""Give each iteration of a loop a work array of its own, where it fills it before it reads it.

    for i in 0:n:1 {                         for i in 0:n - 1:1 {
      for j in 0:m:1 { t[j] = a[i, j] }        t.own = alloc f64[m]
      b[i] = t[0] + t[m - 1]        -->        for j in 0:m:1 { t.own[j] = a[i, j] }
    }                                          b[i] = t.own[0] + t.own[m - 1] }
                                             for i.1 in n - 1:n:1 { ... with t itself }

The last iteration works in the array itself, so that it holds afterwards what it did. Legal where
all that is read or written in an iteration lies in what its first loop over the array fills, the
same in each iteration (array privatisation; Tu and Padua, 1993).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from conure.analysis.access import Access, Loop, Survey
from conure.analysis.affine import ZERO, Poly
from conure.analysis.parallel import Judge, judge_of
from conure.analysis.verdict import Parallel, Serial
from conure.ir.nodes import (
    Alloc,
    Dim,
    Expr,
    For,
    Load,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
)
from conure.ir.ops import apply, integer
from conure.ir.types import INT, ArrayType
from conure.ir.walk import map_expressions, map_statements, statements
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders

LAST: Final = "the last iteration, in the array itself"
_LONG: Final = 40  # statements to have twice
_TRIES: Final = 16
Box = list[tuple[Poly, Poly]]  # for each axis the least subscript, and the one after the greatest


def privatize(program: Program, judge: Judge) -> Program:
    """Apply to every loop that is serial for its work array, where it then becomes parallel; the
    judge is the program's."""
    if any(isinstance(stmt, Rebind) for stmt in statements(program)):
        return program
    for index in [s.index for s in statements(program) if isinstance(s, For)][:_TRIES]:
        loop = judge.found.loops[index]
        if not _suits(loop.statement):
            continue
        verdict = judge.verdict(index)
        if not isinstance(verdict, Serial) or verdict.first is None:
            continue
        array = verdict.first.array
        if _is_refilled(judge.found, loop, array):
            after = _with_own(program, loop.statement, array)
            made = judge_of(after, judge.exact)
            if isinstance(made.verdict(index), Parallel):
                program, judge = after, made
    return program


def _suits(loop: For) -> bool:
    inside = list(statements(loop.body))
    holds = any(isinstance(stmt, For) for stmt in inside)
    return holds and loop.step == integer(1) and len(inside) <= _LONG


def _is_refilled(found: Survey, loop: Loop, array: str) -> bool:
    """Whether each iteration first fills a part of the array, the same each time, and then stays
    within it."""
    program = found.program
    params = {p.name for p in program.params if isinstance(p.type, ArrayType)}
    if array not in params or any(array in pair for pair in program.overlaps):
        return False
    inside = [a for a in found.accesses if loop.index in a.context.loops and a.array == array]
    first = min(inside, key=lambda access: access.path)
    others = [access for access in inside if access is not first]
    if not first.write or first.checked or not _is_sure(loop, first):
        return False
    box = _filled(found, loop, first)
    return box is not None and all(_is_within(found, box, access) for access in others)


def _is_sure(loop: Loop, access: Access) -> bool:
    """Whether only loops are between the loop and the access, and no other access is there."""
    stmts: tuple[Stmt, ...] = loop.statement.body
    for place in access.path[len(loop.path) + 1 :: 2]:
        stmt = stmts[place]
        if isinstance(stmt, Store):
            return True
        if not isinstance(stmt, For) or len(stmt.body) != 1:
            return False
        stmts = stmt.body
    return False


def _filled(found: Survey, loop: Loop, access: Access) -> Box | None:
    """The part of an array that an access, alone in its loops, fills."""
    own = list(access.context.loops[access.context.loops.index(loop.index) + 1 :])
    box: Box = []
    for poly in access.index:
        index = next((name for name in own if poly == Poly.atom(Var(name, INT))), None)
        if index is None:
            return None
        own.remove(index)
        inner = found.loops[index]
        ends = (inner.start, inner.stop)
        if inner.statement.step != integer(1) or any(
            found.ranges.varies(atom, loop.index) for end in ends for atom in end.atoms
        ):
            return None
        box.append(ends)
    return box if not own else None


def _is_within(found: Survey, box: Box, access: Access) -> bool:
    """Whether an access stays within a part of the array; if that is all of it, it does."""
    prove, facts = found.ranges.prove, access.context.facts
    return not access.checked and all(
        (low == ZERO and high == Poly.atom(Dim(access.array, axis, INT)))
        or (prove(poly - low, facts) and prove(high - 1 - poly, facts))
        for axis, (poly, (low, high)) in enumerate(zip(access.index, box, strict=True))
    )


def _with_own(program: Program, loop: For, array: str) -> Program:
    names = Names(program)
    type_ = program.array(array)
    own = names.make(f"{array}.own")
    before, loop = with_fixed_stop(loop, names)
    last = apply("sub", loop.stop, integer(1), checked=False)
    shape = tuple(Dim(array, axis, INT) for axis in range(type_.rank))
    body = tuple(_moved(loop.body, array, own))
    alone = replace(loop, stop=last, body=(Alloc(own, type_.dtype, shape, loop.loc), *body))
    end = replace(loop, start=apply("maximum", last, loop.start), notes=(*loop.notes, LAST))
    made = (*before, alone, with_fresh_binders(end, names))

    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        return made if isinstance(stmt, For) and stmt.index == loop.index else stmt

    return replace(
        program,
        body=map_statements(program.body, change),
        locals=(*program.locals, *names.new),
    )


def _moved(stmts: tuple[Stmt, ...], array: str, own: str) -> Iterator[Stmt]:
    """The statements with another array in place of the one."""

    def access(expr: Expr) -> Expr:
        if isinstance(expr, Load) and expr.array == array:
            return replace(expr, array=own)
        return expr

    def store(stmt: Stmt) -> Stmt:
        if isinstance(stmt, Store) and stmt.array == array:
            return replace(stmt, array=own)
        return stmt

    yield from map_statements(map_expressions(stmts, access), store)
