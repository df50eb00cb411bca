"""Each operator on each type: native code against the evaluator, over special values."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from conure.ir.evaluate import evaluate
from conure.ir.nodes import Apply, Assign, Local, Param, Program, Result, Var
from conure.ir.ops import OPS, result_type
from conure.ir.text import show
from conure.ir.types import (
    COMPLEX,
    SCALARS,
    Scalar,
)  # fmt: skip
from tests.unit.codegen.native import run

REALS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, -7.0, 1e-310, 1e300, -1e300, math.inf, -math.inf]
REALS += [math.nan, 2.0, 710.0, 171.5, 0.25, 4.5e15]
SLACK = {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin"}
SLACK |= {"acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt"}
SLACK |= {"hypot", "erf", "erfc", "gamma", "lgamma", "pow", "abs"}


def values(scalar: Scalar) -> list[object]:
    make = {"bool": bool, "int": int, "float": float, "complex": complex}.get(
        scalar.name, scalar.dtype.type
    )
    with np.errstate(all="ignore"):
        if scalar.kind == "real":
            return [make(each) for each in REALS]
        if scalar.kind == "complex":
            few = [0.0, -0.0, 1.0, -2.5, math.inf, math.nan, 3.0]
            return [make(complex(re, im)) for re, im in itertools.product(few, few)]
    low, high = scalar.range
    if scalar.kind == "bool":
        return [make(False), make(True)]
    few = {low, low + 1, -7, -3, -2, -1, 0, 1, 2, 3, 7, 10, 63, 64, 100, high - 1, high}
    few |= {2**31, 2**32, 3037000500, -3037000500, 2**53 + 1, 46341}
    return [make(each) for each in sorted(few) if low <= each <= high]


def operator_program(op: str, scalar: Scalar, checked: bool, result: Scalar) -> Program:
    names = ("x", "y", "z")[: OPS[op].arity]
    value = Apply(op, tuple(Var(name, scalar) for name in names), result, checked)
    params = tuple(Param(name, scalar) for name in names)
    return Program("f", params, (Local("r", result),), (Assign("r", value),), (Result("r"),))


def same(a: object, b: object, slack: bool) -> bool:
    if type(a) is not type(b):
        return False
    parts = [(a, b)]
    if isinstance(a, complex | np.complexfloating):
        parts = [(a.real, b.real), (a.imag, b.imag)]
        if slack and abs(complex(a) - complex(b)) <= 64 * np.spacing(abs(b)):
            return True
    for x, y in parts:
        if isinstance(x, float | np.floating):
            if math.isnan(x) and math.isnan(y):
                continue
            if math.copysign(1, x) != math.copysign(1, y) and not slack:
                return False
            ulp = 4 * float(np.spacing(abs(y))) if np.isfinite(y) else 0
            if x != y and not (slack and abs(float(x) - float(y)) <= max(ulp, 1e-300)):
                return False
        elif x != y:
            return False
    return True


def cases() -> list[tuple[str, Scalar, bool]]:
    found = []
    for op, row in OPS.items():
        if op in ("cast", "select", "choice", "complex"):
            continue
        for scalar in SCALARS.values():
            if scalar.kind not in row.kinds:
                continue
            checks = (False, True) if row.can_fail(scalar) else (False,)
            found += [(op, scalar, checked) for checked in checks]
    return found


def excused(op: str, scalar: Scalar, checked: bool, args: tuple) -> bool:
    """Where native code may differ from the evaluator, and why."""
    big = [abs(int(x)) > 2**53 for x in args if scalar.is_integer]
    if op == "divide" and scalar.is_integer:
        return any(big)  # NumPy rounds both first; of Python ints such quotients are left to Python
    if op == "divide" and scalar is COMPLEX and not checked:
        return args[1] == 0  # an unchecked one has been proven not to be
    if op in ("fmin", "fmax"):
        return args[0] == args[1] == 0  # NumPy's own loops differ in the sign
    if op in ("gamma", "lgamma"):
        return not checked or args[0] < 0.5  # CPython has its own
    if op == "pow" and scalar.kind == "real":
        return args == (-math.inf, 0.5)  # np.power says nan, C says inf
    if scalar is COMPLEX and (op == "abs" or OPS[op].math):
        return not checked or not all(map(np.isfinite, args))  # left to Python
    return False


@pytest.mark.parametrize(("op", "scalar", "checked"), cases(), ids=lambda each: str(each))
def test_operator(op: str, scalar: Scalar, checked: bool) -> None:
    program = operator_program(op, scalar, checked, result_type(op, (scalar,)))
    text = show(program)
    slack = op in SLACK and scalar.is_inexact
    wrong = []
    for args in itertools.product(values(scalar), repeat=OPS[op].arity):
        if excused(op, scalar, checked, args):
            continue
        bound = dict(zip("xyz", args, strict=False))
        with np.errstate(all="ignore"):
            try:
                expected = evaluate(program, bound)
            except AssertionError:
                continue  # an unchecked operator where Python would raise: anything goes
            found = run(text, bound)
        if expected.status != found[0] or (
            found[1] and not same(found[1][0], expected.results[0], slack)
        ):
            wrong.append((args, expected, found))
    assert not wrong, (len(wrong), wrong[:5])
