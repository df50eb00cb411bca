"""Keep an array element that a loop does not move away from in a scalar.

    for k in 0:n:1 {                           c.cell = c[i, j]
      c[i, j] = c[i, j] + a[k] * b[k]   -->    for k in 0:n:1 { c.cell = c.cell + a[k] * b[k] }
    }                                          c[i, j] = c.cell

The scalar is a register, and the loop a scalar reduction. Where the loop may have no trips, the
element must not be touched, so that the whole stands under an `if`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from conure.ir.nodes import (
    Alloc,
    Assign,
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
)  # fmt: skip
from conure.ir.ops import apply, integer
from conure.ir.types import BOOL
from conure.ir.walk import (
    expressions,
    fresh,
    map_expressions,
    map_statements,
    names_read,
    names_written,
    statements,
    walk,
)  # fmt: skip

Stmts = tuple[Stmt, ...]


def scalarize(program: Program) -> Program:
    """Apply to every loop, outermost first."""
    work = _Work(program)
    body = work.all(program.body)
    return replace(program, body=body, locals=program.locals + tuple(work.new))


class _Work:
    def __init__(self, program: Program) -> None:
        self.overlapping = {name for pair in program.overlaps for name in pair}
        self.taken = {p.name for p in program.params} | {v.name for v in program.locals}
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
        for array, index in _fixed_cells(loop):
            if array not in self.overlapping:
                before, loop, after = self._lifted(loop, array, index)
                rest = self._loop(loop)
                return _guarded(loop, (*before, *rest, *after))
        return (replace(loop, body=self.all(loop.body)),)

    def _lifted(self, loop: For, array: str, index: tuple[Expr, ...]) -> tuple[Stmts, For, Stmts]:
        loads = (n for n in walk(loop) if isinstance(n, Load) and n.array == array)
        stores = (s for s in statements(loop) if isinstance(s, Store) and s.array == array)
        store = next(stores)
        type_ = store.value.type
        name = fresh(f"{array}.cell", self.taken)
        self.taken.add(name)
        self.new.append(Local(name, type_))

        def read(expr: Expr) -> Expr:
            return Var(name, type_) if isinstance(expr, Load) and expr.array == array else expr

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


def _inside(stmt: Stmt, change: object) -> Stmt:
    assert callable(change)
    match stmt:
        case If():
            return replace(stmt, then=change(stmt.then), orelse=change(stmt.orelse))
        case Store() | Assign() | Alloc() | Rebind():
            return stmt
        case _:
            return replace(stmt, body=change(stmt.body)) if hasattr(stmt, "body") else stmt


def _fixed_cells(loop: For) -> Iterable[tuple[str, tuple[Expr, ...]]]:
    """Arrays of which the loop touches one element only, stores to it, and surely reaches it."""
    inside = list(statements(loop))
    labels = {s.label for s in inside if isinstance(s, Block)}
    left = any(isinstance(s, Leave) and s.label not in labels for s in inside)
    if left or any(isinstance(s, Rebind) for s in inside):
        return  # leaving the loop early would skip the store after it
    moving = names_written(loop) | {s.index for s in inside if isinstance(s, For)}
    local = {s.name for s in inside if isinstance(s, Alloc)}
    written = {s.array for s in inside if isinstance(s, Store)} - local
    for array in sorted(written):
        nodes = [n for n in walk(loop) if isinstance(n, Load | Store) and n.array == array]
        index = nodes[0].index
        same = all(n.index == index and not n.checked for n in nodes)
        still = not any(
            isinstance(part, Load) or (isinstance(part, Dim) and part.array in local)
            for e in index for part in walk(e)
        ) and all(names_read(e).isdisjoint(moving) for e in index)  # fmt: skip
        if same and still and _surely_reached(loop, array, moving):
            yield array, index


def _surely_reached(loop: For, array: str, moving: set[str]) -> bool:
    """Whether each turn touches the array, through loops with fixed bounds if not directly."""
    for stmt in loop.body:
        if isinstance(stmt, Store) and stmt.array == array:
            return True
        if not isinstance(stmt, For) and any(
            isinstance(n, Load) and n.array == array for e in expressions(stmt) for n in walk(e)
        ):
            return True
        fixed = isinstance(stmt, For) and names_read((stmt.start, stmt.stop)).isdisjoint(moving)
        if isinstance(stmt, For) and fixed and _surely_reached(stmt, array, moving):
            return True
    return False


def _guarded(loop: For, stmts: Stmts) -> Stmts:
    """The statements, under an `if` where the loop, or one directly inside, may have no trips."""
    conditions = _trips(loop)
    if not conditions:
        return stmts
    test = conditions[0]
    for other in conditions[1:]:
        test = apply("and", test, other)
    return (If(test, stmts, (), loop.loc),)


def _trips(loop: For) -> list[Expr]:
    down = isinstance(loop.step, Const) and isinstance(loop.step.value, int) and loop.step.value < 0
    if isinstance(loop.step, Const):
        first, last = (loop.stop, loop.start) if down else (loop.start, loop.stop)
        conditions: list[Expr] = [apply("less", first, last)]
    else:
        forward = apply("less", loop.start, loop.stop)
        backward = apply("less", loop.stop, loop.start)
        positive = apply("less", integer(0), loop.step)
        conditions = [apply("select", positive, forward, backward)]
    if isinstance(first := _constant_test(conditions[0]), bool):
        conditions = [] if first else [Const(False, BOOL)]
    moving = names_written(loop) | {loop.index}
    if len(loop.body) == 1 and isinstance(inner := loop.body[0], For):
        if names_read((inner.start, inner.stop, inner.step)).isdisjoint(moving):
            conditions += _trips(inner)
    return conditions


def _constant_test(test: Expr) -> bool | None:
    args = getattr(test, "args", ())
    if len(args) == 2 and all(isinstance(a, Const) and isinstance(a.value, int) for a in args):
        return bool(args[0].value < args[1].value)
    return None
