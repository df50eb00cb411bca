"""Lay side by side what neighbouring lanes read, before the loops that read it many times.

    for i in 0:n {                          y.side = alloc f64[m', r]
      for j in 0:r {                        for j in 0:r { for k in 0:m { y.side[k, j] = y[j, k] } }
        s = 0.0                             for i in 0:n {
        for k in 0:m {               -->      for j in 0:r {
          s = s + x[i, k] * y[j, k] }           s = 0.0
        z[i, j] = s } }                         for k in 0:m { s = s + x[i, k] * y.side[k, j] }
                                                z[i, j] = s } }

Where the lanes are the outer loop, it is cut into strips, each with a packed part of its own. The
loops as they were remain for rows that turn out to be long: `if m <= 32 { ... } else { ... }`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conure.analysis.packing import Packed
from conure.ir.nodes import Alloc, Const, Dim, Expr, For, If, Load, Program, Stmt, Store, Var
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import map_expressions, map_statements, statements, substitute
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders
from conure.schedule.choices import Packing

Stmts = tuple[Stmt, ...]


def pack(program: Program, packings: Mapping[str, Packing]) -> Program:
    """Pack what was chosen before each of these outer loops."""
    if not packings:
        return program
    names = Names(program)

    def change(stmt: Stmt) -> Stmt | Stmts:
        if isinstance(stmt, For) and stmt.index in packings:
            return _versions(stmt, packings[stmt.index], names)
        return stmt

    body = map_statements(program.body, change)
    return replace(program, body=body, locals=program.locals + tuple(names.new))


def _versions(outer: For, packing: Packing, names: Names) -> Stmts:
    before, outer = with_fixed_stop(outer, names)
    packed = _in_strips(outer, packing, names) if packing.strip else _before(outer, packing, names)
    if packing.condition == Const(True, packing.condition.type):
        return (*before, *packed)
    plain = with_fresh_binders(outer, names)
    return (*before, If(packing.condition, packed, (plain,), outer.loc))


def _before(outer: For, packing: Packing, names: Names) -> Stmts:
    """All of it, then the loops."""
    (lane,) = (s for s in statements(outer) if isinstance(s, For) and s.index == packing.lane)
    made: list[Stmt] = []
    packed: dict[Load, Load] = {}
    for read in packing.reads:
        buffer = names.make(f"{read.array}.side")
        shape = _positive(read.inner.stop), _positive(lane.stop)
        made.append(Alloc(buffer, read.load.type, shape, outer.loc))
        made.append(_fill(read, buffer, lane, integer(0), lane.stop, names))
        where = Var(read.inner.index, INT), Var(lane.index, INT)
        packed[read.load] = Load(buffer, where, read.load.type, False, read.load.loc)
    return (*made, _reading(outer, packed))


def _in_strips(loop: For, packing: Packing, names: Names) -> Stmts:
    """A strip of the loop after another, each with what it reads packed before."""
    strip, width = names.make(f"{loop.index}.block"), integer(packing.strip)
    start = Var(strip, INT)
    stop = apply("minimum", apply("add", start, width, checked=False), loop.stop)
    made: list[Stmt] = []
    packed: dict[Load, Load] = {}
    for read in packing.reads:
        buffer = names.make(f"{read.array}.side")
        made.append(Alloc(buffer, read.load.type, (integer(packing.turns), width), loop.loc))
        made.append(_fill(read, buffer, loop, start, stop, names))
        place = apply("sub", Var(loop.index, INT), start, checked=False)
        where = Var(read.inner.index, INT), place
        packed[read.load] = Load(buffer, where, read.load.type, False, read.load.loc)
    lanes = replace(_reading(loop, packed), start=start, stop=stop)
    return (replace(loop, index=strip, step=width, body=(*made, lanes)),)


def _fill(read: Packed, buffer: str, lane: For, start: Expr, stop: Expr, names: Names) -> For:
    """The loops that pack the lanes from `start` to `stop`."""
    row, column = names.make(lane.index), names.make(read.inner.index)
    value = substitute(read.load, {lane.index: Var(row, INT), read.inner.index: Var(column, INT)})
    place = apply("sub", Var(row, INT), start, checked=False)
    where = Var(column, INT), Var(row, INT) if start == integer(0) else place
    store = Store(buffer, where, value, False, lane.loc)
    turns = replace(read.inner, index=column, body=(store,))
    return replace(lane, index=row, start=start, stop=stop, body=(turns,))


def _reading(loop: For, packed: Mapping[Load, Load]) -> For:
    def change(expr: Expr) -> Expr:
        return packed.get(expr, expr) if isinstance(expr, Load) else expr

    body = map_expressions(loop.body, change)
    return replace(loop, body=body)


def _positive(extent: Expr) -> Expr:
    return extent if isinstance(extent, Dim) else apply("maximum", extent, integer(0))
