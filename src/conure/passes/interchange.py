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
from conure.ir.walk import map_statements, names_read


def interchange(program: Program, indexes: Collection[str]) -> Program:
    """Swap each loop named with the loop that is its whole body."""

    def change(stmt: Stmt) -> Stmt:
        if isinstance(stmt, For) and stmt.index in indexes:
            (inner,) = stmt.body
            assert isinstance(inner, For)
            return replace(inner, body=(replace(stmt, body=inner.body),))
        return stmt

    return program.with_body(map_statements(program.body, change))


def can_interchange(outer: For) -> bool:
    """Whether the loop holds just one other, whose bounds do not move with it."""
    if len(outer.body) != 1 or not isinstance(outer.body[0], For):
        return False
    inner = outer.body[0]
    return outer.index not in names_read((inner.start, inner.stop, inner.step))
