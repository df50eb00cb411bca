"""Keep in a scalar, or in a row, what one iteration stores in a local array for itself.

>>> from conure.ir.parse import parse
>>> from conure.ir.text import show
>>> print(show(contract(parse('''program p(x: f64[2]C, out: f64[2]C, n: int) {
...   t = alloc f64[dim(x, 0)]
...   u = alloc f64[dim(x, 0), maximum(n, 0)]
...   for i in 0:dim(x, 0) {
...     t[i] = x[i, 0] * 2.0:f64
...     for j in 0:n { u[i, j] = x[i, j] + t[i] }
...     for k in 0:n { out[i, k] = u[i, n - 1 - k] }
...   }
... }'''))))
program p(x: f64[2]C, out: f64[2]C, n: int) {
    local t.cell: f64
    for i in 0:dim(x, 0) {
        u = alloc f64[maximum(n, 0)]
        t.cell = x[i, 0] * 2.0:f64
        for j in 0:n {
            u[j] = x[i, j] + t.cell
        }
        for k in 0:n {
            out[i, k] = u[n - 1 - k]
        }
    }
}

An array becomes a scalar if every access is at one subscript and the first one, in the list that
holds them all, is a store. It loses an axis if all accesses have the same subscript there, another
one in each iteration of the loop around them. What is allocated must still be allowed: an extent
that may be negative is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from conure.analysis.ranges import as_poly
from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Const,
    Dim,
    Expr,
    Fail,
    For,
    If,
    Load,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
)
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import (
    bodies,
    map_expressions,
    map_statements,
    names_read,
    names_written,
    statements,
    walk,
    with_bodies,
)
from conure.passes.binders import Names

Stmts = tuple[Stmt, ...]


def contract(program: Program) -> Program:
    """Contract every local array as far as it goes."""
    if not any(isinstance(stmt, Alloc) for stmt in statements(program)):
        return program
    work = _Work(program)
    body = work.every(program.body)
    return replace(program, body=body, locals=(*program.locals, *work.names.new))


class _Work:
    def __init__(self, program: Program) -> None:
        self.names = Names(program)
        self.kept = _kept(program)
        self.set = names_written(program)

    def every(self, stmts: Stmts) -> Stmts:
        """A list with its arrays contracted, and those of the lists inside."""
        for alloc in [stmt for stmt in stmts if isinstance(stmt, Alloc)]:
            if alloc.name not in self.kept and self._steady(alloc):
                stmts = self._contracted(stmts, alloc)
        made = []
        for stmt in stmts:
            made.append(with_bodies(stmt, tuple(self.every(body) for body in bodies(stmt))))
        return tuple(made)

    def _steady(self, alloc: Alloc) -> bool:
        """Whether the extents mean the same wherever they are evaluated."""
        loads = any(isinstance(node, Load) for node in walk(alloc.shape))
        return not loads and names_read(alloc.shape).isdisjoint(self.set)

    def _contracted(self, stmts: Stmts, alloc: Alloc) -> Stmts:
        """The list in which the array is allocated, with less of it where that can be."""
        users = [at for at, stmt in enumerate(stmts) if _uses(stmt, alloc.name)]
        if len(users) != 1 or not isinstance(loop := stmts[users[0]], For):
            return stmts
        path = [loop]
        while (inner := _only_loop(path[-1].body, alloc.name)) is not None:
            path.append(inner)
        body = self._scalar(path[-1].body, alloc)
        if body is None:
            return self._shrunk(stmts, alloc, path)
        return self._replaced(stmts, alloc, path, body)

    def _scalar(self, body: Stmts, alloc: Alloc) -> Stmts | None:
        """The body with a scalar for the array."""
        first = next(stmt for stmt in body if _uses(stmt, alloc.name))
        if not isinstance(first, Store) or first.array != alloc.name or first.checked:
            return None
        index = first.index
        accesses = _accesses(body, alloc.name)
        if any(access.checked or access.index != index for access in accesses):
            return None
        if any(isinstance(node, Load) for node in walk((*index, first.value)) if _is(node, alloc)):
            return None
        if any(isinstance(node, Load) for node in walk(index)):
            return None
        if not names_read(index).isdisjoint(names_written(body)):
            return None
        name = self.names.local(f"{alloc.name.removesuffix('.array')}.cell", alloc.dtype)
        return _with_scalar(body, alloc, name)

    def _shrunk(self, stmts: Stmts, alloc: Alloc, path: list[For]) -> Stmts:
        """The list with an array of fewer axes, allocated by each iteration for itself."""
        for depth in range(len(path), 0, -1):
            axes = _own_axes(path[:depth], alloc)
            if axes is not None:
                break
        else:
            return stmts
        loop = path[depth - 1]
        kept = [axis for axis in range(len(alloc.shape)) if axis not in axes]
        smaller = replace(alloc, shape=tuple(alloc.shape[axis] for axis in kept))
        if not kept:
            return stmts
        body = (smaller, *_with_axes(loop.body, alloc.name, kept))
        return self._replaced(stmts, alloc, path[:depth], body)

    def _replaced(self, stmts: Stmts, alloc: Alloc, path: list[For], body: Stmts) -> Stmts:
        """The list with a new body of the innermost loop, and no allocation but its tests."""
        inner = path[-1]

        def change(stmt: Stmt) -> Stmt | Stmts:
            if isinstance(stmt, For) and stmt.index == inner.index:
                return replace(stmt, body=body)
            return stmt

        made: list[Stmt] = []
        for stmt in stmts:
            if stmt is alloc:
                tests = [apply("less", e, integer(0)) for e in alloc.shape if not _positive(e)]
                made += [If(test, (Fail(alloc.loc),), (), alloc.loc) for test in tests]
            elif isinstance(stmt, For):
                made += map_statements((stmt,), change)
            else:
                made.append(stmt)
        return tuple(made)


def _kept(program: Program) -> set[str]:
    """Arrays that exchange names, or whose extents are asked for."""
    found: set[str] = set()
    for node in walk(program):
        match node:
            case Rebind():
                found.update(node.names, node.sources)
            case Dim(array=array):
                found.add(array)
            case For():
                found.update(node.mark.private, (each.name for each in node.mark.reductions))
            case _:
                pass
    return found


def _is(node: object, alloc: Alloc) -> bool:
    return isinstance(node, Load | Store) and node.array == alloc.name


def _uses(stmt: Stmt, array: str) -> bool:
    return any(isinstance(node, Load | Store) and node.array == array for node in walk(stmt))


def _accesses(stmts: Sequence[Stmt], array: str) -> list[Load | Store]:
    return [n for n in walk(stmts) if isinstance(n, Load | Store) and n.array == array]


def _only_loop(stmts: Stmts, array: str) -> For | None:
    """The one loop of a list that uses an array, if nothing else does."""
    users = [stmt for stmt in stmts if _uses(stmt, array)]
    if len(users) != 1 or not isinstance(users[0], For):
        return None
    loop = users[0]
    bounds = _accesses_of((loop.start, loop.stop, loop.step), array)
    return None if bounds else loop


def _accesses_of(exprs: Sequence[Expr], array: str) -> list[Load]:
    return [n for n in walk(exprs) if isinstance(n, Load) and n.array == array]


def _own_axes(path: list[For], alloc: Alloc) -> set[int] | None:
    """The axes along which each iteration of the loops has a place of its own: for every loop one
    whose subscript is its index, but for a constant."""
    accesses = _accesses(path[-1].body, alloc.name)
    if any(access.checked for access in accesses):
        return None
    found: set[int] = set()
    for loop in path:
        for axis in range(len(alloc.shape)):
            subscripts = {access.index[axis] for access in accesses}
            if axis not in found and len(subscripts) == 1 and _follows(subscripts.pop(), loop):
                found.add(axis)
                break
        else:
            return None
    return found


def _follows(subscript: Expr, loop: For) -> bool:
    gap = as_poly(subscript) - as_poly(Var(loop.index, INT))
    return gap.constant is not None


def _with_scalar(body: Stmts, alloc: Alloc, name: str) -> Stmts:
    def read(expr: Expr) -> Expr:
        return Var(name, alloc.dtype) if _is(expr, alloc) else expr

    def written(stmt: Stmt) -> Stmt:
        if isinstance(stmt, Store) and stmt.array == alloc.name:
            return Assign(name, stmt.value, stmt.loc)
        return stmt

    return map_statements(map_expressions(body, read), written)


def _with_axes(body: Stmts, array: str, axes: Sequence[int]) -> Stmts:
    def read(expr: Expr) -> Expr:
        if isinstance(expr, Load) and expr.array == array:
            return replace(expr, index=tuple(expr.index[axis] for axis in axes))
        return expr

    def written(stmt: Stmt) -> Stmt:
        if isinstance(stmt, Store) and stmt.array == array:
            return replace(stmt, index=tuple(stmt.index[axis] for axis in axes))
        return stmt

    return map_statements(map_expressions(body, read), written)


def _positive(extent: Expr) -> bool:
    """Whether an extent is plainly at least 0."""
    match extent:
        case Const(value=int(value)):
            return value >= 0
        case Dim():
            return True
        case Apply(op="maximum", args=(_, Const(value=int(value)))):
            return value >= 0
        case _:
            return False
