"""Keep an array element that a loop does not move away from in a scalar.

    for k in 0:n:1 {                           c.cell = c[i, j]
      c[i, j] = c[i, j] + a[k] * b[k]   -->    for k in 0:n:1 { c.cell = c.cell + a[k] * b[k] }
    }                                          c[i, j] = c.cell

The scalar is a register, and the loop a scalar reduction. Where the loop may have no trips, the
element must not be touched, so that the whole stands under an `if`. Other elements of the array
may be read, if it is known that they are others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Assume,
    Block,
    Const,
    Dim,
    Expr,
    For,
    If,
    Leave,
    Load,
    Local,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
)
from conure.ir.ops import apply, integer
from conure.ir.types import BOOL
from conure.ir.walk import (
    bodies,
    expressions,
    fresh,
    map_expressions,
    map_statements,
    names_read,
    names_written,
    operands,
    statements,
    walk,
    with_bodies,
)
from conure.passes.binders import Names

Stmts = tuple[Stmt, ...]


Alone = Callable[[str, str], bool]


def scalarize(program: Program, alone: Alone = lambda index, array: False) -> Program:
    """Apply to every loop, outermost first. `alone`: whether in a loop, by its index, an array's
    loads touch no element that is stored to, but at the very subscripts of the stores."""
    work = _Work(program, alone)
    body = work.all(program.body)
    return replace(program, body=body, locals=program.locals + tuple(work.new))


class _Work:
    def __init__(self, program: Program, alone: Alone) -> None:
        self.alone = alone
        rebound = any(isinstance(stmt, Rebind) for stmt in statements(program))
        overlapping = {name for pair in program.overlaps for name in pair}
        arrays = {param.name for param in program.params}
        self.overlapping = arrays if overlapping and rebound else overlapping
        self.taken = Names(program).taken
        self.new: list[Local] = []

    def all(self, stmts: Stmts) -> Stmts:
        made: list[Stmt] = []
        for stmt in stmts:
            if isinstance(stmt, For):
                made += self._loop(stmt)
            else:
                made.append(_inside(stmt, self.all))
        return tuple(made)

    def _loop(self, loop: For) -> Stmts:
        for array, index, conditions in _fixed_cells(loop, self.alone):
            if array not in self.overlapping:
                before, lifted, after = self._lifted(loop, array, index)
                return _guarded(loop, conditions, (*before, *self._loop(lifted), *after))
        return (replace(loop, body=self.all(loop.body)),)

    def _lifted(self, loop: For, array: str, index: tuple[Expr, ...]) -> tuple[Stmts, For, Stmts]:
        loads = (n for n in walk(loop) if _is_load(n, array, index))
        stores = (s for s in statements(loop) if isinstance(s, Store) and s.array == array)
        store = next(stores)
        type_ = store.value.type
        name = fresh(f"{array}.cell", self.taken)
        self.taken.add(name)
        self.new.append(Local(name, type_))

        def read(expr: Expr) -> Expr:
            return Var(name, type_) if _is_load(expr, array, index) else expr

        def written(stmt: Stmt) -> Stmt:
            if isinstance(stmt, Store) and stmt.array == array:
                return Assign(name, stmt.value, stmt.loc)
            return stmt

        place = next(loads, None)
        begin = Assign(
            name, Load(array, index, type_, False, store.loc if place is None else place.loc)
        )
        (inside,) = map_statements(map_expressions((loop,), read), written)
        assert isinstance(inside, For)
        end = Store(array, index, Var(name, type_), False, store.loc)
        return (begin,), inside, (end,)


def _inside(stmt: Stmt, change: Callable[[Stmts], Stmts]) -> Stmt:
    new = []
    for body in bodies(stmt):
        new.append(change(body))
    return with_bodies(stmt, tuple(new))


def _is_load(node: object, array: str, index: tuple[Expr, ...]) -> TypeGuard[Load]:
    return isinstance(node, Load) and node.array == array and node.index == index


def _fixed_cells(loop: For, alone: Alone) -> Iterator[tuple[str, tuple[Expr, ...], list[Expr]]]:
    """Arrays of which the loop stores to one element only, touches no other that may be the same,
    and surely reaches it; the subscripts, and what must hold for it to be reached at all."""
    inside = list(statements(loop))
    if any(isinstance(s, Rebind | Assume) for s in inside) or _may_stop_early(inside):
        return
    moving = names_written(loop) | {s.index for s in inside if isinstance(s, For)}
    local = {s.name for s in inside if isinstance(s, Alloc)}
    written = {s.array for s in inside if isinstance(s, Store)} - local
    for array in sorted(written):
        nodes = [n for n in walk(loop) if isinstance(n, Load | Store) and n.array == array]
        index = next(n.index for n in nodes if isinstance(n, Store))
        own = [n for n in nodes if n.index == index]
        others = [n for n in nodes if n.index != index]
        same = not any(n.checked for n in own) and all(isinstance(n, Load) for n in others)
        still = not any(
            isinstance(part, Load) or (isinstance(part, Dim) and part.array in local)
            for e in index for part in walk(e)
        ) and all(names_read(e).isdisjoint(moving) for e in index)  # fmt: skip
        conditions = _reached(loop, array, index, moving) if same and still else None
        if conditions is not None and (not others or alone(loop.index, array)):  # the dear question
            yield array, index, conditions


def _may_stop_early(inside: Sequence[Stmt]) -> bool:
    """Whether a `leave` goes out of the loop, past where the element is put back."""
    labels = {stmt.label for stmt in inside if isinstance(stmt, Block)}
    return any(isinstance(stmt, Leave) and stmt.label not in labels for stmt in inside)


def _reached(loop: For, array: str, index: tuple[Expr, ...], moving: set[str]) -> list[Expr] | None:
    """Under which conditions the loop touches the element: that it has trips, and the loop that is
    all of its body too. None: it may not be touched even so."""
    if any(_touches(stmt, array, index) for stmt in _straight(loop.body)):
        return _trips(loop)
    if len(loop.body) == 1 and isinstance(inner := loop.body[0], For):
        fixed = names_read((inner.start, inner.stop, inner.step)).isdisjoint(moving)
        loads = any(isinstance(node, Load) for e in expressions(inner) for node in walk(e))
        deeper = _reached(inner, array, index, moving) if fixed and not loads else None
        return None if deeper is None else [*_trips(loop), *deeper]
    return None


def _straight(stmts: Stmts) -> Iterator[Stmt]:
    """The statements that each turn surely comes to."""
    for stmt in stmts:
        if any(isinstance(inner, Leave) for inner in statements(stmt)):
            return
        yield stmt


def _touches(stmt: Stmt, array: str, index: tuple[Expr, ...]) -> bool:
    """Whether the statement surely reads or writes the array's element."""
    if isinstance(stmt, Store) and stmt.array == array and stmt.index == index:
        return True
    return any(_loads_surely(e, array, index) for e in expressions(stmt))


def _loads_surely(expr: Expr, array: str, index: tuple[Expr, ...]) -> bool:
    if _is_load(expr, array, index):
        return True
    sure = operands(expr)
    if isinstance(expr, Apply) and expr.op in ("and", "or", "select"):
        sure = sure[:1]
    return any(_loads_surely(each, array, index) for each in sure)


def _guarded(loop: For, conditions: Sequence[Expr], stmts: Stmts) -> Stmts:
    """The statements, under an `if` where the loop, or one directly inside, may have no trips."""
    if not conditions:
        return stmts
    test = conditions[0]
    for other in conditions[1:]:
        test = apply("and", test, other)
    return (If(test, stmts, (), loop.loc),)


def _trips(loop: For) -> list[Expr]:
    """What must hold for the loop to have trips; nothing if that is sure."""
    if not isinstance(loop.step, Const):
        forward = apply("less", loop.start, loop.stop)
        backward = apply("less", loop.stop, loop.start)
        return [apply("select", apply("less", integer(0), loop.step), forward, backward)]
    assert isinstance(loop.step.value, int)
    bounds = (loop.start, loop.stop) if loop.step.value > 0 else (loop.stop, loop.start)
    match bounds:
        case (Const(value=int(low)), Const(value=int(high))):
            return [] if low < high else [Const(False, BOOL)]
        case low, high:
            return [apply("less", low, high)]
