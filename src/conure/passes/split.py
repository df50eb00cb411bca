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

from conure.analysis.verdict import Parallel, Verdict
from conure.ir.nodes import Expr, For, If, Load, Program, Stmt, Var
from conure.ir.ops import apply, integer
from conure.ir.walk import map_statements, names_read, names_written, statements, walk
from conure.passes.binders import Names, with_fresh_binders


def split_points(loop: For, verdict: Verdict) -> Iterator[Expr]:
    """Values p, fixed in the loop, such that the two accesses which make it serial are one at [i]
    and one at [p] on some axis: candidates where to split."""
    if isinstance(verdict, Parallel) or verdict.first is None or verdict.second is None:
        return
    moving = names_written(loop) | {s.index for s in statements(loop) if isinstance(s, For)}
    for pair in zip(verdict.first.subscript, verdict.second.subscript, strict=True):
        for here, there in (pair, pair[::-1]):
            follows = isinstance(here, Var) and here.name == loop.index
            if follows and names_read(there).isdisjoint(moving) and not _loads(there):
                yield there


def _loads(expr: Expr) -> bool:
    return any(isinstance(node, Load) for node in walk(expr))


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
