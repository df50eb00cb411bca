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

from collections.abc import Mapping, Sequence
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
Accesses = dict[str, list[Load | Store]]


def contract(program: Program) -> Program:
    """Contract every local array as far as it goes."""
    if not any(isinstance(stmt, Alloc) for stmt in statements(program)):
        return program
    work = _Work(program)
    body = work.every(program.body)
    body = _with_scalars(body, work.cells)
    return replace(program, body=body, locals=(*program.locals, *work.names.new))


class _Work:
    def __init__(self, program: Program) -> None:
        self.names = Names(program)
        self.kept = _kept(program)
        self.set = names_written(program)
        self.cells: dict[str, Var] = {}
        self.known: dict[int, tuple[Stmt, Accesses]] = {}

    def every(self, stmts: Stmts) -> Stmts:
        """A list with its arrays contracted, and those of the lists inside. What becomes a scalar
        is only noted."""
        allocs = [stmt for stmt in stmts if isinstance(stmt, Alloc)]
        for alloc in allocs:
            if alloc.name not in self.kept and self._steady(alloc):
                stmts = self._contracted(stmts, alloc)
        made: list[Stmt] = []
        for stmt in stmts:
            if isinstance(stmt, Alloc) and stmt.name in self.cells:
                made += extent_tests(stmt)
            else:
                made.append(with_bodies(stmt, tuple(self.every(body) for body in bodies(stmt))))
        return tuple(made)

    def accesses(self, stmt: Stmt) -> Accesses:
        """The accesses in a statement by array, found once."""
        known = self.known.get(id(stmt))
        if known is None:  # the statement is kept, so that no other one gets its identity
            found: Accesses = {}
            for node in walk(stmt):
                if isinstance(node, Load | Store):
                    found.setdefault(node.array, []).append(node)
            known = self.known[id(stmt)] = stmt, found
        return known[1]

    def _steady(self, alloc: Alloc) -> bool:
        """Whether the extents mean the same wherever they are evaluated."""
        loads = any(isinstance(node, Load) for node in walk(alloc.shape))
        return not loads and names_read(alloc.shape).isdisjoint(self.set)

    def _contracted(self, stmts: Stmts, alloc: Alloc) -> Stmts:
        """The list in which the array is allocated, with less of it where that can be."""
        path: list[For] = []
        body = stmts
        while (inner := self._only_loop(body, alloc.name)) is not None:
            path.append(inner)
            body = inner.body
        if not path:
            return stmts
        if self._suits_scalar(body, alloc):
            name = self.names.local(f"{alloc.name.removesuffix('.array')}.cell", alloc.dtype)
            self.cells[alloc.name] = Var(name, alloc.dtype)
            return stmts
        return self._shrunk(stmts, alloc, path)

    def _only_loop(self, stmts: Stmts, array: str) -> For | None:
        """The one loop of a list that uses an array, if nothing else does."""
        users = [stmt for stmt in stmts if array in self.accesses(stmt)]
        if len(users) != 1 or not isinstance(loop := users[0], For):
            return None
        bounds = walk((loop.start, loop.stop, loop.step))
        return None if any(isinstance(n, Load) and n.array == array for n in bounds) else loop

    def _suits_scalar(self, body: Stmts, alloc: Alloc) -> bool:
        """Whether each run of a body first stores the one element that it uses."""
        users = [stmt for stmt in body if alloc.name in self.accesses(stmt)]
        first = users[0]
        if not isinstance(first, Store) or first.array != alloc.name:
            return False
        if len(self.accesses(first)[alloc.name]) != 1:
            return False
        index = first.index
        accesses = [access for stmt in users for access in self.accesses(stmt)[alloc.name]]
        if any(access.checked or access.index != index for access in accesses):
            return False
        if any(isinstance(node, Load) for node in walk(index)):
            return False
        read = names_read(index)
        return all(stmt.name not in read for stmt in statements(body) if isinstance(stmt, Assign))

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
        return self._replaced(stmts, alloc, loop, body)

    def _replaced(self, stmts: Stmts, alloc: Alloc, loop: For, body: Stmts) -> Stmts:
        """The list with a new body of a loop in it, and no allocation but its tests."""

        def change(stmt: Stmt) -> Stmt | Stmts:
            if isinstance(stmt, For) and stmt.index == loop.index:
                return replace(stmt, body=body)
            return stmt

        made: list[Stmt] = []
        for stmt in stmts:
            if stmt is alloc:
                made += extent_tests(alloc)
            elif isinstance(stmt, For):
                made += map_statements((stmt,), change)
            else:
                made.append(stmt)
        return tuple(made)


def extent_tests(alloc: Alloc) -> list[Stmt]:
    """What is left of an allocation: that no extent is negative."""
    tests = [apply("less", e, integer(0)) for e in alloc.shape if not _positive(e)]
    return [If(test, (Fail(alloc.loc),), (), alloc.loc) for test in tests]


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


def _accesses(stmts: Sequence[Stmt], array: str) -> list[Load | Store]:
    return [n for n in walk(stmts) if isinstance(n, Load | Store) and n.array == array]


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


def _with_scalars(body: Stmts, cells: Mapping[str, Var]) -> Stmts:
    """The statements with scalars for some arrays."""

    def read(expr: Expr) -> Expr:
        return cells.get(expr.array, expr) if isinstance(expr, Load) else expr

    def written(stmt: Stmt) -> Stmt:
        if isinstance(stmt, Store) and stmt.array in cells:
            return Assign(cells[stmt.array].name, stmt.value, stmt.loc)
        return stmt

    return map_statements(map_expressions(body, read), written) if cells else body


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
