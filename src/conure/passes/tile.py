"""Tile two perfectly nested parallel loops, so that what the inner one reads is used again soon.

    for i in 0:n:1 {                  for i.tile in 0:n:64 {
      for j in 0:m:1 { body }   -->     for j.tile in 0:m:32 {
    }                                     for i in i.tile:min(i.tile + 64, n):1 {
                                            for j in j.tile:min(j.tile + 32, m):1 { body } } } }

Legal whenever both loops (steps of 1) are parallel, their iterations may run in any order, and
the bounds of the inner one are fixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conure.ir.nodes import SERIAL, Expr, For, Program, Stmt, Var
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import map_statements
from conure.passes.binders import Names, with_fixed_stop, with_privates

Stmts = tuple[Stmt, ...]
Sizes = tuple[int, int]


def tile(program: Program, sizes: Mapping[str, Sizes]) -> Program:
    """Tile each loop named in `sizes` with the loop that is its whole body."""
    names = Names(program)

    def change(stmt: Stmt) -> Stmt | Stmts:
        if isinstance(stmt, For) and stmt.index in sizes:
            before, loop = with_fixed_stop(stmt, names)
            return (*before, _tiled(loop, sizes[stmt.index], names))
        return stmt

    body = map_statements(map_statements(program.body, change), with_privates)
    return replace(program, body=body, locals=program.locals + tuple(names.new))


def _tiled(outer: For, sizes: Sizes, names: Names) -> For:
    (inner,) = outer.body
    assert isinstance(inner, For)
    rows, columns = names.make(f"{outer.index}.tile"), names.make(f"{inner.index}.tile")
    start, stop = _range(columns, sizes[1], inner.stop)
    point = replace(inner, start=start, stop=stop)
    start, stop = _range(rows, sizes[0], outer.stop)
    line = replace(outer, start=start, stop=stop, body=(point,), mark=SERIAL)
    across = replace(inner, index=columns, step=integer(sizes[1]), body=(line,), mark=SERIAL)
    return replace(outer, index=rows, step=integer(sizes[0]), body=(across,))


def _range(tile_index: str, size: int, stop: Expr) -> tuple[Expr, Expr]:
    start = Var(tile_index, INT)
    return start, apply("minimum", apply("add", start, integer(size), checked=False), stop)
