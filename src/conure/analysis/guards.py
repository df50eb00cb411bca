"""Conditions on polynomials, and the expressions that test them when a loop is reached.

>>> d, n = Poly.atom(Var("d", INT)), Poly.atom(Var("n", INT))
>>> either(Test("==", d), Test(">=", d - n))
d == 0 or d >= n
>>> both(TRUE, Test(">=", Poly.of(3)), Test("!=", d))
d != 0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from conure.analysis.affine import Poly, expression
from conure.ir import walk
from conure.ir.nodes import Apply, Const, Expr, Var  # noqa: F401 - Var is a name of the doctest
from conure.ir.ops import integer
from conure.ir.types import BOOL, INT

Relation = Literal[">=", "==", "!="]
_OPS = {">=": "greater_equal", "==": "equal", "!=": "not_equal", "<=": "less_equal"}


@dataclass(frozen=True)
class Test:
    """`poly >= 0`, `poly == 0` or `poly != 0`; with a divisor, `poly % divisor` in its place."""

    relation: Relation
    poly: Poly
    divisor: int = 0

    def __repr__(self) -> str:
        if self.divisor:
            return f"({self.poly}) % {self.divisor} {self.relation} 0"
        left, relation, right = sides(self)
        return f"{left} {relation} {right}"


@dataclass(frozen=True)
class Both:
    """All of the parts hold."""

    parts: tuple[Condition, ...]

    def __repr__(self) -> str:
        return " and ".join(_inner(part) for part in self.parts) or "True"


@dataclass(frozen=True)
class Either:
    """One of the parts holds."""

    parts: tuple[Condition, ...]

    def __repr__(self) -> str:
        return " or ".join(_inner(part) for part in self.parts) or "False"


Condition = Test | Both | Either

TRUE = Both(())
FALSE = Either(())


def sides(test: Test) -> tuple[Poly, str, Poly]:
    """The positive terms and the negative ones, as a person would compare them."""
    positive = Poly({m: f for m, f in test.poly.terms.items() if f > 0})
    negative = positive - test.poly
    if positive.constant is not None and negative.constant is None:
        return negative, "<=" if test.relation == ">=" else test.relation, positive
    return positive, test.relation, negative


def _inner(part: Condition) -> str:
    return f"({part})" if isinstance(part, Both | Either) and len(part.parts) > 1 else str(part)


def decided(test: Test) -> Condition:
    """A test of a number is true or false at once."""
    value = test.poly.constant
    if value is None:
        return test
    if test.divisor:
        value %= test.divisor
    holds = {">=": value >= 0, "==": value == 0, "!=": value != 0}[test.relation]
    return TRUE if holds else FALSE


def both(*parts: Condition) -> Condition:
    """The conjunction, without what is plainly true."""
    kept: list[Condition] = []
    for part in parts:
        settled = decided(part) if isinstance(part, Test) else part
        if settled == FALSE:
            return FALSE
        for each in settled.parts if isinstance(settled, Both) else (settled,):
            if each not in kept:
                kept.append(each)
    return kept[0] if len(kept) == 1 else Both(tuple(kept))


def either(*parts: Condition) -> Condition:
    """The disjunction, without what is plainly false."""
    kept: list[Condition] = []
    for part in parts:
        settled = decided(part) if isinstance(part, Test) else part
        if settled == TRUE:
            return TRUE
        for each in settled.parts if isinstance(settled, Either) else (settled,):
            if each not in kept:
                kept.append(each)
    return kept[0] if len(kept) == 1 else Either(tuple(kept))


def polys(condition: Condition) -> list[Poly]:
    """The polynomials tested."""
    if isinstance(condition, Test):
        return [condition.poly]
    return [poly for part in condition.parts for poly in polys(part)]


def tested(condition: Condition, checked: Callable[[Poly], bool] = lambda poly: False) -> Expr:
    """The expression of type `bool`; arithmetic of a polynomial may be asked to be checked."""
    if isinstance(condition, Test):
        return _test(condition, checked(condition.poly))
    conjunction = isinstance(condition, Both)
    result: Expr = Const(conjunction, BOOL)
    for at, part in enumerate(condition.parts):
        test = tested(part, checked)
        result = test if at == 0 else Apply("and" if conjunction else "or", (result, test), BOOL)
    return result


def _test(test: Test, checked: bool) -> Expr:
    if test.divisor:
        rest = Apply("mod", (expression(test.poly, checked), integer(test.divisor)), INT, False)
        return Apply(_OPS[test.relation], (rest, integer(0)), BOOL)
    left, relation, right = sides(test)
    operands = expression(left, checked), expression(right, checked)
    return Apply(_OPS[relation], operands, BOOL)


def replaced(expr: Expr, atoms: Mapping[Expr, Expr]) -> Expr:
    """An expression with atoms replaced, wherever they stand."""
    if expr in atoms:
        return atoms[expr]
    return walk.with_operands(expr, tuple(replaced(part, atoms) for part in walk.operands(expr)))
