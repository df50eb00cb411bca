"""Names for passes that copy code: fresh locals, fresh loop indexes, private scalars anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from conure.ir.nodes import Alloc, Block, Expr, For, If, Leave, Local, Program, Stmt, Var, While
from conure.ir.types import INT, Scalar
from conure.ir.walk import fresh, map_statements, names_written, statements, substitute

S = TypeVar("S", For, If, While)


def with_privates(stmt: Stmt) -> Stmt:
    """A marked loop whose private scalars are all those that it assigns and does not reduce."""
    if not isinstance(stmt, For) or stmt.mark.kind == "serial":
        return stmt
    reduced = {reduction.name for reduction in stmt.mark.reductions}
    private = tuple(sorted(names_written(stmt.body) - reduced))
    return replace(stmt, mark=replace(stmt.mark, private=private))


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
    """The statement with fresh index names and labels for all loops and blocks in it."""
    fresh_names: dict[str, Expr] = {}
    labels: dict[str, str] = {}
    for stmt in statements(root):
        if isinstance(stmt, For):
            fresh_names[stmt.index] = Var(names.make(stmt.index), INT)
        elif isinstance(stmt, Block):
            labels[stmt.label] = names.make(stmt.label)

    def renamed(stmt: Stmt) -> Stmt:
        match stmt:
            case For():
                new = fresh_names[stmt.index]
                assert isinstance(new, Var)
                return replace(stmt, index=new.name)
            case Block() | Leave() if stmt.label in labels:
                return replace(stmt, label=labels[stmt.label])
            case _:
                return stmt

    (made,) = map_statements((substitute(root, fresh_names),), renamed)
    assert isinstance(made, type(root))
    return made
