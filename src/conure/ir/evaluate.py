"""What a program means: run it on real arrays and scalars, node by node.

The oracle of every pass. A failed check ends the run as FAIL, a false assumption as ASSUMPTION,
and the arrays are then as they were before. `order` runs the loops marked parallel or vector in
another order, in chunks with private copies and reductions combined in a tree, so that a wrong
mark changes a result or reads a value that is not there.

    >>> from conure.ir.parse import parse
    >>> loop = "for i in 0:3 { s = s + a?[i] }"
    >>> program = parse("program f(a: f64[1]C) -> s { local s: f64 " + loop + " }")
    >>> evaluate(program, {"a": np.ones(3)})
    Outcome(status='OK', results=(np.float64(3.0),))
    >>> evaluate(program, {"a": np.ones(2)})
    Outcome(status='FAIL', results=())
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from conure.ir.arithmetic import Failed, combined, compute, convert, neutral, type_of, value_of
from conure.ir.nodes import (
    Alloc,
    Apply,
    Assign,
    Assume,
    Block,
    Const,
    Dim,
    Expr,
    Fail,
    For,
    If,
    Leave,
    Load,
    Program,
    Rebind,
    Reduction,
    Result,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.ops import KEEPING
from conure.ir.types import ArrayType, Scalar
from conure.ir.walk import arrays_written, statements
from conure.record import Record

Status = Literal["OK", "ASSUMPTION", "FAIL"]
Order = Literal["serial", "reversed", "shuffled"]
Array = NDArray[Any]


class _Mark:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


UNBOUND: Final = _Mark("UNBOUND")
"""The result of a name that is unbound when the region ends."""
_POISON: Final = _Mark("POISON")


class Outcome(Record):
    """How a run ended and, if it is OK, what it returned."""

    status: Status
    results: tuple[object, ...] = ()


class _Assumption(Exception):
    pass


def evaluate(program: Program, args: Mapping[str, object], order: Order = "serial") -> Outcome:
    """Run `program` on arguments by name; arrays are written in place."""
    run = _Run(program, args, order)
    written = arrays_written(program)
    saved = {name: array.copy() for name, array in run.arrays.items() if name in written}
    arrays = dict(run.arrays)
    status: Status = "FAIL"
    try:
        left = run.statements(program.body)
        assert left is None, f"leave {left} is outside of block {left}"
        return Outcome("OK", tuple(run.result(result) for result in program.results))
    except Failed:
        pass
    except _Assumption:
        assert not run.stored, "an assumption failed after something was written"
        status = "ASSUMPTION"
    for name, array in saved.items():
        arrays[name][...] = array
    return Outcome(status)


def _zero(scalar: Scalar) -> Any:
    return value_of(Const(0, scalar))


def _poisoned(shape: tuple[int, ...], scalar: Scalar) -> Array:
    """An array of values that nobody computes by chance."""
    value = np.nan if scalar.is_inexact else scalar.range[1] - 1 if scalar.is_integer else True
    return np.full(shape, value, scalar.dtype)


class _Choice:
    """In which chunks, and in which order of them, the iterations of a free loop run."""

    def __init__(self, order: Order, source: random.Random) -> None:
        self.order, self.random = order, source

    def chunks(self, values: list[int], grain: int) -> list[list[int]]:
        chunks = []
        while values:
            size = grain or (1 if self.order == "reversed" else self.random.randint(1, 3))
            chunks.append(values[:size])
            values = values[size:]
        return chunks

    def permuted(self, count: int) -> list[int]:
        numbers = list(range(count))[::-1]
        if self.order == "shuffled":
            self.random.shuffle(numbers)
        return numbers if numbers != sorted(numbers) else numbers[::-1]


def _wrapped(access: Load | Store, index: list[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of an element: as it is, or as a checked access takes it."""
    for axis, extent in enumerate(shape):
        inside = 0 <= index[axis] < extent
        if access.checked and not inside:
            index[axis] += extent
            if not 0 <= index[axis] < extent:
                raise Failed(f"{access.array}{index} of {shape}")
        assert access.checked or inside, f"unchecked {access.array}{index} of {shape}"
    return tuple(index)


class _Run:
    """The state of a run: the value of every scalar, the array of every name."""

    def __init__(self, program: Program, args: Mapping[str, object], order: Order) -> None:
        self.choice = _Choice(order, random.Random(len(program.body)))
        self.scalars: dict[str, Any] = {each.name: _zero(each.type) for each in program.locals}
        self.arrays: dict[str, Array] = {}
        self.origin: dict[str, int] = {}  # the position of the parameter an array name names
        self.stored = False
        self.assigned: set[str] = set()  # by this chunk of the loop being run in another order
        for position, param in enumerate(program.params):
            value = args[param.name]
            if isinstance(param.type, ArrayType):
                assert isinstance(value, np.ndarray), f"{param.name} is {value!r}"
                assert (value.dtype, value.ndim) == (param.type.dtype.dtype, param.type.rank), param
                self.arrays[param.name] = value
                self.origin[param.name] = position
            else:
                assert type_of(value) is param.type, f"{param.name}: {param.type} is {value!r}"
                self.scalars[param.name] = value

    def result(self, result: Result) -> object:
        if result.bound is not None and not self.scalar(result.bound):
            return UNBOUND
        if result.name in self.arrays:
            return self.origin[result.name]
        value = self.scalar(result.name)
        if result.python is None or (result.kind is not None and self.scalar(result.kind)):
            return value
        return convert(value, result.python, checked=False)

    # ---- expressions

    def scalar(self, name: str) -> Any:
        value = self.scalars[name]
        assert value is not _POISON, f"{name} has no value here: a wrong mark"
        return value

    def expression(self, expr: Expr) -> Any:
        match expr:
            case Const():
                return value_of(expr)
            case Var():
                return self.scalar(expr.name)
            case Dim():
                return self.arrays[expr.array].shape[expr.axis]
            case Load():
                return self.arrays[expr.array][self.index(expr)]
            case Apply():
                return self.application(expr)
            case _:
                assert_never(expr)

    def application(self, expr: Apply) -> Any:
        first = self.expression(expr.args[0])
        match expr.op:
            case "and" | "or":
                decided = bool(first) is (expr.op == "or")
                return first if decided else self.expression(expr.args[1])
            case "select":
                return self.expression(expr.args[1 if first else 2])
            case "cast":
                value = convert(first, expr.type, expr.checked)
            case _:
                rest = [self.expression(arg) for arg in expr.args[1:]]
                value = compute(expr.op, (first, *rest), expr.type, expr.checked)
        assert type_of(value) is expr.type, f"{expr} gave {value!r}"
        return value

    def index(self, access: Load | Store) -> tuple[int, ...]:
        index = [self.expression(expr) for expr in access.index]
        return _wrapped(access, index, self.arrays[access.array].shape)

    # ---- statements: each gives the label it leaves, or None

    def statements(self, stmts: Iterable[Stmt]) -> str | None:
        for stmt in stmts:
            if (left := self.statement(stmt)) is not None:
                return left
        return None

    def statement(self, stmt: Stmt) -> str | None:
        match stmt:
            case Assign():
                self.scalars[stmt.name] = self.expression(stmt.value)
                self.assigned.add(stmt.name)
            case Store():
                index = self.index(stmt)
                self.arrays[stmt.array][index] = self.expression(stmt.value)
                self.stored = True
            case For():
                return self.loop(stmt)
            case While():
                while self.expression(stmt.condition):
                    if (left := self.statements(stmt.body)) is not None:
                        return left
            case If():
                return self.statements(
                    stmt.then if self.expression(stmt.condition) else stmt.orelse
                )
            case Block():
                left = self.statements(stmt.body)
                return None if left == stmt.label else left
            case Leave():
                return stmt.label
            case Assume():
                if not self.expression(stmt.condition):
                    raise _Assumption
            case Fail():
                raise Failed("fail")
            case Alloc():
                shape = tuple([self.expression(extent) for extent in stmt.shape])
                self.arrays[stmt.name] = _poisoned(shape, stmt.dtype)
                self.origin[stmt.name] = -1
            case Rebind():
                arrays = [self.arrays[name] for name in stmt.sources]
                origins = [self.origin[name] for name in stmt.sources]
                self.arrays.update(zip(stmt.names, arrays, strict=True))
                self.origin.update(zip(stmt.names, origins, strict=True))
            case _:
                assert_never(stmt)
        return None

    # ---- loops

    def loop(self, loop: For) -> str | None:
        start, stop, step = map(self.expression, (loop.start, loop.stop, loop.step))
        assert step != 0, f"the step of {loop.index} is 0"
        mark = loop.mark
        free = mark.kind != "serial" and self.choice.order != "serial"
        if free and (mark.guard is None or self.expression(mark.guard)):
            self.reordered(loop, list(range(start, stop, step)))
            return None
        for value in range(start, stop, step):
            self.scalars[loop.index] = value
            if (left := self.statements(loop.body)) is not None:
                return left
        return None

    def reordered(self, loop: For, values: list[int]) -> None:
        """The iterations in chunks, the chunks in another order; each has its private values."""
        mark = loop.mark
        chunks = self.choice.chunks(values, mark.grain if mark.kind == "parallel" else 0)
        accumulators = [name for reduction in mark.reductions for name in reduction.names]
        private = _private_outside(loop)
        shared = {name: self.get(name) for name in (*private, *accumulators)}
        partials: list[list[Any]] = [[] for _ in chunks]
        last: dict[str, Any] = {}
        assigned = self.assigned
        for number in self.choice.permuted(len(chunks)):
            self.assigned = set()
            for reduction in mark.reductions:
                self.set(reduction.name, neutral(reduction.op, shared[reduction.name]))
                self.scalars.update(dict.fromkeys(reduction.companions, _POISON))
            for value in chunks[number]:
                for name in private:
                    self.set(name, _without_value(shared[name]))
                self.scalars[loop.index] = value
                left = self.statements(loop.body)
                assert left is None, f"leave {left} in a loop marked {mark.kind}"
            partials[number] = [self.accumulated(reduction) for reduction in mark.reductions]
            assigned |= self.assigned
            if number == len(chunks) - 1:
                last = {name: self.get(name) for name in mark.last}
        if chunks:
            for name in private:
                self.finish(name, shared[name], last.get(name, _without_value(shared[name])))
        self.assigned = assigned
        for position, reduction in enumerate(mark.reductions):
            for name in reduction.names:
                self.set(name, shared[name])
            before = self.accumulated(reduction, True)
            parts = [before, *(partial[position] for partial in partials)]
            self.accumulate(reduction, shared[reduction.name], combined(reduction.op, parts))

    def accumulated(self, reduction: Reduction, surely: bool = False) -> Any:
        """What a chunk leaves; or what was there before, which is `surely` a value."""
        if reduction.op not in KEEPING or reduction.array:
            return self.get(reduction.name)
        values = [self.scalars[name] for name in reduction.names]
        return (surely or reduction.name in self.assigned, *values)

    def accumulate(self, reduction: Reduction, before: Any, value: Any) -> None:
        if reduction.op not in KEEPING or reduction.array:
            self.finish(reduction.name, before, value)
        else:
            self.scalars.update(zip(reduction.names, value[1:], strict=True))

    def get(self, name: str) -> Any:
        return self.arrays[name] if name in self.arrays else self.scalars[name]

    def set(self, name: str, value: Any) -> None:
        values = self.arrays if name in self.arrays else self.scalars
        values[name] = value

    def finish(self, name: str, shared: Any, value: Any) -> None:
        if name in self.arrays:
            shared[...] = value
            value = shared
        self.set(name, value)


def _private_outside(loop: For) -> list[str]:
    """The private names that are not those of arrays made by the iteration itself."""
    made = {stmt.name for stmt in statements(loop.body) if isinstance(stmt, Alloc)}
    return [name for name in loop.mark.private if name not in made]


def _without_value(old: Any) -> Any:
    if isinstance(old, np.ndarray):
        return _poisoned(old.shape, type_of(old.dtype.type()))
    return _POISON
