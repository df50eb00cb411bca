"""Inlined functions, guards, and what a region hands back."""

from __future__ import annotations

import ast
import math
from typing import Any

import numpy as np
import pytest

from conure.errors import Reason
from conure.frontend.lower import lower
from conure.frontend.lowered import (
    ArgumentOutcome,
    ArrayArgument,
    ConstantOutcome,
    Lowered,
    ObjectArgument,
    RebindOutcome,
    ScalarArgument,
    ScalarOutcome,
    UnboundArgument,
    UnboundOutcome,
)
from conure.ir.types import F64, FLOAT, INT, ArrayType
from tests.unit.frontend.subject import define, lowered, refused, same

X = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0])

HELPERS = """
SCALE = 3

def square(v):
    return v * v

def sign(v):
    if v > 0:
        return 1
    if v < 0:
        return -1
    return 0

def find(x, what, start=0):
    for i in range(start, len(x)):
        if x[i] == what:
            return i
    return -1

def bump(x, i, *, by=1.5):
    x[i] += by
    return x[i]

def scaled(v):
    return v * SCALE

def pair(u, v):
    return v, u

def nothing(x):
    x[0] = 5.0

def forever(n):
    return forever(n - 1)

def norm(u, v):
    return math.sqrt(square(u) + square(v))
"""

CASES: list[tuple[str, tuple[Any, ...]]] = [
    ("def f(x):\n s = 0.0\n for v in x:\n  s += square(v)\n return s", (X,)),
    ("def f(x):\n s = 0\n for v in x:\n  s += sign(v)\n return s", (X,)),
    ("def f(x):\n return find(x, 4.0), find(x, 44.0), find(x, -1.0, 2)", (X,)),
    ("def f(x):\n return x[0] + bump(x, 0) + x[0]", (X,)),
    ("def f(x):\n return (x[0], bump(x, 0), x[0])", (X,)),
    ("def f(x):\n x[1] = x[0] * bump(x, 0, by=2.0)\n x[2] += bump(x, 2)\n", (X,)),
    ("def f(x):\n a, b = pair(x[0], 1)\n return a, b, scaled(b)", (X,)),
    ("def f(x):\n nothing(x)\n return x[0]", (X,)),
    ("def f(x):\n return norm(x[0], x[1]), norm(3, 4)", (X,)),
    ("def f(x):\n return x[0] > 9 and bump(x, 0) > 1, x[0] > 1 or bump(x, 0) > 1, x[0]", (X,)),
    ("def f(x):\n return bump(x, 0) if x[0] > 9 else x[0]", (X,)),
    ("def f(x):\n while bump(x, 0) < 9 and bump(x, 1) < 7:\n  x[2] += 1\n", (X,)),
    ("def f(x):\n while bump(x, 0) < 9:\n  x[2] += 1\n else:\n  x[3] = 0\n return x[0]", (X,)),
    ("def f(x):\n return 1 < bump(x, 0) < bump(x, 2) < 2, x[0], x[2]", (X,)),
    ("def f(x):\n g = lambda v: v + x[0]\n return g(1) + g(2.0)", (X,)),
    (
        (
            "def f(x):\n k = 2\n def g(v):\n  return v * k\n k = 3\n s = 0\n for v in x:\n"
            "  s += g(v)\n return s"
        ),
        (X,),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "args"), CASES, ids=range(len(CASES)))
def test_inlined(source: str, args: tuple[Any, ...]) -> None:
    same(define_with_helpers(source), *args)


def define_with_helpers(source: str) -> Any:
    helpers = define(HELPERS + "\ndef f():\n    pass\n")
    names = {k: v for k, v in helpers.__globals__.items() if not k.startswith("__") and k != "f"}
    return define(source, **names)


def test_guards_name_what_a_callee_takes_from_its_world() -> None:
    function = define_with_helpers("def f(x):\n return scaled(x[0]) + norm(x[0], x[1])")
    result = lowered(function, X)
    assert isinstance(result, Lowered)
    scaled = function.__globals__["scaled"]
    guards = {(id(guard.namespace), guard.name): guard.value for guard in result.guards}
    assert guards[id(scaled.__globals__), "SCALE"] == 3
    assert guards[id(scaled), "__code__"] is scaled.__code__
    assert guards[id(math), "sqrt"] is math.sqrt


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(x):\n return forever(3)", "recursion"),
        ("def f(x):\n print(x[0])", "print"),
        ("def f(x):\n return np.random.rand()", "not compiled"),
        ("def f(x):\n return [v for v in x]", "list comprehension"),
        ("def f(x):\n y = x[1:]\n return y", "the returned value"),
        ("def f(x):\n y = 1\n for v in x:\n  y = x\n return y[0]", "'y' holds"),
        ("def f(x):\n return x[x > 0, 0]", "a mask is compiled for all axes"),
        ("def f(x):\n return x[0.5]", "not an int"),
        ("def f(x):\n return x[0, 0]", "IndexError"),
        ("def f(x):\n return unknown + 1", "unknown"),
        ("def f(x):\n x[0] = 1j", "complex"),
        ("def f(x):\n return x.sort()", "'sort'"),
        ("def f(x):\n with x:\n  pass", "`with`"),
        ("def f(x):\n return find(1, 2, 3, 4, 5)", "TypeError"),
    ],
)
def test_refused(source: str, message: str) -> None:
    reason = refused(define_with_helpers(source), X)
    assert message in f"{reason.message} {reason.hint}", reason
    assert reason.loc.line > 0


def region(source: str, live_out: list[str], **arguments: Any) -> Lowered | Reason:
    return lower(
        "r", ast.parse(source).body, {"range": ObjectArgument(range), **arguments}, live_out,
        "script.py", "<module>", may_return=False,
    )  # fmt: skip


def test_outcomes_of_a_region() -> None:
    vector = ArrayArgument(ArrayType(F64, 1, "C"))
    result = region(
        "for i in range(n):\n    x = x * 2\n    a, b = b, a\nk = 3\nname = 'text'\n",
        ["i", "n", "x", "a", "k", "name", "gone"],
        n=ScalarArgument(INT),
        x=ScalarArgument(FLOAT),
        i=UnboundArgument(),
        a=vector,
        b=vector,
    )
    assert isinstance(result, Lowered), result
    rows = dict(result.outcomes)
    assert rows["n"] == ArgumentOutcome("n")
    assert rows["k"] == ConstantOutcome(3)
    assert rows["name"] == ConstantOutcome("text")
    assert rows["gone"] == UnboundOutcome()
    assert isinstance(rows["a"], RebindOutcome)
    assert isinstance(rows["i"], ScalarOutcome)
    assert result.program.results[rows["i"].position].bound == "i.bound"
    assert isinstance(rows["x"], ScalarOutcome)
    assert result.returned is None


def test_a_read_only_array_is_left_to_python() -> None:
    x = X.copy()
    x.flags.writeable = False
    assert "read-only" in refused(define("def f(x):\n x[0] = 1"), x).message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(a, b):\n for v in a:\n  b[0] = v\n  a, b = b, a\n", "changes its name"),
        ("def f(a, b):\n swapped(a, b)\n return a[0]", "different arrays"),
    ],
)
def test_arrays_that_change_names_where_it_cannot_be_followed(source: str, message: str) -> None:
    helper = "def swapped(a, b):\n for i in range(3):\n  a[0] += 1\n  a, b = b, a\n return a[0]\n"
    swapped = define(helper + "f = swapped\n")
    reason = refused(define(source, swapped=swapped), X, X.copy())
    assert message in reason.message


def test_a_global_that_the_region_assigns_is_not_taken_from_a_callee_s_world() -> None:
    scaled = define_with_helpers("def f(v):\n return v * SCALE\n")
    result = region(
        "for i in range(3):\n    SCALE = i\n    x = scaled(x)\n",
        ["x"],
        x=ScalarArgument(FLOAT),
        scaled=ObjectArgument(scaled),
    )
    assert isinstance(result, Reason)
    assert "'SCALE'" in result.message
