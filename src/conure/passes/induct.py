"""Give variables that grow by the same amount in every iteration their closed form.

    for i in 0:n:1 {                   k.1 = k
      k = k + 2                        for i in 0:n:1 {
      a[k] = b[i]            -->         a[k.1 + 2 * (i + 1)] = b[i]
    }                                  }
                                       k = k.1 + 2 * maximum(0, n)

The iterations then no longer wait for each other. Inner loops first: what they add altogether may
be the same in each iteration of the loop around. A checked sum becomes a
checked closed form: if any sum overflows so does the last one, and what fails besides runs in
Python, which is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from conure.ir.nodes import (
    Apply,
    Assign,
    Block,
    Const,
    Dim,
    Expr,
    For,
    Leave,
    Load,
    Program,
    Rebind,
    Stmt,
    Var,
)
from conure.ir.ops import apply, integer
from conure.ir.types import INT
from conure.ir.walk import (
    map_statements,
    names_read,
    names_written,
    statements,
    substitute,
    walk,
)
from conure.passes.binders import Names

Stmts = tuple[Stmt, ...]


def induct(program: Program) -> Program:
    """Rewrite all loops that change a variable so."""
    if not any(isinstance(s, For) and any(map(_added, s.body)) for s in statements(program)):
        return program
    names = Names(program)

    def change(stmt: Stmt) -> Stmt | Stmts:
        return _closed(stmt, names) if isinstance(stmt, For) else stmt

    body = map_statements(program.body, change)
    return replace(program, body=body, locals=(*program.locals, *names.new))


def _added(stmt: Stmt) -> tuple[str, str, Expr] | None:
    """Of `k = j + e` (or `-`): the operator, j and e; j is k, or its copy from before."""
    match stmt:
        case Assign(value=Apply("add" | "sub" as op, (Var(j), e), type)) if type is INT:
            return op, j, e
        case Assign(name=k, value=Apply("add", (e, Var(j)), type)) if type is INT and k == j:
            return "add", j, e
    return None


def _closed(loop: For, names: Names) -> Stmts | For:
    """A loop without its induction variables, between what they were and what they become."""
    if not _is_plain(loop):
        return loop
    loop = _gathered(loop)
    before: list[Stmt] = []
    after: list[Stmt] = []
    for stmt in loop.body:
        same = any(each is stmt for each in loop.body)  # else it read one that was replaced
        found = _induction(loop, stmt) if same else None
        if found is None or not isinstance(stmt, Assign):
            continue
        op, copy, amount = found
        first = Var(names.local(stmt.name, INT), INT)
        before.append(Assign(first.name, Var(stmt.name, INT)))
        loop = _substituted(loop, stmt, copy, (op, first, amount))
        after.append(replace(stmt, value=_value((op, first, amount), _trips(loop))))
    return (*before, loop, *after) if before else loop


def _gathered(loop: For) -> For:
    """The loop with one update, at its end, of each variable that grows in several steps."""
    sets = Counter(s.name for s in statements(loop.body) if isinstance(s, Assign))
    top = Counter(s.name for s in loop.body if isinstance(s, Assign))
    for name in sorted(name for name in top if sets[name] == top[name]):
        sources = {found[1] for s in loop.body if _is_set(s, name) and (found := _added(s))}
        if top[name] > 1 or sources - {name}:
            loop = _in_one_step(loop, name, sets) or loop
    return loop


def _is_set(stmt: Stmt, name: str) -> bool:
    return isinstance(stmt, Assign) and stmt.name == name


def _in_one_step(loop: For, name: str, sets: Mapping[str, int]) -> For | None:
    grown: dict[str, Expr] = {name: integer(0)}  # by how much since the head; also of copies
    body: list[Stmt] = []
    last = None
    for stmt in loop.body:
        found = _added(stmt)
        if isinstance(stmt, Assign) and stmt.name == name:
            if found is None or found[1] not in grown or not _is_steady((found[2],), loop):
                return None
            op, source, amount = found
            grown[name] = _sum(op, grown[source], amount)
            last = stmt
            continue
        if isinstance(stmt, Assign) and sets[stmt.name] == 1:
            if stmt.value == Var(name, INT):
                grown[stmt.name] = grown[name]
            elif found and found[1] == name and _is_steady((found[2],), loop):
                grown[stmt.name] = _sum(found[0], grown[name], found[2])
        body.append(substitute(stmt, {name: _sum("add", Var(name, INT), grown[name])}))
    if last is None or last.value.type is not INT:
        return None
    end = replace(last, value=apply("add", Var(name, INT), grown[name]))
    return replace(loop, body=(*body, end))


def _sum(op: str, one: Expr, two: Expr) -> Expr:
    match op, one, two:
        case "add", _, Const(value=0):
            return one
        case "add", Const(value=0), _:
            return two
        case _, Const(value=int(a)), Const(value=int(b)):
            return integer(a + b if op == "add" else a - b)
        case _:
            return apply(op, one, two)


def _is_plain(loop: For) -> bool:
    """Whether the bounds stay, the step is a number, and only the last iteration ends the loop."""
    bounds = (loop.start, loop.stop, loop.step)
    inside = list(statements(loop.body))
    labels = {stmt.label for stmt in inside if isinstance(stmt, Block)}
    early = any(isinstance(stmt, Leave) and stmt.label not in labels for stmt in inside)
    return not early and isinstance(loop.step, Const) and _is_steady(bounds, loop)


def _is_steady(exprs: tuple[Expr, ...], loop: For) -> bool:
    """Whether expressions have the same value before, in and after the loop."""
    if any(isinstance(node, Load) for node in walk(exprs)):
        return False
    rebound = any(isinstance(stmt, Rebind) for stmt in statements(loop.body))
    if rebound and any(isinstance(node, Dim) for node in walk(exprs)):
        return False
    indexes = {stmt.index for stmt in statements(loop) if isinstance(stmt, For)}
    return names_read(exprs).isdisjoint(names_written(loop.body) | indexes)


def _induction(loop: For, stmt: Stmt) -> tuple[str, str, Expr] | None:
    """Whether a statement is the only one that changes its variable, by the same each time."""
    found = _added(stmt)
    if found is None or not isinstance(stmt, Assign) or not _is_steady((found[2],), loop):
        return None
    op, source, amount = found
    sets = [s for s in statements(loop.body) if isinstance(s, Assign)]
    if sum(each.name == stmt.name for each in sets) != 1:
        return None
    if source != stmt.name:
        copies = [each for each in sets if each.name == source]
        places = [at for at, each in enumerate(loop.body) if each in copies or each is stmt]
        if len(copies) != 1 or copies[0].value != Var(stmt.name, INT) or len(places) != 2:
            return None
        if loop.body[places[0]] is stmt or source in names_read(loop.body[: places[0]]):
            return None
    return op, source, amount


def _substituted(loop: For, update: Assign, copy: str, form: tuple[str, Var, Expr]) -> For:
    """The loop without the update (and the copy), their values where they were read."""
    at = next(k for k, each in enumerate(loop.body) if each is update)
    turn = _turn(loop)
    here = _value(form, turn)
    later = _value(form, apply("add", turn, integer(1)))
    body: list[Stmt] = []
    for place, stmt in enumerate(loop.body):
        if stmt is update or (isinstance(stmt, Assign) and stmt.name == copy):
            continue
        values = {copy: here} if copy != update.name else {}
        body.append(substitute(stmt, values | {update.name: here if place < at else later}))
    return replace(loop, body=tuple(body))


def _value(form: tuple[str, Var, Expr], turn: Expr) -> Expr:
    op, first, amount = form
    grown = turn if amount == integer(1) else apply("mul", amount, turn)
    return apply(op, first, grown)


def _turn(loop: For) -> Expr:
    """The number of the iteration, from 0."""
    index = Var(loop.index, INT)
    gone = index if loop.start == integer(0) else _minus(index, loop.start)
    return gone if loop.step == integer(1) else apply("floordiv", gone, loop.step)


def _trips(loop: For) -> Expr:
    """The number of iterations."""
    assert isinstance(loop.step, Const), loop.step
    step = int(loop.step.value.real)
    low, high = (loop.start, loop.stop) if step > 0 else (loop.stop, loop.start)
    length = high if low == integer(0) else _minus(high, low)
    if abs(step) != 1:
        more = apply("add", length, integer(abs(step) - 1))
        length = apply("floordiv", more, integer(abs(step)))
    return length if isinstance(length, Dim) else apply("maximum", length, integer(0))


def _minus(a: Expr, b: Expr) -> Expr:
    return apply("sub", a, b)
