"""Make two loops of one whose step may be positive or negative, so that each knows where it goes.

    for i in n:m:s {                if 0 < s { for i in n:m:s { a[i] = b[i] } }
      a[i] = b[i]         -->       else { for i.1 in n:m:s { a[i.1] = b[i.1] } }
    }

In each of them it is then known between which ends the index is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conure.analysis.survey import survey
from conure.ir.nodes import Assign, Const, For, If, Load, Program, Stmt, Var
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import map_statements, names_read, names_written, statements, walk
from conure.passes.binders import Names, with_fresh_binders

_MOST: Final = 40  # statements to have twice


def direct(program: Program) -> Program:
    """Apply to every loop whose step is neither a number nor known to have one sign."""
    if all(_is_constant(stmt) for stmt in statements(program) if isinstance(stmt, For)):
        return program
    found, names = survey(program), Names(program)

    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        if not isinstance(stmt, For) or _is_constant(stmt) or stmt.index not in found.loops:
            return stmt
        known = found.loops[stmt.index]
        prove, facts = found.ranges.prove, known.context.facts
        if found.ranges.sign(known.step, facts) is not None:
            return stmt
        ways = [
            not prove(gap, facts) for gap in (known.start - known.stop, known.stop - known.start)
        ]
        return _both_ways(stmt, ways, names)

    body = map_statements(program.body, change)
    return replace(program, body=body, locals=(*program.locals, *names.new))


def _is_constant(loop: For) -> bool:
    return isinstance(loop.step, Const)


def _both_ways(loop: For, ways: list[bool], names: Names) -> tuple[Stmt, ...]:
    """The loop for steps forward, and for steps backward, where those may have iterations."""
    if len(list(statements(loop.body))) > _MOST:
        return (loop,)
    before: tuple[Stmt, ...] = ()
    steady = names_read(loop.step).isdisjoint(names_written(loop.body))
    if not steady or any(isinstance(node, Load) for node in walk(loop.step)):
        step = Var(names.local(f"{loop.index}.step", INT), INT)
        before = (Assign(step.name, loop.step, loop.loc),)
        loop = replace(loop, step=step)
    forward = apply("less", integer(0), loop.step)
    other = with_fresh_binders(loop, names) if all(ways) else loop
    then, orelse = ((part,) if way else () for part, way in zip((loop, other), ways, strict=True))
    return (*before, If(forward, then, orelse, loop.loc))
