"""Compute the elements of a local array where they are read, instead of storing them.

>>> from conure.ir.parse import parse
>>> from conure.ir.text import show
>>> print(show(recompute(parse('''program p(x: f64[1]C, out: f64[1]C, n: int) {
...   t = alloc f64[dim(x, 0)]
...   for i in 0:dim(x, 0) { t[i] = x[i] * 2.0:f64 }
...   for j in 0:n { out[j] = t[j + 1] - t[j] }
... }'''), lambda found: True)))
program p(x: f64[1]C, out: f64[1]C, n: int) {
    t = alloc f64[dim(x, 0)]
    for j in 0:n {
        out[j] = x[j + 1] * 2.0:f64 - x[j] * 2.0:f64
    }
}

Whether that is worth it is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from conure.analysis.fusion import Overlaps
from conure.analysis.pointwise import Pointwise, pointwise
from conure.analysis.sizes import Sizes
from conure.ir.nodes import Alloc, Dim, Expr, For, Load, Program, Stmt
from conure.ir.walk import (
    arrays_rebound,
    bodies,
    map_expressions,
    names_read,
    names_written,
    statements,
    substitute,
    walk,
    with_bodies,
)

Stmts = tuple[Stmt, ...]
Worth = Callable[[Pointwise], bool]


def recompute(program: Program, worth: Worth) -> Program:
    """Recompute the arrays for which that is worth it, first ones first."""
    if not any(isinstance(stmt, Alloc) for stmt in statements(program)):
        return program
    program = _with_known_extents(program)
    body = _list(program.body, Sizes.of(program), Overlaps(program), worth)
    return program if body == program.body else program.with_body(body)


def _with_known_extents(program: Program) -> Program:
    """With the extents of local arrays by what they were allocated."""
    set_names, rebound = names_written(program), arrays_rebound(program)
    shapes = {
        stmt.name: stmt.shape
        for stmt in statements(program)
        if isinstance(stmt, Alloc)
        and stmt.name not in rebound
        and names_read(stmt.shape).isdisjoint(set_names)
        and not any(isinstance(node, Load) for node in walk(stmt.shape))
    }

    def change(expr: Expr) -> Expr:
        if isinstance(expr, Dim) and expr.array in shapes:
            return map_expressions(shapes[expr.array][expr.axis], change)
        return expr

    return map_expressions(program, change)


def _list(stmts: Stmts, sizes: Sizes, overlaps: Overlaps, worth: Worth) -> Stmts:
    at = 0
    while at < len(stmts):
        stmt = stmts[at]
        if isinstance(stmt, For):
            found = pointwise(stmts, at, sizes, overlaps)
            if found is not None and worth(found):
                change = partial(_value, found)
                new = {user: map_expressions(stmts[user], change) for user in found.users}
                made = (new.get(k, each) for k, each in enumerate(stmts) if k != at)
                stmts = tuple(made)
                continue
        lists = tuple(_list(body, sizes.inside(), overlaps, worth) for body in bodies(stmt))
        stmts = (*stmts[:at], with_bodies(stmt, lists), *stmts[at + 1 :])
        sizes.learn(stmt)
        at += 1
    return stmts


def _value(found: Pointwise, expr: Expr) -> Expr:
    if not isinstance(expr, Load) or expr.array != found.array:
        return expr
    return substitute(found.value, dict(zip(found.indexes, expr.index, strict=True)))
