"""Split the range of a loop at a point, so that its parts are parallel though the whole is not.

    for i in 0:n:1 {                       if 0 <= k and k < n {
      d[i, j] = d[i, j] + d[k, j]   -->      for i.1 in 0:k:1 { ... }
    }                                        for i.2 in k:k + 1:1 { ... }
                                             for i.3 in k + 1:n:1 { ... } }
                                           else { as before }

Row k is written once on the way; before it every iteration reads the old row, after it the new
one. The order of iterations is kept, so that splitting is always legal (index-set splitting;
Griebl, Feautrier and Lengauer, 2000). Worth it only where analysis then finds the parts parallel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conure.ir.nodes import Expr, For, If, Load, Program, Stmt, Store, Var
from conure.ir.ops import apply, integer
from conure.ir.walk import map_statements, names_read, names_written, statements, walk
from conure.passes.binders import Names, with_fresh_binders


def split_points(loop: For) -> Iterator[Expr]:
    """Values p, fixed in the loop, for which some array is reached both at [i] and at [p] with a
    store among the two: candidates where to split."""
    accesses = [n for n in walk(loop.body) if isinstance(n, Load | Store)]
    stored = {n.array for n in accesses if isinstance(n, Store)}
    moving = names_written(loop) | {s.index for s in statements(loop) if isinstance(s, For)}
    seen: list[Expr] = []
    for access in accesses:
        if access.array not in stored:
            continue
        for axis, subscript in enumerate(access.index):
            fixed = names_read(subscript).isdisjoint(moving) and not _loads(subscript)
            if fixed and subscript not in seen and _follows(accesses, access.array, axis, loop.index):
                seen.append(subscript)
                yield subscript


def _loads(expr: Expr) -> bool:
    return any(isinstance(node, Load) for node in walk(expr))


def _follows(accesses: list[Load | Store], array: str, axis: int, index: str) -> bool:
    """Whether some access of the array has just the loop's index on this axis."""
    return any(
        a.array == array and isinstance(s := a.index[axis], Var) and s.name == index
        for a in accesses
    )


def split(program: Program, index: str, point: Expr) -> Program:
    """Split the loop with this index name (step 1) before and after `point`."""
    names = Names(program)

    def cut(stmt: Stmt) -> Stmt:
        if not (isinstance(stmt, For) and stmt.index == index):
            return stmt
        after = apply("add", point, integer(1), checked=False)
        ranges = ((stmt.start, point), (point, after), (after, stmt.stop))
        parts = tuple(with_fresh_binders(replace(stmt, start=a, stop=b), names) for a, b in ranges)
        above, below = apply("less_equal", stmt.start, point), apply("less", point, stmt.stop)
        return If(apply("and", above, below), parts, (stmt,), stmt.loc)

    return program.with_body(map_statements(program.body, cut))
