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

from collections.abc import Collection, Iterator
from dataclasses import replace

from conure.analysis.affine import expression
from conure.analysis.ranges import as_poly
from conure.analysis.verdict import Parallel, Serial, Verdict
from conure.ir.nodes import Apply, Expr, For, If, Load, Program, Stmt, Store, Var
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import map_statements, names_read, names_written, statements, walk
from conure.passes.binders import Names, with_fixed_stop, with_fresh_binders


def split_points(loop: For, verdict: Verdict) -> Iterator[Expr]:
    """Values p, fixed in the loop, such that one access of an array is at [i] and another at [p]
    on some axis, or they meet at p as [i] and [n - i], one of them a store: candidates where to
    split."""
    accesses = [n for n in walk(loop.body) if isinstance(n, Load | Store)]
    if isinstance(verdict, Serial) and verdict.first is not None and verdict.second is not None:
        accesses = [n for n in accesses if n.array == verdict.first.array]
    elif not _is_hopeless(verdict):
        return
    moving = names_written(loop) | {s.index for s in statements(loop) if isinstance(s, For)}
    yield from _crossings(accesses, loop.index, moving)
    seen: list[Expr] = []
    for access in accesses:
        for axis, subscript in enumerate(access.index):
            fixed = names_read(subscript).isdisjoint(moving) and not _loads(subscript)
            if fixed and subscript not in seen and _meets(accesses, access, axis, loop.index):
                seen.append(subscript)
                yield subscript


def _crossings(accesses: list[Load | Store], index: str, moving: Collection[str]) -> Iterator[Expr]:
    """Where `i` and `e - i` meet, subscripts of a store and another access of an array."""
    atom = Var(index, INT)
    for store in (access for access in accesses if isinstance(access, Store)):
        for other in (access for access in accesses if access.array == store.array):
            for one, two in zip(store.index, other.index, strict=True):
                gap = as_poly(one) - as_poly(two)
                if not gap.linear_in(atom) or gap.coefficient(atom).constant not in (2, -2):
                    continue
                middle = gap.without(atom) * -1 if gap.coefficient(atom).constant == 2 else gap
                end = expression(middle.without(atom) + 1)
                if names_read(end).isdisjoint(moving) and not _loads(end):
                    yield apply("floordiv", end, integer(2), checked=False)
                    return


def _is_hopeless(verdict: Verdict) -> bool:
    """A guard that asks for numbers to be equal seldom holds."""
    if not isinstance(verdict, Parallel) or verdict.guard is None:
        return False
    return any(isinstance(n, Apply) and n.op == "equal" for n in walk(verdict.guard))


def _meets(accesses: list[Load | Store], access: Load | Store, axis: int, index: str) -> bool:
    """Whether another access of the array, one of the two a store, follows the loop's index."""
    return any(
        other.array == access.array
        and isinstance(at := other.index[axis], Var)
        and at.name == index
        and (isinstance(other, Store) or isinstance(access, Store))
        for other in accesses
    )


def _loads(expr: Expr) -> bool:
    return any(isinstance(node, Load) for node in walk(expr))


def split(program: Program, index: str, point: Expr) -> Program:
    """Split the loop with this index name (step 1) before and after `point`."""
    names = Names(program)

    def cut(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        if not (isinstance(stmt, For) and stmt.index == index):
            return stmt
        before, loop = with_fixed_stop(stmt, names)
        after = apply("add", point, integer(1), checked=False)
        ranges = ((loop.start, point), (point, after), (after, loop.stop))
        parts = tuple(with_fresh_binders(replace(loop, start=a, stop=b), names) for a, b in ranges)
        above, below = apply("less_equal", loop.start, point), apply("less", point, loop.stop)
        return (*before, If(apply("and", above, below), parts, (loop,), loop.loc))

    body = map_statements(program.body, cut)
    return replace(program, body=body, locals=program.locals + tuple(names.new))
