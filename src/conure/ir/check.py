"""Whether a program is well formed; if not, `CheckError` with the lines around the bad one.

>>> from conure.ir.parse import parse
>>> check(parse("program f(a: f64[1]C, n: int) { for i in 0:n { a[i, i] = 1.0:f64 } }"))
Traceback (most recent call last):
conure.errors.CheckError: a has 1 axis, here 2
      1 | program f(a: f64[1]C, n: int) {
      2 |     for i in 0:n {
    > 3 |         a[i, i] = 1.0:f64
      4 |     }
      5 | }
"""

from __future__ import annotations

import re
from typing import Final, NoReturn, assert_never

from conure.errors import CheckError
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
    Mark,
    Program,
    Rebind,
    Result,
    Stmt,
    Store,
    Var,
    While,
)
from conure.ir.ops import KEEPING, OPS, REDUCIBLE, cast_can_fail, result_type
from conure.ir.text import NAME, show
from conure.ir.types import BOOL, C64, C128, COMPLEX, F32, F64, FLOAT, INT, ArrayType, Scalar
from conure.ir.walk import map_statements, names_written, operands, statements

_NAME: Final = re.compile(NAME)
_MARKER: Final = "<here>"
_AROUND: Final = 3
_VALUES: Final = {"bool": bool, "signed": int, "unsigned": int, "real": float, "complex": complex}
_COMPLEX_OF: Final = {FLOAT: COMPLEX, F64: C128, F32: C64}


def check(program: Program) -> None:
    """Do nothing if `program` is well formed, or raise `CheckError`."""
    _Checker(program).program()


class _Scope:
    """The names in scope while going through a program in the order of its text."""

    def __init__(self, program: Program) -> None:
        self.whole = program
        self.stmt: Stmt | None = None
        self.scalars: dict[str, Scalar] = {}
        self.arrays: dict[str, ArrayType] = {}
        self.assignable: set[str] = set()
        self.indexes: set[str] = set()
        self.labels: list[str] = []
        self.stored = False

    def require(self, condition: bool, message: str) -> None:
        if not condition:
            self.fail(message)

    def fail(self, message: str) -> NoReturn:
        raise CheckError("\n".join([message, *_lines_around(self.whole, self.stmt)]))

    def array(self, name: str) -> ArrayType:
        self.require(name in self.arrays, f"{name} is not an array here")
        return self.arrays[name]

    def declare(self, name: str) -> None:
        self.require(_NAME.fullmatch(name) is not None, f"{name!r} is no name")
        taken = name in self.scalars or name in self.arrays or name in self.indexes
        self.require(not taken, f"{name} is declared twice")


class _Expressions(_Scope):
    """Operand types, declared names, ranks."""

    def typed(self, expr: Expr, expected: Scalar) -> None:
        self.expression(expr)
        if expr.type is not expected:
            self.fail(f"{show(expr)} is {expr.type}, not {expected}")

    def expression(self, expr: Expr) -> None:
        stack = [expr]
        while stack:
            node = stack.pop()
            self.node(node)
            stack.extend(operands(node))

    def node(self, expr: Expr) -> None:
        match expr:
            case Const():
                self.constant(expr)
            case Var():
                declared = self.scalars.get(expr.name)
                self.require(declared is not None, f"{expr.name} is not declared here")
                fine = declared is expr.type
                self.require(fine, f"{expr.name} is {declared}, not {expr.type}")
            case Dim():
                rank = self.array(expr.array).rank
                self.require(0 <= expr.axis < rank, f"{expr.array} has no axis {expr.axis}")
                self.require(expr.type is INT, "an extent is an int")
            case Load():
                self.access(expr)
                if expr.type is not self.array(expr.array).dtype:
                    self.fail(f"{show(expr)} is {self.array(expr.array).dtype}, not {expr.type}")
            case Apply():
                self.application(expr)
            case _:
                assert_never(expr)

    def constant(self, const: Const) -> None:
        value, scalar = const.value, const.type
        fine = type(value) is _VALUES[scalar.kind]
        if fine and scalar.is_integer:
            assert isinstance(value, int)
            fine = scalar.range[0] <= value <= scalar.range[1]
        if fine and scalar is F32:
            fine = repr(float(scalar.dtype.type(value))) == repr(value)
        self.require(fine, f"{value!r} is no value of type {scalar}")

    def access(self, node: Load | Store) -> None:
        rank, here = self.array(node.array).rank, len(node.index)
        axes = "axis" if rank == 1 else "axes"
        self.require(rank == here, f"{node.array} has {rank} {axes}, here {here}")
        for expr in node.index:
            if expr.type is not INT:
                self.fail(f"the index {show(expr)} is {expr.type}, not int")

    def application(self, expr: Apply) -> None:
        row = OPS.get(expr.op)
        if row is None or row.arity != len(expr.args):
            self.fail(f"no operator {expr.op} of {len(expr.args)} operands")
        types = [arg.type for arg in expr.args]
        if expr.op in ("select", "choice"):
            if types[0].kind != "bool":
                self.fail(f"{show(expr)} selects by a {types[0]}")
            types = types[1:]
        operand = types[0]
        if not all(other is operand for other in types):
            self.fail(f"{show(expr)} mixes {', '.join(map(str, types))}")
        self.require(operand.kind in row.kinds, f"{expr.op} does not take {operand}")
        if expr.op == "cast":
            fails = cast_can_fail(operand, expr.type)
        else:
            fails = row.can_fail(operand)
            all_types = tuple(arg.type for arg in expr.args)
            complex_type = _COMPLEX_OF.get(operand) if expr.op == "complex" else None
            expected = complex_type or result_type(expr.op, all_types)
            if expr.type is not expected:
                self.fail(f"{show(expr)} is {expected}, not {expr.type}")
        if expr.checked and not fails:
            self.fail(f"{show(expr)} cannot fail, but is checked")


class _Checker(_Expressions):
    """Programs and statements."""

    def program(self) -> None:
        for param in self.whole.params:
            self.declare(param.name)
            if isinstance(param.type, ArrayType):
                self.arrays[param.name] = param.type
            else:
                self.scalars[param.name] = param.type
        for local in self.whole.locals:
            self.declare(local.name)
            self.scalars[local.name] = local.type
            self.assignable.add(local.name)
        for result in self.whole.results:
            self.result(result)
        for pair in self.whole.overlaps:
            for name in pair:
                self.require(name in self.arrays, f"{name} is not an array parameter")
        self.list(self.whole.body)

    def list(self, stmts: tuple[Stmt, ...]) -> None:
        outer = set(self.arrays)
        for stmt in stmts:
            self.stmt = stmt
            self.statement(stmt)
        for name in self.arrays.keys() - outer:
            del self.arrays[name]

    def statement(self, stmt: Stmt) -> None:
        match stmt:
            case Assign():
                self.require(stmt.name in self.assignable, f"{stmt.name} is not a local")
                self.typed(stmt.value, self.scalars[stmt.name])
            case Store():
                self.access(stmt)
                for expr in stmt.index:
                    self.expression(expr)
                self.typed(stmt.value, self.array(stmt.array).dtype)
                self.stored = True
            case For():
                self.loop(stmt)
            case While():
                self.condition(stmt.condition)
                self.repeated(stmt)
            case If():
                self.condition(stmt.condition)
                self.list(stmt.then)
                self.list(stmt.orelse)
            case Block():
                self.require(_NAME.fullmatch(stmt.label) is not None, f"{stmt.label!r} is no name")
                self.require(stmt.label not in self.labels, f"{stmt.label} is inside {stmt.label}")
                self.labels.append(stmt.label)
                self.list(stmt.body)
                self.labels.pop()
            case Leave():
                self.require(stmt.label in self.labels, f"no block {stmt.label} here to leave")
            case Assume():
                self.condition(stmt.condition)
                self.require(not self.stored, "an assumption after something was written")
            case Fail():
                pass
            case Alloc():
                self.alloc(stmt)
            case Rebind():
                self.rebind(stmt)
            case _:
                assert_never(stmt)

    def condition(self, expr: Expr) -> None:
        self.expression(expr)
        if expr.type.kind != "bool":
            self.fail(f"{show(expr)} is {expr.type}, not a truth value")

    def repeated(self, stmt: For | While) -> None:
        self.stored |= any(isinstance(inner, Store) for inner in statements(stmt.body))
        self.list(stmt.body)

    def alloc(self, stmt: Alloc) -> None:
        self.declare(stmt.name)
        self.require(not stmt.dtype.python, f"an array of {stmt.dtype}")
        for extent in stmt.shape:
            self.typed(extent, INT)
        self.arrays[stmt.name] = ArrayType(stmt.dtype, len(stmt.shape), "C")

    def rebind(self, stmt: Rebind) -> None:
        self.require(len(stmt.names) == len(stmt.sources), "as many names as sources")
        self.require(len(set(stmt.names)) == len(stmt.names), "a name is bound twice")
        for name, source in zip(stmt.names, stmt.sources, strict=True):
            target, other = self.array(name), self.array(source)
            self.require(target == other, f"{name} is {target}, {source} is {other}")

    def loop(self, loop: For) -> None:
        self.declare(loop.index)
        for bound in (loop.start, loop.stop, loop.step):
            self.typed(bound, INT)
        self.require(loop.step != Const(0, INT), "the step is 0")
        self.mark(loop)
        self.indexes.add(loop.index)
        self.scalars[loop.index] = INT
        outside, self.labels = self.labels, [] if loop.mark.kind != "serial" else self.labels
        self.repeated(loop)
        self.labels = outside
        del self.scalars[loop.index]

    def result(self, result: Result) -> None:
        for name in (result.kind, result.bound):
            fine = name is None or self.scalars.get(name) is BOOL
            self.require(fine, f"{name} is not a bool variable")
        if result.name in self.arrays:
            self.require(result.kind is None and result.python is None, "an array has no kind")
            return
        self.require(result.name in self.scalars, f"{result.name} is not declared")
        kinds = result.kind is None or result.python is not None
        self.require(kinds, f"{result.name} has a kind but no Python type")

    def mark(self, loop: For) -> None:
        mark = loop.mark
        self.require(mark.kind in ("serial", "parallel", "vector", "grid"), f"no mark {mark.kind}")
        self.require(mark.grain >= 0, f"a grain of {mark.grain}")
        if mark.guard is not None:
            self.condition(mark.guard)
        inner = {stmt.name for stmt in statements(loop.body) if isinstance(stmt, Alloc)}
        for name in mark.private:
            known = name in self.assignable or name in self.arrays or name in inner
            self.require(known, f"private {name}: no local and no array")
        for name in mark.last:
            self.require(name in mark.private, f"last {name}: it is not private")
        for reduction in mark.reductions:
            known = reduction.op in ("last", *REDUCIBLE, *KEEPING)
            self.require(known, f"{reduction.op} is no reduction")
            names = self.arrays if reduction.array else self.assignable
            self.require(reduction.name in names, f"reduce {reduction.name}: no accumulator")
            alone = reduction.op not in KEEPING or reduction.array
            self.require(not (alone and reduction.companions), f"{reduction.op} has no companions")
            for name in reduction.companions:
                self.require(name in self.assignable, f"companion {name}: no local")
            for name in reduction.names:
                self.require(name not in mark.private, f"{name} is private too")
        if mark.kind in ("parallel", "grid"):
            self.parallel(loop, mark)

    def parallel(self, loop: For, mark: Mark) -> None:
        covered = {*mark.private, *(name for each in mark.reductions for name in each.names)}
        for name in sorted(names_written(loop.body) - covered):
            self.fail(f"{name} is assigned in a parallel loop, but neither private nor reduced")
        for stmt in statements(loop.body):
            for name in stmt.names if isinstance(stmt, Rebind) else ():
                self.require(name not in self.arrays, f"{name} is rebound in a parallel loop")


def _lines_around(program: Program, bad: Stmt | None) -> list[str]:
    def change(stmt: Stmt) -> Stmt | tuple[Stmt, ...]:
        return (Leave(_MARKER), stmt) if stmt is bad else stmt

    marked = show(program.with_body(map_statements(program.body, change))).split("\n")
    at = next((number for number, line in enumerate(marked) if _MARKER in line), 0)
    lines = [line for line in marked if _MARKER not in line]
    first, end = max(at - _AROUND, 0), at + _AROUND + 1
    width = len(str(end))
    return [
        f"    {'>' if number == at else ' '} {number + 1:>{width}} | {line}"
        for number, line in enumerate(lines[:end])
        if number >= first
    ]
