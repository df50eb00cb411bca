"""Which names may still be read after each statement, and at the head of each loop.

Joins keep only these names: a temporary that has a different type in each branch harms nobody,
and a loop variable that nobody reads afterwards costs nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import field

from conure.record import Record

Names = frozenset[str]
_NONE: Names = frozenset()


class _Exits(Record):
    """What is live where `break` and `continue` lead."""

    leave: Names
    again: Names


class Liveness(Record, frozen=False):
    """`after[id(s)]`: live after a statement; `head[id(s)]`: live at the head of a loop."""

    after: dict[int, Names] = field(default_factory=dict)
    head: dict[int, Names] = field(default_factory=dict)
    always: Names = _NONE  # read by functions defined here, whenever they are called

    def at_head(self, loop: ast.stmt) -> Names:
        return self.head[id(loop)] | self.always

    def behind(self, statement: ast.stmt) -> Names:
        return self.after[id(statement)] | self.always

    def block(self, statements: Sequence[ast.stmt], live: Names, exits: _Exits) -> Names:
        """Live before the statements, given what is live after them."""
        for statement in reversed(statements):
            self.after[id(statement)] = live
            live = self._statement(statement, live, exits)
        return live

    def _statement(self, statement: ast.stmt, live: Names, exits: _Exits) -> Names:
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                branches = self.block(body, live, exits) | self.block(orelse, live, exits)
                return branches | reads(test)
            case ast.While(test=test, body=body, orelse=orelse):
                out = self.block(orelse, live, exits)
                return self._loop(statement, body, out | reads(test), live, _NONE)
            case ast.For(target=target, iter=iterable, body=body, orelse=orelse):
                out = self.block(orelse, live, exits) | reads(target)
                return self._loop(statement, body, out, live, writes(target)) | reads(iterable)
            case ast.Break():
                return exits.leave
            case ast.Continue():
                return exits.again
            case ast.Return(value=value):
                return _NONE if value is None else reads(value)
            case ast.AugAssign(target=target):
                also = writes(target)
                return live | reads(statement) | also
            case ast.Assign() | ast.AnnAssign():
                return (live - writes(statement)) | reads(statement)
            case _:
                return live | reads(statement)

    def _loop(
        self, loop: ast.stmt, body: list[ast.stmt], out: Names, behind: Names, targets: Names
    ) -> Names:
        head = out
        while True:
            grown = out | (self.block(body, head, _Exits(behind, head)) - targets)
            if grown <= head:
                break
            head = head | grown
        self.head[id(loop)] = head
        return head


def reads(node: ast.AST) -> Names:
    """Names read in a node, also those that a comprehension in it binds."""
    return frozenset(
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    )


def writes(node: ast.AST) -> Names:
    """Names bound by the targets in a node, outside comprehensions."""
    return assigned_names([node])


def assigned_names(statements: Iterable[ast.AST]) -> Names:
    """Names that the statements may bind (those of nested functions aside)."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name):
                found.add(name)
                continue
            case ast.Lambda() | ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                continue
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case _:
                pass
        waiting.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def liveness(statements: Sequence[ast.stmt], live_out: Iterable[str]) -> Liveness:
    """Of a run of statements after which the names `live_out` are read."""
    inner = [
        node
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.FunctionDef | ast.Lambda)
    ]
    always = _NONE.union(*(reads(node) for node in inner))
    result = Liveness(always=always)
    result.block(list(statements), frozenset(live_out), _Exits(_NONE, _NONE))
    return result
