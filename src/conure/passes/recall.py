"""Compute again what an iteration would remember of the one before (wrap-around variables).

    for i in 0:n:1 {                      for i in 0:min(1, n):1 { a[i] = b[i] + x
      a[i] = b[i] + x                                              x = b[i] }
      x = b[i]                 -->        for i.1 in 1:n:1 { x.before = b[i.1 - 1]
    }                                                        a[i.1] = b[i.1] + x.before
                                                             x = b[i.1] }

Only the first iteration needs what was there before the loop. Legal where the variable is set once
in every iteration, from the index and from what the loop does not change. Worth it where the other
iterations are then independent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from conure.analysis.footprint import cost
from conure.analysis.parallel import judge
from conure.analysis.scalars import flow
from conure.analysis.verdict import Parallel
from conure.ir.nodes import Assign, Block, Const, Expr, For, Leave, Load, Program, Rebind, Stmt, Var
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import (
    arrays_read,
    arrays_written,
    map_statements,
    names_read,
    names_written,
    statements,
    substitute,
    walk,
)
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders
from conure.passes.peel import ENDS

Stmts = tuple[Stmt, ...]
_CHEAP: Final = 24.0  # additions that are rather done twice than waited for
_LONG: Final = 40  # statements to have once more for the first iterations
_MOST: Final = 3  # iterations at the start


def recall(program: Program, exact: bool) -> Program:
    """Apply to every loop that remembers, where it then becomes parallel."""
    for loop in [stmt for stmt in statements(program) if isinstance(stmt, For)]:
        if _is_plain(loop) and any(_remembered(program, loop)):
            program = _recalled(program, loop, exact) or program
    return program


def _is_plain(loop: For) -> bool:
    inside = list(statements(loop.body))
    labels = {stmt.label for stmt in inside if isinstance(stmt, Block)}
    early = any(isinstance(stmt, Leave) and stmt.label not in labels for stmt in inside)
    if early or len(inside) > _LONG or any(isinstance(stmt, Rebind) for stmt in inside):
        return False
    steady = names_read(loop.start).isdisjoint(names_written(loop.body))
    loads = any(isinstance(node, Load) for node in walk(loop.start))
    return isinstance(loop.step, Const) and steady and not loads


def _recalled(program: Program, loop: For, exact: bool) -> Program | None:
    names = Names(program)
    before, rest = with_fixed_stop(loop, names)
    first: list[Stmt] = []
    for _ in range(_MOST):
        found = next(_remembered(program, rest), None)
        if found is None:
            break
        one, rest = _without_first(rest, names)
        first.append(one)
        rest = _computed_again(rest, *found, names)
    made = (*before, *first, rest)

    def change(stmt: Stmt) -> Stmt | Stmts:
        return made if isinstance(stmt, For) and stmt.index == loop.index else stmt

    body = map_statements(program.body, change)
    after = replace(program, body=body, locals=(*program.locals, *names.new))
    return after if isinstance(judge(after, rest.index, exact), Parallel) else None


def _without_first(loop: For, names: Names) -> tuple[For, For]:
    """The first iteration, and the others."""
    assert isinstance(loop.step, Const)
    forward = int(loop.step.value.real) > 0
    beyond = apply("add" if forward else "sub", loop.start, integer(1))
    end = apply("minimum" if forward else "maximum", beyond, loop.stop)
    one = replace(loop, stop=end, notes=(*loop.notes, ENDS))
    return with_fresh_binders(one, names), replace(loop, start=apply("add", loop.start, loop.step))


def _computed_again(loop: For, at: int, value: Expr, names: Names) -> For:
    """The loop with the value of the iteration before in place of what a variable, set by the
    statement at this position of the body, remembers."""
    update = loop.body[at]
    assert isinstance(update, Assign)
    type_ = update.value.type
    before = Var(names.local(f"{update.name}.before", type_), type_)
    earlier = apply("sub", Var(loop.index, INT), loop.step)
    again = Assign(before.name, substitute(value, {loop.index: earlier}), update.loc)
    head = substitute(loop.body[:at], {update.name: before})
    return replace(loop, body=(again, *head, *loop.body[at:]))


def _remembered(program: Program, loop: For) -> Iterator[tuple[int, Expr]]:
    """Where the body sets variables that it reads before, and to what, in terms of the index."""
    exposed = flow(loop.body).exposed
    changed = set(arrays_written(loop.body))
    changed |= {name for pair in program.overlaps if changed & set(pair) for name in pair}
    for at, stmt in enumerate(loop.body):
        if not isinstance(stmt, Assign) or stmt.name not in exposed:
            continue
        if _sets(loop, stmt.name) != 1 or stmt.name in names_read(stmt):
            continue
        value = _in_terms_of_the_index(loop, at, stmt.value)
        if value is None or not changed.isdisjoint(arrays_read(value)):
            continue
        if cost((Assign(stmt.name, value),)) <= _CHEAP:
            yield at, value


def _in_terms_of_the_index(loop: For, at: int, value: Expr) -> Expr | None:
    """The value of an expression at a position of the body, without variables that change."""
    changing = names_written(loop.body)
    for place in range(at - 1, -1, -1):
        stmt = loop.body[place]
        wanted = names_read(value) & changing
        if not wanted & names_written((stmt,)):
            continue
        if not isinstance(stmt, Assign) or _sets(loop, stmt.name) != 1:
            return None
        value = substitute(value, {stmt.name: stmt.value})
    return None if names_read(value) & changing else value


def _sets(loop: For, name: str) -> int:
    return sum(isinstance(s, Assign) and s.name == name for s in statements(loop.body))
