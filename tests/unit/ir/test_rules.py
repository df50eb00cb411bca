"""Each rewrite rule is true of every value of a grid of small integers and special floats."""

from __future__ import annotations

import itertools
import math

import pytest

from conure.ir.arithmetic import value_of
from conure.ir.check import check
from conure.ir.evaluate import Outcome, evaluate
from conure.ir.nodes import Assign, Const, Expr, Local, Param, Program, Result, Var
from conure.ir.ops import OPS, apply
from conure.ir.rules import RULES, Pattern, Rule, attempt, literal, pattern
from conure.ir.types import BOOL, SCALARS, Scalar

REALS = (0.0, -0.0, 1.0, -1.5, math.inf, -math.inf, math.nan)


def grid(scalar: Scalar) -> list[Const]:
    match scalar.kind:
        case "bool":
            values: tuple[bool | int | float | complex, ...] = (False, True)
        case "real":
            values = REALS
        case "complex":
            values = (0j, complex(1, -0.0), complex(math.nan, 2), complex(-math.inf, 1))
        case _:
            low, high = scalar.range
            values = tuple({low, low + 1, max(-2, low), max(-1, low), 0, 1, 2, 7, high - 1, high})
    return [Const(value, scalar) for value in values]


def written(side: Pattern, scalar: Scalar, truth: Scalar, checked: bool) -> Expr:
    """The expression that a pattern shows, on variables of these types."""
    if side.name:
        return Var(side.name, truth if side.name in "cd" else scalar)
    if not side.op:
        chosen = truth if isinstance(side.value, bool) else scalar
        return Const(literal(side.value, chosen), chosen)
    args = [written(arg, scalar, truth, checked) for arg in side.args]
    return apply(side.op, *args, checked=checked)


def outcomes(expr: Expr, names: dict[str, Scalar]) -> list[str]:
    params = tuple(Param(name, scalar) for name, scalar in names.items())
    body = (Assign("r", expr),)
    program = Program("p", params, (Local("r", expr.type),), body, (Result("r"),))
    check(program)
    results = []
    for values in itertools.product(*map(grid, names.values())):
        args = dict(zip(names, map(value_of, values), strict=True))
        results.append(repr(evaluate(program, args)))
    return results


def cases() -> list[tuple[Rule, Scalar, Scalar, bool]]:
    found = []
    for rule in RULES:
        for scalar in SCALARS.values():
            if scalar.kind in rule.kinds and pattern(rule.before).op in OPS:
                truths = (scalar,) if scalar.kind == "bool" else (BOOL, SCALARS["b1"])
                for truth in truths if "c" in names_of(pattern(rule.before)) else (BOOL,):
                    for checked in {False, rule.checked}:
                        found.append((rule, scalar, truth, checked))
    return found


def names_of(side: Pattern) -> list[str]:
    names = {side.name} if side.name else set()
    return sorted(names.union(*map(names_of, side.args)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.before} = {rule.after}")
def test_rule_is_sound(rule: Rule) -> None:
    before, after = pattern(rule.before), pattern(rule.after)
    tried = 0
    for each, scalar, truth, checked in cases():
        if each is not rule:
            continue
        expr = written(before, scalar, truth, checked)
        new = attempt(expr, rule, before, after)
        assert new is not None, expr
        assert new.type is expr.type
        names = {name: truth if name in "cd" else scalar for name in names_of(before)}
        assert outcomes(expr, names) == outcomes(new, names), (scalar, checked)
        tried += 1
    assert tried


def test_outcomes_tell_zeros_apart() -> None:
    assert repr(Outcome("OK", (0.0,))) != repr(Outcome("OK", (-0.0,)))
