"""Cut a parallel loop into panels, inside which it is the innermost loop.

    for i in 0:n:1 {                       i.width = ...
      for j in 1:m:1 {                     for i.panel in 0:n:i.width {
        a[j, i] = a[j - 1, i]      -->       for j in 1:m:1 {
      }                                        for i in i.panel:min(i.panel + i.width, n):1 {
    }                                            a[j, i] = a[j - 1, i] } } }

The cores share the panels, each row of a panel is a vector loop through memory in order, and what
the loops between use again is still in the cache. Legal whenever the loop's iterations are
independent and it is all that is around the loops between, whose bounds stay.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from conure.ir.nodes import Assign, Expr, For, Mark, Program, Stmt, Var
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import map_statements
from conure.passes.binders import Names, with_fixed_stop, with_privates

Stmts = tuple[Stmt, ...]
_WIDEST: Final = 512  # elements: rows of several arrays stay in the first-level cache
_ENOUGH: Final = 8  # panels, so that cores share them evenly ...
_LEAST: Final = 128  # ... unless they become this narrow
_VECTORS: Final = 16  # a width is a multiple of this


def panel(program: Program, indexes: Collection[str]) -> Program:
    """Cut each loop named (step 1), and put it inside the loops that it is around."""
    names = Names(program)

    def change(stmt: Stmt) -> Stmt | Stmts:
        if isinstance(stmt, For) and stmt.index in indexes:
            return _panels(stmt, names)
        return stmt

    body = map_statements(map_statements(program.body, change), with_privates)
    return replace(program, body=body, locals=program.locals + tuple(names.new))


def _panels(loop: For, names: Names) -> Stmts:
    before, loop = with_fixed_stop(loop, names)
    panels = Var(names.local(f"{loop.index}.panels", INT), INT)
    width = Var(names.local(f"{loop.index}.width", INT), INT)
    begin = Var(names.make(f"{loop.index}.panel"), INT)
    end = apply("minimum", apply("add", begin, width, checked=False), loop.stop)
    (inner,) = loop.body
    assert isinstance(inner, For)
    points = replace(loop, start=begin, stop=end, mark=Mark("vector"))
    across = replace(loop, index=begin.name, step=width, body=(_inside(inner, points),))
    count = apply("sub", apply("maximum", loop.stop, loop.start), loop.start, checked=False)
    several = Assign(panels.name, _number(count), loop.loc)
    equal = Assign(width.name, _width(count, panels), loop.loc)
    return (*before, several, equal, across)


def _inside(outer: For, points: For) -> For:
    """The loops between, with the points of the panel in the innermost one."""
    if len(outer.body) == 1 and isinstance(inner := outer.body[0], For):
        return replace(outer, body=(_inside(inner, points),))
    return replace(outer, body=(replace(points, body=outer.body),))


def _number(count: Expr) -> Expr:
    """How many panels."""
    needed = _quotient(count, integer(_WIDEST), _WIDEST - 1)
    wished = apply("minimum", integer(_ENOUGH), _quotient(count, integer(_LEAST), 0))
    return apply("maximum", apply("maximum", needed, wished), integer(1))


def _width(count: Expr, panels: Expr) -> Expr:
    """How wide panels are, so that they are about equal, and not 0."""
    vectors = _quotient(_quotient(count, panels, 0), integer(_VECTORS), _VECTORS)
    return apply("mul", vectors, integer(_VECTORS), checked=False)


def _quotient(value: Expr, divisor: Expr, more: int) -> Expr:
    above = apply("add", value, integer(more), checked=False) if more else value
    return apply("floordiv", above, divisor, checked=False)
