"""Send nests to the device: their loops become dimensions of a grid, the last one the fastest.

    for j in 0:m:1 {               for i in 0:n:1 grid {
      for i in 0:n:1 {     -->       for j in 0:m:1 grid {
        a[i, j] = b[i, j]              a[i, j] = b[i, j]
      }                              }
    }                              }

Loops that stay with the host are told why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conure.errors import Reason
from conure.ir.nodes import For, Program, Stmt
from conure.ir.walk import map_statements
from conure.passes.binders import with_privates
from conure.schedule.choices import Nest

HOST = "host: "
"""Begins the note of a loop that stays with the host; its reason follows."""


def place(program: Program, nests: Mapping[str, Nest], reasons: Mapping[str, Reason]) -> Program:
    """Mark the nests whose outermost loop is named, and put their loops in order."""

    def change(stmt: Stmt) -> Stmt:
        if not isinstance(stmt, For):
            return stmt
        if stmt.index in nests:
            return _placed(stmt, nests[stmt.index])
        if stmt.index in reasons:
            return replace(stmt, notes=(*stmt.notes, HOST + reasons[stmt.index].message))
        return stmt

    return program.with_body(map_statements(program.body, change))


def _placed(loop: For, nest: Nest) -> For:
    loops: dict[str, For] = {}
    inner: Stmt = loop
    for _ in nest.order:
        assert isinstance(inner, For)
        loops[inner.index] = inner
        body = inner.body
        inner = body[0] if body else inner
    made = body
    outermost = None
    for index, mark in zip(reversed(nest.order), reversed(nest.marks), strict=True):
        outermost = with_privates(replace(loops[index], mark=mark, body=made))
        made = (outermost,)
    assert isinstance(outermost, For)
    return outermost
