"""Names for passes that copy code: fresh locals, fresh loop indexes, private scalars anew.

>>> program = parse("program p(n: int) { for i in 0:n:1 { } }")
>>> names = Names(program)
>>> names.make("i"), names.make("i"), names.local("i.end", INT), names.new
('i.1', 'i.2', 'i.end', [Local(name='i.end', type=int)])
>>> with_fresh_binders(program.body[0], names).index
'i.3'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from conure.ir.nodes import (
    Alloc,
    Assign,
    Block,
    Dim,
    Expr,
    For,
    Leave,
    Load,
    Local,
    Mark,
    Program,
    Rebind,
    Stmt,
    Store,
    Var,
)
from conure.ir.parse import parse  # noqa: F401 # the doctest's
from conure.ir.types import INT, Scalar
from conure.ir.walk import (
    arrays_rebound,
    fresh,
    map_expressions,
    map_statements,
    names_read,
    names_written,
    statements,
    substitute,
    walk,
)

S = TypeVar("S", bound=Stmt)


def with_privates(stmt: Stmt) -> Stmt:
    """A marked loop whose private scalars are all those that it assigns and does not reduce."""
    if not isinstance(stmt, For) or stmt.mark.kind == "serial":
        return stmt
    reduced = {name for reduction in stmt.mark.reductions for name in reduction.names}
    private = tuple(sorted(names_written(stmt.body) - reduced))
    return replace(stmt, mark=replace(stmt.mark, private=private))


def with_fixed_stop(loop: For, names: Names) -> tuple[tuple[Stmt, ...], For]:
    """The loop with a `stop` that may be evaluated again: in a local first, if the loop or what it
    stores to could change it."""
    steady = names_read(loop.stop).isdisjoint(names_written(loop.body))
    rebound = arrays_rebound(loop.body)
    if steady and not any(
        isinstance(node, Load) or (isinstance(node, Dim) and node.array in rebound)
        for node in walk(loop.stop)
    ):
        return (), loop
    name = names.local(f"{loop.index}.stop", INT)
    return (Assign(name, loop.stop, loop.loc),), replace(loop, stop=Var(name, INT))


class Names:
    """Fresh names of one program, and the types of its scalars."""

    def __init__(self, program: Program) -> None:
        indexes = {s.index for s in statements(program) if isinstance(s, For)}
        self.types: dict[str, Scalar] = {
            p.name: p.type for p in program.params if isinstance(p.type, Scalar)
        }
        self.types |= {local.name: local.type for local in program.locals}
        self.types |= dict.fromkeys(indexes, INT)
        arrays = {s.name for s in statements(program) if isinstance(s, Alloc)}
        labels = {s.label for s in statements(program) if isinstance(s, Block)}
        self.taken = set(self.types) | {p.name for p in program.params} | arrays | labels
        self.new: list[Local] = []

    def make(self, wish: str) -> str:
        name = fresh(wish, self.taken)
        self.taken.add(name)
        return name

    def local(self, wish: str, type_: Scalar) -> str:
        name = self.make(wish)
        self.types[name] = type_
        self.new.append(Local(name, type_))
        return name


def with_fresh_binders(root: S, names: Names) -> S:
    """The statement with fresh names for all loop indexes, labels and local arrays in it."""
    indexes: dict[str, Expr] = {}
    labels: dict[str, str] = {}
    arrays: dict[str, str] = {}
    for stmt in statements(root):
        match stmt:
            case For():
                indexes[stmt.index] = Var(names.make(stmt.index), INT)
            case Block():
                labels[stmt.label] = names.make(stmt.label)
            case Alloc():
                arrays[stmt.name] = names.make(stmt.name)
            case _:
                pass

    def access(expr: Expr) -> Expr:
        if isinstance(expr, Load | Dim) and expr.array in arrays:
            return replace(expr, array=arrays[expr.array])
        return expr

    def renamed(stmt: Stmt) -> Stmt:
        match stmt:
            case For():
                new = indexes[stmt.index]
                assert isinstance(new, Var)
                return replace(stmt, index=new.name, mark=_renamed_mark(stmt.mark, arrays))
            case Block() | Leave() if stmt.label in labels:
                return replace(stmt, label=labels[stmt.label])
            case Store() if stmt.array in arrays:
                return replace(stmt, array=arrays[stmt.array])
            case Alloc():
                return replace(stmt, name=arrays[stmt.name])
            case Rebind():
                both = (
                    tuple(arrays.get(a, a) for a in part) for part in (stmt.names, stmt.sources)
                )
                new_names, sources = both
                return replace(stmt, names=new_names, sources=sources)
            case _:
                return stmt

    (made,) = map_statements(map_expressions(substitute((root,), indexes), access), renamed)
    assert isinstance(made, type(root))
    return made


def _renamed_mark(mark: Mark, arrays: Mapping[str, str]) -> Mark:
    if not arrays or mark.kind == "serial":
        return mark
    private = tuple(arrays.get(name, name) for name in mark.private)
    reductions = tuple(replace(r, name=arrays.get(r.name, r.name)) for r in mark.reductions)
    return replace(mark, private=private, reductions=reductions)
