"""What emission asks of a program before it starts: names that steer, groups, costs.

>>> program = parse("program f(n: int) -> s { local s: int local k: int"
...     " for i in 0:n { k = k + i  s = s + k  if k < n { s = s + 1 } } }")
>>> sorted(steering_names(program))
['i', 'k', 'n']
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from typing import Final

from conure.ir.nodes import (
    SERIAL,
    Alloc,
    Apply,
    Assign,
    Assume,
    Block,
    Const,
    Expr,
    Fail,
    For,
    If,
    Leave,
    Load,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.ops import OPS
from conure.ir.parse import parse  # noqa: F401 # the doctest's
from conure.ir.types import ArrayType
from conure.ir.walk import arrays_written, bodies, expressions, map_statements, statements, walk
from conure.record import Record

_UNROLLED: Final = 64


class Facts(Record):
    """Facts of one program.

    Attributes
    ----------
    arrays
        Parameters and local arrays.
    steering
        Scalars whose value decides about an address, a condition, a bound or a size.
    written
        Arrays that may be stored to, also under another name.
    rebound
        Arrays that take part in a `:=`, each with all it may trade memory with.
    overlaps
        Pairs of arrays that may share memory, both ways round.
    symbol, attributes
        The entry's name, and the attributes of all functions.
    kernels
        The names of the kernels written so far.
    """

    program: Program
    arrays: tuple[str, ...]
    steering: frozenset[str]
    written: frozenset[str]
    rebound: dict[str, frozenset[str]]
    overlaps: frozenset[tuple[str, str]]
    symbol: str = "entry"
    attributes: str = ""
    kernels: list[str] = field(default_factory=list)


def facts(program: Program, symbol: str = "entry", attributes: str = "") -> Facts:
    """Look through a program once."""
    pairs = program.overlaps + tuple((b, a) for a, b in program.overlaps)
    return Facts(
        program,
        _arrays(program),
        steering_names(program),
        frozenset(arrays_written(program)),
        _rebound(program),
        frozenset(pairs),
        symbol,
        attributes,
    )


def steering_names(program: Program) -> frozenset[str]:
    """The scalars that reach an index, a condition, a bound or a size, through any assignment."""
    sources: dict[str, set[str]] = {}
    names: set[str] = set()
    for node in walk(program):
        match node:
            case Assign(name, value):
                sources.setdefault(name, set()).update(_variables(value))
            case Load(_, index) | Store(_, index) | Alloc(_, _, index):
                names.update(*map(_variables, index))
            case For(start=start, stop=stop, step=step, mark=mark):
                names.update(*map(_variables, (start, stop, step)))
                names.update(_variables(mark.guard) if mark.guard is not None else ())
            case While(condition) | If(condition) | Assume(condition):
                names |= _variables(condition)
            case Apply("and" | "or" | "select", args):
                names |= _variables(args[0])
            case _:
                pass
    stack = list(names)
    while stack:
        for name in sources.get(stack.pop(), set()) - names:
            names.add(name)
            stack.append(name)
    return frozenset(names)


def _arrays(program: Program) -> tuple[str, ...]:
    params = [param.name for param in program.params if isinstance(param.type, ArrayType)]
    return (*params, *(stmt.name for stmt in statements(program) if isinstance(stmt, Alloc)))


def _variables(expr: Expr) -> set[str]:
    return {node.name for node in walk(expr) if isinstance(node, Var)}


def _rebound(program: Program) -> dict[str, frozenset[str]]:
    groups: dict[str, frozenset[str]] = {}
    for stmt in statements(program):
        if isinstance(stmt, Rebind):
            group = frozenset((*stmt.names, *stmt.sources))
            group = group.union(*(groups.get(name, group) for name in group))
            groups |= dict.fromkeys(group, group)
    return groups


def constant_trips(loop: For) -> int | None:
    """How many turns a loop makes, if that is written in the program."""
    bounds = (loop.start, loop.stop, loop.step)
    if not all(isinstance(bound, Const) for bound in bounds):
        return None
    start, stop, step = (int(bound.value.real) for bound in bounds if isinstance(bound, Const))
    return len(range(start, stop, step))


def unrolls(loop: For | While) -> bool:
    """Whether LLVM will unroll the loop and all inside: few turns, known beforehand."""
    if isinstance(loop, While):
        return False
    trips = constant_trips(loop)
    if trips is None or trips > _UNROLLED:
        return False
    inside = 1
    for inner in loops_of(loop.body):
        if not unrolls(inner) or not isinstance(inner, For):
            return False
        inside = max(inside, constant_trips(inner) or 1)
    return trips * inside <= _UNROLLED


def is_leaf(loop: For | While) -> bool:
    """Whether no loop is inside this one that stays a loop."""
    return all(unrolls(inner) for inner in loops_of(loop.body))


def holds_grid(node: Stmt) -> bool:
    """Whether a loop runs on a device, this statement or one inside it."""
    return any(isinstance(s, For) and s.mark.kind == "grid" for s in statements((node,)))


def without_grids(loop: For) -> For:
    """The loop as the host runs it, in order."""

    def plain(stmt: Stmt) -> Stmt:
        if isinstance(stmt, For) and stmt.mark.kind == "grid":
            return replace(stmt, mark=SERIAL)
        return stmt

    (made,) = map_statements((loop,), plain)
    assert isinstance(made, For)
    return made


def stays_inside(loop: For) -> bool:
    """Whether control leaves the body at its end only, and no array of outside is renamed there."""
    inner = list(statements(loop.body))
    blocks = {stmt.label for stmt in inner if isinstance(stmt, Block)}
    local = {stmt.name for stmt in inner if isinstance(stmt, Alloc)}
    leaves = {stmt.label for stmt in inner if isinstance(stmt, Leave)}
    renamed = {name for stmt in inner if isinstance(stmt, Rebind) for name in stmt.names}
    return leaves <= blocks and renamed <= local


def may_fail(stmts: Iterable[Stmt]) -> bool:
    """Whether anything in these statements is checked, leaves to Python, or asks for memory."""
    for node in walk(stmts):
        if isinstance(node, Fail) or getattr(node, "checked", False):
            return True
        if isinstance(node, Alloc) and not all(isinstance(each, Const) for each in node.shape):
            return True
    return False


def expression_cost(expr: Expr) -> float:
    """The cost in additions, with one for each access."""
    total = 0.0
    for node in walk(expr):
        if isinstance(node, Apply):
            total += OPS[node.op].cost * (3 if node.type.kind == "complex" else 1)
        elif isinstance(node, Load):
            total += 1.0
    return total


def own_cost(stmts: Iterable[Stmt]) -> float:
    """The cost of one turn through statements, loops inside them left out."""
    total = 0.0
    for stmt in stmts:
        total += sum(map(expression_cost, expressions(stmt)))
        total += isinstance(stmt, Store)
        if not isinstance(stmt, For | While):
            total += sum(map(own_cost, bodies(stmt)))
    return total


def loops_of(stmts: Iterable[Stmt]) -> list[For | While]:
    """The outermost loops among statements."""
    found: list[For | While] = []
    for stmt in stmts:
        if isinstance(stmt, For | While):
            found.append(stmt)
        else:
            for body in bodies(stmt):
                found += loops_of(body)
    return found


def fails_after_write(program: Program, known: Facts) -> bool:
    """Whether a run may fail when it has already written to an argument."""
    arguments = {param.name for param in program.params}
    return _fails_after(program.body, False, arguments & known.written)[1]


def _fails_after(
    stmts: tuple[Stmt, ...], written: bool, arguments: set[str] | frozenset[str]
) -> tuple[bool, bool]:
    """Has something been written at the end, and may a failure come after a write?"""
    late = False
    for stmt in stmts:
        writes = bool(arrays_written(stmt) & arguments)
        repeats = isinstance(stmt, For | While)
        if may_fail((stmt,)) and (written or (repeats and writes)):
            return True, True
        for body in bodies(stmt):
            late = late or _fails_after(body, written, arguments)[1]
        written = written or writes
    return written, late
