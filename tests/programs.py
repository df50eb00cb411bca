"""Random valid programs of the loop language, with arguments: what passes are tested on.

Integers are small or wrap, floats are small multiples of powers of two, so that sums are exact in
any order. Most subscripts are in range (the sizes are known here); now and then one is not, an
integer overflows, or an assumption is false, so that all outcomes occur.

    >>> program, args = random_program(5)
    >>> parse(show(program)) == program
    True
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from conure.ir.evaluate import Order, evaluate
from conure.ir.nodes import (
    Alloc,
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
    Param,
    Program,
    Rebind,
    Result,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.ops import apply, cast, integer
from conure.ir.parse import parse  # noqa: F401 # the doctest's
from conure.ir.text import show  # noqa: F401 # the doctest's
from conure.ir.types import BOOL, F32, F64, FLOAT, I32, I64, INT, U8, ArrayType, Scalar, truth

ELEMENTS = (F64, F64, F64, I64, I64, F32, I32, U8)
VALUES = (FLOAT, INT, F64, I64, BOOL)


@dataclass(frozen=True)
class Whole:
    """An `int` expression and the values that it may have."""

    expr: Expr
    low: int
    high: int


@dataclass
class Scope:
    """What may be read here: arrays with their extents, and integers with their ranges."""

    arrays: dict[str, tuple[ArrayType, tuple[Whole, ...]]] = field(default_factory=dict)
    wholes: list[Whole] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def inner(self) -> Scope:
        return Scope(dict(self.arrays), list(self.wholes), list(self.labels))


class Maker:
    """One random program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.locals: list[Local] = []
        self.args: dict[str, Any] = {}

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}.{self.count}"

    # ---- the program

    def program(self) -> Program:
        scope = Scope()
        params: list[Param] = []
        for name in ("n", "m"):
            value = self.random.choice((0, 1, 2, 3, 4, 5))
            params.append(Param(name, INT))
            self.args[name] = value
            scope.wholes.append(Whole(Var(name, INT), value, value))
        for name in ("a", "b", "c", "d")[: self.random.randint(2, 4)]:
            params.append(self.array(name, scope))
        params.append(Param("x", FLOAT))
        self.args["x"] = self.random.randint(-8, 8) / 4
        for scalar in VALUES:
            self.locals += [Local(f"{scalar}.{letter}", scalar) for letter in "st"]
        body = (*self.assumptions(), *self.statements(scope, 3))
        names = [local.name for local in self.locals]
        results = [Result(name) for name in self.random.sample(names, min(4, len(names)))]
        if self.chance(0.3):
            results.append(Result("f64.s", FLOAT, "bool.s", "bool.t"))
        return Program("random", tuple(params), tuple(self.locals), body, tuple(results))

    def array(self, name: str, scope: Scope) -> Param:
        dtype = self.random.choice(ELEMENTS)
        rank = self.random.choice((1, 1, 2))
        sizes = [scope.wholes[self.random.randint(0, 1)] for _ in range(rank)]
        shape = tuple(size.low for size in sizes)
        flat = [self.random.randint(0, 9) for _ in range(4 * int(np.prod(shape)) + 1)]
        values = np.array(flat[: int(np.prod(shape))], dtype.dtype).reshape(shape)
        layout = self.random.choice("CCFS")
        if layout == "F":
            values = np.asfortranarray(values)
        elif layout == "S":
            wide = np.zeros([2 * extent for extent in shape], dtype.dtype)[
                (slice(None, None, 2),) * rank
            ]
            wide[...] = values
            values = wide[::-1]
        self.args[name] = values
        kind = ArrayType(dtype, rank, layout)  # type: ignore[arg-type] # a letter of "CFS"
        extents = tuple(Whole(Dim(name, axis, INT), n.low, n.low) for axis, n in enumerate(sizes))
        scope.arrays[name] = (kind, extents)
        scope.wholes += extents
        return Param(name, kind)

    def assumptions(self) -> tuple[Stmt, ...]:
        if not self.chance(0.3):
            return ()
        limit = 2 if self.chance(0.1) else 1000
        return (Assume(apply("less", Var("n", INT), integer(limit))),)

    # ---- statements

    def statements(self, scope: Scope, depth: int) -> tuple[Stmt, ...]:
        stmts: list[Stmt] = []
        for _ in range(self.random.randint(1, 4 if depth > 1 else 3)):
            stmts += self.statement(scope, depth)
        return tuple(stmts)

    def statement(self, scope: Scope, depth: int) -> list[Stmt]:
        choice = self.random.random()
        if depth > 0 and choice < 0.45:
            return [self.loop(scope, depth)]
        if depth > 0 and choice < 0.50:
            return self.whiles(scope, depth)
        if depth > 0 and choice < 0.55:
            return self.alloc(scope, depth)
        if depth >= 0 and choice < 0.63:
            return [self.branch(scope, depth)]
        if depth > 0 and choice < 0.67:
            return [self.block(scope, depth)]
        if choice < 0.69 and scope.labels:
            leave = Leave(self.random.choice(scope.labels))
            return [If(self.condition(scope, 1), (leave,))]
        if choice < 0.71 and (swap := self.swap(scope)):
            return [swap]
        if choice < 0.85 and scope.arrays:
            return [self.store(scope)]
        return [self.assign(scope)]

    def loop(self, scope: Scope, depth: int) -> Stmt:
        index = self.fresh("i")
        low = Whole(integer(0), 0, 0)
        if self.chance(0.3):
            low = self.random.choice([w for w in scope.wholes if w.high < 10])
        high = self.random.choice([w for w in scope.wholes if w.high < 10])
        offset = self.random.choice((0, 0, 0, -1, 1))
        if offset:
            high = Whole(
                apply("add", high.expr, integer(offset)), high.low + offset, high.high + offset
            )
        step = self.random.choice((1, 1, 1, 1, 2, -1))
        inner = scope.inner()
        inner.wholes.append(Whole(Var(index, INT), low.low, high.high - 1))
        start, stop = low.expr, high.expr
        if step < 0:
            start = apply("sub", stop, integer(1))
            stop = apply("sub", low.expr, integer(1))
        body = self.statements(inner, depth - 1)
        if self.chance(0.1):
            label = self.fresh("next")
            inner.labels.append(label)
            body = (Block(label, (*body, *self.statements(inner, depth - 1))),)
        return For(index, start, stop, integer(step), body)

    def whiles(self, scope: Scope, depth: int) -> list[Stmt]:
        name = self.fresh("k")
        self.locals.append(Local(name, INT))
        turn = Var(name, INT)
        more = apply("and", apply("less", turn, integer(3)), self.truth(BOOL, scope, 1))
        body = (
            Assign(name, apply("add", turn, integer(1))),
            *self.statements(scope.inner(), depth - 1),
        )
        return [Assign(name, integer(0)), While(more, body)]

    def alloc(self, scope: Scope, depth: int) -> list[Stmt]:
        name, index = self.fresh("t"), self.fresh("i")
        dtype = self.random.choice(ELEMENTS)
        extent = self.random.choice([w for w in scope.wholes if w.low >= 0 and w.high < 10])
        fill = Store(name, (Var(index, INT),), self.value(dtype, scope, 1))
        stop = Dim(name, 0, INT)
        scope.arrays[name] = (ArrayType(dtype, 1, "C"), (replace(extent, expr=stop),))
        return [
            Alloc(name, dtype, (extent.expr,)),
            For(index, integer(0), stop, integer(1), (fill,)),
            *self.statements(scope, depth - 1),
        ]

    def branch(self, scope: Scope, depth: int) -> Stmt:
        then = self.statements(scope.inner(), depth - 1)
        orelse = self.statements(scope.inner(), depth - 1) if self.chance(0.4) else ()
        return If(self.condition(scope, 2), then, orelse)

    def block(self, scope: Scope, depth: int) -> Stmt:
        label = self.fresh("out")
        inner = scope.inner()
        inner.labels.append(label)
        return Block(label, self.statements(inner, depth - 1))

    def swap(self, scope: Scope) -> Stmt | None:
        params = [name for name in scope.arrays if "." not in name]
        for first in params:
            for second in params:
                here, there = scope.arrays[first], scope.arrays[second]
                sizes = [[w.low for w in each[1]] for each in (here, there)]
                if first < second and here[0] == there[0] and sizes[0] == sizes[1]:
                    return Rebind((first, second), (second, first))
        return None

    def store(self, scope: Scope) -> Stmt:
        name, index, checked = self.access(scope, tuple(scope.arrays))
        dtype = scope.arrays[name][0].dtype
        if self.chance(0.4):  # an accumulation in place
            old = Load(name, index, dtype, checked)
            value: Expr = apply("add", old, self.value(dtype, scope, 1), checked=self.chance(0.5))
            value = value if dtype.is_integer else self.bounded(value)
        else:
            value = self.bounded(self.value(dtype, scope, 2))
        return Store(name, index, value, checked)

    def assign(self, scope: Scope) -> Stmt:
        scalar = self.random.choice(VALUES)
        name = f"{scalar}.{self.random.choice('st')}"
        value = self.value(scalar, scope, 2)
        if scalar is not BOOL and self.chance(0.5):
            op = self.random.choice(("add", "add", "minimum", "maximum"))
            value = apply(op, Var(name, scalar), value)
        return Assign(name, self.bounded(value))

    # ---- expressions

    def bounded(self, value: Expr) -> Expr:
        """The value in a range that keeps later sums exact (an integer sometimes freely)."""
        if value.type is BOOL or (value.type.is_integer and self.chance(0.2)):
            return value
        limit = 100 if value.type.is_integer else 1024.0
        return apply("mod", value, Const(limit, value.type), checked=False)

    def access(self, scope: Scope, names: tuple[str, ...]) -> tuple[str, tuple[Expr, ...], bool]:
        name = self.random.choice(names)
        inside, index = True, []
        for extent in scope.arrays[name][1]:
            whole = self.subscript(scope, extent)
            index.append(whole.expr)
            inside &= whole.low >= 0 and whole.high < extent.low
        return name, tuple(index), not inside or self.chance(0.4)

    def subscript(self, scope: Scope, extent: Whole) -> Whole:
        candidates = [self.shifted(whole) for whole in scope.wholes]
        mirrored = [
            Whole(apply("sub", apply("sub", extent.expr, integer(1)), w.expr), 0, extent.low - 1)
            for w in scope.wholes
            if w.low >= 0 and w.high < extent.low
        ]
        fitting = [w for w in candidates + mirrored if w.low >= 0 and w.high < extent.low]
        if fitting and self.chance(0.98):
            return self.random.choice(fitting)
        if extent.low > 0 and self.chance(0.97):
            return Whole(integer(0), 0, 0)
        return self.random.choice(candidates)

    def shifted(self, whole: Whole) -> Whole:
        offset = self.random.choice((0, 0, 0, 1, -1, 2))
        if not offset:
            return whole
        op, by = ("add", offset) if offset > 0 else ("sub", -offset)
        expr = apply(op, whole.expr, integer(by), checked=self.chance(0.5))
        return Whole(expr, whole.low + offset, whole.high + offset)

    def value(self, scalar: Scalar, scope: Scope, depth: int) -> Expr:
        if scalar.kind == "bool":
            return self.truth(scalar, scope, depth)
        choice = self.random.random()
        if depth == 0 or choice < 0.35:
            return self.leaf(scalar, scope)
        if choice < 0.42:
            yes, no = (self.value(scalar, scope, depth - 1) for _ in range(2))
            op = self.random.choice(("select", "choice"))
            return apply(op, self.condition(scope, depth - 1), yes, no)
        if choice < 0.50:
            other = self.random.choice((INT, I32, scalar))
            return self.exact(self.leaf(other, scope), scalar)
        if choice < 0.60 and scalar.kind != "unsigned":
            return apply("neg", self.value(scalar, scope, depth - 1))
        if choice < 0.66:
            factor = self.random.choice((1, 2, 3) if scalar.is_integer else (0.5, 2.0, 1.0))
            return apply("mul", self.leaf(scalar, scope), Const(factor, scalar))
        op = self.random.choice(("add", "add", "sub", "minimum", "maximum"))
        sides = (self.value(scalar, scope, depth - 1) for _ in range(2))
        return apply(op, *sides, checked=self.chance(0.5))

    def exact(self, value: Expr, scalar: Scalar) -> Expr:
        """A cast of an integer, made small where it goes to a float."""
        if value.type.is_integer and not scalar.is_integer:
            value = apply("mod", value, Const(64, value.type), checked=False)
        return cast(value, scalar)

    def leaf(self, scalar: Scalar, scope: Scope) -> Expr:
        choices: list[Expr] = [Const(self.random.choice((0, 1, 2, 3)), scalar)]
        if scalar.kind == "real":
            choices = [Const(self.random.choice((0.0, 0.5, -1.0, 2.0, -0.0)), scalar)]
        if scalar in VALUES:
            choices += [Var(f"{scalar}.s", scalar), Var(f"{scalar}.t", scalar)]
        if scalar is FLOAT:
            choices.append(Var("x", FLOAT))
        if scalar is INT:
            choices += [whole.expr for whole in scope.wholes]
        names = tuple(name for name, (kind, _) in scope.arrays.items() if kind.dtype is scalar)
        if names:
            name, index, checked = self.access(scope, names)
            choices += [Load(name, index, scalar, checked)] * 3
        return self.random.choice(choices)

    def condition(self, scope: Scope, depth: int) -> Expr:
        return self.truth(self.random.choice((BOOL, truth(F64))), scope, depth)

    def truth(self, scalar: Scalar, scope: Scope, depth: int) -> Expr:
        choice = self.random.random()
        if depth > 0 and choice < 0.25:
            sides = (self.truth(scalar, scope, depth - 1) for _ in range(2))
            return apply(self.random.choice(("and", "or", "bitxor", "equal")), *sides)
        if depth > 0 and choice < 0.35:
            return apply("not", self.truth(scalar, scope, depth - 1))
        if choice < 0.40:
            return Const(self.chance(0.5), scalar)
        operand = self.random.choice((INT, FLOAT) if scalar.python else (F64, I64))
        op = self.random.choice(("less", "less_equal", "greater", "equal", "not_equal"))
        sides = (self.value(operand, scope, max(depth - 1, 0)) for _ in range(2))
        return apply(op, *sides)


def random_program(seed: int) -> tuple[Program, dict[str, Any]]:
    """A valid program and arguments for it, the same ones for the same seed."""
    maker = Maker(seed)
    return maker.program(), maker.args


def observed(program: Program, args: Mapping[str, Any], order: Order = "serial") -> str:
    """All that a run shows, on copies of the arguments: outcome, results and arrays, as text."""
    copies = {
        name: np.array(value, order="K") if isinstance(value, np.ndarray) else value
        for name, value in args.items()
    }
    outcome = evaluate(program, copies, order)
    arrays = {
        name: value.tolist() for name, value in copies.items() if isinstance(value, np.ndarray)
    }
    return f"{outcome} {arrays}"
