"""Formulas over real operands, written with Python's operators, so that they read as in a book.

Each operation appends its instruction to the scope's function; nothing is contracted or
re-associated, and calls have no vector forms, so that a formula gives CPython's very bits where
CPython computes it with the same operations.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from conure.codegen.casts import real_constant
from conure.codegen.math import INFINITY, intrinsic, library_call
from conure.codegen.module import Function
from conure.codegen.scope import Scope
from conure.ir.types import F32, F64, Scalar
from conure.record import Record

_SCALARS: Final[dict[str, Scalar]] = {"double": F64, "float": F32}


class Truth:
    """An i1 operand."""

    def __init__(self, scope: Scope, name: str) -> None:
        self.scope, self.name = scope, name

    def __and__(self, other: Truth) -> Truth:
        return self._with("and", other.name)

    def __or__(self, other: Truth) -> Truth:
        return self._with("or", other.name)

    def __invert__(self) -> Truth:
        return self._with("xor", "true")

    def _with(self, instruction: str, other: str) -> Truth:
        text = f"{instruction} i1 {self.name}, {other}"
        return Truth(self.scope, self.scope.function.value(text))

    def select(self, yes: Real, no: Real) -> Real:
        """`yes` where this is true, else `no`."""
        kind = yes.kind
        text = f"select i1 {self.name}, {kind} {yes.name}, {kind} {no.name}"
        return Real(self.scope, kind, self.scope.function.value(text))


class Real:
    """An operand of type double or float."""

    def __init__(self, scope: Scope, kind: str, name: str) -> None:
        self.scope, self.kind, self.name = scope, kind, name

    def constant(self, value: float) -> Real:
        """A number of the same type."""
        return Real(self.scope, self.kind, self._other(value))

    def call(self, function: str, *others: Real) -> Real:
        """C's function of this and other operands."""
        operands = (self.name, *(other.name for other in others))
        result = library_call(self.scope, function, _SCALARS[self.kind], operands, vector=False)
        return Real(self.scope, self.kind, result)

    def intrinsic(self, function: str, *others: Real) -> Real:
        """LLVM's function of this and other operands."""
        operands = (self.name, *(other.name for other in others))
        return Real(self.scope, self.kind, intrinsic(self.scope, function, self.kind, operands))

    def __add__(self, other: Real | float) -> Real:
        return self._with("fadd", other)

    def __radd__(self, other: float) -> Real:
        return self.constant(other) + self

    def __sub__(self, other: Real | float) -> Real:
        return self._with("fsub", other)

    def __rsub__(self, other: float) -> Real:
        return self.constant(other) - self

    def __mul__(self, other: Real | float) -> Real:
        return self._with("fmul", other)

    def __rmul__(self, other: float) -> Real:
        return self.constant(other) * self

    def __truediv__(self, other: Real | float) -> Real:
        return self._with("fdiv", other)

    def __rtruediv__(self, other: float) -> Real:
        return self.constant(other) / self

    def __neg__(self) -> Real:
        text = f"fneg {self.kind} {self.name}"
        return Real(self.scope, self.kind, self.scope.function.value(text))

    def __abs__(self) -> Real:
        return self.intrinsic("fabs")

    def __lt__(self, other: Real | float) -> Truth:
        return self._test("olt", other)

    def __le__(self, other: Real | float) -> Truth:
        return self._test("ole", other)

    def __gt__(self, other: Real | float) -> Truth:
        return self._test("ogt", other)

    def __ge__(self, other: Real | float) -> Truth:
        return self._test("oge", other)

    def equals(self, other: Real | float) -> Truth:
        """IEEE 754's `==`."""
        return self._test("oeq", other)

    def is_finite(self) -> Truth:
        """Neither infinite nor nan."""
        return abs(self)._test("olt", Real(self.scope, self.kind, INFINITY))

    def is_infinite(self) -> Truth:
        """An infinity."""
        return abs(self)._test("oeq", Real(self.scope, self.kind, INFINITY))

    def _other(self, other: Real | float) -> str:
        if isinstance(other, Real):
            return other.name
        rounded = struct.unpack("f", struct.pack("f", other))[0] if self.kind == "float" else other
        return real_constant(rounded)

    def _with(self, instruction: str, other: Real | float) -> Real:
        text = f"{instruction} {self.kind} {self.name}, {self._other(other)}"
        return Real(self.scope, self.kind, self.scope.function.value(text))

    def _test(self, predicate: str, other: Real | float) -> Truth:
        text = f"fcmp {predicate} {self.kind} {self.name}, {self._other(other)}"
        return Truth(self.scope, self.scope.function.value(text))


# ---- functions of the module ---------------------------------------------------------------


class Outlined(Record):
    """A function of parts of complex numbers that is defined once in the module: it returns the
    parts of a complex number, and whether they are wrong."""

    symbol: str
    kind: str
    parameters: tuple[str, ...]

    @property
    def result(self) -> str:
        return f"{{{self.kind}, {self.kind}, i1}}"

    def start(self, scope: Scope) -> Scope:
        """A scope in the function's body; it ends with `finish`."""
        attributes = f"nounwind willreturn memory(none) {scope.facts.attributes}".strip()
        header = f"define internal {self.result} @{self.symbol}"
        given = [(self.kind, name) for name in self.parameters]
        return replace(scope, function=Function(header, given, attributes))

    def finish(self, inside: Scope, pair: tuple[Real, Real], wrong: Truth) -> None:
        """Return."""
        value, result = inside.function.value, self.result
        text = f"insertvalue {result} undef, {self.kind} {pair[0].name}, 0"
        text = f"insertvalue {result} {value(text)}, {self.kind} {pair[1].name}, 1"
        text = f"insertvalue {result} {value(text)}, i1 {wrong.name}, 2"
        inside.function.finish(f"ret {result} {value(text)}")

    def call(self, scope: Scope, operands: Sequence[str]) -> tuple[str, str, str]:
        """The parts of the result, and whether they are wrong."""
        value = scope.function.value
        given = ", ".join(f"{self.kind} {operand}" for operand in operands)
        called = value(f"call {self.result} @{self.symbol}({given})")
        parts = [value(f"extractvalue {self.result} {called}, {k}") for k in range(3)]
        return parts[0], parts[1], parts[2]
