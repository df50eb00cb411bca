"""Read once, before an inner loop, what each of its turns would read again.

    for j in 0:n:1 {                         if 0 < n { x.read = x[3 * i] }
      s = s + x[3 * i] * y[j]        -->     for j in 0:n:1 {
    }                                          s = s + x.read * y[j] }

LLVM does so for scalars; for lanes it is done here, since the vectorizer cannot handle far
strides inside the inner loop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from conure.ir.nodes import Apply, Assign, Expr, For, If, Leave, Load, Stmt, Store, Var
from conure.ir.ops import OPS, apply, integer
from conure.ir.walk import (
    arrays_written,
    expressions,
    map_expressions,
    map_statements,
    names_read,
    names_written,
    statements,
    walk,
)
from conure.passes.binders import Names


def hoist(loop: For, apart: Collection[str], names: Names) -> For:
    """Take loads at subscripts that read one of `apart` out of the loops directly around them."""
    written = arrays_written(loop)

    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        if not isinstance(stmt, For) or stmt is loop or stmt.step != integer(1):
            return stmt
        loads = [load for load in _fixed_loads(stmt) if _depends(load, apart)]
        cells = {
            load: names.local(f"{load.array}.read", load.type)
            for load in loads
            if load.array not in written
        }
        if not cells:
            return stmt

        def read(expr: Expr) -> Expr:
            return Var(cells[expr], expr.type) if isinstance(expr, Load) and expr in cells else expr

        (inner,) = map_expressions((stmt,), read)
        begin = tuple(Assign(name, load, stmt.loc) for load, name in cells.items())
        return (If(apply("less", stmt.start, stmt.stop), begin, (), stmt.loc), inner)

    return replace(loop, body=map_statements(loop.body, change))


def read_before(
    stmts: tuple[Stmt, ...], apart: Collection[str], names: Names
) -> tuple[tuple[Stmt, ...], tuple[Stmt, ...]]:
    """Statements without loops in two parts: reads of what does not depend on `apart` and is read
    in any case, before anything is stored, and the rest."""
    cells: dict[Expr, str] = {}
    done: list[Stmt] = []

    def read(expr: Expr) -> Expr:
        return Var(cells[expr], expr.type) if expr in cells else expr

    for place, stmt in enumerate(stmts):
        if not isinstance(stmt, Assign | Store):
            return _reads(cells), (*done, *stmts[place:])
        loads = [n for n in _sure_loads(stmt) if _is_fixed(n, apart)]
        for load in loads:
            if load not in cells:
                cells[load] = names.local(f"{load.array}.read", load.type)
        done += map_expressions((stmt,), read) if loads else (stmt,)
        if isinstance(stmt, Store):
            return _reads(cells), (*done, *stmts[place + 1 :])
    return _reads(cells), tuple(done)


def _reads(cells: Mapping[Expr, str]) -> tuple[Stmt, ...]:
    return tuple(Assign(name, load) for load, name in cells.items())


def _sure_loads(stmt: Assign | Store) -> list[Load]:
    """Loads without a check that a statement does in any case."""
    found: list[Load] = []
    for expr in expressions(stmt):
        if not any(isinstance(n, Apply) and OPS[n.op].lazy for n in walk(expr)):
            found += [n for n in walk(expr) if isinstance(n, Load) and not n.checked]
    return found


def _fixed_loads(loop: For) -> list[Load]:
    """Loads that each turn of the loop does, always of the same element."""
    moving = names_written(loop) | {s.index for s in statements(loop) if isinstance(s, For)}
    if any(isinstance(s, Leave) for s in statements(loop)):
        return []
    found: dict[Load, None] = {}
    for stmt in loop.body:
        if isinstance(stmt, Assign | Store):
            found |= dict.fromkeys(n for n in _sure_loads(stmt) if _is_fixed(n, moving))
    return list(found)


def _is_fixed(load: Load, moving: Collection[str]) -> bool:
    plain = not any(isinstance(n, Load) for index in load.index for n in walk(index))
    return plain and all(names_read(index).isdisjoint(moving) for index in load.index)


def _depends(load: Load, names: Collection[str]) -> bool:
    return any(not names_read(index).isdisjoint(names) for index in load.index)
