"""An oracle for verdicts: run a program by hand, and note which iteration touches which cell.

It knows nothing of the analysis. `conflicts` runs a program of `int` and real scalars in Python
and returns the variables and cells by which two iterations of one loop depend on each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

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
    Program,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.ops import OPS


class FailedError(Exception):
    """A checked access was out of range."""


class AssumedError(Exception):
    """An assumption was false."""


@dataclass
class Trace:
    """Runs a program; `touched[instance][cell]` lists (iteration, is a write)."""

    program: Program
    args: Mapping[str, Any]
    loop: str = ""
    instances: int = 0
    iteration: tuple[int, int] | None = None
    touched: dict[tuple[int, str, Any], list[tuple[int, bool]]] = field(default_factory=dict)
    guards: list[bool] = field(default_factory=list)
    guard: Expr | None = None
    out_of_range: bool = False

    def run(self) -> None:
        self.arrays = {k: v for k, v in self.args.items() if isinstance(v, np.ndarray)}
        self.values = {k: v for k, v in self.args.items() if not isinstance(v, np.ndarray)}
        for local in self.program.locals:
            self.values[local.name] = 0
        self.go(self.program.body)

    def touch(self, name: str, cell: Any, write: bool) -> None:
        if self.iteration is not None:
            instance, number = self.iteration
            self.touched.setdefault((instance, name, cell), []).append((number, write))

    def value(self, expr: Expr) -> Any:
        match expr:
            case Const():
                return expr.value
            case Var():
                self.touch(expr.name, None, False)
                return self.values[expr.name]
            case Dim():
                return self.arrays[expr.array].shape[expr.axis]
            case Load():
                cell = self.cell(expr)
                self.touch(expr.array, cell, False)
                return self.arrays[expr.array][cell].item()
            case Apply(op="and"):
                return self.value(expr.args[0]) and self.value(expr.args[1])
            case Apply(op="or"):
                return self.value(expr.args[0]) or self.value(expr.args[1])
            case Apply(op="select"):
                return self.value(expr.args[1] if self.value(expr.args[0]) else expr.args[2])
            case Apply():
                return OPS[expr.op].python(*(self.value(arg) for arg in expr.args))

    def cell(self, access: Load | Store) -> tuple[int, ...]:
        shape = self.arrays[access.array].shape
        index = [self.value(part) for part in access.index]
        for at, (position, extent) in enumerate(zip(index, shape, strict=True)):
            if position < 0 and access.checked:
                position += extent
            if not 0 <= position < extent:
                self.out_of_range = not access.checked
                raise FailedError
            index[at] = int(position)
        return tuple(index)

    def go(self, stmts: Iterable[Stmt]) -> str | None:
        for stmt in stmts:
            left = self.statement(stmt)
            if left is not None:
                return left
        return None

    def statement(self, stmt: Stmt) -> str | None:
        match stmt:
            case Assign():
                self.values[stmt.name] = self.value(stmt.value)
                self.touch(stmt.name, None, True)
            case Store():
                value, cell = self.value(stmt.value), self.cell(stmt)
                self.arrays[stmt.array][cell] = value
                self.touch(stmt.array, cell, True)
            case If():
                return self.go(stmt.then if self.value(stmt.condition) else stmt.orelse)
            case While():
                while self.value(stmt.condition):
                    if (left := self.go(stmt.body)) is not None:
                        return left
            case Block():
                left = self.go(stmt.body)
                return None if left == stmt.label else left
            case Leave():
                return stmt.label
            case Assume():
                if not self.value(stmt.condition):
                    raise AssumedError
            case Alloc():
                shape = [self.value(part) for part in stmt.shape]
                self.arrays[stmt.name] = np.zeros(shape)
            case For():
                return self.repeat(stmt)
            case _:
                raise AssertionError(stmt)
        return None

    def repeat(self, stmt: For) -> str | None:
        bounds = [self.value(part) for part in (stmt.start, stmt.stop, stmt.step)]
        watched = stmt.index == self.loop
        if watched:
            self.instances += 1
            holds = True if self.guard is None else bool(self.value(self.guard))
            self.guards.append(holds)
        instance = self.instances
        for number, index in enumerate(range(*bounds)):
            if watched:
                self.iteration = (instance, number)
            self.values[stmt.index] = index
            left = self.go(stmt.body)
            if left is not None:
                self.iteration = None if watched else self.iteration
                return left
        self.iteration = None if watched else self.iteration
        return None


def conflicts(trace: Trace, ignored: Iterable[str]) -> set[str]:
    """The names by which iterations that a guard allowed to run in any order depend on each
    other. `ignored`: what is private or reduced."""
    found = set()
    for (instance, name, _), touches in trace.touched.items():
        if name in ignored or not trace.guards[instance - 1]:
            continue
        writers = {number for number, write in touches if write}
        if writers and len({number for number, _ in touches}) > 1:
            found.add(name)
    return found


def exposed(trace: Trace, names: Iterable[str]) -> set[str]:
    """Of the private names, those that some iteration read before it wrote them."""
    found = set()
    for (_, name, _), touches in trace.touched.items():
        first: dict[int, bool] = {}
        for number, write in touches:
            first.setdefault(number, write)
        if name in names and not all(first.values()):
            found.add(name)
    return found
