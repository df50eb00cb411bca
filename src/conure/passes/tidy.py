"""Drop assignments and variables that nobody reads; put constants in their place.

>>> from conure.ir.parse import parse
>>> from conure.ir.text import show
>>> print(show(tidy(parse('''
... program f(a: f64[1]C, n: int) -> s {
...     local s, t, unused: int
...     t = 3
...     unused = n +? 1
...     for i in 0:n { s = i * t  unused = s }
... }'''))))
program f(a: f64[1]C, n: int) -> s {
    local s, unused: int
    unused = n +? 1
    for i in 0:n {
        s = i * 3
    }
}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from conure.ir.nodes import (
    Alloc,
    Assign,
    Const,
    Dim,
    Expr,
    For,
    Load,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
)
from conure.ir.rules import can_fail
from conure.ir.walk import (
    arrays_rebound,
    expressions,
    map_expressions,
    map_statements,
    names_read,
    statements,
    substitute,
    walk,
)
from conure.passes.simplify import simplify_expression


def tidy(program: Program) -> Program:
    """The same program without what nobody reads; a dropped expression is one that cannot fail."""
    before = None
    while program is not before:
        before = program
        program = _without_arrays(_without_dead(_with_constants(program)))
    return _without_locals(program)


def _with_constants(program: Program) -> Program:
    """A local assigned once, to what never changes, and before every read of it, is that value."""
    writes = Counter(stmt.name for stmt in statements(program) if isinstance(stmt, Assign))
    fixed = {param.name for param in program.params} - arrays_rebound(program)
    values: dict[str, Expr] = {}
    unset: set[str] = set(writes)
    for stmt in program.body:
        for name in names_read(stmt) & unset:
            values.pop(name, None)
            writes[name] += 1  # read while it is still zero: never a constant
        if isinstance(stmt, Assign) and writes[stmt.name] == 1 and _constant(stmt.value, fixed):
            values[stmt.name] = stmt.value
        unset -= {stmt.name} if isinstance(stmt, Assign) else set()
    body = substitute(program.body, values)
    if body is program.body:
        return program
    return program.with_body(map_expressions(body, simplify_expression))


def _constant(value: Expr, fixed: set[str]) -> bool:
    match value:
        case Const():
            return True
        case Var(name=name) | Dim(array=name):
            return name in fixed
        case _:
            return False


def _without_dead(program: Program) -> Program:
    """Without assignments of values that cannot fail to names that only such assignments read."""
    reads: dict[str, set[str]] = {}
    alive = _results(program)
    for stmt in statements(program):
        if isinstance(stmt, Assign) and not can_fail(stmt.value):
            reads.setdefault(stmt.name, set()).update(names_read(stmt.value))
        else:
            alive |= names_read(expressions(stmt))
    pending = list(alive)
    while pending:
        new = reads.pop(pending.pop(), set()) - alive
        alive |= new
        pending.extend(new)

    def kept(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        dead = isinstance(stmt, Assign) and stmt.name not in alive and not can_fail(stmt.value)
        return () if dead else stmt

    return _with(program, map_statements(program.body, kept))


def _without_arrays(program: Program) -> Program:
    """Without local arrays that are never read, and without the stores to them."""
    allocated = {stmt.name for stmt in statements(program) if isinstance(stmt, Alloc)}
    used: set[str] = set()
    for node in walk(program):
        match node:
            case Load(array=name) | Dim(array=name):
                used.add(name)
            case Store() if node.checked or any(map(can_fail, expressions(node))):
                used.add(node.array)
            case Alloc() if any(map(can_fail, node.shape)):
                used.add(node.name)
            case Rebind():
                used.update(node.names, node.sources)
            case For():
                used.update(node.mark.private, (each.name for each in node.mark.reductions))
            case _:
                pass
    idle = allocated - used

    def kept(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        match stmt:
            case Alloc(name=name) | Store(array=name) if name in idle:
                return ()
            case _:
                return stmt

    return _with(program, map_statements(program.body, kept))


def _without_locals(program: Program) -> Program:
    """Without scalars that are neither read, nor assigned, nor named by a mark or a result."""
    named = names_read(program) | _results(program)
    for stmt in statements(program):
        if isinstance(stmt, Assign):
            named.add(stmt.name)
        elif isinstance(stmt, For):
            named.update(stmt.mark.private, *(each.names for each in stmt.mark.reductions))
    kept = tuple(local for local in program.locals if local.name in named)
    return program if kept == program.locals else replace(program, locals=kept)


def _results(program: Program) -> set[str]:
    named: Iterable[str | None] = (
        name for each in program.results for name in (each.name, each.kind, each.bound)
    )
    return {name for name in named if name is not None}


def _with(program: Program, body: tuple[Stmt, ...]) -> Program:
    return program if body is program.body else program.with_body(body)
