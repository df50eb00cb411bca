"""Swap two perfectly nested parallel loops, so that the inner one walks through memory in order.

    for j in 0:m:1 {               for i in 0:n:1 {
      for i in 0:n:1 {     -->       for j in 0:m:1 {
        a[i, j] = b[i, j]              a[i, j] = b[i, j]
      }                              }
    }                              }

Legal whenever both loops are parallel and the bounds of the inner one are fixed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from conure.ir.nodes import For, Program, Stmt
from conure.ir.walk import map_statements
from conure.passes.binders import Names, with_fixed_stop, with_privates


def interchange(program: Program, indexes: Collection[str]) -> Program:
    """Swap each loop named with the loop that is its whole body."""

    names = Names(program)

    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        if not (isinstance(stmt, For) and stmt.index in indexes):
            return stmt
        before, outer = with_fixed_stop(stmt, names)
        (inner,) = outer.body
        assert isinstance(inner, For)
        return (*before, replace(inner, body=(replace(outer, body=inner.body),)))

    body = map_statements(map_statements(program.body, change), with_privates)
    return replace(program, body=body, locals=program.locals + tuple(names.new))
