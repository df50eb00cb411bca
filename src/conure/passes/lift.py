"""Allocate once before a loop what each of its iterations would allocate anew.

>>> from conure.ir.parse import parse
>>> from conure.ir.text import show
>>> print(show(lift(parse('''program p(x: f64[1]C, n: int) {
...   for k in 0:n {
...     t = alloc f64[dim(x, 0)]
...     for i in 0:dim(x, 0) { t[i] = x[i] * 2.0:f64 }
...   }
... }'''))))
program p(x: f64[1]C, n: int) {
    t = alloc f64[dim(x, 0)]
    for k in 0:n {
        for i in 0:dim(x, 0) {
            t[i] = x[i] * 2.0:f64
        }
    }
}

In a parallel loop the array is private: each thread has its own. Arrays that fit on the stack stay.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from conure.ir.nodes import (
    Alloc,
    Const,
    Dim,
    For,
    Leave,
    Load,
    Mark,
    Program,
    Rebind,
    Stmt,
    While,
)
from conure.ir.walk import (
    arrays_rebound,
    map_statements,
    names_read,
    names_written,
    statements,
    walk,
)


def lift(program: Program) -> Program:
    """Lift allocations out of loops as far as they go."""
    rebound = arrays_rebound(program)

    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        if not isinstance(stmt, For | While) or not _may_lift(stmt):
            return stmt
        moving = names_written(stmt) | {stmt.index if isinstance(stmt, For) else ""}
        moving |= {each.name for each in stmt.body if isinstance(each, Alloc)}
        lifted = [
            each
            for each in stmt.body
            if isinstance(each, Alloc) and each.name not in rebound and _steady(each, moving)
        ]
        if not lifted:
            return stmt
        body = tuple(each for each in stmt.body if not any(each is alloc for alloc in lifted))
        if isinstance(stmt, While):
            return (*lifted, replace(stmt, body=body))
        return (*lifted, replace(stmt, body=body, mark=_with_private(stmt.mark, lifted)))

    body = map_statements(program.body, change)
    return program if body is program.body else program.with_body(body)


def _may_lift(loop: For | While) -> bool:
    if not any(isinstance(stmt, Alloc) for stmt in loop.body):
        return False
    if isinstance(loop, While) or loop.mark.kind == "serial":
        return True
    if loop.mark.kind != "parallel" or loop.mark.guard is not None:
        return False
    if any(each.array for each in loop.mark.reductions):
        return False
    return not any(isinstance(stmt, Leave | Rebind) for stmt in statements(loop.body))


def _steady(alloc: Alloc, moving: Collection[str]) -> bool:
    """Whether the extents are the same in each iteration, and not all of them numbers."""
    if all(isinstance(extent, Const) for extent in alloc.shape):
        return False
    for node in walk(alloc.shape):
        if isinstance(node, Load) or (isinstance(node, Dim) and node.array in moving):
            return False
    return names_read(alloc.shape).isdisjoint(moving)


def _with_private(mark: Mark, lifted: list[Alloc]) -> Mark:
    if mark.kind == "serial":
        return mark
    new = tuple(alloc.name for alloc in lifted if alloc.name not in mark.private)
    return replace(mark, private=mark.private + new)
