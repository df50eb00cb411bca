"""Tile two perfectly nested parallel loops, so that what the inner one reads is used again soon.

    for i in 0:n:1 {                  for i.tile in 0:n:64 {
      for j in 0:m:1 { body }   -->     for j.tile in 0:m:32 {
    }                                     for i in i.tile:min(i.tile + 64, n):1 {
                                            for j in j.tile:min(j.tile + 32, m):1 { body } } } }

Legal whenever both loops are parallel: their iterations may run in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conure.ir.nodes import SERIAL, Expr, For, Program, Stmt, Var
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import map_statements, names_read
from conure.passes.binders import Names, with_privates

Sizes = tuple[int, int]


def tile(program: Program, sizes: Mapping[str, Sizes]) -> Program:
    """Tile each loop named in `sizes` with the loop that is its whole body."""
    names = Names(program)

    def change(stmt: Stmt) -> Stmt:
        if isinstance(stmt, For) and stmt.index in sizes:
            return _tiled(stmt, sizes[stmt.index], names)
        return stmt

    body = map_statements(map_statements(program.body, change), with_privates)
    return replace(program, body=body, locals=program.locals + tuple(names.new))


def can_tile(outer: For) -> bool:
    """Whether the loop holds just one other, and the bounds of that do not move."""
    if len(outer.body) != 1 or not isinstance(outer.body[0], For):
        return False
    inner = outer.body[0]
    fixed = outer.index not in names_read((inner.start, inner.stop))
    return fixed and outer.step == inner.step == integer(1)


def _tiled(outer: For, sizes: Sizes, names: Names) -> For:
    (inner,) = outer.body
    assert isinstance(inner, For)
    rows, columns = names.make(f"{outer.index}.tile"), names.make(f"{inner.index}.tile")
    point = replace(inner, **_range(columns, sizes[1], inner.stop))
    line = replace(outer, **_range(rows, sizes[0], outer.stop), body=(point,), mark=SERIAL)
    across = replace(inner, index=columns, step=integer(sizes[1]), body=(line,), mark=SERIAL)
    return replace(outer, index=rows, step=integer(sizes[0]), body=(across,))


def _range(tile_index: str, size: int, stop: Expr) -> dict[str, Expr]:
    start = Var(tile_index, INT)
    end = apply("minimum", apply("add", start, integer(size), checked=False), stop)
    return {"start": start, "stop": end}
